//! From a document to a flat list of entities and what they refer to.

use std::collections::HashMap;

use serde_json::{Map, Value};

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
            walk(
                entities,
                child,
                list,
                &format!("{place}.{child}"),
                Some(number),
            );
        }
        if collection == "services" {
            expand(&mut fields);
        }
        entities[number].fields = fields;
    }
}

/// Puts the parts of `url` where Kong has them.
fn expand(fields: &mut Map<String, Value>) {
    let Some(url) = fields.get("url").and_then(Value::as_str) else {
        return;
    };
    let parts = Parts::of(url);
    let number = parts.port.and_then(|port| port.parse::<u64>().ok());
    let protocol = parts.scheme.unwrap_or(match number {
        Some(443) => "https",
        _ => "http",
    });
    let port = match (number, parts.port) {
        (Some(number), _) => Value::from(number),
        // What is no number is refused later.
        (None, Some(text)) => Value::from(text),
        (None, None) if protocol == "https" => Value::from(443),
        (None, None) => Value::from(80),
    };
    let parts = [
        ("protocol", Some(Value::from(protocol))),
        ("host", parts.host.map(Value::from)),
        ("port", Some(port)),
        ("path", parts.path.map(Value::from)),
    ];
    for (member, value) in parts {
        fields.remove(member);
        if let Some(value) = value {
            fields.insert(member.to_owned(), value);
        }
    }
}

/// A URL taken apart as leniently as Kong does it: everything may be missing.
struct Parts<'a> {
    scheme: Option<&'a str>,
    host: Option<&'a str>,
    port: Option<&'a str>,
    path: Option<&'a str>,
}

impl<'a> Parts<'a> {
    fn of(url: &'a str) -> Self {
        let url = url.split('#').next().unwrap_or(url);
        let in_scheme = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte);
        let (scheme, rest) = match url.split_once(':') {
            Some((scheme, rest)) if !scheme.is_empty() && scheme.bytes().all(in_scheme) => {
                (Some(scheme), rest)
            }
            _ => (None, url),
        };
        let (authority, rest) = match rest.strip_prefix("//") {
            Some(rest) => rest.split_at(rest.find('/').unwrap_or(rest.len())),
            None => ("", rest),
        };
        let address = authority
            .rsplit_once('@')
            .map_or(authority, |(_, address)| address);
        let (host, port) = match address.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
            _ => (address, None),
        };
        let path = rest.split('?').next().unwrap_or(rest);
        let there = |text: &'a str| (!text.is_empty()).then_some(text);
        Self {
            scheme,
            host: there(host.trim_start_matches('[').trim_end_matches(']')),
            port: port.and_then(there),
            path: there(path),
        }
    }
}

/// Resolves references: a place inside of another entity, an id, or a name.
fn link(entities: &mut [Declared]) {
    let mut known = HashMap::new();
    for (number, entity) in entities.iter().enumerate() {
        let keys = [
            entity.id().map(|id| id.to_string()),
            entity.name().map(str::to_owned),
        ];
        for key in keys.into_iter().flatten() {
            known.entry((entity.collection, key)).or_insert(number);
        }
    }
    for number in 0..entities.len() {
        let entity = &entities[number];
        let mut links = std::collections::BTreeMap::new();
        for (member, to) in entity.schema().references() {
            let nested = entity
                .parent
                .filter(|parent| entities[*parent].collection == to);
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
