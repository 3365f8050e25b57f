//! Ingresses, as they are meant.

use gateway_translation::{Features, translate};
use kong_router::Flavor;

use super::gateway::{FLAVORS, Gateway, service, settings};
use super::golden::world;

/// An Ingress of one rule; `more` stands in its metadata.
fn ingress(name: &str, host: &str, more: &str, paths: &[(&str, &str, &str)]) -> String {
    let paths = paths.iter().map(|(kind, path, service)| {
        format!(
            "\n      - {{pathType: {kind}, path: '{path}', backend: {{service: {{name: {service}, port: {{number: \
             80}}}}}}}}"
        )
    });
    let host = match host {
        "" => String::new(),
        host => format!("host: '{host}', "),
    };
    let paths: String = paths.collect();
    format!(
        "
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: {name}
  namespace: default
  {more}
spec:
  ingressClassName: kong
  rules:
  - {{{host}http: {{paths: [{}]}}}}",
        paths.replace("\n      - ", ", ").trim_start_matches(", ")
    )
}

#[test]
fn a_path_is_for_what_its_type_says() {
    let paths = [
        ("Prefix", "/pre.fix", "a"),
        ("Exact", "/exact+(1)", "b"),
        ("ImplementationSpecific", "/~/item/[0-9]+$", "c"),
        ("Prefix", "/with%20space", "d"),
    ];
    let services = ["a", "b", "c", "d"].map(|name| service(name, 80)).concat();
    let manifests = ingress("i", "Shop.Example.com", "", &paths) + &services;
    for flavor in FLAVORS {
        let gateway = Gateway::of(&manifests, flavor);
        for (path, expected) in [
            ("/pre.fix", Some("a")),
            ("/pre.fix/more", Some("a")),
            ("/pre.fixes", None),
            ("/preXfix", None),
            ("/exact+(1)", Some("b")),
            ("/exactt1", None),
            ("/item/12", Some("c")),
            ("/item/x", None),
            ("/with%20space/x", Some("d")),
        ] {
            let url = format!("http://shop.example.com{path}");
            let route = gateway.route("GET", &url, &[]);
            let expected = expected.map(|it| format!("default.i.{it}.shop.example.com.80"));
            assert_eq!(route, expected, "{flavor:?} {path}");
        }
        assert_eq!(gateway.problems, []);
    }
}

#[test]
fn the_longest_path_comes_first_and_a_whole_path_before_a_prefix() {
    let of_a = [
        ("Prefix", "/", "a"),
        ("Prefix", "/static/assets/of/a", "a"),
        ("Exact", "/both", "a"),
        ("Prefix", "/other", "a"),
    ];
    let of_b = [
        ("Prefix", "/static", "b"),
        ("Prefix", "/both", "b"),
        ("Exact", "/other", "b"),
    ];
    let manifests = ingress("i", "x.test", "", &of_a)
        + &ingress("j", "x.test", "", &of_b)
        + &service("a", 80)
        + &service("b", 80);
    for flavor in FLAVORS {
        let gateway = Gateway::of(&manifests, flavor);
        for (path, expected) in [
            ("/", "a"),
            ("/x", "a"),
            ("/static", "b"),
            ("/static/x", "b"),
            ("/static/assets/of/a/1", "a"),
            ("/both", "a"),
            ("/both/", "b"),
            ("/other", "b"),
            ("/other/1", "a"),
        ] {
            let url = format!("http://x.test{path}");
            let request = kong_router::Request::typed("GET", &url, &[]).unwrap();
            let service = gateway.answer(&request).service.unwrap();
            assert_eq!(
                service,
                format!("default.{expected}.80"),
                "{flavor:?} {path}"
            );
        }
        assert_eq!(gateway.problems, []);
    }
}

#[test]
fn a_pattern_that_is_none_costs_its_path_alone() {
    let paths = [
        ("ImplementationSpecific", "/~/bad(", "a"),
        ("Prefix", "/good", "a"),
    ];
    let manifests = ingress("i", "x.test", "", &paths) + &service("a", 80);
    for flavor in FLAVORS {
        let gateway = Gateway::of(&manifests, flavor);
        assert!(gateway.route("GET", "http://x.test/good", &[]).is_some());
        assert!(gateway.route("GET", "http://x.test/bad", &[]).is_none());
        assert!(
            gateway.says("Ingress default/i", "\"/bad(\" is no regular expression")
                || gateway.says("Ingress default/i", "\"^/bad(\" is no regular expression")
        );
    }
}

