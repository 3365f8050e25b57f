//! `explain` and `lint` over declarative configurations.

use serde_json::{Value, json};

use crate::{Ran, folder, run};

const SHOP: &str = r#"
_format_version: "3.0"
services:
- name: shop
  host: shop-upstream
  port: 8080
  routes:
  - name: everything
    paths: [/]
  - name: items
    paths: ["~/items/(?<id>\\d+)$"]
    strip_path: false
    plugins:
    - name: key-auth
plugins:
- name: cors
upstreams:
- name: shop-upstream
  targets:
  - target: 10.0.0.1:8080
    weight: 30
  - target: 10.0.0.2:8080
    weight: 90
"#;

fn konduit(files: &[(&str, &str)], arguments: &[&str]) -> Ran {
    run(folder(files).path(), arguments, "")
}

#[test]
fn explain_tells_where_a_request_goes_and_why() {
    let arguments = [
        "explain",
        "--deck",
        "kong.yaml",
        "GET",
        "http://a.test/items/7?full",
    ];
    let ran = konduit(&[("kong.yaml", SHOP)], &arguments);
    assert_eq!(
        ran.out,
        "\
GET http://a.test/items/7?full
answer      200
route       items (services[0].routes[1])
service     shop
expression  (http.path ~ r#\"^/items/(?P<id>\\d+)$\"#)
priority    2251800350556160
URI         /items/7?full
targets     one after the other of the upstream shop-upstream
            10.0.0.1:8080 25.0%
            10.0.0.2:8080 75.0%
plugins     cors (plugins[0])
            key-auth (services[0].routes[1].plugins[0])
runners-up  everything (services[0].routes[0]): the path of the winner is a pattern
"
    );
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
}

#[test]
fn explain_names_the_nearest_routes_where_none_holds() {
    let deck = r#"{"services": [{"name": "s", "host": "h", "routes": [
        {"name": "near", "hosts": ["a.test"], "paths": ["/a"], "methods": ["GET"]},
        {"name": "far", "hosts": ["b.test"], "paths": ["/b"], "methods": ["PUT"]}]}]}"#;
    let arguments = ["explain", "--deck", "kong.json", "GET", "http://a.test/c"];
    let ran = konduit(&[("kong.json", deck)], &arguments);
    assert_eq!(
        ran.out,
        "\
GET http://a.test/c
answer      404, by the gateway itself, without a route
nearest     near: not its paths
            far: not its methods, not its hosts, not its paths
"
    );
}

#[test]
fn explain_answers_a_batch_line_by_line_and_in_order() {
    let requests = r#"{"method": "GET", "scheme": "http", "host": "a.test", "path": "/x"}

{"host": "a.test", "path": "/a/../..", "headers": {}}
{"stream": "tcp", "port": 9000}
"#;
    let files = [("kong.yaml", SHOP), ("requests.jsonl", requests)];
    let arguments = [
        "explain",
        "--deck",
        "kong.yaml",
        "--batch",
        "requests.jsonl",
        "-o",
        "json",
    ];
    let ran = konduit(&files, &arguments);
    let answers: Vec<Value> = ran
        .out
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(
        answers,
        [
            json!({"route": "everything", "service": "shop", "upstream_uri": "/x", "status": 200}),
            json!({"route": null, "service": null, "status": 400}),
            json!({"route": null, "service": null, "answered": false}),
        ]
    );
}

#[test]
fn one_gateway_answers_a_batch_so_it_remembers() {
    let deck = r#"{"services": [{"name": "s", "host": "h.test", "routes": [{"name": "r",
        "protocols": ["http"], "expression": "http.path ^= \"/\""}]}]}"#;
    let requests = "{\"scheme\": \"http\", \"host\": \"a\", \"path\": \"/\"}\n\
                    {\"scheme\": \"https\", \"host\": \"a\", \"path\": \"/\"}\n";
    let files = [("kong.json", deck), ("requests.jsonl", requests)];
    let arguments = [
        "explain",
        "--deck",
        "kong.json",
        "--flavor",
        "expressions",
        "--batch",
        "requests.jsonl",
    ];
    let ran = konduit(&files, &arguments);
    let second: Value = serde_json::from_str(ran.out.lines().nth(1).unwrap()).unwrap();
    assert_eq!(
        (&second["route"], &second["remembered"]),
        (&json!("r"), &json!(true))
    );
}

