//! KongDataPlaneClientCertificate: a certificate that data planes prove themselves with.

use kube::CustomResource;
use serde::{Deserialize, Serialize};

#[cfg(feature = "schema")]
use crate::schema::rules;
use crate::{
    adopt::Adopt,
    object::object,
    reference::ControlPlaneRef,
    status::{ControlPlaneId, EntityStatus},
};

/// A certificate that data planes of a control plane prove themselves with.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(kube::KubeSchema))]
#[cfg_attr(not(feature = "schema"), kube(schema = "disabled"))]
#[kube(
    group = "configuration.konghq.com",
    version = "v1alpha1",
    kind = "KongDataPlaneClientCertificate",
    namespaced,
    status = "KongDataPlaneClientCertificateStatus",
    derive = "PartialEq",
    doc = "A certificate that data planes of a control plane prove themselves with.",
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
        validation = Rule::new("!has(self.spec.controlPlaneRef) ? true : \
             (!self.status.conditions.exists(c, c.type == 'Programmed' && c.status == 'True')) ? \
             true : oldSelf.spec.controlPlaneRef == self.spec.controlPlaneRef")
            .message("spec.controlPlaneRef is immutable when an entity is already Programmed"),
        validation = Rule::new("(!self.status.conditions.exists(c, c.type == 'Programmed' && \
             c.status == 'True')) ? true : oldSelf.spec.cert == self.spec.cert")
            .message("spec.cert is immutable when an entity is already Programmed"),
    ),
    x_kube(validation = rules::control_plane_is_not_ingress_controller())
)]
pub struct KongDataPlaneClientCertificateSpec {
    /// The control plane that the data planes belong to.
    #[serde(rename = "controlPlaneRef")]
    pub control_plane_ref: ControlPlaneRef,
    /// The certificate in PEM. Cannot be changed once it is in Konnect.
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    pub cert: String,
    /// An existing certificate in Konnect to take over; with mode match.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "schema",
        schemars(extend("x-kubernetes-validations" = [
            kube::core::Rule::new("self.mode == 'match'")
                .message("Only 'match' mode adoption is supported"),
            rules::adopt_source_is_immutable(),
            rules::adopt_options_are_set(),
            rules::adopted_id_is_immutable(),
        ]))
    )]
    pub adopt: Option<Adopt>,
}

/// Status of a KongDataPlaneClientCertificate.
pub type KongDataPlaneClientCertificateStatus = EntityStatus<ControlPlaneId>;

object!(
    KongDataPlaneClientCertificate,
    spec: KongDataPlaneClientCertificateSpec,
    status: KongDataPlaneClientCertificateStatus,
    conditions: [
        PROGRAMMED, CONTROL_PLANE_REF_VALID, RESOLVED_REFS, API_AUTH_RESOLVED_REF, API_AUTH_VALID,
        ADOPTED,
    ],
);
