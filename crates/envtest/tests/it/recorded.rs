//! The conversations that the simulated server is tested by, held with a real one. They stay true, or what has
//! changed is seen: `UPDATE_RECORDED=1` writes down what this server answers.

use std::{env, fs, path::PathBuf};

use envtest::{Envtest, definitions};
use kube::Client;
use serde_json::Value;

use crate::{exchange::comparable, real::Real};

/// The fixtures of the simulated server.
fn fixtures() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../cluster-sim/tests/fixtures")
}

/// The definitions that its conversations are about: upstream's, each version stored as it is.
fn upstream() -> Vec<Value> {
    let mut files: Vec<PathBuf> = fs::read_dir(fixtures().join("crds"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files
        .into_iter()
        .map(|file| serde_yaml::from_str(&fs::read_to_string(file).unwrap()).unwrap())
        .collect()
}

#[tokio::test]
async fn a_real_server_answers_as_recorded() {
    let Some(servers) = Envtest::start().await else {
        return;
    };
    let admin = servers.admin();
    definitions::install(&admin, &upstream()).await.unwrap();
    let mut differences = Vec::new();
    for file in ["objects.json", "changes.json", "conversations.json"] {
        differences.extend(replay(&admin, file).await);
    }
    assert!(
        differences.is_empty() || env::var_os("UPDATE_RECORDED").is_some(),
        "{} answers are not as recorded; UPDATE_RECORDED=1 writes down what they are:\n{}",
        differences.len(),
        differences.join("\n")
    );
}

/// Holds the conversations of a file, and says what is different now.
async fn replay(admin: &Client, file: &str) -> Vec<String> {
    let path = fixtures().join("recorded").join(file);
    let mut conversations: Vec<Value> =
        serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    let mut differences = Vec::new();
    for conversation in &mut conversations {
        let name = conversation["name"].clone();
        let mut server = Real::new(admin);
        for step in conversation["steps"].as_array_mut().unwrap() {
            let found = server.ask(&step["request"]).await;
            // Refusals come in any order: what says the same is left as it is.
            if comparable(&found) != comparable(&step["answer"]) {
                differences.push(format!(
                    "{file}, {name}: {}\n  expected {}\n  found    {found}",
                    step["request"], step["answer"]
                ));
                step["answer"] = found;
            }
        }
        server.forget().await;
    }
    if !differences.is_empty() && env::var_os("UPDATE_RECORDED").is_some() {
        let lines: Vec<String> = conversations.iter().map(Value::to_string).collect();
        fs::write(&path, format!("[\n{}\n]\n", lines.join(",\n"))).unwrap();
    }
    differences
}
