use serde_json::json;

use super::*;

fn definition() -> Value {
    json!({
        "metadata": {"name": "things.example.com", "annotations": {"a": "b"}},
        "spec": {
            "group": "example.com",
            "names": {"kind": "Thing", "plural": "things", "categories": ["x", "y"]},
            "scope": "Namespaced",
            "versions": [{
                "name": "v1", "served": true, "storage": true,
                "additionalPrinterColumns": [
                    {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"},
                    {"name": "Port", "type": "integer", "jsonPath": ".spec.port", "description": "p"},
                ],
                "schema": {"openAPIV3Schema": {
                    "type": "object", "required": ["port", "mode"],
                    "properties": {
                        "description": {"type": "string"},
                        "port": {"type": "integer", "minimum": 1, "default": 80},
                        "mode": {"type": "string", "enum": ["a", "b"], "minLength": 1, "description": "m"},
                    },
                    "x-kubernetes-validations": [
                        {"rule": "self.port > 0", "message": "port is positive"},
                        {"rule": "self.mode != ''", "message": "mode is set"},
                    ],
                }},
                "subresources": {"status": {}},
            }],
        },
    })
}

/// What a change at a pointer makes of the definition's comparison with the original.
fn difference(change: impl FnOnce(&mut Value)) -> Vec<String> {
    let mut theirs = definition();
    change(&mut theirs);
    compare(&[definition()], &[theirs])
        .differences
        .iter()
        .map(ToString::to_string)
        .collect()
}

const SCHEMA: &str = "/spec/versions/0/schema/openAPIV3Schema";

fn schema(definition: &mut Value) -> &mut Value {
    definition.pointer_mut(SCHEMA).unwrap()
}

#[test]
fn a_definition_is_as_itself() {
    assert_eq!(difference(|_| ()), Vec::<String>::new());
}

#[test]
fn order_descriptions_and_spelling_do_not_count() {
    let found = difference(|theirs| {
        theirs["spec"]["names"]["categories"] = json!(["y", "x"]);
        theirs["spec"]["versions"][0]["additionalPrinterColumns"]
            .as_array_mut()
            .unwrap()
            .reverse();
        theirs["metadata"]["creationTimestamp"] = Value::Null;
        theirs["status"] = json!({});
        let schema = schema(theirs);
        schema["description"] = "a thing".into();
        schema["required"] = json!(["mode", "port"]);
        schema["x-kubernetes-validations"]
            .as_array_mut()
            .unwrap()
            .reverse();
        schema["properties"]["port"]["minimum"] = json!(1.0);
        schema["properties"]["mode"] = json!({
            "type": "string", "enum": ["b", "a"], "description": "other words",
            "allOf": [{"minLength": 1}, {"minLength": 0}],
        });
    });
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn a_bound_is_named_with_both_sides() {
    let found = difference(|theirs| schema(theirs)["properties"]["port"]["minimum"] = 2.into());
    assert_eq!(
        found,
        ["things.example.com: $.versions[v1].schema.properties.port.minimum: ours 1, theirs 2"]
    );
}

#[test]
fn members_of_sets_are_named_one_by_one() {
    let found = difference(|theirs| {
        schema(theirs)["required"] = json!(["port"]);
        schema(theirs)["properties"]["mode"]["enum"] = json!(["a", "b", "c"]);
    });
    assert_eq!(
        found,
        [
            "things.example.com: $.versions[v1].schema.properties.mode.enum[c]: ours nothing, theirs true",
            "things.example.com: $.versions[v1].schema.required[mode]: ours true, theirs nothing",
        ]
    );
}

#[test]
fn rules_are_told_apart_by_message_and_text() {
    let found = difference(|theirs| {
        schema(theirs)["x-kubernetes-validations"][0]["rule"] = "self.port >= 0".into();
        schema(theirs)["x-kubernetes-validations"][1]["message"] = "mode must be set".into();
    });
    assert_eq!(found.len(), 3, "{found:#?}");
    assert!(
        found[0].contains("[mode is set]: ours {\"rule\""),
        "{}",
        found[0]
    );
    assert!(
        found[1].ends_with("ours \"self.port > 0\", theirs \"self.port >= 0\""),
        "{}",
        found[1]
    );
    assert!(
        found[2].contains("[mode must be set]: ours nothing"),
        "{}",
        found[2]
    );
}

#[test]
fn every_sort_of_planted_difference_is_seen() {
    type Plant = fn(&mut Value);
    let plants: [(&str, Plant); 16] = [
        ("a default", |it| {
            schema(it)["properties"]["port"]["default"] = 81.into();
        }),
        ("a missing default", |it| {
            schema(it)["properties"]["port"]
                .as_object_mut()
                .unwrap()
                .remove("default");
        }),
        ("a type", |it| {
            schema(it)["properties"]["port"]["type"] = "string".into();
        }),
        ("a pattern", |it| {
            schema(it)["properties"]["mode"]["pattern"] = "^a$".into();
        }),
        ("a stricter allOf", |it| {
            schema(it)["properties"]["mode"]["allOf"] = json!([{"minLength": 2}]);
        }),
        ("a property", |it| {
            schema(it)["properties"]["more"] = json!({"type": "string"});
        }),
        ("a property called description", |it| {
            schema(it)["properties"]
                .as_object_mut()
                .unwrap()
                .remove("description");
        }),
        ("a list type", |it| {
            schema(it)["x-kubernetes-list-type"] = "set".into();
        }),
        ("unknown fields kept", |it| {
            schema(it)["x-kubernetes-preserve-unknown-fields"] = true.into();
        }),
        ("a column's path", |it| {
            it["spec"]["versions"][0]["additionalPrinterColumns"][1]["jsonPath"] = ".port".into();
        }),
        ("a column's priority", |it| {
            it["spec"]["versions"][0]["additionalPrinterColumns"][1]["priority"] = 1.into();
        }),
        ("a short name", |it| {
            it["spec"]["names"]["shortNames"] = json!(["t"]);
        }),
        ("a category", |it| {
            it["spec"]["names"]["categories"] = json!(["x"]);
        }),
        ("the scope", |it| {
            it["spec"]["scope"] = "Cluster".into();
        }),
        ("the status subresource", |it| {
            it["spec"]["versions"][0]["subresources"] = json!({});
        }),
        ("an annotation", |it| {
            it["metadata"]["annotations"]["a"] = "c".into();
        }),
    ];
    for (what, plant) in plants {
        assert_eq!(
            difference(plant).len(),
            1,
            "{what}: {:?}",
            difference(plant)
        );
    }
}

#[test]
fn a_version_that_only_one_side_has_is_a_difference() {
    let found = difference(|theirs| {
        let mut version = theirs["spec"]["versions"][0].clone();
        version["name"] = "v2".into();
        theirs["spec"]["versions"]
            .as_array_mut()
            .unwrap()
            .push(version);
    });
    assert_eq!(found.len(), 1);
    assert!(
        found[0].contains("$.versions[v2]: ours nothing"),
        "{}",
        found[0]
    );
}

#[test]
fn ours_missing_is_a_difference_and_theirs_alone_is_counted() {
    let mut other = definition();
    other["metadata"]["name"] = "others.example.com".into();
    let comparison = compare(&[definition()], &[other]);
    assert_eq!(comparison.unserved, 1);
    assert_eq!(comparison.differences.len(), 1);
    assert_eq!(
        comparison.differences[0].to_string(),
        "things.example.com: $: ours \"the definition\", theirs nothing"
    );
}
