use std::time::{Duration, Instant};

use konnect_sim::Konnect;
use konnect_sim_http::Settings;
use serde_json::json;

use crate::client::{Answer, Asks, Http, id, start, start_for};

/// Where a body that is too long begins, with room for what stands around it.
const TOO_LONG: usize = 10 * 1024 * 1024;

fn content(answer: &Answer) -> (u16, &str) {
    (answer.status, answer.header("content-type"))
}

const JSON: &str = "application/json; charset=utf-8";
const PROBLEM: &str = "application/problem+json";

#[tokio::test]
async fn a_conversation_is_the_same_over_both_versions_of_http() {
    for (http, version) in [
        (Http::One, reqwest::Version::HTTP_11),
        (Http::Two, reqwest::Version::HTTP_2),
    ] {
        let server = start(Settings::default()).await;
        let asks = Asks::of(&server, http);
        let me = asks.get("/v3/organizations/me").await;
        assert_eq!((content(&me), me.version), ((200, JSON), version));
        assert_eq!(me.json()["name"], "default");

        let services = format!("{}/core-entities/services", asks.control_plane("cp").await);
        let item = format!("{services}/{}", id(1));
        let body = json!({"name": "shop", "host": "h", "tags": ["a b", "c"]});
        let put = asks.put(&item, &body).await;
        assert_eq!(
            (content(&put), &put.json()["port"]),
            ((200, JSON), &json!(80))
        );
        asks.put(&format!("{services}/{}", id(2)), &json!({"host": "h"}))
            .await;
        let tagged = asks
            .get(&format!("{services}?tags=a%20b%2Cc&size=1000"))
            .await
            .json();
        assert_eq!(tagged["data"].as_array().map(Vec::len), Some(1), "{tagged}");
        let planes = asks
            .get("/v2/control-planes?filter%5Bname%5D%5Beq%5D=cp&page[size]=1")
            .await;
        assert_eq!(planes.json()["meta"]["page"]["total"], 1);
        let patched = asks
            .ask(
                "PATCH",
                services.trim_end_matches("/core-entities/services"),
                "{\"name\":\"other\"}",
            )
            .await;
        assert_eq!(
            (patched.status, &patched.json()["name"]),
            (200, &json!("other"))
        );

        let gone = asks.ask("DELETE", &item, "").await;
        assert_eq!((content(&gone), gone.text.as_str()), ((204, ""), ""));
        assert_eq!(content(&asks.get(&item).await), (404, JSON));
        server.stop().await;
    }
}

#[tokio::test]
async fn every_answer_has_a_trace_which_problems_repeat() {
    let server = start(Settings::default()).await;
    let asks = Asks::of(&server, Http::One);
    let fine = asks.get("/v3/organizations/me").await;
    let problem = asks.get(&format!("/v2/control-planes/{}", id(1))).await;
    assert_eq!(content(&problem), (404, PROBLEM));
    let trace = problem.header("x-kong-request-id");
    assert_eq!(problem.json()["instance"], format!("kong:trace:{trace}"));
    assert_eq!(trace.len(), 32);
    assert_ne!(fine.header("x-kong-request-id"), trace);
}

#[tokio::test]
async fn who_has_no_good_token_is_told_so_in_the_words_of_the_path() {
    let server = start(Settings::default()).await;
    let asks = Asks::of(&server, Http::One);
    let services = format!("{}/core-entities/services", asks.control_plane("cp").await);
    for token in [None, Some("kpat_bad_1")] {
        let asks = asks.token(token);
        let answer = asks.get(&services).await;
        assert_eq!(content(&answer), (401, JSON));
        assert_eq!(
            answer.json(),
            json!({"message": "Unauthorized", "status": 401})
        );
        assert_eq!(
            content(&asks.get("/v3/organizations/me").await),
            (401, PROBLEM)
        );
    }
    server
        .simulator()
        .with(|konnect| konnect.revoke_token("kpat_old"));
    assert_eq!(
        asks.token(Some("kpat_old")).get(&services).await.status,
        401
    );
    assert_eq!(
        asks.token(Some("spat_new")).get(&services).await.status,
        200
    );
}

#[tokio::test]
async fn only_tokens_that_were_given_are_good_if_any_were() {
    let server = start_for("kpat_mine").await;
    let asks = Asks::of(&server, Http::One);
    for (token, status) in [
        (Some("kpat_mine"), 200),
        (Some("kpat_other"), 401),
        (None, 401),
    ] {
        let answer = asks.token(token).get("/v3/organizations/me").await;
        assert_eq!(answer.status, status, "{token:?}");
    }
}

#[tokio::test]
async fn what_cannot_be_understood_is_refused_as_konnect_would() {
    let server = start(Settings::default()).await;
    let asks = Asks::of(&server, Http::One);
    let cp = asks.control_plane("cp").await;
    let services = format!("{cp}/core-entities/services");

    let core = asks.ask("POST", &services, "{\"host\": ").await;
    assert_eq!(
        (content(&core), &core.json()["code"]),
        ((400, JSON), &json!(3))
    );
    assert!(
        core.json()["message"]
            .as_str()
            .unwrap()
            .starts_with("invalid JSON: "),
        "{}",
        core.text
    );
    let problem = asks.ask("POST", "/v2/control-planes", "name: cp").await;
    assert_eq!(content(&problem), (400, PROBLEM));
    assert_eq!(problem.json()["invalid_parameters"], json!([]));
    let empty = asks.ask("POST", &services, "").await;
    assert_eq!(empty.status, 400, "{}", empty.text);
    assert_eq!(
        asks.ask("DELETE", &services, "{").await.status,
        405,
        "a DELETE has no body"
    );

    for (path, expected) in [
        ("/v2/nowhere", PROBLEM),
        ("/", PROBLEM),
        ("/simulation", PROBLEM),
    ] {
        assert_eq!(content(&asks.get(path).await), (404, expected), "{path}");
    }
    for (method, path, expected) in [
        ("PATCH", &services, JSON),
        ("PUT", &cp, PROBLEM),
        ("OPTIONS", &cp, "application/json"),
    ] {
        assert_eq!(
            content(&asks.ask(method, path, "{}").await),
            (405, expected),
            "{method} {path}"
        );
    }
    let head = asks.ask("HEAD", &cp, "").await;
    assert_eq!((content(&head), head.text.as_str()), ((200, JSON), ""));
}

