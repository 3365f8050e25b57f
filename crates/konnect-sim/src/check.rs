//! Checks bodies against the schemas of the table and fills in what they default to.
//!
//! The schemas are the JSON Schema subset that [`kong_model::Collection::schema`] names. Messages are in
//! the words that Konnect uses for core entities.

use serde_json::{Map, Value, json};
use uuid::Uuid;

/// A field that is not acceptable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Violation {
    /// Path of the field: `healthchecks.active.type`, `tags[1]`; empty for the body itself.
    pub(crate) field: String,
    /// The rule, in the words of problem documents.
    pub(crate) rule: &'static str,
    /// What is wrong.
    pub(crate) message: String,
}

impl Violation {
    /// As an entry of `invalid_parameters`.
    pub(crate) fn parameter(&self) -> Value {
        json!({"field": self.field, "rule": self.rule, "reason": self.message, "source": "body"})
    }
}

/// A field that has to be there and is not.
pub(crate) fn missing(field: String) -> Violation {
    Violation {
        field,
        rule: "required",
        message: "is a required field".to_owned(),
    }
}

/// Everything in `value` that `schema` does not allow, field by field.
pub(crate) fn violations(schema: &Value, value: &Value) -> Vec<Violation> {
    let mut found = Vec::new();
    check(schema, value, "", &mut found);
    found
}

fn check(schema: &Value, value: &Value, at: &str, found: &mut Vec<Violation>) {
    if value.is_null() && schema["nullable"] == true {
        return;
    }
    if let Some(alternatives) = schema["anyOf"].as_array() {
        // What is wrong is said by the alternative that comes closest.
        let tried = alternatives.iter().map(|schema| {
            let mut found = Vec::new();
            check(schema, value, at, &mut found);
            found
        });
        return found.extend(tried.min_by_key(Vec::len).unwrap_or_default());
    }
    let mut report = |rule: &'static str, message: String| {
        found.push(Violation {
            field: at.to_owned(),
            rule,
            message,
        });
    };
    if let Some(expected) = schema["type"].as_str()
        && !is(expected, value)
    {
        let message = format!("expected {expected}, but got {}", kind(value));
        return report("type", message);
    }
    if let Some(choices) = schema["enum"].as_array()
        && !choices.iter().any(|choice| same(choice, value))
    {
        let choices: Vec<String> = choices.iter().map(Value::to_string).collect();
        report(
            "invalid",
            format!("value must be one of {}", choices.join(", ")),
        );
    }
    if let Some(number) = value.as_f64() {
        for (limit, sign, wrong) in [
            ("minimum", ">=", f64::lt as fn(&f64, &f64) -> bool),
            ("maximum", "<=", f64::gt),
        ] {
            if schema[limit]
                .as_f64()
                .is_some_and(|limit| wrong(&number, &limit))
            {
                report(
                    "invalid",
                    format!("must be {sign} {} but found {value}", schema[limit]),
                );
            }
        }
    }
    let length = match value {
        Value::String(text) => Some(("minLength", "maxLength", text.chars().count())),
        Value::Array(items) => Some(("minItems", "maxItems", items.len())),
        Value::Object(members) => Some(("minProperties", "maxProperties", members.len())),
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
    };
    if let Some((least, most, length)) = length {
        let limit = |name: &str| {
            schema[name]
                .as_u64()
                .and_then(|limit| usize::try_from(limit).ok())
        };
        if let Some(least) = limit(least).filter(|least| length < *least) {
            report(
                "invalid",
                format!("length must be >= {least}, but got {length}"),
            );
        }
        if let Some(most) = limit(most).filter(|most| length > *most) {
            report(
                "invalid",
                format!("length must be <= {most}, but got {length}"),
            );
        }
    }
    if let (Some(format), Some(text)) = (schema["format"].as_str(), value.as_str()) {
        let fine = match format {
            "uuid" => is_uuid(text),
            "label" => is_label(text),
            _ => true,
        };
        if !fine {
            report("invalid", format!("\"{text}\" is not a valid {format}"));
        }
    }
    match value {
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                check(&schema["items"], item, &format!("{at}[{index}]"), found);
            }
        }
        Value::Object(members) => check_members(schema, members, at, found),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn check_members(
    schema: &Value,
    members: &Map<String, Value>,
    at: &str,
    found: &mut Vec<Violation>,
) {
    let path = |field: &str| match at {
        "" => field.to_owned(),
        at => format!("{at}.{field}"),
    };
    for field in schema["required"].as_array().into_iter().flatten() {
        let field = field.as_str().unwrap_or_default();
        let may_be_null = schema["properties"][field]["nullable"] == true;
        if members
            .get(field)
            .is_none_or(|value| value.is_null() && !may_be_null)
        {
            found.push(missing(path(field)));
        }
    }
    let required = |field: &str| {
        let list = schema["required"].as_array();
        list.is_some_and(|list| list.iter().any(|name| name == field))
    };
    for (field, value) in members {
        match (
            &schema["properties"][field],
            &schema["additionalProperties"],
        ) {
            (Value::Null, Value::Bool(false)) => found.push(Violation {
                field: path(field),
                rule: "unknown_property",
                message: "is not a known field".to_owned(),
            }),
            (Value::Null, others) => check(others, value, &path(field), found),
            // A null where a value is required has been reported.
            (_, _) if value.is_null() && required(field) => {}
            (property, _) => check(property, value, &path(field), found),
        }
    }
}

