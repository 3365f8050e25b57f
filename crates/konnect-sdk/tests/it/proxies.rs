//! Proxies in the environment. A test cannot change its own environment while others run, so it starts
//! itself again with another one.

use std::env;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use kong_model::ServerUrl;
use konnect_sdk::{Client, Execute as _};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::server::{Server, list, listen, server_url, token};

/// Set in the process that is started.
const INSIDE: &str = "KONNECT_SDK_TEST_PROXIES";

/// What the second process does: it asks with all three kinds of clients and prints nothing.
#[tokio::test]
#[ignore = "run by the other test, with another environment"]
async fn inside() {
    let Ok(task) = env::var(INSIDE) else { return };
    match task.as_str() {
        "unasked" => {
            let server = Server::answering(200, &json!({"data": []}));
            let plain = server.client();
            assert!(
                plain
                    .execute(&server_url(), &token(), &list())
                    .await
                    .is_ok()
            );
            // In the clear to this machine, so never through somebody else.
            let asked = server.builder().proxies_from_environment().build().unwrap();
            assert!(
                asked
                    .execute(&server_url(), &token(), &list())
                    .await
                    .is_ok()
            );
            assert_eq!(server.log().len(), 2);
        }
        "asked" => {
            let client = Client::builder()
                .proxies_from_environment()
                .build()
                .unwrap();
            let url = ServerUrl::parse("us.api.konghq.com").unwrap();
            let reply = client.execute(&url, &token(), &list()).await;
            assert!(reply.is_err(), "the proxy refuses: {reply:?}");
            let url = ServerUrl::parse("us.evil.test").unwrap();
            assert!(client.execute(&url, &token(), &list()).await.is_err());
        }
        other => panic!("{other}"),
    }
}

/// Runs the test above with a proxy in the environment; gives what the proxy was asked.
async fn with_a_proxy(task: &str) -> (usize, String) {
    let (listener, address) = listen();
    let listener = TcpListener::from_std(listener).unwrap();
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    let first = Arc::new(std::sync::Mutex::new(String::new()));
    let noted = Arc::clone(&first);
    let proxy = tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            counted.fetch_add(1, Ordering::Relaxed);
            let mut request = [0; 1024];
            let length = stream.read(&mut request).await.unwrap();
            *noted.lock().unwrap() = String::from_utf8_lossy(&request[..length]).into_owned();
            let refusal = b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n";
            stream.write_all(refusal).await.unwrap();
        }
    });
    let url = format!("http://localhost:{}", address.port());
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["--exact", "proxies::inside", "--ignored"]);
    for name in [
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "ALL_PROXY",
        "http_proxy",
        "https_proxy",
    ] {
        command.env(name, &url);
    }
    command
        .env_remove("NO_PROXY")
        .env_remove("no_proxy")
        .env(INSIDE, task);
    let ran = tokio::task::spawn_blocking(move || command.output());
    let ran = ran.await.unwrap().unwrap();
    proxy.abort();
    let printed = String::from_utf8_lossy(&ran.stdout).into_owned();
    assert!(
        ran.status.success() && printed.contains("1 passed"),
        "{printed}"
    );
    let first = first.lock().unwrap().clone();
    (count.load(Ordering::Relaxed), first)
}

#[tokio::test]
async fn proxies_of_the_environment_are_not_used_unless_asked_for() {
    assert_eq!(with_a_proxy("unasked").await.0, 0);
}

#[tokio::test]
async fn a_proxy_that_was_asked_for_sees_names_and_no_token() {
    let (asked, first) = with_a_proxy("asked").await;
    assert_eq!(asked, 1, "only the host that is allowed");
    assert!(
        first.starts_with("CONNECT us.api.konghq.com:443 "),
        "{first}"
    );
    assert!(!first.contains("kpat_"), "{first}");
}
