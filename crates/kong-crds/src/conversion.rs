//! Documents of one version of a kind as documents of another, without loss.
//!
//! What the target version has no field for is kept in an annotation (see `loss`) and put back when the
//! document returns. Pure: usable by a webhook, by [`read`](crate::read()) and by the simulated API
//! server. Start with [`convert`]; the fields are in the module of the kind.

mod control_plane;
mod loss;

use serde_json::Value;

use crate::{Kind, read};

/// A document cannot be had in the version asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConversionError {
    /// The document has no `apiVersion` and `kind` that we know.
    #[error("document is of no known kind")]
    UnknownKind,
    /// There is no way from that version to the other.
    #[error("{kind} cannot be converted from version \"{from}\" to \"{to}\"")]
    NoWay {
        /// The kind of the document.
        kind: Kind,
        /// The version it is in.
        from: String,
        /// The version asked for.
        to: String,
    },
}

/// Rewrites a document of one version as one of another; what has no place there is lost.
type Rewrite = fn(&mut Value);

/// Every way from one version of a kind to another.
const REWRITES: &[(Kind, &str, &str, Rewrite)] = &[
    (
        Kind::KonnectGatewayControlPlane,
        "v1alpha1",
        "v1alpha2",
        control_plane::to_v1alpha2,
    ),
    (
        Kind::KonnectGatewayControlPlane,
        "v1alpha2",
        "v1alpha1",
        control_plane::to_v1alpha1,
    ),
];

/// The version of the Gateway API whose schemas are ours, and older ones from which documents are taken as they are:
/// the fields of these kinds are the same, or fewer.
const GATEWAY_API: (&str, &[(Kind, &[&str])]) = (
    "v1",
    &[
        (Kind::BackendTLSPolicy, &["v1alpha3"]),
        (Kind::Gateway, &["v1beta1"]),
        (Kind::GatewayClass, &["v1beta1"]),
        (Kind::GRPCRoute, &["v1alpha2"]),
        (Kind::HTTPRoute, &["v1beta1"]),
        (Kind::ReferenceGrant, &["v1beta1", "v1alpha2"]),
        (Kind::TCPRoute, &["v1alpha2"]),
        (Kind::TLSRoute, &["v1alpha2", "v1alpha3"]),
        (Kind::UDPRoute, &["v1alpha2"]),
    ],
);

/// Whether a document of one version of a kind says the same in another one.
fn says_the_same(kind: Kind, from: &str, to: &str) -> bool {
    let (ours, kinds) = GATEWAY_API;
    to == ours
        && kinds
            .iter()
            .any(|(of, versions)| *of == kind && versions.contains(&from))
}

/// Converts a document to another version of its kind.
///
/// There and back again gives the same document. Edits made in between stay, and only what the edits
/// left alone is put back.
pub fn convert(mut document: Value, to_version: &str) -> Result<Value, ConversionError> {
    let kind = read::kind_of(&document).map_err(|_| ConversionError::UnknownKind)?;
    let from_version = version_of(&document).to_owned();
    if from_version == to_version {
        return Ok(document);
    }
    if says_the_same(kind, &from_version, to_version) {
        document["apiVersion"] = format!("{}/{to_version}", kind.group()).into();
        return Ok(document);
    }
    let there = rewrite(kind, &from_version, to_version)?;
    let back = rewrite(kind, to_version, &from_version)?;

    let saved = loss::take(&mut document, to_version);
    let mut converted = document.clone();
    there(&mut converted);
    loss::restore(&mut converted, saved);

    let mut returned = converted.clone();
    back(&mut returned);
    // No way touches the metadata; what the annotation's own comings and goings do to it is seen to
    // where it is written.
    returned["metadata"] = document["metadata"].clone();
    let losses = loss::between(&document, &returned);
    if !losses.is_empty() || loss::is_saved(&converted, &from_version) {
        loss::save(&mut converted, &from_version, losses);
    }
    Ok(converted)
}

fn version_of(document: &Value) -> &str {
    let api_version = document["apiVersion"].as_str().unwrap_or_default();
    api_version
        .rsplit_once('/')
        .map_or(api_version, |(_, version)| version)
}

fn rewrite(kind: Kind, from: &str, to: &str) -> Result<Rewrite, ConversionError> {
    REWRITES
        .iter()
        .find(|(of, since, until, _)| *of == kind && *since == from && *until == to)
        .map(|(.., rewrite)| *rewrite)
        .ok_or_else(|| ConversionError::NoWay {
            kind,
            from: from.to_owned(),
            to: to.to_owned(),
        })
}