/// Fills in the defaults of `schema`, also those of objects that are there in part.
pub(crate) fn fill(schema: &Value, members: &mut Map<String, Value>) {
    for (field, property) in schema["properties"].as_object().into_iter().flatten() {
        if !members.contains_key(field) && !property["default"].is_null() {
            members.insert(field.clone(), property["default"].clone());
        }
        if let Some(Value::Object(below)) = members.get_mut(field) {
            fill(property, below);
        }
    }
}

/// Takes out what equals the defaults of `schema`, the opposite of [`fill`].
pub(crate) fn without_defaults(schema: &Value, members: &mut Map<String, Value>) {
    for (field, property) in schema["properties"].as_object().into_iter().flatten() {
        let Some(value) = members.get_mut(field) else {
            continue;
        };
        let before = value.clone();
        if let Value::Object(below) = value {
            without_defaults(property, below);
        }
        let emptied = *value == json!({}) && before != *value;
        if emptied || same(&before, &property["default"]) {
            members.remove(field);
        }
    }
}

/// Whether a text is a UUID with hyphens.
pub(crate) fn is_uuid(text: &str) -> bool {
    text.len() == 36 && Uuid::try_parse(text).is_ok()
}

/// Label values begin and end with a letter or digit; between them are also `-`, `.` and `_`.
fn is_label(text: &str) -> bool {
    let ends = |c: char| c.is_ascii_alphanumeric();
    text.starts_with(ends)
        && text.ends_with(ends)
        && text
            .chars()
            .all(|c| ends(c) || matches!(c, '-' | '.' | '_'))
}

fn is(expected: &str, value: &Value) -> bool {
    match expected {
        "integer" => value.as_f64().is_some_and(|number| number.fract() == 0.0),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => true,
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// Equality for which `5` and `5.0` are one number.
fn same(one: &Value, other: &Value) -> bool {
    match (one.as_f64(), other.as_f64()) {
        (Some(one), Some(other)) => one.total_cmp(&other).is_eq(),
        _ => one == other,
    }
}

#[cfg(test)]
mod tests {
    use kong_model::Collection;

    use super::*;

    #[test]
    fn every_kind_of_rule_finds_its_violation() {
        let service = |change: Value| {
            let mut body = json!({"host": "h"});
            body.as_object_mut()
                .unwrap()
                .extend(change.as_object().unwrap().clone());
            violations(Collection::Services.schema(), &body)
                .into_iter()
                .map(|violation| (violation.field, violation.message))
                .collect::<Vec<_>>()
        };
        for (change, field, message) in [
            (json!({"host": null}), "host", "is a required field"),
            (
                json!({"host": ""}),
                "host",
                "length must be >= 1, but got 0",
            ),
            (
                json!({"port": "80"}),
                "port",
                "expected integer, but got string",
            ),
            (
                json!({"port": 1.5}),
                "port",
                "expected integer, but got number",
            ),
            (
                json!({"port": 70000}),
                "port",
                "must be <= 65535 but found 70000",
            ),
            (
                json!({"retries": -1}),
                "retries",
                "must be >= 0 but found -1",
            ),
            (
                json!({"tags": ["a", 1]}),
                "tags[1]",
                "expected string, but got number",
            ),
            (
                json!({"tags": vec!["t"; 21]}),
                "tags",
                "length must be <= 20, but got 21",
            ),
            (
                json!({"tls_sans": {"uris": 1}}),
                "tls_sans.uris",
                "expected array, but got number",
            ),
            (json!({"unknown": 1}), "unknown", "is not a known field"),
        ] {
            assert_eq!(service(change), [(field.to_owned(), message.to_owned())]);
        }
        assert!(
            service(json!({"protocol": "ftp"}))[0]
                .1
                .starts_with("value must be one of \"grpc\"")
        );
        assert_eq!(
            service(json!({"port": 80.0, "path": null, "url": "http://a"})),
            []
        );
    }

    #[test]
    fn labels_have_to_look_like_labels() {
        let labels = |value: &str| {
            let body = json!({"name": "cp", "labels": {"team": value}});
            violations(Collection::ControlPlanes.schema(), &body).len()
        };
        for (value, wrong) in [("a.b-c_d", 0), ("a-", 1), ("a b", 1), ("-a", 1)] {
            assert_eq!(labels(value), wrong, "{value}");
        }
    }

    #[test]
    fn what_is_filled_in_is_what_is_taken_out() {
        for collection in Collection::all() {
            let mut members = Map::new();
            fill(collection.schema(), &mut members);
            without_defaults(collection.schema(), &mut members);
            assert_eq!(members, Map::new(), "{collection}");
        }
        let given = json!({"name": "u", "healthchecks": {"active": {"timeout": 3}}, "tags": []});
        let mut members = given.as_object().unwrap().clone();
        fill(Collection::Upstreams.schema(), &mut members);
        assert_eq!(members["healthchecks"]["threshold"], 0);
        assert_eq!(members["healthchecks"]["active"]["concurrency"], 10);
        assert_eq!(members["healthchecks"]["active"]["timeout"], 3);
        without_defaults(Collection::Upstreams.schema(), &mut members);
        assert_eq!(Value::Object(members), given);
    }
}
