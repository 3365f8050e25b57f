//! What is made of answers.

use std::time::Duration;

use axum::http::HeaderValue;
use kong_model::entity::Service;
use kong_model::{FieldProblem, Stored};
use konnect_sdk::{ControlPlanes as _, Error, Identity as _};
use serde_json::{Value, json};

use crate::server::{PLANE, Server, TOKEN, answer};

/// What a call gives that is answered like this.
async fn asked(status: u16, body: Value) -> Result<Stored<Service>, Error> {
    let server = Server::answering(status, &body);
    let konnect = server.konnect();
    let got = konnect.within(&PLANE.into()).get(&"s".into()).await;
    assert_eq!(server.log().len(), 1, "one attempt");
    got
}

#[tokio::test]
async fn a_request_is_what_the_api_wants() {
    let server = Server::answering(200, &json!({"id": "s", "host": "h"}));
    let konnect = server.konnect();
    let service = Service {
        host: "h".to_owned(),
        ..Service::default()
    };
    let shop = konnect.within(&PLANE.into());
    let stored = shop.put(&"s".into(), &service).await.unwrap();
    assert_eq!((stored.id, stored.entity), ("s".into(), service));
    let [asked] = &server.log()[..] else {
        panic!("one request")
    };
    assert_eq!(asked.method, "PUT");
    assert_eq!(
        asked.uri.to_string(),
        format!("/v2/control-planes/{PLANE}/core-entities/services/s")
    );
    assert_eq!(
        asked.header("authorization"),
        Some(&*format!("Bearer {TOKEN}"))
    );
    assert_eq!(asked.header("content-type"), Some("application/json"));
    assert_eq!(
        asked.header("accept"),
        Some("application/json, application/problem+json")
    );
    assert!(
        asked
            .header("user-agent")
            .unwrap()
            .starts_with("konnect-sdk/")
    );
    assert_eq!(asked.json(), json!({"host": "h"}));
}

#[tokio::test]
async fn every_class_of_error_is_told_apart() {
    assert_eq!(asked(404, Value::Null).await, Err(Error::NotFound));
    assert_eq!(asked(401, Value::Null).await, Err(Error::Unauthorized));
    let problem = json!({"status": 403, "title": "Forbidden", "instance": "kong:trace:1", "detail": "no role"});
    assert_eq!(
        asked(403, problem).await,
        Err(Error::Forbidden {
            message: "no role".to_owned()
        })
    );
    let taken = json!({"status": 409, "detail": "name is taken"});
    assert!(matches!(
        asked(409, taken).await,
        Err(Error::Conflict { .. })
    ));
    let details = |kind: &str, field: &str, message: &str| {
        json!({"code": 3, "message": "refused", "details": [
            {"type": kind, "field": field, "messages": [message]},
        ]})
    };
    let unique = details(
        "ERROR_TYPE_REFERENCE",
        "name",
        "name (type: unique) constraint failed",
    );
    assert!(matches!(
        asked(400, unique).await,
        Err(Error::Conflict { .. })
    ));
    let foreign = details(
        "ERROR_TYPE_REFERENCE",
        "service",
        "service (type: foreign) constraint failed",
    );
    assert!(matches!(
        asked(400, foreign).await,
        Err(Error::Reference { .. })
    ));
    let invalid = details("ERROR_TYPE_FIELD", "port", "must be <= 65535");
    assert_eq!(
        asked(400, invalid).await,
        Err(Error::Invalid {
            message: "port: must be <= 65535".to_owned(),
            fields: vec![FieldProblem {
                field: "port".to_owned(),
                reason: "must be <= 65535".to_owned(),
            }],
        })
    );
    assert_eq!(
        asked(503, json!({"message": "later"})).await,
        Err(Error::Server { status: 503 })
    );
}

#[tokio::test]
async fn who_asks_too_often_is_told_how_long_to_wait() {
    for (header, after) in [
        (None, None),
        (Some("7"), Some(7)),
        (Some("Sun, 06 Nov 1994 08:50:07 GMT"), Some(30)),
        (Some("whenever"), None),
    ] {
        let server = Server::new(move |_| {
            let mut limited = answer(429, "{}");
            let headers = limited.headers_mut();
            headers.insert(
                "date",
                HeaderValue::from_static("Sun, 06 Nov 1994 08:49:37 GMT"),
            );
            if let Some(header) = header {
                headers.insert("retry-after", HeaderValue::from_static(header));
            }
            limited
        });
        let got = server.konnect().organisation().await;
        let after = after.map(Duration::from_secs);
        assert_eq!(got, Err(Error::RateLimited { after }), "{header:?}");
    }
}

#[tokio::test]
async fn an_answer_about_something_else_says_what_is_missing() {
    let missing = asked(200, json!({"id": "s", "name": "n"}))
        .await
        .unwrap_err();
    assert_eq!(
        missing.to_string(),
        "an answer about services cannot be read: \"host\" is missing or of another type"
    );
    let nothing = asked(200, json!([])).await;
    assert!(
        matches!(nothing, Err(Error::Transport { .. })),
        "{nothing:?}"
    );
}

#[tokio::test]
async fn deleting_what_is_not_there_succeeds() {
    let server = Server::answering(404, &Value::Null);
    let konnect = server.konnect();
    assert_eq!(konnect.delete_control_plane(&PLANE.into()).await, Ok(()));
    let plane = konnect.within(&PLANE.into());
    assert_eq!(plane.delete::<Service>(&"s".into()).await, Ok(()));
}

#[tokio::test]
async fn an_error_that_is_no_json_is_known_by_its_status() {
    let server = Server::new(|_| answer(502, "<html>bad gateway</html>"));
    let got = server.konnect().organisation().await;
    assert_eq!(got, Err(Error::Server { status: 502 }));
}
