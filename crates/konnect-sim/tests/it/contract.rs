//! Answers to everything that can be asked, against the vendor's OpenAPI document.

use std::collections::{BTreeMap, BTreeSet};

use kong_model::{Collection, Method, Reference, Response, Shape, Update};
use konnect_contract::{Breach, Contract, samples};
use serde_json::{Value, json};

use crate::client::{Client, id, request};

/// A client whose every answer is held against the document.
struct Held {
    client: Client,
    contract: Contract,
    /// Operations with the statuses that they were seen to answer with.
    seen: BTreeSet<(Method, Option<Collection>, u16)>,
}

impl Held {
    fn ask(&mut self, method: Method, path: &str, body: Option<Value>) -> Response {
        let answer = self.client.ask(method, path, body.clone());
        let request = request(method, path, body);
        let breaches = self.contract.answer(&request, &answer);
        let (status, body) = (answer.status, &answer.body);
        // Of core entities the document names hardly any error.
        let unnamed = matches!(breaches[..], [Breach::Status { status: 400.., .. }])
            && path.contains("/core-entities/");
        assert!(
            unnamed || breaches.is_empty(),
            "{request:?}: {body}: {breaches:?}"
        );
        if unnamed {
            assert_core_error(body);
        }
        assert_eq!(nulls(body), 0, "{request:?}: {body}");
        self.seen.insert((method, collection_of(path), status));
        answer
    }

    /// Creates an entity under an id of the server, which is given.
    fn made(&mut self, at: Collection, path: &str, body: Value) -> String {
        let answer = self.has(Method::Post, path, body);
        let entity = if at.shape() == Shape::Wrapped {
            &answer["item"]
        } else {
            &answer
        };
        entity["id"].as_str().unwrap().to_owned()
    }

    fn has(&mut self, method: Method, path: &str, body: Value) -> Value {
        let answer = self.ask(method, path, Some(body));
        assert!(answer.status < 300, "{path}: {}", answer.body);
        answer.body
    }
}

/// What a path is about: the place whose path it continues with an id, or is.
fn collection_of(path: &str) -> Option<Collection> {
    let path = path.split('?').next().unwrap_or_default();
    let follows = |template: &str| {
        let (mut parts, mut template) = (path.split('/'), template.split('/'));
        let all = template.all(|part| {
            part.starts_with('{') && parts.next().is_some() || Some(part) == parts.next()
        });
        all && parts.count() <= 1
    };
    Collection::all().find(|at| follows(at.items_path()) || follows(at.list_path()))
}

/// Errors of core entities have a gRPC code, words, and details.
fn assert_core_error(body: &Value) {
    assert!(body["message"].is_string(), "{body}");
    assert!(
        body["code"].is_u64() == body["details"].is_array(),
        "{body}"
    );
}

/// Answers leave out what is not there; only a link to another page may be null.
fn nulls(value: &Value) -> usize {
    match value {
        Value::Array(items) => items
            .iter()
            .map(|item| usize::from(item.is_null()) + nulls(item))
            .sum(),
        Value::Object(members) => members
            .iter()
            .filter(|(key, _)| !["next", "previous"].contains(&key.as_str()))
            .map(|(_, value)| usize::from(value.is_null()) + nulls(value))
            .sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
    }
}

/// Every body of a collection, referring to what is there.
fn bodies(at: Collection, there: &dyn Fn(Collection) -> String) -> Vec<Value> {
    let mut bodies = samples(at.schema());
    for body in &mut bodies {
        for Reference { field, to, .. } in at.references() {
            match body.get(field) {
                Some(Value::Array(_)) => body[field] = json!([there(*to)]),
                Some(_) => body[field] = json!({ "id": there(*to) }),
                None => {}
            }
        }
        if let Some(members) = body.as_object_mut() {
            // The path says both.
            members.remove("id");
            members.retain(|field, _| at.parent().is_none_or(|parent| parent.field != field));
        }
    }
    bodies
}

