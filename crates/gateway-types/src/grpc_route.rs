//! GRPCRoute: which calls go where.

use kube::CustomResource;
use serde::{Deserialize, Serialize};

use crate::{
    filter::RouteFilter,
    reference::ParentReference,
    route::{
        GatewayDefaultScope, MatchType, NameValueMatch, RouteBackendRef, RouteStatus,
        SessionPersistence,
    },
    wire::or_default,
};
/// Which gRPC calls go where.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[kube(
    group = "gateway.networking.k8s.io",
    version = "v1",
    kind = "GRPCRoute",
    namespaced,
    status = "RouteStatus",
    derive = "PartialEq",
    schema = "disabled",
    doc = "Which gRPC calls go where."
)]
#[serde(rename_all = "camelCase")]
pub struct GRPCRouteSpec {
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
    /// What is done with the calls.
    #[serde(
        default,
        deserialize_with = "or_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub rules: Vec<GRPCRouteRule>,
}

/// What is done with some of the calls.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GRPCRouteRule {
    /// Name of the rule.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Which calls the rule is for: those that any of these matches; by default all.
    #[serde(
        default,
        deserialize_with = "or_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub matches: Vec<GRPCRouteMatch>,
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
    /// How sessions keep to a backend (experimental).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_persistence: Option<SessionPersistence>,
}

/// Calls that fulfil all of this.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GRPCRouteMatch {
    /// What service and method are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<GRPCMethodMatch>,
    /// What the headers are. Of several with one name the first counts.
    #[serde(
        default,
        deserialize_with = "or_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub headers: Vec<NameValueMatch>,
}

/// What a call has to be of. At least one of service and method is there.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct GRPCMethodMatch {
    /// How they are compared; by default exactly.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub type_: Option<MatchType>,
    /// The service, with its package; by default any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// The method; by default any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
}
