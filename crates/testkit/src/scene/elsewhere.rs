//! What somebody else does in Konnect, and how tests find things there.

use kong_driver::Machine;
use kong_model::{Collection, Method, Response};
use konnect_sim::Millis;
use serde_json::{Value, json};

use super::Scene;
use crate::act::Elsewhere;

impl<M: Machine> Scene<M> {
    pub(super) fn elsewhere(&mut self, elsewhere: &Elsewhere) {
        let request = match elsewhere {
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
                self.find(*at, name).map(|(mut entity, id)| {
                    let (method, mut body) = if *at == Collection::ControlPlanes {
                        (Method::Patch, json!({}))
                    } else {
                        (Method::Put, std::mem::take(&mut entity))
                    };
                    for (member, value) in members.as_object().into_iter().flatten() {
                        body[member] = value.clone();
                    }
                    (method, self.path(*at, &id, &body), Some(body))
                })
            }
            Elsewhere::Delete { at, name } => self
                .find(*at, name)
                .map(|(entity, id)| (Method::Delete, self.path(*at, &id, &entity), None)),
            Elsewhere::Found { name } => Some((
                Method::Post,
                Collection::ControlPlanes.items_path().to_owned(),
                Some(json!({"name": name})),
            )),
        };
        if let Some((method, path, body)) = request {
            self.third_party(method, &path, body);
            let touched = match elsewhere {
                Elsewhere::Add { at, .. }
                | Elsewhere::Change { at, .. }
                | Elsewhere::Delete { at, .. } => *at,
                Elsewhere::Found { .. } => Collection::ControlPlanes,
            };
            self.watchdog.disturbed(touched, &self.driver.konnect);
        }
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
        self.driver
            .konnect
            .entities(at, None)
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
