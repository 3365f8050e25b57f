//! What need not be written, since its absence says the same: by the table of collections and the schema of requests.
//!
//! Start with [`lean`].

use kong_model::Collection;
use serde_json::{Map, Value};

/// A value without what says nothing: nulls, empty lists and maps.
pub(super) fn meaning(value: &Value) -> Option<Value> {
    match value {
        Value::Null => None,
        Value::Array(items) => {
            let items: Vec<Value> = items.iter().filter_map(meaning).collect();
            (!items.is_empty()).then(|| items.into())
        }
        Value::Object(members) => {
            let members: Map<String, Value> = members
                .iter()
                .filter_map(|(name, value)| Some((name.clone(), meaning(value)?)))
                .collect();
            (!members.is_empty()).then(|| members.into())
        }
        Value::Bool(_) | Value::Number(_) | Value::String(_) => Some(value.clone()),
    }
}

/// Whether a member says what its absence says.
pub(super) fn is_default(at: Collection, member: &str, value: &Value) -> bool {
    let declared = &at.schema()["properties"][member]["default"];
    let known = at.defaults().get(member).unwrap_or(&Value::Null);
    [declared, known]
        .into_iter()
        .any(|default| meaning(default).is_some_and(|default| same(&default, value)))
}

/// A value without what its absence would say, at any depth, as far as its field need not have that.
pub(super) fn lean(declared: &Value, field: &Value, value: &Value) -> Value {
    let (Value::Object(members), Some(known)) = (value, declared["properties"].as_object()) else {
        return value.clone();
    };
    let required = field["required"].as_array();
    let required = |name: &str| required.is_some_and(|list| list.iter().any(|it| it == name));
    let mut kept = Map::new();
    for (name, value) in members {
        let declared = known.get(name).unwrap_or(&Value::Null);
        if required(name) || !says_nothing(declared, value) {
            let value = lean(declared, &field["properties"][name], value);
            kept.insert(name.clone(), value);
        }
    }
    Value::Object(kept)
}

/// Whether a value, or all that is in it, is what its absence stands for.
fn says_nothing(declared: &Value, value: &Value) -> bool {
    let default = meaning(&declared["default"]);
    let within = |known: &Map<String, Value>, members: &Map<String, Value>| {
        members.iter().all(|(name, value)| {
            let declared = known.get(name).unwrap_or(&Value::Null);
            says_nothing(declared, value)
        })
    };
    let members = declared["properties"].as_object().zip(value.as_object());
    default.is_some_and(|default| same(&default, value))
        || members.is_some_and(|(known, members)| within(known, members))
}

/// Equality for which `5` and `5.0` are one number.
fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => one.as_f64() == other.as_f64(),
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len()
                && one
                    .iter()
                    .all(|(name, one)| other.get(name).is_some_and(|other| same(one, other)))
        }
        (one, other) => one == other,
    }
}
