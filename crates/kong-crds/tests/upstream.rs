//! Our definitions mean the same as upstream's: copies of theirs are in `fixtures/upstream`.

#![cfg(feature = "schema")]

use std::{fs, path::Path};

use kong_crds::{crd_documents, schema_diff};
use serde_json::Value;

fn upstream() -> Vec<Value> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/upstream");
    let mut paths: Vec<_> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    paths
        .into_iter()
        .map(|path| serde_yaml::from_str(&fs::read_to_string(path).unwrap()).unwrap())
        .collect()
}

#[test]
fn every_definition_means_what_upstreams_means() {
    let comparison = schema_diff::compare(&crd_documents(), &upstream());
    let found: Vec<String> = comparison
        .differences
        .iter()
        .map(ToString::to_string)
        .collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
    assert_eq!(comparison.unserved, 0, "a fixture has no kind of ours");
}
