//! KongCertificate: a certificate with its private key.

use kube::CustomResource;
use serde::{Deserialize, Serialize};

#[cfg(feature = "schema")]
use crate::schema::{blocks, rules};
use crate::{
    SecretString,
    adopt::Adopt,
    object::object,
    reference::{ControlPlaneRef, NamespacedRef},
    status::{ControlPlaneId, EntityStatus},
};

/// A certificate with its private key, given in the object or in Secrets.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(kube::KubeSchema))]
#[cfg_attr(not(feature = "schema"), kube(schema = "disabled"))]
#[kube(
    group = "configuration.konghq.com",
    version = "v1alpha1",
    kind = "KongCertificate",
    namespaced,
    status = "KongCertificateStatus",
    derive = "PartialEq",
    doc = "A certificate with its private key, given in the object or in Secrets.",
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
        validation = Rule::new("self.type != 'inline' || (has(self.key) && self.key.size() \
             != 0)")
            .message("spec.key is required when type is 'inline'"),
        validation = Rule::new("self.type != 'secretRef' ||  has(self.secretRef)")
            .message("spec.secretRef is required when type is 'secretRef'"),
        validation = Rule::new("!((has(self.cert) || has(self.key)) && (has(self.secretRef) \
             || has(self.secretRefAlt)))")
            .message("cert/key and secretRef/secretRefAlt cannot be set at the same time"),
        validation = Rule::new("!((has(self.cert_alt) || has(self.key_alt)) && \
             (has(self.secretRef) || has(self.secretRefAlt)))")
            .message("cert_alt/key_alt and secretRef/secretRefAlt cannot be set at the same \
                 time"),
    )
)]
pub struct KongCertificateSpec {
    /// The control plane that the certificate belongs to.
    #[serde(rename = "controlPlaneRef")]
    pub control_plane_ref: ControlPlaneRef,
    /// Where certificate and key are.
    #[serde(rename = "type", default)]
    pub type_: CertificateSource,
    /// An existing certificate in Konnect to take over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub adopt: Option<Adopt>,
    /// The certificate in PEM, or a vault reference.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "schema",
        schemars(extend(
            "x-kubernetes-validations" = [rules::vault_reference("cert", "certificate")]
        ))
    )]
    pub cert: Option<String>,
    /// A second certificate, of another key type.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "schema",
        schemars(extend(
            "x-kubernetes-validations" = [rules::vault_reference("cert_alt", "certificate")]
        ))
    )]
    pub cert_alt: Option<String>,
    /// The private key in PEM, or a vault reference.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "schema",
        schemars(extend(
            "x-kubernetes-validations" = [rules::vault_reference("key", "private key")]
        ))
    )]
    pub key: Option<SecretString>,
    /// The private key of the second certificate.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "schema",
        schemars(extend(
            "x-kubernetes-validations" = [rules::vault_reference("key_alt", "private key")]
        ))
    )]
    pub key_alt: Option<SecretString>,
    /// The Secret with `tls.crt` and `tls.key`.
    #[serde(rename = "secretRef", skip_serializing_if = "Option::is_none")]
    pub secret_ref: Option<NamespacedRef>,
    /// The Secret of a second certificate, of another key type.
    #[serde(rename = "secretRefAlt", skip_serializing_if = "Option::is_none")]
    pub secret_ref_alt: Option<NamespacedRef>,
    /// Tags of the certificate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(schema_with = "blocks::tags"))]
    pub tags: Option<Vec<String>>,
}

/// Where a certificate and its key are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub enum CertificateSource {
    /// In the object itself.
    #[default]
    Inline,
    /// In Secrets.
    SecretRef,
    /// A value that is not known here.
    #[serde(other)]
    #[cfg_attr(feature = "schema", schemars(skip))]
    Unknown,
}

/// Status of a KongCertificate.
pub type KongCertificateStatus = EntityStatus<ControlPlaneId>;

object!(
    KongCertificate,
    spec: KongCertificateSpec,
    status: KongCertificateStatus,
    conditions: [
        PROGRAMMED, CONTROL_PLANE_REF_VALID, RESOLVED_REFS, API_AUTH_RESOLVED_REF, API_AUTH_VALID,
        SECRET_REF_VALID, ADOPTED,
    ],
);