#[tokio::test]
async fn a_body_that_is_too_long_is_not_kept() {
    let server = start(Settings::default()).await;
    let asks = Asks::of(&server, Http::One);
    let services = format!("{}/core-entities/services", asks.control_plane("cp").await);
    let long = json!({"host": "h", "path": "/".repeat(TOO_LONG)}).to_string();
    let answer = asks.ask("POST", &services, long).await;
    assert_eq!(answer.status, 413);
    assert_eq!(
        answer.json(),
        json!({"message": "Request size limit exceeded"})
    );
    let last = server.simulator().log().pop().unwrap();
    assert_eq!((last.method.as_str(), last.status), ("POST", 413));
    assert_eq!(asks.get(&services).await.json(), json!({"data": []}));
}

#[tokio::test]
async fn a_host_names_its_region() {
    let server = start(Settings::default()).await;
    let home = Asks::of(&server, Http::One);
    let cp = home.control_plane("cp").await;
    for (host, status) in [
        ("us.api.konghq.com", 200),
        ("eu.api.konghq.com", 404),
        ("konnect.test", 200),
    ] {
        assert_eq!(home.host(host).get(&cp).await.status, status, "{host}");
    }
    let eu = home.host("eu.api.konghq.com:443");
    let there = eu.control_plane("cp").await;
    assert_eq!(home.get(&there).await.status, 404);
    let me = "/v3/organizations/me";
    assert_eq!(
        home.host("global.api.konghq.com").get(me).await.json(),
        home.get(me).await.json()
    );
    let regions: Vec<String> = server
        .simulator()
        .log()
        .into_iter()
        .map(|record| record.region)
        .collect();
    assert_eq!(
        regions,
        ["us", "us", "eu", "us", "eu", "us", "global", "us"]
    );
}

#[tokio::test]
async fn a_limit_is_told_before_and_after_it_is_reached() {
    let mut konnect = Konnect::new(1);
    // Nothing comes back while the test runs, however slow the machine is.
    konnect.limit(0, 3, 7);
    let settings = Settings {
        konnect,
        ..Settings::default()
    };
    let server = start(settings).await;
    let asks = Asks::of(&server, Http::One);
    for (status, remaining, retry_after) in [
        (200, "2", ""),
        (200, "1", ""),
        (200, "0", ""),
        (429, "0", "7"),
    ] {
        let answer = asks.get("/v3/organizations/me").await;
        assert_eq!(answer.status, status);
        for name in ["x-ratelimit-remaining-second", "ratelimit-remaining"] {
            assert_eq!(answer.header(name), remaining);
        }
        assert_eq!(answer.header("x-ratelimit-limit-second"), "0");
        assert_eq!(answer.header("retry-after"), retry_after);
    }
    server.simulator().with(Konnect::unlimit);
    let answer = asks.get("/v3/organizations/me").await;
    assert_eq!((answer.status, answer.header("ratelimit-limit")), (200, ""));
}

#[tokio::test]
async fn latency_holds_every_answer_back_and_none_for_another() {
    const LATENCY: Duration = Duration::from_millis(300);
    let settings = Settings {
        latency: LATENCY,
        ..Settings::default()
    };
    let server = start(settings).await;
    let asks = Asks::of(&server, Http::Two);
    let began = Instant::now();
    let tasks: Vec<_> = (0..20)
        .map(|_| {
            let asks = asks.clone();
            tokio::spawn(async move { asks.get("/v3/organizations/me").await.status })
        })
        .collect();
    for task in tasks {
        assert_eq!(task.await.unwrap(), 200);
    }
    let took = began.elapsed();
    assert!(took >= LATENCY, "{took:?}");
    assert!(took < LATENCY * 20, "one after the other: {took:?}");
    server.simulator().set_latency(Duration::ZERO);
    assert_eq!(asks.get("/v3/organizations/me").await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_clients_at_once_leave_nothing_out() {
    const CLIENTS: usize = 20;
    const EACH: usize = 25;
    let server = start(Settings::default()).await;
    let asks = Asks::of(&server, Http::One);
    let services = format!("{}/core-entities/services", asks.control_plane("cp").await);
    let tasks: Vec<_> = (0..CLIENTS)
        .map(|client| {
            let http = if client % 2 == 0 {
                Http::One
            } else {
                Http::Two
            };
            let (asks, services) = (Asks::of(&server, http), services.clone());
            tokio::spawn(async move {
                for number in 0..EACH {
                    let path = format!("{services}/{}", id(client * EACH + number));
                    let body = json!({"name": format!("s{client}-{number}"), "host": "h"});
                    assert_eq!(asks.put(&path, &body).await.status, 200);
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let all = asks.get(&format!("{services}?size=1000")).await.json();
    assert_eq!(all["data"].as_array().map(Vec::len), Some(CLIENTS * EACH));
    let log = server.simulator().log();
    let puts = log.iter().filter(|record| record.method == "PUT");
    assert_eq!(puts.count(), CLIENTS * EACH);
    assert!(
        log.iter()
            .zip(1..)
            .all(|(record, number)| record.number == number)
    );
}
