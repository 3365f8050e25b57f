//! From specs to bodies: the members that Konnect knows, what Kong's SDK fills in, the tags.
//!
//! The names in the specs of entities are those of Konnect, so a body is the spec without what only
//! Kubernetes knows; which members Konnect knows is in the table of collections.

use kong_model::{Body, Collection, Origin, Shorthand};
use kong_resolve::{Key, Meta};
use serde::Serialize;
use serde_json::{Map, Value};

use kong_crds::names::TAGS_ANNOTATION;

/// The JSON of a body while it is put together.
pub(crate) type Members = Map<String, Value>;

/// The members of a spec that entities of the collection have.
pub(crate) fn members(at: Collection, spec: &impl Serialize) -> Members {
    let known = |field: &str| {
        at.defaults().contains_key(field)
            || at.shorthands().iter().any(|shorthand| match shorthand {
                Shorthand::Url(name)
                | Shorthand::Pem(name)
                | Shorthand::Address { field: name, .. } => *name == field,
            })
    };
    match serde_json::to_value(spec).expect("specs are JSON: they have string keys only") {
        Value::Object(members) => members
            .into_iter()
            .filter(|(field, value)| known(field) && !value.is_null())
            .collect(),
        _ => Members::new(),
    }
}

/// Fills in what the spec leaves open.
pub(crate) fn fill(members: &mut Members, defaults: Value) {
    if let Value::Object(defaults) = defaults {
        for (field, value) in defaults {
            members.entry(field).or_insert(value);
        }
    }
}

/// Removes members that are empty or zero, which Kong takes for absent.
pub(crate) fn absent_if_empty(members: &mut Members, fields: &[&str]) {
    for field in fields {
        if members
            .get(*field)
            .is_some_and(|value| value == "" || value == 0)
        {
            members.remove(*field);
        }
    }
}

/// The body with its tags.
pub(crate) fn seal(at: Collection, mut members: Members, tags: Vec<String>) -> Body {
    members.insert("tags".to_owned(), tags.into());
    Body::from_wire(at, &Value::Object(members))
}

/// Where an entity comes from.
pub(crate) fn origin(key: &Key, meta: &Meta) -> Origin {
    Origin {
        group: key.kind.group().to_owned(),
        version: key.kind.version().to_owned(),
        kind: key.kind.to_string(),
        namespace: key.name.namespace.as_deref().map(str::to_owned),
        name: key.name.name.to_string(),
        uid: meta.uid.to_string(),
        generation: meta.generation,
        owner: None,
    }
}

/// The tags of the entity that an object stands for.
pub(crate) fn tags(key: &Key, meta: &Meta, specified: Option<&[String]>) -> Vec<String> {
    let specified = specified.into_iter().flatten().map(String::as_str);
    origin(key, meta).tags(specified, meta.annotation(TAGS_ANNOTATION))
}
