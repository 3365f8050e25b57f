use konnect_sim::Millis;
use konnect_sim_http::{Bodies, Record, Settings};
use serde_json::{Value, json};

use crate::client::{Answer, Asks, Http, id, start, start_for};

fn lines(answer: &Answer) -> Vec<Value> {
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer
        .text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[tokio::test]
async fn the_log_has_a_line_for_each_request_to_konnect_and_none_for_others() {
    let server = start(Settings::default()).await;
    let asks = Asks::of(&server, Http::One);
    asks.get("/sim/state").await;
    asks.get("/v3/organizations/me?sise=1").await;
    asks.token(None)
        .get("/v2/control-planes?page%5Bsize%5D=5")
        .await;
    asks.ask("OPTIONS", "/v2", "").await;
    let answer = asks.get("/sim/log").await;
    assert_eq!(answer.header("content-type"), "application/jsonl");
    let mut log = lines(&answer);
    for line in &mut log {
        let time = line.as_object_mut().unwrap().remove("time").unwrap();
        assert!(time.as_str().unwrap().ends_with('Z'), "{time}");
    }
    assert_eq!(
        log,
        [
            json!({"number": 1, "method": "GET", "path": "/v3/organizations/me?sise=1", "status": 200, "region": "us"}),
            json!({"number": 2, "method": "GET", "path": "/v2/control-planes?page%5Bsize%5D=5", "status": 401, "region": "us"}),
            json!({"number": 3, "method": "OPTIONS", "path": "/v2", "status": 405, "region": "us"}),
        ]
    );
    assert!(!answer.text.contains("kpat_"), "{}", answer.text);
    let later = lines(&asks.get("/sim/log?since=2").await);
    assert_eq!(later.len(), 1);
    assert_eq!(lines(&asks.get("/sim/log?since=3").await), [0; 0]);
    assert_eq!(asks.get("/sim/log?since=yesterday").await.status, 400);
}

#[tokio::test]
async fn whoever_follows_the_log_sees_what_comes_and_then_an_end() {
    let server = start(Settings::default()).await;
    let asks = Asks::of(&server, Http::One);
    asks.get("/v3/organizations/me").await;
    let mut log = asks.request("GET", "/sim/log?follow").send().await.unwrap();
    let mut next = async || -> Option<Value> {
        let line = log.chunk().await.unwrap()?;
        Some(serde_json::from_slice(&line).unwrap())
    };
    assert_eq!(next().await.unwrap()["path"], "/v3/organizations/me");
    asks.get("/v2/control-planes").await;
    assert_eq!(next().await.unwrap()["path"], "/v2/control-planes");
    server.stop().await;
    assert_eq!(next().await, None);
}

#[tokio::test]
async fn the_state_is_what_deck_reads_one_document_a_control_plane() {
    let server = start(Settings::default()).await;
    let asks = Asks::of(&server, Http::One);
    let empty = asks.get("/sim/state").await;
    assert_eq!((empty.status, empty.text.as_str()), (200, ""));
    let core = format!("{}/core-entities", asks.control_plane("shop").await);
    asks.control_plane("empty").await;
    let body = json!({"cert": "c", "key": "hidden", "tags": ["on"]});
    assert_eq!(
        asks.put(&format!("{core}/certificates/{}", id(1)), &body)
            .await
            .status,
        200
    );
    let state = asks.get("/sim/state").await;
    assert_eq!(state.header("content-type"), "application/yaml");
    let documents: Vec<Value> = state
        .text
        .split("---\n")
        .map(|document| serde_yaml::from_str(document).unwrap())
        .collect();
    assert_eq!(
        Value::from(documents),
        server.simulator().with(|konnect| konnect.dump())
    );
    assert!(
        state.text.contains("control_plane_name: shop"),
        "{}",
        state.text
    );
    assert!(!state.text.contains("hidden"), "{}", state.text);
}

#[tokio::test]
async fn a_reset_begins_anew_but_keeps_who_may_ask_and_counts_on() {
    let server = start_for("kpat_mine").await;
    let asks = Asks::of(&server, Http::One).token(Some("kpat_mine"));
    let before = asks.control_plane("cp").await;
    asks.post("/sim/faults", &json!({"cut": true})).await;
    assert_eq!(asks.ask("POST", "/sim/reset", "").await.status, 204);
    assert_eq!(asks.get("/sim/state").await.text, "");
    assert_eq!(asks.get("/sim/log").await.text, "");
    assert_eq!(asks.get("/sim/faults").await.json(), json!([]));
    assert_ne!(asks.control_plane("cp").await, before);
    assert_eq!(lines(&asks.get("/sim/log?since=1").await)[0]["number"], 2);
    assert_eq!(asks.token(None).get("/v2/control-planes").await.status, 401);
}

#[tokio::test]
async fn what_is_not_there_below_sim_is_not_taken_for_konnect() {
    let server = start(Settings::default()).await;
    let asks = Asks::of(&server, Http::One).token(None);
    let help = asks.get("/sim").await;
    assert_eq!(help.status, 200);
    assert!(help.text.contains("/sim/log"), "{}", help.text);
    for (method, path, status) in [
        ("GET", "/sim/", 404),
        ("GET", "/sim/logs", 404),
        ("PUT", "/sim/faults", 405),
        ("GET", "/sim/reset", 405),
    ] {
        assert_eq!(
            asks.ask(method, path, "").await.status,
            status,
            "{method} {path}"
        );
    }
    assert_eq!(server.simulator().log(), []);
}

#[tokio::test]
async fn an_owner_sees_bodies_if_they_are_kept_and_records_always() {
    for (bodies, kept) in [
        (Bodies::Kept, Some(json!({"name": "cp"}))),
        (Bodies::Forgotten, None),
    ] {
        let settings = Settings {
            bodies,
            ..Settings::default()
        };
        let server = start(settings).await;
        let path = Asks::of(&server, Http::One).control_plane("cp").await;
        let body = server.simulator().with(|konnect| {
            let first = konnect.log().first()?;
            first.body.as_deref().cloned()
        });
        assert_eq!(body, kept);
        let log = server.simulator().log();
        let expected = Record {
            number: 1,
            at: log[0].at,
            region: "us".to_owned(),
            method: "POST".to_owned(),
            path: "/v2/control-planes".to_owned(),
            status: 201,
            fault: None,
        };
        assert_eq!(log, [expected]);
        assert!(
            log[0].at > Millis(1_700_000_000_000),
            "the clock is that of the machine"
        );
        assert!(path.starts_with("/v2/control-planes/"));
    }
}
