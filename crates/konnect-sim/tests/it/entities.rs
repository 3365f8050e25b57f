use kong_model::{Collection, RemoteId, Site};
use konnect_sim::Millis;
use serde_json::{Value, json};

use crate::client::{Client, id};

#[test]
fn a_put_creates_under_the_id_of_the_caller_and_then_replaces() {
    let mut client = Client::new();
    let path = format!(
        "{}/core-entities/services/{}",
        client.control_plane("cp"),
        id(1)
    );
    client.has(&path, json!({"name": "s", "host": "h", "path": "/x"}));
    client.now = Millis(client.now.0 + 60_000);
    let answer = client.has(&path, json!({"name": "s", "host": "other"}));
    assert_eq!(answer["id"], id(1));
    assert_eq!(answer["path"], Value::Null);
    assert_eq!(
        (&answer["created_at"], &answer["updated_at"]),
        (&json!(1_700_000_000), &json!(1_700_000_060))
    );
    assert_eq!(client.get(&path).body, answer);
}

#[test]
fn a_post_creates_under_an_id_of_the_server_that_follows_from_the_seed() {
    let create = || {
        let mut client = Client::new();
        let path = format!("{}/core-entities/services", client.control_plane("cp"));
        let first = client.post(&path, json!({"host": "h"}));
        let second = client.post(&path, json!({"host": "h"}));
        assert_eq!((first.status, second.status), (201, 201));
        assert_ne!(first.body["id"], second.body["id"]);
        first.body
    };
    assert_eq!(create(), create());
    assert_eq!(create()["id"].as_str().unwrap().len(), 36);
}

#[test]
fn answers_have_the_defaults_of_the_server() {
    let mut client = Client::new();
    let cp = client.control_plane("cp");
    for (path, body, field, default) in [
        ("services", json!({"host": "h"}), "port", json!(80)),
        (
            "services",
            json!({"host": "h", "port": null}),
            "port",
            json!(80),
        ),
        ("services", json!({"host": "h"}), "enabled", json!(true)),
        ("services", json!({"host": "h"}), "name", Value::Null),
        (
            "routes",
            json!({"paths": ["/"]}),
            "protocols",
            json!(["https"]),
        ),
        ("routes", json!({"paths": ["/"]}), "strip_path", json!(true)),
        (
            "plugins",
            json!({"name": "cors"}),
            "protocols",
            json!(["grpc", "grpcs", "http", "https"]),
        ),
        ("upstreams", json!({"name": "u"}), "slots", json!(10000)),
    ] {
        let path = format!("{cp}/core-entities/{path}/{}", id(1));
        assert_eq!(client.has(&path, body)[field], default, "{path} {field}");
    }
    let path = format!("{cp}/core-entities/upstreams/{}", id(2));
    let body = json!({"name": "v", "healthchecks": {"active": {"http_path": "/ok", "healthy": {"interval": 5}}}});
    let checks = client.has(&path, body)["healthchecks"].take();
    assert_eq!(checks["active"]["http_path"], "/ok");
    assert_eq!(
        checks["active"]["healthy"],
        json!({"http_statuses": [200, 302], "interval": 5, "successes": 0})
    );
    assert_eq!(
        checks["passive"]["unhealthy"]["http_statuses"],
        json!([429, 500, 503])
    );
    assert_eq!(checks["threshold"], 0);
}