#[test]
fn a_line_of_a_batch_that_is_no_request_is_named() {
    let files = [
        ("kong.yaml", SHOP),
        ("requests.jsonl", "{\"host\": \"a\", \"path\": \"/\"}\n{}\n"),
    ];
    let arguments = [
        "explain",
        "--deck",
        "kong.yaml",
        "--batch",
        "requests.jsonl",
    ];
    let ran = konduit(&files, &arguments);
    assert_eq!(ran.code, 2);
    assert!(
        ran.err
            .starts_with("error: requests.jsonl:2: not a request"),
        "{}",
        ran.err
    );
}

#[test]
fn lint_names_place_reason_and_remedy_of_what_kong_refuses() {
    let deck = r#"{"_format_version": "3.0", "services": [{"name": "s", "host": "h", "port": 70000,
        "routes": [{"name": "r", "paths": ["/a%20b"]}]}]}"#;
    let ran = konduit(&[("kong.json", deck)], &["lint", "--deck", "kong.json"]);
    assert_eq!(
        ran.out,
        "\
error: services \"s\": not from 0 to 65535; choose a number from 0 to 65535 (services[0].port)
error: routes \"r\": not normalised, so that no request matches it; write \"/a b\" (services[0].routes[0].paths[0])
"
    );
    assert_eq!(ran.code, 1);
}

#[test]
fn warnings_end_with_1_only_if_they_are_asked_for() {
    let deck = r#"{"_format_version": "3.0", "services": [{"name": "s", "host": "h", "routes": [
        {"name": "r", "paths": ["~/a$"], "regex_priority": 4096}]}]}"#;
    let files = [("kong.json", deck)];
    let ran = konduit(&files, &["lint", "--deck", "kong.json", "-o", "json"]);
    let found: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(
        (&found[0]["level"], &found[0]["warning"]),
        (&json!("warning"), &json!("unstable"))
    );
    assert_eq!(ran.code, 0);
    let ran = konduit(
        &files,
        &["lint", "--deck", "kong.json", "--level", "warning"],
    );
    assert_eq!(ran.code, 1);
    assert!(
        ran.out
            .starts_with("warning: the priority of the route \"r\""),
        "{}",
        ran.out
    );
}

#[test]
fn a_file_of_deck_is_judged_as_such_if_asked_to() {
    let deck = "_format_version: \"3.0\"\n_info: {select_tags: [a]}\n\
                routes:\n- name: r\n  paths: [/]\n  service: {name: s}\n\
                services:\n- {name: s, host: h}\n";
    let files = [("kong.yaml", deck)];
    assert_eq!(konduit(&files, &["lint", "--deck", "kong.yaml"]).code, 1);
    let ran = konduit(&files, &["lint", "--deck", "kong.yaml", "--reader", "deck"]);
    assert_eq!((ran.code, ran.out.as_str()), (0, ""));
}

#[test]
fn reviewers_are_told_a_shadowed_route_from_an_uncertain_one() {
    let deck = r#"{"_format_version": "3.0", "services": [{"name": "s", "host": "h", "routes": [
        {"name": "all", "hosts": ["a.test"], "paths": ["~/"], "regex_priority": 9},
        {"name": "never", "hosts": ["a.test"], "paths": ["~/"], "regex_priority": 1}]}]}"#;
    let arguments = ["lint", "--deck", "kong.json", "-o", "sarif"];
    let ran = konduit(&[("kong.json", deck)], &arguments);
    let log: Value = serde_json::from_str(&ran.out).unwrap();
    let results = &log["runs"][0]["results"];
    assert_eq!(results.as_array().map(Vec::len), Some(1), "{log:#}");
    assert_eq!(results[0]["ruleId"], "shadowed-route");
}
