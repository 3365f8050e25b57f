//! KonnectExtension: what a data plane needs to connect with a control plane in Konnect.

use std::collections::BTreeMap;

use kube::CustomResource;
#[cfg(feature = "schema")]
use schemars::{Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::KonnectEndpoints;
#[cfg(feature = "schema")]
use crate::schema::{blocks, rules};
use crate::{
    Condition,
    object::object,
    reference::{AuthRef, NamespacedRef},
    status::Status,
};

/// What a data plane needs to connect with a control plane in Konnect: endpoints, and a certificate that
/// Konnect knows.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(kube::KubeSchema))]
#[cfg_attr(not(feature = "schema"), kube(schema = "disabled"))]
#[kube(
    group = "konnect.konghq.com",
    version = "v1alpha2",
    kind = "KonnectExtension",
    namespaced,
    status = "KonnectExtensionStatus",
    derive = "PartialEq",
    doc = "What a data plane needs to connect with a control plane in Konnect.",
    category = "kong",
    category = "konnect",
    printcolumn(
        name = "Ready",
        type_ = "string",
        json_path = ".status.conditions[?(@.type=='Ready')].status"
    ),
    printcolumn(
        name = "Age",
        type_ = "date",
        json_path = ".metadata.creationTimestamp"
    )
)]
#[cfg_attr(
    feature = "schema",
    kube(validation = rules::extended_control_plane_is_immutable())
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
}

/// The control plane that data planes connect with.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ExtensionControlPlane {
    /// The control plane. Cannot be changed.
    #[serde(rename = "ref")]
    pub reference: ExtensionControlPlaneRef,
}

/// Names the control plane that data planes connect with.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(kube::KubeSchema))]
#[cfg_attr(
    feature = "schema",
    x_kube(validation = rules::named_control_plane_is_set())
)]
#[serde(rename_all = "camelCase")]
pub struct ExtensionControlPlaneRef {
    /// Which sort of control plane.
    #[serde(rename = "type", default)]
    pub type_: ExtensionControlPlaneRefType,
    /// The KonnectGatewayControlPlane; required with type konnectNamespacedRef.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub konnect_namespaced_ref: Option<NamespacedRef>,
}

/// The sorts of control planes that data planes can connect with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub enum ExtensionControlPlaneRefType {
    /// A KonnectGatewayControlPlane in the namespace of the extension.
    #[default]
    KonnectNamespacedRef,
    /// A value that is not known here.
    #[serde(other)]
    #[cfg_attr(feature = "schema", schemars(skip))]
    Unknown,
}

/// What is said of data planes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ExtensionDataPlane {
    /// Labels that they show in Konnect.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(schema_with = "labels"))]
    pub labels: Option<BTreeMap<String, String>>,
}

/// Labels of data planes, with what Konnect asks of their names.
#[cfg(feature = "schema")]
fn labels(_: &mut SchemaGenerator) -> Schema {
    /// Of names and of values.
    const PATTERN: &str = "^[a-zA-Z0-9]([a-zA-Z0-9._-]*[a-zA-Z0-9])?$";
    use kube::core::Rule;
    json_schema!({
        "type": "object",
        "additionalProperties": {
            "type": "string", "minLength": 1, "maxLength": 63, "pattern": PATTERN,
        },
        "x-kubernetes-validations": [
            Rule::new(format!("self.all(key, key.matches('{PATTERN}'))"))
                .message(format!("keys must match the pattern '{PATTERN}'.").as_str()),
            Rule::new(
                "self.all(key, !(key.startsWith('kong') || key.startsWith('konnect') || \
                 key.startsWith('insomnia') || key.startsWith('mesh') || key.startsWith('kic') || \
                 key.startsWith('_')))",
            )
            .message(
                "keys must not start with 'kong', 'konnect', 'insomnia', 'mesh', 'kic', or '_'.",
            ),
            Rule::new("self.all(key, size(key) > 0 && size(key) < 64)")
                .message("Too long: may not be more than 63 bytes"),
        ],
    })
}

/// How data planes prove who they are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(kube::KubeSchema))]
#[cfg_attr(
    feature = "schema",
    x_kube(
        validation = Rule::new("self.certificateSecret.provisioning == 'Manual' ? \
             has(self.certificateSecret.secretRef) : true")
            .message("secretRef must be set when provisioning is set to Manual."),
        validation = Rule::new("self.certificateSecret.provisioning == 'Automatic' ? \
             !has(self.certificateSecret.secretRef) : true")
            .message("secretRef must not be set when provisioning is set to Automatic."),
    )
)]
#[serde(rename_all = "camelCase")]
pub struct ExtensionClientAuth {
    /// Their certificate.
    pub certificate_secret: CertificateSecret,
}

/// The certificate of data planes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct CertificateSecret {
    /// Who makes the Secret.
    #[serde(default)]
    pub provisioning: Provisioning,
    /// The Secret with `tls.crt` and `tls.key`; required with provisioning Manual.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret_ref: Option<SecretName>,
}

/// Who makes a Secret.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Provisioning {
    /// The user.
    Manual,
    /// The operator.
    #[default]
    Automatic,
    /// A value that is not known here.
    #[serde(other)]
    #[cfg_attr(feature = "schema", schemars(skip))]
    Unknown,
}

/// Names a Secret in the same namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SecretName {
    /// Name of the Secret.
    pub name: String,
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
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    pub control_plane_id: String,
    /// Type of the control plane.
    pub cluster_type: ExtensionClusterType,
    /// Where data planes connect to.
    pub endpoints: KonnectEndpoints,
    /// The KonnectAPIAuthConfiguration of the control plane.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth_ref: Option<AuthRef>,
}

/// The types of control planes that data planes connect with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum ExtensionClusterType {
    /// A control plane.
    #[default]
    ControlPlane,
    /// That of an ingress controller.
    #[serde(rename = "K8SIngressController")]
    K8sIngressController,
    /// A group of control planes.
    ControlPlaneGroup,
    /// A value that is not known here.
    #[serde(other)]
    #[cfg_attr(feature = "schema", schemars(skip))]
    Unknown,
}

/// The certificate that data planes show.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct DataPlaneClientAuth {
    /// Its Secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate_secret_ref: Option<SecretName>,
}

impl Status for KonnectExtensionStatus {
    fn conditions(&self) -> &[Condition] {
        &self.conditions
    }
}

object!(
    KonnectExtension,
    spec: KonnectExtensionSpec,
    status: KonnectExtensionStatus,
    conditions: [
        READY, CONTROL_PLANE_REF_VALID, RESOLVED_REFS, API_AUTH_RESOLVED_REF, API_AUTH_VALID,
        DATA_PLANE_CERTIFICATE_PROVISIONED,
    ],
    older: [crate::konnect::v1alpha1::KonnectExtension],
);
