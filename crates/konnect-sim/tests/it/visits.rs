use kong_model::{Method, Response};
use konnect_sim::{
    Allowance, Effect, Fault, HOME, Konnect, Millis, Moment, NO_ANSWER, Served, Visit,
};
use serde_json::{Value, json};

use crate::client::{Client, TOKEN, id, request};

/// What becomes of a request to a region.
fn visit(
    client: &mut Client,
    region: &str,
    method: Method,
    path: &str,
    body: Option<Value>,
) -> Served {
    let request = request(method, path, body);
    client.konnect.visit(&Visit {
        now: client.now,
        region,
        token: TOKEN,
        request: &request,
        unreadable: None,
    })
}

fn fault(path: &str, effect: Effect) -> Fault {
    Fault {
        effect,
        ..Fault::new(None, path, Response::new(500, Value::Null))
    }
}

#[test]
fn what_is_in_one_region_is_not_in_another() {
    let mut client = Client::new();
    let cp = client.control_plane("same");
    let mut elsewhere = |method, path: &str, body| {
        visit(&mut client, "eu", method, path, body)
            .response
            .unwrap()
    };
    assert_eq!(elsewhere(Method::Get, &cp, None).status, 404);
    let created = elsewhere(
        Method::Post,
        "/v2/control-planes",
        Some(json!({"name": "same"})),
    );
    assert_eq!(created.status, 201, "a name is taken in one region only");
    assert_eq!(
        elsewhere(Method::Get, "/v3/organizations/me", None),
        client.get("/v3/organizations/me"),
        "an organisation is the same everywhere"
    );
    let endpoint = created.body["config"]["control_plane_endpoint"]
        .as_str()
        .unwrap();
    assert!(endpoint.ends_with(".eu.cp0.konghq.com"), "{endpoint}");

    let theirs = format!(
        "/v2/control-planes/{}",
        created.body["id"].as_str().unwrap()
    );
    assert_eq!(client.get(&theirs).status, 404);
    assert_eq!(client.konnect.dump().as_array().map(Vec::len), Some(2));
    let foreign = request(Method::Delete, &theirs, None);
    assert_eq!(
        client.konnect.third_party(client.now, &foreign).status,
        204,
        "a third party acts where the control plane is"
    );
    assert_eq!(
        visit(&mut client, "eu", Method::Get, &theirs, None)
            .response
            .unwrap()
            .status,
        404
    );
    assert_eq!(
        visit(&mut client, HOME, Method::Get, &cp, None)
            .response
            .unwrap()
            .status,
        200
    );
}

#[test]
fn strangers_are_refused_once_only_registered_tokens_are_good() {
    let mut client = Client::new();
    client.konnect.close_to_strangers();
    assert_eq!(client.get("/v3/organizations/me").status, 401);
    client.konnect.register_token(TOKEN, "default");
    assert_eq!(client.get("/v3/organizations/me").status, 200);
}

#[test]
fn what_may_still_be_asked_is_told_with_every_answer() {
    let mut client = Client::new();
    let allowance = |client: &mut Client| {
        visit(client, HOME, Method::Get, "/v2/control-planes", None).allowance
    };
    assert_eq!(allowance(&mut client), None, "there is no limit");
    client.konnect.limit(2, 5, 1);
    let left = |remaining, reset| {
        Some(Allowance {
            limit: 2,
            remaining,
            reset,
        })
    };
    for (remaining, reset) in [(4, 1), (3, 1), (2, 2), (1, 2), (0, 3), (0, 3)] {
        assert_eq!(allowance(&mut client), left(remaining, reset));
    }
    client.now = Millis(client.now.0 + 1500);
    assert_eq!(allowance(&mut client), left(2, 2));
    assert_eq!(client.konnect.allowance(client.now, "kpat_bad"), None);
}

#[test]
fn a_cut_leaves_no_answer_and_says_by_its_moment_whether_the_request_was_done() {
    let mut client = Client::new();
    let list = format!("{}/core-entities/services", client.control_plane("cp"));
    let cut = |moment| Fault {
        moment,
        times: Some(1),
        ..fault("/services$", Effect::Cut)
    };
    for (moment, there) in [(Moment::Before, 0), (Moment::After, 1)] {
        let id = client.konnect.script(cut(moment));
        let served = visit(
            &mut client,
            HOME,
            Method::Post,
            &list,
            Some(json!({"host": "h"})),
        );
        assert_eq!((served.response, served.fault), (None, Some(id)));
        assert_eq!(client.konnect.log().last().unwrap().status, NO_ANSWER);
        let data = client.get(&list).body["data"].as_array().map(Vec::len);
        assert_eq!(data, Some(there), "{moment:?}");
    }
    client.konnect.script(cut(Moment::Before));
    assert_eq!(client.post(&list, json!({"host": "h"})).status, NO_ANSWER);
}

