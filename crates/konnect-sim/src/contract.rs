//! Answers against the vendor's OpenAPI document, of which `tests/fixtures/answers.json` holds the parts
//! that are about us, without prose; and what has to hold after any requests whatever.

use proptest::prelude::*;
use serde_json::{Value, json};

use kong_model::{Host, Method, Request, Response, Shape};

use crate::check::violations;
use crate::store::{links, uniques};
use crate::{Collection, Konnect, Millis};

const ANSWERS: &str = include_str!("../tests/fixtures/answers.json");

fn ask(konnect: &mut Konnect, token: &str, method: Method, path: &str, body: Value) -> Response {
    let request = Request {
        host: Host::Region,
        method,
        path: path.to_owned(),
        query: Vec::new(),
        body: (!body.is_null()).then_some(body),
    };
    konnect.handle(Millis(1_700_000_000_000), token, &request)
}

fn id(number: u8) -> String {
    format!("00000000-0000-4000-8000-{number:012}")
}

/// Nulls are not in the document's type lists: only a link to a next page may be one.
fn nulls(value: &Value) -> usize {
    match value {
        Value::Null => 1,
        Value::Array(items) => items.iter().map(nulls).sum(),
        Value::Object(members) => members
            .iter()
            .filter(|(key, _)| *key != "next")
            .map(|(_, value)| nulls(value))
            .sum(),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
    }
}

#[test]
fn answers_are_those_of_the_openapi_document() {
    let schemas: Value = serde_json::from_str(ANSWERS).unwrap();
    let mut konnect = Konnect::new(1);
    let mut check = |schema: &str, status: u16, method: Method, path: &str, body: Value| {
        let token = if status == 401 { "kpat_bad" } else { "kpat_t" };
        let answer = ask(&mut konnect, token, method, path, body);
        assert_eq!(answer.status, status, "{path}: {}", answer.body);
        assert!(schemas[schema].is_object(), "{schema}");
        assert_eq!(
            violations(&schemas[schema], &answer.body),
            [],
            "{path}: {}",
            answer.body
        );
        assert_eq!(nulls(&answer.body), 0, "{path}: {}", answer.body);
        answer.body["id"].as_str().unwrap_or_default().to_owned()
    };
    let planes = "/v2/control-planes";
    let proxies = json!([{"host": "p", "port": 1, "protocol": "http"}]);
    let cp = check(
        "control-planes",
        201,
        Method::Post,
        planes,
        json!({"name": "cp"}),
    );
    let full = json!({"name": "group", "cluster_type": "CLUSTER_TYPE_CONTROL_PLANE_GROUP", "labels": {"a": "b"},
        "proxy_urls": proxies, "auth_type": "pki_client_certs", "description": "d", "cloud_gateway": false});
    let group = check("control-planes", 201, Method::Post, planes, full);
    check(
        "control-planes",
        200,
        Method::Patch,
        &format!("{planes}/{cp}"),
        json!({"description": "x"}),
    );
    check("numbered list", 200, Method::Get, planes, Value::Null);
    check(
        "membership list",
        200,
        Method::Get,
        &format!("{planes}/{group}/group-memberships"),
        Value::Null,
    );
    check(
        "organization",
        200,
        Method::Get,
        "/v3/organizations/me",
        Value::Null,
    );
    check("user", 200, Method::Get, "/v3/users/me", Value::Null);

    let core = format!("{planes}/{cp}/core-entities");
    let refer = |number: u8| json!({"id": id(number)});
    let (u, v) = (id(3), id(4));
    for (schema, path, body) in [
        (
            "certificates",
            format!("certificates/{}", id(1)),
            json!({"cert": "c", "key": "k", "description": "d", "snis": ["a"]}),
        ),
        (
            "services",
            format!("services/{}", id(2)),
            json!({"url": "https://a:1/x", "client_certificate": refer(1), "tags": ["a"]}),
        ),
        (
            "routes",
            format!("routes/{}", id(2)),
            json!({"paths": ["/"], "headers": {"a": ["b"]}, "service": refer(2), "sources": [{"ip": "::1"}]}),
        ),
        (
            "upstreams",
            format!("upstreams/{u}"),
            json!({"name": "u", "healthchecks": {"threshold": 1.5}, "tags": null}),
        ),
        (
            "targets",
            format!("upstreams/{u}/targets/{v}"),
            json!({"target": "a", "failover": true}),
        ),
        (
            "plugins",
            format!("plugins/{}", id(5)),
            json!({"name": "p", "config": {"a": 1}, "route": refer(2), "ordering": {"after": {"access": ["x"]}}}),
        ),
    ] {
        check(schema, 200, Method::Put, &format!("{core}/{path}"), body);
        check(
            schema,
            200,
            Method::Get,
            &format!("{core}/{path}"),
            Value::Null,
        );
        let list = format!("{core}/{path}");
        check(
            "core list",
            200,
            Method::Get,
            list.rsplit_once('/').unwrap().0,
            Value::Null,
        );
    }

    check(
        "unauthorized",
        401,
        Method::Get,
        &format!("{core}/services"),
        Value::Null,
    );
    check("problem", 401, Method::Get, planes, Value::Null);
    check(
        "problem",
        404,
        Method::Get,
        &format!("{planes}/{}", id(9)),
        Value::Null,
    );
    check("problem", 409, Method::Post, planes, json!({"name": "cp"}));
    for body in [
        json!({}),
        json!({"name": "c"}),
        json!({"name": "new", "labels": {"a": "-"}}),
        json!({"name": "new", "x": 1}),
    ] {
        check("bad request", 400, Method::Post, planes, body);
    }
    let memberships = |id: &str| format!("{planes}/{id}/group-memberships");
    check(
        "bad request",
        400,
        Method::Put,
        &memberships(&cp),
        json!({"members": []}),
    );
    check(
        "bad request",
        400,
        Method::Put,
        &memberships(&group),
        json!({"members": [{"id": "x"}]}),
    );
}

