//! Where tokens go, and where they do not.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use axum::http::HeaderValue;
use kong_model::entity::Service;
use kong_model::{Call, Failure, Sealed, ServerUrl};
use konnect_sdk::{Client, Error, Execute as _, Identity as _, Lookup};
use serde_json::json;

use crate::server::{Server, TOKEN, answer, list, listen, server_url, token};

/// Says that every host is at this address, and counts.
struct Everywhere(IpAddr, AtomicUsize);

#[async_trait]
impl Lookup for Everywhere {
    async fn lookup(&self, _: &str) -> io::Result<Vec<IpAddr>> {
        self.1.fetch_add(1, Ordering::Relaxed);
        // A public address first: one bad one is enough.
        Ok(vec![Ipv4Addr::new(52, 20, 1, 1).into(), self.0])
    }
}

/// A port of this machine, and what knocks on it.
struct Door {
    address: SocketAddr,
    listener: std::net::TcpListener,
}

impl Door {
    fn new() -> Self {
        let (listener, address) = listen();
        Self { address, listener }
    }

    fn assert_nobody_came(&self) {
        let knocked = self.listener.accept().unwrap_err();
        assert_eq!(knocked.kind(), io::ErrorKind::WouldBlock);
    }
}

async fn refused(client: &Client, server: &str, call: &Call) -> String {
    let server = ServerUrl::parse(server).unwrap();
    match client.execute(&server, &token(), call).await {
        Err(Failure::Untrusted(text)) => text,
        other => panic!("{server}: {other:?}"),
    }
}

#[tokio::test]
async fn a_host_that_nobody_allowed_is_not_even_looked_up() {
    let lookup = Arc::new(Everywhere(Ipv4Addr::LOCALHOST.into(), AtomicUsize::new(0)));
    let client = Client::builder()
        .lookup(Arc::<Everywhere>::clone(&lookup))
        .build()
        .unwrap();
    for (server, call) in [("us.evil.test", list()), ("eu.localhost", Call::WhoAmI)] {
        let text = refused(&client, server, &call).await;
        assert!(
            text.contains("is not below one of the allowed domains"),
            "{text}"
        );
    }
    assert_eq!(lookup.1.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn a_host_whose_name_leads_home_gets_no_token() {
    let door = Door::new();
    for address in [
        "127.0.0.1",
        "169.254.169.254",
        "10.0.0.1",
        "::1",
        "fe80::1",
        "::ffff:127.0.0.1",
    ] {
        let lookup = Arc::new(Everywhere(address.parse().unwrap(), AtomicUsize::new(0)));
        let client = Client::builder()
            .lookup(Arc::<Everywhere>::clone(&lookup))
            .allow_host_suffix("corp.test");
        let client = client.build().unwrap();
        let port = door.address.port();
        for server in [
            format!("us.api.konghq.com:{port}"),
            format!("us.corp.test:{port}"),
        ] {
            let text = refused(&client, &server, &list()).await;
            assert!(
                text.ends_with("leads to an address that is not on the public internet"),
                "{text}"
            );
        }
        assert_eq!(lookup.1.load(Ordering::Relaxed), 2);
    }
    door.assert_nobody_came();
}

#[tokio::test]
async fn an_endpoint_gets_everything_and_nobody_else_anything() {
    let server = Server::answering(200, &json!({"id": "o", "data": []}));
    let client = server.client();
    for region in ["us.api.konghq.com", "eu.evil.test", "us.api.localhost"] {
        let region = ServerUrl::parse(region).unwrap();
        for call in [Call::WhoAmI, list()] {
            assert!(client.execute(&region, &token(), &call).await.is_ok());
        }
    }
    let log = server.log();
    assert_eq!(log.len(), 6);
    assert!(
        log.iter()
            .all(|asked| asked.header("authorization").is_some())
    );
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let elsewhere = Server::answering(200, &json!({"id": "o", "data": []}));
    let to = elsewhere.url();
    for status in [301, 302, 303, 307, 308] {
        for location in [to.to_string(), "/v2/other".to_owned(), "//".to_owned()] {
            let server = Server::new(move |_| {
                let mut redirect = answer(status, "{}");
                let location = HeaderValue::from_str(&location).unwrap();
                redirect.headers_mut().insert("location", location);
                redirect
            });
            for call in [Call::WhoAmI, list()] {
                let text = refused(&server.client(), "us.api.konghq.com", &call).await;
                assert!(text.contains("redirects to"), "{text}");
            }
            assert_eq!(server.log().len(), 2);
        }
    }
    assert_eq!(elsewhere.log().len(), 0);
}

#[tokio::test]
async fn a_token_that_is_no_header_is_not_sent() {
    let server = Server::answering(200, &json!({"id": "o"}));
    for text in ["kpat_canary\n", "kpat_canary\r\nx: y", "kpat_\u{0}canary"] {
        let token = Sealed::new(text);
        let refused = server
            .client()
            .execute(&server_url(), &token, &Call::WhoAmI)
            .await;
        let Err(failure @ Failure::Untrusted(_)) = refused else {
            panic!("{refused:?}");
        };
        assert!(!failure.to_string().contains("canary"), "{failure}");
    }
    assert_eq!(server.log().len(), 0);
}

#[tokio::test]
async fn an_id_that_leads_to_another_path_is_not_sent() {
    let server = Server::answering(200, &json!({"id": "s", "host": "h"}));
    let konnect = server.konnect();
    let plane = konnect.within(&"cp".into());
    for id in ["", "..", "../routes/r", "s?x=1", "s#x", "s/x", "%2e%2e"] {
        let got = plane.get::<Service>(&id.into()).await;
        assert!(matches!(got, Err(Error::Invalid { .. })), "{id}");
    }
    assert_eq!(server.log().len(), 0);
    assert!(konnect.organisation().await.is_ok());
    assert_eq!(
        server.log()[0].header("authorization"),
        Some(&*format!("Bearer {TOKEN}"))
    );
}