#[test]
fn a_rewrite_that_is_refused_costs_its_own_ingress_alone() {
    let bad = "annotations: {konghq.com/rewrite: '/$(os.exit())'}";
    let good = "annotations: {konghq.com/rewrite: '/in/$1'}";
    let manifests = ingress("bad", "bad.test", bad, &[("Prefix", "/", "a")])
        + &ingress(
            "good",
            "good.test",
            good,
            &[("ImplementationSpecific", "/~/x/(.*)", "a")],
        )
        + &ingress("plain", "plain.test", "", &[("Prefix", "/", "a")])
        + &service("a", 80);
    for flavor in FLAVORS {
        let gateway = Gateway::of(&manifests, flavor);
        let route = |url| gateway.route("GET", url, &[]);
        assert_eq!(route("http://bad.test/"), None);
        assert_eq!(
            route("http://plain.test/").as_deref(),
            Some("default.plain.a.plain.test.80")
        );
        assert_eq!(
            route("http://good.test/x/1").as_deref(),
            Some("default.good.a.good.test.80")
        );
        let text = gateway.document.to_string();
        assert!(
            text.contains("/in/$(uri_captures[1])") && !text.contains("os.exit"),
            "{text}"
        );
        let mut settings = settings(flavor);
        settings.features = Features {
            rewrite_uris: false,
            ..settings.features
        };
        let gateway = Gateway::with(&manifests, &settings);
        assert_eq!(gateway.route("GET", "http://good.test/x/1", &[]), None);
        assert!(gateway.route("GET", "http://plain.test/", &[]).is_some());
    }
}

#[test]
fn the_oldest_default_backend_gets_what_is_left_over() {
    let with_default = |name: &str, created: &str, service: &str| {
        format!(
            "
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {{name: {name}, namespace: default, creationTimestamp: '{created}'}}
spec:
  ingressClassName: kong
  defaultBackend: {{service: {{name: {service}, port: {{number: 80}}}}}}"
        )
    };
    let manifests = with_default("young", "2024-02-01T00:00:00Z", "b")
        + &with_default("old", "2024-01-01T00:00:00Z", "a")
        + &ingress("i", "", "", &[("Prefix", "/a", "a")])
        + &service("a", 80)
        + &service("b", 80);
    for flavor in FLAVORS {
        let gateway = Gateway::of(&manifests, flavor);
        let route = |url| gateway.route("GET", url, &[]);
        assert_eq!(route("http://x.test/").as_deref(), Some("default.old"));
        assert_eq!(route("http://x.test/a").as_deref(), Some("default.i.a..80"));
        assert!(gateway.says("Ingress default/young", "Ingress default/old is older"));
        assert_eq!(gateway.document["services"].as_array().unwrap().len(), 1);
    }
}

#[test]
fn an_ingress_without_a_class_is_taken_where_ours_is_the_default() {
    let class = |default: &str| {
        format!(
            "
---
apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata: {{name: kong, annotations: {{ingressclass.kubernetes.io/is-default-class: '{default}'}}}}
spec: {{controller: ingress-controllers.konghq.com/kong}}"
        )
    };
    let without = ingress("i", "x.test", "", &[("Prefix", "/", "a")])
        .replace("  ingressClassName: kong\n", "");
    let manifests = without + &service("a", 80);
    let has_route = |manifests: &str| {
        let gateway = Gateway::of(manifests, Flavor::TraditionalCompatible);
        gateway.route("GET", "http://x.test/", &[]).is_some()
    };
    assert!(!has_route(&manifests));
    assert!(!has_route(&(manifests.clone() + &class("false"))));
    assert!(has_route(&(manifests + &class("true"))));
}

#[test]
fn annotations_narrow_a_route_in_both_flavours() {
    let annotations = "annotations: {konghq.com/methods: 'get', konghq.com/headers.x-plan: 'gold,~*^sil', \
                       konghq.com/host-aliases: '*.Alias.test'}";
    let manifests =
        ingress("i", "x.test", annotations, &[("Prefix", "/p", "a")]) + &service("a", 80);
    for flavor in FLAVORS {
        let gateway = Gateway::of(&manifests, flavor);
        for host in ["x.test", "y.alias.test"] {
            let url = format!("http://{host}/p/1");
            let takes = |method, headers: &[&str]| {
                let headers: Vec<String> = headers.iter().map(|it| (*it).to_owned()).collect();
                let request = kong_router::Request::typed(method, &url, &headers).unwrap();
                gateway.answer(&request).route.is_some()
            };
            assert!(takes("GET", &["x-plan: gold"]), "{flavor:?} {host}");
            assert!(takes("GET", &["x-plan: silver"]), "{flavor:?} {host}");
            assert!(!takes("GET", &["x-plan: bronze"]), "{flavor:?} {host}");
            assert!(!takes("POST", &["x-plan: gold"]), "{flavor:?} {host}");
        }
    }
}

