//! Parameters: every value in a path or a query against the schema of its name.

use std::collections::BTreeMap;

use kong_model::Request;
use serde_json::{Map, Value};

use crate::dialect::Side;
use crate::operation::Operation;
use crate::{Breach, Contract};

/// What is wrong with the parameters of a request.
pub(crate) fn check(
    contract: &Contract,
    operation: &Operation<'_>,
    request: &Request,
) -> Vec<Breach> {
    let mut breaches = Vec::new();
    let mut given: BTreeMap<&str, &str> = request
        .query
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let unknown = |name: &str| Breach::Parameter {
        path: operation.path.clone(),
        name: name.to_owned(),
    };
    for parameter in operation.parameters() {
        let name = parameter["name"].as_str().unwrap_or_default();
        let value = match parameter["in"].as_str() {
            Some("path") => {
                let part = operation.parts.iter().find(|(part, _)| *part == name);
                part.map(|(_, value)| Value::from(value.as_str()))
            }
            Some("query") if parameter["style"] == "deepObject" => nested(name, &mut given),
            Some("query") => given
                .remove(name)
                .map(|text| read(contract, parameter, text)),
            Some(_) | None => continue,
        };
        match value {
            Some(value) => {
                let schema = &parameter["schema"];
                breaches.extend(contract.hold(
                    Side::Request,
                    &operation.path,
                    name,
                    schema,
                    &value,
                ));
            }
            None if parameter["required"] == true => breaches.push(unknown(name)),
            None => {}
        }
    }
    breaches.extend(given.keys().map(|name| unknown(name)));
    breaches
}

/// `filter[a][b]=c` as `{"a": {"b": "c"}}`.
fn nested(name: &str, given: &mut BTreeMap<&str, &str>) -> Option<Value> {
    let mut object = Map::new();
    given.retain(|key, value| {
        let inner = key
            .strip_prefix(name)
            .and_then(|rest| rest.strip_prefix('['))
            .and_then(|rest| rest.strip_suffix(']'));
        let Some(inner) = inner else {
            return true;
        };
        let mut place = &mut object;
        let mut keys: Vec<&str> = inner.split("][").collect();
        let last = keys.pop().unwrap_or_default();
        for key in keys {
            let below = place
                .entry(key)
                .or_insert_with(|| Value::Object(Map::new()));
            match below {
                Value::Object(below) => place = below,
                _ => return true,
            }
        }
        place.insert(last.to_owned(), Value::from(*value));
        false
    });
    (!object.is_empty()).then_some(Value::Object(object))
}

/// A text as the type that the schema has.
fn read(contract: &Contract, parameter: &Value, text: &str) -> Value {
    let mut schema = &parameter["schema"];
    if let Some(pointer) = schema["$ref"]
        .as_str()
        .and_then(|text| text.strip_prefix('#'))
    {
        schema = contract.document.pointer(pointer).unwrap_or(&Value::Null);
    }
    match schema["type"].as_str() {
        Some("integer" | "number" | "boolean") => {
            serde_json::from_str(text).unwrap_or_else(|_| Value::from(text))
        }
        Some(_) | None => Value::from(text),
    }
}
