//! Upstreams, their health checks and their targets.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Entity, Link, Members};
use crate::collection::Collection;

/// A name behind which there are several targets.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Upstream {
    /// Its name, which services have as their host; unique in the control plane.
    pub name: String,
    /// How a target is chosen.
    pub algorithm: Option<Algorithm>,
    /// What decides, if the same requests are to get the same target.
    pub hash_on: Option<HashOn>,
    /// What decides if there is none of that.
    pub hash_fallback: Option<HashOn>,
    /// The header that decides.
    pub hash_on_header: Option<String>,
    /// The header that decides instead.
    pub hash_fallback_header: Option<String>,
    /// The cookie that decides.
    pub hash_on_cookie: Option<String>,
    /// The path of that cookie.
    pub hash_on_cookie_path: Option<String>,
    /// The query argument that decides.
    pub hash_on_query_arg: Option<String>,
    /// The query argument that decides instead.
    pub hash_fallback_query_arg: Option<String>,
    /// The part of the path that decides.
    pub hash_on_uri_capture: Option<String>,
    /// The part of the path that decides instead.
    pub hash_fallback_uri_capture: Option<String>,
    /// The cookie that keeps clients at their targets.
    pub sticky_sessions_cookie: Option<String>,
    /// The path of that cookie.
    pub sticky_sessions_cookie_path: Option<String>,
    /// Among how many slots targets are spread.
    pub slots: Option<u32>,
    /// How targets that do not work are found.
    pub healthchecks: Option<Healthchecks>,
    /// The host that targets see.
    pub host_header: Option<String>,
    /// Whether targets see the name in an SRV record.
    pub use_srv_name: Option<bool>,
    /// The certificate that is shown to targets.
    pub client_certificate: Option<Link>,
    /// Tags.
    pub tags: Option<Vec<String>>,
    /// Members that this crate does not know.
    #[serde(flatten)]
    pub others: Members,
}

impl Entity for Upstream {
    const COLLECTION: Collection = Collection::Upstreams;
}

/// How a target is chosen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Algorithm {
    /// The same for the same requests.
    ConsistentHashing,
    /// The fastest.
    Latency,
    /// The one with the least to do.
    LeastConnections,
    /// One after the other.
    RoundRobin,
    /// The one that a client had before.
    StickySessions,
    /// A word that this crate does not know.
    #[serde(untagged)]
    Other(String),
}

/// What of a request decides about its target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HashOn {
    /// The consumer.
    Consumer,
    /// A cookie.
    Cookie,
    /// A header.
    Header,
    /// The address of the client.
    Ip,
    /// Nothing.
    None,
    /// The path.
    Path,
    /// A query argument.
    QueryArg,
    /// A part of the path.
    UriCapture,
    /// A word that this crate does not know.
    #[serde(untagged)]
    Other(String),
}

/// How targets that do not work are found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Healthchecks {
    /// By asking them.
    pub active: Option<Active>,
    /// By looking at what they answer.
    pub passive: Option<Passive>,
    /// The least part of the weight, in percent, that has to work for the upstream to work.
    pub threshold: Option<f64>,
}

/// How targets are asked.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Active {
    /// In which way.
    #[serde(rename = "type")]
    pub kind: Option<HealthcheckType>,
    /// How many at once.
    pub concurrency: Option<u32>,
    /// With which headers.
    pub headers: Option<BTreeMap<String, Vec<String>>>,
    /// For which path.
    pub http_path: Option<String>,
    /// Under which name in TLS.
    pub https_sni: Option<String>,
    /// Whether their certificates are verified.
    pub https_verify_certificate: Option<bool>,
    /// Seconds for an answer.
    pub timeout: Option<f64>,
    /// When one works again.
    pub healthy: Option<ActiveHealthy>,
    /// When one no longer works.
    pub unhealthy: Option<ActiveUnhealthy>,
}

/// When a target that is asked works again.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ActiveHealthy {
    /// Statuses that count as working.
    pub http_statuses: Option<Vec<u16>>,
    /// Seconds between questions to one that works; 0 is never.
    pub interval: Option<f64>,
    /// Good answers in a row.
    pub successes: Option<u8>,
}

/// When a target that is asked no longer works.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ActiveUnhealthy {
    /// Statuses that count as not working.
    pub http_statuses: Option<Vec<u16>>,
    /// Seconds between questions to one that does not work; 0 is never.
    pub interval: Option<f64>,
    /// Bad answers.
    pub http_failures: Option<u8>,
    /// Connections that failed.
    pub tcp_failures: Option<u8>,
    /// Answers that did not come in time.
    pub timeouts: Option<u8>,
}

/// How the answers of targets are looked at.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Passive {
    /// What kind of answers.
    #[serde(rename = "type")]
    pub kind: Option<HealthcheckType>,
    /// When one works again.
    pub healthy: Option<PassiveHealthy>,
    /// When one no longer works.
    pub unhealthy: Option<PassiveUnhealthy>,
}

/// When a target works again by what it answers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PassiveHealthy {
    /// Statuses that count as working.
    pub http_statuses: Option<Vec<u16>>,
    /// Good answers in a row.
    pub successes: Option<u8>,
}

/// When a target no longer works by what it answers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PassiveUnhealthy {
    /// Statuses that count as not working.
    pub http_statuses: Option<Vec<u16>>,
    /// Bad answers.
    pub http_failures: Option<u8>,
    /// Connections that failed.
    pub tcp_failures: Option<u8>,
    /// Answers that did not come in time.
    pub timeouts: Option<u8>,
}

/// In which way health is checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HealthcheckType {
    /// gRPC in the clear.
    Grpc,
    /// gRPC over TLS.
    Grpcs,
    /// HTTP in the clear.
    Http,
    /// HTTP over TLS.
    Https,
    /// A connection.
    Tcp,
    /// A word that this crate does not know.
    #[serde(untagged)]
    Other(String),
}

/// One of those behind an upstream.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Target {
    /// Host and port.
    pub target: String,
    /// How much of the load it takes, relative to others.
    pub weight: Option<u16>,
    /// Whether it stands in for others only.
    pub failover: Option<bool>,
    /// The upstream; which one it is the path says, so that requests need not.
    pub upstream: Option<Link>,
    /// Tags.
    pub tags: Option<Vec<String>>,
    /// Members that this crate does not know.
    #[serde(flatten)]
    pub others: Members,
}

impl Entity for Target {
    const COLLECTION: Collection = Collection::Targets;
}
