//! Our definitions mean the same as upstream's: copies of theirs are in `fixtures/upstream`.

#![cfg(feature = "schema")]

use std::{fs, path::Path};

use kong_crds::{crd_documents, schema_diff};
use serde_json::Value;

/// Definitions that upstream's operator does not install, so that there is nothing to compare with.
const APART: [&str; 1] = ["kongservicefacades.incubator.ingress-controller.konghq.com"];

fn upstream() -> Vec<Value> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/upstream");
    let read = |path| {
        let text = fs::read_to_string(path).expect("a fixture is readable");
        serde_yaml::from_str(&text).expect("a fixture is YAML")
    };
    fs::read_dir(directory)
        .expect("the fixtures are there")
        .map(|entry| read(entry.expect("a folder can be listed").path()))
        .collect()
}

#[test]
fn every_definition_means_what_upstreams_means() {
    let ours: Vec<Value> = crd_documents()
        .into_iter()
        .filter(|document| !APART.iter().any(|it| document["metadata"]["name"] == *it))
        .collect();
    let comparison = schema_diff::compare(&ours, &upstream());
    let found: Vec<String> = comparison
        .differences
        .iter()
        .map(ToString::to_string)
        .collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
    assert_eq!(comparison.unserved, 0, "a fixture has no kind of ours");
}
