//! Routes: an entry for each parentRef.

use super::*;

#[test]
fn a_route_has_an_entry_for_each_parent_ref() {
    let parents = "parentRefs: [{name: gw, sectionName: http}, {name: gw, sectionName: none}, {name: gw, port: 81},
        {name: gw, sectionName: http}, {name: elsewhere}, {kind: Service, group: '', name: a}]";
    let manifests = gateway(
        "{name: http, port: 80, protocol: HTTP}, {name: b, port: 81, protocol: HTTP, hostname: b.example.com},
         {name: tcp, port: 82, protocol: TCP}",
    ) + &route(
        "HTTPRoute",
        "r",
        &format!("{parents}, hostnames: [a.example.com], {TO_A}"),
    ) + &route("HTTPRoute", "kind", &format!("parentRefs: [{{name: gw, port: 82}}], {TO_A}"))
        + &service("a", 80);
    let translation = translated(&manifests);
    let status = translation.status("HTTPRoute default/r");
    let parents = status["parents"].as_array().unwrap();
    let said: Vec<(&Value, String)> = parents
        .iter()
        .map(|it| (&it["parentRef"], condition(it, "Accepted")))
        .collect();
    assert_eq!(
        said,
        [
            (
                &json!({"name": "gw", "sectionName": "http"}),
                "True Accepted".to_owned()
            ),
            (
                &json!({"name": "gw", "sectionName": "none"}),
                "False NoMatchingParent".to_owned()
            ),
            (
                &json!({"name": "gw", "port": 81}),
                "False NoMatchingListenerHostname".to_owned()
            ),
        ]
    );
    for parent in parents {
        assert_eq!(parent["controllerName"], US);
        assert_eq!(condition(parent, "ResolvedRefs"), "True ResolvedRefs");
        assert_eq!(condition(parent, "Programmed"), "Unknown Unknown");
        assert_eq!(parent["conditions"][0]["observedGeneration"], 7);
        assert_eq!(parent["conditions"][0].get("lastTransitionTime"), None);
    }
    let status = translation.status("HTTPRoute default/kind");
    assert_eq!(
        condition(&status["parents"][0], "Accepted"),
        "False NotAllowedByListeners"
    );
    let status = translation.status("Gateway default/gw");
    assert_eq!(listener(status, "http")["attachedRoutes"], 1);
    assert_eq!(listener(status, "b")["attachedRoutes"], 0);
}

#[test]
fn references_that_lead_nowhere_do_not_cost_acceptance() {
    let manifests =
        gateway("{name: http, port: 80, protocol: HTTP}, {name: tcp, port: 90, protocol: TCP}")
            + &service("a", 80);
    let backend = |reference: &str| {
        format!(
            "parentRefs: [{{name: gw, sectionName: http}}], rules: [{{backendRefs: [{reference}]}}]"
        )
    };
    for (kind, spec, reason, begins) in [
        (
            "HTTPRoute",
            backend("{name: nope, port: 80}"),
            "False BackendNotFound",
            "target default/nope of type Service does not exist",
        ),
        (
            "GRPCRoute",
            backend("{name: a, port: 81}"),
            "False BackendNotFound",
            "target default/a of type Service has no port 81",
        ),
        (
            "HTTPRoute",
            backend("{name: a, namespace: other, port: 80}"),
            "False RefNotPermitted",
            "other/a is in a different namespace than the HTTPRoute (namespace default) and no ReferenceGrant allowing \
             reference is configured",
        ),
        (
            "HTTPRoute",
            backend("{name: a, group: example.com, kind: Bucket, port: 80}"),
            "False InvalidKind",
            "Bucket default/a of group \"example.com\" cannot be a backend",
        ),
        (
            "TCPRoute",
            backend("{name: nope, port: 80}").replace("http", "tcp"),
            "False BackendNotFound",
            "target default/nope of type Service does not exist",
        ),
        (
            "HTTPRoute",
            "parentRefs: [{name: gw, port: 80}], rules: [{filters: [{type: ExtensionRef, extensionRef: {group: \
             configuration.konghq.com, kind: KongPlugin, name: p}}], backendRefs: [{name: a, port: 80}]}]"
                .to_owned(),
            "False BackendNotFound",
            "extensionRef default/p does not exist",
        ),
    ] {
        let manifests = manifests.clone() + &route(kind, "r", &spec);
        let translation = translated(&manifests);
        let status = translation.status(&format!("{kind} default/r"));
        let parent = &status["parents"][0];
        assert_eq!(condition(parent, "Accepted"), "True Accepted", "{spec}");
        assert_eq!(condition(parent, "ResolvedRefs"), reason, "{spec}");
        let said = message(parent, "ResolvedRefs");
        assert!(said.starts_with(begins), "{said}");
    }
}

#[test]
fn a_plugin_of_the_cluster_is_there_as_well() {
    let plugin = "
---
apiVersion: configuration.konghq.com/v1
kind: KongClusterPlugin
metadata: {name: p, annotations: {kubernetes.io/ingress.class: kong}}
plugin: cors";
    let annotated = "
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: r, namespace: default, annotations: {konghq.com/plugins: p}}
spec: {parentRefs: [{name: gw}], rules: [{backendRefs: [{name: a, port: 80}]}]}";
    let manifests =
        gateway("{name: http, port: 80, protocol: HTTP}") + annotated + &service("a", 80);
    let resolved = |manifests: &str| {
        let translation = translated(manifests);
        let status = translation.status("HTTPRoute default/r");
        condition(&status["parents"][0], "ResolvedRefs")
    };
    assert_eq!(resolved(&manifests), "False BackendNotFound");
    assert_eq!(resolved(&(manifests + plugin)), "True ResolvedRefs");
}

