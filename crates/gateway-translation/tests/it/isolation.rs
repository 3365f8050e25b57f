//! Routes keep to their listeners: to the hosts, protocols and ports of those that they are attached to.

use gateway_translation::Settings;
use kong_router::{Answer, Flavor, Request};
use proptest::prelude::*;

use super::gateway::{CLASS, FLAVORS, Gateway, gateway, service, settings};

/// An HTTPRoute for everything, attached to sections of the Gateway.
fn route(name: &str, sections: &[&str], more: &str) -> String {
    routes_of("HTTPRoute", name, sections, more)
}

fn routes_of(kind: &str, name: &str, sections: &[&str], more: &str) -> String {
    let parents: Vec<String> = if sections.is_empty() {
        vec!["{name: gw}".to_owned()]
    } else {
        let parent = |section: &&str| format!("{{name: gw, sectionName: {section}}}");
        sections.iter().map(parent).collect()
    };
    format!(
        "
---
apiVersion: gateway.networking.k8s.io/v1
kind: {kind}
metadata: {{name: {name}, namespace: default}}
spec: {{parentRefs: [{}]{more}}}",
        parents.join(", ")
    )
}

const TO_A: &str = ", rules: [{backendRefs: [{name: a, port: 80}]}]";

fn ask(gateway: &Gateway, url: &str) -> Answer {
    ask_with(gateway, url, |_| {})
}

fn ask_with(
    gateway: &Gateway,
    url: &str,
    change: impl Fn(&mut kong_router::HttpRequest),
) -> Answer {
    let mut request = Request::typed("GET", url, &[]).unwrap();
    if let Request::Http(request) = &mut request {
        change(request);
    }
    let answer = gateway.answer(&request);
    assert!(!answer.nondeterministic, "{url}: {answer:?}");
    answer
}

/// The name of the object that a request goes to; nothing if none of a user takes it.
fn goes_to(gateway: &Gateway, url: &str) -> Option<String> {
    of_user(ask(gateway, url))
}

fn of_user(answer: Answer) -> Option<String> {
    let route = answer.route?;
    let mut parts = route.split('.');
    let kind = parts.next()?;
    matches!(kind, "httproute" | "grpcroute").then(|| parts.nth(1).unwrap().to_owned())
}

#[test]
fn the_most_specific_listener_has_its_hosts_to_itself() {
    let listeners = "{name: all, port: 80, protocol: HTTP}, \
        {name: wild, port: 80, protocol: HTTP, hostname: '*.example.com'}, \
        {name: deep, port: 80, protocol: HTTP, hostname: '*.foo.example.com'}, \
        {name: abc, port: 80, protocol: HTTP, hostname: Abc.foo.example.com}";
    let only = |path: &str| {
        format!(
            ", rules: [{{matches: [{{path: {{value: {path}}}}}], backendRefs: [{{name: a, port: 80}}]}}]"
        )
    };
    let manifests = route("all", &["all"], &only("/all"))
        + &route("wild", &["wild"], &only("/wild"))
        + &route("deep", &["deep"], &only("/deep"))
        + &route("abc", &["abc"], &only("/abc"))
        + &service("a", 80)
        + &gateway(listeners);
    for flavor in FLAVORS {
        let gateway = Gateway::of(&manifests, flavor);
        for (host, own) in [
            ("bar.com", "all"),
            ("bar.example.com", "wild"),
            ("bar.foo.example.com", "deep"),
            ("abc.foo.example.com", "abc"),
        ] {
            for path in ["all", "wild", "deep", "abc"] {
                let found = goes_to(&gateway, &format!("http://{host}/{path}"));
                let expected = (path == own).then(|| path.to_owned());
                // Between wildcards, and between those and all, the traditional flavour lets requests through.
                if flavor == Flavor::TraditionalCompatible && own != "abc" && expected.is_none() {
                    continue;
                }
                assert_eq!(found, expected, "{flavor:?} {host} {path}");
            }
        }
        let said = "the traditional flavour of the router cannot keep requests for *.example.com";
        let is_said = gateway.says("Gateway default/gw", said);
        assert_eq!(is_said, flavor == Flavor::TraditionalCompatible);
        let answer = ask(&gateway, "http://abc.foo.example.com/wild");
        let route = answer.route.as_deref();
        match flavor {
            Flavor::TraditionalCompatible => {
                assert_eq!(route, Some("gateway.default.gw.abc.elsewhere"));
            }
            Flavor::Expressions => assert_eq!(route, None),
        }
    }
}

