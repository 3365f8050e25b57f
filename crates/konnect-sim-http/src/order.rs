//! Faults as their users write them: JSON in, a fault of the simulator out, and back for the list.

use kong_model::Response;
use konnect_sim::{Effect, Fault, FaultId, Millis, Moment};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::api;

/// A fault that is asked for.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Order {
    /// Which requests.
    #[serde(default, rename = "match")]
    matching: Matching,
    /// How often.
    times: Option<u32>,
    /// For how long.
    seconds: Option<f64>,
    /// For how many milliseconds answers are held back.
    #[serde(default)]
    delay_ms: u64,
    /// The status of the answer.
    status: Option<u16>,
    /// `Retry-After` in seconds.
    retry_after: Option<u32>,
    /// The body of the answer.
    body: Option<Value>,
    /// Whether the connection ends without an answer.
    #[serde(default)]
    cut: bool,
    /// Whether requests are served first.
    #[serde(default)]
    when: When,
}

/// The requests that a fault is for.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Matching {
    method: Option<String>,
    path: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum When {
    #[default]
    Before,
    After,
}

/// What is wrong with an order.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum OrderError {
    #[error("it is no fault: {0}")]
    Json(String),
    #[error(
        "\"match.method\" is \"{0}\", which Konnect does not have: GET, POST, PUT, PATCH or DELETE"
    )]
    Method(String),
    #[error("\"times\" has to be 1 or more; leave it out for as long as the fault is there")]
    Times,
    #[error("\"seconds\" has to be more than 0 and at most a year")]
    Seconds,
    #[error("\"status\" is {0}, which is none of an answer: 200 to 599")]
    Status(u16),
    #[error("nothing would happen: say \"status\", \"cut\": true or \"delay_ms\"")]
    Nothing,
    #[error("\"status\" and \"cut\" exclude each other: a connection that is cut has no answer")]
    Both,
    #[error("\"body\" and \"retry_after\" belong to an answer: say its \"status\"")]
    NoStatus,
    #[error("\"when\": \"after\" needs \"status\" or \"cut\": true, which replace the answer")]
    When,
}

/// Longer than any server is up.
const LONGEST: f64 = 366.0 * 86_400.0;

impl Order {
    /// Reads what was sent.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, OrderError> {
        serde_json::from_slice(bytes).map_err(|error| OrderError::Json(error.to_string()))
    }

    /// The fault, which begins now.
    pub(crate) fn fault(self, now: Millis) -> Result<Fault, OrderError> {
        let method = match self.matching.method {
            None => None,
            Some(name) => {
                let method = api::method(&name.to_ascii_uppercase());
                Some(method.ok_or(OrderError::Method(name))?)
            }
        };
        if self.times == Some(0) {
            return Err(OrderError::Times);
        }
        let until = match self.seconds {
            None => None,
            Some(seconds) if seconds > 0.0 && seconds <= LONGEST => {
                let milliseconds = std::time::Duration::from_secs_f64(seconds).as_millis();
                let milliseconds = u64::try_from(milliseconds).unwrap_or(u64::MAX);
                Some(Millis(now.0.saturating_add(milliseconds)))
            }
            Some(_) => return Err(OrderError::Seconds),
        };
        let effect = match (self.status, self.cut) {
            (Some(_), true) => return Err(OrderError::Both),
            (Some(status), false) if !(200..600).contains(&status) => {
                return Err(OrderError::Status(status));
            }
            (None, _) if self.body.is_some() || self.retry_after.is_some() => {
                return Err(OrderError::NoStatus);
            }
            (Some(status), false) => match self.body {
                Some(body) => Effect::Answer(Response {
                    retry_after: self.retry_after,
                    ..Response::new(status, body)
                }),
                None => Effect::Status {
                    status,
                    retry_after: self.retry_after,
                },
            },
            (None, true) => Effect::Cut,
            (None, false) if self.delay_ms == 0 => return Err(OrderError::Nothing),
            (None, false) => Effect::Nothing,
        };
        let moment = match (self.when, &effect) {
            (When::After, Effect::Nothing) => return Err(OrderError::When),
            (When::After, Effect::Answer(_) | Effect::Status { .. } | Effect::Cut) => Moment::After,
            (When::Before, _) => Moment::Before,
        };
        let path = self.matching.path;
        Ok(Fault {
            method,
            path: path.map_or_else(String::new, |path| format!("^{path}$")),
            times: self.times,
            until,
            moment,
            delay: self.delay_ms,
            effect,
        })
    }
}

