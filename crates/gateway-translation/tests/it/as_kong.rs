//! What Kong's controller does, where no recorded case shows it.

use gateway_translation::{KongVersion, Settings, translate};
use kong_router::Flavor;
use serde_json::{Value, json};

use super::gateway::service;
use super::golden::world;

fn document(manifests: &str, flavor: Flavor) -> Value {
    let settings = Settings {
        flavor,
        all_routes: true,
        ..Settings::as_kong(KongVersion::new(3, 12))
    };
    translate(&world(manifests), &settings).document.to_value()
}

fn traditional(manifests: &str) -> Value {
    document(manifests, Flavor::TraditionalCompatible)
}

#[test]
fn an_ingress_need_not_name_the_only_port_of_a_service() {
    let manifests = "
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: i, namespace: default}
spec:
  ingressClassName: kong
  rules: [{http: {paths: [{path: /~/x, pathType: Prefix, backend: {service: {name: a}}}]}}]"
        .to_owned()
        + &service("a", 8080);
    let service = &traditional(&manifests)["services"][0];
    assert_eq!(service["name"], "default.a.implicitPort");
    assert_eq!(service["routes"][0]["name"], "default.i.a..implicitPort");
    assert_eq!(service["routes"][0]["paths"], json!(["~/x/", "~/~/x$"]));
    assert_eq!(service["port"], 8080);
}

#[test]
fn a_missing_service_of_an_ingress_leaves_an_upstream_without_targets() {
    let manifests = "
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: i, namespace: default}
spec:
  ingressClassName: kong
  rules: [{http: {paths: [{path: /, pathType: Exact, backend: {service: {name: a, port: {number: 81}}}}]}}]";
    let document = traditional(manifests);
    let service = &document["services"][0];
    assert_eq!(service["host"], "a.default.81.svc");
    assert_eq!(service["port"], 80);
    assert_eq!(service["plugins"], Value::Null);
    assert_eq!(service["tags"][0], "k8s-name:UNKNOWN");
    assert_eq!(document["upstreams"][0]["targets"], Value::Null);
}

#[test]
fn tls_goes_through_if_a_listener_of_a_parent_in_the_status_lets_it() {
    let manifests = "
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: gw, namespace: default}
spec:
  gatewayClassName: kong
  listeners: [{name: pass, port: 9443, protocol: TLS, tls: {mode: Passthrough}}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: TLSRoute
metadata: {name: t, namespace: default}
spec:
  parentRefs: [{name: gw}]
  hostnames: [a.test]
  rules: [{backendRefs: [{kind: Service, name: a, port: 9000}]}, {name: second}]
status:
  parents: [{parentRef: {name: gw}, controllerName: x}]"
        .to_owned();
    let with_service = manifests.clone() + &service("a", 9000);
    let document = traditional(&with_service);
    let services = &document["services"];
    assert_eq!(
        services[1]["routes"][0]["protocols"],
        json!(["tls_passthrough"])
    );
    assert_eq!(services[1]["routes"][0]["destinations"], Value::Null);
    // A rule without backends answers an error where nothing can be answered, under its own name.
    assert_eq!(services[0]["host"], "tlsroute.default.t.1");
    assert_eq!(services[0]["plugins"][0]["name"], "request-termination");
    let without_status = with_service.replace("status:", "unknown:");
    let document = traditional(&without_status);
    assert_eq!(
        document["services"][1]["routes"][0]["protocols"],
        json!(["tls"])
    );
}

#[test]
fn a_grpc_rule_without_matches_is_for_everything() {
    let manifests = "
apiVersion: gateway.networking.k8s.io/v1
kind: GRPCRoute
metadata: {name: g, namespace: default}
spec:
  parentRefs: [{name: gw}]
  rules:
  - backendRefs: [{kind: Service, name: a, port: 9000}]
  - matches: [{headers: [{name: X-Env, value: v.*, type: RegularExpression}, {name: A, value: b}]}]"
        .to_owned() + &service("a", 9000);
    let services = &traditional(&manifests)["services"];
    assert_eq!(services[1]["routes"][0]["paths"], json!(["/"]));
    assert_eq!(
        services[0]["routes"][0]["headers"],
        json!({"A": ["b"], "X-Env": ["v.*"]})
    );
    let services = &document(&manifests, Flavor::Expressions)["services"];
    let expression = |number: usize| services[number]["routes"][0]["expression"].clone();
    assert_eq!(
        expression(1),
        r#"(net.protocol == "http") || (net.protocol == "https")"#
    );
    assert_eq!(
        expression(0),
        r#"(http.headers.a == "b") && (http.headers.x_env ~ "v.*")"#
    );
    assert_eq!(services[1]["name"], "grpcroute.default.g._.0");
}
