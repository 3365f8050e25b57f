//! KonnectGatewayControlPlane: where the configuration of gateways is kept in Konnect.

use std::collections::BTreeMap;

use kube::CustomResource;
use serde::{Deserialize, Serialize};

#[cfg(feature = "schema")]
use crate::schema::{blocks, rules};
use crate::{
    Condition,
    object::object,
    reference::{AuthRef, LocalObjectReference},
    status::Status,
};

/// A control plane in Konnect: made as the spec says, or a mirror of one that exists.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(kube::KubeSchema))]
#[cfg_attr(not(feature = "schema"), kube(schema = "disabled"))]
#[kube(
    group = "konnect.konghq.com",
    version = "v1alpha2",
    kind = "KonnectGatewayControlPlane",
    namespaced,
    status = "KonnectGatewayControlPlaneStatus",
    derive = "PartialEq",
    doc = "A control plane in Konnect: made as the spec says, or a mirror of one that exists.",
    category = "kong",
    category = "konnect",
    printcolumn(
        name = "Programmed",
        type_ = "string",
        json_path = ".status.conditions[?(@.type=='Programmed')].status"
    ),
    printcolumn(name = "ID", type_ = "string", json_path = ".status.id"),
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
        validation = rules::auth_is_frozen_when_programmed(),
        validation = rules::auth_is_frozen_when_valid(),
    ),
    x_kube(
        validation = Rule::new("has(self.createControlPlaneRequest) && \
             has(self.createControlPlaneRequest.labels) ? \
             size(self.createControlPlaneRequest.labels) <= 40 : true")
            .message("spec.createControlPlaneRequest.labels must not have more than 40 \
                 entries"),
        validation = Rule::new("has(self.createControlPlaneRequest) && \
             has(self.createControlPlaneRequest.labels) ? \
             self.createControlPlaneRequest.labels.all(key, size(key) >= 1 && size(key) <= \
             63) : true")
            .message("spec.createControlPlaneRequest.labels keys must be of length 1-63 \
                 characters"),
        validation = Rule::new("has(self.createControlPlaneRequest) && \
             has(self.createControlPlaneRequest.labels) ? \
             self.createControlPlaneRequest.labels.all(key, \
             size(self.createControlPlaneRequest.labels[key]) >= 1 && \
             size(self.createControlPlaneRequest.labels[key]) <= 63) : true")
            .message("spec.createControlPlaneRequest.labels values must be of length 1-63 \
                 characters"),
        validation = Rule::new("has(self.createControlPlaneRequest) && \
             has(self.createControlPlaneRequest.labels) ? \
             self.createControlPlaneRequest.labels.all(key, !key.startsWith('k8s') && \
             !key.startsWith('kong') && !key.startsWith('konnect') && \
             !key.startsWith('mesh') && !key.startsWith('kic') && !key.startsWith('_') && \
             !key.startsWith('insomnia')) : true")
            .message("spec.createControlPlaneRequest.labels keys must not start with 'k8s', \
                 'kong', 'konnect', 'mesh', 'kic', 'insomnia' or '_'"),
        validation = Rule::new("has(self.createControlPlaneRequest) && \
             has(self.createControlPlaneRequest.labels) ? \
             self.createControlPlaneRequest.labels.all(key, \
             key.matches('^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$')) : true")
            .message("spec.createControlPlaneRequest.labels keys must satisfy the \
                 '^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$' pattern"),
        validation = Rule::new("(has(self.createControlPlaneRequest) && \
             has(self.createControlPlaneRequest.cluster_type) && \
             self.createControlPlaneRequest.cluster_type != \
             'CLUSTER_TYPE_CONTROL_PLANE_GROUP') ? !has(self.members) : true")
            .message("spec.members is only applicable for ControlPlanes that are created as \
                 groups"),
        validation = Rule::new("!has(self.createControlPlaneRequest) || \
             !has(self.createControlPlaneRequest.cluster_type) ? true : \
             ['CLUSTER_TYPE_CONTROL_PLANE_GROUP', 'CLUSTER_TYPE_CONTROL_PLANE', \
             'CLUSTER_TYPE_K8S_INGRESS_CONTROLLER'].exists(ct, ct == \
             self.createControlPlaneRequest.cluster_type)")
            .message("when specified, spec.createControlPlaneRequest.cluster_type must be \
                 one of 'CLUSTER_TYPE_CONTROL_PLANE_GROUP', 'CLUSTER_TYPE_CONTROL_PLANE' or \
                 'CLUSTER_TYPE_K8S_INGRESS_CONTROLLER'"),
        validation = Rule::new("!has(self.createControlPlaneRequest) && \
             !has(oldSelf.createControlPlaneRequest) ? true : \
             (has(self.createControlPlaneRequest) && has(oldSelf.createControlPlaneRequest) \
             && (!has(self.createControlPlaneRequest.cluster_type) ? \
             !has(oldSelf.createControlPlaneRequest.cluster_type) : \
             self.createControlPlaneRequest.cluster_type == \
             oldSelf.createControlPlaneRequest.cluster_type))")
            .message("spec.createControlPlaneRequest.cluster_type is immutable"),
        validation = Rule::new("has(self.createControlPlaneRequest) && \
             has(self.createControlPlaneRequest.cluster_type) && \
             self.createControlPlaneRequest.cluster_type == \
             'CLUSTER_TYPE_K8S_INGRESS_CONTROLLER' ? \
             !has(self.createControlPlaneRequest.cloud_gateway) : true")
            .message("spec.createControlPlaneRequest.cloud_gateway cannot be set for \
                 spec.createControlPlaneRequest.cluster_type \
                 'CLUSTER_TYPE_K8S_INGRESS_CONTROLLER'"),
        validation = Rule::new("has(self.source) && self.source == 'Mirror' ? \
             !has(self.createControlPlaneRequest) : true")
            .message("createControlPlaneRequest fields cannot be set for type Mirror"),
        validation = Rule::new("!has(self.source) && !has(oldSelf.source) ? true : \
             self.source == oldSelf.source")
            .message("spec.source is immutable"),
        validation = Rule::new("self.source == 'Mirror' ? has(self.mirror) : true")
            .message("mirror field must be set for type Mirror"),
        validation = Rule::new("self.source == 'Origin' ? !has(self.mirror) : true")
            .message("mirror field cannot be set for type Origin"),
        validation = Rule::new("self.source == 'Origin' ? \
             has(self.createControlPlaneRequest) && has(self.createControlPlaneRequest.name) \
             : true")
            .message("spec.createControlPlaneRequest must be set for type Origin"),
    )
)]
#[serde(rename_all = "camelCase")]
pub struct KonnectGatewayControlPlaneSpec {
    /// Who owns the control plane in Konnect.
    #[serde(default)]
    pub source: EntitySource,
    /// What to make; with source Origin.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub create_control_plane_request: Option<CreateControlPlaneRequest>,
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

/// Who owns an entity in Konnect.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum EntitySource {
    /// The object: the entity is made and changed from here.
    #[default]
    Origin,
    /// Konnect: the entity is only read.
    Mirror,
    /// A value that is not known here.
    #[serde(other)]
    #[cfg_attr(feature = "schema", schemars(skip))]
    Unknown,
}