#[test]
fn a_route_of_several_listeners_answers_for_the_hosts_of_each() {
    let listeners = "{name: all, port: 80, protocol: HTTP}, \
        {name: foo, port: 80, protocol: HTTP, hostname: foo.example.com}, \
        {name: bar, port: 80, protocol: HTTP, hostname: bar.example.com}";
    let manifests = route("both", &["all", "foo"], TO_A) + &service("a", 80) + &gateway(listeners);
    for flavor in FLAVORS {
        let gateway = Gateway::of(&manifests, flavor);
        for (host, expected) in [
            ("x.test", true),
            ("foo.example.com", true),
            ("bar.example.com", false),
        ] {
            let found = goes_to(&gateway, &format!("http://{host}/"));
            assert_eq!(found.is_some(), expected, "{flavor:?} {host}");
        }
    }
}

#[test]
fn a_host_that_belongs_to_another_listener_is_said() {
    let listeners = "{name: wild, port: 80, protocol: HTTP, hostname: '*.example.com'}, \
        {name: foo, port: 80, protocol: HTTP, hostname: foo.example.com}";
    let manifests = route(
        "r",
        &["wild"],
        &format!(", hostnames: [foo.example.com, bar.example.com]{TO_A}"),
    ) + &route(
        "none",
        &["wild"],
        &format!(", hostnames: [foo.example.com]{TO_A}"),
    ) + &service("a", 80)
        + &gateway(listeners);
    for flavor in FLAVORS {
        let gateway = Gateway::of(&manifests, flavor);
        assert_eq!(goes_to(&gateway, "http://foo.example.com/"), None);
        assert_eq!(
            goes_to(&gateway, "http://bar.example.com/").as_deref(),
            Some("r")
        );
        for route in ["r", "none"] {
            let object = format!("HTTPRoute default/{route}");
            assert!(gateway.says(
                &object,
                "requests for foo.example.com belong to listener foo"
            ));
        }
    }
}

#[test]
fn calls_keep_to_their_listeners_too() {
    let listeners = "{name: wild, port: 80, protocol: HTTP, hostname: '*.example.com'}, \
        {name: foo, port: 80, protocol: HTTP, hostname: foo.example.com}";
    let method = |service: &str| {
        format!(
            ", rules: [{{matches: [{{method: {{service: {service}}}}}], backendRefs: [{{name: a, port: 80}}]}}]"
        )
    };
    let manifests = routes_of("GRPCRoute", "wild", &["wild"], &method("s.Wild"))
        + &routes_of("GRPCRoute", "foo", &["foo"], &method("s.Foo"))
        + &service("a", 80)
        + &gateway(listeners);
    for flavor in FLAVORS {
        let gateway = Gateway::of(&manifests, flavor);
        for (host, service, expected) in [
            ("foo.example.com", "Wild", None),
            ("foo.example.com", "Foo", Some("foo")),
            ("bar.example.com", "Wild", Some("wild")),
            ("bar.example.com", "Foo", None),
        ] {
            let found = goes_to(&gateway, &format!("http://{host}/s.{service}/Do"));
            assert_eq!(found.as_deref(), expected, "{flavor:?} {host} {service}");
        }
    }
}

#[test]
fn where_ports_divide_hosts_differently_the_traditional_flavour_says_so() {
    let listeners = "{name: wild, port: 80, protocol: HTTP, hostname: '*.example.com'}, \
        {name: foo, port: 80, protocol: HTTP, hostname: foo.example.com}, \
        {name: other, port: 8080, protocol: HTTP, hostname: '*.example.com'}";
    let manifests = route("other", &["other"], TO_A) + &service("a", 80) + &gateway(listeners);
    let traditional = Gateway::of(&manifests, Flavor::TraditionalCompatible);
    let said = "the traditional flavour of the router cannot keep requests for foo.example.com";
    assert!(traditional.says("Gateway default/gw", said));
    // It has to answer where it is meant to.
    assert_eq!(
        goes_to(&traditional, "http://foo.example.com:8080/").as_deref(),
        Some("other")
    );
    let said = "the traditional flavour of the router does not tell the ports of requests apart: this route answers at 80";
    assert!(traditional.says("HTTPRoute default/other", said));
    let expressions = Gateway::of(&manifests, Flavor::Expressions);
    assert_eq!(
        goes_to(&expressions, "http://foo.example.com:8080/").as_deref(),
        Some("other")
    );
    assert_eq!(goes_to(&expressions, "http://foo.example.com/"), None);
    assert_eq!(expressions.problems, []);
}

