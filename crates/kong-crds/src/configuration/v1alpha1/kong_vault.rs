//! KongVault: where Kong gets secret values from.

use kube::CustomResource;
use serde::{Deserialize, Serialize};

#[cfg(feature = "schema")]
use crate::schema::{blocks, rules};
use crate::{
    Condition, SecretValue,
    adopt::Adopt,
    object::object,
    reference::ControlPlaneRef,
    status::{ControlPlaneId, KonnectIds, Status},
};

/// A vault: where Kong gets secret values from.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(kube::KubeSchema))]
#[cfg_attr(not(feature = "schema"), kube(schema = "disabled"))]
#[kube(
    group = "configuration.konghq.com",
    version = "v1alpha1",
    kind = "KongVault",
    status = "KongVaultStatus",
    derive = "PartialEq",
    doc = "A vault: where Kong gets secret values from.",
    shortname = "kv",
    category = "kong",
    printcolumn(name = "Backend Type", type_ = "string", json_path = ".spec.backend"),
    printcolumn(name = "Prefix", type_ = "string", json_path = ".spec.prefix"),
    printcolumn(
        name = "Age",
        type_ = "date",
        json_path = ".metadata.creationTimestamp"
    ),
    printcolumn(
        name = "Description",
        type_ = "string",
        json_path = ".spec.description",
        priority = 1
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
        validation = Rule::new("self.spec.prefix == oldSelf.spec.prefix")
            .message("The spec.prefix field is immutable"),
        validation = rules::control_plane_is_kept(),
        validation = Rule::new("(!has(self.status) || !self.status.conditions.exists(c, c.type \
             == 'Programmed' && c.status == 'True') || !has(self.spec.controlPlaneRef)) ? true \
             : oldSelf.spec.controlPlaneRef == self.spec.controlPlaneRef")
            .message("spec.controlPlaneRef is immutable when an entity is already Programmed"),
    ),
    x_kube(
        validation = rules::adopt_needs_control_plane(),
        validation = rules::adopt_is_kept(),
        validation = Rule::new("!has(self.configStoreRef) ? true : self.backend == 'konnect'")
            .message("spec.configStoreRef is only supported when spec.backend is 'konnect'"),
    )
)]
#[serde(rename_all = "camelCase")]
pub struct KongVaultSpec {
    /// An existing vault in Konnect to take over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub adopt: Option<Adopt>,
    /// Which sort of vault, such as `env` or `aws`.
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    pub backend: String,
    /// Configuration of the vault, as its sort defines it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(schema_with = "blocks::anything"))]
    pub config: Option<SecretValue>,
    /// The config store of a vault of Konnect.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub config_store_ref: Option<ConfigStoreRef>,
    /// The control plane that the vault belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub control_plane_ref: Option<ControlPlaneRef>,
    /// What the vault is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// What references to the vault begin with. Cannot be changed.
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    pub prefix: String,
    /// Tags of the vault.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(schema_with = "blocks::tags"))]
    pub tags: Option<Vec<String>>,
}

/// A config store in Konnect.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ConfigStoreRef {
    /// Kind of the object.
    #[serde(default)]
    pub kind: ConfigStoreKind,
    /// Name of the object.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 253)))]
    pub name: String,
    /// Its namespace.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 253)))]
    pub namespace: String,
}

/// Kinds of objects that are config stores.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum ConfigStoreKind {
    /// A config store in Konnect.
    #[default]
    KonnectConfigStore,
    /// A value that is not known here.
    #[serde(other)]
    #[cfg_attr(feature = "schema", schemars(skip))]
    Unknown,
}

/// Status of a KongVault.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(transform = blocks::require("conditions")))]
pub struct KongVaultStatus {
    /// What is right or wrong with the vault.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(
        feature = "schema",
        schemars(schema_with = "blocks::programmed_conditions")
    )]
    pub conditions: Vec<Condition>,
    /// Where in Konnect the entity is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub konnect: Option<KonnectIds<ControlPlaneId>>,
}

impl Status for KongVaultStatus {
    fn conditions(&self) -> &[Condition] {
        &self.conditions
    }
}

object!(
    KongVault,
    spec: KongVaultSpec,
    status: KongVaultStatus,
    conditions: [
        PROGRAMMED, CONTROL_PLANE_REF_VALID, RESOLVED_REFS, API_AUTH_RESOLVED_REF, API_AUTH_VALID,
        CONFIG_STORE_REF_VALID, ADOPTED,
    ],
);
