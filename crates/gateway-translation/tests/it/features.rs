//! Features of the Gateway API one by one, in both flavours of the router.

use gateway_translation::{KongVersion, Settings, Translation, translate};
use kong_router::{Flavor, Request};
use serde_json::{Value, json};

use super::gateway::{FLAVORS, Gateway, gateway, gateway_of, service, settings};
use super::golden::world;
use super::status::{Statuses, condition, message};

const HTTP: &str = "{name: http, port: 80, protocol: HTTP}";

fn route(rules: &str) -> String {
    format!(
        "
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {{name: r, namespace: default}}
spec: {{parentRefs: [{{name: gw}}], rules: [{rules}]}}"
    )
}

fn with_app_protocol(name: &str, protocol: &str) -> String {
    let named = format!("name: main, appProtocol: {protocol}}}]}}");
    service(name, 80).replace("name: main}]}", &named)
}

fn translated(manifests: &str, flavor: Flavor) -> Translation {
    translate(&world(manifests), &settings(flavor))
}

/// The conditions of a route for its first parent.
fn parent(translation: &Translation) -> Value {
    translation.status("HTTPRoute default/r")["parents"][0].clone()
}

/// The first plugin of the first route.
fn plugin(gateway: &Gateway) -> Value {
    gateway.document["services"][0]["routes"][0]["plugins"][0].clone()
}

#[test]
fn web_sockets_are_http_and_over_tls_https() {
    for (asked, protocol) in [
        ("kubernetes.io/ws", "http"),
        ("kubernetes.io/wss", "https"),
        ("https", "https"),
    ] {
        let rule = "{backendRefs: [{name: a, port: 80}]}";
        let manifests = route(rule) + &with_app_protocol("a", asked) + &gateway(HTTP);
        for flavor in FLAVORS {
            let gateway = Gateway::of(&manifests, flavor);
            assert_eq!(
                gateway.document["services"][0]["protocol"], protocol,
                "{asked}"
            );
            assert!(gateway.route("GET", "http://h.test/", &[]).is_some());
            assert_eq!(gateway.problems, []);
        }
    }
}

#[test]
fn http2_without_tls_is_spoken_to_no_backend_of_an_httproute() {
    let rule = "{backendRefs: [{name: a, port: 80}, {name: b, port: 80}]}";
    let manifests = route(rule)
        + &with_app_protocol("a", "kubernetes.io/h2c")
        + &service("b", 80)
        + &gateway(HTTP);
    for flavor in FLAVORS {
        let translation = translated(&manifests, flavor);
        let status = parent(&translation);
        assert_eq!(condition(&status, "Accepted"), "True Accepted");
        assert_eq!(
            condition(&status, "ResolvedRefs"),
            "False UnsupportedProtocol"
        );
        assert!(message(&status, "ResolvedRefs").contains("kubernetes.io/h2c"));
        // Its share fails.
        let service = &translation.document.to_value()["services"][0];
        assert_eq!(service["plugins"][0]["name"], "pre-function");
    }
    let said = manifests.replacen(
        "metadata: {name: a, namespace: default}",
        "metadata: {name: a, namespace: default, annotations: {konghq.com/protocol: http}}",
        1,
    );
    let translation = translated(&said, Flavor::Expressions);
    assert_eq!(
        condition(&parent(&translation), "ResolvedRefs"),
        "True ResolvedRefs"
    );
}

#[test]
fn backends_of_a_rule_are_spoken_to_in_one_way() {
    let rule = "{backendRefs: [{name: a, port: 80}, {name: b, port: 80}]}";
    let manifests =
        route(rule) + &with_app_protocol("a", "https") + &service("b", 80) + &gateway(HTTP);
    let gateway = Gateway::of(&manifests, Flavor::Expressions);
    assert_eq!(gateway.document["services"][0]["protocol"], "https");
    let said = "Service default/a and Service default/b are backends of one rule";
    assert!(gateway.says("HTTPRoute default/r", said));
}

#[test]
fn web_sockets_are_no_grpc() {
    let rule = "{backendRefs: [{name: a, port: 80}]}";
    let manifests = route(rule).replace("HTTPRoute", "GRPCRoute")
        + &with_app_protocol("a", "kubernetes.io/ws")
        + &gateway(HTTP);
    let translation = translated(&manifests, Flavor::Expressions);
    let status = &translation.status("GRPCRoute default/r")["parents"][0];
    assert_eq!(
        condition(status, "ResolvedRefs"),
        "False UnsupportedProtocol"
    );
}

fn gateway_with(spec: &str) -> String {
    gateway_of(&format!("listeners: [{HTTP}], {spec}"))
}

