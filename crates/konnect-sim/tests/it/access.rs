use kong_model::{Collection, Method, Response};
use konnect_sim::{Fault, Konnect, Millis};
use serde_json::{Value, json};

use crate::client::{Client, TOKEN, id, request};

#[test]
fn a_token_that_is_not_accepted_is_told_so_in_the_words_of_the_path() {
    let mut client = Client::new();
    let cp = client.control_plane("cp");
    client.konnect.revoke_token("kpat_revoked");
    for token in ["kpat_bad", "kpat_bad_one", "kpat_revoked", ""] {
        for (path, member, text) in [
            (
                format!("{cp}/core-entities/services"),
                "message",
                "Unauthorized",
            ),
            (cp.clone(), "detail", "Invalid credentials"),
            (
                "/v3/organizations/me".to_owned(),
                "detail",
                "Invalid credentials",
            ),
        ] {
            let answer =
                client
                    .konnect
                    .handle(client.now, token, &request(Method::Get, &path, None));
            assert_eq!(
                (answer.status, &answer.body["status"]),
                (401, &json!(401)),
                "{token} {path}"
            );
            assert_eq!(answer.body[member], text);
        }
    }
}

#[test]
fn organisations_do_not_see_each_other() {
    let mut client = Client::new();
    client
        .konnect
        .register_token("kpat_bad_but_registered", "other");
    let mine = client.control_plane("same");
    let mut other = |method, path: &str, body| {
        client.konnect.handle(
            client.now,
            "kpat_bad_but_registered",
            &request(method, path, body),
        )
    };
    assert_eq!(other(Method::Get, &mine, None).status, 404);
    assert_eq!(
        other(Method::Get, &format!("{mine}/core-entities/services"), None).status,
        404
    );
    assert_eq!(
        other(
            Method::Post,
            "/v2/control-planes",
            Some(json!({"name": "same"}))
        )
        .status,
        201
    );
    let theirs = other(Method::Get, "/v3/organizations/me", None).body;
    assert_eq!(theirs["name"], "other");
    let ours = client.get("/v3/organizations/me").body;
    assert_ne!(ours["id"], theirs["id"]);
    assert_eq!(ours["id"].as_str(), client.konnect.organisation_id(TOKEN));
    assert_eq!(client.get("/v3/users/me").body["id"], ours["owner_id"]);
    assert_eq!(
        client
            .konnect
            .entities(Collection::ControlPlanes, None)
            .count(),
        2
    );
}

#[test]
fn a_token_may_be_forbidden_some_paths() {
    let mut client = Client::new();
    let cp = client.control_plane("cp");
    client.konnect.forbid(TOKEN, "/core-entities/routes");
    assert_eq!(
        client.get(&format!("{cp}/core-entities/routes")).status,
        403
    );
    assert_eq!(
        client.get(&format!("{cp}/core-entities/services")).status,
        200
    );
    let other = request(Method::Get, &format!("{cp}/core-entities/routes"), None);
    assert_eq!(
        client
            .konnect
            .handle(client.now, "kpat_other", &other)
            .status,
        200
    );
    client.konnect.permit(TOKEN);
    assert_eq!(
        client.get(&format!("{cp}/core-entities/routes")).status,
        200
    );
}

#[test]
fn requests_beyond_the_limit_wait_for_the_bucket_to_fill() {
    let mut client = Client::new();
    client.konnect.register_token("kpat_elsewhere", "elsewhere");
    client.konnect.limit(2, 3, 7);
    let allowed = |client: &mut Client| {
        (0..10)
            .filter(|_| client.get("/v3/organizations/me").status == 200)
            .count()
    };
    assert_eq!(allowed(&mut client), 3);
    let answer = client.get("/v2/control-planes");
    assert_eq!((answer.status, answer.retry_after), (429, Some(7)));
    let elsewhere = request(Method::Get, "/v2/control-planes", None);
    assert_eq!(
        client
            .konnect
            .handle(client.now, "kpat_elsewhere", &elsewhere)
            .status,
        200
    );
    for (wait, count) in [(499, 0), (1, 1), (1000, 2), (100_000, 3)] {
        client.now = Millis(client.now.0 + wait);
        assert_eq!(allowed(&mut client), count, "after {wait} ms");
    }
    client.konnect.unlimit();
    assert_eq!(allowed(&mut client), 10);
}

