//! The translation as it should be: Kong accepts it, and requests go where the Gateway API says.

use std::fs;

use gateway_translation::{KongVersion, Settings, translate};
use kong_router::{Config, Dialect, Flavor, HttpRequest, Request, Router, Scheme};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::gateway::{Gateway, service};
use crate::golden::{cases, world};

const FLAVORS: [Flavor; 2] = [Flavor::TraditionalCompatible, Flavor::Expressions];

fn settings(flavor: Flavor) -> Settings {
    Settings {
        flavor,
        all_routes: true,
        ..Settings::right(KongVersion::default())
    }
}

/// The services and upstreams of a translation alone, as a configuration.
fn config(manifests: &str, flavor: Flavor) -> Config {
    let translation = translate(&world(manifests), &settings(flavor));
    let mut document = translation.document.to_value();
    let members = document.as_object_mut().unwrap();
    members.retain(|name, _| matches!(name.as_str(), "_format_version" | "services" | "upstreams"));
    for service in members
        .get_mut("services")
        .into_iter()
        .filter_map(Value::as_array_mut)
        .flatten()
    {
        // Certificates are entities of their own.
        let service = service.as_object_mut().unwrap();
        service
            .retain(|member, _| !member.ends_with("_certificate") && member != "ca_certificates");
    }
    Config::new(members.clone())
}