#[test]
fn a_parent_with_a_port_is_answered_at_that_port() {
    let listeners = "{name: one, port: 80, protocol: HTTP}, {name: two, port: 8080, protocol: HTTP}, \
        {name: three, port: 8081, protocol: HTTP}";
    let manifests = "
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: two, namespace: default}
spec: {parentRefs: [{name: gw, port: 8080}, {name: gw, port: 8081}], rules: [{backendRefs: [{name: a, port: 80}]}]}"
        .to_owned()
        + &route("one", &["one"], TO_A)
        + &service("a", 80)
        + &gateway(listeners);
    let expressions = Gateway::of(&manifests, Flavor::Expressions);
    for (port, expected) in [(80, "one"), (8080, "two"), (8081, "two")] {
        let found = goes_to(&expressions, &format!("http://h.example.com:{port}/"));
        assert_eq!(found.as_deref(), Some(expected));
    }
    assert_eq!(expressions.problems, []);
    let said = "does not tell the ports of requests apart";
    let traditional = Gateway::of(&manifests, Flavor::TraditionalCompatible);
    for route in ["one", "two"] {
        let object = format!("HTTPRoute default/{route}");
        assert!(traditional.says(
            &object,
            &format!("the traditional flavour of the router {said}")
        ));
    }
    let old = Settings {
        version: "3.5".parse().unwrap(),
        ..settings(Flavor::Expressions)
    };
    let old = Gateway::with(&manifests, &old);
    assert!(old.says(
        "HTTPRoute default/two",
        &format!("the router of Kong 3.5 {said}")
    ));
}

#[test]
fn a_redirect_to_tls_and_what_it_leads_to_do_not_get_into_each_others_way() {
    let listeners =
        "{name: http, port: 80, protocol: HTTP}, {name: https, port: 443, protocol: HTTPS}";
    let redirect =
        ", rules: [{filters: [{type: RequestRedirect, requestRedirect: {scheme: https}}]}]";
    let app = ", rules: [{matches: [{path: {value: /app}}], backendRefs: [{name: a, port: 80}]}]";
    let manifests = route("redirect", &["http"], redirect)
        + &route("app", &["https"], app)
        + &service("a", 80)
        + &gateway(listeners);
    for flavor in FLAVORS {
        let gateway = Gateway::of(&manifests, flavor);
        let to = |url: &str| goes_to(&gateway, url);
        assert_eq!(
            to("http://h.example.com/app").as_deref(),
            Some("redirect"),
            "{flavor:?}"
        );
        assert_eq!(
            to("http://h.example.com/").as_deref(),
            Some("redirect"),
            "{flavor:?}"
        );
        assert_eq!(
            to("https://h.example.com/app").as_deref(),
            Some("app"),
            "{flavor:?}"
        );
        assert_eq!(to("https://h.example.com/other"), None, "{flavor:?}");
        // However clients get there: nothing is said of ports.
        assert!(!gateway.document.to_string().contains("net.dst.port"));
        let object = "HTTPRoute default/redirect";
        assert!(
            !gateway
                .problems
                .iter()
                .any(|it| it.object.to_string() == object)
        );
        let said = "the traditional flavour of the router does not tell the ports of requests apart: this route answers at 80";
        assert_eq!(
            gateway.says("HTTPRoute default/app", said),
            flavor == Flavor::TraditionalCompatible
        );
    }
}

#[test]
fn what_cannot_be_kept_away_from_tls_is_said() {
    let listeners =
        "{name: http, port: 80, protocol: HTTP}, {name: https, port: 443, protocol: HTTPS}";
    let rules = ", hostnames: [h.example.com], rules: [{matches: [{method: GET}], backendRefs: [{name: a, port: 80}]}]";
    let manifests = route("r", &["http"], rules) + &service("a", 80) + &gateway(listeners);
    let gateway = Gateway::of(&manifests, Flavor::TraditionalCompatible);
    let said = "the traditional flavour of the router does not tell the ports of requests apart: this route answers at 443";
    assert!(gateway.says("HTTPRoute default/r", said));
}

#[test]
fn who_wants_plain_requests_sent_to_tls_has_it() {
    let listeners =
        "{name: http, port: 80, protocol: HTTP}, {name: https, port: 443, protocol: HTTPS}";
    let manifests = route("app", &["https"], TO_A).replace(
        "namespace: default}",
        "namespace: default, annotations: {konghq.com/https-redirect-status-code: '301'}}",
    ) + &service("a", 80)
        + &gateway(listeners);
    let gateway = Gateway::of(&manifests, Flavor::Expressions);
    let answer = ask(&gateway, "http://h.example.com/x");
    assert_eq!(answer.status, Some(301));
}