#[test]
fn answers_are_those_of_the_openapi_document() {
    let mut held = Held {
        client: Client::new(),
        contract: Contract::of_the_vendor(),
        seen: BTreeSet::new(),
    };
    let plane = held.client.control_plane("home");
    let group = held.client.control_plane_of(
        json!({"name": "group", "cluster_type": "CLUSTER_TYPE_CONTROL_PLANE_GROUP"}),
    );
    let control_plane = plane.rsplit('/').next().unwrap().to_owned();
    let mut ids: BTreeMap<Collection, String> = BTreeMap::new();
    for at in Collection::all() {
        let known = ids.clone();
        let there = |at: Collection| {
            let ours = id(u32::from(at as u8) + 100);
            known.get(&at).cloned().unwrap_or(ours)
        };
        let fill = |template: &str| {
            let scope = match at.shape() {
                Shape::Membership => group.rsplit('/').next().unwrap(),
                _ => &control_plane,
            };
            let parent = at
                .parent()
                .map_or_else(String::new, |parent| there(parent.to));
            template.replace("{cp}", scope).replace("{parent}", &parent)
        };
        let (items, list) = (fill(at.items_path()), fill(at.list_path()));
        let mut item = format!("{items}/{}", there(at));
        let bodies = bodies(at, &there);
        if at.members().is_some() {
            let member = json!({"consumer": there(Collection::Consumers)});
            held.has(Method::Post, &items, member.clone());
            held.ask(Method::Post, &items, Some(member));
            held.ask(Method::Post, &items, Some(json!({"consumer": id(1)})));
            held.ask(Method::Get, &list, None);
            held.ask(
                Method::Delete,
                &format!("{items}/{}", there(Collection::Consumers)),
                None,
            );
            continue;
        }
        match (at.shape(), at.update()) {
            (Shape::Identity, _) => {}
            (Shape::Membership, _) => {
                let members = json!({"members": [{"id": control_plane}]});
                held.has(Method::Put, &items, members);
            }
            (Shape::Core, _) => {
                for body in &bodies {
                    held.ask(Method::Delete, &item, None);
                    let created = held.has(Method::Post, &items, body.clone());
                    let created = created["id"].as_str().unwrap();
                    held.ask(Method::Delete, &format!("{items}/{created}"), None);
                    held.has(Method::Put, &item, body.clone());
                }
                held.ask(Method::Get, &item, None);
                held.ask(Method::Get, &format!("{items}/{}", id(1)), None);
                held.ask(Method::Put, &item, Some(json!({"unknown": 1})));
            }
            (Shape::Linked | Shape::Wrapped, _) | (Shape::Numbered, Update::No) => {
                for body in &bodies {
                    let made = held.made(at, &items, body.clone());
                    let path = format!("{items}/{made}");
                    held.ask(Method::Get, &path, None);
                    if at.update() == Update::Put {
                        held.has(Method::Put, &path, body.clone());
                    }
                    held.ask(Method::Delete, &path, None);
                    held.ask(Method::Delete, &path, None);
                }
                // What comes later refers to one that is there.
                let example = bodies.last().cloned().unwrap_or_default();
                let made = held.made(at, &items, example.clone());
                ids.insert(at, made);
                held.ask(Method::Post, &items, Some(json!({"unknown": 1})));
                if at != Collection::DataPlaneCertificates && example.get("name").is_some() {
                    let answer = held.ask(Method::Post, &items, Some(example));
                    assert!([400, 409].contains(&answer.status));
                }
            }
            (_, Update::Whole { emptied }) => {
                let mut bodies = bodies;
                for body in &mut bodies {
                    body["control_plane_id"] = json!(control_plane);
                    for group in body[emptied].as_array_mut().into_iter().flatten() {
                        if group.get("cloud_gateway_network_id").is_some() {
                            group["cloud_gateway_network_id"] = json!(there(Collection::Networks));
                        }
                    }
                    let mut nothing = body.clone();
                    nothing[emptied] = json!([]);
                    held.ask(Method::Put, &items, Some(nothing));
                    held.ask(Method::Put, &items, Some(body.clone()));
                    let same = held.ask(Method::Put, &items, Some(body.clone()));
                    assert_eq!(same.status, 409);
                }
                held.ask(Method::Put, &items, Some(json!({})));
                let filter = format!("{list}?filter[control_plane_id][eq]={control_plane}");
                let listed = held.ask(Method::Get, &filter, None);
                assert_ne!(listed.body["data"], json!([]));
                let id = listed.body["data"][0]["id"].as_str().unwrap().to_owned();
                held.ask(Method::Get, &format!("{items}/{id}"), None);
            }
            (Shape::Numbered, update) => {
                for (index, mut body) in bodies.into_iter().enumerate() {
                    body["name"] = json!(format!("plane {index}"));
                    let created = held.has(Method::Post, &items, body.clone());
                    item = format!("{items}/{}", created["id"].as_str().unwrap());
                    if let Update::Patch { without } = update {
                        let members = body.as_object_mut().unwrap();
                        members.retain(|field, _| !without.contains(&field.as_str()));
                        held.has(Method::Patch, &item, body);
                    }
                }
                held.ask(Method::Get, &item, None);
                held.ask(Method::Delete, &item, None);
                held.ask(Method::Get, &item, None);
                held.ask(Method::Post, &items, Some(json!({"name": "home"})));
                held.ask(
                    Method::Post,
                    &items,
                    Some(json!({"name": "new", "labels": {"a": "-"}})),
                );
                held.ask(
                    Method::Post,
                    &items,
                    Some(json!({"name": "new", "unknown": 1})),
                );
                held.ask(Method::Post, &items, Some(json!({})));
            }
        }
        for query in ["", "?size=1", "?page[size]=1"] {
            held.ask(Method::Get, &format!("{list}{query}"), None);
        }
    }
    held.ask(Method::Get, "/v3/users/me", None);
    for path in [&plane, &group] {
        let members = json!({"members": [{"id": id(9)}]});
        held.ask(
            Method::Put,
            &format!("{path}/group-memberships"),
            Some(members),
        );
    }
    held.client.konnect.forbid(crate::client::TOKEN, "");
    held.ask(Method::Get, "/v2/control-planes", None);
    held.ask(
        Method::Post,
        "/v2/control-planes",
        Some(json!({"name": "new"})),
    );
    held.client.konnect.revoke_token(crate::client::TOKEN);
    held.ask(Method::Get, "/v2/control-planes", None);
    held.ask(Method::Get, "/v3/organizations/me", None);
    held.ask(
        Method::Get,
        &format!("{plane}/core-entities/services"),
        None,
    );

    let seen = |method, collection, status| {
        let key = (method, Some(collection), status);
        assert!(held.seen.contains(&key), "{key:?}");
    };
    let written = |at: &Collection| at.shape() == Shape::Core && at.members().is_none();
    for at in Collection::all().filter(written) {
        for (method, status) in [
            (Method::Put, 200),
            (Method::Put, 400),
            (Method::Post, 201),
            (Method::Get, 200),
            (Method::Get, 404),
            (Method::Delete, 204),
        ] {
            seen(method, at, status);
        }
    }
    for status in [201, 400, 409] {
        seen(Method::Post, Collection::ControlPlanes, status);
    }
    for status in [200, 401, 403, 404] {
        seen(Method::Get, Collection::ControlPlanes, status);
    }
}

