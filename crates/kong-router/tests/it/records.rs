//! The records of `fixtures/routing`, read as they are.

use std::fs;
use std::path::Path;

use kong_router::{Config, Flavor};
use serde_json::Value;

/// One record, with its parts at hand.
pub(crate) struct Record {
    pub(crate) id: String,
    pub(crate) flavor: Flavor,
    pub(crate) config: Config,
    pub(crate) value: Value,
}

/// All records of a file.
pub(crate) fn read(file: &str) -> Vec<Record> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/routing");
    let text = fs::read_to_string(folder.join(file)).unwrap();
    text.lines()
        .map(|line| {
            let value: Value = serde_json::from_str(line).unwrap();
            let Value::Object(document) = value["config"].clone() else {
                panic!("{file}: a configuration is an object");
            };
            let flavor = value.get("flavor").cloned();
            Record {
                id: value["id"].as_str().unwrap().to_owned(),
                flavor: flavor.map_or_else(Flavor::default, |flavor| {
                    serde_json::from_value(flavor).unwrap()
                }),
                config: Config::new(document),
                value,
            }
        })
        .collect()
}

/// Fails with all that differs, if anything does; else says how much was compared.
pub(crate) fn conclude(what: &str, compared: usize, differences: &[String]) {
    println!("{what}: {compared} compared, {} differ", differences.len());
    assert!(compared > 0, "{what}: nothing was compared");
    assert!(
        differences.is_empty(),
        "{what}:\n{}",
        differences.join("\n")
    );
}
