//! Versions, watches, snapshots and the log.

use cluster_sim::{EventKind, Expired, Request, ResourceId, Subresource, Verb};
use serde_json::json;

use crate::support::{
    NAMESPACE, NOW, cluster, condition, create, delete, patch, patch_status, secret, service,
    service_id, services,
};

#[test]
fn a_watch_sees_every_change_once_and_in_order() {
    let mut cluster = cluster();
    create(&mut cluster, service("a")).unwrap();
    create(&mut cluster, secret("other")).unwrap();
    patch(&mut cluster, service_id("a"), json!({"spec": {"port": 1}})).unwrap();
    delete(&mut cluster, service_id("a")).unwrap();
    let events: Vec<_> = cluster.events_since(&services(), 0).unwrap().collect();
    let kinds: Vec<_> = events
        .iter()
        .map(|event| (event.kind, event.version))
        .collect();
    assert_eq!(
        kinds,
        [
            (EventKind::Added, 1),
            (EventKind::Modified, 3),
            (EventKind::Deleted, 4)
        ]
    );
    assert_eq!(
        events[2].object["spec"]["port"], 1,
        "a deletion carries the last state"
    );
    for event in events {
        assert_eq!(
            event.object["metadata"]["resourceVersion"],
            event.version.to_string()
        );
    }
}

#[test]
fn a_watch_goes_on_from_any_version_and_may_repeat_itself() {
    let mut cluster = cluster();
    for name in ["a", "b", "c"] {
        create(&mut cluster, service(name)).unwrap();
    }
    let names = |from| -> Vec<String> {
        let events = cluster.events_since(&services(), from).unwrap();
        events
            .map(|event| event.object["metadata"]["name"].to_string())
            .collect()
    };
    assert_eq!(names(1), ["\"b\"", "\"c\""]);
    assert_eq!(names(1), names(1));
    assert_eq!(names(3), Vec::<String>::new());
}

#[test]
fn a_watch_older_than_the_history_has_expired() {
    let mut cluster = cluster();
    for name in ["a", "b", "c"] {
        create(&mut cluster, service(name)).unwrap();
    }
    cluster.compact(3);
    let expired = cluster.events_since(&services(), 1).err().unwrap();
    assert_eq!(
        expired,
        Expired {
            asked: 1,
            oldest: 2
        }
    );
    assert_eq!(expired.to_string(), "too old resource version: 1 (2)");
    assert_eq!(cluster.events_since(&services(), 2).unwrap().count(), 1);
    cluster.compact(u64::MAX);
    create(&mut cluster, service("d")).unwrap();
    assert_eq!(cluster.events_since(&services(), 3).unwrap().count(), 1);
    assert_eq!(
        cluster.list(&services(), None).count(),
        4,
        "only history is forgotten"
    );
}

#[test]
fn a_write_that_changes_nothing_is_no_event() {
    let mut cluster = cluster();
    let object = create(&mut cluster, service("a")).unwrap();
    for nothing in [
        json!({}),
        json!({"spec": {"host": "example.test"}}),
        json!({"status": null}),
    ] {
        assert_eq!(
            patch(&mut cluster, service_id("a"), nothing).unwrap(),
            object
        );
    }
    let same = json!({"status": object["status"]});
    assert_eq!(
        patch_status(&mut cluster, service_id("a"), same).unwrap(),
        object
    );
    assert_eq!(cluster.version(), 1);
    assert_eq!(cluster.events_since(&services(), 0).unwrap().count(), 1);
}

#[test]
fn generation_counts_changes_of_the_spec_and_the_deletion_and_nothing_else() {
    let mut cluster = cluster();
    let mut document = service("a");
    document["metadata"]["finalizers"] = json!(["test/hold"]);
    create(&mut cluster, document).unwrap();
    let generation = |object: &serde_json::Value| object["metadata"]["generation"].clone();
    let labels = json!({"metadata": {"labels": {"a": "b"}, "generation": 7}});
    assert_eq!(
        generation(&patch(&mut cluster, service_id("a"), labels).unwrap()),
        1
    );
    let status = json!({"status": {"conditions": [condition("Programmed", "True")]}});
    assert_eq!(
        generation(&patch_status(&mut cluster, service_id("a"), status).unwrap()),
        1
    );
    let spec = json!({"spec": {"host": "other.test"}});
    assert_eq!(
        generation(&patch(&mut cluster, service_id("a"), spec).unwrap()),
        2
    );
    assert_eq!(
        generation(&delete(&mut cluster, service_id("a")).unwrap()),
        3
    );
    assert_eq!(
        generation(&delete(&mut cluster, service_id("a")).unwrap()),
        3
    );
}

#[test]
fn of_two_writers_with_the_same_version_the_second_must_read_again() {
    let mut cluster = cluster();
    let seen = create(&mut cluster, service("a")).unwrap();
    let version = &seen["metadata"]["resourceVersion"];
    let write =
        |host: &str| json!({"metadata": {"resourceVersion": version}, "spec": {"host": host}});
    patch(&mut cluster, service_id("a"), write("first.test")).unwrap();
    let refusal = patch(&mut cluster, service_id("a"), write("second.test")).unwrap_err();
    assert_eq!(refusal.code, 409);
    assert_eq!(
        refusal.message,
        "Operation cannot be fulfilled on kongservices.configuration.konghq.com \"a\": the object \
         has been modified; please apply your changes to the latest version and try again"
    );
    assert_eq!(
        cluster.get(&service_id("a")).unwrap()["spec"]["host"],
        "first.test"
    );
}

