//! Requests that Kong's operator sent, and the statuses it got: all recorded scenarios, step by step.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use kong_model::{Method, Response};
use konnect_sim::Fault;
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::client::{Client, TOKEN, request};

/// Where the records are: they belong to whoever replays them as a whole.
const RECORDS: &str = "../testkit/fixtures/operator-behaviour";

/// A token that nobody accepts.
const REVOKED: &str = "kpat_bad";

/// Kinds whose entities carry nothing that names their object.
const NAMELESS: [(&str, &str); 2] = [
    ("KongDataPlaneClientCertificate", "dp-client-certificates"),
    ("KonnectConfigStore", "config-stores"),
];

/// What Kong refuses and the Konnect that was recorded did not: two plugins of one control plane under one
/// instance name.
const STRICTER: (&str, &str) = ("plugin-binding", "instance_name");

/// What placeholders of the records stand for in one scenario.
#[derive(Default)]
struct Names {
    ids: BTreeMap<String, String>,
    /// Ids of entities that carry no name, by collection, in the order of their creation.
    nameless: BTreeMap<String, Vec<String>>,
}

impl Names {
    /// Gives the oldest nameless entity of the right kind to a placeholder that stands for none yet.
    fn claim(&mut self, placeholder: &str) {
        let kind = |(kind, _): &&(&str, &str)| placeholder.starts_with(&format!("<id:{kind}/"));
        let Some((_, collection)) = NAMELESS.iter().find(kind) else {
            return;
        };
        let ids = self.nameless.get_mut(*collection);
        if let Some(ids) = ids.filter(|ids| !ids.is_empty() && !self.ids.contains_key(placeholder))
        {
            self.ids.insert(placeholder.to_owned(), ids.remove(0));
        }
    }

    /// Replaces `<uid:...>` by a UUID of that name, and `<id:...>` by the id that was given; an id that
    /// nobody was given is one of nothing.
    fn resolve(&mut self, text: &str) -> String {
        let mut out = String::new();
        let mut rest = text;
        while let Some(start) = rest.find('<') {
            let mut depth = 0;
            let end = rest[start..]
                .char_indices()
                .find_map(|(at, c)| {
                    depth += i32::from(c == '<') - i32::from(c == '>');
                    (depth == 0).then_some(start + at)
                })
                .expect("placeholders are closed");
            let placeholder = &rest[start..=end];
            out.push_str(&rest[..start]);
            self.claim(placeholder);
            match self.ids.get(placeholder) {
                Some(id) => out.push_str(id),
                None if placeholder.starts_with("<name:") => out.push_str(placeholder),
                None => {
                    let id = Uuid::new_v5(&Uuid::NAMESPACE_OID, placeholder.as_bytes());
                    out.push_str(&id.to_string());
                }
            }
            rest = &rest[end + 1..];
        }
        out + rest
    }

    fn resolve_all(&mut self, value: &Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.resolve(text)),
            Value::Array(items) => items.iter().map(|item| self.resolve_all(item)).collect(),
            Value::Object(members) => members
                .iter()
                .map(|(key, value)| (key.clone(), self.resolve_all(value)))
                .collect::<Map<_, _>>()
                .into(),
            Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
        }
    }

    /// Notes the id of what a `POST` created, under the names that records have for it.
    fn note(&mut self, foreign: bool, path: &str, sent: &Value, id: &str) {
        let collection = path.rsplit('/').next().unwrap();
        if NAMELESS.iter().any(|(_, nameless)| *nameless == collection) {
            let ids = self.nameless.entry(collection.to_owned()).or_default();
            return ids.push(id.to_owned());
        }
        let metadata = |key: &str| {
            let tag = sent["tags"]
                .as_array()
                .into_iter()
                .flatten()
                .find_map(|tag| tag.as_str()?.strip_prefix(key)?.strip_prefix(':'));
            tag.or_else(|| sent["labels"][key].as_str())
                .unwrap_or_default()
        };
        let (namespace, name) = (metadata("k8s-namespace"), metadata("k8s-name"));
        let stem = if foreign {
            let name = sent["name"].as_str().unwrap_or_default();
            format!("<id:konnect/{collection}/{name}")
        } else {
            format!("<id:{}/{namespace}/{name}", metadata("k8s-kind"))
        };
        let first = format!("{stem}>");
        let placeholder = if self.ids.contains_key(&first) {
            format!("{stem}#2>")
        } else {
            first
        };
        self.ids.insert(placeholder, id.to_owned());
    }
}

