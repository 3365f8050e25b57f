//! The statuses that objects ought to have.

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

#[test]
fn a_class_is_accepted_unless_its_parameters_cannot_be_some() {
    let translation = translated(CLASS);
    let status = translation.status("GatewayClass kong");
    assert_eq!(condition(status, "Accepted"), "True Accepted");
    assert_eq!(message(status, "Accepted"), "GatewayClass is accepted");
    assert_eq!(status["conditions"][0]["observedGeneration"], 3);
    let wrong = CLASS.replace(
        "gateway-operator}",
        "gateway-operator, parametersRef: {group: a, kind: B, name: c}}",
    );
    let translation = translated(&wrong);
    let status = translation.status("GatewayClass kong");
    assert_eq!(condition(status, "Accepted"), "False InvalidParameters");
    assert_eq!(
        message(status, "Accepted"),
        "ParametersRef must reference a gateway-operator.konghq.com/GatewayConfiguration. ParametersRef must reference \
         a namespaced resource"
    );
    let foreign = CLASS.replace("konghq.com/gateway-operator", "example.com/other");
    assert!(translated(&foreign).statuses.is_empty());
}

#[test]
fn the_way_of_kongs_controller_has_no_statuses() {
    let settings = Settings::as_kong(KongVersion::new(3, 10));
    let manifests = gateway("{name: http, port: 80, protocol: HTTP}");
    assert!(translate(&world(&manifests), &settings).statuses.is_empty());
}

#[test]
fn listeners_say_what_is_wrong_with_each() {
    let manifests = gateway(
        "{name: http, port: 80, protocol: HTTP, hostname: a.example.com},
         {name: https, port: 443, protocol: HTTPS, hostname: a.example.com, tls: {certificateRefs: [{name: gone}]}},
         {name: one, port: 81, protocol: HTTP}, {name: other, port: 81, protocol: HTTP},
         {name: own, port: 82, protocol: example.com/own},
         {name: kinds, port: 83, protocol: HTTP, allowedRoutes: {kinds: [{kind: TCPRoute}, {kind: HTTPRoute}]}},
         {name: mode, port: 84, protocol: HTTPS, tls: {mode: Passthrough}},
         {name: map, port: 85, protocol: HTTPS, tls: {certificateRefs: [{kind: ConfigMap, group: g, name: x}]}},
         {name: away, port: 86, protocol: HTTPS, tls: {certificateRefs: [{namespace: other, name: x}]}}",
    );
    let translation = translated(&manifests);
    let status = translation.status("Gateway default/gw");
    for (name, accepted, conflicted, resolved) in [
        (
            "http",
            "True Accepted",
            "False NoConflicts",
            "True ResolvedRefs",
        ),
        (
            "https",
            "True Accepted",
            "False NoConflicts",
            "False InvalidCertificateRef",
        ),
        (
            "one",
            "False HostnameConflict",
            "True HostnameConflict",
            "True ResolvedRefs",
        ),
        (
            "other",
            "False HostnameConflict",
            "True HostnameConflict",
            "True ResolvedRefs",
        ),
        (
            "own",
            "False UnsupportedProtocol",
            "False NoConflicts",
            "True ResolvedRefs",
        ),
        (
            "kinds",
            "True Accepted",
            "False NoConflicts",
            "False InvalidRouteKinds",
        ),
        (
            "mode",
            "True Accepted",
            "False NoConflicts",
            "False InvalidCertificateRef",
        ),
        (
            "map",
            "True Accepted",
            "False NoConflicts",
            "False InvalidCertificateRef",
        ),
        (
            "away",
            "True Accepted",
            "False NoConflicts",
            "False RefNotPermitted",
        ),
    ] {
        let listener = listener(status, name);
        assert_eq!(condition(listener, "Accepted"), accepted, "{name}");
        assert_eq!(condition(listener, "Conflicted"), conflicted, "{name}");
        assert_eq!(condition(listener, "ResolvedRefs"), resolved, "{name}");
        assert_eq!(listener["attachedRoutes"], 0);
    }
    for (name, message_of) in [
        ("https", "Referenced secret default/gone does not exist."),
        ("kinds", "Route TCPRoute not supported."),
        ("mode", "Only Terminate mode is supported."),
        (
            "map",
            "Group g not supported in CertificateRef. Kind ConfigMap not supported in CertificateRef.",
        ),
        (
            "away",
            "Secret other/x reference not allowed by any ReferenceGrant.",
        ),
    ] {
        let listener = listener(status, name);
        assert_eq!(message(listener, "ResolvedRefs"), message_of);
        assert_eq!(condition(listener, "Programmed"), "False Pending");
    }
    let kinds = |name: &str| listener(status, name)["supportedKinds"].clone();
    let group = "gateway.networking.k8s.io";
    assert_eq!(
        kinds("http"),
        json!([{"group": group, "kind": "GRPCRoute"}, {"group": group, "kind": "HTTPRoute"}])
    );
    assert_eq!(
        kinds("kinds"),
        json!([{"group": group, "kind": "HTTPRoute"}])
    );
    assert_eq!(kinds("one"), Value::Null);
    assert_eq!(condition(status, "Accepted"), "True ListenersNotValid");
    assert_eq!(
        message(status, "Accepted"),
        "Listener 2 is conflicted. Listener 2 is not accepted. Listener 3 is conflicted. Listener 3 is not accepted. \
         Listener 4 is not accepted."
    );
    assert_eq!(condition(status, "Programmed"), "Unknown Pending");
}

