//! The definitions that Konduit installs, and the simulated server that knows them.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use cluster_sim::Cluster;
use serde_json::Value;

/// What is in `crds/`.
pub(crate) fn documents() -> Vec<Value> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../crds");
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files
        .iter()
        .map(|file| serde_yaml::from_str(&fs::read_to_string(file).unwrap()).unwrap())
        .collect()
}

/// The same, for a server that has this way to convert between versions.
pub(crate) fn documents_with(conversion: &Value) -> Vec<Value> {
    let mut documents = documents();
    for document in &mut documents {
        if served(&document["spec"]).len() > 1 {
            document["spec"]["conversion"] = conversion.clone();
        }
    }
    documents
}

/// The versions that a server serves.
fn served(spec: &Value) -> Vec<&Value> {
    let versions = spec["versions"].as_array().unwrap();
    versions
        .iter()
        .filter(|version| version["served"] == true)
        .collect()
}

/// Names of the kinds that are in no namespace.
pub(crate) fn cluster_wide() -> BTreeSet<String> {
    documents()
        .iter()
        .filter(|document| document["spec"]["scope"] == "Cluster")
        .map(|document| {
            document["spec"]["names"]["kind"]
                .as_str()
                .unwrap()
                .to_owned()
        })
        .collect()
}

/// A simulated server with these kinds, which converts as Konduit does.
pub(crate) fn cluster() -> Cluster {
    Cluster::new(&documents())
        .unwrap()
        .with_conversion(|document, api_version| {
            let version = api_version.rsplit('/').next().unwrap_or_default();
            kong_crds::convert(document, version).map_err(|error| error.to_string())
        })
}

/// A rule as it stands in a schema: the kind, with the version where there are several, the path, and the words.
pub(crate) type Rule = (String, String, String);

/// Every rule of every version of every kind that a server serves.
pub(crate) fn rules() -> BTreeSet<Rule> {
    let mut rules = BTreeSet::new();
    for document in documents() {
        let spec = &document["spec"];
        let kind = spec["names"]["kind"].as_str().unwrap();
        let versions = served(spec);
        for version in &versions {
            let kind = if versions.len() > 1 {
                format!("{kind}/{}", version["name"].as_str().unwrap())
            } else {
                kind.to_owned()
            };
            collect(
                &version["schema"]["openAPIV3Schema"],
                "",
                &mut |path, message| {
                    let rule = (kind.clone(), path.to_owned(), message.to_owned());
                    assert!(
                        rules.insert(rule),
                        "{kind} says the same twice at {path}: {message}"
                    );
                },
            );
        }
    }
    rules
}

fn collect(schema: &Value, path: &str, found: &mut impl FnMut(&str, &str)) {
    for rule in schema["x-kubernetes-validations"]
        .as_array()
        .into_iter()
        .flatten()
    {
        found(path, rule["message"].as_str().unwrap());
    }
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        let path = if path.is_empty() {
            name.clone()
        } else {
            format!("{path}.{name}")
        };
        collect(property, &path, found);
    }
    for part in ["items", "additionalProperties"] {
        if schema[part].is_object() {
            collect(&schema[part], &format!("{path}[]"), found);
        }
    }
}
