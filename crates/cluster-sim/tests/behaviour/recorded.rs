//! Conversations recorded from kube-apiserver 1.36.3, held again with the simulated one.
//!
//! `exchange` says what the files hold. A real server is held to them by the tests of `envtest`, which can record
//! them anew: see docs/testing.md.

use std::fs;

use serde_json::Value;

use crate::{
    exchange::comparable,
    simulated::Simulated,
    support::{cluster, fixture},
};

#[test]
fn random_objects_are_completed_and_refused_as_by_a_real_server() {
    replay("objects.json");
}

#[test]
fn random_changes_are_judged_by_what_they_touch_as_by_a_real_server() {
    replay("changes.json");
}

#[test]
fn conversations_go_as_with_a_real_server() {
    replay("conversations.json");
}

fn replay(file: &str) {
    let path = fixture("recorded").join(file);
    let conversations: Vec<Value> =
        serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let mut differences = Vec::new();
    let mut steps = 0;
    for conversation in &conversations {
        let mut server = Simulated::new(cluster());
        for step in conversation["steps"].as_array().unwrap() {
            steps += 1;
            let found = comparable(&server.ask(&step["request"]));
            let expected = comparable(&step["answer"]);
            if found != expected {
                differences.push(format!(
                    "{}: {}\n  expected {expected}\n  found    {found}",
                    conversation["name"], step["request"]
                ));
            }
        }
    }
    assert!(steps > 0, "{file} holds no steps");
    assert!(
        differences.is_empty(),
        "{} of {steps} steps differ:\n{}",
        differences.len(),
        differences.join("\n")
    );
}