#[test]
fn shorthands_are_spelled_out_and_not_answered() {
    let mut client = Client::new();
    let cp = client.control_plane("cp");
    let path = format!("{cp}/core-entities/services/{}", id(1));
    let answer = client.has(&path, json!({"url": "https://a.test:8443/x"}));
    assert_eq!(answer["url"], Value::Null);
    for (field, value) in [
        ("protocol", json!("https")),
        ("host", json!("a.test")),
        ("port", json!(8443)),
        ("path", json!("/x")),
    ] {
        assert_eq!(answer[field], value);
    }
    client.has(
        &format!("{cp}/core-entities/upstreams/{}", id(2)),
        json!({"name": "u"}),
    );
    for (number, sent, held) in [
        (3, "10.0.0.1", "10.0.0.1:8000"),
        (4, "a.test:80", "a.test:80"),
        (5, "[::1]", "[::1]:8000"),
    ] {
        let path = format!(
            "{cp}/core-entities/upstreams/{}/targets/{}",
            id(2),
            id(number)
        );
        let answer = client.has(&path, json!({ "target": sent }));
        assert_eq!(
            (&answer["target"], &answer["upstream"]["id"]),
            (&json!(held), &json!(id(2)))
        );
    }
}

#[test]
fn a_body_that_is_not_acceptable_is_refused_field_by_field() {
    let mut client = Client::new();
    let path = format!(
        "{}/core-entities/services/{}",
        client.control_plane("cp"),
        id(1)
    );
    let answer = client.put(&path, json!({"host": "", "port": 70000, "colour": "red"}));
    assert_eq!(answer.status, 400);
    assert_eq!(
        (&answer.body["code"], &answer.body["message"]),
        (&json!(3), &json!("validation error"))
    );
    let details = answer.body["details"].as_array().unwrap();
    let fields: Vec<_> = details
        .iter()
        .map(|detail| detail["field"].as_str().unwrap())
        .collect();
    assert_eq!(fields, ["colour", "host", "port"]);
    assert_eq!(
        details[1],
        json!({
            "@type": "type.googleapis.com/kong.admin.model.v1.ErrorDetail", "type": "ERROR_TYPE_FIELD",
            "field": "host", "messages": ["length must be >= 1, but got 0"],
        })
    );
    for body in [
        Value::Null,
        json!([]),
        json!("host"),
        json!({}),
        json!({"host": null}),
        json!({"host": "h", "id": id(2)}),
    ] {
        assert_eq!(client.put(&path, body.clone()).status, 400, "{body}");
    }
    assert_eq!(client.get(&path).status, 404);
}

#[test]
fn an_id_that_is_no_uuid_is_refused() {
    let mut client = Client::new();
    let cp = client.control_plane("cp");
    for id in [
        "shop",
        "00000000000040008000000000000001",
        "00000000-0000-4000-8000-00000000000g",
    ] {
        let answer = client.put(
            &format!("{cp}/core-entities/services/{id}"),
            json!({"host": "h"}),
        );
        assert_eq!(
            (answer.status, &answer.body["details"][0]["field"]),
            (400, &json!("id")),
            "{id}"
        );
    }
}

#[test]
fn what_is_not_there_is_not_found_and_its_deletion_succeeds() {
    let mut client = Client::new();
    let cp = client.control_plane("cp");
    let missing = format!("/v2/control-planes/{}", id(9));
    for (path, code) in [
        (format!("{cp}/core-entities/services/{}", id(1)), json!(5)),
        (format!("{missing}/core-entities/services"), json!(5)),
        (
            format!("{cp}/core-entities/upstreams/{}/targets", id(1)),
            json!(5),
        ),
        (missing.clone(), Value::Null),
        ("/v2/nothing".to_owned(), Value::Null),
    ] {
        let answer = client.get(&path);
        assert_eq!(
            (answer.status, &answer.body["code"]),
            (404, &code),
            "{path}"
        );
    }
    assert_eq!(
        client
            .delete(&format!("{cp}/core-entities/services/{}", id(1)))
            .status,
        204
    );
    assert_eq!(
        client
            .delete(&format!("{missing}/core-entities/services/{}", id(1)))
            .status,
        404
    );
    assert_eq!(client.delete(&missing).status, 404);
    let service = json!({"host": "h"});
    assert_eq!(
        client
            .put(
                &format!("{missing}/core-entities/services/{}", id(1)),
                service
            )
            .status,
        404
    );
}

