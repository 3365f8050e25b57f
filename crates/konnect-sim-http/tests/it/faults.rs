use std::time::{Duration, Instant};

use kong_model::Response;
use konnect_sim::{Effect, Fault, NO_ANSWER};
use konnect_sim_http::Settings;
use serde_json::{Value, json};

use crate::client::{Asks, Http, id, start};

#[tokio::test]
async fn a_fault_answers_as_often_as_it_says_and_is_in_the_log() {
    let server = start(Settings::default()).await;
    let asks = Asks::of(&server, Http::One);
    let services = format!("{}/core-entities/services", asks.control_plane("cp").await);
    let order =
        json!({"match": {"method": "PUT", "path": "*/services/*"}, "status": 500, "times": 2});
    let ordered = asks.post("/sim/faults", &order).await;
    assert_eq!(ordered.status, 201, "{}", ordered.text);
    let item = format!("{services}/{}", id(1));
    let body = json!({"host": "h"});
    for (status, code) in [(500, json!(13)), (500, json!(13)), (200, Value::Null)] {
        let answer = asks.put(&item, &body).await;
        assert_eq!((answer.status, &answer.json()["code"]), (status, &code));
        assert_eq!(
            asks.get(&services).await.status,
            200,
            "a GET is met by nothing"
        );
    }
    let log = server.simulator().log();
    let struck = log.iter().filter(|record| record.fault.is_some());
    assert_eq!(
        struck.map(|record| record.status).collect::<Vec<_>>(),
        [500, 500]
    );
    assert_eq!(
        asks.get("/sim/faults").await.json(),
        json!([]),
        "it is used up"
    );
}

#[tokio::test]
async fn an_answer_may_be_anything() {
    let server = start(Settings::default()).await;
    let asks = Asks::of(&server, Http::One);
    let order = json!({"status": 429, "retry_after": 11, "body": {"made": "up"}, "times": 1});
    assert_eq!(asks.post("/sim/faults", &order).await.status, 201);
    let answer = asks.get("/v3/organizations/me").await;
    assert_eq!((answer.status, answer.header("retry-after")), (429, "11"));
    assert_eq!(answer.json(), json!({"made": "up"}));
}

#[tokio::test]
async fn a_connection_that_is_cut_has_no_answer_whether_or_not_the_request_was_done() {
    for http in [Http::One, Http::Two] {
        let server = start(Settings::default()).await;
        let asks = Asks::of(&server, http);
        let services = format!("{}/core-entities/services", asks.control_plane("cp").await);
        let post = async || {
            let body = json!({"host": "h"}).to_string();
            asks.try_ask("POST", &services, body).await
        };
        for (when, there) in [("before", 0), ("after", 1)] {
            let order = json!({"match": {"method": "post"}, "cut": true, "when": when, "times": 1});
            assert_eq!(asks.post("/sim/faults", &order).await.status, 201);
            let error = post().await.unwrap_err();
            assert!(error.is_request(), "{http:?}: {error:?}");
            let data = asks.get(&services).await.json()["data"]
                .as_array()
                .map(Vec::len);
            assert_eq!(data, Some(there), "{http:?} {when}");
        }
        assert_eq!(post().await.unwrap().status, 201);
        let log = server.simulator().log();
        assert_eq!(
            log.iter()
                .filter(|record| record.status == NO_ANSWER)
                .count(),
            2
        );
    }
}

