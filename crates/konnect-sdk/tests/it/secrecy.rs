//! Nothing secret is shown: not in errors, not in what is printed, not in logs of whatever level.

use std::cell::RefCell;
use std::io::Write;

use kong_model::entity::{Certificate, Members, Plugin};
use konnect_sdk::{ClientBuilder, Error, Konnect};
use serde_json::json;

use crate::server::{PLANE, Server, TOKEN, server_url, token};

const KEY: &str = "canary-key";
const PASSWORD: &str = "canary-password";

thread_local! {
    /// What this thread logs, while somebody wants to know.
    static LOG: RefCell<Option<Vec<u8>>> = const { RefCell::new(None) };
}

/// Writes to the log of the thread that writes. Which events are of interest is remembered for the whole
/// process, so that a log of one thread alone would depend on what other tests do meanwhile.
struct Log;

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        LOG.with_borrow_mut(|log| log.iter_mut().for_each(|log| log.extend_from_slice(bytes)));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Puts a key and a password, against servers that accept them, refuse them, and repeat them.
async fn talk() -> Vec<String> {
    let mut shown = Vec::new();
    let certificate = Certificate::new("cert", KEY);
    let mut plugin = Plugin {
        name: "acme".to_owned(),
        ..Plugin::default()
    };
    plugin.config = Some(Members(
        json!({ "password": PASSWORD }).as_object().unwrap().clone(),
    ));
    let repeated = json!({"code": 3, "message": "bad", "details": [
        {"type": "ERROR_TYPE_FIELD", "field": "key", "messages": [format!("\"{KEY}\" for {TOKEN} is no key")]},
    ]});
    for (status, body) in [
        (
            200,
            json!({"id": "c", "cert": "cert", "key": KEY, "name": "acme", "config": {"password": PASSWORD}}),
        ),
        (200, json!({"id": "c", "cert": 1, "key": KEY, "name": 1})),
        (400, repeated.clone()),
        (403, json!({"detail": format!("{TOKEN} may not")})),
        (500, repeated.clone()),
    ] {
        let repeats = body == repeated;
        let server = Server::answering(status, &body);
        let konnect = server.konnect();
        let plane = konnect.within(&PLANE.into());
        let put = plane.put(&"c".into(), &certificate).await;
        shown.push(format!(
            "{konnect:?} {plane:?} {put:?} {:?}",
            server.builder()
        ));
        shown.extend(put.err().as_ref().map(Error::to_string));
        if !repeats {
            let put = plane.put(&"p".into(), &plugin).await;
            shown.push(format!("{put:?}"));
            shown.extend(put.err().as_ref().map(Error::to_string));
        }
    }
    shown
}

#[tokio::test]
async fn neither_tokens_nor_bodies_are_shown() {
    tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(|| Log)
        .try_init()
        .unwrap();
    // What other tests came by before has no interest in it yet.
    tracing::callsite::rebuild_interest_cache();
    LOG.set(Some(Vec::new()));
    let shown = talk().await;
    let log = String::from_utf8(LOG.take().unwrap()).unwrap();
    // The log has what is to be known of each call.
    assert!(log.contains("konnect_sdk"), "{log}");
    assert!(log.contains("core-entities/certificates/c"), "{log}");
    assert!(log.contains("status=403"), "{log}");
    for text in shown.iter().chain([&log]) {
        for secret in [KEY, PASSWORD, TOKEN] {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
    }
    let refused = shown
        .iter()
        .any(|text| text.contains("[redacted]") && text.contains("is no key"));
    assert!(refused, "{shown:?}");
}

#[test]
fn what_has_a_token_does_not_print_it() {
    let client = ClientBuilder::default().build().unwrap();
    let konnect = Konnect::new(client, server_url(), TOKEN);
    let printed = format!("{konnect:?} {:?}", token());
    assert!(printed.contains("eu"), "{printed}");
    assert!(!printed.contains(TOKEN), "{printed}");
}
