//! KongDataPlaneClientCertificate: a certificate that data planes of a control plane, or of a group of
//! them, may show (konnect.md 1.24, 5.4).
//!
//! One that Kong's operator made for a KonnectExtension, found on take-over, is not needed: the extension has its
//! entity as its own.

use kong_crds::configuration::v1alpha1::KongDataPlaneClientCertificate;
use kong_crds::{Kind, names::MANAGED_BY_LABEL};
use kong_model::Collection;
use kong_resolve::{Frame, Key, Me, Verdict, View, identity};
use serde_json::Value;
use uuid::Uuid;

use crate::bodies::members;
use crate::case::Case;
use crate::control_plane::{self, Place};
use crate::entity::{Entity, conclude};
use crate::kind::Judge;
use crate::material;
use crate::parts::Parts;

impl Judge for KongDataPlaneClientCertificate {
    const FRAME: Frame = Frame::Konnect;
    const AT: Collection = Collection::DataPlaneCertificates;

    fn judge(me: Me<'_, Self>, view: &View<'_>) -> Verdict {
        let mut case = Case::of(me, view);
        let place = control_plane::named_or_group(&mut case, &me.spec.control_plane_ref);
        if let Some(heir) = heir(me, view).filter(|_| !matches!(place, Place::Gone(_))) {
            return Verdict {
                heir: Some(heir),
                ..Verdict::default()
            };
        }
        if !me.meta.deleting && !material::is_pem(&me.spec.cert) {
            case.say_nonsense("spec.cert is not PEM; put a certificate in PEM there");
        }
        case.adopt(me.spec.adopt.as_ref());
        let entity = Entity {
            at: Self::AT,
            parent: None,
            specified: None,
            has_plugins: false,
            parts: Parts::default(),
            // Konnect keeps no tags of them.
            body: || {
                let members = members(Self::AT, me.spec);
                kong_model::Body::from_wire(Self::AT, &Value::Object(members))
            },
        };
        conclude(case, place, entity)
    }
}

/// The entity of the extension that Kong's operator made a certificate for.
fn heir(me: Me<'_, KongDataPlaneClientCertificate>, view: &View<'_>) -> Option<Uuid> {
    me.meta.label(MANAGED_BY_LABEL)?;
    let mut owners = me.meta.owners.iter();
    let (kind, name) = owners.find(|(kind, _)| *kind == Kind::KonnectExtension)?;
    let extension = Key {
        kind: *kind,
        name: me.key.name.sibling(None, name),
    };
    Some(identity(&view.meta(&extension)?.uid))
}

#[cfg(test)]
mod tests {
    use kong_crds::conditions::PROGRAMMED;
    use kong_resolve::Output;
    use serde_json::json;

    use super::*;
    use crate::testing::{
        Cluster, body, claims, condition, control_plane, control_plane_ref, control_plane_with,
        failing, site,
    };

    const PEM: &str = "-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----\n";

    fn judged(cluster: &mut Cluster, cert: &str) -> Verdict {
        let spec = json!({"cert": cert, "controlPlaneRef": control_plane_ref()});
        let key = cluster.entity(Kind::KongDataPlaneClientCertificate, spec);
        cluster.judge(&key)
    }

    #[test]
    fn a_certificate_is_sent_without_tags() {
        let mut cluster = Cluster::with_control_plane();
        let verdict = judged(&mut cluster, PEM);
        let [claim] = claims(&verdict) else {
            panic!("{verdict:?}")
        };
        assert_eq!(body(claim), json!({"cert": PEM}));
        assert_eq!(claim.site, site(Collection::DataPlaneCertificates));
        assert_eq!(failing(&verdict), []);
    }

    #[test]
    fn the_heir_of_one_that_was_made_for_an_extension_is_what_the_extension_stands_for() {
        let mut cluster = Cluster::with_control_plane();
        let key = cluster.apply(json!({
            "apiVersion": "configuration.konghq.com/v1alpha1",
            "kind": "KongDataPlaneClientCertificate",
            "metadata": {
                "name": "edge", "labels": {MANAGED_BY_LABEL: "konnect-extension"},
                "ownerReferences": [{
                    "apiVersion": "konnect.konghq.com/v1alpha2", "kind": "KonnectExtension",
                    "name": "edge", "uid": "uid-edge", "blockOwnerDeletion": true,
                }],
            },
            "spec": {"cert": PEM, "controlPlaneRef": control_plane_ref()},
        }));
        let alone = cluster.judge(&key);
        assert_eq!((alone.heir, claims(&alone).len()), (None, 1));
        let extension = cluster.apply(json!({
            "apiVersion": "konnect.konghq.com/v1alpha2", "kind": "KonnectExtension",
            "metadata": {"name": "edge"},
            "spec": {"konnect": {"controlPlane": {"ref": control_plane_ref()}}},
        }));
        let verdict = cluster.judge(&key);
        assert_eq!(claims(&verdict), []);
        let itself = identity(&crate::testing::meta(&cluster, &extension).uid);
        assert_eq!(verdict.heir, Some(itself));
        cluster.remove_standing(&control_plane());
        assert_eq!(cluster.judge(&key).heir, None);
    }

    #[test]
    fn a_group_has_data_planes_too() {
        let mut cluster = Cluster::new();
        cluster.stand(
            &control_plane(),
            control_plane_with(|home| home.group = true),
        );
        let verdict = judged(&mut cluster, PEM);
        assert_eq!(claims(&verdict).len(), 1);
        assert_eq!(failing(&verdict), []);
    }

    #[test]
    fn what_is_no_certificate_is_told() {
        let mut cluster = Cluster::with_control_plane();
        let verdict = judged(&mut cluster, "hunter2");
        assert_eq!(verdict.output, Output::KeepLastGood);
        let said = condition(&verdict, PROGRAMMED);
        assert_eq!(
            said.message,
            "spec.cert is not PEM; put a certificate in PEM there"
        );
    }
}
