//! KongUpstreamPolicy: how the pods of a Service share requests, and how their health is watched.

use std::collections::BTreeMap;

use gateway_types::PolicyAncestorStatus;
use kube::CustomResource;
use serde::{Deserialize, Serialize};

#[cfg(feature = "schema")]
use crate::schema::blocks;

/// How the pods of a Service share requests, and how their health is watched. Services name it in the
/// annotation `konghq.com/upstream-policy`.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(not(feature = "schema"), kube(schema = "disabled"))]
#[kube(
    group = "configuration.konghq.com",
    version = "v1beta1",
    kind = "KongUpstreamPolicy",
    plural = "kongupstreampolicies",
    namespaced,
    status = "KongUpstreamPolicyStatus",
    derive = "PartialEq",
    doc = "How the pods of a Service share requests, and how their health is watched.",
    shortname = "kup",
    category = "kong",
    label("gateway.networking.k8s.io/policy", "direct"),
    printcolumn(
        name = "Age",
        type_ = "date",
        json_path = ".metadata.creationTimestamp"
    )
)]
#[cfg_attr(
    feature = "schema",
    kube(
        validation = Rule::new("has(self.spec.hashOn) ? [has(self.spec.hashOn.input), \
             has(self.spec.hashOn.cookie), has(self.spec.hashOn.header), \
             has(self.spec.hashOn.uriCapture), has(self.spec.hashOn.queryArg)]\
             .filter(fieldSet, fieldSet == true).size() <= 1 : true")
            .message("Only one of spec.hashOn.(input|cookie|header|uriCapture|queryArg) can be \
                 set."),
        validation = Rule::new("has(self.spec.hashOn) && has(self.spec.hashOn.cookie) ? \
             has(self.spec.hashOn.cookiePath) : true")
            .message("When spec.hashOn.cookie is set, spec.hashOn.cookiePath is required."),
        validation = Rule::new("has(self.spec.hashOn) && has(self.spec.hashOn.cookiePath) ? \
             has(self.spec.hashOn.cookie) : true")
            .message("When spec.hashOn.cookiePath is set, spec.hashOn.cookie is required."),
        validation = Rule::new("has(self.spec.hashOn) ? has(self.spec.algorithm) && \
             (self.spec.algorithm == \"consistent-hashing\" || self.spec.algorithm == \
             \"sticky-sessions\") : true")
            .message("spec.algorithm must be set to either 'consistent-hashing' or \
                 'sticky-sessions' when spec.hashOn is set."),
        validation = Rule::new("has(self.spec.hashOnFallback) ? \
             [has(self.spec.hashOnFallback.input), has(self.spec.hashOnFallback.header), \
             has(self.spec.hashOnFallback.uriCapture), has(self.spec.hashOnFallback.queryArg)]\
             .filter(fieldSet, fieldSet == true).size() <= 1 : true")
            .message("Only one of spec.hashOnFallback.(input|header|uriCapture|queryArg) can be \
                 set."),
        validation = Rule::new("has(self.spec.hashOnFallback) ? has(self.spec.algorithm) && \
             self.spec.algorithm == \"consistent-hashing\" : true")
            .message("spec.algorithm must be set to \"consistent-hashing\" when \
                 spec.hashOnFallback is set."),
        validation = Rule::new("has(self.spec.hashOn) && has(self.spec.hashOn.cookie) ? \
             !has(self.spec.hashOnFallback) : true")
            .message("spec.hashOnFallback must not be set when spec.hashOn.cookie is set."),
        validation = Rule::new("has(self.spec.healthchecks) && \
             has(self.spec.healthchecks.passive) && \
             has(self.spec.healthchecks.passive.healthy) ? \
             !has(self.spec.healthchecks.passive.healthy.interval) : true")
            .message("spec.healthchecks.passive.healthy.interval must not be set."),
        validation = Rule::new("has(self.spec.healthchecks) && \
             has(self.spec.healthchecks.passive) && \
             has(self.spec.healthchecks.passive.unhealthy) ? \
             !has(self.spec.healthchecks.passive.unhealthy.interval) : true")
            .message("spec.healthchecks.passive.unhealthy.interval must not be set."),
        validation = Rule::new("has(self.spec.stickySessions) ? (has(self.spec.hashOn) && \
             has(self.spec.hashOn.input) && self.spec.hashOn.input == 'none' && \
             !has(self.spec.hashOn.cookie) && !has(self.spec.hashOn.cookiePath) && \
             !has(self.spec.hashOn.header) && !has(self.spec.hashOn.uriCapture) && \
             !has(self.spec.hashOn.queryArg)) : true")
            .message("When spec.stickySessions is set, spec.hashOn.input must be set to 'none' \
                 (no other hash_on fields allowed)."),
        validation = Rule::new("has(self.spec.stickySessions) ? \
             has(self.spec.stickySessions.cookie) : true")
            .message("spec.stickySessions.cookie is required when spec.stickySessions is set."),
        validation = Rule::new("has(self.spec.stickySessions) ? (has(self.spec.algorithm) && \
             self.spec.algorithm == \"sticky-sessions\") : true")
            .message("spec.algorithm must be set to 'sticky-sessions' when spec.stickySessions \
                 is set."),
    )
)]
#[serde(rename_all = "camelCase")]
pub struct KongUpstreamPolicySpec {
    /// How requests are shared out; by default in turns.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub algorithm: Option<Algorithm>,
    /// What is hashed to choose a pod.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hash_on: Option<HashInput>,
    /// What is hashed when the request lacks what hashOn names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hash_on_fallback: Option<HashInput>,
    /// How the health of the pods is watched.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub healthchecks: Option<PolicyHealthchecks>,
    /// Slots of the load balancer.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(range(min = 10, max = 65536)))]
    pub slots: Option<u64>,
    /// The cookie that keeps a session with its pod, with the algorithm sticky-sessions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sticky_sessions: Option<StickySessions>,
}