#[test]
fn a_listener_that_would_let_in_anybody_lets_in_nobody() {
    let manifests = gateway("{name: https, port: 443, protocol: HTTPS}, {name: open, port: 444, protocol: HTTPS}")
        .replace(
            "listeners: [",
            "tls: {frontend: {default: {}, perPort: [{port: 443, tls: {validation: {caCertificateRefs: []}}}]}}, \
             listeners: [",
        )
        + &route("HTTPRoute", "r", &format!("parentRefs: [{{name: gw, port: 443}}], {TO_A}"))
        + &service("a", 80);
    let translation = translated(&manifests);
    let status = translation.status("Gateway default/gw");
    assert_eq!(
        condition(listener(status, "https"), "Accepted"),
        "False UnsupportedValue"
    );
    assert_eq!(
        condition(listener(status, "open"), "Accepted"),
        "True Accepted"
    );
    let parent = &translation.status("HTTPRoute default/r")["parents"][0];
    assert_eq!(condition(parent, "Accepted"), "False NoMatchingParent");
    assert_eq!(translation.document.to_value().get("services"), None);
}

#[test]
fn a_certificate_has_to_have_its_key() {
    let case = fixtures().join("golden-more/gateway-listener-certificates/in.yaml");
    let manifests = fs::read_to_string(case).unwrap();
    let translation = translated(&manifests);
    let status = translation.status("Gateway default/edge");
    assert_eq!(
        condition(listener(status, "a"), "ResolvedRefs"),
        "True ResolvedRefs"
    );
    let mut keys = manifests
        .lines()
        .filter(|line| line.trim_start().starts_with("tls.key"));
    let (one, other) = (keys.next().unwrap(), keys.next().unwrap());
    let translation = translated(&manifests.replacen(one, other, 1));
    let status = translation.status("Gateway default/edge");
    let bad = listener(status, "a");
    assert_eq!(
        condition(bad, "ResolvedRefs"),
        "False InvalidCertificateRef"
    );
    let begins = "Referenced secret does not contain a valid TLS certificate.";
    assert!(message(bad, "ResolvedRefs").starts_with(begins));
}

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