#[test]
fn a_method_that_a_path_does_not_have_is_refused() {
    let mut client = Client::new();
    let cp = client.control_plane("cp");
    assert_eq!(client.put(&cp, json!({"name": "cp"})).status, 405);
    assert_eq!(
        client
            .patch(&format!("{cp}/core-entities/services/{}", id(1)), json!({}))
            .status,
        405
    );
    assert_eq!(
        client
            .post(
                &format!("{cp}/core-entities/targets"),
                json!({"target": "a"})
            )
            .status,
        405
    );
    assert_eq!(
        client
            .delete(&format!("{cp}/core-entities/services"))
            .status,
        405
    );
    assert_eq!(client.delete("/v3/organizations/me").status, 405);
}

#[test]
fn an_entity_is_found_by_its_name_too() {
    let mut client = Client::new();
    let cp = client.control_plane("cp");
    let held = client.has(
        &format!("{cp}/core-entities/services/{}", id(1)),
        json!({"name": "shop", "host": "h"}),
    );
    assert_eq!(
        client
            .get(&format!("{cp}/core-entities/services/shop"))
            .body,
        held
    );
    assert_eq!(
        client
            .get(&format!("{cp}/core-entities/services/other"))
            .status,
        404
    );
    assert_eq!(client.get("/v2/control-planes/cp").status, 404);
}

#[test]
fn a_control_plane_is_created_changed_and_deleted_with_all_it_has() {
    let mut client = Client::new();
    let labels = json!({"team": "a"});
    let path = client
        .control_plane_of(json!({"name": "cp", "labels": labels, "auth_type": "pki_client_certs"}));
    let created = client.get(&path).body;
    assert_eq!(
        created["config"]["cluster_type"],
        "CLUSTER_TYPE_CONTROL_PLANE"
    );
    assert_eq!(created["config"]["auth_type"], "pki_client_certs");
    assert!(
        created["config"]["control_plane_endpoint"]
            .as_str()
            .unwrap()
            .starts_with("https://")
    );
    assert_eq!(created["created_at"], "2023-11-14T22:13:20.000Z");

    client.now = Millis(client.now.0 + 1);
    let patched = client.patch(
        &path,
        json!({"description": "d", "labels": {}, "auth_type": "pinned_client_certs"}),
    );
    assert_eq!(patched.status, 200);
    let mut expected = created;
    expected["description"] = json!("d");
    expected["labels"] = json!({});
    expected["config"]["auth_type"] = json!("pinned_client_certs");
    expected["updated_at"] = json!("2023-11-14T22:13:20.001Z");
    assert_eq!(patched.body, expected);
    for body in [
        json!({"cluster_type": "CLUSTER_TYPE_CONTROL_PLANE"}),
        json!({"name": null}),
        json!({"name": "n"}),
        json!({"x": 1}),
    ] {
        assert_eq!(client.patch(&path, body.clone()).status, 400, "{body}");
    }

    client.has(
        &format!("{path}/core-entities/services/{}", id(1)),
        json!({"host": "h"}),
    );
    assert_eq!(
        client.konnect.entities(Collection::Services, None).count(),
        1
    );
    assert_eq!(client.delete(&path).status, 204);
    assert_eq!(client.get(&path).status, 404);
    assert_eq!(
        client.konnect.entities(Collection::Services, None).count(),
        0
    );
    let again = client.control_plane("cp");
    assert_ne!(
        again, path,
        "a name that became free can be used again, under a new id"
    );
}

