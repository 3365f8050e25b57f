//! Requests and answers as fixtures write them, whoever is asked.
//!
//! A step is a request and its answer. A request names a `verb` and an object, by `document` or by `apiVersion`,
//! `kind`, `namespace` and `name`; `$version` and `$uid` in it stand for those of the object in its last answer.
//! An answer is without uids, times and version numbers; `changed` says whether the version moved. The tests of
//! `envtest`, which ask a real server, include this file by its path.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

/// A request of a fixture.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step<'a>(pub(crate) &'a Value);

impl<'a> Step<'a> {
    pub(crate) fn verb(self) -> &'a str {
        self.0["verb"].as_str().expect("a step has a verb")
    }

    /// Whether it is about the status half of the object.
    pub(crate) fn is_for_status(self) -> bool {
        self.0["subresource"] == "status"
    }

    pub(crate) fn is_dry_run(self) -> bool {
        self.0["dryRun"] == true
    }

    /// Whether fields that the schema does not know are to be refused.
    pub(crate) fn is_strict(self) -> bool {
        self.0["strict"] == true
    }

    /// Group, empty for core, and version.
    pub(crate) fn group_and_version(self) -> (&'a str, &'a str) {
        let api_version = self.part("apiVersion");
        api_version.split_once('/').unwrap_or(("", api_version))
    }

    pub(crate) fn kind(self) -> &'a str {
        self.part("kind")
    }

    /// The kind as paths have it.
    pub(crate) fn plural(self) -> String {
        let kind = self.kind().to_lowercase();
        match kind.strip_suffix('y') {
            Some(stem) if !stem.ends_with(['a', 'e', 'i', 'o', 'u']) => format!("{stem}ies"),
            Some(_) | None => format!("{kind}s"),
        }
    }

    /// The namespace; empty for a kind of the whole cluster.
    pub(crate) fn namespace(self) -> &'a str {
        self.part_of_metadata("namespace")
    }

    pub(crate) fn name(self) -> &'a str {
        self.part_of_metadata("name")
    }

    fn part(self, name: &str) -> &'a str {
        let of = if self.0["document"].is_null() {
            self.0
        } else {
            &self.0["document"]
        };
        of[name].as_str().unwrap_or_default()
    }

    fn part_of_metadata(self, name: &str) -> &'a str {
        let document = &self.0["document"];
        let of = if document.is_null() {
            self.0
        } else {
            &document["metadata"]
        };
        of[name].as_str().unwrap_or_default()
    }

    /// What the object is remembered by.
    fn key(self) -> String {
        format!("{}/{}/{}", self.kind(), self.namespace(), self.name())
    }
}

/// What the last answer about each object said: its version and its uid.
#[derive(Debug, Default)]
pub(crate) struct Seen(BTreeMap<String, (String, String)>);

impl Seen {
    /// A document or a patch of a step, with what it refers to put in.
    pub(crate) fn fill(&self, step: Step<'_>, value: &Value) -> Value {
        let (version, uid) = self.0.get(&step.key()).cloned().unwrap_or_default();
        let filled = value
            .to_string()
            .replace("$version", &version)
            .replace("$uid", &uid);
        serde_json::from_str(&filled).expect("what is put in is plain text")
    }

    /// An answer, from the code and the body that a server sent.
    pub(crate) fn answer(&mut self, step: Step<'_>, code: u16, mut body: Value) -> Value {
        if code >= 400 {
            let causes = body["details"]["causes"].as_array().cloned();
            return match causes {
                Some(causes) => json!({"code": code, "message": body["message"], "causes": causes}),
                None => json!({"code": code, "message": body["message"]}),
            };
        }
        if body["kind"] == "Status" {
            members(&mut body).remove("metadata");
            members(&mut body["details"]).remove("uid");
            return json!({"code": code, "status": body});
        }
        let metadata = members(&mut body["metadata"]);
        metadata
            .remove("creationTimestamp")
            .expect("every object has a time");
        metadata.remove("managedFields");
        let uid = metadata.remove("uid").expect("every object has a uid");
        let version = metadata.remove("resourceVersion").unwrap_or_default();
        let version = version.as_str().unwrap_or_default().to_owned();
        if let Some(time) = metadata.get_mut("deletionTimestamp") {
            *time = "now".into();
        }
        let uid = uid.as_str().unwrap_or_default().to_owned();
        let before = self.0.insert(step.key(), (version.clone(), uid));
        let changed = before.is_none_or(|(before, _)| before != version);
        json!({"code": code, "object": body, "changed": changed})
    }
}

fn members(value: &mut Value) -> &mut Map<String, Value> {
    value.as_object_mut().expect("it is an object")
}

/// An answer as it can be compared. A real server finds the errors of an object in random order, and says them
/// again in its message: of a refusal its causes are left, in order, and what the message says besides.
pub(crate) fn comparable(answer: &Value) -> Value {
    let mut answer = answer.clone();
    let Some(members) = answer.as_object_mut() else {
        return answer;
    };
    let Some(Value::Array(mut causes)) = members.remove("causes") else {
        return answer;
    };
    if causes.is_empty() {
        return answer;
    }
    causes.sort_by_key(ToString::to_string);
    causes.dedup();
    let message = members["message"].as_str().unwrap_or_default();
    let opening = message.split(" is invalid: ").next().unwrap_or_default();
    // One cause stands alone, several stand in brackets.
    let brackets = message.contains(" is invalid: [");
    json!({"code": members["code"], "opening": opening, "brackets": brackets, "causes": causes})
}
