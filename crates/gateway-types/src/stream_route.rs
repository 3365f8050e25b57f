//! TLSRoute, TCPRoute and UDPRoute: which connections go where. They differ in their listeners, and
//! TLSRoute alone looks at a host name.

use kube::CustomResource;
use serde::{Deserialize, Serialize};

use crate::{
    reference::{BackendRef, ParentReference},
    route::{GatewayDefaultScope, RouteStatus},
    wire::or_default,
};
/// Which TLS connections go where.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[kube(
    group = "gateway.networking.k8s.io",
    version = "v1",
    kind = "TLSRoute",
    namespaced,
    status = "RouteStatus",
    derive = "PartialEq",
    schema = "disabled",
    doc = "Which TLS connections go where."
)]
#[serde(rename_all = "camelCase")]
pub struct TLSRouteSpec {
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
    /// Server names that it is for, possibly with a wildcard. Older versions may leave them out:
    /// then those of the listener.
    #[serde(
        default,
        deserialize_with = "or_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub hostnames: Vec<String>,
    /// Where the connections go.
    #[serde(default, deserialize_with = "or_default")]
    pub rules: Vec<StreamRouteRule>,
}

/// Where TCP connections go.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[kube(
    group = "gateway.networking.k8s.io",
    version = "v1",
    kind = "TCPRoute",
    namespaced,
    status = "RouteStatus",
    derive = "PartialEq",
    schema = "disabled",
    doc = "Where TCP connections go."
)]
#[serde(rename_all = "camelCase")]
pub struct TCPRouteSpec {
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
    /// Where the connections go.
    #[serde(default, deserialize_with = "or_default")]
    pub rules: Vec<StreamRouteRule>,
}

/// Where UDP packets go.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[kube(
    group = "gateway.networking.k8s.io",
    version = "v1",
    kind = "UDPRoute",
    namespaced,
    status = "RouteStatus",
    derive = "PartialEq",
    schema = "disabled",
    doc = "Where UDP packets go."
)]
#[serde(rename_all = "camelCase")]
pub struct UDPRouteSpec {
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
    /// Where the packets go.
    #[serde(default, deserialize_with = "or_default")]
    pub rules: Vec<StreamRouteRule>,
}

/// Where connections go.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StreamRouteRule {
    /// Name of the rule.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Backends that share them.
    #[serde(default, deserialize_with = "or_default")]
    pub backend_refs: Vec<BackendRef>,
}
