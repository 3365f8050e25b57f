//! A real server, asked with steps of fixtures over HTTP.

use std::collections::BTreeSet;

use http::{Method, Request, header::CONTENT_TYPE};
use http_body_util::BodyExt as _;
use kube::Client;
use serde_json::{Value, json};

use crate::exchange::{Seen, Step};

/// One conversation with a real server.
pub(crate) struct Real {
    client: Client,
    seen: Seen,
    /// Paths of what was created.
    created: BTreeSet<String>,
}

impl Real {
    pub(crate) fn new(admin: &Client) -> Self {
        Self {
            client: admin.clone(),
            seen: Seen::default(),
            created: BTreeSet::new(),
        }
    }

    /// What the server answers, as a fixture writes it.
    pub(crate) async fn ask(&mut self, step: &Value) -> Value {
        let step = Step(step);
        let document = self.seen.fill(step, &step.0["document"]);
        let (method, body) = match step.verb() {
            "create" => (Method::POST, document),
            "replace" => (Method::PUT, document),
            "patch" => (Method::PATCH, self.seen.fill(step, &step.0["patch"])),
            "get" => (Method::GET, Value::Null),
            "delete" => {
                let propagation = step.0["propagation"].as_str().unwrap_or("Background");
                (Method::DELETE, json!({"propagationPolicy": propagation}))
            }
            verb => panic!("unknown verb {verb}"),
        };
        let (code, body) = self.send(method, &path(step), body).await;
        if (step.verb(), code, step.is_dry_run()) == ("create", 201, false) {
            self.created.insert(object_path(step));
        }
        self.seen.answer(step, code, body)
    }

    /// Ends the conversation, and leaves nothing of it.
    pub(crate) async fn forget(mut self) {
        for path in std::mem::take(&mut self.created) {
            let freed = json!({"metadata": {"finalizers": null}});
            self.send(Method::PATCH, &path, freed).await;
            self.send(Method::DELETE, &path, json!({"gracePeriodSeconds": 0}))
                .await;
            let (code, _) = self.send(Method::GET, &path, Value::Null).await;
            assert_eq!(code, 404, "{path} is still there");
        }
    }

    async fn send(&self, method: Method, path: &str, body: Value) -> (u16, Value) {
        let content_type = if method == Method::PATCH {
            "application/merge-patch+json"
        } else {
            "application/json"
        };
        let body = match body {
            Value::Null => Vec::new(),
            body => body.to_string().into_bytes(),
        };
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(CONTENT_TYPE, content_type)
            .body(body.into())
            .unwrap();
        let answer = self.client.send(request).await.unwrap();
        let code = answer.status().as_u16();
        let bytes = answer.into_body().collect().await.unwrap().to_bytes();
        let body = serde_json::from_slice(&bytes)
            .unwrap_or_else(|_| json!({"message": String::from_utf8_lossy(&bytes)}));
        (code, body)
    }
}

/// The path of a step, with its query.
fn path(step: Step<'_>) -> String {
    let mut path = match step.verb() {
        "create" => collection_path(step),
        _ => object_path(step),
    };
    if step.is_for_status() {
        path += "/status";
    }
    if step.is_strict() {
        path += "?fieldValidation=Strict";
    }
    if step.is_dry_run() {
        path += if step.is_strict() { "&" } else { "?" };
        path += "dryRun=All";
    }
    path
}

fn collection_path(step: Step<'_>) -> String {
    let (group, version) = step.group_and_version();
    let root = if group.is_empty() {
        format!("/api/{version}")
    } else {
        format!("/apis/{group}/{version}")
    };
    match step.namespace() {
        "" => format!("{root}/{}", step.plural()),
        namespace => format!("{root}/namespaces/{namespace}/{}", step.plural()),
    }
}

fn object_path(step: Step<'_>) -> String {
    format!("{}/{}", collection_path(step), step.name())
}
