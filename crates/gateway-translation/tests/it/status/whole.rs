//! What holds for all statuses: order, foreign entries, and that they stay once they are written.

use super::*;

/// Entries as anybody might have written them.
fn entries(member: &'static str) -> impl Strategy<Value = Vec<Value>> {
    let controller = prop_oneof![
        Just(json!(US)),
        Just(json!("example.com/other")),
        Just(json!("example.com/third")),
        Just(Value::Null),
    ];
    let reference = prop_oneof![
        Just(json!({"name": "gw"})),
        Just(json!({"name": "gw", "namespace": "default", "kind": "Gateway"})),
        Just(json!({"name": "gw", "port": 80})),
        Just(json!({"name": "gone", "sectionName": "x"})),
        Just(json!("junk")),
    ];
    let conditions = prop_oneof![
        Just(json!([])),
        Just(json!(null)),
        Just(
            json!([{"type": "Accepted", "status": "True", "reason": "Theirs", "z": {"y": [1, null]}}])
        ),
        Just(json!([{"type": "Own/Kind", "status": "odd", "lastTransitionTime": "then"}, 7])),
    ];
    let entry = (controller, reference, conditions).prop_map(move |(controller, reference, conditions)| {
        json!({"controllerName": controller, member: reference, "conditions": conditions, "more": {"b": 1, "a": 2}})
    });
    prop::collection::vec(entry, 0..7)
}

/// The entries that are not ours, in order.
fn foreign(entries: &Value) -> Vec<Value> {
    let entries = entries.as_array().into_iter().flatten();
    let foreign = entries.filter(|entry| entry["controllerName"] != US);
    foreign.cloned().collect()
}

#[test]
fn the_order_of_objects_does_not_matter() {
    let set = |name: &str| {
        let listeners = "{name: x, port: 81, protocol: HTTP}";
        let spec = format!("spec: {{parentRef: {{name: gw}}, listeners: [{listeners}]}}");
        object("ListenerSet", name, "default", &spec)
    };
    let tcp = |name: &str| {
        route(
            "TCPRoute",
            name,
            &format!("parentRefs: [{{name: gw}}], {TO_A}"),
        )
    };
    let ca = "caCertificateRefs: [{group: '', kind: ConfigMap, name: ca}]";
    let manifests =
        gateway("{name: http, port: 80, protocol: HTTP}, {name: tcp, port: 90, protocol: TCP}")
            .replace(
                "listeners: [{name: http",
                "allowedListeners: {namespaces: {from: All}}, listeners: [{name: http",
            )
            + &set("first")
            + &set("second")
            + &tcp("a")
            + &tcp("b")
            + &backend_tls("one", 1, ca)
            + &backend_tls("other", 1, ca)
            + &route(
                "HTTPRoute",
                "r",
                &format!("parentRefs: [{{name: gw}}], {TO_A}"),
            )
            + &service("a", 80);
    let mut documents: Vec<&str> = manifests.split("\n---").collect();
    let one = translated(&documents.join("\n---"));
    documents.reverse();
    let other = translated(&documents.join("\n---"));
    assert_eq!(one.statuses.len(), 9);
    assert_eq!(one.statuses, other.statuses);
    assert_eq!(one.awaiting, other.awaiting);
    let conflicted = one.status("ListenerSet default/second");
    assert_eq!(
        condition(listener(conflicted, "x"), "Conflicted"),
        "True HostnameConflict"
    );
}

/// Manifests with the statuses that they ought to have.
fn answered(manifests: &str, translation: &Translation) -> String {
    let documents = manifests.split("\n---").filter_map(|document| {
        let mut document: Value = serde_yaml::from_str(document).unwrap();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let (kind, metadata) = (text(&document["kind"]), &document["metadata"]);
        let (namespace, name) = (text(&metadata["namespace"]), text(&metadata["name"]));
        let status = translation.statuses.iter().find(|(key, _)| {
            key.kind.as_str() == kind
                && *key.name.name == *name
                && key.name.namespace() == namespace
        });
        if let Some((_, status)) = status {
            document["status"] = with_times(status.clone(), US, "2024-05-01T00:00:00Z");
        }
        (!document.is_null()).then(|| document.to_string())
    });
    documents.collect::<Vec<_>>().join("\n---\n")
}

