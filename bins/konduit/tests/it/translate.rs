//! `translate`, and `lint` and `explain` over manifests.

use serde_json::{Value, json};

use crate::{Ran, folder, run};

const SHOP: &str = "\
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: {name: kong}
spec: {controllerName: konghq.com/gateway-operator}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: edge}
spec:
  gatewayClassName: kong
  listeners:
  - {name: http, port: 80, protocol: HTTP}
---
apiVersion: v1
kind: Service
metadata: {name: shop}
spec:
  ports:
  - {name: http, port: 80, targetPort: 8080}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: shop-1, labels: {kubernetes.io/service-name: shop}}
addressType: IPv4
endpoints:
- {addresses: [10.0.0.1], conditions: {ready: true}}
ports:
- {name: http, port: 8080}
";

const ROUTE: &str = "\
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: shop}
spec:
  parentRefs: [{name: edge}]
  hostnames: [shop.example.com]
  rules:
  - matches:
    - path: {type: PathPrefix, value: /items}
    backendRefs: [{name: shop, port: 80}]
";

/// The route with a backend that is not there, in line 10.
fn lost() -> String {
    ROUTE.replace("{name: shop, port: 80}", "{name: shopp, port: 80}")
}

fn konduit(route: &str, arguments: &[&str]) -> Ran {
    let files = [("shop.yaml", SHOP), ("route.yaml", route)];
    run(folder(&files).path(), arguments, "")
}

fn read(text: &str) -> Value {
    serde_yaml::from_str(text).unwrap()
}

