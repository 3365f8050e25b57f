//! KongService: where Kong sends requests.

use kube::CustomResource;
use serde::{Deserialize, Serialize};

#[cfg(feature = "schema")]
use crate::schema::{blocks, rules};
use crate::{
    adopt::Adopt,
    object::object,
    reference::{ControlPlaneRef, NamespacedRef},
    status::EntityStatus,
};

/// A service: an upstream server, or several behind a KongUpstream, that requests are sent to.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(kube::KubeSchema))]
#[cfg_attr(not(feature = "schema"), kube(schema = "disabled"))]
#[kube(
    group = "configuration.konghq.com",
    version = "v1alpha1",
    kind = "KongService",
    namespaced,
    status = "KongServiceStatus",
    derive = "PartialEq",
    doc = "A service: an upstream server, or several behind a KongUpstream, that requests are sent to.",
    category = "kong",
    printcolumn(name = "Host", type_ = "string", json_path = ".spec.host"),
    printcolumn(name = "Protocol", type_ = "string", json_path = ".spec.protocol"),
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
        validation = rules::control_plane_is_kept(),
        validation = Rule::new("(!has(self.spec.controlPlaneRef)) ? true : \
             (!has(self.status) || !self.status.conditions.exists(c, c.type == 'Programmed' \
             && c.status == 'True')) ? true : oldSelf.spec.controlPlaneRef == \
             self.spec.controlPlaneRef")
            .message("spec.controlPlaneRef is immutable when an entity is already Programmed"),
        validation = rules::id_is_immutable(),
    ),
    x_kube(
        validation = rules::control_plane_is_not_ingress_controller(),
        validation = rules::adopt_needs_control_plane(),
        validation = rules::adopt_is_kept(),
    )
)]
pub struct KongServiceSpec {
    /// The control plane that the service belongs to.
    #[serde(rename = "controlPlaneRef")]
    pub control_plane_ref: ControlPlaneRef,
    /// An existing service in Konnect to take over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub adopt: Option<Adopt>,
    /// KongCACertificates that the certificate of the upstream server is verified with.
    #[serde(
        rename = "caCertificateRefs",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    #[cfg_attr(feature = "schema", schemars(extend("x-kubernetes-list-type" = "atomic")))]
    pub ca_certificate_refs: Option<Vec<NamespacedRef>>,
    /// The KongCertificate that is shown to the upstream server.
    #[serde(
        rename = "clientCertificateRef",
        skip_serializing_if = "Option::is_none"
    )]
    pub client_certificate_ref: Option<NamespacedRef>,
    /// Milliseconds to wait for a connection.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connect_timeout: Option<i64>,
    /// Whether the service is in use; its routes answer 404 otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// Host of the upstream server, or name of a KongUpstream's upstream.
    pub host: String,
    /// Id of the service. Cannot be changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Name of the service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Path that is put before the path of each request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Port of the upstream server.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<i64>,
    /// Protocol spoken with the upstream server.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub protocol: Option<String>,
    /// Milliseconds to wait between two reads.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read_timeout: Option<i64>,
    /// How often to try again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retries: Option<i64>,
    /// Tags of the service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(schema_with = "blocks::tags"))]
    pub tags: Option<Vec<String>>,
    /// Whether the certificate of the upstream server is verified.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls_verify: Option<bool>,
    /// How long a chain of certificates may be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls_verify_depth: Option<i64>,
    /// Short form of protocol, host, port and path.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Milliseconds to wait between two writes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub write_timeout: Option<i64>,
}

/// Status of a KongService.
pub type KongServiceStatus = EntityStatus<ServiceIds>;

/// Ids that a service belongs to or uses.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ServiceIds {
    /// Id of the control plane.
    #[serde(rename = "controlPlaneID", skip_serializing_if = "Option::is_none")]
    pub control_plane_id: Option<String>,
    /// Id of the client certificate.
    #[serde(rename = "certificateID", skip_serializing_if = "Option::is_none")]
    pub certificate_id: Option<String>,
    /// Ids of the CA certificates.
    #[serde(
        rename = "caCertificateIDs",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    #[cfg_attr(feature = "schema", schemars(extend("x-kubernetes-list-type" = "set")))]
    pub ca_certificate_ids: Option<Vec<String>>,
}

object!(
    KongService,
    spec: KongServiceSpec,
    status: KongServiceStatus,
    conditions: [
        PROGRAMMED, CONTROL_PLANE_REF_VALID, RESOLVED_REFS, API_AUTH_RESOLVED_REF, API_AUTH_VALID,
        CERTIFICATE_REF_VALID, CA_CERTIFICATE_REFS_VALID, PLUGIN_REF_VALID, ADOPTED,
    ],
);
