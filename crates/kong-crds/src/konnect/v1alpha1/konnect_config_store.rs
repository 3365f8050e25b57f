//! KonnectConfigStore: secrets that Konnect keeps for a control plane.

use kube::CustomResource;
use serde::{Deserialize, Serialize};

#[cfg(feature = "schema")]
use crate::schema::blocks;
use crate::{
    Condition,
    object::object,
    reference::ObjectRef,
    status::{KonnectIds, NoIds, Status},
};

/// A store of secrets in Konnect, which a KongVault of the backend `konnect` reads from.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(kube::KubeSchema))]
#[cfg_attr(not(feature = "schema"), kube(schema = "disabled"))]
#[kube(
    group = "konnect.konghq.com",
    version = "v1alpha1",
    kind = "KonnectConfigStore",
    namespaced,
    status = "KonnectConfigStoreStatus",
    derive = "PartialEq",
    doc = "A store of secrets in Konnect, which a KongVault of the backend `konnect` reads from.",
    category = "konnect",
    category = "kong",
    printcolumn(name = "ID", type_ = "string", json_path = ".status.id"),
    printcolumn(
        name = "Programmed",
        type_ = "string",
        json_path = ".status.conditions[?(@.type=='Programmed')].status"
    ),
    printcolumn(name = "OrgID", type_ = "string", json_path = ".status.organizationID"),
    printcolumn(
        name = "Age",
        type_ = "date",
        json_path = ".metadata.creationTimestamp"
    )
)]
#[cfg_attr(
    feature = "schema",
    kube(
        validation = Rule::new("!has(self.spec.controlPlaneRef) || \
             !has(self.status.conditions) || !self.status.conditions.exists(c, c.type == \
             'Programmed' && c.status == 'True') || oldSelf.spec.controlPlaneRef == \
             self.spec.controlPlaneRef")
            .message("spec.controlPlaneRef is immutable when an entity is already Programmed"),
    )
)]
#[serde(rename_all = "camelCase")]
pub struct KonnectConfigStoreSpec {
    /// The KonnectGatewayControlPlane that the store is for; an id cannot be used.
    pub control_plane_ref: ObjectRef,
    /// What the store is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_spec: Option<ConfigStoreFields>,
}

/// What a config store is in Konnect.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ConfigStoreFields {
    /// Name of the store.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 100)))]
    pub name: Option<String>,
}

/// Status of a KonnectConfigStore.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct KonnectConfigStoreStatus {
    /// What is right or wrong with the store.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "schema", schemars(schema_with = "blocks::conditions"))]
    pub conditions: Vec<Condition>,
    /// The control plane that the store is in.
    #[serde(rename = "controlPlaneID", skip_serializing_if = "Option::is_none")]
    pub control_plane_id: Option<ParentId>,
    /// The generation of the object that the status is about. Not written.
    #[serde(rename = "observedGeneration", skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// Where in Konnect the store is.
    #[serde(flatten)]
    pub konnect: KonnectIds<NoIds>,
}

/// The id of an entity that another one is in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ParentId {
    /// The id.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(length(max = 256)))]
    pub id: Option<String>,
}

impl Status for KonnectConfigStoreStatus {
    fn conditions(&self) -> &[Condition] {
        &self.conditions
    }
}

object!(
    KonnectConfigStore,
    optional_spec: KonnectConfigStoreSpec,
    status: KonnectConfigStoreStatus,
    conditions: [
        PROGRAMMED, CONTROL_PLANE_REF_VALID, RESOLVED_REFS, API_AUTH_RESOLVED_REF, API_AUTH_VALID,
    ],
    required: ["metadata"],
);
