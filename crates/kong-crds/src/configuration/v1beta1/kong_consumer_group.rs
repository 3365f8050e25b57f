//! KongConsumerGroup: consumers that are treated alike.

use kube::CustomResource;
use serde::{Deserialize, Serialize};

#[cfg(feature = "schema")]
use crate::schema::{blocks, rules};
use crate::{
    adopt::Adopt, configuration::v1::KongConsumerStatus, object::object, reference::ControlPlaneRef,
};

/// Consumers that are treated alike: a KongConsumer names its groups.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(kube::KubeSchema))]
#[cfg_attr(not(feature = "schema"), kube(schema = "disabled"))]
#[kube(
    group = "configuration.konghq.com",
    version = "v1beta1",
    kind = "KongConsumerGroup",
    namespaced,
    status = "KongConsumerStatus",
    derive = "PartialEq",
    doc = "Consumers that are treated alike: a KongConsumer names its groups.",
    shortname = "kcg",
    category = "kong",
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
        validation = rules::optional_control_plane_is_kept(),
        validation = Rule::new("(!has(oldSelf.spec) || !has(oldSelf.spec.controlPlaneRef)) ? \
             true : (!has(self.status) || !self.status.conditions.exists(c, c.type == \
             'Programmed' && c.status == 'True')) ? true : oldSelf.spec.controlPlaneRef == \
             self.spec.controlPlaneRef")
            .message("spec.controlPlaneRef is immutable when an entity is already Programmed"),
    ),
    x_kube(
        validation = rules::adopt_needs_control_plane(),
        validation = rules::adopt_is_kept(),
    )
)]
#[serde(rename_all = "camelCase")]
pub struct KongConsumerGroupSpec {
    /// An existing group in Konnect to take over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub adopt: Option<Adopt>,
    /// The control plane that the group belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub control_plane_ref: Option<ControlPlaneRef>,
    /// Name of the group; by default that of the object.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "schema",
        schemars(length(max = 128), regex(pattern = r"^[\p{N}\p{L}.\-_~]*$"))
    )]
    pub name: Option<String>,
    /// Tags of the group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(schema_with = "blocks::tags"))]
    pub tags: Option<Vec<String>>,
}

object!(
    KongConsumerGroup,
    optional_spec: KongConsumerGroupSpec,
    status: KongConsumerStatus,
    conditions: [
        PROGRAMMED, CONTROL_PLANE_REF_VALID, RESOLVED_REFS, API_AUTH_RESOLVED_REF, API_AUTH_VALID,
        PLUGIN_REF_VALID, ADOPTED,
    ],
);
