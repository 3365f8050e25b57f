//! KongKeySet: keys that belong together.

use kube::CustomResource;
use serde::{Deserialize, Serialize};

#[cfg(feature = "schema")]
use crate::schema::{blocks, rules};
use crate::{
    adopt::Adopt,
    object::object,
    reference::ControlPlaneRef,
    status::{ControlPlaneId, EntityStatus},
};

/// Keys that belong together: a KongKey names its set.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(kube::KubeSchema))]
#[cfg_attr(not(feature = "schema"), kube(schema = "disabled"))]
#[kube(
    group = "configuration.konghq.com",
    version = "v1alpha1",
    kind = "KongKeySet",
    namespaced,
    status = "KongKeySetStatus",
    derive = "PartialEq",
    doc = "Keys that belong together: a KongKey names its set.",
    category = "kong",
    printcolumn(
        name = "Programmed",
        type_ = "string",
        json_path = ".status.conditions[?(@.type=='Programmed')].status"
    ),
    printcolumn(
        name = "Age",
        type_ = "date",
        json_path = ".metadata.creationTimestamp"
    )
)]
#[cfg_attr(
    feature = "schema",
    kube(
        validation = rules::control_plane_is_frozen(),
    ),
    x_kube(
        validation = rules::control_plane_is_not_ingress_controller(),
        validation = rules::adopt_needs_control_plane(),
        validation = rules::adopt_is_kept(),
    )
)]
pub struct KongKeySetSpec {
    /// The control plane that the set belongs to.
    #[serde(rename = "controlPlaneRef")]
    pub control_plane_ref: ControlPlaneRef,
    /// Name of the set.
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    pub name: String,
    /// An existing set of keys in Konnect to take over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub adopt: Option<Adopt>,
    /// Tags of the set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(schema_with = "blocks::tags"))]
    pub tags: Option<Vec<String>>,
}

/// Status of a KongKeySet.
pub type KongKeySetStatus = EntityStatus<ControlPlaneId>;

object!(
    KongKeySet,
    spec: KongKeySetSpec,
    status: KongKeySetStatus,
    conditions: [
        PROGRAMMED, CONTROL_PLANE_REF_VALID, RESOLVED_REFS, API_AUTH_RESOLVED_REF, API_AUTH_VALID,
        ADOPTED,
    ],
);
