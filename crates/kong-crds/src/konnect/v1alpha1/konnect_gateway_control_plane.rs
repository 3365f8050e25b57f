//! KonnectGatewayControlPlane as it was in v1alpha1: only for its schema. Documents are converted to
//! v1alpha2 before they are read (see [`conversion`](crate::conversion)).

use std::collections::BTreeMap;

use kube::CustomResource;
use serde::{Deserialize, Serialize};

#[cfg(feature = "schema")]
use crate::schema::{blocks, rules};
use crate::{
    Condition,
    konnect::v1alpha2::{EntitySource, KonnectConfiguration, KonnectEndpoints, Mirror, ProxyUrl},
    reference::LocalObjectReference,
};

/// A control plane in Konnect: made as the spec says, or a mirror of one that exists.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(kube::KubeSchema))]
#[cfg_attr(not(feature = "schema"), kube(schema = "disabled"))]
#[kube(
    group = "konnect.konghq.com",
    version = "v1alpha1",
    kind = "KonnectGatewayControlPlane",
    namespaced,
    status = "KonnectGatewayControlPlaneStatus",
    derive = "PartialEq",
    doc = "A control plane in Konnect: made as the spec says, or a mirror of one that exists.",
    category = "kong",
    category = "konnect",
    deprecated = "This API version has been deprecated in favor of v1alpha2 and it will be removed in the future.",
    printcolumn(
        name = "Programmed",
        type_ = "string",
        json_path = ".status.conditions[?(@.type=='Programmed')].status"
    ),
    printcolumn(name = "ID", type_ = "string", json_path = ".status.id"),
    printcolumn(name = "OrgID", type_ = "string", json_path = ".status.organizationID")
)]
#[cfg_attr(
    feature = "schema",
    kube(
        validation = rules::auth_is_frozen_when_programmed(),
        validation = rules::auth_is_frozen_when_valid(),
    ),
    x_kube(
        validation = Rule::new("has(self.labels) ? size(self.labels) <= 40 : true")
            .message("spec.labels must not have more than 40 entries"),
        validation = Rule::new("has(self.labels) ? self.labels.all(key, size(key) >= 1 && \
             size(key) <= 63) : true")
            .message("spec.labels keys must be of length 1-63 characters"),
        validation = Rule::new("has(self.labels) ? self.labels.all(key, \
             size(self.labels[key]) >= 1 && size(self.labels[key]) <= 63) : true")
            .message("spec.labels values must be of length 1-63 characters"),
        validation = Rule::new("has(self.labels) ? self.labels.all(key, \
             !key.startsWith('k8s') && !key.startsWith('kong') && !key.startsWith('konnect') \
             && !key.startsWith('mesh') && !key.startsWith('kic') && !key.startsWith('_') && \
             !key.startsWith('insomnia')) : true")
            .message("spec.labels keys must not start with 'k8s', 'kong', 'konnect', 'mesh', \
                 'kic', 'insomnia' or '_'"),
        validation = Rule::new("has(self.labels) ? self.labels.all(key, \
             key.matches('^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$')) : true")
            .message("spec.labels keys must satisfy the \
                 '^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$' pattern"),
        validation = Rule::new("!has(self.cluster_type) ? true : \
             ['CLUSTER_TYPE_CONTROL_PLANE_GROUP', 'CLUSTER_TYPE_CONTROL_PLANE', \
             'CLUSTER_TYPE_K8S_INGRESS_CONTROLLER'].exists(ct, ct == self.cluster_type)")
            .message("when specified, spec.cluster_type must be one of \
                 'CLUSTER_TYPE_CONTROL_PLANE_GROUP', 'CLUSTER_TYPE_CONTROL_PLANE' or \
                 'CLUSTER_TYPE_K8S_INGRESS_CONTROLLER'"),
        validation = Rule::new("(has(self.cluster_type) && self.cluster_type != \
             'CLUSTER_TYPE_CONTROL_PLANE_GROUP') ? !has(self.members) : true")
            .message("spec.members is only applicable for ControlPlanes that are created as \
                 groups"),
        validation = Rule::new("!has(self.cluster_type) ? !has(oldSelf.cluster_type) : \
             self.cluster_type == oldSelf.cluster_type")
            .message("spec.cluster_type is immutable"),
        validation = Rule::new("has(self.cluster_type) && self.cluster_type == \
             'CLUSTER_TYPE_K8S_INGRESS_CONTROLLER' ? !has(self.cloud_gateway) : true")
            .message("cloud_gateway cannot be set for cluster_type \
                 'CLUSTER_TYPE_K8S_INGRESS_CONTROLLER'"),
        validation = Rule::new("self.source == 'Mirror' ? !has(self.name) && \
             !has(self.description) && !has(self.cluster_type) && !has(self.auth_type) && \
             !has(self.cloud_gateway) && !has(self.proxy_urls) && !has(self.labels) : true")
            .message("createControlPlaneRequest fields cannot be set for type Mirror"),
        validation = Rule::new("self.source == oldSelf.source")
            .message("spec.source is immutable"),
        validation = Rule::new("self.source == 'Mirror' ? has(self.mirror) : true")
            .message("mirror field must be set for type Mirror"),
        validation = Rule::new("self.source == 'Origin' ? !has(self.mirror) : true")
            .message("mirror field cannot be set for type Origin"),
        validation = Rule::new("self.source == 'Origin' ? has(self.name) : true")
            .message("Name must be set for type Origin"),
    )
)]
pub struct KonnectGatewayControlPlaneSpec {
    /// Who owns the control plane in Konnect.
    #[serde(default)]
    pub source: EntitySource,
    /// Name of the control plane.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What it is for, in the user's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Its type. Cannot be changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cluster_type: Option<String>,
    /// How data planes prove who they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth_type: Option<String>,
    /// Whether Konnect runs the data planes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cloud_gateway: Option<bool>,
    /// URLs under which the data planes are reached.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proxy_urls: Option<Vec<ProxyUrl>>,
    /// Labels of the control plane.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub labels: Option<BTreeMap<String, String>>,
    /// What to mirror; with source Mirror.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mirror: Option<Mirror>,
    /// Members of a group of control planes, in the same namespace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub members: Option<Vec<LocalObjectReference>>,
    /// The account that the control plane belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub konnect: Option<KonnectConfiguration>,
}

/// Status of a KonnectGatewayControlPlane.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct KonnectGatewayControlPlaneStatus {
    /// What is right or wrong with the control plane.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(
        feature = "schema",
        schemars(schema_with = "blocks::programmed_conditions")
    )]
    pub conditions: Vec<Condition>,
    /// Id of the control plane.
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
    /// Where data planes connect to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub konnect_endpoints: Option<KonnectEndpoints>,
}

#[cfg(feature = "schema")]
impl KonnectGatewayControlPlane {
    /// The definition with this version alone.
    pub(crate) fn definition() -> crate::schema::CustomResourceDefinition {
        crate::schema::with_optional_spec(<Self as kube::CustomResourceExt>::crd())
    }
}
