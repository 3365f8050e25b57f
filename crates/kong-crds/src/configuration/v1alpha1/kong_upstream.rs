//! KongUpstream: servers that share requests, and how their health is watched.

use std::collections::BTreeMap;

use kube::CustomResource;
use serde::{Deserialize, Serialize};

#[cfg(feature = "schema")]
use crate::schema::{blocks, rules};
use crate::{
    adopt::Adopt,
    object::object,
    reference::{ControlPlaneRef, NamespacedRef},
    status::EntityStatus,
};

/// An upstream: servers (KongTargets) that share the requests to a host name.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(kube::KubeSchema))]
#[cfg_attr(not(feature = "schema"), kube(schema = "disabled"))]
#[kube(
    group = "configuration.konghq.com",
    version = "v1alpha1",
    kind = "KongUpstream",
    namespaced,
    status = "KongUpstreamStatus",
    derive = "PartialEq",
    doc = "An upstream: servers (KongTargets) that share the requests to a host name.",
    category = "kong",
    printcolumn(
        name = "Programmed",
        type_ = "string",
        json_path = ".status.conditions[?(@.type=='Programmed')].status"
    ),
    printcolumn(
        name = "Age",
        type_ = "date",
        json_path = ".metadata.creationTimestamp"
    )
)]
#[cfg_attr(
    feature = "schema",
    kube(
        validation = rules::control_plane_is_kept(),
        validation = rules::control_plane_is_frozen(),
    ),
    x_kube(
        validation = rules::control_plane_is_not_ingress_controller(),
        validation = Rule::new("!has(self.hash_fallback) || (self.hash_fallback != 'header' \
             || has(self.hash_fallback_header))")
            .message("hash_fallback_header is required when `hash_fallback` is set to \
                 `header`."),
        validation = Rule::new("!has(self.hash_fallback) || (self.hash_fallback != \
             'query_arg' || has(self.hash_fallback_query_arg))")
            .message("hash_fallback_query_arg is required when `hash_fallback` is set to \
                 `query_arg`."),
        validation = Rule::new("!has(self.hash_fallback) || (self.hash_fallback != \
             'uri_capture' || has(self.hash_fallback_uri_capture))")
            .message("hash_fallback_uri_capture is required when `hash_fallback` is set to \
                 `uri_capture`."),
        validation = Rule::new("!has(self.hash_fallback) || (self.hash_fallback != 'cookie' \
             || has(self.hash_on_cookie))")
            .message("hash_on_cookie is required when hash_fallback is set to `cookie`."),
        validation = Rule::new("!has(self.hash_on) || (self.hash_on != 'cookie' || \
             has(self.hash_on_cookie))")
            .message("hash_on_cookie is required when hash_on is set to `cookie`."),
        validation = Rule::new("!has(self.hash_fallback) || (self.hash_fallback != 'cookie' \
             || has(self.hash_on_cookie_path))")
            .message("hash_on_cookie_path is required when hash_fallback is set to `cookie`."),
        validation = Rule::new("!has(self.hash_on) || (self.hash_on != 'cookie' || \
             has(self.hash_on_cookie_path))")
            .message("hash_on_cookie_path is required when hash_on is set to `cookie`."),
        validation = Rule::new("!has(self.hash_on) || (self.hash_on != 'header' || \
             has(self.hash_on_header))")
            .message("hash_on_header is required when hash_on is set to `header`."),
        validation = Rule::new("!has(self.hash_on) || (self.hash_on != 'query_arg' || \
             has(self.hash_on_query_arg))")
            .message("hash_on_query_arg is required when `hash_on` is set to `query_arg`."),
        validation = Rule::new("!has(self.hash_on) || (self.hash_on != 'uri_capture' || \
             has(self.hash_on_uri_capture))")
            .message("hash_on_uri_capture is required when `hash_on` is set to `uri_capture`."),
        validation = Rule::new("!has(self.algorithm) || (self.algorithm != 'sticky-sessions' \
             || has(self.sticky_sessions_cookie))")
            .message("sticky_sessions_cookie is required when algorithm is set to \
                 `sticky-sessions`."),
        validation = rules::adopt_needs_control_plane(),
        validation = rules::adopt_is_kept(),
        validation = Rule::new("!(has(self.client_certificate) && \
             has(self.clientCertificateRef))")
            .message("client_certificate and clientCertificateRef are mutually exclusive"),
    )
)]
pub struct KongUpstreamSpec {
    /// The control plane that the upstream belongs to.
    #[serde(rename = "controlPlaneRef")]
    pub control_plane_ref: ControlPlaneRef,
    /// An existing upstream in Konnect to take over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub adopt: Option<Adopt>,
    /// How requests are shared out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub algorithm: Option<String>,
    /// The certificate that is shown to the targets, by its id. Deprecated: use
    /// clientCertificateRef.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_certificate: Option<CertificateId>,
    /// The KongCertificate that is shown to the targets.
    #[serde(
        rename = "clientCertificateRef",
        skip_serializing_if = "Option::is_none"
    )]
    pub client_certificate_ref: Option<NamespacedRef>,
    /// What is hashed when the request lacks what `hash_on` names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hash_fallback: Option<String>,
    /// The header to hash, with `hash_fallback: header`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hash_fallback_header: Option<String>,
    /// The query argument to hash, with `hash_fallback: query_arg`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hash_fallback_query_arg: Option<String>,
    /// The capture of the route's path to hash, with `hash_fallback: uri_capture`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hash_fallback_uri_capture: Option<String>,
    /// What is hashed to choose a target.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hash_on: Option<String>,
    /// The cookie to hash, with `hash_on` or `hash_fallback: cookie`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hash_on_cookie: Option<String>,
    /// The path of that cookie.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hash_on_cookie_path: Option<String>,
    /// The header to hash, with `hash_on: header`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hash_on_header: Option<String>,
    /// The query argument to hash, with `hash_on: query_arg`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hash_on_query_arg: Option<String>,
    /// The capture of the route's path to hash, with `hash_on: uri_capture`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hash_on_uri_capture: Option<String>,
    /// How the health of the targets is watched.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub healthchecks: Option<Healthchecks>,
    /// Host header of requests to the targets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host_header: Option<String>,
    /// Name of the upstream: the host that services refer to it by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Slots of the load balancer.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(range(min = 10, max = 65536)))]
    pub slots: Option<i64>,
    /// Name of the cookie of sticky sessions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sticky_sessions_cookie: Option<String>,
    /// Path of that cookie.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sticky_sessions_cookie_path: Option<String>,
    /// Tags of the upstream.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(schema_with = "blocks::tags"))]
    pub tags: Option<Vec<String>>,
    /// Whether the name of an SRV record is used as the Host header.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub use_srv_name: Option<bool>,
}

