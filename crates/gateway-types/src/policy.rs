//! BackendTLSPolicy: how a backend is spoken to over TLS; and the status that all policies have.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::CustomResource;
use serde::{Deserialize, Serialize};

use crate::{
    reference::{LocalObjectReference, ParentReference, PolicyTargetReference},
    wire::{open_enum, or_default},
};
/// How backends are spoken to over TLS.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[kube(
    group = "gateway.networking.k8s.io",
    version = "v1",
    kind = "BackendTLSPolicy",
    namespaced,
    status = "PolicyStatus",
    derive = "PartialEq",
    schema = "disabled",
    doc = "How backends are spoken to over TLS."
)]
#[serde(rename_all = "camelCase")]
pub struct BackendTLSPolicySpec {
    /// The backends: Services, or single ports of them.
    #[serde(default, deserialize_with = "or_default")]
    pub target_refs: Vec<PolicyTargetReference>,
    /// How their certificates are checked.
    pub validation: BackendTLSValidation,
    /// Options of the implementation.
    #[serde(
        default,
        deserialize_with = "or_default",
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    pub options: BTreeMap<String, String>,
}

/// How the certificate of a backend is checked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BackendTLSValidation {
    /// Authorities that may have signed it; not with well-known ones.
    #[serde(
        default,
        deserialize_with = "or_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub ca_certificate_refs: Vec<LocalObjectReference>,
    /// Well-known authorities that may have signed it.
    #[serde(
        rename = "wellKnownCACertificates",
        skip_serializing_if = "Option::is_none"
    )]
    pub well_known_ca_certificates: Option<WellKnownCACertificates>,
    /// The server name to ask for, and to find in the certificate unless there are alternative
    /// names.
    pub hostname: String,
    /// Names of which the certificate has to have one.
    #[serde(
        default,
        deserialize_with = "or_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub subject_alt_names: Vec<SubjectAltName>,
}

open_enum! {
    /// Sets of well-known authorities. An implementation may have others, with a domain before
    /// the name.
    pub enum WellKnownCACertificates {
        /// Those of the system.
        System = "System",
    }
}

/// A name in a certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubjectAltName {
    /// Which sort of name.
    #[serde(rename = "type")]
    pub type_: SubjectAltNameType,
    /// The host name, of that sort.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hostname: Option<String>,
    /// The URI, of that sort.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uri: Option<String>,
}

open_enum! {
    /// The sorts of names in a certificate.
    pub enum SubjectAltNameType {
        /// A host name.
        Hostname = "Hostname",
        /// A URI, such as a SPIFFE id.
        URI = "URI",
    }
}

/// Status of a policy: an entry for each ancestor and controller.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PolicyStatus {
    /// The entries, those of other controllers among them.
    #[serde(default, deserialize_with = "or_default")]
    pub ancestors: Vec<PolicyAncestorStatus>,
}

/// How a policy stands with one ancestor: a Gateway, or whatever its effect begins at.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PolicyAncestorStatus {
    /// The ancestor.
    pub ancestor_ref: ParentReference,
    /// Who says so.
    pub controller_name: String,
    /// What is right or wrong.
    #[serde(default, deserialize_with = "or_default")]
    pub conditions: Vec<Condition>,
}
