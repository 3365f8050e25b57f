//! HTTPRoute: which HTTP requests go where.

use kube::CustomResource;
use serde::{Deserialize, Serialize};

use crate::{
    filter::RouteFilter,
    reference::ParentReference,
    route::{
        GatewayDefaultScope, NameValueMatch, RouteBackendRef, RouteStatus, SessionPersistence,
    },
    wire::{open_enum, or_default},
};
/// Which HTTP requests go where.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[kube(
    group = "gateway.networking.k8s.io",
    version = "v1",
    kind = "HTTPRoute",
    namespaced,
    status = "RouteStatus",
    derive = "PartialEq",
    schema = "disabled",
    doc = "Which HTTP requests go where."
)]
#[serde(rename_all = "camelCase")]
pub struct HTTPRouteSpec {
    /// What the route attaches to.
    #[serde(
        default,
        deserialize_with = "or_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub parent_refs: Vec<ParentReference>,
    /// Whether it attaches to default Gateways (experimental).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub use_default_gateways: Option<GatewayDefaultScope>,
    /// Hosts that it is for, possibly with a wildcard; by default those of the listener.
    #[serde(
        default,
        deserialize_with = "or_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub hostnames: Vec<String>,
    /// What is done with the requests.
    #[serde(
        default,
        deserialize_with = "or_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub rules: Vec<HTTPRouteRule>,
}

/// What is done with some of the requests.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HTTPRouteRule {
    /// Name of the rule.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Which requests the rule is for: those that any of these matches; by default all.
    #[serde(
        default,
        deserialize_with = "or_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub matches: Vec<HTTPRouteMatch>,
    /// What is done to them.
    #[serde(
        default,
        deserialize_with = "or_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub filters: Vec<RouteFilter>,
    /// Where they go.
    #[serde(
        default,
        deserialize_with = "or_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub backend_refs: Vec<RouteBackendRef>,
    /// How long they may take.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeouts: Option<HTTPRouteTimeouts>,
    /// When they are tried again (experimental).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry: Option<HTTPRouteRetry>,
    /// How sessions keep to a backend (experimental).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_persistence: Option<SessionPersistence>,
}

/// Requests that fulfil all of this.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HTTPRouteMatch {
    /// What the path is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<HTTPPathMatch>,
    /// What the headers are. Of several with one name the first counts.
    #[serde(
        default,
        deserialize_with = "or_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub headers: Vec<NameValueMatch>,
    /// What the query parameters are. Of several with one name the first counts.
    #[serde(
        default,
        deserialize_with = "or_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub query_params: Vec<NameValueMatch>,
    /// What the method is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
}

/// What a path has to be.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct HTTPPathMatch {
    /// How it is compared; by default by prefix.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub type_: Option<PathMatchType>,
    /// What it is compared with; by default `/`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
}

open_enum! {
    /// How a path is compared.
    pub enum PathMatchType {
        /// It is equal.
        Exact = "Exact",
        /// It begins with these elements.
        PathPrefix = "PathPrefix",
        /// It matches an expression whose dialect is up to the implementation.
        RegularExpression = "RegularExpression",
    }
}

/// How long requests may take, such as `10s`; `0s` is as long as they want.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HTTPRouteTimeouts {
    /// From the client's request to the whole answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<String>,
    /// For one try with a backend.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backend_request: Option<String>,
}

/// When requests are tried again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HTTPRouteRetry {
    /// Status codes that are not taken for an answer.
    #[serde(
        default,
        deserialize_with = "or_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub codes: Vec<i64>,
    /// How often it is tried again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempts: Option<i64>,
    /// The least time between tries.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backoff: Option<String>,
}
