//! Servers that are slow, break off, or talk too much.

use std::time::{Duration, Instant};

use axum::body::Body;
use kong_model::{Call, Failure};
use konnect_sdk::{Client, Execute as _};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::server::{Server, answer, list, listen, server_url, token};

/// What a call fails with.
async fn fails(client: &Client, call: &Call) -> String {
    match client.execute(&server_url(), &token(), call).await {
        Err(Failure::Transport(text)) => text,
        other => panic!("{other:?}"),
    }
}

/// A server that answers each connection with these bytes, keeps it for a while and closes it.
fn speaking(bytes: &'static [u8], keeps: Duration) -> (Client, tokio::task::JoinHandle<u32>) {
    let (listener, address) = listen();
    let listener = TcpListener::from_std(listener).unwrap();
    let accepting = tokio::spawn(async move {
        let mut connections = 0;
        while let Ok(Ok((mut stream, _))) =
            tokio::time::timeout(Duration::from_secs(1), listener.accept()).await
        {
            connections += 1;
            let mut request = [0; 1024];
            assert!(stream.read(&mut request).await.unwrap() > 0);
            stream.write_all(bytes).await.unwrap();
            tokio::time::sleep(keeps).await;
        }
        connections
    });
    let endpoint = url::Url::parse(&format!("http://{address}")).unwrap();
    let client = Client::builder()
        .endpoint(endpoint)
        .timeout(Duration::from_millis(300));
    (client.build().unwrap(), accepting)
}

#[tokio::test]
async fn who_does_not_answer_is_given_up_in_time() {
    let half = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"data\":";
    // Before the answer, and in the middle of it.
    for bytes in [&b""[..], half] {
        let began = Instant::now();
        let keeps = Duration::from_secs(30);
        let (client, _) = speaking(bytes, keeps);
        assert_eq!(fails(&client, &list()).await, "it took longer than 300ms");
        assert!(began.elapsed() < keeps / 2);
    }
}

#[tokio::test]
async fn a_connection_that_is_cut_is_no_answer() {
    for bytes in [
        &b""[..],
        b"HTTP/1.1 200 OK\r\ncontent-le",
        b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"data\":",
    ] {
        let (client, server) = speaking(bytes, Duration::ZERO);
        let text = fails(&client, &list()).await;
        assert!(
            text.starts_with("the connection to \"127.0.0.1\" broke: "),
            "{text}"
        );
        assert_eq!(server.await.unwrap(), 1, "one attempt");
    }
}

#[tokio::test]
async fn who_is_not_there_cannot_be_reached() {
    let (listener, address) = listen();
    drop(listener);
    let endpoint = url::Url::parse(&format!("http://{address}")).unwrap();
    let client = Client::builder().endpoint(endpoint).build().unwrap();
    let text = fails(&client, &list()).await;
    assert!(
        text.starts_with("\"127.0.0.1\" cannot be reached: "),
        "{text}"
    );
}

#[tokio::test]
async fn an_answer_is_read_up_to_a_limit() {
    let body = format!("{{\"data\": [], \"rest\": \"{}\"}}", "x".repeat(1000));
    let length = body.len();
    // With a length that is announced, and without one.
    for announced in [true, false] {
        let body = body.clone();
        let server = Server::new(move |_| {
            let text = body.clone();
            let chunks = futures::stream::iter(
                text.into_bytes()
                    .chunks(100)
                    .map(|chunk| Ok::<_, std::io::Error>(chunk.to_vec()))
                    .collect::<Vec<_>>(),
            );
            if announced {
                answer(200, body.clone())
            } else {
                answer(200, Body::from_stream(chunks))
            }
        });
        let enough = server.builder().response_limit(length).build().unwrap();
        let reply = enough.execute(&server_url(), &token(), &list()).await;
        assert!(reply.is_ok(), "{reply:?}");
        let less = server.builder().response_limit(length - 1).build().unwrap();
        assert_eq!(
            fails(&less, &list()).await,
            format!("it is longer than {} bytes", length - 1)
        );
    }
}

#[tokio::test]
async fn an_answer_that_is_no_json_is_no_answer_and_is_not_repeated() {
    let server = Server::new(|_| answer(200, "{\"data\": canary"));
    let text = fails(&server.client(), &list()).await;
    assert_eq!(text, "it is not JSON from line 1, column 10 on");
}

#[tokio::test]
async fn connections_are_used_again() {
    let (listener, address) = listen();
    let listener = TcpListener::from_std(listener).unwrap();
    let endpoint = url::Url::parse(&format!("http://{address}")).unwrap();
    let client = Client::builder().endpoint(endpoint).build().unwrap();
    // Only one connection is ever accepted.
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = [0; 4096];
        while stream.read(&mut request).await.unwrap() > 0 {
            let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 11\r\n\r\n{\"data\":[]}";
            stream.write_all(answer).await.unwrap();
        }
    });
    for client in [&client, &client.clone(), &client] {
        let reply = client.execute(&server_url(), &token(), &list()).await;
        assert!(reply.is_ok(), "{reply:?}");
    }
}