fn method(value: &Value) -> Method {
    let all = [
        Method::Get,
        Method::Post,
        Method::Put,
        Method::Patch,
        Method::Delete,
    ];
    all.into_iter()
        .find(|method| value == method.as_str())
        .unwrap()
}

/// A scenario being replayed.
struct Replay {
    client: Client,
    names: Names,
}

impl Replay {
    /// Sends a request of the operator or, if that is foreign, of somebody else.
    fn ask(&mut self, recorded: &Value, token: &str, foreign: bool) -> Response {
        let path = self.names.resolve(recorded["path"].as_str().unwrap());
        let body = recorded.get("body");
        let body = body.map(|body| self.names.resolve_all(body));
        let request = request(method(&recorded["method"]), &path, body);
        let (konnect, now) = (&mut self.client.konnect, self.client.now);
        let answer = if foreign {
            konnect.third_party(now, &request)
        } else {
            konnect.handle(now, token, &request)
        };
        let entity = answer.body.get("item").unwrap_or(&answer.body);
        // A membership has no id of its own.
        if let Some(id) = entity["id"].as_str().filter(|_| answer.status == 201) {
            self.names.note(foreign, &path, &recorded["body"], id);
        }
        answer
    }

    /// What somebody else does in a step, and what stands in Konnect's way while it lasts.
    fn meddle(&mut self, step: &Value) {
        for act in step["konnect"].as_array().into_iter().flatten() {
            let answer = &act["answer"];
            if answer.is_null() {
                self.ask(act, TOKEN, true);
            } else {
                let status = u16::try_from(answer["status"].as_u64().unwrap()).unwrap();
                let response = Response::new(status, answer["body"].clone());
                let path = answer["match"].as_str().unwrap();
                let fault = Fault::new(Some(method(&answer["method"])), path, response);
                self.client.konnect.script(fault);
            }
        }
    }
}

#[test]
fn recorded_requests_get_the_recorded_statuses() {
    let records = Path::new(env!("CARGO_MANIFEST_DIR")).join(RECORDS);
    let mut scenarios = 0;
    let mut compared = 0;
    let mut stricter = 0;
    for entry in fs::read_dir(records).unwrap() {
        let record: Value =
            serde_json::from_slice(&fs::read(entry.unwrap().path()).unwrap()).unwrap();
        let list = |member: &str| record[member].as_array().unwrap().clone();
        let mut replay = Replay {
            client: Client::new(),
            names: Names::default(),
        };
        for (step, after) in list("steps").iter().zip(list("after")) {
            replay.meddle(step);
            for recorded in after["konnect"].as_array().into_iter().flatten() {
                let status = &recorded["status"];
                let token = if *status == 401 { REVOKED } else { TOKEN };
                let answer = replay.ask(recorded, token, false);
                let refused = answer.body["details"][0]["field"].as_str();
                if refused == Some(STRICTER.1) {
                    assert_eq!(record["name"], STRICTER.0);
                    stricter += 1;
                } else if recorded["varies"] != true {
                    compared += 1;
                    assert_eq!(
                        answer.status, *status,
                        "{}: {recorded}: {}",
                        record["name"], answer.body
                    );
                }
            }
            replay.client.konnect.clear_faults();
        }
        scenarios += 1;
    }
    assert_ne!(stricter, 0, "an exception that is none");
    assert!(scenarios >= 60 && compared > 300, "{scenarios} {compared}");
}
