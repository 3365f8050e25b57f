//! GRPCRoutes, as they are meant.

use kong_router::Flavor;

use super::gateway::{FLAVORS, Gateway, gateway, service, settings};

/// A GRPCRoute; rules are written out.
fn route(name: &str, hostnames: &str, rules: &str) -> String {
    format!(
        "
---
apiVersion: gateway.networking.k8s.io/v1
kind: GRPCRoute
metadata: {{name: {name}, namespace: default}}
spec:
  parentRefs: [{{name: gw}}]
  hostnames: [{hostnames}]
  rules: [{rules}]"
    )
}

/// A rule with one match.
fn rule(matches: &str, more: &str) -> String {
    format!("{{matches: [{matches}], backendRefs: [{{name: a, port: 9000}}]{more}}}")
}

#[test]
fn the_more_specific_match_comes_first() {
    let rules = [
        rule("{method: {method: Ping}}", ""),
        rule("{method: {service: pkg.Echo}}", ""),
        rule("{method: {service: pkg.Echo, method: Ping}}", ""),
        rule(
            "{method: {type: RegularExpression, service: 'other|third'}}",
            "",
        ),
        rule("", ""),
    ]
    .join(", ");
    let manifests = route(
        "r",
        "'*.example.com', grpc.example.com, '*.deep.example.com'",
        &rules,
    ) + &service("a", 9000);
    for flavor in FLAVORS {
        let gateway = Gateway::of(&manifests, flavor);
        for host in ["grpc.example.com", "x.example.com", "x.deep.example.com"] {
            for (path, expected) in [
                ("/pkg.Echo/Ping", 2),
                ("/pkg.Echo/Pong", 1),
                ("/pkgXEcho/Ping", 0),
                ("/third/Do", 3),
                ("/thirdly/Do", 4),
            ] {
                let route = gateway
                    .route("POST", &format!("http://{host}{path}"), &[])
                    .unwrap();
                let rule = match flavor {
                    Flavor::TraditionalCompatible => route
                        .strip_prefix("grpcroute.default.r.")
                        .unwrap()
                        .split('.')
                        .next(),
                    Flavor::Expressions => route.rsplit('.').nth(1),
                };
                assert_eq!(
                    rule,
                    Some(expected.to_string().as_str()),
                    "{flavor:?} {host}{path} {route}"
                );
            }
        }
        assert_eq!(gateway.problems, []);
    }
}

#[test]
fn the_older_of_equal_matches_comes_first() {
    let same = rule("{method: {service: s.S, method: M}}", "");
    let route = |name, created: &str| {
        let with = format!("name: {name}, creationTimestamp: '{created}'");
        route(name, "x.test", &same).replace(&format!("name: {name}"), &with)
    };
    let manifests = route("young", "2024-02-01T00:00:00Z")
        + &route("old", "2024-01-01T00:00:00Z")
        + &service("a", 9000);
    for flavor in FLAVORS {
        let gateway = Gateway::of(&manifests, flavor);
        let route = gateway.route("POST", "http://x.test/s.S/M", &[]).unwrap();
        assert!(
            route.starts_with("grpcroute.default.old."),
            "{flavor:?} {route}"
        );
    }
}

#[test]
fn headers_match_as_their_type_says() {
    let header = |kind: &str, value: &str| {
        format!("{{headers: [{{type: {kind}, name: X-Env, value: '{value}'}}]}}")
    };
    let rules = [
        rule(&header("Exact", "a.c"), ""),
        rule(&header("RegularExpression", "^v[0-9]+$"), ""),
    ]
    .join(", ");
    let manifests = route("r", "x.test", &rules) + &service("a", 9000);
    for flavor in FLAVORS {
        let gateway = Gateway::of(&manifests, flavor);
        let takes = |value: &str| {
            let header = format!("x-env: {value}");
            gateway
                .route("POST", "http://x.test/s/M", &[&header])
                .is_some()
        };
        assert!(takes("a.c") && takes("v12"), "{flavor:?}");
        assert!(
            !takes("abc") && !takes("v") && !takes("^v[0-9]+$"),
            "{flavor:?}"
        );
    }
}