#[test]
fn a_rule_for_all_hosts_stays_one_whatever_its_aliases() {
    let annotations = "annotations: {konghq.com/host-aliases: 'alias.test'}";
    let manifests = ingress("i", "", annotations, &[("Prefix", "/", "a")]) + &service("a", 80);
    for flavor in FLAVORS {
        let gateway = Gateway::of(&manifests, flavor);
        assert!(gateway.route("GET", "http://any.test/", &[]).is_some());
        assert!(gateway.says("Ingress default/i", "spec.rules[0] has no host"));
    }
}

#[test]
fn names_of_routes_never_clash() {
    // With dots in names, parts of different Ingresses can make the same name.
    let manifests = ingress("x", "a.example.com", "", &[("Prefix", "/", "s")])
        + &ingress("x.s", "example.com", "", &[("Prefix", "/", "a")])
        + &service("a", 80)
        + &service("s", 80);
    for flavor in FLAVORS {
        let gateway = Gateway::of(&manifests, flavor);
        let one = gateway.route("GET", "http://a.example.com/", &[]).unwrap();
        let other = gateway.route("GET", "http://example.com/", &[]).unwrap();
        assert_ne!(one, other);
    }
}

#[test]
fn the_order_of_manifests_does_not_matter() {
    let manifests = ingress(
        "x",
        "a.test",
        "",
        &[("Prefix", "/", "a"), ("Exact", "/b", "b")],
    ) + &ingress("z", "a.test", "", &[("Prefix", "/", "b")])
        + &service("a", 80)
        + &service("b", 80);
    let mut documents: Vec<&str> = manifests.split("\n---").collect();
    documents.reverse();
    let reversed = documents.join("\n---");
    for flavor in FLAVORS {
        let settings = settings(flavor);
        let one = translate(&world(&manifests), &settings);
        let other = translate(&world(&reversed), &settings);
        assert_eq!(one.document.to_value(), other.document.to_value());
        assert_eq!(one.problems, other.problems);
    }
}

/// Texts that mean something to somebody on the way to the gateway.
const HOSTILE: [&str; 18] = [
    "a\"b",
    "a'b",
    "a b",
    "a\\nb",
    "a\\tb",
    "é",
    "a?b",
    "a#b",
    "%",
    "%zz",
    "%00",
    "a\\\\",
    "(",
    "$",
    "{}",
    "..",
    "a*",
    "\\\") || (http.path ^= \\\"/",
];

#[test]
fn no_host_or_path_makes_a_configuration_that_kong_refuses() {
    let mut manifests = service("a", 80);
    let mut number = 0;
    for text in HOSTILE {
        let hosts = ["x.test", text, "*", "a.*", "*.a", "x.test:80", "1.2.3.4"];
        let text = text.replace('"', "\\\"").replace("\\\\\"", "\\\"");
        for host in hosts {
            for kind in ["Prefix", "Exact", "ImplementationSpecific", "Other"] {
                for path in [
                    format!("/{text}"),
                    text.clone(),
                    format!("/~/{text}"),
                    format!("/a//{text}/"),
                ] {
                    number += 1;
                    let host = host.replace('"', "\\\"").replace("\\\\\"", "\\\"");
                    let ingress = format!(
                        "
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {{name: i{number}, namespace: default}}
spec:
  ingressClassName: kong
  rules:
  - host: \"{host}\"
    http: {{paths: [{{pathType: {kind}, path: \"{path}\", backend: {{service: {{name: a, port: {{number: 80}}}}}}}}]}}"
                    );
                    manifests += &ingress;
                }
            }
        }
    }
    for flavor in FLAVORS {
        let gateway = Gateway::of(&manifests, flavor);
        assert!(
            gateway.document["services"][0]["routes"]
                .as_array()
                .unwrap()
                .len()
                > 100
        );
    }
}