/// A control plane to make.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CreateControlPlaneRequest {
    /// Name of the control plane.
    pub name: String,
    /// What it is for, in the user's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Its type: `CLUSTER_TYPE_CONTROL_PLANE` (unless set), `CLUSTER_TYPE_K8S_INGRESS_CONTROLLER` or
    /// `CLUSTER_TYPE_CONTROL_PLANE_GROUP`. Cannot be changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cluster_type: Option<String>,
    /// How data planes prove who they are: `pinned_client_certs` or `pki_client_certs`.
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
}

/// A URL under which data planes are reached.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ProxyUrl {
    /// Its host.
    pub host: String,
    /// Its port.
    pub port: i64,
    /// Its protocol.
    pub protocol: String,
}

/// A control plane to mirror.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Mirror {
    /// Where in Konnect it is.
    pub konnect: MirrorKonnect,
}

/// Where in Konnect a mirrored control plane is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct MirrorKonnect {
    /// Id of the control plane: a UUID.
    #[cfg_attr(
        feature = "schema",
        schemars(
            length(max = 36),
            regex(pattern = r"^[0-9a-f]{8}(?:\-[0-9a-f]{4}){3}-[0-9a-f]{12}$")
        )
    )]
    pub id: String,
}

/// The account that an entity belongs to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct KonnectConfiguration {
    /// Its KonnectAPIAuthConfiguration.
    pub auth_ref: AuthRef,
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
    /// Type of the control plane, as Konnect has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cluster_type: Option<String>,
    /// Where data planes connect to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub konnect_endpoints: Option<KonnectEndpoints>,
}

/// Where the data planes of a control plane connect to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct KonnectEndpoints {
    /// For configuration.
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    pub control_plane: String,
    /// For telemetry.
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    pub telemetry: String,
}

impl Status for KonnectGatewayControlPlaneStatus {
    fn conditions(&self) -> &[Condition] {
        &self.conditions
    }
}

object!(
    KonnectGatewayControlPlane,
    spec: KonnectGatewayControlPlaneSpec,
    status: KonnectGatewayControlPlaneStatus,
    conditions: [
        PROGRAMMED, RESOLVED_REFS, API_AUTH_RESOLVED_REF, API_AUTH_VALID, MIRRORED,
        MEMBERS_REFERENCE_RESOLVED,
    ],
    older: [crate::konnect::v1alpha1::KonnectGatewayControlPlane],
);
