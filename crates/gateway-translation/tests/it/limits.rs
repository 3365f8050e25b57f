//! Limits of Kong's router, which `lint` tells those of whom they concern.

use gateway_translation::{KongVersion, Rule, Settings, lint, translate};
use kong_router::Flavor;

use crate::gateway::{gateway, service};
use crate::golden::world;

const LISTENERS: &str = "{name: http, port: 80, protocol: HTTP}, \
    {name: tls, port: 8443, protocol: TLS, tls: {mode: Passthrough}}";

fn route(kind: &str, name: &str, host: &str, matches: &str) -> String {
    format!(
        "
---
apiVersion: gateway.networking.k8s.io/v1
kind: {kind}
metadata: {{name: {name}, namespace: default}}
spec:
  parentRefs: [{{name: gw}}]
  hostnames: ['{host}']
  rules: [{{{matches}backendRefs: [{{name: a, port: 80}}]}}]"
    )
}

/// The objects with the fields at which limits are told.
fn told(manifests: &str, flavor: Flavor) -> Vec<String> {
    told_by(Rule::Limit, manifests, flavor)
}

fn told_by(rule: Rule, manifests: &str, flavor: Flavor) -> Vec<String> {
    let settings = Settings {
        flavor,
        ..Settings::right(KongVersion::default())
    };
    let manifests = gateway(LISTENERS) + &service("a", 80) + manifests;
    let world = world(&manifests);
    let found = lint(&world, &settings, &translate(&world, &settings), None);
    let limits = found.into_iter().filter(|it| it.rule == rule);
    limits
        .map(|it| format!("{}: {}", it.object.unwrap(), it.field))
        .collect()
}

#[test]
fn whose_headers_are_compared_otherwise_is_told() {
    let matches = "matches: [{headers: [{name: x-a, value: '1'}]}, \
                   {headers: [{name: x-a, value: '2'}, {name: x_b, value: V}]}], ";
    let manifests = route("HTTPRoute", "r", "h.test", matches);
    let (value, name) = (
        "HTTPRoute default/r: spec.rules[0].matches[1].headers[1].value",
        "HTTPRoute default/r: spec.rules[0].matches[1].headers[1].name",
    );
    assert_eq!(
        told(&manifests, Flavor::TraditionalCompatible),
        [name, value]
    );
    assert_eq!(told(&manifests, Flavor::Expressions), [name]);
    let harmless = route(
        "HTTPRoute",
        "r",
        "h.test",
        "matches: [{headers: [{name: x-a, value: '1'}]}], ",
    );
    assert_eq!(
        told(&harmless, Flavor::TraditionalCompatible),
        [] as [&str; 0]
    );
}

#[test]
fn a_tls_route_is_told_who_else_gets_to_it() {
    let manifests = route("TLSRoute", "r", "h.test", "");
    let found = told(&manifests, Flavor::TraditionalCompatible);
    assert_eq!(found, ["TLSRoute default/r: spec.hostnames"]);
    assert_eq!(told(&manifests, Flavor::Expressions), [] as [&str; 0]);
}

#[test]
fn routes_of_two_kinds_for_one_host_are_told() {
    for (host, expected) in [("*.test", 1), ("h.other", 0)] {
        let manifests = route("HTTPRoute", "h", host, "") + &route("GRPCRoute", "g", "h.test", "");
        for flavor in [Flavor::TraditionalCompatible, Flavor::Expressions] {
            let found = told(&manifests, flavor);
            assert_eq!(
                found,
                vec!["GRPCRoute default/g: spec.hostnames"; expected],
                "{host}"
            );
        }
    }
}

#[test]
fn that_the_case_of_hosts_counts_is_told_once() {
    let named = |name: &str| route("HTTPRoute", name, "h.test", "");
    let (many, none) = (
        named("one") + &named("two"),
        named("r").replace("hostnames: ['h.test']", ""),
    );
    for flavor in [Flavor::TraditionalCompatible, Flavor::Expressions] {
        let told = |manifests: &str| told_by(Rule::Clients, manifests, flavor);
        assert_eq!(told(&many), ["HTTPRoute default/one: "], "{flavor:?}");
        assert_eq!(told(&none), [] as [&str; 0], "{flavor:?}");
    }
}
