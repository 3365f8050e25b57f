//! Where tokens go, and that they go nowhere else: not to hosts that nobody allowed, not to addresses that are not
//! on the public internet, not after a redirect. What the administrator says counts as allowed.

use std::{
    io::{self, Read as _, Write as _},
    net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use clustertest::{Settings, World, object};
use kong_crds::Kind;
use konnect_sim_http::Tls;
use serde_json::{Value, json};

use crate::{
    shop::{self, NAMESPACE},
    world,
};

/// What the canary in all tokens looks like.
const TOKEN: &str = "kpat_shop";

/// Doors of this machine that nobody should knock on, with one number.
struct Doors {
    port: u16,
    listeners: Vec<TcpListener>,
}

impl Doors {
    fn new() -> Self {
        let first = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = first.local_addr().unwrap().port();
        // A machine without IPv6 has one door less.
        let second = TcpListener::bind((Ipv6Addr::LOCALHOST, port)).ok();
        let listeners: Vec<TcpListener> = [first].into_iter().chain(second).collect();
        for listener in &listeners {
            listener.set_nonblocking(true).unwrap();
        }
        Self { port, listeners }
    }

    fn assert_nobody_came(&self) {
        for listener in &self.listeners {
            let error = listener.accept().unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
        }
    }
}

/// A server that sends everybody elsewhere, and keeps what it was sent. It goes with the test.
struct Signpost {
    address: SocketAddr,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Signpost {
    fn to(place: String) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let heard = Arc::<Mutex<Vec<String>>>::default();
        let log = Arc::clone(&heard);
        thread::spawn(move || {
            for stream in listener.incoming() {
                // Whoever goes away in between was not heard.
                let _: io::Result<()> = stream.and_then(|stream| point(stream, &place, &log));
            }
        });
        Self { address, heard }
    }
}

fn point(mut stream: TcpStream, place: &str, log: &Mutex<Vec<String>>) -> io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    let mut request = Vec::new();
    let mut buffer = [0; 4_096];
    while !request.windows(4).any(|end| end == b"\r\n\r\n") {
        match stream.read(&mut buffer)? {
            0 => break,
            count => request.extend_from_slice(&buffer[..count]),
        }
    }
    let request = String::from_utf8_lossy(&request).into_owned();
    log.lock().unwrap().push(request);
    let answer = format!(
        "HTTP/1.1 307 Temporary Redirect\r\nLocation: {place}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(answer.as_bytes())
}

/// Credentials for a server.
fn credentials(name: &str, server: &str) -> Value {
    let mut auth = shop::credentials();
    auth["metadata"]["name"] = json!(name);
    auth["spec"]["serverURL"] = json!(server);
    auth
}

/// Waits until they are refused, and gives the message.
async fn refusal(world: &World, auth: &Value) -> String {
    let found = world
        .until(auth, "a refusal", |auth| {
            object::said(auth, "APIAuthValid") == "False Invalid"
        })
        .await;
    let condition = object::condition(&found, "APIAuthValid").unwrap();
    condition["message"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_server_that_is_not_konnect_is_refused_and_hears_nothing() {
    let world = world!();
    let doors = Doors::new();
    let port = doors.port;
    // Its name is allowed, and yet it leads home.
    let operator = world
        .operator()
        .without("--konnect-url")
        .with("--konnect-allowed-domain=door.localhost");
    let operator = operator.start().await;
    world.namespace(NAMESPACE).await;

    let outside = "is not below one of the allowed domains, which are konghq.com, konghq.tech, \
                   door.localhost";
    let home = "leads to an address that is not on the public internet";
    let region = "failed to parse region from hostname";
    let none = "is not the address of a server";
    let servers = [
        ("us.evil.test".to_owned(), outside),
        ("https://us.evil.test".to_owned(), outside),
        ("https://us.api.konghq.com.evil.test".to_owned(), outside),
        (format!("https://us.api.localhost:{port}"), outside),
        (format!("https://us.door.localhost:{port}"), home),
        (format!("https://us.door.localhost.:{port}"), home),
        ("us.169.254.169.254".to_owned(), none),
        (format!("https://us.127.0.0.1:{port}"), none),
        (format!("https://us.0x7f000001:{port}"), none),
        (format!("https://us.2130706433:{port}"), none),
        (
            format!("https://us.api.konghq.com@door.localhost:{port}"),
            none,
        ),
        ("169.254.169.254".to_owned(), region),
        (format!("https://127.0.0.1:{port}"), region),
        (format!("https://localhost:{port}"), region),
        (format!("https://[::1]:{port}"), region),
        (format!("https://[::ffff:127.0.0.1]:{port}"), region),
        (format!("https://2130706433:{port}"), region),
        (format!("https://0177.0.0.1:{port}"), region),
    ];
    let mut refused = 0;
    for (number, (server, problem)) in servers.iter().enumerate() {
        let auth = credentials(&format!("auth-{number}"), server);
        match world.try_apply(&auth).await {
            Ok(_) => {
                let message = refusal(&world, &auth).await;
                println!("{server}: {message}");
                assert!(message.contains(problem), "{server}: {message}");
                assert!(message.contains("spec.serverURL"), "{server}: {message}");
                if *problem != home {
                    // What was written is what is refused, and not what would have been asked.
                    let host = server.trim_start_matches("https://");
                    let host = host.trim_end_matches(&format!(":{port}"));
                    assert!(message.contains(host), "{server}: {message}");
                }
                assert!(!message.contains(TOKEN), "{server}: {message}");
                refused += 1;
            }
            // Some are no URL, which is for the API server to say.
            Err(error) => {
                println!("{server}: {error}");
                assert!(
                    error.to_string().contains("spec.serverURL"),
                    "{server}: {error}"
                );
            }
        }
    }
    assert!(refused >= 10, "{refused} reached the operator");
    // Nor is it tried again in a moment.
    tokio::time::sleep(Duration::from_secs(2)).await;
    doors.assert_nobody_came();
    assert_eq!(world.simulator().log(), []);
    assert!(!operator.log().contains(TOKEN));
    assert_eq!(operator.stop().await, 0);
}

#[tokio::test]
async fn a_server_that_redirects_is_refused_and_the_token_stays_with_it() {
    let world = world!();
    let doors = Doors::new();
    let signpost = Signpost::to(format!("http://127.0.0.1:{}/v3/here", doors.port));
    let operator = world
        .operator()
        .without("--konnect-url")
        .with(format!("--konnect-url=http://{}", signpost.address));
    let operator = operator.start().await;
    world.namespace(NAMESPACE).await;
    let auth = shop::credentials();
    world.apply_one(&auth).await;
    world.apply_one(&shop::control_plane()).await;
    let message = refusal(&world, &auth).await;
    println!("{message}");
    let start = "the token is kept back: \"127.0.0.1\" redirects to \"127.0.0.1\", and redirects are \
                 not followed";
    assert!(message.starts_with(start), "{message}");
    assert!(message.contains("spec.serverURL"), "{message}");
    tokio::time::sleep(Duration::from_secs(2)).await;
    doors.assert_nobody_came();
    // It was asked, so it is the redirect that was not followed.
    let heard = signpost.heard.lock().unwrap().clone();
    let first = heard.first().unwrap();
    assert!(
        first.starts_with("GET /v3/organizations/me ") && first.contains(TOKEN),
        "{first}"
    );
    // Asked again with growing pauses, of half a second at first.
    assert!(heard.len() <= 4, "{heard:#?}");
    assert!(!operator.log().contains(TOKEN));
    assert_eq!(operator.stop().await, 0);
}

#[tokio::test]
async fn a_custom_domain_is_met_at_the_hosts_where_kongs_operator_meets_it() {
    // Names below localhost are this machine everywhere, and nowhere else.
    let hosts = ["us", "eu", "global"].map(|region| format!("{region}.api.localhost"));
    let mut settings = Settings::default();
    settings.konnect.tls = Some(Tls::throw_away(&hosts).unwrap());
    let world = world!(settings);
    let port = world.konnect.address().port();
    let operator = world
        .operator()
        .without("--konnect-url")
        .variable("KONG_CUSTOM_DOMAIN", &format!("localhost:{port}"));
    let operator = operator.start().await;
    world.namespace(NAMESPACE).await;
    world.apply_one(&shop::credentials()).await;
    world.apply_one(&shop::control_plane()).await;
    world.apply_one(&shop::service("service")).await;
    world
        .until_all(Kind::KongService, 1, object::is_programmed)
        .await;
    let log = world.simulator().log();
    assert!(!log.is_empty());
    for record in &log {
        let region = if record.path.starts_with("/v3/organizations/me") {
            "global"
        } else {
            "us"
        };
        assert_eq!(record.region, region, "{record:?}");
    }

    // A server in the custom domain may be named as it is; its port is part of it, and it opens no other place.
    let doors = Doors::new();
    let named = credentials("named", &format!("https://eu.api.localhost:{port}"));
    world.apply_one(&named).await;
    world
        .until(&named, "it is good", |auth| {
            object::said(auth, "APIAuthValid") == "True Valid"
        })
        .await;
    for (name, server) in [
        ("port", format!("https://us.api.localhost:{}", doors.port)),
        ("other", "https://us.evil.test".to_owned()),
    ] {
        let auth = credentials(name, &server);
        world.apply_one(&auth).await;
        let message = refusal(&world, &auth).await;
        println!("{message}");
        assert!(
            message.contains("is not below one of the allowed domains"),
            "{message}"
        );
    }
    doors.assert_nobody_came();
    assert_eq!(operator.stop().await, 0);
}