#[test]
fn a_status_is_told_in_the_words_of_the_path() {
    let mut client = Client::new();
    let cp = client.control_plane("cp");
    let services = format!("{cp}/core-entities/services");
    for (status, core, problem) in [
        (
            500,
            json!({"code": 13, "message": "Internal Server Error", "details": []}),
            "Internal Server Error",
        ),
        (
            503,
            json!({"code": 14, "message": "Service Unavailable", "details": []}),
            "Service Unavailable",
        ),
        (
            401,
            json!({"message": "Unauthorized", "status": 401}),
            "Unauthorized",
        ),
        (
            429,
            json!({"message": "API rate limit exceeded"}),
            "Too Many Requests",
        ),
        (
            418,
            json!({"code": 2, "message": "Error", "details": []}),
            "Error",
        ),
    ] {
        client.konnect.clear_faults();
        let effect = Effect::Status {
            status,
            retry_after: Some(9),
        };
        client.konnect.script(fault("", effect));
        let answer = client.get(&services);
        assert_eq!(
            (answer.status, answer.retry_after, answer.body),
            (status, Some(9), core)
        );
        let served = visit(&mut client, HOME, Method::Get, &cp, None);
        let answer = served.response.unwrap();
        assert_eq!(
            (answer.status, &answer.body["title"]),
            (status, &json!(problem))
        );
        assert_eq!(
            answer.body["instance"],
            format!("kong:trace:{}", served.trace)
        );
    }
}

#[test]
fn a_fault_lapses_and_is_listed_as_long_as_it_is_in_force() {
    let mut client = Client::new();
    let lapses = Fault {
        until: Some(Millis(client.now.0 + 100)),
        ..fault(
            "",
            Effect::Status {
                status: 503,
                retry_after: None,
            },
        )
    };
    let slow = Fault {
        delay: 250,
        times: Some(2),
        ..fault("", Effect::Nothing)
    };
    let ids = [client.konnect.script(lapses), client.konnect.script(slow)];
    let active = |client: &Client| -> Vec<_> {
        let faults = client.konnect.faults(client.now);
        faults.map(|(id, fault)| (id, fault.times)).collect()
    };
    let ask = |client: &mut Client| {
        let served = visit(client, HOME, Method::Get, "/v3/organizations/me", None);
        (served.response.unwrap().status, served.delay)
    };
    assert_eq!(active(&client), [(ids[0], None), (ids[1], Some(2))]);
    assert_eq!(ask(&mut client), (503, 0));
    client.now = Millis(client.now.0 + 100);
    assert_eq!(active(&client), [(ids[1], Some(2))]);
    assert_eq!(ask(&mut client), (200, 250));
    assert_eq!(active(&client), [(ids[1], Some(1))]);
    assert_eq!((ask(&mut client), ask(&mut client)), ((200, 250), (200, 0)));
    assert_eq!(active(&client), []);
}

#[test]
fn a_body_that_is_no_json_is_refused_where_there_is_something_to_write() {
    let mut client = Client::new();
    let cp = client.control_plane("cp");
    let mut unreadable = |token, path: &str| {
        let request = request(Method::Post, path, None);
        let served = client.konnect.visit(&Visit {
            now: client.now,
            region: HOME,
            token,
            request: &request,
            unreadable: Some("expected value at line 1 column 1"),
        });
        served.response.unwrap()
    };
    let core = unreadable(TOKEN, &format!("{cp}/core-entities/services"));
    let message = "invalid JSON: expected value at line 1 column 1";
    assert_eq!(core.status, 400);
    assert_eq!(
        core.body,
        json!({"code": 3, "message": message, "details": []})
    );
    let problem = unreadable(TOKEN, "/v2/control-planes");
    assert_eq!(
        (problem.status, &problem.body["invalid_parameters"]),
        (400, &json!([]))
    );
    assert_eq!(
        problem.body["detail"],
        "Invalid JSON: expected value at line 1 column 1"
    );
    assert_eq!(unreadable(TOKEN, "/v2/nowhere").status, 404);
    assert_eq!(unreadable("", &cp).status, 401);
}

#[test]
fn every_request_has_a_trace_of_its_own() {
    let mut konnect = Konnect::new(1);
    let request = request(Method::Get, &format!("/v2/control-planes/{}", id(1)), None);
    let mut traces = Vec::new();
    for _ in 0..3 {
        let served = konnect.visit(&Visit {
            now: Millis(0),
            region: HOME,
            token: TOKEN,
            request: &request,
            unreadable: None,
        });
        assert_eq!(
            served.response.unwrap().body["instance"],
            format!("kong:trace:{}", served.trace)
        );
        traces.push(served.trace);
    }
    traces.dedup();
    assert_eq!(traces.len(), 3);
    assert!(traces.iter().all(|trace| trace.len() == 32), "{traces:?}");
}

#[test]
fn a_reset_forgets_what_was_asked_and_keeps_who_may_ask() {
    let mut client = Client::new();
    client.konnect.close_to_strangers();
    client.konnect.register_token(TOKEN, "default");
    let before = client.control_plane("cp");
    let nothing = Effect::Nothing;
    client.konnect.script(fault("", nothing));
    client.konnect.limit(1, 1, 1);
    assert_eq!(client.get(&before).status, 200);
    assert_eq!(client.get(&before).status, 429);

    client.konnect.reset();
    assert_eq!(client.konnect.dump(), json!([]));
    assert_eq!(client.konnect.log(), []);
    assert_eq!(client.konnect.faults(client.now).count(), 0);
    let after = client.control_plane("cp");
    assert_ne!(before, after, "no id is given twice");
    assert_eq!(client.get(&after).status, 429, "the limit is still there");
}