#[test]
fn a_request_that_came_by_the_name_of_another_listener_is_misdirected() {
    let listeners = "{name: all, port: 443, protocol: HTTPS}, \
        {name: wild, port: 443, protocol: HTTPS, hostname: '*.example.com'}, \
        {name: foo, port: 443, protocol: HTTPS, hostname: foo.example.com}, \
        {name: other, port: 8443, protocol: HTTPS, hostname: '*.example.com'}";
    let manifests = route("r", &[], TO_A) + &service("a", 80) + &gateway(listeners);
    let gateway = Gateway::of(&manifests, Flavor::Expressions);
    for (sni, host, misdirected) in [
        (Some("foo.example.com"), "foo.example.com", false),
        (Some("foo.example.com"), "bar.example.com", true),
        (Some("bar.example.com"), "foo.example.com", true),
        (Some("bar.example.com"), "baz.example.com", false),
        (Some("x.test"), "foo.example.com", true),
        (Some("x.test"), "y.test", false),
        (Some("foo.example.com"), "y.test", true),
        (None, "foo.example.com", false),
        (None, "y.test", false),
    ] {
        let answer = ask_with(&gateway, &format!("https://{host}/"), |request| {
            request.sni = sni.map(str::to_owned);
        });
        let route = answer.route.clone().unwrap();
        assert_eq!(
            route == "gateway.default.gw.443.misdirected",
            misdirected,
            "{sni:?} {host} {route}"
        );
    }
    let elsewhere = ask_with(&gateway, "https://foo.example.com:8443/", |request| {
        request.sni = Some("bar.example.com".to_owned());
    });
    assert_eq!(of_user(elsewhere).as_deref(), Some("r"));
    let plugins = gateway.document["services"].to_string();
    assert!(plugins.contains("\"status_code\":421"), "{plugins}");
    let traditional = Gateway::of(&manifests, Flavor::TraditionalCompatible);
    let said = "the traditional flavour of the router does not compare hosts with names of TLS: requests at port 443";
    assert!(traditional.says("Gateway default/gw", said));
}

