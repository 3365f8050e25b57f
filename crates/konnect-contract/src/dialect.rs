//! Where the document's schemas mean something else than JSON Schema would read in them.
//!
//! - `nullable` is OpenAPI 3.0, of which the document still makes use.
//! - What is `readOnly` is not sent, and what is `writeOnly` is not answered; being required does not matter
//!   then.
//! - `oneOf` stands where alternatives overlap: a route without paths is one of either kind. That one of
//!   them holds is all that can be asked.

use jsonschema::{Draft, ValidationOptions};
use serde_json::{Map, Value, json};

/// Who sends a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Side {
    Request,
    Answer,
}

impl Side {
    /// The keyword of members that this side does not send.
    fn withheld(self) -> &'static str {
        match self {
            Self::Request => "readOnly",
            Self::Answer => "writeOnly",
        }
    }
}

/// Formats are rules and not remarks.
pub(crate) fn options() -> ValidationOptions<'static> {
    jsonschema::options()
        .with_draft(Draft::Draft202012)
        .should_validate_formats(true)
        // The document has formats that are none of JSON Schema's, such as `path` and `set`.
        .should_ignore_unknown_formats(true)
        .offline()
}

/// Schemas, and whatever holds schemas, as JSON Schema means them.
pub(crate) fn translate(node: &Value, side: Side) -> Value {
    match node {
        Value::Object(members) => {
            let mut translated: Map<String, Value> = members
                .iter()
                .map(|(key, value)| match key.as_str() {
                    "enum" | "const" | "default" => (key.clone(), value.clone()),
                    _ => (key.clone(), translate(value, side)),
                })
                .collect();
            withhold(&mut translated, side);
            // A property may have the name of a keyword; what it holds is then a schema.
            if translated.get("oneOf").is_some_and(Value::is_array)
                && let Some(alternatives) = translated.remove("oneOf")
            {
                translated.insert("anyOf".to_owned(), alternatives);
            }
            match translated.get("nullable") {
                Some(Value::Bool(true)) => allow_null(translated),
                Some(_) | None => Value::Object(translated),
            }
        }
        Value::Array(items) => items.iter().map(|item| translate(item, side)).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => node.clone(),
    }
}

fn withhold(schema: &mut Map<String, Value>, side: Side) {
    let Some(Value::Object(properties)) = schema.get_mut("properties") else {
        return;
    };
    let mut withheld = Vec::new();
    for (name, property) in properties {
        if property[side.withheld()] == true {
            *property = Value::Bool(false);
            withheld.push(name.clone());
        }
    }
    if let Some(Value::Array(required)) = schema.get_mut("required") {
        required.retain(|name| !withheld.iter().any(|withheld| name == withheld));
    }
}

fn allow_null(mut schema: Map<String, Value>) -> Value {
    match schema.get_mut("type") {
        Some(kind) => *kind = json!([kind, "null"]),
        None => return json!({"anyOf": [{"type": "null"}, schema]}),
    }
    if let Some(Value::Array(choices)) = schema.get_mut("enum") {
        choices.push(Value::Null);
    }
    Value::Object(schema)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(schema: &Value, side: Side, value: &Value) -> bool {
        let schema = translate(schema, side);
        options().build(&schema).unwrap().is_valid(value)
    }

    #[test]
    fn null_is_for_what_may_be_null() {
        let schema = json!({"properties": {
            "a": {"type": "string", "enum": ["x"], "nullable": true}, "b": {"type": "string"},
        }});
        assert!(holds(&schema, Side::Answer, &json!({"a": null, "b": "x"})));
        assert!(!holds(&schema, Side::Answer, &json!({"a": "y"})));
        assert!(!holds(&schema, Side::Answer, &json!({"b": null})));
    }

    #[test]
    fn each_side_sends_what_is_its_own() {
        let schema = json!({"required": ["id", "key"], "properties": {
            "id": {"type": "string", "readOnly": true}, "key": {"type": "string", "writeOnly": true},
        }});
        assert!(holds(&schema, Side::Request, &json!({"key": "k"})));
        assert!(!holds(
            &schema,
            Side::Request,
            &json!({"id": "i", "key": "k"})
        ));
        assert!(holds(&schema, Side::Answer, &json!({"id": "i"})));
        assert!(!holds(
            &schema,
            Side::Answer,
            &json!({"id": "i", "key": "k"})
        ));
        assert!(!holds(&schema, Side::Answer, &json!({})));
    }

    #[test]
    fn formats_are_rules() {
        let schema = json!({"type": "string", "format": "uuid"});
        let id = json!("2f0b44a1-8bd1-45e0-9fd2-a2e0a3c1b0d7");
        assert!(holds(&schema, Side::Answer, &id));
        assert!(!holds(&schema, Side::Answer, &json!("no-uuid")));
        let unknown = json!({"type": "string", "format": "path"});
        assert!(holds(&unknown, Side::Answer, &json!("/")));
    }

    #[test]
    fn a_property_may_have_the_name_of_a_keyword() {
        let schema =
            json!({"properties": {"nullable": {"type": "string"}, "oneOf": {"type": "string"}}});
        assert!(!holds(&schema, Side::Answer, &json!({"nullable": 1})));
        assert!(!holds(&schema, Side::Answer, &json!({"oneOf": 1})));
    }
}