/// A certificate in Konnect.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CertificateId {
    /// Id of the certificate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
}

/// How the health of targets is watched.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(kube::KubeSchema))]
#[cfg_attr(
    feature = "schema",
    x_kube(
        validation = Rule::new("self.threshold >= 0 && self.threshold <= 100")
            .message("healthcheck threshold must be between 0 and 100"),
    )
)]
pub struct Healthchecks {
    /// Requests made to find out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub active: Option<ActiveHealthcheck>,
    /// Conclusions from the requests of clients.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub passive: Option<PassiveHealthcheck>,
    /// Least percentage of healthy weight for the upstream to be healthy.
    pub threshold: f64,
}

/// Requests made to find out whether targets are healthy.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ActiveHealthcheck {
    /// How many targets are asked at a time.
    pub concurrency: i64,
    /// Headers of the requests.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub headers: Option<BTreeMap<String, Vec<String>>>,
    /// When a target is healthy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub healthy: Option<ActiveHealthy>,
    /// Path of the requests.
    pub http_path: String,
    /// Server name of the requests, with type https.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub https_sni: Option<String>,
    /// Whether the certificate of the target is verified, with type https.
    pub https_verify_certificate: bool,
    /// Seconds to wait for an answer.
    pub timeout: f64,
    /// Protocol of the requests.
    #[serde(rename = "type")]
    pub type_: String,
    /// When a target is unhealthy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unhealthy: Option<ActiveUnhealthy>,
}

/// When an asked target is healthy.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ActiveHealthy {
    /// Status codes that count as success.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http_statuses: Option<Vec<i64>>,
    /// Seconds between requests to healthy targets; never with 0.
    pub interval: f64,
    /// Successes that make a target healthy.
    pub successes: i64,
}

/// When an asked target is unhealthy.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ActiveUnhealthy {
    /// Failures by status code that make a target unhealthy.
    pub http_failures: i64,
    /// Status codes that count as failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http_statuses: Option<Vec<i64>>,
    /// Seconds between requests to unhealthy targets; never with 0.
    pub interval: f64,
    /// Failed connections that make a target unhealthy.
    pub tcp_failures: i64,
    /// Requests without an answer that make a target unhealthy.
    pub timeouts: i64,
}

/// Conclusions from the requests of clients.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PassiveHealthcheck {
    /// When a target is healthy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub healthy: Option<PassiveHealthy>,
    /// Protocol of the requests.
    #[serde(rename = "type")]
    pub type_: String,
    /// When a target is unhealthy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unhealthy: Option<PassiveUnhealthy>,
}

/// When an observed target is healthy.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PassiveHealthy {
    /// Status codes that count as success.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http_statuses: Option<Vec<i64>>,
    /// Successes that make a target healthy.
    pub successes: i64,
}

/// When an observed target is unhealthy.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PassiveUnhealthy {
    /// Failures by status code that make a target unhealthy.
    pub http_failures: i64,
    /// Status codes that count as failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http_statuses: Option<Vec<i64>>,
    /// Failed connections that make a target unhealthy.
    pub tcp_failures: i64,
    /// Requests without an answer that make a target unhealthy.
    pub timeouts: i64,
}

/// Status of a KongUpstream.
pub type KongUpstreamStatus = EntityStatus<UpstreamIds>;

/// Ids that an upstream belongs to or uses.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UpstreamIds {
    /// Id of the control plane.
    #[serde(rename = "controlPlaneID", skip_serializing_if = "Option::is_none")]
    pub control_plane_id: Option<String>,
    /// Id of the client certificate.
    #[serde(rename = "certificateID", skip_serializing_if = "Option::is_none")]
    pub certificate_id: Option<String>,
}

object!(
    KongUpstream,
    spec: KongUpstreamSpec,
    status: KongUpstreamStatus,
    conditions: [
        PROGRAMMED, CONTROL_PLANE_REF_VALID, RESOLVED_REFS, API_AUTH_RESOLVED_REF, API_AUTH_VALID,
        CERTIFICATE_REF_VALID, ADOPTED,
    ],
);