#[test]
fn a_gateway_has_the_addresses_that_it_asks_for_or_says_why_not() {
    let reached = Settings {
        addresses: vec![
            "192.0.2.7".to_owned(),
            "lb.example.com".to_owned(),
            "192.0.2.1".to_owned(),
        ],
        ..settings(Flavor::Expressions)
    };
    let unknown = settings(Flavor::Expressions);
    let ip = |value: &str| json!({"type": "IPAddress", "value": value});
    let name = json!({"type": "Hostname", "value": "lb.example.com"});
    let all = json!([name, ip("192.0.2.1"), ip("192.0.2.7")]);
    for (settings, addresses, accepted, programmed, expected) in [
        (
            &reached,
            "",
            "True Accepted",
            "Unknown Pending",
            all.clone(),
        ),
        (
            &reached,
            "{value: 192.0.2.7}",
            "True Accepted",
            "Unknown Pending",
            json!([ip("192.0.2.7")]),
        ),
        (
            &reached,
            "{type: Hostname, value: ''}",
            "True Accepted",
            "Unknown Pending",
            json!([name]),
        ),
        (
            &reached,
            "{type: IPAddress}",
            "True Accepted",
            "Unknown Pending",
            json!([ip("192.0.2.1"), ip("192.0.2.7")]),
        ),
        (
            &reached,
            "{value: 192.0.2.9}",
            "True Accepted",
            "False AddressNotUsable",
            json!([]),
        ),
        (
            &reached,
            "{value: nothing}",
            "True Accepted",
            "False AddressNotUsable",
            json!([]),
        ),
        (
            &reached,
            "{type: NamedAddress, value: x}",
            "False UnsupportedAddress",
            "False Pending",
            json!([]),
        ),
        (
            &reached,
            "{type: test/fake, value: x}",
            "False UnsupportedAddress",
            "False Pending",
            json!([]),
        ),
        (
            &unknown,
            "{value: 192.0.2.9}",
            "True Accepted",
            "Unknown Pending",
            Value::Null,
        ),
        (
            &unknown,
            "{value: nothing}",
            "True Accepted",
            "False AddressNotUsable",
            Value::Null,
        ),
    ] {
        let manifests = gateway_with(&format!("addresses: [{addresses}]"));
        let translation = translate(&world(&manifests), settings);
        let status = translation.status("Gateway default/gw");
        assert_eq!(condition(status, "Accepted"), accepted, "{addresses}");
        assert_eq!(condition(status, "Programmed"), programmed, "{addresses}");
        assert_eq!(status["addresses"], expected, "{addresses}");
        let is_said = translation
            .problems
            .iter()
            .any(|it| it.field == "spec.addresses[0]");
        assert_eq!(is_said, programmed.starts_with("False"), "{addresses}");
        let awaits = translation
            .awaiting
            .iter()
            .any(|it| it.conditions == "/conditions");
        assert_eq!(awaits, programmed.starts_with("Unknown"), "{addresses}");
    }
    let only_names = Settings {
        addresses: vec!["lb.example.com".to_owned()],
        ..unknown
    };
    let translation = translate(
        &world(&gateway_with("addresses: [{type: IPAddress}]")),
        &only_names,
    );
    let status = translation.status("Gateway default/gw");
    assert_eq!(condition(status, "Programmed"), "False AddressNotAssigned");
}

#[test]
fn what_is_asked_for_in_vain_is_said() {
    let manifests = "
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: r, namespace: default}
spec:
  useDefaultGateways: All
  parentRefs: [{name: gw}, {group: '', kind: Service, name: a}]
  rules: [{backendRefs: [{name: a, port: 80}]}]"
        .to_owned()
        + &service("a", 80)
        + &gateway_with("infrastructure: {labels: {team: net}}, defaultScope: All");
    for flavor in FLAVORS {
        let gateway = Gateway::of(&manifests, flavor);
        for (object, said) in [
            (
                "HTTPRoute default/r",
                "routes attach by their parentRefs alone",
            ),
            (
                "HTTPRoute default/r",
                "requests within a mesh do not go through the gateway",
            ),
            (
                "Gateway default/gw",
                "labels and annotations are for objects that are made",
            ),
            (
                "Gateway default/gw",
                "routes attach by their parentRefs alone",
            ),
        ] {
            assert!(
                gateway.says(object, said),
                "{object} {said}: {:#?}",
                gateway.problems
            );
        }
        assert!(gateway.route("GET", "http://h.test/", &[]).is_some());
        let translation = translated(&manifests, flavor);
        let status = translation.status("HTTPRoute default/r");
        assert_eq!(status["parents"].as_array().unwrap().len(), 1);
        let status = &status["parents"][0];
        assert_eq!(
            condition(status, "PartiallyInvalid"),
            "True UnsupportedValue"
        );
        assert!(message(status, "PartiallyInvalid").starts_with("Dropped spec.useDefaultGateways"));
    }
    for kind in ["GRPCRoute", "TLSRoute", "TCPRoute", "UDPRoute"] {
        let gateway = Gateway::of(&manifests.replace("HTTPRoute", kind), Flavor::Expressions);
        let object = format!("{kind} default/r");
        for said in [
            "routes attach by their parentRefs alone",
            "requests within a mesh",
        ] {
            assert!(gateway.says(&object, said), "{kind}");
        }
    }
}

