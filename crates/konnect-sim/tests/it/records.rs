//! Requests that Kong's operator sent, and the statuses it got, taken from recorded scenarios.

use std::collections::BTreeMap;

use kong_model::Method;
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::client::Client;

const REQUESTS: &str = include_str!("../fixtures/requests.json");

/// What placeholders of the records stand for in one scenario.
#[derive(Default)]
struct Names {
    ids: BTreeMap<String, String>,
}

impl Names {
    /// Replaces `<uid:...>` by a UUID of that name, and `<id:...>` by the id that was given; an id that
    /// nobody was given is one of nothing.
    fn resolve(&self, text: &str) -> String {
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

    fn resolve_all(&self, value: &Value) -> Value {
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

fn method(text: &str) -> Method {
    let all = [
        Method::Get,
        Method::Post,
        Method::Put,
        Method::Patch,
        Method::Delete,
    ];
    all.into_iter()
        .find(|method| method.as_str() == text)
        .unwrap()
}

#[test]
fn recorded_requests_get_the_recorded_statuses() {
    let scenarios: BTreeMap<String, Vec<Value>> = serde_json::from_str(REQUESTS).unwrap();
    let mut compared = 0;
    for (scenario, requests) in scenarios {
        let mut client = Client::new();
        let mut names = Names::default();
        for recorded in requests {
            let foreign = recorded["foreign"] == true;
            let path = names.resolve(recorded["path"].as_str().unwrap());
            let body = recorded.get("body").map(|body| names.resolve_all(body));
            let method = method(recorded["method"].as_str().unwrap());
            let answer = client.ask(method, &path, body.clone());
            if let Some(status) = recorded["status"].as_u64() {
                compared += 1;
                assert_eq!(
                    u64::from(answer.status),
                    status,
                    "{scenario}: {method} {path} {body:?}: {}",
                    answer.body
                );
            }
            if answer.status == 201 {
                let id = answer.body["id"].as_str().unwrap();
                names.note(foreign, &path, &recorded["body"], id);
            }
        }
    }
    assert!(compared > 100, "{compared}");
}