#[test]
fn listeners_of_sets_count_like_those_of_the_gateway() {
    let manifests = format!(
        "{CLASS}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {{name: gw, namespace: default}}
spec:
  gatewayClassName: kong
  allowedListeners: {{namespaces: {{from: Same}}}}
  listeners: [{{name: wild, port: 80, protocol: HTTP, hostname: '*.example.com'}}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: ListenerSet
metadata: {{name: set, namespace: default}}
spec:
  parentRef: {{name: gw}}
  listeners: [{{name: foo, port: 80, protocol: HTTP, hostname: foo.example.com}}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {{name: of-set, namespace: default}}
spec:
  parentRefs: [{{kind: ListenerSet, name: set}}]
  rules: [{{matches: [{{path: {{value: /set}}}}], backendRefs: [{{name: a, port: 80}}]}}]"
    ) + &route("wild", &["wild"], TO_A)
        + &service("a", 80);
    for flavor in FLAVORS {
        let gateway = Gateway::of(&manifests, flavor);
        for (url, expected) in [
            ("http://foo.example.com/set", Some("of-set")),
            ("http://foo.example.com/", None),
            ("http://bar.example.com/set", Some("wild")),
        ] {
            assert_eq!(
                goes_to(&gateway, url).as_deref(),
                expected,
                "{flavor:?} {url}"
            );
        }
    }
}

/// Hostnames of listeners and of routes; an empty one is for all.
const HOSTNAMES: [&str; 6] = [
    "",
    "*.example.com",
    "*.foo.example.com",
    "foo.example.com",
    "a.foo.example.com",
    "b.test",
];
/// Hosts that are asked for.
const HOSTS: [&str; 6] = [
    "foo.example.com",
    "bar.example.com",
    "a.foo.example.com",
    "b.foo.example.com",
    "b.test",
    "c.test",
];
const PORTS: [(u16, &str); 4] = [
    (80, "HTTP"),
    (8080, "HTTP"),
    (443, "HTTPS"),
    (8443, "HTTPS"),
];

/// A listener: which of the ports it has, and which of the hostnames.
type Drawn = (usize, usize);

/// How well a hostname fits a host, if it does.
fn fit(hostname: &str, host: &str) -> Option<(bool, usize)> {
    let fits = match hostname.strip_prefix('*') {
        Some(end) => host.ends_with(end),
        None => hostname.is_empty() || hostname == host,
    };
    let is_plain = !hostname.is_empty() && !hostname.starts_with('*');
    fits.then_some((is_plain, hostname.len()))
}

/// The routes that may answer: those of the listener that fits best, if their hostnames fit.
fn may_answer(
    listeners: &[Drawn],
    routes: &[(Vec<usize>, Vec<usize>)],
    port: usize,
    host: &str,
) -> Vec<String> {
    let at_port = listeners
        .iter()
        .enumerate()
        .filter(|(_, (at, _))| *at == port);
    let fitting =
        at_port.filter_map(|(number, (_, name))| Some((fit(HOSTNAMES[*name], host)?, number)));
    let Some((_, listener)) = fitting.max() else {
        return Vec::new();
    };
    let routes = routes.iter().enumerate();
    let answering = routes.filter(|(_, (sections, hostnames))| {
        sections.contains(&listener)
            && (hostnames.is_empty()
                || hostnames
                    .iter()
                    .any(|it| fit(HOSTNAMES[*it], host).is_some()))
    });
    answering.map(|(number, _)| format!("r{number}")).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// With expressions requests go to routes of their listeners and to no others; in the traditional flavour they do, or it
    /// is said.
    #[test]
    fn requests_go_to_routes_of_their_listeners(
        listeners in prop::collection::btree_set((0..PORTS.len(), 0..HOSTNAMES.len()), 1..7),
        drawn in prop::collection::vec(
            (prop::collection::btree_set(0..6_usize, 1..4), prop::collection::btree_set(1..HOSTNAMES.len(), 0..3)),
            1..4,
        ),
    ) {
        let listeners: Vec<Drawn> = listeners.into_iter().collect();
        let routes: Vec<(Vec<usize>, Vec<usize>)> = drawn
            .into_iter()
            .map(|(sections, hostnames)| {
                let sections = sections.into_iter().filter(|it| *it < listeners.len());
                (sections.collect(), hostnames.into_iter().collect())
            })
            .collect();
        let written: Vec<String> = listeners
            .iter()
            .enumerate()
            .map(|(number, (port, name))| {
                let (port, protocol) = PORTS[*port];
                format!("{{name: l{number}, port: {port}, protocol: {protocol}, hostname: '{}'}}", HOSTNAMES[*name])
            })
            .collect();
        let mut manifests = service("a", 80) + &gateway(&written.join(", "));
        for (number, (sections, hostnames)) in routes.iter().enumerate() {
            if sections.is_empty() {
                continue;
            }
            let sections: Vec<String> = sections.iter().map(|it| format!("l{it}")).collect();
            let sections: Vec<&str> = sections.iter().map(String::as_str).collect();
            let hostnames: Vec<String> = hostnames.iter().map(|it| format!("'{}'", HOSTNAMES[*it])).collect();
            let more = format!(", hostnames: [{}]{TO_A}", hostnames.join(", "));
            manifests += &route(&format!("r{number}"), &sections, &more);
        }
        for flavor in FLAVORS {
            let gateway = Gateway::of(&manifests, flavor);
            let is_said = gateway.problems.iter().any(|it| {
                it.message.contains("does not tell the ports of requests apart") || it.message.contains("cannot keep requests")
            });
            if is_said {
                prop_assert_eq!(flavor, Flavor::TraditionalCompatible);
                continue;
            }
            for (index, (port, protocol)) in PORTS.iter().enumerate() {
                for host in HOSTS {
                    let url = format!("{}://{host}/", protocol.to_ascii_lowercase());
                    let answer = ask_with(&gateway, &url, |request| {
                        request.port = Some(*port);
                        request.sni = (*protocol == "HTTPS").then(|| host.to_owned());
                    });
                    // Nobody is heard at a port without listeners.
                    if !listeners.iter().any(|(at, _)| *at == index) {
                        continue;
                    }
                    let found = of_user(answer);
                    let may = may_answer(&listeners, &routes, index, host);
                    match found {
                        Some(found) => prop_assert!(may.contains(&found), "{:?} {} {}: {}\n{}", flavor, port, host, found, manifests),
                        None => prop_assert!(may.is_empty(), "{:?} {} {}: nobody of {:?}\n{}", flavor, port, host, may, manifests),
                    }
                }
            }
        }
    }
}
