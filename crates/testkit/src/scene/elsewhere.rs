//! What somebody else does in Konnect, and how tests find things there.

use kong_driver::Machine;
use kong_model::{Collection, Method, Response, Site, Update};
use kong_resolve::Key;
use konnect_sim::{HOME, Konnect, Millis};
use serde_json::{Value, json};

use super::Scene;
use crate::act::Elsewhere;
use crate::document::TOKEN;
use crate::watchdog::owner_key;

impl<M: Machine> Scene<M> {
    pub(super) fn elsewhere(&mut self, elsewhere: &Elsewhere) {
        let request = match elsewhere {
            Elsewhere::Show { at, id, members } => {
                self.show(*at, id, members);
                None
            }
            Elsewhere::Add {
                plane,
                at,
                id,
                body,
            } => self
                .find(Collection::ControlPlanes, plane)
                .map(|(_, plane)| {
                    let path = at.list_path().replace("{cp}", &plane);
                    (Method::Put, format!("{path}/{id}"), Some(body.clone()))
                }),
            Elsewhere::Change { at, name, members } => {
                let found = self.find(*at, name);
                found.map(|found| self.change(*at, found, members))
            }
            Elsewhere::ChangeOf {
                object,
                at,
                members,
            } => {
                let found = self.entity_of(object, *at);
                found.map(|found| self.change(*at, found, members))
            }
            Elsewhere::Delete { at, name } => {
                let found = self.find(*at, name);
                found.map(|found| self.removal(*at, found))
            }
            Elsewhere::DeleteOf { object, at } => {
                let found = self.entity_of(object, *at);
                found.map(|found| self.removal(*at, found))
            }
            Elsewhere::Found { at, body } => {
                let path = at.items_path().to_owned();
                Some((Method::Post, path, Some(body.clone())))
            }
        };
        if let Some((method, path, body)) = request {
            self.third_party(method, &path, body);
            let touched = match elsewhere {
                Elsewhere::Add { at, .. }
                | Elsewhere::Change { at, .. }
                | Elsewhere::ChangeOf { at, .. }
                | Elsewhere::DeleteOf { at, .. }
                | Elsewhere::Delete { at, .. }
                | Elsewhere::Show { at, .. }
                | Elsewhere::Found { at, .. } => *at,
            };
            self.watchdog.disturbed(touched, &self.driver.konnect);
        }
    }

    /// Somebody else has something in no control plane, which has these members beside its id and the time when it
    /// was made, which is now.
    pub fn show(&mut self, at: Collection, id: &str, members: &Value) {
        let made = Millis(self.driver.now().mono.0).date_time();
        let mut entity = json!({"id": id, "created_at": made, "updated_at": made});
        json_patch::merge(&mut entity, members);
        let konnect = &mut self.driver.konnect;
        let site = Site::of_organisation(at);
        let there = konnect.plant(TOKEN, HOME, &site, entity);
        debug_assert!(there, "{at} {id} belongs to no organisation");
        self.watchdog.disturbed(at, konnect);
    }

    /// The request that changes members of an entity.
    fn change(
        &self,
        at: Collection,
        (entity, id): (Value, String),
        members: &Value,
    ) -> (Method, String, Option<Value>) {
        let path = self.path(at, &id, &entity);
        let (method, path, mut body) = match at.update() {
            Update::Patch { .. } => (Method::Patch, path, json!({})),
            Update::Put | Update::No => (Method::Put, path, asked_for(at, &entity)),
            Update::Whole { .. } => {
                let list = at.items_path().to_owned();
                (Method::Put, list, asked_for(at, &entity))
            }
        };
        for (member, value) in members.as_object().into_iter().flatten() {
            body[member] = value.clone();
        }
        (method, path, Some(body))
    }

