use std::fs;

use konnect_sim_http::{Server, Settings, Tls};

use crate::client::{Asks, Http, builder, start};

async fn secure(tls: Tls) -> Server {
    let settings = Settings {
        tls: Some(tls),
        ..Settings::default()
    };
    start(settings).await
}

#[tokio::test]
async fn who_trusts_the_authority_in_the_folder_reaches_every_name() {
    let folder = tempfile::tempdir().unwrap();
    let names = ["us.api.konghq.com".to_owned(), "*.example.test".to_owned()];
    let server = secure(Tls::kept_in(folder.path(), &names).unwrap()).await;
    let authority = fs::read_to_string(folder.path().join("ca.crt")).unwrap();
    let port = server.address().port();
    for (http, version) in [
        (Http::One, reqwest::Version::HTTP_11),
        (Http::Two, reqwest::Version::HTTP_2),
    ] {
        for name in [
            "127.0.0.1",
            "localhost",
            "us.api.konghq.com",
            "eu.example.test",
        ] {
            let client = builder(Some(&authority), http)
                .resolve(name, server.address())
                .build()
                .unwrap();
            let asks = Asks::with(client, format!("https://{name}:{port}"));
            let answer = asks.get("/v3/organizations/me").await;
            assert_eq!((answer.status, answer.version), (200, version), "{name}");
        }
    }
    let regions = server
        .simulator()
        .log()
        .into_iter()
        .map(|record| record.region);
    assert_eq!(
        regions.collect::<Vec<_>>(),
        ["us", "us", "us", "eu"].repeat(2)
    );
}

#[tokio::test]
async fn nobody_else_is_deceived() {
    let server = secure(Tls::throw_away(&[]).unwrap()).await;
    let address = server.address();
    let asks = Asks::of(&server, Http::Two);
    assert_eq!(asks.get("/v3/organizations/me").await.status, 200);

    let other = Tls::throw_away(&[]).unwrap();
    let stranger = builder(Some(other.authority()), Http::Two).build().unwrap();
    let stranger = Asks::with(stranger, server.url());
    assert!(
        stranger
            .try_ask("GET", "/", "")
            .await
            .unwrap_err()
            .is_connect()
    );

    let client = builder(server.tls().map(Tls::authority), Http::Two)
        .resolve("us.api.konghq.com", address)
        .build()
        .unwrap();
    let elsewhere = Asks::with(
        client,
        format!("https://us.api.konghq.com:{}", address.port()),
    );
    let error = elsewhere.try_ask("GET", "/", "").await.unwrap_err();
    assert!(
        error.is_connect(),
        "a name that it was not made for: {error:?}"
    );

    let plain = Asks::with(
        builder(None, Http::One).build().unwrap(),
        format!("http://{address}"),
    );
    assert!(plain.try_ask("GET", "/", "").await.is_err());
    assert_eq!(server.simulator().log().len(), 1);
}

#[tokio::test]
async fn an_outage_and_a_cut_are_the_same_with_tls() {
    let mut server = secure(Tls::throw_away(&[]).unwrap()).await;
    let asks = Asks::of(&server, Http::Two);
    let cp = asks.control_plane("cp").await;
    server.go_down().await;
    assert!(asks.try_ask("GET", &cp, "").await.is_err());
    server.come_back().await.unwrap();
    asks.ask("POST", "/sim/faults", "{\"cut\": true, \"times\": 1}")
        .await;
    assert!(asks.try_ask("GET", &cp, "").await.is_err());
    assert_eq!(asks.get(&cp).await.status, 200);
    server.stop().await;
}
