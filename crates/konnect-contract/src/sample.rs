//! Bodies that try every rule of a schema, made from the schema.

use serde_json::{Map, Value, json};

/// An id where a schema wants one.
const ID: &str = "5e0c6ef2-9bb2-4c84-9c0c-2ab0d5d7f6a1";

/// Values that a schema allows: objects with what has to be there alone, with everything, and with each
/// member in each of its values; choices, limits, and lists of no, one and the most items.
///
/// Schemas are those of [`kong_model::Collection::schema`]. Null is never among the values, since no body
/// has nulls.
pub fn samples(schema: &Value) -> Vec<Value> {
    if let Some(choices) = schema["enum"].as_array() {
        return choices.clone();
    }
    if let Some(alternatives) = schema["anyOf"].as_array() {
        return alternatives.iter().flat_map(samples).collect();
    }
    match schema["type"].as_str() {
        Some("string") => texts(schema),
        Some("integer" | "number") => numbers(schema),
        Some("boolean") => vec![json!(true), json!(false)],
        Some("array") => lists(schema),
        Some("object") => objects(schema),
        Some(_) | None => Vec::new(),
    }
}

fn texts(schema: &Value) -> Vec<Value> {
    match schema["format"].as_str() {
        Some("uuid") => return vec![json!(ID)],
        Some("label") => return vec![json!("a"), json!("a.b-c_d"), json!("a".repeat(63))],
        Some(_) | None => {}
    }
    let least = limit(schema, "minLength").unwrap_or(0).max(1);
    let most = limit(schema, "maxLength");
    let mut lengths = vec![least];
    lengths.extend(most.filter(|most| *most != least));
    let text = |length| Value::from("s".repeat(length));
    lengths.into_iter().map(text).collect()
}

fn numbers(schema: &Value) -> Vec<Value> {
    let mut values = vec![&schema["minimum"], &schema["maximum"], &schema["default"]];
    values.retain(|value| value.is_number());
    values.dedup();
    let mut values: Vec<Value> = values.into_iter().cloned().collect();
    if values.is_empty() {
        values.push(json!(1));
    }
    let whole = schema["type"] == "integer";
    if let (false, Some(most)) = (whole, schema["maximum"].as_f64()) {
        values.push(json!(most - 0.5));
    }
    values
}

fn lists(schema: &Value) -> Vec<Value> {
    let items = samples(&schema["items"]);
    let mut lists: Vec<Value> = items.iter().map(|item| json!([item])).collect();
    if limit(schema, "minItems").unwrap_or(0) == 0 {
        lists.push(json!([]));
    }
    if let (Some(most), Some(item)) = (limit(schema, "maxItems"), items.first()) {
        lists.push(vec![item.clone(); most].into());
    }
    lists
}

fn objects(schema: &Value) -> Vec<Value> {
    // A reference to nothing would be none, although schemas do not say so.
    if schema["properties"].as_object().is_some_and(is_reference) {
        return vec![json!({ "id": ID })];
    }
    let properties: Vec<(&String, Vec<Value>)> = schema["properties"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, property)| (name, samples(property)))
        .collect();
    let required = |name: &str| {
        let required = schema["required"].as_array();
        required.is_some_and(|required| required.iter().any(|other| other == name))
    };
    let with = |choose: &dyn Fn(&str, &[Value]) -> Option<Value>| {
        let members = properties
            .iter()
            .filter_map(|(name, values)| Some(((*name).clone(), choose(name, values)?)));
        Value::Object(members.collect::<Map<_, _>>())
    };
    let least =
        |name: &str, values: &[Value]| required(name).then(|| values.first().cloned()).flatten();
    let mut objects = vec![
        with(&least),
        with(&|_, values| values.first().cloned()),
        with(&|_, values| values.last().cloned()),
    ];
    for (tried, values) in &properties {
        objects.extend(values.iter().map(|value| {
            with(&|name, values| {
                if name == *tried {
                    Some(value.clone())
                } else {
                    least(name, values)
                }
            })
        }));
    }
    let others = &schema["additionalProperties"];
    if others.is_object() {
        let named = |value| json!({ "name": value });
        objects.extend(samples(others).into_iter().map(named));
    }
    if others == true {
        objects.push(json!({"any": {"thing": [1, "two"]}}));
    }
    objects.dedup();
    objects
}

fn is_reference(properties: &Map<String, Value>) -> bool {
    properties.len() == 1 && properties.contains_key("id")
}

fn limit(schema: &Value, name: &str) -> Option<usize> {
    schema[name]
        .as_u64()
        .and_then(|limit| usize::try_from(limit).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_member_is_tried_in_each_of_its_values() {
        let schema = json!({
            "type": "object", "required": ["host"],
            "properties": {
                "host": {"type": "string", "minLength": 1},
                "port": {"type": "integer", "minimum": 0, "maximum": 9},
                "protocol": {"type": "string", "enum": ["http", "https"]},
                "tags": {"type": "array", "items": {"type": "string", "maxLength": 2}, "maxItems": 2},
            },
        });
        let samples = samples(&schema);
        for expected in [
            json!({"host": "s"}),
            json!({"host": "s", "port": 0}),
            json!({"host": "s", "port": 9}),
            json!({"host": "s", "protocol": "https"}),
            json!({"host": "s", "tags": []}),
            json!({"host": "s", "tags": ["ss"]}),
            json!({"host": "s", "tags": ["s", "s"]}),
            json!({"host": "s", "port": 0, "protocol": "http", "tags": ["s"]}),
        ] {
            assert!(samples.contains(&expected), "{expected} in {samples:?}");
        }
    }
}
