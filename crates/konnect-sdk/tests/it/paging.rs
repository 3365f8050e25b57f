//! Lists that come in pages.

use futures::{StreamExt as _, TryStreamExt as _};
use kong_model::entity::{Route, Service};
use kong_model::{Filter, RemoteId};
use konnect_sdk::Error;
use serde_json::{Value, json};

use crate::server::{PLANE, Server, answer};

/// A server of seven services in pages of three.
fn seven() -> Server {
    Server::new(|asked| {
        let query = asked.uri.query().unwrap_or_default();
        let from = query
            .split('&')
            .find_map(|pair| pair.strip_prefix("offset="))
            .map_or(0, |offset| offset.parse().unwrap());
        let items: Vec<Value> = (from..(from + 3).min(7))
            .map(|number| json!({"id": format!("s{number}"), "host": "h"}))
            .collect();
        let mut body = json!({ "data": items });
        if from + 3 < 7 {
            body["offset"] = json!((from + 3).to_string());
        }
        answer(200, body.to_string())
    })
}

#[tokio::test]
async fn a_stream_goes_through_all_pages() {
    let server = seven();
    let konnect = server.konnect();
    let services = konnect.within(&PLANE.into()).list::<Service>(Filter::All);
    let ids: Vec<RemoteId> = services
        .map_ok(|stored| stored.id)
        .try_collect()
        .await
        .unwrap();
    let expected: Vec<RemoteId> = (0..7).map(|number| format!("s{number}").into()).collect();
    assert_eq!(ids, expected);
    let queries: Vec<String> = server
        .log()
        .iter()
        .map(|asked| asked.uri.query().unwrap_or_default().to_owned())
        .collect();
    assert_eq!(
        queries,
        ["size=1000", "size=1000&offset=3", "size=1000&offset=6"]
    );
}

#[tokio::test]
async fn a_page_is_asked_for_when_it_is_needed() {
    let server = seven();
    let konnect = server.konnect();
    let services = konnect.within(&PLANE.into()).list::<Service>(Filter::All);
    let first: Vec<_> = services.take(3).collect().await;
    assert_eq!((first.len(), server.log().len()), (3, 1));
}

#[tokio::test]
async fn labels_are_filters_in_the_words_of_each_list() {
    let body = json!({"data": [], "meta": {"page": {"number": 1, "size": 100, "total": 0}}});
    let server = Server::answering(200, &body);
    let konnect = server.konnect();
    let label = || Filter::Label("team:shop & co".to_owned());
    let planes: Vec<_> = konnect.list_control_planes(label()).collect().await;
    let routes: Vec<_> = konnect
        .within(&PLANE.into())
        .list::<Route>(label())
        .collect()
        .await;
    assert!(planes.is_empty() && routes.is_empty());
    let queries: Vec<String> = server
        .log()
        .iter()
        .map(|asked| asked.uri.query().unwrap_or_default().to_owned())
        .collect();
    assert_eq!(
        queries,
        [
            "labels=team%3Ashop+%26+co&page%5Bsize%5D=100",
            "tags=team%3Ashop+%26+co&size=1000"
        ]
    );
}

#[tokio::test]
async fn after_an_error_nothing_follows() {
    let server = Server::new(|asked| match asked.uri.query() {
        Some("size=1000") => answer(
            200,
            r#"{"data": [{"id": "s", "host": "h"}], "offset": "x"}"#,
        ),
        _ => answer(500, "{}"),
    });
    let konnect = server.konnect();
    let services = konnect.within(&PLANE.into()).list::<Service>(Filter::All);
    let got: Vec<_> = services.map_ok(|stored| stored.id).collect().await;
    assert_eq!(got, [Ok("s".into()), Err(Error::Server { status: 500 })]);
}

#[tokio::test]
async fn a_list_without_end_ends() {
    let server = Server::answering(200, &json!({"data": [], "offset": "same"}));
    let konnect = server.konnect();
    let services = konnect.within(&PLANE.into()).list::<Service>(Filter::All);
    let got: Vec<_> = services.collect().await;
    assert!(matches!(got[..], [Err(Error::Transport { .. })]), "{got:?}");
    assert_eq!(server.log().len(), 2);
}

#[tokio::test]
async fn an_answer_without_a_list_is_not_an_empty_list() {
    for body in [Value::Null, json!({}), json!({"data": null})] {
        let server = Server::answering(200, &body);
        let konnect = server.konnect();
        let services = konnect.within(&PLANE.into()).list::<Service>(Filter::All);
        let got: Result<Vec<_>, Error> = services.try_collect().await;
        assert!(
            matches!(got, Err(Error::Transport { .. })),
            "{body}: {got:?}"
        );
    }
}
