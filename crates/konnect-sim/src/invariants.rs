//! What has to hold after any requests whatever.

use proptest::prelude::*;
use serde_json::{Value, json};

use kong_model::{Host, Method, Request, Response, Shape};

use crate::store::{links, uniques};
use crate::{Collection, Konnect, Millis};

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