#[test]
fn every_redirect_has_its_place_and_its_status() {
    // Where scheme, host and port are known the plugin has the place, elsewhere a function puts it together.
    for (asked, place) in [
        (
            "hostname: n.test, scheme: https, port: 8443, statusCode: 301",
            Ok("https://n.test:8443"),
        ),
        (
            "hostname: n.test, scheme: https, port: 443, statusCode: 303",
            Ok("https://n.test"),
        ),
        (
            "hostname: n.test, scheme: http, port: 443, statusCode: 307",
            Ok("http://n.test:443"),
        ),
        (
            "hostname: n.test, scheme: https, statusCode: 308",
            Ok("https://n.test"),
        ),
        (
            "hostname: n.test, scheme: https, path: {type: ReplaceFullPath, replaceFullPath: /new}",
            Ok("https://n.test/new"),
        ),
        (
            "scheme: https, statusCode: 308",
            Err("= \"https\", kong.request.get_forwarded_host(), nil\n"),
        ),
        (
            "port: 8080, statusCode: 303",
            Err("get_forwarded_scheme(), kong.request.get_forwarded_host(), 8080\n"),
        ),
        (
            "hostname: n.test",
            Err(", \"n.test\", kong.request.get_forwarded_port()\n"),
        ),
        (
            "path: {type: ReplacePrefixMatch, replacePrefixMatch: /new}, statusCode: 307",
            Err("local path = \"/new\" .. string.sub(kong.request.get_path(), 5)\n"),
        ),
    ] {
        let status = asked.split("statusCode: ").nth(1).unwrap_or("302");
        let rule = format!(
            "{{matches: [{{path: {{value: /old}}}}], filters: [{{type: RequestRedirect, requestRedirect: {{{asked}}}}}]}}"
        );
        let manifests = route(&rule) + &gateway(HTTP);
        for flavor in FLAVORS {
            let gateway = Gateway::of(&manifests, flavor);
            assert!(gateway.route("GET", "http://h.test/old/x", &[]).is_some());
            let plugin = plugin(&gateway);
            match place {
                Ok(location) => {
                    assert_eq!(plugin["name"], "redirect", "{asked}");
                    assert_eq!(plugin["config"]["location"], location, "{asked}");
                    let keeps = !asked.contains("replaceFullPath");
                    assert_eq!(plugin["config"]["keep_incoming_path"], keeps, "{asked}");
                    assert_eq!(plugin["config"]["status_code"].to_string(), status);
                }
                Err(part) => {
                    assert_eq!(plugin["name"], "pre-function", "{asked}");
                    let program = plugin["config"]["access"][0].as_str().unwrap();
                    assert!(program.contains(part), "{asked}: {program}");
                    assert!(program.contains(&format!("kong.response.exit({status}, ")));
                }
            }
        }
    }
}

#[test]
fn cross_origin_requests_may_do_no_more_than_is_said() {
    let rule = "{matches: [{path: {value: /x}, method: PUT}], backendRefs: [{name: a, port: 80}], \
        filters: [{type: CORS, cors: {allowOrigins: ['https://a.test'], exposeHeaders: ['*'], allowCredentials: true}}]}";
    let manifests = route(rule) + &service("a", 80) + &gateway(HTTP);
    for flavor in FLAVORS {
        let gateway = Gateway::of(&manifests, flavor);
        let config = json!({
            "origins": ["https://a.test"], "methods": ["GET", "HEAD", "POST"], "credentials": true, "max_age": 5,
            "headers": ["Accept", "Accept-Language", "Content-Language", "Content-Type", "Range"],
        });
        assert_eq!(plugin(&gateway)["config"], config);
        let asks = |method: &str, headers: &[&str]| {
            gateway.route(method, "http://h.test/x", headers).is_some()
        };
        assert!(asks("PUT", &[]));
        assert!(!asks("GET", &[]) && !asks("OPTIONS", &[]));
        assert!(!asks("OPTIONS", &["access-control-request-method: GET"]));
        let answered = asks("OPTIONS", &["access-control-request-method: PUT"]);
        let said = gateway.says("HTTPRoute default/r", "a preflight has the method OPTIONS");
        let expressions = flavor == Flavor::Expressions;
        assert_eq!((answered, said), (expressions, !expressions));
    }
    let nobody = rule.replace("allowOrigins: ['https://a.test'], ", "");
    let gateway = Gateway::of(&(route(&nobody) + &service("a", 80)), Flavor::Expressions);
    assert_eq!(plugin(&gateway)["config"]["origins"], json!(["^$"]));
}

