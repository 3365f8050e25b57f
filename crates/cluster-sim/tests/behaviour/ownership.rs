//! Finalizers and owner references: when objects go, and what goes with them.

use cluster_sim::{Preconditions, Propagation, Reason, Request};
use serde_json::{Value, json};

use crate::support::{
    NOW, cluster, create, delete, delete_with, patch, secret, secret_id, service, service_id,
};

/// A Secret that belongs to these objects.
fn owned(name: &str, owners: &[&Value]) -> Value {
    let references: Vec<Value> = owners
        .iter()
        .map(|owner| {
            json!({"apiVersion": owner["apiVersion"], "kind": owner["kind"],
                "name": owner["metadata"]["name"], "uid": owner["metadata"]["uid"]})
        })
        .collect();
    let mut document = secret(name);
    document["metadata"]["ownerReferences"] = json!(references);
    document
}

#[test]
fn an_object_without_finalizers_is_gone_at_once() {
    let mut cluster = cluster();
    create(&mut cluster, service("a")).unwrap();
    let answer = delete(&mut cluster, service_id("a")).unwrap();
    assert_eq!(
        (&answer["kind"], &answer["status"]),
        (&json!("Status"), &json!("Success"))
    );
    assert_eq!(
        delete(&mut cluster, service_id("a")).unwrap_err().reason,
        Reason::NotFound
    );
}

#[test]
fn the_last_finalizer_takes_the_object_with_it() {
    let mut cluster = cluster();
    let mut document = service("a");
    document["metadata"]["finalizers"] = json!(["test/one", "test/two"]);
    create(&mut cluster, document).unwrap();
    let object = delete(&mut cluster, service_id("a")).unwrap();
    assert_eq!(
        object["metadata"]["deletionTimestamp"],
        "2023-11-14T22:13:20Z"
    );
    let one = json!({"metadata": {"finalizers": ["test/two"]}});
    patch(&mut cluster, service_id("a"), one).unwrap();
    assert!(cluster.get(&service_id("a")).is_some());
    let none = json!({"metadata": {"finalizers": null}});
    patch(&mut cluster, service_id("a"), none).unwrap();
    assert_eq!(cluster.get(&service_id("a")), None);
}

#[test]
fn removing_finalizers_of_a_living_object_keeps_it() {
    let mut cluster = cluster();
    let mut document = service("a");
    document["metadata"]["finalizers"] = json!(["test/one"]);
    create(&mut cluster, document).unwrap();
    patch(
        &mut cluster,
        service_id("a"),
        json!({"metadata": {"finalizers": []}}),
    )
    .unwrap();
    assert!(cluster.get(&service_id("a")).is_some());
}

#[test]
fn a_deletion_meant_for_another_object_of_that_name_is_refused() {
    let mut cluster = cluster();
    let object = create(&mut cluster, service("a")).unwrap();
    let mut attempt = |uid: Option<&str>, version: Option<&str>| {
        let preconditions = Preconditions {
            uid: uid.map(str::to_owned),
            resource_version: version.map(str::to_owned),
        };
        let propagation = Propagation::Background;
        cluster.handle(
            NOW,
            "test",
            Request::Delete {
                object: service_id("a"),
                preconditions,
                propagation,
            },
        )
    };
    let uid = object["metadata"]["uid"].as_str().unwrap();
    assert_eq!(
        attempt(Some("other"), None).unwrap_err().message,
        format!(
            "Operation cannot be fulfilled on KongService.configuration.konghq.com \"a\": the UID \
             in the precondition (other) does not match the UID in record ({uid}). The object \
             might have been deleted and then recreated"
        )
    );
    assert_eq!(
        attempt(Some(uid), Some("9")).unwrap_err().reason,
        Reason::Conflict
    );
    attempt(Some(uid), Some("1")).unwrap();
}

#[test]
fn dependents_go_after_their_owner_generation_by_generation() {
    let mut cluster = cluster();
    let owner = create(&mut cluster, service("a")).unwrap();
    let child = create(&mut cluster, owned("child", &[&owner])).unwrap();
    create(&mut cluster, owned("grandchild", &[&child])).unwrap();
    assert_eq!(cluster.collect_garbage(NOW), 0, "nobody is an orphan yet");
    delete(&mut cluster, service_id("a")).unwrap();
    assert!(
        cluster.get(&secret_id("child")).is_some(),
        "collection is a step of its own"
    );
    assert_eq!(cluster.collect_garbage(NOW), 2);
    assert_eq!(cluster.get(&secret_id("grandchild")), None);
    let actors: Vec<_> = cluster
        .log()
        .iter()
        .rev()
        .take(2)
        .map(|entry| &*entry.actor)
        .collect();
    assert_eq!(actors, ["garbage-collector", "garbage-collector"]);
}

#[test]
fn a_dependent_stays_while_one_owner_is_left_and_forgets_the_others() {
    let mut cluster = cluster();
    let one = create(&mut cluster, service("one")).unwrap();
    let two = create(&mut cluster, service("two")).unwrap();
    create(&mut cluster, owned("child", &[&one, &two])).unwrap();
    delete(&mut cluster, service_id("one")).unwrap();
    assert_eq!(cluster.collect_garbage(NOW), 1);
    let child = cluster.get(&secret_id("child")).unwrap();
    assert_eq!(
        child["metadata"]["ownerReferences"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    assert_eq!(child["metadata"]["ownerReferences"][0]["name"], "two");
}

#[test]
fn an_owner_created_again_under_its_old_name_is_not_the_owner() {
    let mut cluster = cluster();
    let owner = create(&mut cluster, service("a")).unwrap();
    create(&mut cluster, owned("child", &[&owner])).unwrap();
    delete(&mut cluster, service_id("a")).unwrap();
    create(&mut cluster, service("a")).unwrap();
    cluster.collect_garbage(NOW);
    assert_eq!(cluster.get(&secret_id("child")), None);
}

#[test]
fn an_owner_of_a_kind_that_is_not_served_keeps_its_dependents() {
    let mut cluster = cluster();
    let owner = json!({"apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "a", "uid": "x"}});
    create(&mut cluster, owned("child", &[&owner])).unwrap();
    assert_eq!(cluster.collect_garbage(NOW), 0);
}

#[test]
fn a_dependent_with_a_finalizer_waits_and_takes_its_own_dependents_when_it_goes() {
    let mut cluster = cluster();
    let owner = create(&mut cluster, service("a")).unwrap();
    let mut document = owned("child", &[&owner]);
    document["metadata"]["finalizers"] = json!(["test/hold"]);
    create(&mut cluster, document).unwrap();
    delete(&mut cluster, service_id("a")).unwrap();
    assert_eq!(cluster.collect_garbage(NOW), 1);
    assert_eq!(cluster.collect_garbage(NOW), 0, "it is told once");
    let child = cluster.get(&secret_id("child")).unwrap();
    assert!(child["metadata"]["deletionTimestamp"].is_string());
}

#[test]
fn orphaned_dependents_outlive_their_owner() {
    let mut cluster = cluster();
    let owner = create(&mut cluster, service("a")).unwrap();
    create(&mut cluster, owned("child", &[&owner])).unwrap();
    delete_with(&mut cluster, service_id("a"), Propagation::Orphan).unwrap();
    assert!(
        cluster.get(&service_id("a")).is_some(),
        "it waits for the collector"
    );
    cluster.collect_garbage(NOW);
    assert_eq!(cluster.get(&service_id("a")), None);
    let child = cluster.get(&secret_id("child")).unwrap();
    assert!(child["metadata"].get("ownerReferences").is_none());
}
