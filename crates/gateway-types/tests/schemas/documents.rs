//! Documents that a schema admits: at random, or one with everything; and what of a document a schema
//! knows.
//!
//! Patterns, lengths and rules are passed over, so that more is made than an API server lets through:
//! what was stored before a rule came has to be readable as well. The tests of `kong-crds` include this
//! file by its path.

use proptest::{collection, option, prelude::*, sample::select};
use serde_json::{Map, Value, json};

/// Most entries of a list or a map; enough to tell the first from the rest.
const ENTRIES: usize = 2;
/// A field that no schema has.
const UNKNOWN: &str = "fromTheFuture";

/// Documents at random. Optional fields are there, absent or null; now and then there is a field that
/// the schema does not have, or a value that its enum does not have.
pub(crate) fn any_of(schema: &Value) -> BoxedStrategy<Value> {
    match schema["type"].as_str() {
        Some("object") if schema["properties"].is_object() => object(schema),
        Some("object") => map(schema),
        Some("array") => {
            let least = count(&schema["minItems"]).min(ENTRIES);
            collection::vec(any_of(&schema["items"]), least..=ENTRIES)
                .prop_map(Value::Array)
                .boxed()
        }
        Some("string") => text(schema),
        Some("integer") => {
            let bound = |field: &str| schema[field].as_i64();
            let (least, most) = (bound("minimum"), bound("maximum"));
            (least.unwrap_or(i64::MIN)..=most.unwrap_or(i64::MAX))
                .prop_map(Value::from)
                .boxed()
        }
        Some("boolean") => any::<bool>().prop_map(Value::from).boxed(),
        None => anything(),
        Some(other) => unreachable!("no schema of ours is of type {other}"),
    }
}

/// What schemas let through that say nothing of a value.
fn anything() -> BoxedStrategy<Value> {
    let values = vec![
        json!("text"),
        json!(1.5),
        json!([true, null]),
        json!({"a": {"b": []}}),
    ];
    select(values).boxed()
}

fn count(value: &Value) -> usize {
    value
        .as_u64()
        .and_then(|count| usize::try_from(count).ok())
        .unwrap_or_default()
}

fn object(schema: &Value) -> BoxedStrategy<Value> {
    let mut members: Vec<BoxedStrategy<Option<(String, Value)>>> = properties(schema)
        .map(|(name, property)| {
            let name = name.clone();
            let present = any_of(property).prop_map(Some);
            let value = if is_required(schema, &name) {
                present.boxed()
            } else {
                prop_oneof![4 => present, 4 => Just(None), 1 => Just(Some(Value::Null))].boxed()
            };
            value
                .prop_map(move |value| value.map(|value| (name.clone(), value)))
                .boxed()
        })
        .collect();
    let unknown = select(vec![json!(null), json!("text"), json!({"a": [1]})])
        .prop_map(|value| (UNKNOWN.to_owned(), value));
    members.push(option::weighted(0.1, unknown).boxed());
    members
        .prop_map(|members| members.into_iter().flatten().collect::<Map<_, _>>().into())
        .boxed()
}

/// An object whose keys are up to the user. Of the metadata schemas say nothing.
fn map(schema: &Value) -> BoxedStrategy<Value> {
    let value = &schema["additionalProperties"];
    if schema["x-kubernetes-preserve-unknown-fields"] == true {
        return collection::btree_map("[a-z./]{0,8}", anything(), 0..=ENTRIES)
            .prop_map(|members| members.into_iter().collect::<Map<_, _>>().into())
            .boxed();
    }
    if !value.is_object() {
        return Just(json!({"name": "it", "labels": {"a": "b"}})).boxed();
    }
    collection::btree_map("[a-z./]{0,8}", any_of(value), 0..=ENTRIES)
        .prop_map(|members| members.into_iter().collect::<Map<_, _>>().into())
        .boxed()
}

fn text(schema: &Value) -> BoxedStrategy<Value> {
    if schema["format"] == "date-time" {
        return (0..4_000_000_000_i64).prop_map(timestamp).boxed();
    }
    let any_text = ".{0,8}".prop_map(Value::from);
    match schema["enum"].as_array() {
        Some(values) => prop_oneof![7 => select(values.clone()), 1 => any_text].boxed(),
        None => any_text.boxed(),
    }
}

/// A Unix time in the form that objects are stored in.
fn timestamp(seconds: i64) -> Value {
    let time = k8s_openapi::jiff::Timestamp::from_second(seconds).expect("it is in range");
    time.to_string().into()
}

/// The document with every field of a schema and one entry in every list and map. Of each enum it has
/// the value of that number, counted round and round.
pub(crate) fn full(schema: &Value, number: usize) -> Value {
    match schema["type"].as_str() {
        Some("object") if schema["properties"].is_object() => properties(schema)
            .map(|(name, property)| (name.clone(), full(property, number)))
            .collect::<Map<_, _>>()
            .into(),
        Some("object") if schema["additionalProperties"].is_object() => {
            json!({"key": full(&schema["additionalProperties"], number)})
        }
        Some("object") => json!({"name": "it", "namespace": "here"}),
        Some("array") => json!([full(&schema["items"], number)]),
        Some("string") if schema["format"] == "date-time" => timestamp(1_700_000_000),
        Some("string") => match schema["enum"].as_array() {
            Some(values) => values[number % values.len()].clone(),
            None => "text".into(),
        },
        Some("integer") => schema["maximum"].as_i64().unwrap_or(7).into(),
        Some("boolean") => true.into(),
        None => json!({"a": 1}),
        Some(other) => unreachable!("no schema of ours is of type {other}"),
    }
}

/// Most values of an enum below a schema; 1 if there is none.
pub(crate) fn variants(schema: &Value) -> usize {
    let own = schema["enum"].as_array().map_or(1, Vec::len);
    properties(schema)
        .map(|(_, property)| variants(property))
        .chain([own])
        .chain(
            ["items", "additionalProperties"].map(|part| match &schema[part] {
                part @ Value::Object(_) => variants(part),
                _ => 1,
            }),
        )
        .max()
        .unwrap_or(1)
}

/// What of a document its schema knows, in a form in which absent, null and empty are one.
pub(crate) fn known(schema: &Value, document: &Value) -> Value {
    match document {
        Value::Object(members) if schema["properties"].is_object() => members
            .iter()
            .filter_map(|(name, value)| {
                let property = schema["properties"].get(name)?;
                let value = known(property, value);
                (!is_nothing(property, &value)).then(|| (name.clone(), value))
            })
            .collect::<Map<_, _>>()
            .into(),
        Value::Array(items) => items
            .iter()
            .map(|item| known(&schema["items"], item))
            .collect(),
        _ => document.clone(),
    }
}

/// An object that is not a map says something by being there.
fn is_nothing(schema: &Value, value: &Value) -> bool {
    let is_map = schema["additionalProperties"].is_object();
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => is_map && members.is_empty(),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

fn properties(schema: &Value) -> impl Iterator<Item = (&String, &Value)> {
    schema["properties"].as_object().into_iter().flatten()
}

fn is_required(schema: &Value, name: &str) -> bool {
    // No schema says so, and no object is without.
    name == "metadata"
        || schema["required"]
            .as_array()
            .is_some_and(|required| required.iter().any(|it| it == name))
}
