//! No secret is in anything that the operator tells: conditions, events, its log, its metrics. All examples come, what
//! they need goes and comes back, and Konnect refuses them in words of its own.
//!
//! What is secret is read off the examples, as everywhere: see `testkit::examples`.

use std::time::Duration;

use clustertest::{Operator, World};
use kong_model::{Collection, Method, Response};
use konnect_sim::{Fault, Konnect};
use kube::Api;
use kube::api::{ApiResource, DynamicObject, GroupVersionKind, ListParams};
use serde_json::{Value, json};
use testkit::examples::{Examples, is_judged, is_well};
use testkit::watchdog::Secrets;

use crate::world;

/// Without a write for so long it has said what it has to say.
const QUIET: Duration = Duration::from_secs(2);

/// All events of the cluster.
async fn events(world: &World) -> Vec<Value> {
    let kind = GroupVersionKind::gvk("events.k8s.io", "v1", "Event");
    let resource = ApiResource::from_gvk_with_plural(&kind, "events");
    let all: Api<DynamicObject> = Api::all_with(world.admin(), &resource);
    let list = all.list(&ListParams::default()).await.unwrap();
    let events = list.items.into_iter();
    events
        .map(|event| serde_json::to_value(event).unwrap())
        .collect()
}

/// Fails if a text holds a secret; says what stands before it.
fn assert_innocent(secrets: &Secrets, what: &str, text: &str) {
    let Some(at) = secrets.found_in(text) else {
        return;
    };
    let before = &text[..at];
    let start = before.char_indices().rev().nth(300).map_or(0, |(at, _)| at);
    panic!("{what} holds a secret after this: {}", &before[start..]);
}

/// Looks for secrets in everything that has been told so far.
async fn search(world: &World, operator: &Operator, secrets: &Secrets) {
    for event in events(world).await {
        assert_innocent(secrets, "an event", &event.to_string());
    }
    assert_innocent(secrets, "the log", &operator.log());
    assert_innocent(secrets, "the metrics", &operator.metrics().await);
    for object in Examples::get().documents() {
        let status = world.get(object).await.unwrap_or_default()["status"].clone();
        assert_innocent(secrets, "a status", &status.to_string());
    }
}

/// Refuses every change of an entity that holds a secret, in words that have it.
fn refusals(world: &World, secrets: &Secrets) -> Vec<Fault> {
    let refusal = |id: &str, entity: &Value| {
        let mut told = Vec::new();
        texts(entity, &mut told);
        told.retain(|text| secrets.found_in(text).is_some());
        let detail = json!({"type": "ERROR_TYPE_FIELD", "field": "any", "messages": told});
        let body = json!({"code": 3, "message": "validation error", "details": [detail]});
        let refusal = Fault::new(
            Some(Method::Put),
            format!("{id}$"),
            Response::new(400, body),
        );
        (!told.is_empty()).then_some(refusal)
    };
    world.simulator().with(|konnect| {
        let all = Collection::all().flat_map(|at| konnect.entities(at, None));
        all.filter_map(|(id, entity)| refusal(id, entity)).collect()
    })
}

/// Every text in a value.
fn texts(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) => found.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| texts(item, found)),
        Value::Object(members) => members.values().for_each(|value| texts(value, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

async fn until_all_is_well(world: &World) {
    let examples = Examples::get();
    for (key, object) in examples.keys().zip(examples.documents()) {
        if is_judged(key.kind) {
            world.until(object, "well", is_well).await;
        }
    }
}

#[tokio::test]
async fn no_secret_of_any_kind_is_told_by_any_means() {
    let world = world!();
    let examples = Examples::get();
    let secrets = examples.secrets();
    assert!(secrets.texts().count() > 5, "there is nothing to look for");
    for key in examples.keys().filter(|key| key.kind.namespaced()) {
        world.namespace(key.name.namespace()).await;
    }
    world.simulator().with(Konnect::provision_at_once);
    // As much as anybody can have it say.
    let operator = world.operator().variable("RUST_LOG", "trace");
    let operator = operator.start().await;
    let all: Vec<Value> = examples.documents().cloned().collect();
    world.apply_all(&all).await;
    until_all_is_well(&world).await;
    search(&world, &operator, &secrets).await;

    // What others only read goes, and comes back.
    let inputs = examples.keys().zip(&all);
    let inputs = inputs.filter(|(key, _)| !is_judged(key.kind));
    let inputs: Vec<Value> = inputs.map(|(_, object)| object.clone()).collect();
    world.delete_all(&inputs).await;
    world.rest(QUIET).await;
    search(&world, &operator, &secrets).await;
    world.apply_all(&inputs).await;
    until_all_is_well(&world).await;

    // Konnect repeats in its refusals what it is sent.
    let refusals = refusals(&world, &secrets);
    assert!(refusals.len() > 3, "{refusals:?}");
    world.simulator().with(|konnect| {
        for refusal in refusals {
            konnect.script(refusal);
        }
    });
    for example in examples.all() {
        let mut new = Secrets::default();
        if let Some(edit) = &example.edit {
            new.learn(example.key.kind, edit);
        }
        // Konnect repeats what it has, so that has to be what it is sent.
        let edit = match &example.edit {
            Some(edit) if new.texts().next().is_none() => edit.clone(),
            Some(_) if example.document["spec"]["tags"].is_array() => {
                json!({"spec": {"tags": ["shop", "edited"]}})
            }
            Some(_) | None => continue,
        };
        world.edit(&example.document, &edit).await;
    }
    world.rest(QUIET).await;
    search(&world, &operator, &secrets).await;
    let refused = |record: &konnect_sim_http::Record| record.status == 400;
    let count = world
        .simulator()
        .log()
        .iter()
        .filter(|it| refused(it))
        .count();
    assert!(count > 3, "{count} refused");
    // What was searched was there to be searched.
    let told = events(&world).await;
    let of = |sort: &str| told.iter().filter(|event| event["type"] == sort).count();
    let objects = all.len() - inputs.len();
    assert!(of("Normal") >= objects, "{} of {objects}", of("Normal"));
    assert!(of("Warning") > 0, "nothing went wrong: {told:#?}");
    let scrubbed = told.iter().filter(|event| {
        let note = event["note"].as_str().unwrap_or_default();
        note.contains("Konnect refuses it: any: [redacted]")
    });
    assert!(scrubbed.count() > 3, "nothing was left out: {told:#?}");
    assert!(operator.log().contains(" TRACE "), "little was logged");
    assert_eq!(operator.stop().await, 0);
}
