//! `spec.adopt`: taking over an entity that exists in Konnect already.

use serde::{Deserialize, Serialize};

#[cfg(feature = "schema")]
use crate::schema::rules;

/// The entity to take over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(kube::KubeSchema))]
#[cfg_attr(
    feature = "schema",
    x_kube(
        validation = rules::adopt_source_is_immutable(),
        validation = rules::adopt_options_are_set(),
        validation = rules::adopted_id_is_immutable(),
    )
)]
pub struct Adopt {
    /// Where the entity is.
    pub from: AdoptFrom,
    /// How to take it over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<AdoptMode>,
    /// The entity in Konnect; required with from konnect.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub konnect: Option<AdoptKonnect>,
}

/// Where adopted entities come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub enum AdoptFrom {
    /// Konnect.
    Konnect,
    /// A value that is not known here.
    #[serde(other)]
    #[cfg_attr(feature = "schema", schemars(skip))]
    Unknown,
}

/// What to do when the entity differs from the spec.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub enum AdoptMode {
    /// Refuse: it is taken over only if it is as the spec says.
    Match,
    /// Change it to what the spec says.
    Override,
    /// A value that is not known here.
    #[serde(other)]
    #[cfg_attr(feature = "schema", schemars(skip))]
    Unknown,
}

/// An entity in Konnect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AdoptKonnect {
    /// Id of the entity.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 36)))]
    pub id: String,
}
