//! KongConsumer: somebody who sends requests.

use kube::CustomResource;
use serde::{Deserialize, Serialize};

#[cfg(feature = "schema")]
use crate::schema::{blocks, rules};
use crate::{
    Condition,
    adopt::Adopt,
    object::object,
    reference::ControlPlaneRef,
    status::{ControlPlaneId, KonnectIds, Status},
};

/// Somebody who sends requests. Its fields stand at the top of the document, beside the metadata; what is
/// of Konnect stands in `spec`.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(not(feature = "schema"), kube(schema = "disabled"))]
#[kube(
    group = "configuration.konghq.com",
    version = "v1",
    kind = "KongConsumer",
    namespaced,
    no_spec,
    status = "KongConsumerStatus",
    derive = "PartialEq",
    doc = "Somebody who sends requests.",
    shortname = "kc",
    category = "kong",
    printcolumn(name = "Username", type_ = "string", json_path = ".username"),
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
        validation = Rule::new("has(self.username) || has(self.custom_id)")
            .message("Need to provide either username or custom_id"),
        validation = rules::optional_control_plane_is_kept(),
        validation = Rule::new("(!has(self.spec) || !has(self.spec.controlPlaneRef)) ? true : \
             (!has(self.status) || !self.status.conditions.exists(c, c.type == 'Programmed' && \
             c.status == 'True')) ? true : oldSelf.spec.controlPlaneRef == \
             self.spec.controlPlaneRef")
            .message("spec.controlPlaneRef is immutable when an entity is already Programmed"),
    )
)]
pub struct KongConsumerFields {
    /// Names of KongConsumerGroups in the same namespace.
    #[serde(rename = "consumerGroups", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(extend("x-kubernetes-list-type" = "set")))]
    pub consumer_groups: Option<Vec<String>>,
    /// Names of Secrets with credentials, in the same namespace.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(extend("x-kubernetes-list-type" = "set")))]
    pub credentials: Option<Vec<String>>,
    /// Id of the consumer in another system.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "schema",
        schemars(
            length(max = 128),
            regex(
                pattern = r"^[0-9a-zA-Z.\-_~\(\)#%@|+\[\]]*(?: [0-9a-zA-Z.\-_~\(\)#%@|+\[\]]+)*$"
            )
        )
    )]
    pub custom_id: Option<String>,
    /// What is of Konnect.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spec: Option<KongConsumerSpec>,
    /// Name of the consumer.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "schema",
        schemars(
            length(max = 128),
            regex(pattern = r"^[\p{L}\p{N}.\-_~+@/\[\]]*(?: [\p{L}\p{N}.\-_~+@/\[\]]+)*$")
        )
    )]
    pub username: Option<String>,
}

/// What is of Konnect in a KongConsumer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(kube::KubeSchema))]
#[cfg_attr(
    feature = "schema",
    x_kube(
        validation = rules::adopt_needs_control_plane(),
        validation = rules::adopt_is_kept(),
    )
)]
#[serde(rename_all = "camelCase")]
pub struct KongConsumerSpec {
    /// An existing consumer in Konnect to take over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub adopt: Option<Adopt>,
    /// The control plane that the consumer belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub control_plane_ref: Option<ControlPlaneRef>,
    /// Tags of the consumer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(schema_with = "blocks::tags"))]
    pub tags: Option<Vec<String>>,
}

/// Status of a KongConsumer or a KongConsumerGroup.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(extend("default" = blocks::pending_status())))]
pub struct KongConsumerStatus {
    /// What is right or wrong with the object.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "schema", schemars(schema_with = "blocks::conditions"))]
    pub conditions: Vec<Condition>,
    /// Where in Konnect the entity is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub konnect: Option<KonnectIds<ControlPlaneId>>,
}

impl Status for KongConsumerStatus {
    fn conditions(&self) -> &[Condition] {
        &self.conditions
    }
}

object!(
    KongConsumer,
    fields: KongConsumerFields,
    status: KongConsumerStatus,
    conditions: [
        PROGRAMMED, CONTROL_PLANE_REF_VALID, RESOLVED_REFS, API_AUTH_RESOLVED_REF, API_AUTH_VALID,
        CONSUMER_GROUP_REFS_VALID, CREDENTIAL_SECRET_REFS_VALID, PLUGIN_REF_VALID, ADOPTED,
    ],
);
