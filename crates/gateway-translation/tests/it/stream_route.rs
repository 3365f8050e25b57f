//! TLSRoutes, TCPRoutes and UDPRoutes, as they are meant.

use kong_router::Transport;

use super::gateway::{FLAVORS, Gateway, gateway, service};

const LISTENERS: &str = "{name: pg, port: 5432, protocol: TCP}, {name: pg2, port: 5433, protocol: TCP}, \
    {name: dns, port: 53, protocol: UDP}, \
    {name: term, port: 8883, protocol: TLS, hostname: '*.example.com', tls: {mode: Terminate}}, \
    {name: pass, port: 9443, protocol: TLS, tls: {mode: Passthrough}}";

fn route(kind: &str, name: &str, created: u8, sections: &[&str], rest: &str) -> String {
    let parents: Vec<String> = sections
        .iter()
        .map(|section| format!("{{name: gw, sectionName: {section}}}"))
        .collect();
    format!(
        "
---
apiVersion: gateway.networking.k8s.io/v1
kind: {kind}
metadata: {{name: {name}, namespace: default, creationTimestamp: '2024-01-0{created}T00:00:00Z'}}
spec: {{parentRefs: [{}], {rest}}}",
        parents.join(", ")
    )
}

const TO_A: &str = "rules: [{backendRefs: [{name: a, port: 9000}]}]";

#[test]
fn a_listener_belongs_to_the_oldest_route() {
    let manifests = route("TCPRoute", "a", 1, &["pg"], TO_A)
        + &route("TCPRoute", "b", 2, &["pg", "pg2"], TO_A)
        + &route("TCPRoute", "c", 3, &["pg"], TO_A)
        + &route("UDPRoute", "d", 4, &["dns"], TO_A)
        + &service("a", 9000)
        + &gateway(LISTENERS);
    for flavor in FLAVORS {
        let gateway = Gateway::of(&manifests, flavor);
        let tcp = |port| gateway.stream(Transport::Tcp, port, None);
        assert_eq!(tcp(5432).as_deref(), Some("tcproute.default.a.0.0"));
        assert_eq!(tcp(5433).as_deref(), Some("tcproute.default.b.0.0"));
        let udp = gateway.stream(Transport::Udp, 53, None);
        assert_eq!(udp.as_deref(), Some("udproute.default.d.0.0"));
        let message = "listener pg of Gateway default/gw belongs to TCPRoute default/a";
        assert!(gateway.says("TCPRoute default/b", message));
        assert!(gateway.says("TCPRoute default/c", message));
    }
}

#[test]
fn a_name_of_tls_is_looked_for_at_the_port_of_the_listener_alone() {
    let hostnames = format!("hostnames: [mqtt.example.com, other.test], {TO_A}");
    let manifests = route("TLSRoute", "t", 1, &["term"], &hostnames)
        + &route("TLSRoute", "p", 1, &["pass"], &hostnames)
        + &service("a", 9000)
        + &gateway(LISTENERS);
    for flavor in FLAVORS {
        let gateway = Gateway::of(&manifests, flavor);
        let tls = |port, sni| gateway.stream(Transport::Tls, port, Some(sni));
        assert_eq!(
            tls(8883, "mqtt.example.com").as_deref(),
            Some("tlsroute.default.t.0.0")
        );
        assert_eq!(tls(8883, "other.test"), None);
        assert_eq!(gateway.stream(Transport::Tcp, 5432, None), None);
        let text = gateway.document.to_string();
        assert!(text.contains("tls_passthrough"), "{text}");
    }
}

#[test]
fn a_rule_that_nothing_can_be_done_with_is_left_out() {
    let two =
        "rules: [{backendRefs: [{name: a, port: 9000}]}, {backendRefs: [{name: b, port: 9000}]}]";
    let ghost = "rules: [{backendRefs: [{name: ghost, port: 9000}]}]";
    let manifests = route("TCPRoute", "two", 1, &["pg"], two)
        + &route("TCPRoute", "ghost", 1, &["pg2"], ghost)
        + &route(
            "TLSRoute",
            "empty",
            1,
            &["term"],
            "hostnames: [a.example.com], rules: [{}]",
        )
        + &route("UDPRoute", "none", 1, &["dns"], "rules: [{}]")
        + &service("a", 9000)
        + &service("b", 9000)
        + &gateway(LISTENERS);
    for flavor in FLAVORS {
        let gateway = Gateway::of(&manifests, flavor);
        let services = gateway.document["services"].as_array().unwrap();
        assert_eq!(services.len(), 1);
        assert_eq!(services[0]["name"], "tcproute.default.two.0");
        assert!(gateway.says(
            "TCPRoute default/two",
            "the rule is for the same connections"
        ));
        assert!(gateway.says("TCPRoute default/ghost", "none of the backends can be used"));
        assert!(gateway.says("TLSRoute default/empty", "none of the backends can be used"));
        assert!(gateway.says("UDPRoute default/none", "no backendRefs in rule"));
        assert!(!gateway.document.to_string().contains(".invalid"));
    }
}

#[test]
fn names_are_looked_for_at_the_ports_of_listeners_that_have_them() {
    let hosts = "hostnames: [a.example.com, b.test], ";
    let manifests = route(
        "TLSRoute",
        "r",
        1,
        &["term", "pass"],
        &format!("{hosts}{TO_A}"),
    ) + &service("a", 9000)
        + &gateway(LISTENERS);
    for flavor in FLAVORS {
        let gateway = Gateway::of(&manifests, flavor);
        let takes = |port, sni| gateway.stream(Transport::Tls, port, Some(sni)).is_some();
        assert!(
            takes(8883, "a.example.com") && takes(9443, "a.example.com"),
            "{flavor:?}"
        );
        assert!(
            takes(9443, "b.test") && !takes(8883, "b.test"),
            "{flavor:?}"
        );
    }
}

#[test]
fn a_name_goes_before_each_wildcard_that_covers_it() {
    let named = |name: &str, created, host: &str| {
        route(
            "TLSRoute",
            name,
            created,
            &["pass"],
            &format!("hostnames: ['{host}'], {TO_A}"),
        )
    };
    let manifests = named("all", 1, "*.test")
        + &named("b", 2, "*.b.test")
        + &named("plain", 4, "c.b.test")
        + &named("deep", 3, "*.c.b.test")
        + &named("late", 5, "C.b.test")
        + &service("a", 9000)
        + &gateway(LISTENERS);
    for flavor in FLAVORS {
        let gateway = Gateway::of(&manifests, flavor);
        for (sni, winner) in [
            ("a.test", "all"),
            ("a.b.test", "b"),
            ("c.b.test", "plain"),
            ("a.c.b.test", "deep"),
        ] {
            let found = gateway.stream(Transport::Tls, 9443, Some(sni)).unwrap();
            assert_eq!(
                found,
                format!("tlsroute.default.{winner}.0.0"),
                "{flavor:?} {sni}"
            );
        }
        let said =
            "the name \"c.b.test\" on port 9443 belongs to TLSRoute default/plain, which is older";
        assert!(
            gateway.says("TLSRoute default/late", said),
            "{:?}",
            gateway.problems
        );
    }
}