/// One request of a random client: small numbers of ids and names, so that they meet.
fn requests() -> impl Strategy<Value = (Method, usize, u8, u8, Option<u8>)> {
    let methods =
        prop_oneof![3 => Just(Method::Put), 1 => Just(Method::Post), 2 => Just(Method::Delete)];
    (
        methods,
        0_usize..6,
        1_u8..4,
        1_u8..4,
        proptest::option::of(1_u8..4),
    )
}

proptest! {
    #[test]
    fn whatever_is_asked_names_stay_unique_and_references_lead_somewhere(
        requests in proptest::collection::vec(requests(), 1..60),
    ) {
        let mut konnect = Konnect::new(1);
        let created = ask(&mut konnect, "t", Method::Post, "/v2/control-planes", json!({"name": "cp"}));
        let cp = created.body["id"].as_str().unwrap().to_owned();
        for (method, kind, number, name, other) in requests {
            let refer = other.map(|other| json!({"id": id(other)}));
            let name = format!("n{name}");
            let (path, body) = match kind {
                0 => ("certificates".to_owned(), json!({"cert": "c", "key": "k"})),
                1 => ("services".to_owned(), json!({"name": name, "host": "h", "client_certificate": refer})),
                2 => ("routes".to_owned(), json!({"name": name, "paths": ["/"], "service": refer})),
                3 => ("upstreams".to_owned(), json!({"name": name, "client_certificate": refer})),
                4 => (format!("upstreams/{}/targets", id(other.unwrap_or(1))), json!({"target": name})),
                _ => ("plugins".to_owned(), json!({"name": name, "service": refer})),
            };
            let list = format!("/v2/control-planes/{cp}/core-entities/{path}");
            let item = format!("{list}/{}", id(number));
            let (path, body) = match method {
                Method::Post => (list, body),
                Method::Delete => (item, Value::Null),
                Method::Put | Method::Get | Method::Patch => (item, body),
            };
            let before = konnect.dump();
            let answer = ask(&mut konnect, "t", method, &path, body);
            prop_assert!([200, 201, 204, 400, 404].contains(&answer.status), "{}", answer.body);
            if answer.status >= 400 {
                prop_assert_eq!(&before, &konnect.dump(), "a refused request changes nothing");
            }
            let mut taken = std::collections::BTreeSet::new();
            for collection in Collection::all().filter(|at| at.shape() == Shape::Core) {
                for (_, value) in konnect.entities(collection, Some(&cp)) {
                    for unique in uniques(collection, value) {
                        prop_assert!(taken.insert(unique.clone()), "{unique} twice");
                    }
                    for link in links(collection, value) {
                        let there = konnect.entities(link.to.0, Some(&cp)).any(|(id, _)| *id == *link.to.1);
                        prop_assert!(there, "{} leads nowhere: {value}", link.field);
                    }
                }
            }
        }
        // Nothing is remembered of what is gone: everything can be made anew.
        prop_assert_eq!(ask(&mut konnect, "t", Method::Delete, &format!("/v2/control-planes/{cp}"), Value::Null).status, 204);
        prop_assert_eq!(konnect.dump(), json!([]));
    }
}
