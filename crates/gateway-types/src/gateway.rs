//! Gateway: where requests are accepted, and how.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::CustomResource;
use serde::{Deserialize, Serialize};

use crate::{
    listener::{Listener, ListenerStatus, NamespaceSelection},
    reference::{LocalObjectReference, ObjectReference, SecretObjectReference},
    route::GatewayDefaultScope,
    wire::{open_enum, or_default},
};
/// Where requests are accepted, and how.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[kube(
    group = "gateway.networking.k8s.io",
    version = "v1",
    kind = "Gateway",
    namespaced,
    status = "GatewayStatus",
    derive = "PartialEq",
    schema = "disabled",
    doc = "Where requests are accepted, and how."
)]
#[serde(rename_all = "camelCase")]
pub struct GatewaySpec {
    /// Name of the GatewayClass.
    pub gateway_class_name: String,
    /// Where requests are accepted.
    #[serde(default, deserialize_with = "or_default")]
    pub listeners: Vec<Listener>,
    /// Addresses that are wanted; by default whatever there is.
    #[serde(
        default,
        deserialize_with = "or_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub addresses: Vec<GatewayAddress>,
    /// What is to be said of the objects that are made for the Gateway.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub infrastructure: Option<GatewayInfrastructure>,
    /// Which ListenerSets may attach; by default none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allowed_listeners: Option<AllowedListeners>,
    /// TLS settings of the Gateway as a whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls: Option<GatewayTLS>,
    /// For which routes without parents the Gateway is one (experimental).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_scope: Option<GatewayDefaultScope>,
}

/// An address.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct GatewayAddress {
    /// Which sort of address; by default an IP address.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub type_: Option<AddressType>,
    /// The address; an empty one asks for any of that sort.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
}

open_enum! {
    /// The sorts of addresses. An implementation may have others, with a domain before the name.
    pub enum AddressType {
        /// An IPv4 or IPv6 address.
        IPAddress = "IPAddress",
        /// A name in DNS.
        Hostname = "Hostname",
        /// A name that the implementation knows.
        NamedAddress = "NamedAddress",
    }
}

/// What is to be said of the objects that are made for a Gateway.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GatewayInfrastructure {
    /// Labels for them.
    #[serde(
        default,
        deserialize_with = "or_default",
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    pub labels: BTreeMap<String, String>,
    /// Annotations for them.
    #[serde(
        default,
        deserialize_with = "or_default",
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    pub annotations: BTreeMap<String, String>,
    /// Configuration of the implementation for this Gateway.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parameters_ref: Option<LocalObjectReference>,
}

/// Which ListenerSets may attach to a Gateway.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AllowedListeners {
    /// Where they may be; by default nowhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespaces: Option<NamespaceSelection>,
}

/// TLS settings of a Gateway as a whole.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GatewayTLS {
    /// Towards backends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backend: Option<BackendTLS>,
    /// Towards clients.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frontend: Option<FrontendTLS>,
}

/// TLS settings of a Gateway towards backends.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BackendTLS {
    /// The certificate that is shown to backends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_certificate_ref: Option<SecretObjectReference>,
}

/// TLS settings of a Gateway towards clients.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FrontendTLS {
    /// For ports of which nothing else is said.
    pub default: ClientTLS,
    /// For single ports.
    #[serde(
        default,
        deserialize_with = "or_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub per_port: Vec<PortTLS>,
}

/// TLS settings of the listeners on one port.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PortTLS {
    /// The port.
    pub port: i64,
    /// The settings.
    pub tls: ClientTLS,
}

/// TLS settings towards clients.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientTLS {
    /// How certificates of clients are checked; by default they are not asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validation: Option<ClientValidation>,
}

/// How certificates of clients are checked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClientValidation {
    /// Authorities that may have signed them.
    #[serde(default, deserialize_with = "or_default")]
    pub ca_certificate_refs: Vec<ObjectReference>,
    /// What becomes of clients that fail; by default they are refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<ClientValidationMode>,
}

open_enum! {
    /// What becomes of clients without a valid certificate.
    pub enum ClientValidationMode {
        /// They are refused.
        AllowValidOnly = "AllowValidOnly",
        /// They are let in.
        AllowInsecureFallback = "AllowInsecureFallback",
    }
}

/// Status of a Gateway.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GatewayStatus {
    /// Addresses at which requests are accepted.
    #[serde(
        default,
        deserialize_with = "or_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub addresses: Vec<GatewayAddress>,
    /// What is right or wrong with the Gateway.
    #[serde(
        default,
        deserialize_with = "or_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub conditions: Vec<Condition>,
    /// How each listener is.
    #[serde(
        default,
        deserialize_with = "or_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub listeners: Vec<ListenerStatus>,
    /// How many ListenerSets have attached.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attached_listener_sets: Option<i64>,
}