#[test]
fn rules_that_cannot_be_had_are_dropped_or_cost_acceptance() {
    let rule = |path: &str, more: &str| {
        format!(
            "{{matches: [{{path: {{type: PathPrefix, value: {path}}}}}], backendRefs: [{{name: a, port: 80}}]{more}}}"
        )
    };
    let mirror = ", filters: [{type: ExternalAuth, externalAuth: {protocol: HTTP, backendRef: {name: a, port: 80}}}]";
    let spec =
        |rules: &[String]| format!("parentRefs: [{{name: gw}}], rules: [{}]", rules.join(", "));
    let manifests = gateway("{name: http, port: 80, protocol: HTTP}")
        + &route(
            "HTTPRoute",
            "some",
            &spec(&[rule("/a", ""), rule("/b", mirror)]),
        )
        + &route("HTTPRoute", "none", &spec(&[rule("/c", mirror)]))
        + &route("HTTPRoute", "empty", "parentRefs: [{name: gw}]")
        + &service("a", 80);
    let translation = translated(&manifests);
    let some = &translation.status("HTTPRoute default/some")["parents"][0];
    assert_eq!(condition(some, "Accepted"), "True Accepted");
    assert_eq!(condition(some, "PartiallyInvalid"), "True UnsupportedValue");
    let said = message(some, "PartiallyInvalid");
    assert!(
        said.starts_with("Dropped Rule 1: httpFilter ExternalAuth unsupported"),
        "{said}"
    );
    for (name, begins) in [
        ("none", "httpFilter ExternalAuth unsupported"),
        ("empty", "HTTPRoute can't be routed: no rules provided"),
    ] {
        let none = &translation.status(&format!("HTTPRoute default/{name}"))["parents"][0];
        assert_eq!(condition(none, "Accepted"), "False UnsupportedValue");
        assert_eq!(condition(none, "PartiallyInvalid"), "");
        let said = message(none, "Accepted");
        assert!(said.starts_with(begins), "{said}");
    }
    let gateway = translation.status("Gateway default/gw");
    assert_eq!(listener(gateway, "http")["attachedRoutes"], 1);
}

#[test]
fn fields_that_kong_has_nothing_for_are_named_while_the_rule_works() {
    let rule =
        "{backendRefs: [{name: a, port: 80}], timeouts: {request: 10s}, retry: {codes: [503]}}";
    let manifests = gateway("{name: http, port: 80, protocol: HTTP}")
        + &route(
            "HTTPRoute",
            "r",
            &format!("parentRefs: [{{name: gw}}], rules: [{rule}]"),
        )
        + &service("a", 80);
    let translation = translated(&manifests);
    assert_eq!(translation.document.services[0].routes.len(), 1);
    let entry = &translation.status("HTTPRoute default/r")["parents"][0];
    assert_eq!(condition(entry, "Accepted"), "True Accepted");
    assert_eq!(
        condition(entry, "PartiallyInvalid"),
        "True UnsupportedValue"
    );
    let said = message(entry, "PartiallyInvalid");
    for field in ["spec.rules[0].timeouts.request", "spec.rules[0].retry"] {
        assert!(said.contains(&format!("Dropped {field}: Kong ")), "{said}");
    }
}

#[test]
fn query_matches_are_refused_in_the_traditional_flavour_only() {
    let query = "parentRefs: [{name: gw}], rules: [{matches: [{queryParams: [{name: q, value: v}]}], backendRefs: \
                 [{name: a, port: 80}]}]";
    let manifests = gateway("{name: http, port: 80, protocol: HTTP}")
        + &route("HTTPRoute", "r", query)
        + &service("a", 80);
    let accepted = FLAVORS.map(|flavor| {
        let settings = Settings { flavor, ..right() };
        let translation = translate(&world(&manifests), &settings);
        condition(
            &translation.status("HTTPRoute default/r")["parents"][0],
            "Accepted",
        )
    });
    assert_eq!(accepted, ["False UnsupportedValue", "True Accepted"]);
}

#[test]
fn a_route_that_has_lost_its_listener_stays_accepted_and_waits_for_nothing() {
    let parents = "parentRefs: [{name: gw, sectionName: pg}, {name: gw, sectionName: pg2}]";
    let manifests =
        gateway("{name: pg, port: 5432, protocol: TCP}, {name: pg2, port: 5433, protocol: TCP}")
            + &route("TCPRoute", "a", &format!("{parents}, {TO_A}"))
            + &route(
                "TCPRoute",
                "b",
                &format!("parentRefs: [{{name: gw, sectionName: pg}}], {TO_A}"),
            )
            + &service("a", 80);
    let mut translation = translated(&manifests);
    translation.record(Push::Taken);
    let programmed = |name: &str| {
        let parents = &translation.status(&format!("TCPRoute default/{name}"))["parents"];
        let parents = parents.as_array().unwrap();
        let said = parents.iter();
        said.map(|it| {
            format!(
                "{}, {}",
                condition(it, "Accepted"),
                condition(it, "Programmed")
            )
        })
        .collect::<Vec<_>>()
    };
    assert_eq!(
        programmed("a"),
        ["True Accepted, True ConfiguredInGateway"; 2]
    );
    assert_eq!(programmed("b"), ["True Accepted, Unknown Unknown"]);
    let status = translation.status("Gateway default/gw");
    assert_eq!(listener(status, "pg")["attachedRoutes"], 2);
    assert_eq!(listener(status, "pg2")["attachedRoutes"], 1);
}
