//! Serves one request on the entities of one organisation. What is particular to a collection comes from
//! the table; only control planes are known by name here, since everything else lives in them.

use std::sync::Arc;

use kong_model::{Body, Collection, Method, Naming, Request, Response, Shape, Update, normal};
use serde_json::{Map, Value, json};

use crate::check::{Violation, fill, is_uuid, missing, violations};
use crate::ids::Ids;
use crate::list;
use crate::place::{Place, Way};
use crate::refusal::Refusal;
use crate::store::{Scope, Store, links, uniques};
use crate::time::Millis;

/// Members that the server keeps, whatever a body says.
const KEPT: [&str; 3] = ["id", "created_at", "updated_at"];

/// One request being served.
pub(crate) struct Desk<'a> {
    pub(crate) store: &'a mut Store,
    pub(crate) ids: &'a mut Ids,
    pub(crate) region: &'a str,
    pub(crate) now: Millis,
    /// Milliseconds until what is provisioned is ready.
    pub(crate) provisioning: u64,
}

impl Desk<'_> {
    /// Serves a request about entities. Who the organisation is, is answered elsewhere.
    pub(crate) fn serve(
        &mut self,
        place: &Place<'_>,
        request: &Request,
    ) -> Result<Response, Refusal> {
        let scope = self
            .store
            .scope(place.control_plane)
            .ok_or(Refusal::NotFound)?;
        if let (Some(above), Some(id)) = (place.above(), place.parent) {
            scope.get(above, id).ok_or(Refusal::NotFound)?;
        }
        self.ripen(place);
        match (place.collection.shape(), place.collection.naming()) {
            (Shape::Identity, _) => Err(Refusal::Method),
            (Shape::Membership, _) => self.membership(place, request),
            (Shape::Core, Naming::Member { of, field }) => self.member(place, request, of, field),
            _ => self.entity(place, request),
        }
    }

    /// What takes a while to be ready is so after that while.
    fn ripen(&mut self, place: &Place<'_>) {
        let collection = place.collection;
        if !collection.facts().contains(&"state") {
            return;
        }
        let since = Value::from(Millis(self.now.0.saturating_sub(self.provisioning)).date_time());
        let Some(scope) = self.store.scope_mut(place.control_plane) else {
            return;
        };
        let made_before = |value: &Value| value["created_at"].as_str() <= since.as_str();
        let ripe: Vec<(Arc<str>, Value)> = scope
            .all(collection)
            .filter(|(_, value)| value["state"] == "initializing" && made_before(value))
            .map(|(id, value)| (Arc::clone(id), (**value).clone()))
            .collect();
        for (id, mut value) in ripe {
            value["state"] = json!("ready");
            scope.put((collection, id), value);
        }
    }

    fn entity(&mut self, place: &Place<'_>, request: &Request) -> Result<Response, Refusal> {
        let writes = request.method != Method::Get;
        let update = place.collection.update();
        let body = request.body.as_ref();
        if writes && place.way == Way::Flat && !place.collection.is_written_at_list() {
            return Err(Refusal::Method);
        }
        let group = place
            .control_plane
            .is_some_and(|id| self.store.is_group(id));
        if writes && group && place.collection.shape() == Shape::Core {
            return Err(Refusal::Group);
        }
        match (request.method, place.id) {
            (Method::Get, None) => self.list(place, request),
            (Method::Get, Some(id)) => {
                let value = self.find(place, id).ok_or(Refusal::NotFound)?;
                Ok(Response::new(200, wrapped(place, (*value).clone())))
            }
            (Method::Post, None) if !matches!(update, Update::Whole { .. }) => {
                let value = self.create(place, body)?;
                Ok(Response::new(201, wrapped(place, value)))
            }
            (Method::Put, None) if matches!(update, Update::Whole { .. }) => {
                let value = self.put_whole(place, body)?;
                Ok(Response::new(200, value))
            }
            (Method::Put, Some(id)) if update == Update::Put => {
                let value = self.put(place, id, body)?;
                Ok(Response::new(200, wrapped(place, value)))
            }
            (Method::Patch, Some(id)) => match update {
                Update::Patch { without } => {
                    let value = self.patch(place, id, body, without)?;
                    Ok(Response::new(200, value))
                }
                Update::Put | Update::Whole { .. } | Update::No => Err(Refusal::Method),
            },
            (Method::Delete, Some(id)) => self.delete(place, id),
            (Method::Post | Method::Put | Method::Patch | Method::Delete, _) => {
                Err(Refusal::Method)
            }
        }
    }

    pub(crate) fn scope(&self, place: &Place<'_>) -> Result<&Scope, Refusal> {
        self.store
            .scope(place.control_plane)
            .ok_or(Refusal::NotFound)
    }

    fn list(&self, place: &Place<'_>, request: &Request) -> Result<Response, Refusal> {
        let scope = self.scope(place)?;
        let (path, query) = (&request.path, &request.query);
        let body = if let (Some(parent), Some(id)) = (place.collection.parent(), place.parent) {
            let key = (parent.to, Arc::from(id));
            let items = scope.referring(&key, place.collection);
            list::page(place.collection, path, query, items)?
        } else {
            list::page(place.collection, path, query, scope.all(place.collection))?
        };
        Ok(Response::new(200, body))
    }

    /// An entity by its id or, if it is a core entity with a name, by that.
    pub(crate) fn find(&self, place: &Place<'_>, id: &str) -> Option<Arc<Value>> {
        let scope = self.store.scope(place.control_plane)?;
        let lower = id.to_ascii_lowercase();
        let by_id = scope.get(place.collection, &lower);
        let by_name = || {
            if place.collection.shape() != Shape::Core {
                return None;
            }
            let name = json!({ place.collection.name_field()?: id });
            let unique = uniques(place.collection, &name).into_iter().next()?;
            let (collection, id) = scope.holder(&unique)?;
            scope.get(*collection, id)
        };
        let value = by_id.or_else(by_name)?;
        belongs(place, value).then(|| Arc::clone(value))
    }

    fn create(&mut self, place: &Place<'_>, body: Option<&Value>) -> Result<Value, Refusal> {
        let members = accepted(place, body, &[], Whole::Yes)?;
        let id = match members.get("id").and_then(Value::as_str) {
            Some(id) => valid_id(id)?,
            None => self.ids.next(),
        };
        if self.scope(place)?.get(place.collection, &id).is_some() {
            return Err(Refusal::TakenId);
        }
        self.write(place, id, None, members)
    }

    fn put(&mut self, place: &Place<'_>, id: &str, body: Option<&Value>) -> Result<Value, Refusal> {
        let id = valid_id(id)?;
        let members = accepted(place, body, &[], Whole::Yes)?;
        if let Some(other) = members.get("id").and_then(Value::as_str)
            && !other.eq_ignore_ascii_case(&id)
        {
            let message = format!("\"{other}\" is not the id in the path");
            return Err(Refusal::field("id", "invalid", message));
        }
        let before = self.scope(place)?.get(place.collection, &id).cloned();
        if before.is_none() && !place.collection.takes_our_id() {
            return Err(Refusal::NotFound);
        }
        if before
            .as_ref()
            .is_some_and(|before| !belongs(place, before))
        {
            return Err(Refusal::TakenId);
        }
        self.write(place, id, before.as_deref(), members)
    }

    /// The whole of what there is one of, created or replaced.
    fn put_whole(&mut self, place: &Place<'_>, body: Option<&Value>) -> Result<Value, Refusal> {
        let members = accepted(place, body, &[], Whole::Yes)?;
        let sent = Value::Object(members.clone());
        let scope = self.scope(place)?;
        let holder = uniques(place.collection, &sent)
            .into_iter()
            .find_map(|unique| scope.holder(&unique));
        let before = holder.and_then(|(at, id)| scope.get(*at, id)).cloned();
        let id = match &before {
            Some(before) => Arc::from(before["id"].as_str().unwrap_or_default()),
            None => self.ids.next(),
        };
        self.write(place, id, before.as_deref(), members)
    }

    fn patch(
        &mut self,
        place: &Place<'_>,
        id: &str,
        body: Option<&Value>,
        without: &[&str],
    ) -> Result<Value, Refusal> {
        let before = self.scope(place)?.get(place.collection, id).cloned();
        let before = before.ok_or(Refusal::NotFound)?;
        let changes = accepted(place, body, without, Whole::No)?;
        let mut members = before.as_object().cloned().unwrap_or_default();
        if let Some(below) = place.collection.below()
            && let Some(Value::Object(settings)) = members.remove(below.member)
        {
            members.extend(settings);
        }
        members.extend(changes);
        self.write(place, Arc::from(id), Some(&before), members)
    }

    /// Completes what was accepted as Konnect does, checks what has to hold between entities, and
    /// stores it.
    fn write(
        &mut self,
        place: &Place<'_>,
        id: Arc<str>,
        before: Option<&Value>,
        mut members: Map<String, Value>,
    ) -> Result<Value, Refusal> {
        let collection = place.collection;
        fill(collection.schema(), &mut members);
        if let Ok(Value::Object(made)) = serde_json::from_str(collection.made()) {
            for (field, value) in made {
                let kept = before.map(|before| before[&field].clone());
                members
                    .entry(field)
                    .or_insert_with(|| kept.unwrap_or(value));
            }
        }
        let time = match collection.shape() {
            Shape::Core | Shape::Wrapped => self.now.seconds(),
            Shape::Identity | Shape::Numbered | Shape::Linked | Shape::Membership => {
                Value::from(self.now.date_time())
            }
        };
        if let Some(state) = members.get_mut("state")
            && self.provisioning == 0
        {
            *state = json!("ready");
        }
        for field in KEPT {
            members.remove(field);
        }
        let created = before.map(|before| before["created_at"].clone());
        members.insert("id".to_owned(), Value::from(&*id));
        for stamp in collection.stamps() {
            let created = created.clone().filter(|_| *stamp == "created_at");
            members.insert((*stamp).to_owned(), created.unwrap_or_else(|| time.clone()));
        }
        match (collection.parent(), place.parent) {
            (Some(parent), Some(id)) => {
                members.insert(parent.field.to_owned(), json!({ "id": id }));
            }
            (Some(parent), None) if !members.contains_key(parent.field) => {
                let nobody = missing(parent.field.to_owned());
                return Err(Refusal::Invalid(vec![nobody]));
            }
            (Some(_) | None, _) => {}
        }
        if collection == Collection::ControlPlanes {
            for (field, host) in [
                ("control_plane_endpoint", "cp0"),
                ("telemetry_endpoint", "tp0"),
            ] {
                members.insert(
                    field.to_owned(),
                    Value::from(endpoint(&id, self.region, host)),
                );
            }
        }
        if let Some(below) = collection.below() {
            let endpoints = ["control_plane_endpoint", "telemetry_endpoint"];
            let fields = below.fields.iter().copied().chain(endpoints);
            let settings: Map<String, Value> = fields
                .filter_map(|field| members.remove_entry(field))
                .collect();
            members.insert(below.member.to_owned(), Value::Object(settings));
        }
        for field in collection.hashed() {
            let consumer = collection.parent();
            let consumer = consumer.map(|parent| members[parent.field]["id"].clone());
            let consumer = consumer.unwrap_or_default();
            if let Some(Value::String(text)) = members.get_mut(*field) {
                *text = kong_model::password::hash(consumer.as_str().unwrap_or_default(), text);
            }
        }
        if let Some((answered, requested)) = collection.echoed() {
            self.come_to(before, answered, requested, &mut members)?;
        }
        let value = Value::Object(members);
        self.admit(place, &id, &value)?;
        if collection == Collection::ControlPlanes {
            self.store.open(Arc::clone(&id));
        }
        let scope = self
            .store
            .scope_mut(place.control_plane)
            .ok_or(Refusal::NotFound)?;
        scope.put((collection, id), value.clone());
        Ok(value)
    }

    /// What was asked for stands beside what has come of it: each part has an id and a state.
    fn come_to(
        &mut self,
        before: Option<&Value>,
        answered: &str,
        requested: &str,
        members: &mut Map<String, Value>,
    ) -> Result<(), Refusal> {
        let wanted = members.remove(requested).unwrap_or_else(|| json!([]));
        let is_same = |before: &Value| {
            let others = members
                .iter()
                .filter(|(field, _)| *field != "entity_version");
            let mut others = others.filter(|(field, _)| !KEPT.contains(&field.as_str()));
            before[answered] == wanted && others.all(|(field, value)| before[field] == *value)
        };
        if before.is_some_and(is_same) {
            return Err(Refusal::Identical);
        }
        let version = before.map_or(0, |before| before["entity_version"].as_u64().unwrap_or(0));
        members.insert("entity_version".to_owned(), json!(version + 1));
        let now = Value::from(self.now.date_time());
        let mut parts = wanted.as_array().cloned().unwrap_or_default();
        for (index, part) in parts.iter_mut().enumerate() {
            // What is asked for as before is what it was.
            if let Some(before) = before.filter(|it| it[answered][index] == *part) {
                *part = before[requested][index].clone();
                continue;
            }
            part["id"] = Value::from(&*self.ids.next());
            part["state"] = json!("ready");
            part["created_at"] = now.clone();
            part["updated_at"] = now.clone();
        }
        members.insert(requested.to_owned(), Value::from(parts));
        members.insert(answered.to_owned(), wanted);
        Ok(())
    }

    /// References lead somewhere and nothing unique is taken.
    fn admit(&self, place: &Place<'_>, id: &str, value: &Value) -> Result<(), Refusal> {
        let scope = self.scope(place)?;
        for link in links(place.collection, value) {
            if scope.get(link.to.0, &link.to.1).is_none() {
                let field = format!("{}.id", link.field);
                return Err(Refusal::Dangling { field });
            }
        }
        let shared = place.collection.can_be_shared();
        for unique in uniques(place.collection, value)
            .into_iter()
            .filter(|_| !shared)
        {
            if scope
                .holder(&unique)
                .is_some_and(|(_, holder)| **holder != *id)
            {
                return Err(Refusal::Taken(unique));
            }
        }
        Ok(())
    }

    fn delete(&mut self, place: &Place<'_>, id: &str) -> Result<Response, Refusal> {
        let id: Arc<str> = Arc::from(id.to_ascii_lowercase());
        let scope = self.scope(place)?;
        let found = scope.get(place.collection, &id);
        if found.is_none_or(|value| !belongs(place, value)) {
            return match place.collection.shape() {
                // The document has 204 also where nothing was there.
                Shape::Core | Shape::Linked => Ok(Response::new(204, Value::Null)),
                Shape::Identity | Shape::Numbered | Shape::Wrapped | Shape::Membership => {
                    Err(Refusal::NotFound)
                }
            };
        }
        let key = (place.collection, id);
        let going =
            scope
                .deletion(&key)
                .map_err(|(field, (collection, id))| Refusal::Referred {
                    field,
                    by: format!("{collection} \"{id}\""),
                })?;
        let scope = self
            .store
            .scope_mut(place.control_plane)
            .ok_or(Refusal::NotFound)?;
        for key in &going {
            scope.remove(key);
        }
        if place.collection == Collection::ControlPlanes {
            self.store.close(&key.1);
        }
        Ok(Response::new(204, Value::Null))
    }
}

