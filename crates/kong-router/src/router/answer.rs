//! What a request comes to, and what can be said about why.

use serde::Serialize;
use uuid::Uuid;

use super::Loss;
use crate::plugins::Applied;
use crate::{Balancing, Demand, Priority};

/// What a request comes to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Answer {
    /// The route that it takes. Nothing if the gateway answers without one.
    pub route: Option<String>,
    /// The service of that route.
    pub service: Option<String>,
    /// What the service is asked for, with the query.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upstream_uri: Option<String>,
    /// The `Host` header that the service sees. Nothing if its targets see different ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upstream_host: Option<String>,
    /// The status that the client gets; 200 stands for whatever the service answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Where the client is sent instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
    /// For a stream: whether the connection reaches the service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answered: Option<bool>,
    /// Whether Kong may answer otherwise when it is asked again.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub nondeterministic: bool,
    /// Whether the route is that of an earlier request, which differs in its protocol, and not the one that the first
    /// request of this kind would take.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub remembered: bool,
    /// What of the answer is not modelled, and why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unknown: Option<String>,
}

impl Answer {
    /// Of the gateway itself, without a route.
    pub(super) fn of_the_gateway(status: u16) -> Self {
        Self {
            status: Some(status),
            ..Self::default()
        }
    }
}

/// An answer with its reasons.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Explanation {
    /// The answer.
    #[serde(flatten)]
    pub answer: Answer,
    /// What of a route won.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub winner: Option<Candidate>,
    /// What else held, and why it lost.
    pub runners_up: Vec<Candidate>,
    /// What did not hold.
    #[serde(skip)]
    pub misses: Vec<Miss>,
    /// The targets of the service, if it is an upstream.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub targets: Option<Balancing>,
    /// The plugins that the request meets, in their order.
    pub plugins: Vec<Applied>,
}

/// A part of a route that holds for a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Candidate {
    /// The name of the route.
    pub route: String,
    /// Where the route stands in the configuration.
    pub place: String,
    /// The name of its service.
    pub service: Option<String>,
    /// The id of the part.
    pub id: Uuid,
    /// Its priority.
    #[serde(serialize_with = "priority")]
    pub priority: Priority,
    /// The expression that holds.
    pub expression: String,
    /// Why it lost; nothing for the winner.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lost: Option<Loss>,
    /// Whether it can win when Kong is asked again.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub may_win: bool,
}

/// A part of a route that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Miss {
    /// The name of the route.
    pub route: String,
    /// The id of the part.
    pub part: Uuid,
    /// The paths that are in the part.
    pub paths: Vec<String>,
    /// What it asks for and does not get.
    pub unmet: Vec<Demand>,
}

/// As a text: not everybody who reads JSON can hold 64 bits.
fn priority<S: serde::Serializer>(priority: &Priority, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&priority.interpreted.to_string())
}
