//! KonnectExtension: what data planes need to connect with a control plane (konnect.md 1.27, 6.7).
//!
//! It stands for the certificate by which the control plane knows them. Kong's operator writes an object of its own
//! for that; here the extension has the entity itself. The certificate is in a Secret of the user, or in one
//! that is made: see `certificate`.

mod certificate;

use kong_crds::conditions::{PROVISIONING, READY};
use kong_crds::konnect::v1alpha2::{
    ExtensionControlPlaneRef, ExtensionControlPlaneRefType, KonnectExtension,
};
use kong_model::{Body, Collection};
use kong_resolve::{Condition, DataPlanes, Frame, Me, Verdict, View};
use serde_json::json;

use self::certificate::Certificate;
use crate::case::Case;
use crate::control_plane::{self, Place};
use crate::entity::{Entity, conclude};
use crate::kind::Judge;
use crate::parts::Parts;

impl Judge for KonnectExtension {
    const FRAME: Frame = Frame::Extension;
    const AT: Collection = Collection::DataPlaneCertificates;

    fn judge(me: Me<'_, Self>, view: &View<'_>) -> Verdict {
        let mut case = Case::of(me, view);
        let (place, endpoints) = control_plane(&mut case, &me.spec.konnect.control_plane.reference);
        let certificate = certificate::find(&mut case, &me.spec.client_auth.certificate_secret);
        let Certificate { pem, secret, child } = certificate;
        if is_needed(&case, &place, pem.is_some()) {
            case.pins.extend(secret.clone());
        }
        let is_programmed = place.home().is_some_and(|home| home.id.is_some());
        let has_no_endpoints = is_programmed && endpoints.is_none() && !case.meta.deleting;
        let entity = Entity {
            at: Self::AT,
            parent: None,
            specified: None,
            has_plugins: false,
            parts: Parts::default(),
            body: || Body::from_wire(Self::AT, &json!({"cert": pem})),
        };
        let deleting = case.meta.deleting;
        let data_planes = DataPlanes {
            secret: secret.map(|secret| secret.name.name),
            endpoints,
        };
        let mut verdict = Verdict {
            children: child.into_iter().filter(|_| !deleting).collect(),
            data_planes: Some(Box::new(data_planes)),
            ..conclude(case, place, entity)
        };
        if has_no_endpoints {
            // After the rest is concluded: the certificate does not wait for them.
            verdict.say(no_endpoints());
        }
        verdict
    }
}

/// Whether the Secret has to stay: while its certificate is in Konnect or on its way there, and until it is known to
/// be gone. A Secret without a certificate is nobody's, so that it can be deleted and made anew.
fn is_needed(case: &Case<'_, '_>, place: &Place, has_certificate: bool) -> bool {
    if matches!(place, Place::Gone(_)) {
        return false;
    }
    let own = case.view.standing(case.key);
    let in_konnect = own.map(|own| own.id.is_some());
    // Of what is deleted nothing is on its way to Konnect.
    let deleting = case.meta.deleting;
    has_certificate && !deleting || in_konnect.unwrap_or(deleting)
}

type Endpoints = Option<std::sync::Arc<kong_resolve::Endpoints>>;

/// Follows `spec.konnect.controlPlane.ref`.
fn control_plane(
    case: &mut Case<'_, '_>,
    reference: &ExtensionControlPlaneRef,
) -> (Place, Endpoints) {
    match (reference.type_, &reference.konnect_namespaced_ref) {
        (ExtensionControlPlaneRefType::KonnectNamespacedRef, Some(target)) => {
            control_plane::of_data_planes(case, &target.name)
        }
        (ExtensionControlPlaneRefType::KonnectNamespacedRef, None) => (
            control_plane::unsupported(
                case,
                "referenced ControlPlaneRef names no control plane; set \
                 spec.konnect.controlPlane.ref.konnectNamespacedRef",
            ),
            None,
        ),
        (ExtensionControlPlaneRefType::Unknown, _) => (
            control_plane::unsupported(
                case,
                "referenced ControlPlaneRef <unknown> is unsupported; set \
                 spec.konnect.controlPlane.ref.type to konnectNamespacedRef",
            ),
            None,
        ),
    }
}

/// Passing, since Konnect tells them along with everything else of a control plane.
fn no_endpoints() -> Condition {
    let message = "provisioning in progress; Konnect has not said yet where data planes connect to";
    Condition::fails(READY, PROVISIONING, message).passing(true)
}

#[cfg(test)]
mod tests;
