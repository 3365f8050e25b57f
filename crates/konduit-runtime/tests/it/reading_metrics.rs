//! Metrics for those whom the API server permits, over TLS. In real time: sockets do not know of a paused
//! clock.

use std::{net::TcpListener, path::PathBuf};

use axum::http::{Request, header};
use http_body_util::BodyExt as _;
use konduit_runtime::{
    Leadership, Readers,
    rbac::{self, Reach},
};
use kube::{Client, Config, client::Body};

use crate::world::{Running, World, run};

/// An operator that guards its metrics, and where they are.
fn guarded(world: &World, certificate: Option<PathBuf>) -> (Running, String) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let operator = world
        .operator("konduit")
        .leadership(Leadership::Never)
        .measurements(listener, Readers::Permitted { certificate });
    (run(operator), format!("https://127.0.0.1:{port}"))
}

/// Asks as somebody does who trusts these authorities, or everybody if there are none.
async fn get(url: &str, authorities: Option<Vec<u8>>, authorization: &str) -> (u16, String) {
    let mut config = Config::new(url.parse().unwrap());
    config.accept_invalid_certs = authorities.is_none();
    config.root_cert = authorities.map(|der| vec![der]);
    config.default_retry = false;
    let client = Client::try_from(config).unwrap();
    let request = Request::get("/metrics")
        .header(header::AUTHORIZATION, authorization)
        .body(Body::empty())
        .unwrap();
    let answer = client.send(request).await.unwrap();
    let status = answer.status().as_u16();
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

#[tokio::test]
async fn metrics_are_for_whom_the_api_server_permits_and_nobody_else() {
    let world = World::new();
    let (operator, url) = guarded(&world, None);
    for (authorization, expected, words) in [
        ("", 401, "a bearer token"),
        ("Basic dXNlcjpwYXNz", 401, "a bearer token"),
        ("Bearer token-of-nobody", 401, "a bearer token"),
        (
            "Bearer token-of-somebody",
            403,
            "\"somebody\" may not get /metrics",
        ),
        ("Bearer token-of-prometheus", 200, "konduit_leader"),
        ("Bearer token-of-prometheus", 200, "konduit_leader"),
    ] {
        let (status, text) = get(&url, None, authorization).await;
        assert_eq!(status, expected, "{authorization}: {text}");
        assert!(text.contains(words), "{authorization}: {text}");
    }
    operator.stop().await;

    let asked = world.api.asked();
    let rules = rbac::review_rules();
    for rule in &rules {
        assert_eq!(rule.reach, Reach::Cluster);
        let used = asked.iter().any(|asked| {
            (asked.group.as_str(), &asked.resource) == (rule.group, &rule.resource)
                && rule.verbs == [asked.verb]
        });
        assert!(used, "{rule:?}");
    }
    let reviews = asked.iter().filter(|asked| asked.group.contains("auth"));
    assert_eq!(reviews.count(), rules.len());
}

#[tokio::test]
async fn an_api_server_that_is_down_lets_nobody_in() {
    let world = World::new();
    let (operator, url) = guarded(&world, None);
    world.api.set_down(true);
    let (status, text) = get(&url, None, "Bearer token-of-prometheus").await;
    assert_eq!(status, 503, "{text}");
    world.api.set_down(false);
    let (status, text) = get(&url, None, "Bearer token-of-prometheus").await;
    assert_eq!(status, 200, "{text}");
    operator.stop().await;
}

#[tokio::test]
async fn the_certificate_of_metrics_may_come_from_files() {
    let folder = tempfile::tempdir().unwrap();
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    std::fs::write(folder.path().join("tls.crt"), made.cert.pem()).unwrap();
    let key = made.signing_key.serialize_pem();
    std::fs::write(folder.path().join("tls.key"), key).unwrap();
    let world = World::new();
    let (operator, url) = guarded(&world, Some(folder.path().to_owned()));
    let authority = made.cert.der().to_vec();
    let (status, text) = get(&url, Some(authority), "Bearer token-of-prometheus").await;
    assert_eq!(status, 200, "{text}");
    operator.stop().await;
}
