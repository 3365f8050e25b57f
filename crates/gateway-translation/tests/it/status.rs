//! The statuses that objects ought to have.

mod gateways;
mod policies;
mod routes;
mod whole;

use std::fs;

use gateway_translation::status::{Push, with_times};
use gateway_translation::{KongVersion, Settings, Translation, translate};
use kong_crds::Kind;
use kong_resolve::Key;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::gateway::{CLASS, FLAVORS, gateway, service};
use crate::golden::{cases, fixtures, world};

const US: &str = "konghq.com/gateway-operator";

fn right() -> Settings {
    Settings::right(KongVersion::new(3, 10))
}

fn translated(manifests: &str) -> Translation {
    translate(&world(manifests), &right())
}

/// A route with a spec.
fn route(kind: &str, name: &str, spec: &str) -> String {
    object(kind, name, "default", &format!("spec: {{{spec}}}"))
}

fn object(kind: &str, name: &str, namespace: &str, rest: &str) -> String {
    format!(
        "
---
apiVersion: gateway.networking.k8s.io/v1
kind: {kind}
metadata: {{name: {name}, namespace: {namespace}, generation: 7}}
{rest}"
    )
}

impl Statuses for Translation {
    fn status(&self, object: &str) -> &Value {
        let is = |key: &&Key| key.to_string() == object;
        let key = self.statuses.keys().find(is);
        let key = key.unwrap_or_else(|| panic!("no status of {object}: {:#?}", self.statuses));
        &self.statuses[key]
    }
}

pub(crate) trait Statuses {
    fn status(&self, object: &str) -> &Value;
}

/// Status and reason of a condition among others: `True Accepted`.
pub(crate) fn condition(of: &Value, kind: &str) -> String {
    let mut conditions = of["conditions"].as_array().into_iter().flatten();
    match conditions.find(|it| it["type"] == kind) {
        Some(it) => format!(
            "{} {}",
            it["status"].as_str().unwrap(),
            it["reason"].as_str().unwrap()
        ),
        None => String::new(),
    }
}

pub(crate) fn message<'v>(of: &'v Value, kind: &str) -> &'v str {
    let mut conditions = of["conditions"].as_array().into_iter().flatten();
    let found = conditions.find(|it| it["type"] == kind);
    found
        .and_then(|it| it["message"].as_str())
        .unwrap_or_default()
}

/// The listener of a name in the status of a Gateway or ListenerSet.
fn listener<'v>(status: &'v Value, name: &str) -> &'v Value {
    let mut listeners = status["listeners"].as_array().into_iter().flatten();
    listeners.find(|it| it["name"] == name).unwrap()
}

const TO_A: &str = "rules: [{backendRefs: [{name: a, port: 80}]}]";

/// An authority's certificate, in PEM, as the recorded cases have one.
pub(crate) fn authority() -> String {
    let case = fixtures().join("golden-more/ca-certificates/in.yaml");
    let manifests = fs::read_to_string(case).unwrap();
    let mut documents = manifests
        .split("\n---")
        .map(|document| -> Value { serde_yaml::from_str(document).unwrap() });
    let map = documents.find(|it| it["kind"] == "ConfigMap").unwrap();
    map["data"]["ca.crt"].as_str().unwrap().to_owned()
}

fn backend_tls(name: &str, created: u8, more: &str) -> String {
    format!(
        "
---
apiVersion: gateway.networking.k8s.io/v1
kind: BackendTLSPolicy
metadata: {{name: {name}, namespace: default, creationTimestamp: '2024-01-0{created}T00:00:00Z'}}
spec:
  targetRefs: [{{group: '', kind: Service, name: a}}]
  validation: {{hostname: a.internal, {more}}}"
    )
}
