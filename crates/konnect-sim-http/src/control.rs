//! Everything below `/sim`: the log, the state, faults, and a fresh start. It asks for no token, and is
//! neither limited nor hindered by faults nor logged.

use axum::Json;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, Path, RawQuery, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, delete, get, post};
use konnect_sim::FaultId;
use serde_json::{Value, json};

use crate::api;
use crate::follow::{follow, lines};
use crate::order::{self, Order};
use crate::simulator::Simulator;

/// What is there, for whoever asks.
const HELP: &str = "\
GET    /sim/log          every request, one JSON line each; ?since=NUMBER for those after it, ?follow to go on
GET    /sim/state        what Konnect holds, as decK YAML, one document a control plane
GET    /sim/faults       the faults in force
POST   /sim/faults       a new one: {\"match\": {\"method\": \"PUT\", \"path\": \"*/services/*\"}, \"status\": 500, \"times\": 3}
DELETE /sim/faults       removes all of them; /sim/faults/ID removes one
POST   /sim/reset        forgets entities, faults and log
";

/// Konnect's API, and that of the simulator below `/sim`.
pub(crate) fn router(simulator: Simulator) -> Router {
    Router::new()
        .route("/sim", get(HELP))
        .route("/sim/log", get(log))
        .route("/sim/state", get(state))
        .route(
            "/sim/faults",
            get(faults).post(add_fault).delete(clear_faults),
        )
        .route("/sim/faults/{id}", delete(remove_fault))
        .route("/sim/reset", post(reset))
        .route("/sim/", any(nothing))
        .route("/sim/{*rest}", any(nothing))
        .fallback(api::answer)
        .layer(DefaultBodyLimit::max(api::LONGEST_BODY))
        .with_state(simulator)
}

fn refusal(status: StatusCode, message: impl Into<String>) -> Response {
    let message: String = message.into();
    (status, Json(json!({ "message": message }))).into_response()
}

async fn nothing() -> Response {
    refusal(
        StatusCode::NOT_FOUND,
        "there is nothing here; GET /sim says what there is",
    )
}

/// What is asked of the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Wanted {
    after: u64,
    follow: Follow,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Follow {
    #[default]
    No,
    Yes,
}

fn wanted(query: &str) -> Result<Wanted, String> {
    let mut wanted = Wanted::default();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        match pair.split_once('=').unwrap_or((pair, "")) {
            ("since", number) => {
                wanted.after = number.parse().map_err(|_| {
                    format!("\"since\" is \"{number}\", but has to be the number of a line")
                })?;
            }
            ("follow", "" | "true" | "1") => wanted.follow = Follow::Yes,
            ("follow", "false" | "0") => wanted.follow = Follow::No,
            _ => {
                return Err(format!(
                    "\"{pair}\" is not known: since=NUMBER and follow are"
                ));
            }
        }
    }
    Ok(wanted)
}

async fn log(State(simulator): State<Simulator>, RawQuery(query): RawQuery) -> Response {
    let Wanted {
        after,
        follow: go_on,
    } = match wanted(&query.unwrap_or_default()) {
        Ok(wanted) => wanted,
        Err(message) => return refusal(StatusCode::BAD_REQUEST, message),
    };
    let body = match go_on {
        Follow::No => Body::from(lines(&simulator.log_after(after))),
        Follow::Yes => follow(simulator, after),
    };
    ([(header::CONTENT_TYPE, "application/jsonl")], body).into_response()
}

async fn state(State(simulator): State<Simulator>) -> Response {
    let dump = simulator.with(|konnect| konnect.dump());
    let documents = dump.as_array().map_or(&[][..], Vec::as_slice);
    let texts: Result<Vec<String>, _> = documents.iter().map(serde_yaml::to_string).collect();
    match texts {
        Ok(texts) => {
            let texts: Vec<String> = texts
                .iter()
                .map(|text| format!("{}\n", text.trim_end()))
                .collect();
            let content = [(header::CONTENT_TYPE, "application/yaml")];
            (content, texts.join("---\n")).into_response()
        }
        Err(error) => refusal(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
    }
}

async fn faults(State(simulator): State<Simulator>) -> Json<Value> {
    let now = Simulator::now();
    Json(simulator.with(|konnect| {
        let faults = konnect.faults(now);
        faults
            .map(|(id, fault)| order::shown(id, fault, now))
            .collect()
    }))
}

async fn add_fault(State(simulator): State<Simulator>, body: Bytes) -> Response {
    let now = Simulator::now();
    match Order::read(&body).and_then(|order| order.fault(now)) {
        Ok(fault) => {
            let id = simulator.with(|konnect| konnect.script(fault.clone()));
            (StatusCode::CREATED, Json(order::shown(id, &fault, now))).into_response()
        }
        Err(error) => refusal(StatusCode::BAD_REQUEST, error.to_string()),
    }
}

async fn clear_faults(State(simulator): State<Simulator>) -> StatusCode {
    simulator.with(konnect_sim::Konnect::clear_faults);
    StatusCode::NO_CONTENT
}

async fn remove_fault(State(simulator): State<Simulator>, Path(id): Path<String>) -> Response {
    let now = Simulator::now();
    let removed = simulator.with(|konnect| {
        let id = FaultId(id.parse().ok()?);
        let found = konnect.faults(now).any(|(other, _)| other == id);
        konnect.unscript(id);
        found.then_some(())
    });
    match removed {
        Some(()) => StatusCode::NO_CONTENT.into_response(),
        None => refusal(
            StatusCode::NOT_FOUND,
            format!("there is no fault \"{id}\"; it may be used up"),
        ),
    }
}

async fn reset(State(simulator): State<Simulator>) -> StatusCode {
    simulator.reset();
    StatusCode::NO_CONTENT
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_of_the_log_is_understood_or_refused() {
        let follow = Follow::Yes;
        assert_eq!(wanted(""), Ok(Wanted::default()));
        assert_eq!(wanted("since=5&follow"), Ok(Wanted { after: 5, follow }));
        assert_eq!(wanted("follow=true"), Ok(Wanted { after: 0, follow }));
        assert_eq!(wanted("follow=0"), Ok(Wanted::default()));
        for wrong in ["since=", "since=yesterday", "until=5", "follow=maybe"] {
            assert!(wanted(wrong).is_err(), "{wrong}");
        }
    }
}
