//! `cargo xtask openapi FILE`: makes of the vendor's OpenAPI document the one that contract tests use.
//!
//! What is kept is what can be checked: paths, parameters, bodies, answers and their schemas. Prose, examples
//! and extensions for generators go. Each path and each component has a line of its own, so that a newer
//! document can be compared with the older one.

use std::{fmt::Write as _, path::Path};

use anyhow::{Context as _, Result};
use serde_json::{Map, Value};

use crate::{Outcome, workspace};

/// Where the document is kept, from the root of the workspace.
const KEPT: &str = "crates/konnect-contract/data/openapi.json";

/// Keywords that only people or generators read.
const PROSE: &[&str] = &[
    "description",
    "example",
    "examples",
    "externalDocs",
    "operationId",
    "security",
    "securitySchemes",
    "servers",
    "summary",
    "tags",
    "title",
];

/// Keywords whose members are named by the API and not by OpenAPI.
const NAMES: &[&str] = &[
    "content",
    "headers",
    "parameters",
    "paths",
    "properties",
    "requestBodies",
    "responses",
    "schemas",
];

/// Keywords whose values are data.
const DATA: &[&str] = &["const", "default", "enum"];

/// Reads a document and writes what is left of it.
pub(crate) fn run(file: &Path) -> Result<Outcome> {
    let text = std::fs::read_to_string(file)
        .with_context(|| format!("\"{}\" cannot be read", file.display()))?;
    let document: Value = serde_yaml::from_str(&text)
        .with_context(|| format!("\"{}\" is not YAML", file.display()))?;
    let path = workspace::root().join(KEPT);
    std::fs::write(&path, write(&document))
        .with_context(|| format!("\"{}\" cannot be written", path.display()))?;
    Ok(Outcome::Well)
}

/// The document that is kept, as text.
fn write(document: &Value) -> String {
    let info = &document["info"];
    let mut text = format!(
        "{{\"openapi\": {}, \"info\": {{\"title\": {}, \"version\": {}, \"license\": {}}},\n",
        document["openapi"], info["title"], info["version"], info["license"]
    );
    text.push_str("\"paths\": {");
    lines(&mut text, &bare(&document["paths"], true));
    text.push_str("\"components\": {");
    let components = bare(&document["components"], false);
    for (index, (section, members)) in components.as_object().into_iter().flatten().enumerate() {
        let comma = if index == 0 { "" } else { "," };
        write!(text, "{comma}\n{}: {{", Value::from(section.as_str()))
            .expect("writing to a String cannot fail");
        lines(&mut text, members);
        text.truncate(text.trim_end_matches([',', '\n']).len());
    }
    text.push_str("}}\n");
    text
}

/// The members of an object, one a line, and the end of it.
fn lines(text: &mut String, object: &Value) {
    for (index, (name, value)) in object.as_object().into_iter().flatten().enumerate() {
        let comma = if index == 0 { "" } else { "," };
        write!(text, "{comma}\n{}: {value}", Value::from(name.as_str()))
            .expect("writing to a String cannot fail");
    }
    text.push_str("},\n");
}

/// A part of the document without what is not checked. `named` tells whether its members have names of the
/// API.
fn bare(node: &Value, named: bool) -> Value {
    match node {
        Value::Object(members) => members
            .iter()
            .filter(|(key, _)| named || !(PROSE.contains(&key.as_str()) || key.starts_with("x-")))
            .map(|(key, value)| {
                let value = if !named && DATA.contains(&key.as_str()) {
                    value.clone()
                } else {
                    bare(value, !named && NAMES.contains(&key.as_str()))
                };
                (key.clone(), value)
            })
            .collect::<Map<_, _>>()
            .into(),
        Value::Array(items) => items.iter().map(|item| bare(item, false)).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => node.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn prose_goes_and_what_the_api_calls_so_stays() {
        let document = json!({
            "openapi": "3.1.0",
            "info": {"title": "T", "version": "1", "license": {"name": "L"}, "description": "prose"},
            "servers": [{"url": "https://x.test"}],
            "paths": {"/a": {"get": {
                "description": "prose", "tags": ["A"], "x-group": 1,
                "responses": {"200": {"description": "prose", "content": {"application/json": {
                    "schema": {"$ref": "#/components/schemas/B"}, "example": {"tags": []},
                }}}},
            }}},
            "components": {"schemas": {
                "B": {"title": "prose", "type": "object", "properties": {
                    "tags": {"type": "array", "default": [{"title": "data"}], "description": "prose"},
                    "title": {"type": "string"}, "x-y": {"type": "string"},
                }},
                "C": {"type": "string"},
            }},
        });
        let text = write(&document);
        let kept: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(
            kept,
            json!({
                "openapi": "3.1.0",
                "info": {"title": "T", "version": "1", "license": {"name": "L"}},
                "paths": {"/a": {"get": {"responses": {"200": {"content": {"application/json": {
                    "schema": {"$ref": "#/components/schemas/B"},
                }}}}}}},
                "components": {"schemas": {
                    "B": {"type": "object", "properties": {
                        "tags": {"type": "array", "default": [{"title": "data"}]},
                        "title": {"type": "string"}, "x-y": {"type": "string"},
                    }},
                    "C": {"type": "string"},
                }},
            })
        );
        assert!(text.lines().any(|line| line.starts_with("\"/a\": ")));
        assert!(text.lines().any(|line| line.starts_with("\"C\": ")));
    }
}
