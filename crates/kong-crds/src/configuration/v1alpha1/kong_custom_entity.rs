//! KongCustomEntity: an entity of a type that has no kind of its own.

use kube::CustomResource;
use serde::{Deserialize, Serialize};
use serde_json::Value;

#[cfg(feature = "schema")]
use crate::schema::blocks;
use crate::{Condition, status::Status};

/// An entity of a type that has no kind of its own, such as those of plugins.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(kube::KubeSchema))]
#[cfg_attr(not(feature = "schema"), kube(schema = "disabled"))]
#[kube(
    group = "configuration.konghq.com",
    version = "v1alpha1",
    kind = "KongCustomEntity",
    plural = "kongcustomentities",
    namespaced,
    status = "KongCustomEntityStatus",
    derive = "PartialEq",
    doc = "An entity of a type that has no kind of its own, such as those of plugins.",
    shortname = "kce",
    category = "kong",
    printcolumn(name = "Entity Type", type_ = "string", json_path = ".spec.type"),
    printcolumn(
        name = "Age",
        type_ = "date",
        json_path = ".metadata.creationTimestamp"
    ),
    printcolumn(
        name = "Programmed",
        type_ = "string",
        json_path = r#".status.conditions[?(@.type=="Programmed")].status"#
    )
)]
#[cfg_attr(
    feature = "schema",
    kube(
        validation = Rule::new("self.spec.type == oldSelf.spec.type")
            .message("The spec.type field is immutable"),
    ),
    x_kube(
        validation = Rule::new("!(self.type in ['services','routes','upstreams','targets',\
             'plugins','consumers','consumer_groups'])")
            .message("The type field cannot be one of the known Kong entity types"),
    )
)]
#[serde(rename_all = "camelCase")]
pub struct KongCustomEntitySpec {
    /// Name of the controller that is to look after it: an ingress class.
    pub controller_name: String,
    /// Fields of the entity.
    #[cfg_attr(feature = "schema", schemars(schema_with = "blocks::anything"))]
    pub fields: Value,
    /// The plugin that the entity belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent_ref: Option<EntityParentRef>,
    /// Type of the entity, as Kong's Admin API calls it. Cannot be changed.
    #[serde(rename = "type")]
    pub type_: String,
}

/// The plugin that an entity belongs to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct EntityParentRef {
    /// Group of the plugin.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Kind of the plugin.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<EntityParentKind>,
    /// Name of the plugin.
    pub name: String,
    /// Namespace of the plugin; without one, that of the entity. Another one needs a ReferenceGrant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
}

/// Kinds that an entity can belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum EntityParentKind {
    /// A plugin in a namespace.
    KongPlugin,
    /// A plugin for all namespaces.
    KongClusterPlugin,
    /// A value that is not known here.
    #[serde(other)]
    #[cfg_attr(feature = "schema", schemars(skip))]
    Unknown,
}

/// Status of a KongCustomEntity.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(transform = blocks::require("conditions")))]
pub struct KongCustomEntityStatus {
    /// What is right or wrong with the entity.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(
        feature = "schema",
        schemars(schema_with = "blocks::programmed_conditions")
    )]
    pub conditions: Vec<Condition>,
}

impl Status for KongCustomEntityStatus {
    fn conditions(&self) -> &[Condition] {
        &self.conditions
    }
}
