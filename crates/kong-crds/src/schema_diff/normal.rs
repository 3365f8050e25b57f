//! The normal form of a definition: equal for two definitions that mean the same.

use serde_json::{Map, Value};

/// Lists of a schema in which only membership counts.
const SETS: [&str; 3] = ["required", "enum", "x-kubernetes-list-map-keys"];

/// The bound that two bounds amount to.
type Combine = fn(f64, f64) -> f64;

/// Validations that may stand in an `allOf` as well as beside it, with the way two of them combine.
const FOLDED: [(&str, Combine); 8] = [
    ("minLength", f64::max),
    ("maxLength", f64::min),
    ("minimum", f64::max),
    ("maximum", f64::min),
    ("minItems", f64::max),
    ("maxItems", f64::min),
    ("minProperties", f64::max),
    ("maxProperties", f64::min),
];

/// Number formats that the API server does not look at.
const IDLE_FORMATS: [&str; 2] = ["double", "float"];

/// The normal form of a custom resource definition. Its status and what the API server adds to its
/// metadata are left out.
pub(super) fn definition(definition: &Value) -> Value {
    let mut normal = Map::new();
    let metadata = &definition["metadata"];
    for field in ["name", "annotations", "labels"] {
        insert(&mut normal, field, metadata[field].clone());
    }
    for (field, value) in object(&definition["spec"]) {
        let value = match field.as_str() {
            "names" => names(value),
            "versions" => keyed(value, "name", version),
            "conversion" if value["strategy"] == "None" => Value::Null,
            "preserveUnknownFields" if *value == false => Value::Null,
            _ => value.clone(),
        };
        insert(&mut normal, field, value);
    }
    normal.into()
}

fn names(names: &Value) -> Value {
    let mut normal = Map::new();
    for (field, value) in object(names) {
        let value = match field.as_str() {
            "shortNames" | "categories" => set(value),
            _ => value.clone(),
        };
        insert(&mut normal, field, value);
    }
    normal.into()
}

fn version(version: &Value) -> Value {
    let mut normal = Map::new();
    for (field, value) in object(version) {
        let value = match field.as_str() {
            "schema" => schema(&value["openAPIV3Schema"]),
            "additionalPrinterColumns" => keyed(value, "name", column),
            "selectableFields" => keyed(value, "jsonPath", Value::clone),
            "deprecated" if *value == false => Value::Null,
            "subresources" if object(value).next().is_none() => Value::Null,
            _ => value.clone(),
        };
        insert(&mut normal, field, value);
    }
    normal.into()
}

fn column(column: &Value) -> Value {
    let mut normal = Map::new();
    for (field, value) in object(column) {
        let idle = field == "description" || (field == "priority" && *value == 0);
        if !idle {
            insert(&mut normal, field, value.clone());
        }
    }
    normal.into()
}

fn schema(node: &Value) -> Value {
    let mut normal = Map::new();
    for (field, value) in object(node) {
        let value = match field.as_str() {
            "description" | "title" | "example" | "externalDocs" => Value::Null,
            "format" if IDLE_FORMATS.iter().any(|idle| value == idle) => Value::Null,
            // Upstream spells out what the marker says.
            "anyOf" if node["x-kubernetes-int-or-string"] == true => Value::Null,
            "nullable" | "x-kubernetes-preserve-unknown-fields" if *value == false => Value::Null,
            "properties" => object(value)
                .map(|(name, value)| (name.clone(), schema(value)))
                .collect::<Map<_, _>>()
                .into(),
            "items" | "additionalProperties" | "not" if value.is_object() => schema(value),
            "allOf" | "anyOf" | "oneOf" => list(value).iter().map(schema).collect(),
            "x-kubernetes-validations" => keyed(value, "message", Value::clone),
            set_of if SETS.contains(&set_of) => set(value),
            _ => number(value),
        };
        insert(&mut normal, field, value);
    }
    fold_all_of(&mut normal);
    normal.into()
}

/// Moves what is a plain bound in `allOf` beside it.
fn fold_all_of(node: &mut Map<String, Value>) {
    let Some(Value::Array(members)) = node.remove("allOf") else {
        return;
    };
    let mut left = Vec::new();
    for member in members {
        let bounds: Option<Vec<_>> = object(&member)
            .map(|(field, value)| {
                let (_, combine) = FOLDED.iter().find(|(folded, _)| folded == field)?;
                Some((field.clone(), *combine, value.as_f64()?))
            })
            .collect();
        let Some(bounds) = bounds else {
            left.push(member);
            continue;
        };
        for (field, combine, bound) in bounds {
            let both = node
                .get(&field)
                .and_then(Value::as_f64)
                .map_or(bound, |own| combine(own, bound));
            node.insert(field, number(&both.into()));
        }
    }
    if !left.is_empty() {
        node.insert("allOf".to_owned(), left.into());
    }
}

/// Whole numbers without a fraction, wherever they came from.
fn number(value: &Value) -> Value {
    match value.as_f64() {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "checked to be whole and in range"
        )]
        Some(float) if float.fract() == 0.0 && float.abs() < 9e15 => (float as i64).into(),
        _ => value.clone(),
    }
}

/// A list as an object with its members as keys.
fn set(value: &Value) -> Value {
    let member = |value: &Value| {
        value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned)
    };
    list(value)
        .iter()
        .map(|value| (format!("[{}]", member(value)), Value::Bool(true)))
        .collect()
}

/// A list of objects as an object keyed by one of their fields. Where two have the same there, the
/// rest of them tells them apart.
fn keyed(value: &Value, field: &str, normal: impl Fn(&Value) -> Value) -> Value {
    let mut items: Vec<Value> = list(value).iter().map(normal).collect();
    items.sort_by_key(Value::to_string);
    let mut keyed = Map::new();
    for mut item in items {
        let label = item.as_object_mut().and_then(|item| item.remove(field));
        let label = label.as_ref().and_then(Value::as_str).unwrap_or_default();
        let mut key = format!("[{label}]");
        while keyed.contains_key(&key) {
            key.push('\'');
        }
        keyed.insert(key, item);
    }
    keyed.into()
}

fn insert(normal: &mut Map<String, Value>, field: &str, value: Value) {
    if !value.is_null() {
        normal.insert(field.to_owned(), value);
    }
}

fn object(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}