#[test]
fn what_a_gateway_says_goes_where_it_is_waited_for() {
    let manifests = gateway(
        "{name: http, port: 80, protocol: HTTP}, {name: bad, port: 81, protocol: example.com/x}",
    ) + &route(
        "HTTPRoute",
        "r",
        &format!("parentRefs: [{{name: gw}}], {TO_A}"),
    ) + &service("a", 80);
    let mut translation = translated(&manifests);
    translation.record(Push::Refused("no"));
    let parent = &translation.status("HTTPRoute default/r")["parents"][0];
    assert_eq!(condition(parent, "Programmed"), "False TranslationError");
    translation.record(Push::Taken);
    let parent = &translation.status("HTTPRoute default/r")["parents"][0];
    assert_eq!(condition(parent, "Programmed"), "True ConfiguredInGateway");
    let status = translation.status("Gateway default/gw");
    assert_eq!(condition(status, "Programmed"), "True Programmed");
    assert_eq!(
        condition(listener(status, "http"), "Programmed"),
        "True Programmed"
    );
    assert_eq!(
        condition(listener(status, "bad"), "Programmed"),
        "False Invalid"
    );
    // What was said stays until something else is.
    let said = with_times(status.clone(), US, "2024-01-01T00:00:00Z");
    let gateway = gateway(
        "{name: http, port: 80, protocol: HTTP}, {name: bad, port: 81, protocol: example.com/x}",
    );
    let again = translated(&format!("{gateway}\nstatus: {said}"));
    let again = again.status("Gateway default/gw");
    assert_eq!(again["conditions"], said["conditions"]);
}

#[test]
fn listener_sets_add_to_gateways_that_let_them_in() {
    let allowing = gateway("{name: http, port: 80, protocol: HTTP, hostname: a.example.com}")
        .replace(
            "listeners: [",
            "allowedListeners: {namespaces: {from: Same}}, listeners: [",
        );
    let set = |name: &str, namespace: &str, listeners: &str| {
        let spec = format!(
            "spec: {{parentRef: {{name: gw, namespace: default}}, listeners: [{listeners}]}}"
        );
        object("ListenerSet", name, namespace, &spec)
    };
    let to_set = |name: &str, set: &str, host: &str| {
        let parents = format!("parentRefs: [{{kind: ListenerSet, name: {set}}}]");
        route(
            "HTTPRoute",
            name,
            &format!("{parents}, hostnames: [{host}], {TO_A}"),
        )
    };
    let manifests = allowing
        + &set(
            "more",
            "default",
            "{name: http, port: 80, protocol: HTTP, hostname: b.example.com},
             {name: again, port: 80, protocol: HTTP, hostname: a.example.com}",
        )
        + &set("out", "elsewhere", "{name: x, port: 85, protocol: HTTP}")
        + &to_set("r", "more", "b.example.com")
        + &to_set("s", "more", "a.example.com")
        + &service("a", 80);
    let translation = translated(&manifests);
    let gateway = translation.status("Gateway default/gw");
    assert_eq!(gateway["attachedListenerSets"], 1);
    assert_eq!(
        condition(listener(gateway, "http"), "Accepted"),
        "True Accepted"
    );
    assert_eq!(listener(gateway, "http")["attachedRoutes"], 0);
    let more = translation.status("ListenerSet default/more");
    assert_eq!(condition(more, "Accepted"), "True ListenersNotValid");
    assert_eq!(
        condition(listener(more, "again"), "Conflicted"),
        "True HostnameConflict"
    );
    assert_eq!(listener(more, "http")["attachedRoutes"], 1);
    let out = translation.status("ListenerSet elsewhere/out");
    assert_eq!(condition(out, "Accepted"), "False NotAllowed");
    let accepted = |name: &str| {
        let status = translation.status(&format!("HTTPRoute default/{name}"));
        condition(&status["parents"][0], "Accepted")
    };
    assert_eq!(accepted("r"), "True Accepted");
    assert_eq!(accepted("s"), "False NoMatchingListenerHostname");
    let document = translation.document.to_value();
    assert_eq!(
        document["services"][0]["routes"][0]["hosts"],
        json!(["b.example.com"])
    );
}