    /// The request that deletes an entity, or leaves nothing of it.
    fn removal(
        &self,
        at: Collection,
        (entity, id): (Value, String),
    ) -> (Method, String, Option<Value>) {
        match at.update() {
            Update::Whole { emptied } => self.change(at, (entity, id), &json!({emptied: []})),
            Update::No | Update::Put | Update::Patch { .. } => {
                (Method::Delete, self.path(at, &id, &entity), None)
            }
        }
    }

    /// The entity of an object, by the id in its status, else by whose tags say so, with its id.
    fn entity_of(&self, object: &Key, at: Collection) -> Option<(Value, String)> {
        let id = self.id(object);
        let entities = || held(&self.driver.konnect, at);
        let known = entities().find(|(other, _)| Some(*other) == id.as_deref());
        let found = known
            .or_else(|| entities().find(|(_, entity)| owner_key(entity).as_ref() == Some(object)));
        found.map(|(id, entity)| (entity.clone(), id.to_owned()))
    }

    fn path(&self, at: Collection, id: &str, entity: &Value) -> String {
        let konnect = &self.driver.konnect;
        let mut planes = konnect.entities(Collection::ControlPlanes, None);
        let plane = planes.find(|(plane, _)| {
            konnect
                .entities(at, Some(plane))
                .any(|(other, _)| other == id)
        });
        let plane = plane.map(|(plane, _)| plane).unwrap_or_default();
        let parent = at.parent().map(|parent| entity[parent.field]["id"].clone());
        let parent = parent.as_ref().and_then(Value::as_str).unwrap_or_default();
        let items = at.items_path().replace("{cp}", plane);
        format!("{}/{id}", items.replace("{parent}", parent))
    }

    /// An entity by its name or what stands for one, with its id.
    pub fn find(&self, at: Collection, name: &str) -> Option<(Value, String)> {
        held(&self.driver.konnect, at)
            .find(|(id, entity)| {
                let named = |field: &str| entity[field].as_str() == Some(name);
                named("name")
                    || named("target")
                    || *id == name
                    || at == Collection::Certificates
                        && entity["tags"]
                            .to_string()
                            .contains(&format!("k8s-name:{name}\""))
            })
            .map(|(id, entity)| (entity.clone(), id.to_owned()))
    }

    /// An entity by its id.
    pub fn find_by_id(&self, at: Collection, id: &str) -> Option<Value> {
        let mut entities = held(&self.driver.konnect, at);
        let (_, entity) = entities.find(|(other, _)| *other == id)?;
        Some(entity.clone())
    }

    /// A request of somebody else to Konnect.
    pub fn third_party(&mut self, method: Method, path: &str, body: Option<Value>) -> Response {
        let request = kong_model::Request {
            host: kong_model::Host::Region,
            method,
            path: path.to_owned(),
            query: Vec::new(),
            body,
        };
        let now = self.driver.now().mono;
        self.driver.konnect.third_party(Millis(now.0), &request)
    }
}

/// The body that asks for an entity as it is.
fn asked_for(at: Collection, entity: &Value) -> Value {
    let mut body = json!({});
    for member in at.defaults().keys() {
        // What was asked for may be answered under another name.
        let echo = at.echoed().filter(|(_, asked)| asked == member);
        let shown = echo.map_or(member.as_str(), |(shown, _)| shown);
        if let Some(value) = entity.get(shown) {
            body[member] = value.clone();
        }
    }
    body
}

/// The entities that are there. What cannot be deleted, and of which nothing is left, is not.
pub fn held(konnect: &Konnect, at: Collection) -> impl Iterator<Item = (&str, &Value)> {
    let entities = konnect.entities(at, None);
    entities.filter(move |(_, entity)| !is_emptied(at, entity))
}

/// Whether nothing is left of what cannot be deleted.
pub(crate) fn is_emptied(at: Collection, entity: &Value) -> bool {
    match at.update() {
        Update::Whole { emptied } => entity[emptied].as_array().is_some_and(Vec::is_empty),
        Update::No | Update::Put | Update::Patch { .. } => false,
    }
}
