//! Status of objects: conditions, and where in Konnect their entities are.
//!
//! Entities of Kong's configuration share [`EntityStatus`]; what else their status names (the ids of
//! the entities that they belong to or use) is its parameter. Kinds with a status of their own have
//! it in their type file. Kinds of the group `konnect.konghq.com` have the ids at the top: [`KonnectStatus`].

use std::fmt;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

#[cfg(feature = "schema")]
use crate::schema::blocks;

/// What the status of any kind can tell.
pub trait Status:
    Clone + PartialEq + fmt::Debug + Default + Serialize + DeserializeOwned + Send + Sync + 'static
{
    /// The conditions; none where a kind has no status.
    fn conditions(&self) -> &[Condition];
}

impl Status for () {
    fn conditions(&self) -> &[Condition] {
        &[]
    }
}

/// Status of an entity of Kong's configuration.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(extend("default" = blocks::pending_status())))]
pub struct EntityStatus<I> {
    /// What is right or wrong with the object.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(
        feature = "schema",
        schemars(schema_with = "blocks::entity_conditions")
    )]
    pub conditions: Vec<Condition>,
    /// Where in Konnect the entity is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub konnect: Option<KonnectIds<I>>,
}

impl<I> Status for EntityStatus<I>
where
    I: Clone
        + PartialEq
        + fmt::Debug
        + Default
        + Serialize
        + DeserializeOwned
        + Send
        + Sync
        + 'static,
{
    fn conditions(&self) -> &[Condition] {
        &self.conditions
    }
}

/// Status of an entity that is of Konnect alone.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct KonnectStatus<I> {
    /// What is right or wrong with the object.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(
        feature = "schema",
        schemars(schema_with = "blocks::programmed_conditions")
    )]
    pub conditions: Vec<Condition>,
    /// Where in Konnect the entity is.
    #[serde(flatten)]
    pub konnect: KonnectIds<I>,
}

impl<I> Status for KonnectStatus<I>
where
    I: Clone
        + PartialEq
        + fmt::Debug
        + Default
        + Serialize
        + DeserializeOwned
        + Send
        + Sync
        + 'static,
{
    fn conditions(&self) -> &[Condition] {
        &self.conditions
    }
}

/// Ids of an entity in Konnect.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct KonnectIds<I> {
    /// Id of the entity.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(length(max = 256)))]
    pub id: Option<String>,
    /// Id of the Konnect organisation.
    #[serde(rename = "organizationID", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(length(max = 256)))]
    pub organization_id: Option<String>,
    /// URL of the Konnect region.
    #[serde(rename = "serverURL", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(length(max = 512)))]
    pub server_url: Option<String>,
    /// Ids of the entities that this one belongs to or uses, and what else Konnect says of it.
    #[serde(flatten)]
    pub related: I,
}

/// Nothing beside the ids of the entity itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct NoIds {}

/// The control plane of an entity that names nothing else.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ControlPlaneId {
    /// Id of the control plane.
    #[serde(rename = "controlPlaneID", skip_serializing_if = "Option::is_none")]
    pub control_plane_id: Option<String>,
}