/// Whether a status is one that its kind has.
fn is_one(key: &Key, status: &Value) -> bool {
    fn reads<T: serde::de::DeserializeOwned>(status: &Value) -> bool {
        T::deserialize(status).is_ok()
    }
    match key.kind {
        Kind::GatewayClass => reads::<gateway_types::GatewayClassStatus>(status),
        Kind::Gateway => reads::<gateway_types::GatewayStatus>(status),
        Kind::ListenerSet => reads::<gateway_types::ListenerSetStatus>(status),
        Kind::BackendTLSPolicy | Kind::KongUpstreamPolicy => {
            reads::<gateway_types::PolicyStatus>(status)
        }
        Kind::HTTPRoute | Kind::GRPCRoute | Kind::TLSRoute | Kind::TCPRoute | Kind::UDPRoute => {
            reads::<gateway_types::RouteStatus>(status)
        }
        _ => status.is_object(),
    }
}

#[test]
fn statuses_of_the_recorded_cases_can_be_read_and_stay_once_they_are_written() {
    let mut said = 0;
    for case in cases() {
        let manifests = fs::read_to_string(case.join("in.yaml")).unwrap();
        let mut translation = translated(&manifests);
        said += translation.statuses.len();
        translation.record(Push::Taken);
        for awaiting in &translation.awaiting {
            let status = &translation.statuses[&awaiting.object];
            let conditions = status.pointer(&awaiting.conditions).unwrap();
            let conditions = json!({"conditions": conditions});
            assert!(
                condition(&conditions, "Programmed").starts_with("True "),
                "{awaiting:?}"
            );
        }
        for (key, status) in &translation.statuses {
            let status = with_times(status.clone(), US, "2024-05-01T00:00:00Z");
            assert!(is_one(key, &status), "{key}: {status:#}");
        }
        let once = answered(&manifests, &translation);
        let again = translated(&once);
        assert_eq!(answered(&manifests, &again), once, "{case:?}");
        assert_eq!(again.document, translation.document);
    }
    assert!(said > 40 || std::env::var("GOLDEN").is_ok(), "{said}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn entries_of_others_stay_as_they_are(
        parents in entries("parentRef"),
        ancestors in entries("ancestorRef"),
    ) {
        let (parents, ancestors) = (Value::Array(parents), Value::Array(ancestors));
        let manifests = gateway("{name: http, port: 80, protocol: HTTP}")
            + &route("HTTPRoute", "r", &format!("parentRefs: [{{name: gw}}, {{name: gw, port: 80}}], {TO_A}"))
            + &format!("\nstatus: {{parents: {parents}}}")
            + "
---
apiVersion: configuration.konghq.com/v1beta1
kind: KongUpstreamPolicy
metadata: {name: p, namespace: default}
spec: {algorithm: latency}"
            + &format!("\nstatus: {{ancestors: {ancestors}}}")
            + &service("a", 80).replacen(
                "namespace: default}",
                "namespace: default, annotations: {konghq.com/upstream-policy: p}}",
                1,
            );
        let mut translation = translated(&manifests);
        for _ in 0..2 {
            for (object, member, before) in [
                ("HTTPRoute default/r", "parents", &parents),
                ("KongUpstreamPolicy default/p", "ancestors", &ancestors),
            ] {
                let status = with_times(translation.status(object).clone(), US, "now");
                prop_assert_eq!(foreign(&status[member]), foreign(before));
                let ours = status[member].as_array().unwrap().len() - foreign(before).len();
                prop_assert_eq!(ours, if member == "parents" { 2 } else { 1 });
            }
            translation.record(Push::Taken);
        }
    }
}