#[test]
fn manifests_become_a_configuration() {
    let ran = konduit(ROUTE, &["translate", "-f", "."]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{ran:?}");
    let document = read(&ran.out);
    assert_eq!(document["_format_version"], "3.0");
    assert_eq!(
        document["services"][0]["name"],
        "httproute.default.svc.default.shop.80.1"
    );
    assert_eq!(
        document["services"][0]["routes"][0]["hosts"],
        json!(["shop.example.com"])
    );
    assert_eq!(
        document["upstreams"][0]["targets"][0]["target"],
        "10.0.0.1:8080"
    );
    let again = konduit(ROUTE, &["translate", "-f", "shop.yaml", "-f", "route.yaml"]);
    assert_eq!(again, ran, "the same to the byte");
    let json = konduit(ROUTE, &["translate", "-f", ".", "-o", "json"]);
    assert_eq!(read(&json.out), document);
}

#[test]
fn what_kongs_controller_would_give_is_there_for_the_asking() {
    let arguments = ["translate", "-f", ".", "--compat", "kong", "--all-routes"];
    let document = read(&konduit(ROUTE, &arguments).out);
    assert_eq!(document["services"][0]["name"], "httproute.default.shop.0");
    let paths = &document["services"][0]["routes"][0]["paths"];
    assert_eq!(paths, &json!(["~/items$", "/items/"]));
}

#[test]
fn comments_say_what_comes_from_where() {
    let ran = konduit(ROUTE, &["translate", "-f", ".", "--annotate"]);
    assert!(
        ran.out.contains("# from: HTTPRoute default/shop rule 0"),
        "{}",
        ran.out
    );
    assert_eq!(
        read(&ran.out),
        read(&konduit(ROUTE, &["translate", "-f", "."]).out)
    );
    let ran = konduit(ROUTE, &["translate", "-f", ".", "--annotate", "-o", "json"]);
    assert_eq!(ran.code, 2);
}

#[test]
fn what_is_wrong_is_said_with_its_line_and_costs_itself_alone() {
    let both = format!(
        "{ROUTE}---\n{}",
        lost().replace("{name: shop}\nspec", "{name: lost}\nspec")
    );
    let ran = konduit(&both, &["translate", "-f", "."]);
    assert_eq!(ran.code, 1);
    assert!(
        ran.err.starts_with(
            "./route.yaml:21: HTTPRoute default/lost: spec.rules[0].backendRefs[0]: target default/shopp of type Service \
             does not exist; "
        ),
        "{}",
        ran.err
    );
    let document = read(&ran.out);
    let names: Vec<&Value> = document["services"]
        .as_array()
        .unwrap()
        .iter()
        .map(|service| &service["name"])
        .collect();
    assert!(
        names.contains(&&json!("httproute.default.svc.default.shop.80.1")),
        "{names:?}"
    );
}

#[test]
fn without_manifests_there_is_nothing_to_translate() {
    let ran = konduit(ROUTE, &["translate"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("-f"), "{}", ran.err);
    assert_eq!(konduit(ROUTE, &["translate", "-f", "nowhere"]).code, 2);
    let ran = konduit("kind: [", &["translate", "-f", "."]);
    assert_eq!(ran.code, 2, "{ran:?}");
}

#[test]
fn lint_is_silent_when_all_is_well_and_tells_reviewers_the_line_when_not() {
    let ran = konduit(ROUTE, &["lint", "-f", ".", "--level", "warning"]);
    assert_eq!((ran.code, ran.out.as_str()), (0, ""), "{ran:?}");
    let ran = konduit(&lost(), &["lint", "-f", ".", "-o", "sarif"]);
    assert_eq!(ran.code, 1);
    let log: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(log["version"], "2.1.0");
    let results = log["runs"][0]["results"].as_array().unwrap();
    let result = results
        .iter()
        .find(|result| result["ruleId"] == "not-translated")
        .unwrap();
    let place = &result["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "route.yaml");
    assert_eq!(place["region"]["startLine"], 10);
    assert_eq!(result["level"], "error");
    let rules = log["runs"][0]["tool"]["driver"]["rules"]
        .as_array()
        .unwrap();
    assert!(rules.iter().any(|rule| rule["id"] == "not-translated"));
}

#[test]
fn lint_tells_of_the_case_of_hosts_who_asks_and_programs() {
    let message = "Kong compares the Host of requests with case";
    let ran = konduit(ROUTE, &["lint", "-f", ".", "--level", "info"]);
    assert_eq!(ran.code, 0, "nobody can do anything about it: {ran:?}");
    let expected = format!("info: ./route.yaml:1: HTTPRoute default/shop: {message}");
    assert!(ran.out.starts_with(&expected), "{ran:?}");
    assert_eq!(ran.out.lines().count(), 1, "{ran:?}");
    let ran = konduit(ROUTE, &["lint", "-f", ".", "-o", "json"]);
    let found: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(found[0]["rule"], "limit-for-clients");
    assert_eq!(found[0]["level"], "info");
    let ran = konduit(ROUTE, &["lint", "-f", ".", "-o", "sarif"]);
    let log: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(log["runs"][0]["results"][0]["level"], "note");
}

#[test]
fn hostnames_in_upper_case_are_refused_as_the_api_server_does() {
    let route = ROUTE.replace("shop.example.com", "Shop.example.com");
    let ran = konduit(&route, &["lint", "-f", "."]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.out.contains("spec.hostnames[0]"), "{ran:?}");
}

#[test]
fn routes_of_a_gateway_that_is_refused_are_told_so() {
    let shop = SHOP.replace("name: http, ", "name: HTTP, ");
    assert_ne!(shop, SHOP);
    let files = [("shop.yaml", shop.as_str()), ("route.yaml", ROUTE)];
    let ran = run(folder(&files).path(), &["lint", "-f", "."], "");
    let of_gateway = ran
        .out
        .lines()
        .filter(|it| it.contains(": Gateway default/edge: "));
    assert_eq!(of_gateway.count(), 1, "its fault is said once: {ran:?}");
    let expected = "Gateway default/edge cannot be used; the route is not attached to it; see what is said of the Gateway";
    assert!(ran.out.contains(expected), "{ran:?}");
}

#[test]
fn lint_finds_what_nothing_uses() {
    let manifests = format!(
        "{ROUTE}---\napiVersion: configuration.konghq.com/v1\nkind: KongPlugin\nmetadata: {{name: cors}}\nplugin: cors\n"
    );
    let ran = konduit(&manifests, &["lint", "-f", ".", "-o", "json"]);
    assert_eq!(ran.code, 0, "a warning is no error: {ran:?}");
    let found: Vec<Value> = serde_json::from_str(&ran.out).unwrap();
    let found = found.iter().filter(|it| it["level"] != "info");
    let [unused] = found.collect::<Vec<_>>()[..] else {
        panic!("one thing is wrong: {ran:?}");
    };
    assert_eq!(unused["rule"], "unused-object");
    assert_eq!(unused["object"], "KongPlugin default/cors");
    assert_eq!(unused["line"], 12);
    assert_eq!(
        konduit(&manifests, &["lint", "-f", ".", "--level", "warning"]).code,
        1
    );
}

#[test]
fn lint_takes_no_plugin_for_useless_that_something_in_konnect_uses() {
    let object = |version: &str, kind: &str, rest: &str| {
        format!("---\napiVersion: configuration.konghq.com/{version}\nkind: {kind}\n{rest}\n")
    };
    let plane = "controlPlaneRef: {type: konnectNamespacedRef, konnectNamespacedRef: {name: cp}}";
    let plugin = |kind: &str, name: &str| {
        object(
            "v1",
            kind,
            &format!("metadata: {{name: {name}}}\nplugin: cors"),
        )
    };
    let uses = "annotations: {konghq.com/plugins: ";
    let manifests = [
        plugin("KongPlugin", "bound"),
        plugin("KongPlugin", "named"),
        plugin("KongPlugin", "of-alice"),
        plugin("KongClusterPlugin", "shared"),
        plugin("KongPlugin", "idle"),
        object(
            "v1alpha1",
            "KongPluginBinding",
            &format!(
                "metadata: {{name: b}}\nspec: {{pluginRef: {{name: bound}}, scope: GlobalInControlPlane, {plane}}}"
            ),
        ),
        object(
            "v1alpha1",
            "KongService",
            &format!(
                "metadata: {{name: s, {uses}'named, shared'}}}}\nspec: {{host: h.test, {plane}}}"
            ),
        ),
        object(
            "v1",
            "KongConsumer",
            &format!(
                "metadata: {{name: alice, {uses}of-alice}}}}\nusername: alice\nspec: {{{plane}}}"
            ),
        ),
    ];
    let ran = konduit(
        &(ROUTE.to_owned() + &manifests.concat()),
        &["lint", "-f", "."],
    );
    let told: Vec<&str> = ran.out.lines().collect();
    let [idle] = told[..] else {
        panic!("one of them is idle: {ran:?}");
    };
    assert!(
        idle.contains("KongPlugin default/idle: nothing refers to it"),
        "{idle}"
    );
}

#[test]
fn lint_names_who_refers_to_a_plugin_without_being_in_use_itself() {
    let manifests = format!(
        "{ROUTE}---\napiVersion: configuration.konghq.com/v1\nkind: KongPlugin\nmetadata: {{name: cors}}\nplugin: cors\n---\napiVersion: v1\nkind: Service\nmetadata: {{name: old, annotations: {{konghq.com/plugins: cors}}}}\nspec: {{ports: [{{port: 80}}]}}\n"
    );
    let ran = konduit(&manifests, &["lint", "-f", "."]);
    let expected = "warning: ./route.yaml:12: KongPlugin default/cors: only Service default/old refers to it, which is not in use itself; send requests there, or remove both\n";
    assert_eq!((ran.code, ran.out.as_str()), (0, expected), "{ran:?}");
}

#[test]
fn lint_says_why_a_global_plugin_is_bound_to_nothing() {
    let plugin = |kind: &str| {
        format!(
            "---\napiVersion: configuration.konghq.com/v1\nkind: {kind}\nmetadata: {{name: all, labels: {{global: \"true\"}}}}\nplugin: cors\n"
        )
    };
    let (one, other) = (plugin("KongPlugin"), plugin("KongClusterPlugin"));
    let ran = konduit(&format!("{ROUTE}{one}{other}"), &["lint", "-f", "."]);
    for expected in [
        "KongPlugin default/all: the label \"global\" has no effect on a KongPlugin",
        "KongClusterPlugin all: it is global, and of another ingress class or of none; give it the annotation",
    ] {
        assert!(ran.out.contains(expected), "{}", ran.out);
    }
}

#[test]
fn explain_names_the_rule_and_its_line() {
    let url = "http://shop.example.com/items/7";
    for flavor in ["traditional-compatible", "expressions"] {
        let arguments = ["explain", "-f", ".", "--flavor", flavor, "GET", url];
        let ran = konduit(ROUTE, &arguments);
        assert_eq!(ran.code, 0, "{ran:?}");
        assert!(
            ran.out
                .contains("from        HTTPRoute default/shop rule 0 at ./route.yaml:8\n"),
            "{}",
            ran.out
        );
        assert!(ran.out.contains("10.0.0.1:8080 100.0%"), "{}", ran.out);
        let listener = "listener    http of Gateway default/edge (HTTP, port 80)\n";
        assert!(ran.out.contains(listener), "{}", ran.out);
    }
    let ran = konduit(ROUTE, &["explain", "-f", ".", "-o", "json", "GET", url]);
    let told: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(told["listener"]["name"], "http");
    assert_eq!(
        told["winner"]["from"],
        "HTTPRoute default/shop rule 0 at ./route.yaml:8"
    );
    let ran = konduit(
        ROUTE,
        &["explain", "-f", ".", "GET", "http://other.example.com/"],
    );
    assert!(ran.out.contains("404"), "{}", ran.out);
}

/// What the API server refuses, a document each.
const REFUSED: &str = "\
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: odd}
spec:
  parentRefs: [{name: edge}]
  rules:
  - matches:
    - path: {type: Prefix, value: /x}
    backendRefs: [{name: shop, port: 80}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: both}
spec:
  parentRefs: [{name: edge}]
  rules:
  - filters:
    - type: RequestRedirect
      requestRedirect: {statusCode: 302}
    backendRefs: [{name: shop, port: 80}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: typo}
spec:
  parentRefs: [{name: edge}]
  hostname: [shop.example.com]
  rules:
  - backendRefs: [{name: shop, port: 80}]
---
apiVersion: configuration.konghq.com/v1
kind: KongPlugin
metadata: {name: torn}
plugin: key-auth
config: {key_names: [key]}
configFrom: {secretKeyRef: {name: a, key: b}}
---
";

#[test]
fn what_the_api_server_would_refuse_is_said_and_costs_nothing_else() {
    let manifests = format!("{REFUSED}{ROUTE}");
    let ran = konduit(&manifests, &["translate", "-f", "."]);
    assert_eq!(ran.code, 1, "{ran:?}");
    let document = read(&ran.out);
    let services = document["services"].as_array().unwrap();
    assert_eq!(services.len(), 1, "{document}");
    let lines: Vec<&str> = ran.err.lines().collect();
    let expected = [
        "route.yaml:8: HTTPRoute default/odd: spec.rules[0].matches[0].path.type: Unsupported value: \"Prefix\"",
        "route.yaml:17: HTTPRoute default/both: spec.rules[0]: ",
        "route.yaml:27: HTTPRoute default/typo: spec.hostname: unknown field; did you mean \"hostnames\"?",
        "KongPlugin default/torn: Invalid value: Using both config and configFrom fields is not allowed",
    ];
    assert_eq!(lines.len(), expected.len(), "{}", ran.err);
    for (line, expected) in lines.iter().zip(expected) {
        assert!(line.contains(expected), "{line}\n{expected}");
    }
}

#[test]
fn what_manifests_leave_out_is_as_the_api_server_would_have_it() {
    let bare = ROUTE.replace(
        "  - matches:\n    - path: {type: PathPrefix, value: /items}\n    backendRefs",
        "  - backendRefs",
    );
    let ran = konduit(&bare, &["translate", "-f", "."]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{ran:?}");
    let paths = &read(&ran.out)["services"][0]["routes"][0]["paths"];
    assert_eq!(
        *paths,
        json!(["~/"]),
        "a rule without matches is for every path"
    );
    let ran = konduit(&bare, &["translate", "-f", ".", "--compat", "kong"]);
    let route = &read(&ran.out)["services"][0]["routes"][0];
    assert!(route["paths"].is_null(), "it is taken as it is: {route}");
}
