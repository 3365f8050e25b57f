//! KongSNI: the host name that a certificate is shown for.

use kube::CustomResource;
use serde::{Deserialize, Serialize};

#[cfg(feature = "schema")]
use crate::schema::{blocks, rules};
use crate::{adopt::Adopt, object::object, reference::NamespacedRef, status::EntityStatus};

/// The host name that a certificate is shown for.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(kube::KubeSchema))]
#[cfg_attr(not(feature = "schema"), kube(schema = "disabled"))]
#[kube(
    group = "configuration.konghq.com",
    version = "v1alpha1",
    kind = "KongSNI",
    namespaced,
    status = "KongSNIStatus",
    derive = "PartialEq",
    doc = "The host name that a certificate is shown for.",
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
        validation = Rule::new("(!self.status.conditions.exists(c, c.type == 'Programmed' && \
             c.status == 'True')) ? true : oldSelf.spec.certificateRef == self.spec.certificateRef")
            .message("spec.certificateRef is immutable when programmed"),
    ),
    x_kube(validation = rules::adopt_is_kept())
)]
pub struct KongSNISpec {
    /// The KongCertificate that is shown; the control plane is that of the certificate.
    #[serde(rename = "certificateRef")]
    pub certificate_ref: NamespacedRef,
    /// The host name, or one with `*` in place of its first or last label.
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    pub name: String,
    /// An existing SNI in Konnect to take over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub adopt: Option<Adopt>,
    /// Tags of the SNI.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(schema_with = "blocks::tags"))]
    pub tags: Option<Vec<String>>,
}

/// Status of a KongSNI.
pub type KongSNIStatus = EntityStatus<SniIds>;

/// Ids that an SNI belongs to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SniIds {
    /// Id of the certificate.
    #[serde(rename = "certificateID", skip_serializing_if = "Option::is_none")]
    pub certificate_id: Option<String>,
    /// Id of the control plane.
    #[serde(rename = "controlPlaneID", skip_serializing_if = "Option::is_none")]
    pub control_plane_id: Option<String>,
}

object!(
    KongSNI,
    spec: KongSNISpec,
    status: KongSNIStatus,
    conditions: [
        PROGRAMMED, CONTROL_PLANE_REF_VALID, RESOLVED_REFS, API_AUTH_RESOLVED_REF, API_AUTH_VALID,
        CERTIFICATE_REF_VALID, ADOPTED,
    ],
);
