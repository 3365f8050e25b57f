//! GatewayClasses, Gateways, ListenerSets, and what waits for a gateway.

use super::*;

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