/// An entity as answers about one have it.
fn wrapped(place: &Place<'_>, value: Value) -> Value {
    match place.collection.shape() {
        Shape::Wrapped => json!({ "item": value }),
        Shape::Core | Shape::Identity | Shape::Numbered | Shape::Linked | Shape::Membership => {
            value
        }
    }
}

/// Whether a body is all of an entity or what of it changes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Whole {
    Yes,
    No,
}

/// The members of a body that may be stored, with nulls left out and other spellings spelled out.
pub(crate) fn accepted(
    place: &Place<'_>,
    body: Option<&Value>,
    without: &[&str],
    whole: Whole,
) -> Result<Map<String, Value>, Refusal> {
    let collection = place.collection;
    let schema = collection.schema();
    let sent = body.unwrap_or(&Value::Null);
    let read = Body::from_wire(collection, sent);
    let mut checked = sent.clone();
    if let Some(members) = checked.as_object_mut() {
        let spelled_out = normal::spelled_out(collection, &read).into_iter();
        // None of what shorthands stand for is secret.
        members.extend(spelled_out.map(|(field, node)| (field.to_string(), node.redacted())));
        if collection.shape() == Shape::Core {
            // Bodies may be answers that were changed: what the server keeps is not looked at.
            members.retain(|field, _| field == "id" || !KEPT.contains(&field.as_str()));
        }
    }
    let mut found = violations(schema, &checked);
    if whole == Whole::No {
        found.retain(|violation| {
            violation.rule != "required" || sent.get(&violation.field).is_some()
        });
    }
    found.extend(
        without
            .iter()
            .filter(|field| sent.get(**field).is_some())
            .map(|field| Violation {
                field: (*field).to_owned(),
                rule: "unknown_property",
                message: "cannot be changed".to_owned(),
            }),
    );
    if !found.is_empty() {
        return Err(Refusal::Invalid(found));
    }
    let Value::Object(mut members) = Body::from_wire(collection, &checked).wire() else {
        return Ok(Map::new());
    };
    members.retain(|field, _| schema["properties"][field]["writeOnly"] != true);
    Ok(members)
}

/// Whether an entity is below the parent in the path.
pub(crate) fn belongs(place: &Place<'_>, value: &Value) -> bool {
    match (place.collection.parent(), place.parent) {
        (Some(parent), Some(id)) => value[parent.field]["id"] == id,
        _ => true,
    }
}

fn valid_id(id: &str) -> Result<Arc<str>, Refusal> {
    if is_uuid(id) {
        return Ok(Arc::from(id.to_ascii_lowercase()));
    }
    let message = format!("\"{id}\" is not a valid UUID");
    Err(Refusal::field("id", "is_uuid", message))
}

/// Where data planes reach their control plane.
fn endpoint(id: &str, region: &str, host: &str) -> String {
    let prefix: String = id.chars().filter(|c| *c != '-').take(10).collect();
    format!("https://{prefix}.{region}.{host}.konghq.com")
}
