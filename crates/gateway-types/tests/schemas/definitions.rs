//! The definitions in `definitions/` and `fixtures/`: one schema for each channel, kind and version.

use std::{fs, path::Path};

use serde_json::Value;

/// The channels of the Gateway API, and where their definitions are.
const CHANNELS: [(&str, &str); 2] = [
    ("standard", "fixtures/standard"),
    ("experimental", "definitions"),
];

/// A version of a kind, as one channel has it.
#[derive(Clone, Debug)]
pub(crate) struct Definition {
    pub(crate) channel: &'static str,
    pub(crate) kind: String,
    pub(crate) version: String,
    pub(crate) plural: String,
    pub(crate) namespaced: bool,
    pub(crate) schema: Value,
}

/// Every version of every kind in both channels, those that are no longer served among them: objects may
/// be stored in them.
pub(crate) fn all() -> Vec<Definition> {
    let mut definitions = Vec::new();
    for (channel, folder) in CHANNELS {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        for entry in fs::read_dir(folder).expect("the fixtures are there") {
            let path = entry.expect("a folder can be listed").path();
            let text = fs::read_to_string(path).expect("a fixture is readable");
            let document: Value = serde_yaml::from_str(&text).expect("a fixture is YAML");
            definitions.extend(versions(channel, &document));
        }
    }
    definitions.sort_by_key(|it| (it.channel, it.kind.clone(), it.version.clone()));
    definitions
}

fn versions(channel: &'static str, document: &Value) -> Vec<Definition> {
    let text = |value: &Value| value.as_str().expect("it is a text").to_owned();
    let spec = &document["spec"];
    spec["versions"]
        .as_array()
        .expect("there are versions")
        .iter()
        .map(|version| Definition {
            channel,
            kind: text(&spec["names"]["kind"]),
            version: text(&version["name"]),
            plural: text(&spec["names"]["plural"]),
            namespaced: spec["scope"] == "Namespaced",
            schema: version["schema"]["openAPIV3Schema"].clone(),
        })
        .collect()
}