#[test]
fn kong_accepts_what_comes_of_the_recorded_manifests() {
    let mut wrong = Vec::new();
    for case in cases() {
        let manifests = fs::read_to_string(case.join("in.yaml")).unwrap();
        for flavor in FLAVORS {
            let dialect = Dialect {
                flavor,
                ..Dialect::default()
            };
            for finding in kong_router::validate(&config(&manifests, flavor), dialect) {
                // The rules are those of a version without them.
                if manifests.contains("sticky-sessions") && finding.field.starts_with("upstreams") {
                    continue;
                }
                let case = case.file_name().unwrap().to_string_lossy();
                wrong.push(format!("{case} {flavor:?}: {finding}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// An HTTPRoute for a host, whose rules are these.
fn route(name: &str, host: &str, rules: &[&str]) -> String {
    let rules: Vec<String> = rules.iter().map(|it| format!("{{{it}}}")).collect();
    format!(
        "
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {{name: {name}, namespace: default}}
spec: {{parentRefs: [{{name: g}}], hostnames: ['{host}'], rules: [{}]}}",
        rules.join(", ")
    )
}

/// Whether requests, with headers, take the rules that they ought to: the end of the name of the route, or none.
fn go(manifests: &str, requests: &[(&str, &[&str], Option<&str>)]) {
    for flavor in FLAVORS {
        let gateway = Gateway::of(manifests, flavor);
        for (url, headers, expected) in requests {
            let found = gateway.route("GET", url, headers);
            let as_expected = match (&found, expected) {
                (Some(found), Some(expected)) => found.ends_with(expected),
                (found, expected) => found.is_none() && expected.is_none(),
            };
            assert!(as_expected, "{flavor:?} {url} {headers:?}: {found:?}");
        }
    }
}

#[test]
fn alternatives_of_a_pattern_begin_where_paths_begin() {
    let rules = ["matches: [{path: {type: RegularExpression, value: '/a|/b'}}]"];
    let requests: [(&str, &[&str], _); 3] = [
        ("http://h.test/a", &[], Some(".0.0")),
        ("http://h.test/b/x", &[], Some(".0.0")),
        ("http://h.test/x/b", &[], None),
    ];
    go(&route("r", "h.test", &rules), &requests);
}

#[test]
fn a_pattern_needs_no_slash_at_its_beginning() {
    let rules = ["matches: [{path: {type: RegularExpression, value: '.*[.]php$'}}]"];
    let requests: [(&str, &[&str], _); 2] = [
        ("http://h.test/a/b.php", &[], Some(".0.0")),
        ("http://h.test/a/b.html", &[], None),
    ];
    go(&route("r", "h.test", &rules), &requests);
}

#[test]
fn headers_that_differ_in_a_dash_are_both_asked_for() {
    let rules = ["matches: [{headers: [{name: x-a, value: '1'}, {name: x_a, value: '2'}]}]"];
    let requests: [(&str, &[&str], _); 1] = [("http://h.test/", &["x-a: 1"], None)];
    go(&route("r", "h.test", &rules), &requests);
}

#[test]
fn of_equal_prefixes_the_first_counts_however_they_are_written() {
    let rewritten = "filters: [{type: URLRewrite, urlRewrite: {path: {type: ReplacePrefixMatch, \
                     replacePrefixMatch: /new}}}], ";
    let first = format!("{rewritten}matches: [{{path: {{value: /a}}}}]");
    let rules = [
        &first,
        "matches: [{path: {value: '/%61'}}]",
        "matches: [{path: {value: '/a/b'}}]",
        "matches: [{path: {value: '/%61%2e'}}]",
    ];
    let requests: [(&str, &[&str], _); 4] = [
        ("http://h.test/a", &[], Some(".0.0")),
        ("http://h.test/a/x", &[], Some(".0.0")),
        ("http://h.test/a/b", &[], Some(".2.0")),
        ("http://h.test/a./b", &[], Some(".3.0")),
    ];
    go(&route("r", "h.test", &rules), &requests);
}

#[test]
fn a_prefix_of_everything_can_be_replaced_without_being_written() {
    let rules = [
        "filters: [{type: URLRewrite, urlRewrite: {path: {type: ReplacePrefixMatch, \
                  replacePrefixMatch: /new}}}], backendRefs: [{name: a, port: 80}]",
    ];
    let manifests = route("r", "h.test", &rules) + &service("a", 80);
    for flavor in FLAVORS {
        let gateway = Gateway::of(&manifests, flavor);
        let request = Request::typed("GET", "http://h.test/x/y", &[]).unwrap();
        let answer = gateway.answer(&request);
        assert_eq!(
            answer.upstream_uri.as_deref(),
            Some("/new/x/y"),
            "{flavor:?}"
        );
    }
}

#[test]
fn points_in_a_name_are_not_taken_for_those_of_a_host() {
    let one = ["matches: [{path: {value: /one}}]"];
    let two = ["matches: [{path: {value: /two}}]"];
    let manifests = route("r", "x.h.test", &one) + &route("r.x", "h.test", &two);
    let requests: [(&str, &[&str], _); 2] = [
        ("http://x.h.test/one", &[], Some(".0.0")),
        ("http://h.test/two", &[], Some(".0.0")),
    ];
    go(&manifests, &requests);
}

/// A match, as far as the order depends on it.
#[derive(Clone, Debug)]
struct Asked {
    exact: bool,
    path: Option<&'static str>,
    method: Option<&'static str>,
    headers: Vec<&'static str>,
}

#[derive(Clone, Debug)]
struct Made {
    hosts: Vec<&'static str>,
    rules: Vec<Vec<Asked>>,
}

const HOSTS: [&str; 5] = [
    "a.example.com",
    "b.example.com",
    "*.example.com",
    "*.b.example.com",
    "*.com",
];
const PATHS: [&str; 6] = ["/", "/a", "/a/b", "/a/b/c", "/ab", "/a.b"];
const HEADERS: [&str; 3] = ["x-one", "x-two", "x-three"];

fn asked() -> impl Strategy<Value = Asked> {
    let path = prop::option::weighted(0.8, prop::sample::select(PATHS.to_vec()));
    let method = prop::option::weighted(0.3, prop::sample::select(vec!["GET", "POST"]));
    let headers = prop::sample::subsequence(HEADERS.to_vec(), 0..=2);
    (any::<bool>(), path, method, headers).prop_map(|(exact, path, method, headers)| Asked {
        exact,
        path,
        method,
        headers,
    })
}

fn made() -> impl Strategy<Value = Made> {
    let hosts = prop::sample::subsequence(HOSTS.to_vec(), 0..=3);
    let rules = prop::collection::vec(prop::collection::vec(asked(), 1..3), 1..4);
    (hosts, rules).prop_map(|(hosts, mut rules)| {
        // Four sorts of conditions have no certain place in the traditional flavour.
        for asked in rules.iter_mut().flatten() {
            if !hosts.is_empty() && asked.method.is_some() {
                asked.headers.clear();
            }
        }
        Made { hosts, rules }
    })
}

fn manifest(number: usize, made: &Made) -> String {
    let rules: Vec<Value> = made.rules.iter().map(|rule| {
        let matches: Vec<Value> = rule.iter().map(|asked| {
            let mut it = json!({
                "headers": asked.headers.iter().map(|name| json!({"name": name, "value": "1"})).collect::<Vec<_>>(),
            });
            if let Some(path) = asked.path {
                it["path"] = json!({"type": if asked.exact { "Exact" } else { "PathPrefix" }, "value": path});
            }
            if let Some(method) = asked.method {
                it["method"] = json!(method);
            }
            it
        }).collect();
        json!({"matches": matches})
    }).collect();
    let route = json!({
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        // The later ones are older.
        "metadata": {
            "name": format!("r{number}"), "namespace": "default", "uid": format!("u{number}"),
            "creationTimestamp": format!("2024-01-0{}T00:00:00Z", 9 - number),
        },
        "spec": {"parentRefs": [{"name": "g"}], "hostnames": made.hosts, "rules": rules},
    });
    serde_yaml::to_string(&route).unwrap()
}

/// How well a host fits, if it does.
fn fit(host: &str, asked: &str) -> Option<(bool, usize)> {
    match host.strip_prefix('*') {
        Some(end) => asked.ends_with(end).then_some((false, host.len())),
        None => (host == asked).then_some((true, host.len())),
    }
}

/// The HTTPRoute, rule and match that the Gateway API sends a request to.
fn expected(made: &[Made], request: &HttpRequest) -> Option<(usize, usize, usize)> {
    let mut best = None;
    for (number, route) in made.iter().enumerate() {
        let host = if route.hosts.is_empty() {
            Some((false, 0))
        } else {
            route
                .hosts
                .iter()
                .filter_map(|host| fit(host, &request.host))
                .max()
        };
        let Some(host) = host else {
            continue;
        };
        for (rule, matches) in route.rules.iter().enumerate() {
            for (index, asked) in matches.iter().enumerate() {
                let path = asked.path.unwrap_or("/");
                let exact = asked.exact && asked.path.is_some();
                let fits = if exact {
                    request.path == path
                } else {
                    {
                        path == "/"
                            || request.path == path
                            || request.path.starts_with(&format!("{path}/"))
                    }
                };
                let has = |name: &&str| request.headers.iter().any(|(header, _)| header == name);
                if !fits
                    || asked.method.is_some_and(|method| method != request.method)
                    || !asked.headers.iter().all(has)
                {
                    continue;
                }
                let last = (usize::MAX - rule, usize::MAX - index);
                let rank = (
                    host,
                    exact,
                    path.len(),
                    asked.method.is_some(),
                    asked.headers.len(),
                    number,
                    last,
                );
                if best.as_ref().is_none_or(|(other, _)| rank > *other) {
                    best = Some((rank, (number, rule, index)));
                }
            }
        }
    }
    best.map(|(_, place)| place)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn requests_go_where_the_gateway_api_says(
        made in prop::collection::vec(made(), 1..4),
        requests in prop::collection::vec(
            (
                prop::sample::select(vec!["a.example.com", "b.example.com", "c.b.example.com", "x.com", "y.org"]),
                prop::sample::select(vec!["/", "/a", "/a/", "/a/b", "/a/b/", "/a/b/c", "/a/b/c/d", "/ab", "/abc", "/a.b", "/axb"]),
                prop::sample::select(vec!["GET", "POST"]),
                prop::sample::subsequence(HEADERS.to_vec(), 0..=3),
            ),
            12,
        ),
    ) {
        let manifests: Vec<String> = made.iter().enumerate().map(|(number, it)| manifest(number, it)).collect();
        let manifests = manifests.join("\n---\n");
        for flavor in FLAVORS {
            let router = Router::new(&config(&manifests, flavor), flavor);
            for (host, path, method, headers) in &requests {
                let request = HttpRequest {
                    method: (*method).to_owned(),
                    scheme: Scheme::Http,
                    host: (*host).to_owned(),
                    port: None,
                    path: (*path).to_owned(),
                    headers: headers.iter().map(|name| ((*name).to_owned(), "1".to_owned())).collect(),
                    sni: None,
                    client: None,
                };
                let answer = router.answer(&Request::Http(request.clone()));
                prop_assert!(!answer.nondeterministic);
                let Some((route, rule, index)) = expected(&made, &request) else {
                    prop_assert_eq!(answer.route, None, "{:?} {:?}", flavor, request);
                    continue;
                };
                let found = answer.route.unwrap_or_default();
                let (start, end) = (format!("httproute.default.r{route}."), format!(".{rule}.{index}"));
                let is_it = match flavor {
                    Flavor::Expressions => found.starts_with(&start) && found.ends_with(&end),
                    Flavor::TraditionalCompatible => {
                        let name = format!("{start}{rule}.{index}");
                        found == name || found.starts_with(&format!("{name}."))
                    }
                };
                prop_assert!(is_it, "{:?} {:?}: expected r{} {} {}, found {}\n{}", flavor, request, route, rule, index, found, manifests);
            }
        }
    }
}