#[test]
fn a_match_with_headers_takes_no_calls_from_one_that_names_more() {
    let rules = [
        rule("{method: {service: s.S, method: M}}", ""),
        rule(
            "{method: {method: M}, headers: [{name: x-env, value: v}]}",
            "",
        ),
        rule(
            "{method: {service: s.T}, headers: [{name: x-env, value: v}]}",
            "",
        ),
        rule("{headers: [{name: x-env, value: v}]}", ""),
    ]
    .join(", ");
    let manifests = route("r", "x.test", &rules) + &service("a", 9000);
    for flavor in FLAVORS {
        let gateway = Gateway::of(&manifests, flavor);
        assert_eq!(gateway.problems, []);
        for (call, rule) in [("s.S/M", 0), ("s.T/M", 2), ("s.U/M", 1), ("s.U/N", 3)] {
            let url = format!("http://x.test/{call}");
            let route = gateway.route("POST", &url, &["x-env: v"]).unwrap();
            assert!(
                route.ends_with(&format!(".{rule}.0")),
                "{flavor:?} {call}: {route}"
            );
        }
    }
}

#[test]
fn filters_become_plugins_and_one_that_cannot_takes_its_rule_with_it() {
    let filters = ", filters: [{type: RequestHeaderModifier, requestHeaderModifier: {set: [{name: x-a, value: '1'}], \
                   remove: [x-b]}}, {type: ResponseHeaderModifier, responseHeaderModifier: {add: [{name: x-c, value: \
                   '2'}]}}]";
    let code = ", filters: [{type: RequestHeaderModifier, requestHeaderModifier: {set: [{name: x-a, value: \
                '$(os.exit())'}]}}]";
    let mirror =
        ", filters: [{type: RequestMirror, requestMirror: {backendRef: {name: a, port: 9000}}}]";
    let rules = [
        rule("{method: {service: s.A}}", filters),
        rule("{method: {service: s.B}}", code),
        rule("{method: {service: s.C}}", mirror),
        rule("{method: {service: s.D}}", ""),
    ]
    .join(", ");
    let manifests = route("r", "x.test", &rules) + &service("a", 9000);
    for flavor in FLAVORS {
        let gateway = Gateway::of(&manifests, flavor);
        let takes = |service: &str| {
            let url = format!("http://x.test/{service}/M");
            gateway.route("POST", &url, &[]).is_some()
        };
        assert!(takes("s.A") && takes("s.D") && !takes("s.B") && !takes("s.C"));
        let text = gateway.document.to_string();
        for part in [
            r#""replace":{"headers":["x-a:1"]}"#,
            r#""remove":{"headers":["x-b"]}"#,
            r#""append":{"headers":["x-c:2"]}"#,
        ] {
            assert!(text.contains(part), "{part} {text}");
        }
        assert!(!text.contains("os.exit"));
        assert!(gateway.says(
            "GRPCRoute default/r",
            "grpcFilter RequestMirror unsupported"
        ));
    }
}

#[test]
fn what_is_asked_of_a_single_backend_is_refused_and_not_dropped() {
    let of_backend = rule("{method: {service: s.A}}", ", sessionPersistence: {sessionName: s}").replace(
        "port: 9000",
        "port: 9000, filters: [{type: RequestHeaderModifier, requestHeaderModifier: {remove: [x-a]}}]",
    );
    let kept = rule(
        "{method: {service: s.B}}",
        ", sessionPersistence: {sessionName: s}",
    );
    let manifests = route("r", "x.test", &[of_backend, kept].join(", ")) + &service("a", 9000);
    for flavor in FLAVORS {
        let gateway = Gateway::of(&manifests, flavor);
        let takes = |url: &str| gateway.route("POST", url, &[]).is_some();
        assert!(!takes("http://x.test/s.A/M") && takes("http://x.test/s.B/M"));
        let object = "GRPCRoute default/r";
        assert!(gateway.says(object, "grpcFilter RequestHeaderModifier unsupported"));
        assert!(gateway.says(object, "sessions are kept by the upstream"));
    }
}