/// A fault in force as it would be ordered, with its id and what is left of it.
pub(crate) fn shown(id: FaultId, fault: &Fault, now: Millis) -> Value {
    let mut shown = Map::new();
    let mut show = |member: &str, value: Value| {
        if !value.is_null() {
            shown.insert(member.to_owned(), value);
        }
    };
    show("id", id.0.into());
    let mut matching = Map::new();
    if let Some(method) = fault.method {
        matching.insert("method".to_owned(), method.as_str().into());
    }
    if let Some(path) = glob(&fault.path) {
        matching.insert("path".to_owned(), path.into());
    }
    show("match", matching.into());
    show("times", fault.times.into());
    let left = fault
        .until
        .map(|until| until.0.saturating_sub(now.0).div_ceil(1000));
    show("seconds", left.into());
    show(
        "delay_ms",
        Some(fault.delay).filter(|delay| *delay > 0).into(),
    );
    match &fault.effect {
        Effect::Answer(Response {
            status,
            retry_after,
            body,
            ..
        }) => {
            show("status", (*status).into());
            show("retry_after", (*retry_after).into());
            show("body", body.clone());
        }
        Effect::Status {
            status,
            retry_after,
        } => {
            show("status", (*status).into());
            show("retry_after", (*retry_after).into());
        }
        Effect::Cut => show("cut", true.into()),
        Effect::Nothing => {}
    }
    let when = match fault.moment {
        Moment::Before => "before",
        Moment::After => "after",
    };
    show("when", json!(when));
    shown.into()
}

/// A path pattern of the simulator, which may stand anywhere, as one that has to match all of a path.
fn glob(pattern: &str) -> Option<String> {
    let (before, rest) = match pattern.strip_prefix('^') {
        Some(rest) => ("", rest),
        None => ("*", pattern),
    };
    let (rest, after) = match rest.strip_suffix('$') {
        Some(rest) => (rest, ""),
        None => (rest, "*"),
    };
    (!pattern.is_empty()).then(|| format!("{before}{rest}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Millis = Millis(1_000_000);

    fn ordered(order: &Value) -> Result<Fault, OrderError> {
        Order::read(order.to_string().as_bytes())?.fault(NOW)
    }

    #[test]
    fn what_is_ordered_is_listed_as_it_was_ordered() {
        for order in [
            json!({"match": {"method": "PUT", "path": "*/services/*"}, "times": 3, "status": 500, "when": "before"}),
            json!({"match": {}, "cut": true, "when": "after"}),
            json!({"match": {"path": "/v2/control-planes"}, "seconds": 30, "delay_ms": 200, "when": "before"}),
            json!({"match": {}, "status": 429, "retry_after": 7, "body": {"a": 1}, "when": "before"}),
            json!({"match": {}, "status": 503, "retry_after": 7, "when": "after"}),
        ] {
            let fault = ordered(&order).unwrap();
            let mut expected = order;
            expected["id"] = json!(4);
            assert_eq!(shown(FaultId(4), &fault, NOW), expected);
        }
    }

    #[test]
    fn a_path_has_to_match_from_end_to_end() {
        let fault = ordered(&json!({"match": {"path": "*/services"}, "cut": true})).unwrap();
        assert_eq!(fault.path, "^*/services$");
        assert_eq!(glob("/services/"), Some("*/services/*".to_owned()));
        assert_eq!(glob(""), None);
    }

    #[test]
    fn an_order_that_makes_no_sense_is_refused_with_what_would() {
        for (order, error) in [
            (json!({}), OrderError::Nothing),
            (
                json!({"match": {"method": "LIST"}, "cut": true}),
                OrderError::Method("LIST".to_owned()),
            ),
            (json!({"times": 0, "cut": true}), OrderError::Times),
            (json!({"seconds": 0, "cut": true}), OrderError::Seconds),
            (json!({"seconds": 1e300, "cut": true}), OrderError::Seconds),
            (json!({"status": 99}), OrderError::Status(99)),
            (json!({"status": 500, "cut": true}), OrderError::Both),
            (json!({"body": {}, "cut": true}), OrderError::NoStatus),
            (
                json!({"retry_after": 1, "delay_ms": 5}),
                OrderError::NoStatus,
            ),
            (json!({"delay_ms": 5, "when": "after"}), OrderError::When),
        ] {
            assert_eq!(ordered(&order), Err(error), "{order}");
        }
        for order in [
            json!({"state": 500}),
            json!({"match": {"host": "a"}, "cut": true}),
            json!([]),
            json!({"cut": true, "when": "later"}),
        ] {
            assert!(
                matches!(ordered(&order), Err(OrderError::Json(_))),
                "{order}"
            );
        }
    }
}
