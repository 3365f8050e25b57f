//! Policies, Kong's own kinds and Ingresses.

use super::*;

#[test]
fn upstream_policies_know_the_services_that_name_them() {
    let policy = "
---
apiVersion: configuration.konghq.com/v1beta1
kind: KongUpstreamPolicy
metadata: {name: NAME, namespace: default, generation: 2}
spec: {algorithm: least-connections}";
    let named = |name: &str, policy: &str| {
        service(name, 80).replacen(
            "namespace: default}",
            &format!("namespace: default, annotations: {{konghq.com/upstream-policy: {policy}}}}}"),
            1,
        )
    };
    let manifests = gateway("{name: http, port: 80, protocol: HTTP}")
        + &policy.replace("NAME", "p")
        + &policy.replace("NAME", "q")
        + &named("a", "p")
        + &named("b", "q")
        + &named("c", "q")
        + &route(
            "HTTPRoute",
            "r",
            "parentRefs: [{name: gw}], rules: [{backendRefs: [{name: a, port: 80}, {name: b, port: 80}]}]",
        );
    let mut translation = translated(&manifests);
    translation.record(Push::Taken);
    let p = &translation.status("KongUpstreamPolicy default/p")["ancestors"];
    assert_eq!(
        p[0]["ancestorRef"],
        json!({"group": "core", "kind": "Service", "namespace": "default", "name": "a"})
    );
    assert_eq!(condition(&p[0], "Accepted"), "True Accepted");
    assert_eq!(condition(&p[0], "Programmed"), "True Programmed");
    assert_eq!(p[0]["conditions"][0]["observedGeneration"], 2);
    let q = &translation.status("KongUpstreamPolicy default/q")["ancestors"];
    assert_eq!(q.as_array().unwrap().len(), 2);
    assert_eq!(condition(&q[0], "Accepted"), "False Conflicted");
    assert_eq!(condition(&q[1], "Accepted"), "True Accepted");
    assert_eq!(condition(&q[1], "Programmed"), "False Pending");
}

#[test]
fn the_oldest_backend_tls_policy_counts() {
    let config_map = format!(
        "
---
apiVersion: v1
kind: ConfigMap
metadata: {{name: ca, namespace: default}}
data: {{ca.crt: {}}}",
        json!(authority())
    );
    let ca = "caCertificateRefs: [{group: '', kind: ConfigMap, name: ca}]";
    let base = gateway("{name: http, port: 80, protocol: HTTP}")
        + &route(
            "HTTPRoute",
            "r",
            &format!("parentRefs: [{{name: gw}}], {TO_A}"),
        )
        + &service("a", 80);
    let manifests =
        base.clone() + &config_map + &backend_tls("old", 1, ca) + &backend_tls("new", 2, ca);
    let translation = translated(&manifests);
    let document = translation.document.to_value();
    let service = &document["services"][0];
    assert_eq!(service["protocol"], "https");
    assert_eq!(service["tls_verify"], true);
    assert_eq!(
        service["ca_certificates"][0],
        document["ca_certificates"][0]["id"]
    );
    assert_eq!(service["routes"][0]["preserve_host"], false);
    assert_eq!(document["upstreams"][0]["host_header"], "a.internal");
    let said = |translation: &Translation, name: &str| {
        let status = translation.status(&format!("BackendTLSPolicy default/{name}"));
        let entry = &status["ancestors"][0];
        assert_eq!(entry["ancestorRef"]["kind"], "Gateway");
        (
            condition(entry, "Accepted"),
            condition(entry, "ResolvedRefs"),
        )
    };
    let pair = |one: &str, other: &str| (one.to_owned(), other.to_owned());
    assert_eq!(
        said(&translation, "old"),
        pair("True Accepted", "True ResolvedRefs")
    );
    assert_eq!(
        said(&translation, "new"),
        pair("False Conflicted", "True ResolvedRefs")
    );
    for (more, expected) in [
        (
            ca,
            pair(
                "False NoValidCACertificate",
                "False InvalidCACertificateRef",
            ),
        ),
        (
            "caCertificateRefs: [{group: '', kind: Service, name: ca}]",
            pair("False NoValidCACertificate", "False InvalidKind"),
        ),
        (
            "wellKnownCACertificates: System",
            pair("False Invalid", "True ResolvedRefs"),
        ),
    ] {
        let translation = translated(&(base.clone() + &backend_tls("bad", 1, more)));
        assert_eq!(said(&translation, "bad"), expected, "{more}");
        let document = translation.document.to_value();
        let service = &document["services"][0];
        assert_eq!(service["plugins"][0]["name"], "request-termination");
        assert_eq!(service["plugins"][0]["config"]["status_code"], 500);
    }
}

#[test]
fn kongs_own_kinds_are_invalid_or_pending_and_then_programmed() {
    let ours = |kind: &str, version: &str, name: &str, rest: &str| {
        format!(
            "
---
apiVersion: configuration.konghq.com/{version}
kind: {kind}
metadata: {{name: {name}, namespace: default, generation: 4, annotations: {{kubernetes.io/ingress.class: kong}}}}
{rest}"
        )
    };
    let license = |name: &str, created: u8| {
        format!(
            "
---
apiVersion: configuration.konghq.com/v1alpha1
kind: KongLicense
metadata: {{name: {name}, creationTimestamp: '2024-01-0{created}T00:00:00Z'}}
rawLicenseString: '{{}}'"
        )
    };
    let manifests = ours("KongConsumer", "v1", "alice", "username: alice")
        + &ours("KongConsumer", "v1", "nobody", "credentials: []")
        + &license("old", 1)
        + &license("new", 2);
    let mut translation = translated(&manifests);
    let alice = translation.status("KongConsumer default/alice");
    assert_eq!(condition(alice, "Programmed"), "False Pending");
    let nobody = translation.status("KongConsumer default/nobody");
    assert_eq!(condition(nobody, "Programmed"), "False Invalid");
    assert!(message(nobody, "Programmed").contains("no username or custom_id specified"));
    for (name, expected) in [
        ("old", "False ReplacedByNewer"),
        ("new", "True PickedAsLatest"),
    ] {
        let controllers = &translation.status(&format!("KongLicense {name}"))["controllers"];
        assert_eq!(controllers[0]["controllerName"], US);
        assert_eq!(condition(&controllers[0], "Programmed"), expected);
    }
    translation.record(Push::Taken);
    let alice = translation.status("KongConsumer default/alice");
    assert_eq!(condition(alice, "Programmed"), "True Programmed");
    let nobody = translation.status("KongConsumer default/nobody");
    assert_eq!(condition(nobody, "Programmed"), "False Invalid");
}

#[test]
fn ingresses_say_where_the_gateway_is() {
    let ingress = "
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: i, namespace: default}
spec:
  ingressClassName: kong
  rules: [{http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: a, port: {number: 80}}}}]}}]";
    let settings = Settings {
        addresses: vec!["203.0.113.7".to_owned(), "lb.example.com".to_owned()],
        ..right()
    };
    let manifests = world(&(ingress.to_owned() + &service("a", 80)));
    let translation = translate(&manifests, &settings);
    assert_eq!(
        *translation.status("Ingress default/i"),
        json!({"loadBalancer": {"ingress": [{"ip": "203.0.113.7"}, {"hostname": "lb.example.com"}]}})
    );
    assert!(translate(&manifests, &right()).statuses.is_empty());
}
