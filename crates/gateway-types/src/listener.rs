//! Listeners, of Gateways and of ListenerSets, with their status.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, LabelSelector};
use serde::{Deserialize, Serialize};

use crate::{
    reference::{RouteGroupKind, SecretObjectReference},
    wire::{open_enum, or_default},
};
/// Where requests are accepted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Listener {
    /// Name of the listener, which routes refer to as a section.
    pub name: String,
    /// Host names that it is for, possibly with a wildcard; by default all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hostname: Option<String>,
    /// Its port.
    pub port: i64,
    /// Its protocol.
    pub protocol: Protocol,
    /// How TLS connections are treated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls: Option<ListenerTLS>,
    /// Which routes may attach.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allowed_routes: Option<AllowedRoutes>,
}

open_enum! {
    /// Protocols of listeners. An implementation may have others, with a domain before the name.
    pub enum Protocol {
        /// HTTP without TLS.
        HTTP = "HTTP",
        /// HTTP over TLS.
        HTTPS = "HTTPS",
        /// TLS, whatever is in it.
        TLS = "TLS",
        /// TCP.
        TCP = "TCP",
        /// UDP.
        UDP = "UDP",
    }
}

/// How TLS connections are treated.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ListenerTLS {
    /// Where TLS ends; by default here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<TLSMode>,
    /// Certificates to show.
    #[serde(
        default,
        deserialize_with = "or_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub certificate_refs: Vec<SecretObjectReference>,
    /// Options of the implementation.
    #[serde(
        default,
        deserialize_with = "or_default",
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    pub options: BTreeMap<String, String>,
}

open_enum! {
    /// Where a TLS connection ends.
    pub enum TLSMode {
        /// At the gateway.
        Terminate = "Terminate",
        /// At the backend.
        Passthrough = "Passthrough",
    }
}

/// Which routes may attach to a listener.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AllowedRoutes {
    /// Where they may be; by default in the same namespace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespaces: Option<NamespaceSelection>,
    /// Of which kinds they may be; by default all that the protocol allows.
    #[serde(
        default,
        deserialize_with = "or_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub kinds: Vec<RouteGroupKind>,
}

/// Which namespaces are meant.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct NamespaceSelection {
    /// The sort of choice; what the default is depends on where it stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<FromNamespaces>,
    /// Labels of the namespaces, for the choice by selector.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub selector: Option<LabelSelector>,
}

open_enum! {
    /// The sorts of choices of namespaces.
    pub enum FromNamespaces {
        /// All.
        All = "All",
        /// Those with certain labels.
        Selector = "Selector",
        /// That of the object which chooses.
        Same = "Same",
        /// None.
        None = "None",
    }
}

/// How a listener is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ListenerStatus {
    /// Name of the listener.
    pub name: String,
    /// Kinds of routes that may attach.
    #[serde(
        default,
        deserialize_with = "or_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub supported_kinds: Vec<RouteGroupKind>,
    /// How many routes have attached.
    pub attached_routes: i64,
    /// What is right or wrong with the listener.
    #[serde(default, deserialize_with = "or_default")]
    pub conditions: Vec<Condition>,
}
