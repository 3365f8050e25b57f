//! What Konnect holds in the words of decK: one declarative configuration a control plane.
//!
//! Children stand below what they belong to: an entity with a parent below that, one with a single
//! reference to something whose name the referring member has (a route's `service`) below that one.

use std::collections::BTreeSet;
use std::sync::Arc;

use kong_model::{Body, Collection, Shape};
use serde_json::{Map, Value, json};

use crate::check::without_defaults;
use crate::store::{Key, Scope, Store, links};

/// What stands in place of secrets.
const REDACTED: &str = kong_model::sealed::REDACTED;

/// The documents of an organisation, by name of the control plane.
pub(crate) fn documents(store: &Store) -> Vec<(String, Value)> {
    let own = store.scope(None);
    let mut documents: Vec<(String, Value)> = store
        .scopes()
        .filter_map(|(id, scope)| {
            let control_plane = own?.get(Collection::ControlPlanes, id)?;
            let name = control_plane["name"]
                .as_str()
                .unwrap_or_default()
                .to_owned();
            let mut document = Map::new();
            document.insert("_format_version".to_owned(), Value::from("3.0"));
            document.insert("_konnect".to_owned(), json!({ "control_plane_name": name }));
            let core = |at: &Collection| at.shape() == Shape::Core && at.members().is_none();
            for collection in Collection::all().filter(core) {
                let at_home = scope
                    .all(collection)
                    .filter(|(_, value)| home(collection, value).is_none())
                    .map(|(id, _)| (collection, Arc::clone(id)));
                insert(&mut document, scope, collection, at_home);
            }
            Some((name, Value::Object(document)))
        })
        .collect();
    documents.sort_by(|one, other| one.0.cmp(&other.0));
    documents
}

/// Replaces every text that is a secret.
pub(crate) fn conceal(value: &mut Value, secrets: &BTreeSet<String>) {
    match value {
        Value::String(text) if secrets.contains(text) => REDACTED.clone_into(text),
        Value::Array(items) => items.iter_mut().for_each(|item| conceal(item, secrets)),
        Value::Object(members) => {
            members
                .values_mut()
                .for_each(|member| conceal(member, secrets));
        }
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// The entity below which another one stands, and the member that says so.
fn home(collection: Collection, value: &Value) -> Option<(&'static str, Key)> {
    if let Some(parent) = collection.parent() {
        let id = value[parent.field]["id"].as_str()?;
        return Some((parent.field, (parent.to, Arc::from(id))));
    }
    let mut owners = links(collection, value)
        .into_iter()
        .filter(|link| link.to.0.name().strip_suffix('s') == Some(link.field));
    match (owners.next(), owners.next()) {
        (Some(owner), None) => Some((owner.field, owner.to)),
        _ => None,
    }
}

fn insert(
    into: &mut Map<String, Value>,
    scope: &Scope,
    collection: Collection,
    keys: impl Iterator<Item = Key>,
) {
    let mut nodes: Vec<(String, Value)> = keys
        .filter_map(|key| {
            let value = scope.get(key.0, &key.1)?;
            Some((title(collection, value), node(scope, &key, value)))
        })
        .collect();
    nodes.sort_by(|one, other| one.0.cmp(&other.0));
    if !nodes.is_empty() {
        let list: Vec<Value> = nodes.into_iter().map(|(_, node)| node).collect();
        into.insert(collection.deck_name(), Value::Array(list));
    }
}

/// By what entities of a collection are sorted: what they are known by, then the id.
fn title(collection: Collection, value: &Value) -> String {
    let known_by = crate::store::uniques(collection, value).into_iter().next();
    let known_by = known_by
        .map(|unique| unique.to_string())
        .unwrap_or_default();
    format!("{known_by} {}", value["id"].as_str().unwrap_or_default())
}

fn node(scope: &Scope, key: &Key, value: &Value) -> Value {
    let collection = key.0;
    let redacted = Body::from_wire(collection, value).redacted();
    let mut members = redacted.as_object().cloned().unwrap_or_default();
    without_defaults(collection.schema(), &mut members);
    members.remove("created_at");
    members.remove("updated_at");
    let home = home(collection, value);
    for link in links(collection, value) {
        if home.as_ref().is_some_and(|(field, _)| *field == link.field) {
            members.remove(link.field);
        } else if value[link.field].is_object() {
            // decK writes a reference as the name, or as the id where there is none.
            let other = scope.get(link.to.0, &link.to.1);
            let name = link
                .to
                .0
                .name_field()
                .and_then(|field| other?[field].as_str());
            members.insert(
                link.field.to_owned(),
                Value::from(name.unwrap_or(&link.to.1)),
            );
        }
    }
    for relation in Collection::all().filter(|at| at.members() == Some(collection)) {
        let mut groups: Vec<Value> = scope
            .referring(key, relation)
            .filter_map(|(_, membership)| {
                let parent = relation.parent()?;
                let group = scope.get(parent.to, membership[parent.field]["id"].as_str()?)?;
                let name = parent.to.name_field()?;
                Some(json!({ name: group[name] }))
            })
            .collect();
        groups.sort_by_key(Value::to_string);
        if !groups.is_empty() {
            members.insert(relation.deck_name(), Value::from(groups));
        }
    }
    for child in Collection::all().filter(|child| child.members().is_none()) {
        let children = scope
            .referring(key, child)
            .filter(|(_, value)| home_is(child, value, key))
            .map(|(id, _)| (child, Arc::clone(id)));
        insert(&mut members, scope, child, children);
    }
    Value::Object(members)
}

fn home_is(collection: Collection, value: &Value, key: &Key) -> bool {
    home(collection, value).is_some_and(|(_, home)| home == *key)
}