#[tokio::test]
async fn a_cut_ends_one_request_and_not_those_beside_it() {
    let server = start(Settings::default()).await;
    let asks = Asks::of(&server, Http::Two);
    let cp = asks.control_plane("cp").await;
    // Both are on one connection: the slow one is under way when the other is cut.
    for order in [
        json!({"match": {"path": &cp}, "delay_ms": 300}),
        json!({"match": {"path": "/v3/organizations/me"}, "cut": true}),
    ] {
        assert_eq!(asks.post("/sim/faults", &order).await.status, 201);
    }
    let slow = {
        let (asks, cp) = (asks.clone(), cp.clone());
        tokio::spawn(async move { asks.get(&cp).await.status })
    };
    let arrived = async || {
        while !server
            .simulator()
            .log()
            .iter()
            .any(|record| record.path == cp)
        {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    arrived().await;
    assert!(
        asks.try_ask("GET", "/v3/organizations/me", "")
            .await
            .is_err()
    );
    assert_eq!(slow.await.unwrap(), 200);
}

#[tokio::test]
async fn a_delay_holds_back_the_answer_and_not_the_work() {
    let server = start(Settings::default()).await;
    let asks = Asks::of(&server, Http::One);
    let services = format!("{}/core-entities/services", asks.control_plane("cp").await);
    let order = json!({"match": {"method": "POST"}, "delay_ms": 600_000, "times": 1});
    assert_eq!(asks.post("/sim/faults", &order).await.status, 201);
    let impatient = asks
        .request("POST", &services)
        .timeout(Duration::from_millis(200))
        .body("{\"host\": \"h\"}");
    assert!(impatient.send().await.unwrap_err().is_timeout());
    let data = asks.get(&services).await.json()["data"]
        .as_array()
        .map(Vec::len);
    assert_eq!(data, Some(1), "it is done all the same");
    let order = json!({"delay_ms": 150, "times": 1});
    assert_eq!(asks.post("/sim/faults", &order).await.status, 201);
    let began = Instant::now();
    assert_eq!(asks.get(&services).await.status, 200);
    assert!(began.elapsed() >= Duration::from_millis(150));
}

#[tokio::test]
async fn faults_are_listed_and_removed_one_by_one_or_all_at_once() {
    let server = start(Settings::default()).await;
    let asks = Asks::of(&server, Http::One);
    let order =
        |status: u16| json!({"match": {"path": "/v3/*"}, "status": status, "seconds": 3600});
    let first = asks.post("/sim/faults", &order(500)).await.json()["id"].clone();
    asks.post("/sim/faults", &order(502)).await;
    asks.post("/sim/faults", &order(503)).await;
    let statuses = async || -> Vec<Value> {
        let listed = asks.get("/sim/faults").await.json();
        listed
            .as_array()
            .unwrap()
            .iter()
            .map(|fault| fault["status"].clone())
            .collect()
    };
    assert_eq!(statuses().await, [500, 502, 503]);
    assert_eq!(asks.get("/v3/organizations/me").await.status, 500);
    let path = format!("/sim/faults/{first}");
    assert_eq!(asks.ask("DELETE", &path, "").await.status, 204);
    let again = asks.ask("DELETE", &path, "").await;
    assert_eq!(
        (again.status, again.json()["message"].is_string()),
        (404, true)
    );
    assert_eq!(asks.get("/v3/organizations/me").await.status, 502);
    assert_eq!(asks.ask("DELETE", "/sim/faults", "").await.status, 204);
    assert_eq!(statuses().await, [0; 0]);
    assert_eq!(asks.get("/v3/organizations/me").await.status, 200);
}

#[tokio::test]
async fn a_fault_that_cannot_be_understood_is_refused_and_not_in_force() {
    let server = start(Settings::default()).await;
    let asks = Asks::of(&server, Http::One);
    for order in [
        "",
        "[]",
        "{\"status\": 5}",
        "{\"match\": {\"verb\": \"GET\"}, \"cut\": true}",
    ] {
        let answer = asks.ask("POST", "/sim/faults", order).await;
        assert_eq!(answer.status, 400, "{order}");
        assert!(answer.json()["message"].is_string(), "{order}");
    }
    assert_eq!(asks.get("/sim/faults").await.json(), json!([]));
}

#[tokio::test]
async fn a_fault_may_be_put_in_force_without_http() {
    let server = start(Settings::default()).await;
    let asks = Asks::of(&server, Http::One);
    let fault = Fault {
        effect: Effect::Cut,
        ..Fault::new(None, "/organizations/", Response::new(500, Value::Null)).times(1)
    };
    server.simulator().with(|konnect| konnect.script(fault));
    assert_eq!(
        asks.get("/sim/faults").await.json()[0]["match"]["path"],
        "*/organizations/*"
    );
    assert!(
        asks.try_ask("GET", "/v3/organizations/me", "")
            .await
            .is_err()
    );
    assert_eq!(asks.get("/v3/organizations/me").await.status, 200);
}
