//! TLSRoutes, TCPRoutes and UDPRoutes, as they are meant.

use kong_router::{Flavor, Transport};

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

const MIXED: &str = "{name: wild, port: 8443, protocol: TLS, hostname: '*.example.com', tls: {mode: Passthrough}}, \
    {name: foo, port: 8443, protocol: TLS, hostname: foo.example.com, tls: {mode: Terminate}}, \
    {name: deep, port: 8443, protocol: TLS, hostname: '*.deep.example.com', tls: {mode: Terminate}}";

#[test]
fn tls_ends_here_for_some_names_of_a_port_and_goes_through_for_others() {
    let hostnames = |names: &str| {
        format!("hostnames: [{names}], rules: [{{backendRefs: [{{name: a, port: 9000}}]}}]")
    };
    let manifests = route(
        "TLSRoute",
        "wild",
        1,
        &["wild"],
        &hostnames("'*.example.com'"),
    ) + &route(
        "TLSRoute",
        "foo",
        2,
        &["foo"],
        &hostnames("foo.example.com"),
    ) + &route(
        "TLSRoute",
        "both",
        3,
        &["wild", "deep"],
        &hostnames("b.example.com, b.deep.example.com"),
    ) + &service("a", 9000)
        + &gateway(MIXED);
    for flavor in FLAVORS {
        let gateway = Gateway::of(&manifests, flavor);
        let protocols = |sni: &str| {
            let name = gateway.stream(Transport::Tls, 8443, Some(sni))?;
            let services = gateway.document["services"].as_array().unwrap().iter();
            let mut routes = services.flat_map(|service| service["routes"].as_array().unwrap());
            let route = routes.find(|route| route["name"] == name.as_str()).unwrap();
            let object = name.split('.').nth(2).unwrap().to_owned();
            Some((object, route["protocols"][0].as_str().unwrap().to_owned()))
        };
        let is = |object: &str, protocol: &str| Some((object.to_owned(), protocol.to_owned()));
        assert_eq!(
            protocols("a.example.com"),
            is("wild", "tls_passthrough"),
            "{flavor:?}"
        );
        assert_eq!(protocols("foo.example.com"), is("foo", "tls"), "{flavor:?}");
        assert_eq!(
            protocols("b.example.com"),
            is("both", "tls_passthrough"),
            "{flavor:?}"
        );
        assert_eq!(
            protocols("b.deep.example.com"),
            is("both", "tls"),
            "{flavor:?}"
        );
        assert_eq!(protocols("x.test"), None);
        // A name that belongs to a listener of which the route is none.
        let said = "the traditional flavour of the router cannot leave";
        let is_traditional = flavor == Flavor::TraditionalCompatible;
        assert_eq!(gateway.says("TLSRoute default/wild", said), is_traditional);
        if !is_traditional {
            assert_eq!(protocols("c.deep.example.com"), None);
            let mut of_routes = gateway.problems.iter().map(|it| it.object.to_string());
            assert!(
                !of_routes.any(|it| it.starts_with("TLSRoute")),
                "{:#?}",
                gateway.problems
            );
        }
    }
}

#[test]
fn a_name_of_tls_belongs_to_the_oldest_route() {
    let hostnames = |names: &str| {
        format!("hostnames: [{names}], rules: [{{backendRefs: [{{name: a, port: 9000}}]}}]")
    };
    let manifests = route(
        "TLSRoute",
        "a",
        2,
        &["term"],
        &hostnames("a.example.com, b.example.com"),
    ) + &route("TLSRoute", "b", 1, &["term"], &hostnames("b.example.com"))
        + &service("a", 9000)
        + &gateway(LISTENERS);
    for flavor in FLAVORS {
        let gateway = Gateway::of(&manifests, flavor);
        let tls = |sni| gateway.stream(Transport::Tls, 8883, Some(sni));
        assert_eq!(
            tls("a.example.com").as_deref(),
            Some("tlsroute.default.a.0.0")
        );
        assert_eq!(
            tls("b.example.com").as_deref(),
            Some("tlsroute.default.b.0.0")
        );
        let said = "b.example.com at port 8883 belongs to TLSRoute default/b";
        assert!(gateway.says("TLSRoute default/a", said));
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
        let said = "c.b.test at port 9443 belongs to TLSRoute default/plain";
        assert!(
            gateway.says("TLSRoute default/late", said),
            "{:?}",
            gateway.problems
        );
    }
}
