//! Takes out of a derived schema what the API server refuses, warns about, or would act on in ways
//! that upstream's definitions do not.

use serde_json::Value;

/// Formats of Rust's number types that the API server does not know, and `double`, which it ignores.
const FOREIGN_FORMATS: [&str; 8] = [
    "uint", "uint8", "uint16", "uint32", "uint64", "int8", "int16", "double",
];

/// Tidies a schema and all within. Walks schemas only, never `default` or `enum` payloads, so that
/// data is not rewritten.
pub(super) fn tidy(schema: &mut Value) {
    let Some(node) = schema.as_object_mut() else {
        return;
    };
    // An explicit null is to be dropped, as with Go types, not stored.
    node.remove("nullable");
    node.remove("title");
    if node.get("default").is_some_and(Value::is_null) {
        node.remove("default");
    }
    if node
        .get("required")
        .and_then(Value::as_array)
        .is_some_and(Vec::is_empty)
    {
        node.remove("required");
    }
    if let Some(Value::Array(values)) = node.get_mut("enum") {
        values.retain(|value| !value.is_null());
    }
    if node
        .get("format")
        .and_then(Value::as_str)
        .is_some_and(|format| FOREIGN_FORMATS.contains(&format))
    {
        node.remove("format");
    }
    for bound in ["minimum", "maximum"] {
        if let Some(whole) = node.get(bound).and_then(whole_number) {
            node.insert(bound.to_owned(), whole.into());
        }
    }
    if let Some(properties) = node.get_mut("properties").and_then(Value::as_object_mut) {
        properties.values_mut().for_each(tidy);
    }
    for child in ["items", "additionalProperties", "not"] {
        if let Some(schema) = node.get_mut(child) {
            tidy(schema);
        }
    }
    for list in ["allOf", "anyOf", "oneOf"] {
        if let Some(schemas) = node.get_mut(list).and_then(Value::as_array_mut) {
            schemas.iter_mut().for_each(tidy);
        }
    }
}

/// Bounds pass through a type that has floats only.
fn whole_number(bound: &Value) -> Option<i64> {
    /// Beyond this a float does not hold every whole number.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let bound = bound
        .as_f64()
        .filter(|bound| bound.fract() == 0.0 && bound.abs() < EXACT)?;
    #[expect(
        clippy::cast_possible_truncation,
        reason = "whole, and within the exact range"
    )]
    Some(bound as i64)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_foreign_to_kubernetes_goes_at_every_depth() {
        let mut schema = json!({
            "title": "Thing", "type": "object", "required": [],
            "properties": {
                "port": {"type": "integer", "format": "uint16", "minimum": 0.0, "nullable": true},
                "mode": {"type": "string", "enum": ["a", null], "default": null},
                "list": {"type": "array", "items": {"type": "number", "format": "double"}},
            },
        });
        tidy(&mut schema);
        assert_eq!(
            schema,
            json!({
                "type": "object",
                "properties": {
                    "port": {"type": "integer", "minimum": 0},
                    "mode": {"type": "string", "enum": ["a"]},
                    "list": {"type": "array", "items": {"type": "number"}},
                },
            })
        );
    }

    #[test]
    fn payloads_and_properties_with_such_names_stay() {
        let kept = json!({
            "type": "object", "default": {"title": "x", "nullable": null},
            "properties": {"title": {"type": "string"}, "format": {"type": "string"}},
        });
        let mut schema = kept.clone();
        tidy(&mut schema);
        assert_eq!(schema, kept);
    }
}
