use std::net::TcpListener;
use std::time::Duration;

use konnect_sim_http::{Server, Settings, StartError};
use serde_json::json;

use crate::client::{Asks, Http, start};

#[tokio::test]
async fn a_server_that_is_down_refuses_connections_and_comes_back_with_what_it_had() {
    for http in [Http::One, Http::Two] {
        let mut server = start(Settings::default()).await;
        let address = server.address();
        let asks = Asks::of(&server, http);
        let cp = asks.control_plane("cp").await;
        asks.post(
            "/sim/faults",
            &json!({"match": {"path": "/v3/*"}, "delay_ms": 600_000}),
        )
        .await;
        let waiting = {
            let asks = asks.clone();
            tokio::spawn(async move { asks.try_ask("GET", "/v3/organizations/me", "").await })
        };
        while server.simulator().log().len() < 2 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        server.go_down().await;
        assert!(
            waiting.await.unwrap().is_err(),
            "{http:?}: a request in flight is cut"
        );
        let error = asks.try_ask("GET", &cp, "").await.unwrap_err();
        assert!(error.is_connect(), "{http:?}: {error:?}");

        server.come_back().await.unwrap();
        server.come_back().await.unwrap();
        assert_eq!(server.address(), address);
        assert_eq!(asks.get(&cp).await.status, 200);
    }
}

#[tokio::test]
async fn a_stop_lets_requests_in_flight_end_and_refuses_others() {
    for http in [Http::One, Http::Two] {
        let server = start(Settings::default()).await;
        let asks = Asks::of(&server, http);
        asks.post("/sim/faults", &json!({"delay_ms": 500})).await;
        let slow = {
            let asks = asks.clone();
            tokio::spawn(async move { asks.get("/v3/organizations/me").await.status })
        };
        while server.simulator().log().is_empty() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let simulator = server.simulator().clone();
        server.stop().await;
        assert_eq!(slow.await.unwrap(), 200, "{http:?}");
        assert!(
            asks.try_ask("GET", "/v3/organizations/me", "")
                .await
                .is_err()
        );
        assert_eq!(
            simulator.log().len(),
            1,
            "the simulator is still there to be looked at"
        );
    }
}

#[tokio::test]
async fn a_server_that_is_dropped_serves_no_more() {
    let server = start(Settings::default()).await;
    let (asks, address) = (Asks::of(&server, Http::One), server.address());
    asks.get("/v3/organizations/me").await;
    drop(server);
    let mut tries = 0;
    while TcpListener::bind(address).is_err() {
        tries += 1;
        assert!(tries < 1000, "the port stays taken");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(
        asks.try_ask("GET", "/v3/organizations/me", "")
            .await
            .is_err()
    );
}

#[tokio::test]
async fn an_address_that_is_taken_is_named() {
    let first = start(Settings::default()).await;
    let settings = Settings {
        listen: first.address(),
        ..Settings::default()
    };
    let StartError::Listen { address, source } = Server::start(settings).await.unwrap_err();
    assert_eq!(address, first.address());
    assert_eq!(source.kind(), std::io::ErrorKind::AddrInUse);
}
