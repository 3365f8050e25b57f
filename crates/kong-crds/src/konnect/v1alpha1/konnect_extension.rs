//! KonnectExtension as it was in v1alpha1: only for its schema. Nobody serves it any more, and there is no way from it
//! to v1alpha2.

use kube::CustomResource;
use serde::{Deserialize, Serialize};

#[cfg(feature = "schema")]
use crate::schema::{blocks, rules};
use crate::{
    Condition,
    konnect::v1alpha2::{
        DataPlaneClientAuth, ExtensionClientAuth, ExtensionDataPlane, KonnectConfiguration,
        KonnectEndpoints,
    },
    reference::{ControlPlaneRef, NamespacedRef},
};

/// What a data plane needs to connect with a control plane in Konnect.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(kube::KubeSchema))]
#[cfg_attr(not(feature = "schema"), kube(schema = "disabled"))]
#[kube(
    group = "konnect.konghq.com",
    version = "v1alpha1",
    kind = "KonnectExtension",
    namespaced,
    status = "KonnectExtensionStatus",
    derive = "PartialEq",
    doc = "What a data plane needs to connect with a control plane in Konnect.",
    category = "kong",
    category = "konnect",
    served = false,
    storage = false,
    deprecated = "This API has been deprecated in favor of v1alpha2 konnectextensions.konnect.konghq.com and it will be removed in future version.",
    printcolumn(
        name = "Ready",
        type_ = "string",
        json_path = ".status.conditions[?(@.type=='Ready')].status"
    )
)]
#[cfg_attr(
    feature = "schema",
    kube(
        validation = rules::extended_control_plane_is_immutable(),
        validation = Rule::new("self.spec.konnect.controlPlane.ref.type == 'konnectID' ? \
             has(self.spec.konnect.configuration) : true")
            .message("konnect must be set when ControlPlaneRef is set to KonnectID."),
        validation = Rule::new("self.spec.konnect.controlPlane.ref.type == \
             'konnectNamespacedRef' ? !has(self.spec.konnect.configuration) : true")
            .message("konnect must be unset when ControlPlaneRef is set to \
                 konnectNamespacedRef."),
    )
)]
#[serde(rename_all = "camelCase")]
pub struct KonnectExtensionSpec {
    /// What is in Konnect.
    pub konnect: KonnectExtensionKonnect,
    /// How data planes prove who they are.
    #[serde(default)]
    pub client_auth: ExtensionClientAuth,
}

/// What is in Konnect for data planes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct KonnectExtensionKonnect {
    /// The control plane that they connect with.
    pub control_plane: ExtensionControlPlane,
    /// What is said of the data planes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data_plane: Option<ExtensionDataPlane>,
    /// The account of Konnect.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub configuration: Option<KonnectConfiguration>,
}

/// The control plane that data planes connect with.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ExtensionControlPlane {
    /// The control plane. Cannot be changed.
    #[serde(rename = "ref")]
    #[cfg_attr(
        feature = "schema",
        schemars(extend("x-kubernetes-validations" = [
            kube::core::Rule::new("self.type != 'kic'")
                .message("kic type not supported as controlPlaneRef."),
            rules::named_control_plane_is_set(),
            rules::ingress_controller_is_not_named(),
            rules::untyped_control_plane_is_not_named(),
        ]))
    )]
    pub reference: ControlPlaneRef,
}

/// Status of a KonnectExtension.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(extend("default" = blocks::not_ready_status())))]
#[serde(rename_all = "camelCase")]
pub struct KonnectExtensionStatus {
    /// What is right or wrong with the extension.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "schema", schemars(schema_with = "blocks::conditions"))]
    pub conditions: Vec<Condition>,
    /// What data planes need to know.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub konnect: Option<ExtensionEndpoints>,
    /// The certificate of data planes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data_plane_client_auth: Option<DataPlaneClientAuth>,
    /// The DataPlanes that use the extension.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(length(max = 16)))]
    pub data_plane_refs: Option<Vec<NamespacedRef>>,
    /// The ControlPlanes that use the extension.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(length(max = 16)))]
    pub control_plane_refs: Option<Vec<NamespacedRef>>,
}

/// What data planes need to know of a control plane.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ExtensionEndpoints {
    /// Id of the control plane.
    #[serde(rename = "controlPlaneID")]
    pub control_plane_id: String,
    /// Type of the control plane.
    #[cfg_attr(
        feature = "schema",
        schemars(extend("enum" = ["ControlPlane", "K8SIngressController"]))
    )]
    pub cluster_type: String,
    /// Where data planes connect to.
    pub endpoints: KonnectEndpoints,
}

#[cfg(feature = "schema")]
impl KonnectExtension {
    /// The definition with this version alone.
    pub(crate) fn definition() -> crate::schema::CustomResourceDefinition {
        <Self as kube::CustomResourceExt>::crd()
    }
}
