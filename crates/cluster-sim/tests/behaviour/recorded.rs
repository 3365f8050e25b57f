//! Conversations recorded from kube-apiserver 1.36.3, held again with the simulated one.
//!
//! Each file is a list of conversations; each step is a request and the real server's answer, without
//! uids, times and version numbers (`changed` says whether the version moved). In a request `$version`
//! and `$uid` stand for those of the object in the last answer. The real server finds the errors of an
//! object in random order, so refusals are compared cause by cause.

use std::{collections::BTreeMap, fs};

use cluster_sim::{
    Cluster, ObjectId, Preconditions, Propagation, Request, ResourceId, Status, Subresource,
    UnknownFields, WriteOptions,
};
use serde_json::{Value, json};

use crate::support::{NOW, cluster, fixture};

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
        let mut talk = Talk {
            cluster: cluster(),
            seen: BTreeMap::new(),
        };
        for step in conversation["steps"].as_array().unwrap() {
            steps += 1;
            let found = talk.answer(&step["request"]);
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

/// One conversation: the cluster, and what each object's last answer said.
struct Talk {
    cluster: Cluster,
    seen: BTreeMap<String, (String, String)>,
}

impl Talk {
    fn answer(&mut self, step: &Value) -> Value {
        let (request, key) = self.request(step);
        match self.cluster.handle(NOW, "test", request) {
            Err(status) => refusal(&status),
            Ok(object) if object["kind"] == "Status" => {
                let mut status = Value::clone(&object);
                status.as_object_mut().unwrap().remove("metadata");
                status["details"].as_object_mut().unwrap().remove("uid");
                json!({"code": 200, "status": status})
            }
            Ok(object) => {
                let code = if step["verb"] == "create" { 201 } else { 200 };
                let mut object = Value::clone(&object);
                let metadata = object["metadata"].as_object_mut().unwrap();
                metadata
                    .remove("creationTimestamp")
                    .expect("every object has a time");
                let uid = metadata.remove("uid").expect("every object has a uid");
                let version = metadata.remove("resourceVersion").unwrap_or_default();
                let version = version.as_str().unwrap_or_default().to_owned();
                if let Some(time) = metadata.get_mut("deletionTimestamp") {
                    *time = "now".into();
                }
                let last = (version.clone(), uid.as_str().unwrap().to_owned());
                let before = self.seen.insert(key, last);
                let changed = before.is_none_or(|(before, _)| before != version);
                json!({"code": code, "object": object, "changed": changed})
            }
        }
    }

    /// The request of a step, and the name under which its object is remembered.
    fn request(&self, step: &Value) -> (Request, String) {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let document = &step["document"];
        let (api_version, kind, namespace, name) = if document.is_null() {
            (
                &step["apiVersion"],
                &step["kind"],
                &step["namespace"],
                &step["name"],
            )
        } else {
            let metadata = &document["metadata"];
            (
                &document["apiVersion"],
                &document["kind"],
                &metadata["namespace"],
                &metadata["name"],
            )
        };
        let key = format!("{kind}/{namespace}/{name}");
        let (group, version) = api_version
            .as_str()
            .unwrap()
            .split_once('/')
            .unwrap_or(("", "v1"));
        let plural = if kind == "Secret" {
            "secrets".to_owned()
        } else {
            format!("{}s", text(kind).to_lowercase())
        };
        let object =
            || ObjectId::namespaced(ResourceId::new(group, &plural), text(namespace), text(name));
        let version = Some(version.to_owned());
        let fill = |value: &Value| -> Value {
            let (version, uid) = self.seen.get(&key).cloned().unwrap_or_default();
            let filled = value
                .to_string()
                .replace("$version", &version)
                .replace("$uid", &uid);
            serde_json::from_str(&filled).unwrap()
        };
        let options = WriteOptions {
            unknown_fields: match step["strict"].as_bool() {
                Some(true) => UnknownFields::Refuse,
                Some(false) | None => UnknownFields::Drop,
            },
            dry_run: step["dryRun"] == true,
        };
        let subresource = if step["subresource"] == "status" {
            Subresource::Status
        } else {
            Subresource::Main
        };
        let request = match (step["verb"].as_str().unwrap(), subresource) {
            ("create", _) => Request::Create {
                document: fill(document),
                options,
            },
            ("replace", Subresource::Main) => Request::Replace {
                document: fill(document),
                options,
            },
            ("replace", Subresource::Status) => Request::ReplaceStatus {
                document: fill(document),
            },
            ("patch", subresource) => Request::Patch {
                object: object(),
                version,
                patch: fill(&step["patch"]),
                subresource,
            },
            ("get", _) => Request::Get {
                object: object(),
                version,
            },
            ("delete", _) => Request::Delete {
                object: object(),
                preconditions: Preconditions::default(),
                propagation: match step["propagation"].as_str() {
                    Some("Orphan") => Propagation::Orphan,
                    _ => Propagation::Background,
                },
            },
            (verb, _) => panic!("unknown verb {verb}"),
        };
        (request, key)
    }
}

fn refusal(status: &Status) -> Value {
    let causes: Vec<Value> = status
        .causes
        .iter()
        .map(
            |cause| json!({"field": cause.field, "message": cause.message, "reason": cause.reason}),
        )
        .collect();
    comparable(&json!({"code": status.code, "message": status.message, "causes": causes}))
}

/// A refusal with its causes in order, and of its message only the part that is not made of them.
fn comparable(answer: &Value) -> Value {
    let mut answer = answer.clone();
    let Some(members) = answer.as_object_mut() else {
        return answer;
    };
    let Some(mut causes) = members.remove("causes") else {
        return answer;
    };
    let causes = causes.as_array_mut().unwrap();
    if causes.is_empty() {
        return answer;
    }
    causes.sort_by_key(ToString::to_string);
    causes.dedup();
    let message = members["message"].as_str().unwrap();
    let opening = message.split(" is invalid: ").next().unwrap().to_owned();
    // One cause stands alone, several stand in brackets.
    let brackets = message.contains(" is invalid: [");
    json!({"code": members["code"], "opening": opening, "brackets": brackets, "causes": causes})
}
