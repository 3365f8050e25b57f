//! KongTarget: one server behind an upstream.

use kube::CustomResource;
use serde::{Deserialize, Serialize};

#[cfg(feature = "schema")]
use crate::schema::{blocks, rules};
use crate::{adopt::Adopt, object::object, reference::NamespacedRef, status::EntityStatus};

/// A target: one server behind an upstream.
#[derive(CustomResource, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(kube::KubeSchema))]
#[cfg_attr(not(feature = "schema"), kube(schema = "disabled"))]
#[kube(
    group = "configuration.konghq.com",
    version = "v1alpha1",
    kind = "KongTarget",
    namespaced,
    status = "KongTargetStatus",
    derive = "PartialEq",
    doc = "A target: one server behind an upstream.",
    category = "kong",
    printcolumn(
        name = "Upstream",
        type_ = "string",
        json_path = ".spec.upstreamRef.name"
    ),
    printcolumn(name = "Target", type_ = "string", json_path = ".spec.target"),
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
        validation = Rule::new("oldSelf.spec.upstreamRef == self.spec.upstreamRef")
            .message("spec.upstreamRef is immutable"),
    ),
    x_kube(
        validation = rules::adopt_is_kept(),
    )
)]
// Upstream has the weight both required and defaulted.
#[cfg_attr(feature = "schema", schemars(transform = blocks::require("weight")))]
pub struct KongTargetSpec {
    /// The upstream that the target belongs to; the control plane is that of the upstream.
    #[serde(rename = "upstreamRef")]
    pub upstream_ref: NamespacedRef,
    /// Host, with or without a port.
    pub target: String,
    /// Share of the requests that the target gets; none with 0.
    #[serde(default = "default_weight")]
    pub weight: u16,
    /// An existing target in Konnect to take over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub adopt: Option<Adopt>,
    /// Tags of the target.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(schema_with = "blocks::tags"))]
    pub tags: Option<Vec<String>>,
}

/// Kong's own default.
const fn default_weight() -> u16 {
    100
}

/// Status of a KongTarget.
pub type KongTargetStatus = EntityStatus<TargetIds>;

/// Ids that a target belongs to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TargetIds {
    /// Id of the control plane.
    #[serde(rename = "controlPlaneID", skip_serializing_if = "Option::is_none")]
    pub control_plane_id: Option<String>,
    /// Id of the upstream.
    #[serde(rename = "upstreamID", skip_serializing_if = "Option::is_none")]
    pub upstream_id: Option<String>,
}

object!(
    KongTarget,
    spec: KongTargetSpec,
    status: KongTargetStatus,
    conditions: [
        PROGRAMMED, CONTROL_PLANE_REF_VALID, RESOLVED_REFS, API_AUTH_RESOLVED_REF, API_AUTH_VALID,
        UPSTREAM_REF_VALID, ADOPTED,
    ],
);