#[test]
fn backends_are_spoken_to_as_their_port_says() {
    let manifests = route("r", "x.test", &rule("{method: {service: s.A}}", ""));
    let protocol = |service: &str| {
        let gateway = Gateway::of(
            &(manifests.clone() + service),
            Flavor::TraditionalCompatible,
        );
        gateway.document["services"][0]["protocol"].clone()
    };
    let plain = service("a", 9000);
    assert_eq!(protocol(&plain), "grpc");
    assert_eq!(
        protocol(&plain.replace("name: main}]", "name: main, appProtocol: https}]")),
        "grpcs"
    );
}

const LISTENER: &str = "{name: grpc, port: 80, protocol: HTTP, hostname: '*.example.com'}";

#[test]
fn a_route_is_for_the_hosts_that_its_listeners_have() {
    let rules = rule("{method: {service: s.A}}", "");
    let manifests = route("r", "a.example.com, b.test", &rules)
        + &route("inherits", "", &rules.replace("s.A", "s.B"))
        + &route("elsewhere", "c.test", &rules)
        + &service("a", 9000)
        + &gateway(LISTENER);
    for flavor in FLAVORS {
        let mut settings = settings(flavor);
        settings.all_routes = false;
        let gateway = Gateway::with(&manifests, &settings);
        let takes = |url: &str| gateway.route("POST", url, &[]).is_some();
        assert!(takes("http://a.example.com/s.A/M"));
        assert!(takes("http://x.example.com/s.B/M"));
        assert!(!takes("http://b.test/s.A/M") && !takes("http://c.test/s.A/M"));
        assert!(gateway.says("GRPCRoute default/elsewhere", "NoMatchingListenerHostname"));
        let protocols = gateway.document["services"][0]["routes"][0]["protocols"].to_string();
        assert_eq!(protocols, r#"["grpc"]"#);
    }
}

#[test]
fn no_hostname_method_or_header_makes_a_configuration_that_kong_refuses() {
    let hostile = [
        "a b", "a.*", "*", "é", "(", "a|b", "..", "%", "a/b", "host", "X-Y", "~*a", "$(x)", "x:80",
        "a_b",
    ];
    let mut manifests = service("a", 9000);
    for (number, text) in hostile.iter().enumerate() {
        let rules = ["Exact", "RegularExpression"].map(|kind| {
            let method =
                format!("{{method: {{type: {kind}, service: '{text}', method: '{text}'}}}}");
            let name = format!("{{headers: [{{type: {kind}, name: '{text}', value: x}}]}}");
            let value = format!("{{headers: [{{type: {kind}, name: x-a, value: '{text}'}}]}}");
            rule(&[method, name, value].join(", "), "")
        });
        let hostnames = format!("'{text}', x.test");
        manifests += &route(&format!("r{number}"), &hostnames, &rules.join(", "));
        manifests += &route(&format!("s{number}"), "", &rules.join(", "))
            .replace("GRPCRoute", "TLSRoute")
            .replace("hostnames: []", &format!("hostnames: ['{text}']"))
            .replace("matches", "ignored");
    }
    for flavor in FLAVORS {
        let gateway = Gateway::of(&manifests, flavor);
        let takes = |url: &str| gateway.route("POST", url, &[]).is_some();
        assert!(takes("http://x.test/a%7Cb/a%7Cb"), "{flavor:?}");
        assert!(takes("http://x.test/a/b"), "{flavor:?}");
    }
}
