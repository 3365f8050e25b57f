//! Which value a server means that cannot even decode an object: it names the type of a whole map and not
//! the entry at fault.
//!
//! Looks at the parts of an object that are decoded before any schema: metadata, and all of a Secret.
//! Start with [`findings`].

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::findings::{Finding, words};
use crate::manifests::Manifest;

/// What a field is made of.
#[derive(Clone, Copy)]
enum Shape {
    /// Text.
    Text,
    /// A mapping of texts.
    Texts,
    /// A mapping of texts in base64.
    Encoded,
    /// A list of texts.
    Lines,
    /// A list of mappings of which these members are texts.
    Members(&'static [&'static str]),
}

/// Of every object.
const METADATA: &[(&str, Shape)] = &[
    ("metadata.generateName", Shape::Text),
    ("metadata.namespace", Shape::Text),
    ("metadata.labels", Shape::Texts),
    ("metadata.annotations", Shape::Texts),
    ("metadata.finalizers", Shape::Lines),
    (
        "metadata.ownerReferences",
        Shape::Members(&["apiVersion", "kind", "name", "uid"]),
    ),
];

/// Of a Secret.
const SECRET: &[(&str, Shape)] = &[
    ("data", Shape::Encoded),
    ("stringData", Shape::Texts),
    ("type", Shape::Text),
];

/// One finding a value that is not what its place takes.
pub(super) fn findings(manifest: &Manifest) -> Vec<Finding> {
    let of_kind = if manifest.document["kind"] == "Secret" {
        SECRET
    } else {
        &[]
    };
    let mut findings = Vec::new();
    for (path, shape) in METADATA.iter().chain(of_kind) {
        if let Some(value) = manifest.field(path) {
            check(manifest, path, *shape, value, &mut findings);
        }
    }
    findings
}

fn check(
    manifest: &Manifest,
    path: &str,
    shape: Shape,
    value: &Value,
    findings: &mut Vec<Finding>,
) {
    let mut wrong = |path: &str, value: &Value, wanted: &str, remedy: &str| {
        let message = format!("must be {wanted} and is {}", words(value));
        findings.push(manifest.finding(path, message).remedy(remedy));
    };
    match (shape, value) {
        (_, Value::Null) | (Shape::Text, Value::String(_)) => {}
        (Shape::Text, Value::Bool(_) | Value::Number(_)) => {
            wrong(path, value, "a string", "put it in quotes");
        }
        (Shape::Text, _) => wrong(path, value, "a string", "write a string"),
        (Shape::Texts | Shape::Encoded, Value::Object(members)) => {
            for (name, member) in members {
                let path = format!("{path}[{name}]");
                match (shape, member) {
                    (Shape::Encoded, Value::String(text)) if STANDARD.decode(text).is_err() => {
                        let finding = manifest.finding(&path, "is not base64");
                        findings.push(finding.remedy("encode it, or write it under stringData"));
                    }
                    (_, member) => check(manifest, &path, Shape::Text, member, findings),
                }
            }
        }
        (Shape::Texts | Shape::Encoded, _) => {
            wrong(path, value, "a mapping", "write each entry as name: value");
        }
        (Shape::Lines, Value::Array(items)) => {
            for (index, item) in items.iter().enumerate() {
                let path = format!("{path}[{index}]");
                check(manifest, &path, Shape::Text, item, findings);
            }
        }
        (Shape::Members(names), Value::Array(items)) => {
            for (index, item) in items.iter().enumerate() {
                for name in names {
                    let path = format!("{path}[{index}].{name}");
                    check(manifest, &path, Shape::Text, &item[name], findings);
                }
            }
        }
        (Shape::Lines | Shape::Members(_), _) => {
            wrong(path, value, "a list", "begin each item with -");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::manifests::Document;

    fn told(text: &str) -> Vec<String> {
        let Document { value, lines } = Document::read(text).unwrap();
        let manifest = Manifest {
            file: Arc::from("a.yaml"),
            document: value,
            lines,
        };
        let told = findings(&manifest);
        told.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_entry_at_fault_is_named() {
        let text = "\
kind: KongService
metadata:
  name: a
  labels:
    good: 'yes'
    konghq.com/bad: yes
  annotations: [a]
  finalizers: [a.b/c, 5]
  ownerReferences:
  - name: a
    uid: 1
";
        assert_eq!(
            told(text),
            [
                "a.yaml:6: KongService a: metadata.labels[konghq.com/bad]: must be a string and is a \
                 boolean; put it in quotes",
                "a.yaml:7: KongService a: metadata.annotations: must be a mapping and is a list; write \
                 each entry as name: value",
                "a.yaml:8: KongService a: metadata.finalizers[1]: must be a string and is a number; put \
                 it in quotes",
                "a.yaml:11: KongService a: metadata.ownerReferences[0].uid: must be a string and is a \
                 number; put it in quotes",
            ]
        );
    }

    #[test]
    fn the_entry_of_a_secret_is_named_without_its_value() {
        let text = "\
kind: Secret
metadata: {name: a}
data:
  tls.key: not base64!
stringData:
  pin: 1234
";
        assert_eq!(
            told(text),
            [
                "a.yaml:4: Secret a: data[tls.key]: is not base64; encode it, or write it under \
                 stringData",
                "a.yaml:6: Secret a: stringData[pin]: must be a string and is a number; put it in quotes",
            ]
        );
    }
}