#[test]
fn one_of_several_values_of_a_header_is_enough_for_a_call() {
    let rule = "{matches: [{headers: [{name: x-plan, value: gold}, {name: x-no, type: RegularExpression, value: '^[0-9]+$'}]}], \
        backendRefs: [{name: a, port: 80}]}";
    let manifests =
        route(rule).replace("HTTPRoute", "GRPCRoute") + &service("a", 80) + &gateway(HTTP);
    for flavor in FLAVORS {
        let gateway = Gateway::of(&manifests, flavor);
        let takes = |headers: &[&str]| {
            let headers: Vec<String> = headers.iter().map(|it| (*it).to_owned()).collect();
            let request = Request::typed("POST", "http://h.test/s.S/M", &headers).unwrap();
            gateway.answer(&request).route.is_some()
        };
        assert!(takes(&["x-plan: gold", "x-no: 12"]), "{flavor:?}");
        assert!(
            takes(&["x-plan: silver", "x-plan: gold", "x-no: x", "x-no: 7"]),
            "{flavor:?}"
        );
        assert!(!takes(&["x-plan: gold"]) && !takes(&["x-plan: silver", "x-no: 12"]));
    }
}

#[test]
fn backends_are_verified_by_other_names_than_the_host_where_kong_can() {
    let text = json!(super::status::authority());
    let policy = format!(
        "
---
apiVersion: v1
kind: ConfigMap
metadata: {{name: ca, namespace: default}}
data: {{ca.crt: {text}}}
---
apiVersion: gateway.networking.k8s.io/v1
kind: BackendTLSPolicy
metadata: {{name: p, namespace: default}}
spec:
  targetRefs: [{{group: '', kind: Service, name: a}}]
  validation:
    hostname: a.internal
    caCertificateRefs: [{{group: '', kind: ConfigMap, name: ca}}]
    subjectAltNames: [{{type: Hostname, hostname: b.internal}}, {{type: URI, uri: 'spiffe://x/y'}}]"
    );
    let manifests = route("{backendRefs: [{name: a, port: 80}]}")
        + &service("a", 80)
        + &policy
        + &gateway(HTTP);
    for flavor in FLAVORS {
        let of = |version| Settings {
            flavor,
            ..Settings::right(version)
        };
        let translation = translate(&world(&manifests), &of(KongVersion::TLS_SANS));
        let service = translation.document.to_value()["services"][0].clone();
        assert_eq!(service["protocol"], "https", "{:#?}", translation.problems);
        assert_eq!(service["tls_verify"], true);
        assert_eq!(
            service["tls_sans"],
            json!({"dnsnames": ["b.internal"], "uris": ["spiffe://x/y"]})
        );
        let translation = translate(&world(&manifests), &of(KongVersion::new(3, 10)));
        let service = translation.document.to_value()["services"][0].clone();
        assert_eq!(service["plugins"][0]["config"]["status_code"], 500);
        let said = "BackendTLSPolicy default/p";
        assert!(
            translation
                .problems
                .iter()
                .any(|it| it.object.to_string() == said)
        );
    }
}

#[test]
fn both_modes_of_tls_may_share_a_port() {
    let listeners = "{name: through, port: 8443, protocol: TLS, hostname: a.test, tls: {mode: Passthrough}}, \
        {name: ends, port: 8443, protocol: TLS, hostname: b.test, tls: {mode: Terminate}}, \
        {name: twice, port: 9443, protocol: TLS, hostname: a.test, tls: {mode: Passthrough}}, \
        {name: again, port: 9443, protocol: TLS, hostname: a.test, tls: {mode: Terminate}}";
    let translation = translated(&gateway(listeners), Flavor::Expressions);
    let status = translation.status("Gateway default/gw");
    let conflicts: Vec<String> = status["listeners"]
        .as_array()
        .unwrap()
        .iter()
        .map(|listener| condition(listener, "Conflicted"))
        .collect();
    let expected = [
        "False NoConflicts",
        "False NoConflicts",
        "True HostnameConflict",
        "True HostnameConflict",
    ];
    assert_eq!(conflicts, expected);
}
