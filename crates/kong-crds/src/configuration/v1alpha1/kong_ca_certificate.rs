//! KongCACertificate: a certificate of those who sign certificates of others.

use kube::CustomResource;
use serde::{Deserialize, Serialize};

#[cfg(feature = "schema")]
use crate::schema::{blocks, rules};
use crate::{
    adopt::Adopt,
    object::object,
    reference::{ControlPlaneRef, NamespacedRef},
    status::{ControlPlaneId, EntityStatus},
};

use super::CertificateSource;

/// A certificate of an authority, which certificates of others are verified with.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(kube::KubeSchema))]
#[cfg_attr(not(feature = "schema"), kube(schema = "disabled"))]
#[kube(
    group = "configuration.konghq.com",
    version = "v1alpha1",
    kind = "KongCACertificate",
    namespaced,
    status = "KongCACertificateStatus",
    derive = "PartialEq",
    doc = "A certificate of an authority, which certificates of others are verified with.",
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
        validation = rules::control_plane_is_kept(),
        validation = rules::control_plane_is_frozen(),
    ),
    x_kube(
        validation = rules::control_plane_is_not_ingress_controller(),
        validation = rules::adopt_needs_control_plane(),
        validation = rules::adopt_is_kept(),
        validation = rules::inline_certificate_is_set(),
        validation = Rule::new("self.type != 'secretRef' || has(self.secretRef)")
            .message("spec.secretRef is required when type is 'secretRef'"),
        validation = Rule::new("!(has(self.cert) && has(self.secretRef))")
            .message("cert and secretRef cannot be set at the same time"),
    )
)]
pub struct KongCACertificateSpec {
    /// The control plane that the certificate belongs to.
    #[serde(rename = "controlPlaneRef")]
    pub control_plane_ref: ControlPlaneRef,
    /// Where the certificate is.
    #[serde(rename = "type", default)]
    pub type_: CertificateSource,
    /// An existing CA certificate in Konnect to take over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub adopt: Option<Adopt>,
    /// The certificate in PEM.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cert: Option<String>,
    /// The Secret with `ca.crt`.
    #[serde(rename = "secretRef", skip_serializing_if = "Option::is_none")]
    pub secret_ref: Option<NamespacedRef>,
    /// Tags of the certificate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(schema_with = "blocks::tags"))]
    pub tags: Option<Vec<String>>,
}

/// Status of a KongCACertificate.
pub type KongCACertificateStatus = EntityStatus<ControlPlaneId>;

object!(
    KongCACertificate,
    spec: KongCACertificateSpec,
    status: KongCACertificateStatus,
    conditions: [
        PROGRAMMED, CONTROL_PLANE_REF_VALID, RESOLVED_REFS, API_AUTH_RESOLVED_REF, API_AUTH_VALID,
        SECRET_REF_VALID, ADOPTED,
    ],
);