#[test]
fn a_group_has_members_and_no_entities_of_its_own() {
    let mut client = Client::new();
    let (a, b) = (client.control_plane("a2"), client.control_plane("b2"));
    let group = client.control_plane_of(
        json!({"name": "group", "cluster_type": "CLUSTER_TYPE_CONTROL_PLANE_GROUP"}),
    );
    let member = |path: &str| json!({"id": path.rsplit('/').next().unwrap()});
    let list = format!("{group}/group-memberships");
    let names = |client: &mut Client| {
        let body = client.get(&list).body;
        assert_eq!(body["meta"]["page"]["next"], Value::Null);
        let mut names: Vec<_> = body["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|cp| cp["name"].as_str().unwrap().to_owned())
            .collect();
        names.sort();
        names
    };
    assert_eq!(
        client
            .put(&list, json!({"members": [member(&a), member(&b)]}))
            .status,
        204
    );
    assert_eq!(names(&mut client), ["a2", "b2"]);
    assert_eq!(
        client
            .post(&format!("{list}/remove"), json!({"members": [member(&a)]}))
            .status,
        204
    );
    assert_eq!(names(&mut client), ["b2"]);
    assert_eq!(
        client
            .post(&format!("{list}/add"), json!({"members": [member(&a)]}))
            .status,
        204
    );
    assert_eq!(client.delete(&b).status, 204);
    assert_eq!(names(&mut client), ["a2"]);
    for members in [
        json!({"members": [member(&b)]}),
        json!({"members": [member(&group)]}),
        json!({}),
        json!({"members": [{}]}),
    ] {
        assert_eq!(client.put(&list, members.clone()).status, 400, "{members}");
    }
    assert_eq!(
        client
            .put(&format!("{a}/group-memberships"), json!({"members": []}))
            .status,
        400
    );
    let services = format!("{group}/core-entities/services");
    assert_eq!(
        client
            .put(&format!("{services}/{}", id(1)), json!({"host": "h"}))
            .status,
        400
    );
    assert_eq!(client.get(&services).body, json!({"data": []}));
    assert_eq!(client.delete(&group).status, 204);
    assert_eq!(client.get(&a).status, 200);
}

#[test]
fn a_password_is_answered_as_a_hash_that_differs_from_one_consumer_to_another() {
    let mut client = Client::new();
    let core = format!("{}/core-entities", client.control_plane("cp"));
    let mut answered = |consumer: u32| {
        let path = format!("{core}/consumers/{}", id(consumer));
        client.has(&path, json!({"username": format!("u{consumer}")}));
        let login = json!({"username": format!("login{consumer}"), "password": "canary"});
        let path = format!("{path}/basic-auth/{}", id(consumer + 10));
        let password = client.has(&path, login.clone())["password"].take();
        assert_eq!(client.has(&path, login)["password"], password);
        password
    };
    let (one, other) = (answered(1), answered(2));
    assert_ne!(one, other);
    assert!(!format!("{one} {other}").contains("canary"));
}

#[test]
fn what_is_planted_is_there_as_it_is_and_constrains_what_follows() {
    let mut client = Client::new();
    let plane = json!({"id": id(1), "name": "theirs", "labels": {"team": "a"}, "unknown": true});
    let planes = Site::of_organisation(Collection::ControlPlanes);
    let konnect = &mut client.konnect;
    assert!(konnect.plant("kpat_any", "us", &planes, plane.clone()));
    let services = Site::of_control_plane(Collection::Services, RemoteId::from(id(1)));
    let service = json!({"id": id(2), "name": "shop"});
    assert!(konnect.plant("kpat_any", "us", &services, service.clone()));
    let elsewhere = Site::of_control_plane(Collection::Services, RemoteId::from(id(9)));
    assert!(!konnect.plant("kpat_any", "us", &elsewhere, service.clone()));
    assert!(!konnect.plant("kpat_bad", "us", &services, service.clone()));
    assert!(!konnect.plant("kpat_any", "us", &services, json!({"name": "no id"})));
    assert!(konnect.log().is_empty());
    let path = format!("/v2/control-planes/{}", id(1));
    assert_eq!(client.get(&path).body, plane);
    let path = format!("{path}/core-entities/services");
    assert_eq!(client.get(&format!("{path}/{}", id(2))).body, service);
    let twice = json!({"name": "shop", "host": "h"});
    assert_eq!(client.put(&format!("{path}/{}", id(3)), twice).status, 400);
}