#[test]
fn a_fault_answers_in_konnects_place_as_often_as_it_says() {
    let mut client = Client::new();
    let path = format!("{}/core-entities/services", client.control_plane("cp"));
    let broken = Response::new(
        500,
        json!({"code": 13, "message": "internal error", "details": []}),
    );
    let fault = Fault::new(
        Some(Method::Put),
        "/core-entities/services/",
        broken.clone(),
    );
    client.konnect.script(fault.clone().times(2));
    let put = |client: &mut Client| client.put(&format!("{path}/{}", id(1)), json!({"host": "h"}));
    assert_eq!(put(&mut client), broken);
    assert_eq!(client.get(&path).body, json!({"data": []}));
    assert_eq!(
        (put(&mut client).status, put(&mut client).status),
        (500, 200)
    );

    let lasting = client.konnect.script(fault);
    assert_eq!(
        (put(&mut client).status, put(&mut client).status),
        (500, 500)
    );
    client.konnect.unscript(lasting);
    assert_eq!(put(&mut client).status, 200);

    client.konnect.fail_next(broken);
    assert_eq!(
        (client.get(&path).status, client.get(&path).status),
        (500, 200)
    );
}

#[test]
fn a_fault_afterwards_leaves_the_request_done() {
    let mut client = Client::new();
    let path = format!("{}/core-entities/services", client.control_plane("cp"));
    let lost = Fault::new(None, "/services$", Response::new(504, Value::Null))
        .times(1)
        .after();
    client.konnect.script(lost);
    assert_eq!(client.post(&path, json!({"host": "h"})).status, 504);
    assert_eq!(
        client.konnect.entities(Collection::Services, None).count(),
        1
    );
}

#[test]
fn the_log_tells_every_request_and_who_made_it() {
    let mut client = Client::new();
    let cp = client.control_plane("cp");
    client.konnect.clear_log();
    client.get(&format!("{cp}/core-entities/services?size=5&tags=a"));
    client.now = Millis(5);
    let body = json!({"host": "h"});
    let path = format!("{cp}/core-entities/services/{}", id(1));
    client.konnect.limit(1, 0, 1);
    let foreign = request(Method::Put, &path, Some(body.clone()));
    assert_eq!(client.konnect.third_party(client.now, &foreign).status, 200);
    let [first, second] = client.konnect.log() else {
        panic!("{:?}", client.konnect.log());
    };
    assert_eq!(
        &*first.path,
        format!("{cp}/core-entities/services?size=5&tags=a")
    );
    assert_eq!(
        (first.status, first.foreign, first.is_write()),
        (200, false, false)
    );
    assert_eq!(
        (second.at, second.method, second.foreign),
        (Millis(5), Method::Put, true)
    );
    assert_eq!(second.body.as_deref(), Some(&body));
}

#[test]
fn a_third_party_acts_where_the_control_plane_is() {
    let mut konnect = Konnect::new(1);
    konnect.register_token("kpat_other", "other");
    let create = request(
        Method::Post,
        "/v2/control-planes",
        Some(json!({"name": "cp"})),
    );
    let created = konnect.handle(Millis(0), "kpat_other", &create);
    let path = format!(
        "/v2/control-planes/{}",
        created.body["id"].as_str().unwrap()
    );
    let delete = request(Method::Delete, &path, None);
    assert_eq!(konnect.third_party(Millis(0), &delete).status, 204);
    assert_eq!(konnect.entities(Collection::ControlPlanes, None).count(), 0);
}

#[test]
fn a_copy_is_a_snapshot() {
    let mut client = Client::new();
    let list = format!("{}/core-entities/services", client.control_plane("cp"));
    client.has(
        &format!("{list}/{}", id(1)),
        json!({"name": "n", "host": "h"}),
    );
    let before = client.konnect.clone();
    let again = |client: &mut Client| client.post(&list, json!({"host": "h"})).body;
    let (first, log) = (again(&mut client), client.konnect.log().len());
    client.delete(&format!("{list}/{}", id(1)));
    client.konnect = before;
    assert_eq!(client.get(&format!("{list}/{}", id(1))).status, 200);
    assert_eq!(
        again(&mut client),
        first,
        "the same history gives the same ids"
    );
    assert_eq!(client.konnect.log().len(), log + 1);
}