#[test]
fn a_listener_leaves_the_hosts_of_others_to_them() {
    let manifests = gateway(
        "{name: all, port: 80, protocol: HTTP}, {name: a, port: 80, protocol: HTTP, hostname: a.example.com}",
    ) + &route(
        "HTTPRoute",
        "r",
        &format!("parentRefs: [{{name: gw, sectionName: all}}], {TO_A}"),
    ) + &service("a", 80);
    let settings = Settings {
        flavor: FLAVORS[1],
        ..right()
    };
    let document = translate(&world(&manifests), &settings).document.to_value();
    let expression = document["services"][0]["routes"][0]["expression"].as_str();
    let expression = expression.unwrap();
    assert!(
        expression.contains("http.host != \"a.example.com\""),
        "{expression}"
    );
}

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
fn a_gateway_shows_its_certificate_to_backends() {
    let case = fixtures().join("golden-more/gateway-listener-certificates/in.yaml");
    let secrets = fs::read_to_string(case).unwrap();
    let secret = secrets
        .split("\n---")
        .find(|it| it.contains("name: shop-tls"))
        .unwrap();
    let showing = gateway("{name: http, port: 80, protocol: HTTP}").replace(
        "listeners: [",
        "tls: {backend: {clientCertificateRef: {name: shop-tls}}}, listeners: [",
    );
    let https = service("a", 80).replacen(
        "namespace: default}",
        "namespace: default, annotations: {konghq.com/protocol: https}}",
        1,
    );
    let base = showing
        + &route(
            "HTTPRoute",
            "r",
            &format!("parentRefs: [{{name: gw}}], {TO_A}"),
        )
        + &https;
    let translation = translated(&format!("{base}\n---{secret}"));
    let document = translation.document.to_value();
    let shown = &document["services"][0]["client_certificate"];
    assert_eq!(*shown, document["certificates"][0]["id"]);
    assert!(shown.is_string());
    let status = translation.status("Gateway default/gw");
    assert_eq!(condition(status, "ResolvedRefs"), "True ResolvedRefs");
    let translation = translated(&base);
    let status = translation.status("Gateway default/gw");
    assert_eq!(
        condition(status, "ResolvedRefs"),
        "False InvalidClientCertificateRef"
    );
    assert_eq!(condition(status, "Accepted"), "True Accepted");
    let document = translation.document.to_value();
    assert_eq!(document["services"][0]["client_certificate"], Value::Null);
}

#[test]
fn a_listener_set_shows_certificates_and_one_in_conflict_does_not() {
    let case = fixtures().join("golden-more/gateway-listener-certificates/in.yaml");
    let secrets = fs::read_to_string(case).unwrap();
    let secret = |name: &str| {
        let secret = secrets
            .split("\n---")
            .find(|it| it.contains(&format!("name: {name}")));
        format!("\n---{}", secret.unwrap())
    };
    let tls = |name: &str, host: &str, secret: &str| {
        format!(
            "{{name: {name}, port: 443, protocol: HTTPS, hostname: {host}, tls: {{certificateRefs: [{{name: {secret}}}]}}}}"
        )
    };
    let spec = format!(
        "spec: {{parentRef: {{name: gw}}, listeners: [{}, {}]}}",
        tls("more", "b.example.com", "shop-tls"),
        tls("again", "a.example.com", "wild-tls"),
    );
    let manifests =
        gateway("{name: https, port: 443, protocol: HTTPS, hostname: a.example.com}").replace(
            "listeners: [{",
            "allowedListeners: {namespaces: {from: All}}, listeners: [{",
        ) + &object("ListenerSet", "set", "default", &spec)
            + &secret("shop-tls")
            + &secret("wild-tls");
    let document = translated(&manifests).document.to_value();
    assert_eq!(document["certificates"].as_array().unwrap().len(), 1);
    assert_eq!(
        document["certificates"][0]["snis"][0]["name"],
        "b.example.com"
    );
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
