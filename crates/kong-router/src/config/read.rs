//! From a document to a flat list of entities and what they refer to.

use std::collections::HashMap;

use serde_json::{Map, Value};
use url::Url;

use super::Declared;
use crate::rules::schema;

/// Everything that is declared in a document.
pub(super) fn flatten(document: &Map<String, Value>) -> Vec<Declared> {
    let mut entities = Vec::new();
    for (collection, row) in schema::collections() {
        if let Some(Value::Array(list)) = document.get(collection) {
            walk(&mut entities, row.name(), list, row.name(), None);
        }
    }
    link(&mut entities);
    entities
}

fn walk(
    entities: &mut Vec<Declared>,
    collection: &'static str,
    list: &[Value],
    place: &str,
    parent: Option<usize>,
) {
    for (index, value) in list.iter().enumerate() {
        let Value::Object(members) = value else {
            continue;
        };
        let place = format!("{place}[{index}]");
        let number = entities.len();
        entities.push(Declared {
            collection,
            place: place.clone(),
            fields: Map::new(),
            parent,
            links: std::collections::BTreeMap::new(),
        });
        let mut fields = members.clone();
        for (child, _) in schema::children(collection) {
            let Some(Value::Array(list)) = members.get(child) else {
                continue;
            };
            fields.remove(child);
            walk(entities, child, list, &format!("{place}.{child}"), Some(number));
        }
        if collection == "services" {
            expand(&mut fields);
        }
        entities[number].fields = fields;
    }
}

/// Puts the parts of `url` where Kong has them. What Kong cannot take apart stays, and is refused later.
fn expand(fields: &mut Map<String, Value>) {
    let Some(url) = fields.get("url").and_then(Value::as_str) else {
        return;
    };
    let Ok(url) = Url::parse(url) else {
        return;
    };
    let path = (url.path() != "/" || fields["url"].as_str().is_some_and(|url| url.ends_with('/')))
        .then(|| Value::from(url.path()));
    let port = url.port().unwrap_or(match url.scheme() {
        "https" => 443,
        _ => 80,
    });
    let parts = [
        ("protocol", Some(Value::from(url.scheme()))),
        ("host", url.host_str().map(Value::from)),
        ("port", Some(Value::from(port))),
        ("path", path),
    ];
    for (member, value) in parts {
        fields.remove(member);
        if let Some(value) = value {
            fields.insert(member.to_owned(), value);
        }
    }
}

/// Resolves references: a place inside of another entity, an id, or a name.
fn link(entities: &mut [Declared]) {
    let mut known = HashMap::new();
    for (number, entity) in entities.iter().enumerate() {
        for key in [entity.id().map(|id| id.to_string()), entity.name().map(str::to_owned)] {
            if let Some(key) = key {
                known.entry((entity.collection, key)).or_insert(number);
            }
        }
    }
    for number in 0..entities.len() {
        let entity = &entities[number];
        let mut links = std::collections::BTreeMap::new();
        for (member, to) in entity.schema().references() {
            let nested = entity.parent.filter(|parent| entities[*parent].collection == to);
            let target = match (nested, entity.fields.get(member)) {
                (Some(parent), _) => Some(parent),
                (None, None | Some(Value::Null)) => continue,
                (None, Some(reference)) => named(reference)
                    .and_then(|key| known.get(&(to, key.to_owned())))
                    .copied(),
            };
            links.insert(member, target);
        }
        entities[number].links = links;
    }
}

/// What a reference says: a text, or an object with an id or, for decK, a name.
pub(crate) fn named(reference: &Value) -> Option<&str> {
    match reference {
        Value::String(text) => Some(text),
        Value::Object(members) => ["id", "name", "username"]
            .iter()
            .find_map(|key| members.get(*key)?.as_str()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => None,
    }
}
