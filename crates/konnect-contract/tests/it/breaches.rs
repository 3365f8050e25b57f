//! A check that finds nothing wrong has to be able to.

use kong_model::{Host, Method, Request, Response};
use konnect_contract::{Breach, Contract};
use serde_json::{Value, json};

const CP: &str = "2f0b44a1-8bd1-45e0-9fd2-a2e0a3c1b0d7";

fn request(method: Method, path: &str, body: Option<Value>) -> Request {
    Request {
        host: Host::Region,
        method,
        path: path.replace("{cp}", CP),
        query: Vec::new(),
        body,
    }
}

/// The breaches of a request, in words.
fn wrong(request: &Request) -> Vec<String> {
    let breaches = Contract::of_the_vendor().request(request);
    breaches.iter().map(Breach::to_string).collect()
}

fn put(body: Value) -> Request {
    let path = "/v2/control-planes/{cp}/core-entities/services/s";
    request(Method::Put, path, Some(body))
}

#[test]
fn every_rule_of_a_body_can_be_broken() {
    assert_eq!(wrong(&put(json!({"host": "h"}))), [""; 0]);
    for (body, found) in [
        (json!({}), "\"host\" is a required property"),
        (json!({"host": 1}), "1 is not of type \"string\""),
        (json!({"host": "h", "protocol": "ftp"}), "/protocol"),
        (
            json!({"host": "h", "port": 70_000}),
            "greater than the maximum",
        ),
        (json!({"host": "h", "hosts": []}), "'hosts' was unexpected"),
        (json!({"host": "h", "tags": "a"}), "body/tags"),
    ] {
        let breaches = wrong(&put(body));
        assert_eq!(breaches.len(), 1, "{breaches:?}");
        assert!(breaches[0].contains(found), "{breaches:?}");
    }
}

#[test]
fn every_part_of_a_request_is_looked_at() {
    let services = "/v2/control-planes/{cp}/core-entities/services";
    let get = |path| request(Method::Get, path, None);
    let unknown = request(Method::Get, "/v2/nothing", None);
    assert!(matches!(wrong(&unknown)[..], [ref text] if text.contains("no path")));
    let patch = request(Method::Patch, services, Some(json!({})));
    assert!(matches!(wrong(&patch)[..], [ref text] if text.contains("has no PATCH")));
    let bodied = request(Method::Get, services, Some(json!({})));
    assert!(matches!(wrong(&bodied)[..], [ref text] if text.contains("has no body")));
    let bare = request(Method::Post, services, None);
    assert!(matches!(wrong(&bare)[..], [ref text] if text.contains("has a body")));
    let no_id = get("/v2/control-planes/no-uuid/core-entities/services");
    assert!(matches!(wrong(&no_id)[..], [ref text] if text.contains("is not a \"uuid\"")));
    for (name, value, found) in [
        ("size", "1001", "greater than the maximum"),
        ("size", "many", "is not of type \"integer\""),
        ("page[size]", "1", "no parameter \"page[size]\""),
    ] {
        let mut listed = get(services);
        listed.query = vec![(name, value.to_owned())];
        let breaches = wrong(&listed);
        assert!(
            matches!(breaches[..], [ref text] if text.contains(found)),
            "{breaches:?}"
        );
    }
    let mut filtered = get("/v2/control-planes");
    filtered.query = vec![("filter[unknown][eq]", CP.to_owned())];
    assert_ne!(wrong(&filtered), [""; 0]);
}

#[test]
fn every_part_of_an_answer_is_looked_at() {
    let contract = Contract::of_the_vendor();
    let put = put(json!({"host": "h"}));
    let wrong = |status, body| {
        let breaches = contract.answer(&put, &Response::new(status, body));
        breaches.iter().map(Breach::to_string).collect::<Vec<_>>()
    };
    assert_eq!(wrong(200, json!({"host": "h", "id": CP})), [""; 0]);
    assert!(wrong(200, json!({"host": null}))[0].contains("is not of type \"string\""));
    assert!(wrong(200, Value::Null)[0].contains("has a body"));
    assert!(wrong(201, json!({"host": "h"}))[0].contains("never answers with 201"));
    let remove = request(Method::Delete, "/v2/control-planes/{cp}", None);
    let answered = contract.answer(&remove, &Response::new(204, json!({})));
    assert!(matches!(answered[..], [Breach::Body { there: "no", .. }]));
}