/// How requests are shared out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Algorithm {
    /// In turns.
    RoundRobin,
    /// By a hash of the request.
    ConsistentHashing,
    /// To whoever has the fewest.
    LeastConnections,
    /// To whoever answers fastest.
    Latency,
    /// To whoever has had the session before.
    StickySessions,
    /// A value that is not known here.
    #[serde(other)]
    #[cfg_attr(feature = "schema", schemars(skip))]
    Unknown,
}

/// What is hashed: one of these.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct HashInput {
    /// The value of a cookie, which Kong sets if it is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cookie: Option<String>,
    /// Path of that cookie.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cookie_path: Option<String>,
    /// The value of a header.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub header: Option<String>,
    /// Something that every request has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input: Option<PlainHashInput>,
    /// The value of a query argument.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub query_arg: Option<String>,
    /// A capture of the route's path.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uri_capture: Option<String>,
}

/// Something that every request has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum PlainHashInput {
    /// The address of the client.
    Ip,
    /// The consumer.
    Consumer,
    /// The path.
    Path,
    /// Nothing.
    None,
    /// A value that is not known here.
    #[serde(other)]
    #[cfg_attr(feature = "schema", schemars(skip))]
    Unknown,
}

/// How the health of pods is watched.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PolicyHealthchecks {
    /// Requests made to find out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub active: Option<PolicyActiveHealthcheck>,
    /// Conclusions from the requests of clients.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub passive: Option<PolicyPassiveHealthcheck>,
    /// Least percentage of healthy weight for the upstream to be healthy.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(range(min = 0, max = 100)))]
    pub threshold: Option<u64>,
}

/// Requests made to find out whether pods are healthy.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct PolicyActiveHealthcheck {
    /// How many pods are asked at a time.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(range(min = 1)))]
    pub concurrency: Option<u64>,
    /// Headers of the requests.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub headers: Option<BTreeMap<String, Vec<String>>>,
    /// When a pod is healthy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub healthy: Option<PolicyHealthy>,
    /// Path of the requests.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(regex(pattern = "^/.*$")))]
    pub http_path: Option<String>,
    /// Server name of the requests, with type https.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub https_sni: Option<String>,
    /// Whether the certificate of the pod is verified, with type https.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub https_verify_certificate: Option<bool>,
    /// Seconds to wait for an answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout: Option<u64>,
    /// Protocol of the requests.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub type_: Option<HealthcheckType>,
    /// When a pod is unhealthy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unhealthy: Option<PolicyUnhealthy>,
}

/// Conclusions from the requests of clients.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PolicyPassiveHealthcheck {
    /// When a pod is healthy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub healthy: Option<PolicyHealthy>,
    /// Protocol of the requests.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub type_: Option<HealthcheckType>,
    /// When a pod is unhealthy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unhealthy: Option<PolicyUnhealthy>,
}

/// Protocols by which health is watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum HealthcheckType {
    /// HTTP.
    Http,
    /// HTTP over TLS.
    Https,
    /// TCP.
    Tcp,
    /// gRPC.
    Grpc,
    /// gRPC over TLS.
    Grpcs,
    /// A value that is not known here.
    #[serde(other)]
    #[cfg_attr(feature = "schema", schemars(skip))]
    Unknown,
}

/// When a pod is healthy.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct PolicyHealthy {
    /// Status codes that count as success.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(schema_with = "blocks::http_statuses"))]
    pub http_statuses: Option<Vec<i64>>,
    /// Seconds between requests to healthy pods; never with 0. Not for conclusions from the requests of
    /// clients.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interval: Option<u64>,
    /// Successes that make a pod healthy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub successes: Option<u64>,
}

/// When a pod is unhealthy.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct PolicyUnhealthy {
    /// Failures by status code that make a pod unhealthy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http_failures: Option<u64>,
    /// Status codes that count as failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(schema_with = "blocks::http_statuses"))]
    pub http_statuses: Option<Vec<i64>>,
    /// Seconds between requests to unhealthy pods; never with 0. Not for conclusions from the requests
    /// of clients.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interval: Option<u64>,
    /// Failed connections that make a pod unhealthy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tcp_failures: Option<u64>,
    /// Requests without an answer that make a pod unhealthy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeouts: Option<u64>,
}

/// The cookie that keeps a session with its pod.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct StickySessions {
    /// Name of the cookie.
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    pub cookie: String,
    /// Path of the cookie.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(extend("default" = "/")))]
    pub cookie_path: Option<String>,
}

/// Status of a KongUpstreamPolicy.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct KongUpstreamPolicyStatus {
    /// How the policy stands with each Service that names it.
    #[cfg_attr(feature = "schema", schemars(schema_with = "blocks::ancestors"))]
    pub ancestors: Vec<PolicyAncestorStatus>,
}