#[test]
fn answers_at_paths_that_we_do_not_ask_are_those_of_the_openapi_document() {
    let mut held = Held {
        client: Client::new(),
        contract: Contract::of_the_vendor(),
        seen: BTreeSet::new(),
    };
    let core = format!("{}/core-entities", held.client.control_plane("cp"));
    held.has(
        Method::Put,
        &format!("{core}/certificates/{}", id(1)),
        json!({"cert": "c", "key": "k"}),
    );
    held.has(
        Method::Put,
        &format!("{core}/consumers/{}", id(2)),
        json!({"username": "ann"}),
    );
    held.has(
        Method::Put,
        &format!("{core}/consumer_groups/{}", id(3)),
        json!({"name": "gold"}),
    );

    let snis = format!("{core}/snis");
    let sni = json!({"name": "a.test", "certificate": {"id": id(1)}, "tags": ["t"]});
    held.has(Method::Put, &format!("{snis}/{}", id(4)), sni.clone());
    held.has(
        Method::Post,
        &snis,
        json!({"name": "b.test", "certificate": {"id": id(1)}}),
    );
    held.ask(Method::Post, &snis, Some(sni));
    held.ask(Method::Get, &format!("{snis}?tags=t&size=1"), None);
    held.ask(Method::Get, &format!("{snis}/{}", id(4)), None);
    held.ask(Method::Delete, &format!("{snis}/{}", id(4)), None);

    let groups = format!("{core}/consumers/{}/consumer_groups", id(2));
    let members = format!("{core}/consumer_groups/{}/consumers", id(3));
    for _ in 0..2 {
        held.has(Method::Post, &groups, json!({"group": id(3)}));
        held.ask(Method::Post, &groups, Some(json!({"group": id(3)})));
        held.ask(Method::Get, &format!("{groups}?size=1"), None);
        held.ask(Method::Delete, &format!("{groups}/{}", id(3)), None);
        held.has(Method::Post, &groups, json!({"group": "gold"}));
        held.ask(Method::Delete, &groups, None);
        held.has(Method::Post, &members, json!({"consumer": "ann"}));
        held.ask(Method::Delete, &members, None);
    }
}
