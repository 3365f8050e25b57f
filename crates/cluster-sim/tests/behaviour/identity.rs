//! Uids, names and times come from the inputs, and tell one object from the next.

use cluster_sim::{Reason, Request, UnknownFields, WriteOptions};
use serde_json::json;

use crate::support::{NOW, cluster, create, delete, secret, service, service_id};

#[test]
fn the_same_history_gives_the_same_objects() {
    let history = || {
        let mut cluster = cluster();
        create(&mut cluster, service("a")).unwrap();
        create(&mut cluster, secret("b")).unwrap();
        cluster
            .list(&crate::support::services(), None)
            .cloned()
            .collect::<Vec<_>>()
    };
    assert_eq!(history(), history());
}

#[test]
fn an_object_created_again_under_its_old_name_has_another_uid() {
    let mut cluster = cluster();
    let first = create(&mut cluster, service("a")).unwrap();
    delete(&mut cluster, service_id("a")).unwrap();
    let second = create(&mut cluster, service("a")).unwrap();
    assert_ne!(first["metadata"]["uid"], second["metadata"]["uid"]);
}

#[test]
fn a_uid_depends_on_kind_namespace_and_name_and_not_on_what_came_before() {
    let mut busy = cluster();
    create(&mut busy, secret("a")).unwrap();
    create(&mut busy, service("b")).unwrap();
    let late = create(&mut busy, service("a")).unwrap();
    let early = create(&mut cluster(), service("a")).unwrap();
    assert_eq!(early["metadata"]["uid"], late["metadata"]["uid"]);
}

#[test]
fn a_generated_name_begins_with_its_prefix_and_is_new() {
    let mut cluster = cluster();
    let mut names = Vec::new();
    for _ in 0..20 {
        let mut document = service("");
        document["metadata"] = json!({"namespace": "default", "generateName": "made-"});
        let object = create(&mut cluster, document).unwrap();
        names.push(object["metadata"]["name"].as_str().unwrap().to_owned());
    }
    assert!(
        names
            .iter()
            .all(|name| name.starts_with("made-") && name.len() == 10),
        "{names:?}"
    );
    names.sort();
    names.dedup();
    assert_eq!(names.len(), 20);
    assert_eq!(cluster.log()[0].code, 201);
    assert!(
        cluster.log()[0].name.starts_with("made-"),
        "the log has the name that was made"
    );
}

#[test]
fn the_time_of_creation_is_the_time_of_the_request() {
    let object = create(&mut cluster(), service("a")).unwrap();
    assert_eq!(
        object["metadata"]["creationTimestamp"],
        "2023-11-14T22:13:20Z"
    );
}

#[test]
fn a_namespaced_object_needs_a_namespace() {
    let mut document = service("a");
    document["metadata"] = json!({"name": "a"});
    let refusal = create(&mut cluster(), document).unwrap_err();
    assert!(
        refusal
            .message
            .contains("metadata.namespace: Required value"),
        "{refusal}"
    );
}

#[test]
fn a_kind_or_version_that_is_not_served_is_not_found() {
    for (api_version, kind) in [
        ("configuration.konghq.com/v9", "KongService"),
        ("v1", "Pod"),
        ("x/y", "KongService"),
    ] {
        let document = json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": "a"}});
        let refusal = create(&mut cluster(), document).unwrap_err();
        assert_eq!(refusal.reason, Reason::NotFound);
        assert_eq!(
            refusal.message,
            format!("no matches for kind \"{kind}\" in version \"{api_version}\"")
        );
    }
}

#[test]
fn strict_reading_names_every_unknown_field_and_lax_reading_drops_them() {
    let mut document = service("a");
    document["spec"]["hots"] = json!("x");
    document["spec"]["controlPlaneRef"]["nmae"] = json!("x");
    let mut cluster = cluster();
    let mut write = |unknown_fields| {
        let options = WriteOptions {
            unknown_fields,
            dry_run: false,
        };
        cluster.handle(
            NOW,
            "test",
            Request::Create {
                document: document.clone(),
                options,
            },
        )
    };
    assert_eq!(
        write(UnknownFields::Refuse).unwrap_err().message,
        "KongService in version \"v1alpha1\" cannot be handled as a KongService: strict decoding \
         error: unknown field \"spec.controlPlaneRef.nmae\", unknown field \"spec.hots\""
    );
    let object = write(UnknownFields::Drop).unwrap();
    assert_eq!(object["spec"], service("a")["spec"]);
}

#[test]
fn a_dry_run_answers_and_changes_nothing() {
    let mut cluster = cluster();
    let options = WriteOptions {
        dry_run: true,
        ..WriteOptions::default()
    };
    let request = Request::Create {
        document: service("a"),
        options,
    };
    let object = cluster.handle(NOW, "test", request).unwrap();
    assert_eq!(object["metadata"]["generation"], 1);
    assert_eq!(
        (cluster.version(), cluster.get(&service_id("a"))),
        (0, None)
    );
}