#[test]
fn a_snapshot_and_its_original_go_separate_ways() {
    let mut cluster = cluster();
    create(&mut cluster, service("a")).unwrap();
    let snapshot = cluster.clone();
    patch(&mut cluster, service_id("a"), json!({"spec": {"port": 1}})).unwrap();
    delete(&mut cluster, service_id("a")).unwrap();
    assert_eq!((snapshot.version(), snapshot.log().len()), (1, 1));
    assert!(
        snapshot.get(&service_id("a")).unwrap()["spec"]
            .get("port")
            .is_none()
    );
    assert_eq!(cluster.get(&service_id("a")), None);
}

#[test]
fn the_log_has_every_request_with_its_answer() {
    let mut cluster = cluster();
    create(&mut cluster, service("a")).unwrap();
    create(&mut cluster, service("a")).unwrap_err();
    patch_status(&mut cluster, service_id("a"), json!({"status": null})).unwrap();
    let list = Request::List {
        resource: services(),
        namespace: Some(NAMESPACE.to_owned()),
        version: None,
    };
    let list = cluster.handle(NOW, "reader", list).unwrap();
    assert_eq!(list["kind"], "KongServiceList");
    assert_eq!(list["metadata"]["resourceVersion"], "1");
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
    let get = Request::Get {
        object: service_id("nope"),
        version: None,
    };
    cluster.handle(NOW, "reader", get).unwrap_err();
    let log: Vec<_> = cluster
        .log()
        .iter()
        .map(|entry| {
            (
                &*entry.actor,
                entry.verb,
                entry.subresource,
                entry.code,
                entry.version,
            )
        })
        .collect();
    assert_eq!(
        log,
        [
            ("test", Verb::Create, Subresource::Main, 201, 1),
            ("test", Verb::Create, Subresource::Main, 409, 1),
            ("test", Verb::Patch, Subresource::Status, 200, 1),
            ("reader", Verb::List, Subresource::Main, 200, 1),
            ("reader", Verb::Get, Subresource::Main, 404, 1),
        ]
    );
    assert_eq!(
        cluster
            .log()
            .iter()
            .filter(|entry| entry.is_write())
            .count(),
        3
    );
    cluster.clear_log();
    assert_eq!(cluster.log(), []);
}

#[test]
fn a_list_is_of_one_namespace_or_of_all() {
    let mut cluster = cluster();
    for (namespace, name) in [("b", "x"), ("a", "y"), ("a", "x")] {
        let mut document = service(name);
        document["metadata"]["namespace"] = json!(namespace);
        create(&mut cluster, document).unwrap();
    }
    let names = |namespace| -> Vec<String> {
        let objects = cluster.list(&services(), namespace);
        objects
            .map(|object| {
                let text = |field: &str| object["metadata"][field].as_str().unwrap().to_owned();
                format!("{}/{}", text("namespace"), text("name"))
            })
            .collect()
    };
    assert_eq!(names(None), ["a/x", "a/y", "b/x"]);
    assert_eq!(names(Some("b")), ["b/x"]);
    assert_eq!(cluster.list(&ResourceId::new("", "pods"), None).count(), 0);
}

#[test]
fn a_planted_object_may_be_wrong_and_stays_so_until_the_wrong_part_is_touched() {
    let mut cluster = cluster();
    let mut poison = service("a");
    poison["spec"] = json!({"host": 7, "port": "eighty", "gone": true});
    let object = cluster.plant(poison).unwrap();
    assert_eq!(object["spec"], json!({"host": 7, "port": "eighty"}));
    assert_eq!(object["metadata"]["resourceVersion"], "1");
    assert_eq!(cluster.events_since(&services(), 0).unwrap().count(), 1);
    let status = json!({"status": {"conditions": [condition("Programmed", "False")]}});
    patch_status(&mut cluster, service_id("a"), status).unwrap();
    // What a write leaves alone is not judged again; what it touches is.
    let finalizers = json!({"metadata": {"finalizers": ["test/hold"]}});
    patch(&mut cluster, service_id("a"), finalizers).unwrap();
    let half_cured = json!({"spec": {"host": "example.test"}});
    let refusal = patch(&mut cluster, service_id("a"), half_cured).unwrap_err();
    assert_eq!(refusal.causes[0].field, "spec.controlPlaneRef", "{refusal}");
}

#[test]
fn a_transplanted_object_is_who_it_was() {
    let mut cluster = cluster();
    let mut object = service("a");
    let meta = object["metadata"].as_object_mut().unwrap();
    meta.insert("uid".to_owned(), json!("their-uid"));
    meta.insert("generation".to_owned(), json!(7));
    meta.insert("finalizers".to_owned(), json!(["test/hold"]));
    meta.insert(
        "deletionTimestamp".to_owned(),
        json!("2026-01-01T00:00:00Z"),
    );
    object["status"] = json!({"conditions": [condition("Programmed", "True")]});
    let stored = cluster.transplant(object).unwrap();
    assert_eq!(stored["metadata"]["uid"], "their-uid");
    assert_eq!(stored["metadata"]["generation"], 7);
    assert_eq!(stored["status"]["conditions"][0]["type"], "Programmed");
    // It is on its way out, and goes with its last finalizer.
    let none = json!({"metadata": {"finalizers": []}});
    patch(&mut cluster, service_id("a"), none).unwrap();
    assert!(cluster.get(&service_id("a")).is_none());
}
