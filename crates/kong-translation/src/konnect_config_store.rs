//! KonnectConfigStore: where vaults of Konnect keep their values (konnect.md 1.28, 2.5, 5.4).

use kong_crds::konnect::v1alpha1::KonnectConfigStore;
use kong_model::{Body, Collection};
use kong_resolve::{Frame, Me, Verdict, View};
use serde_json::{Value, json};

use crate::bodies::{absent_if_empty, fill, members};
use crate::case::Case;
use crate::control_plane;
use crate::entity::{Entity, conclude};
use crate::kind::Judge;
use crate::parts::Parts;

impl Judge for KonnectConfigStore {
    const FRAME: Frame = Frame::Native;
    const AT: Collection = Collection::ConfigStores;

    fn judge(me: Me<'_, Self>, view: &View<'_>) -> Verdict {
        let mut case = Case::of(me, view);
        let place = control_plane::by_object(&mut case, &me.spec.control_plane_ref);
        let home_id = place.home().and_then(|home| home.id.clone());
        case.ids.extend(home_id.map(|id| ("controlPlaneID.id", id)));
        let entity = Entity {
            at: Self::AT,
            parent: None,
            specified: None,
            has_plugins: false,
            parts: Parts::default(),
            body: || {
                let mut members = members(Self::AT, &me.spec.api_spec);
                absent_if_empty(&mut members, &["name"]);
                fill(&mut members, json!({"name": &*me.key.name.name}));
                Body::from_wire(Self::AT, &Value::Object(members))
            },
        };
        conclude(case, place, entity)
    }
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::needless_pass_by_value,
        reason = "tests write their JSON where it is used"
    )]

    use kong_crds::conditions::{CONTROL_PLANE_REF_VALID, INVALID, NOT_PROGRAMMED, RESOLVED_REFS};
    use kong_model::RemoteId;
    use kong_resolve::{Key, Output, Readiness};

    use super::*;
    use crate::testing::{
        Cluster, body, claims, condition, control_plane, control_plane_with, failing, site,
    };

    fn apply(cluster: &mut Cluster, reference: Value) -> Key {
        cluster.apply(json!({
            "apiVersion": "konnect.konghq.com/v1alpha1", "kind": "KonnectConfigStore",
            "metadata": {"name": "store"},
            "spec": {"apiSpec": {"name": "values"}, "controlPlaneRef": reference},
        }))
    }

    fn named(reference: Value) -> Value {
        json!({"type": "namespacedRef", "namespacedRef": reference})
    }

    #[test]
    fn a_store_is_its_name_and_says_where_it_is() {
        let mut cluster = Cluster::with_control_plane();
        let key = apply(&mut cluster, named(json!({"name": "cp"})));
        let verdict = cluster.judge(&key);
        let [claim] = claims(&verdict) else {
            panic!("{verdict:?}")
        };
        assert_eq!(body(claim), json!({"name": "values"}));
        assert_eq!(claim.site, site(Collection::ConfigStores));
        assert_eq!(
            verdict.ids,
            [("controlPlaneID.id", RemoteId::from("cp-id"))]
        );
        assert_eq!(
            condition(&verdict, CONTROL_PLANE_REF_VALID).message,
            "Referenced KonnectGatewayControlPlane ns/cp is programmed"
        );
    }

    #[test]
    fn a_control_plane_that_cannot_be_had_is_told_in_the_words_of_kongs_operator() {
        let cases = [
            (
                None,
                INVALID,
                "referenced object ns/cp does not exist: \
                 KonnectGatewayControlPlane.konnect.konghq.com \"cp\" not found; create it",
            ),
            (
                Some(control_plane_with(|home| {
                    home.readiness = Readiness::Pending;
                })),
                NOT_PROGRAMMED,
                "Referenced KonnectGatewayControlPlane ns/cp is not programmed yet",
            ),
            (
                Some(control_plane_with(|home| home.deleting = true)),
                INVALID,
                "Referenced KonnectGatewayControlPlane ns/cp is being deleted",
            ),
        ];
        for (standing, reason, start) in cases {
            let mut cluster = Cluster::new();
            if let Some(standing) = standing {
                cluster.stand(&control_plane(), standing);
            }
            let key = apply(&mut cluster, named(json!({"name": "cp"})));
            let verdict = cluster.judge(&key);
            let said = condition(&verdict, CONTROL_PLANE_REF_VALID);
            assert_eq!(said.reason, reason);
            assert!(said.message.starts_with(start), "{said:?}");
        }
    }

    #[test]
    fn a_store_names_its_control_plane_by_name_alone() {
        let mut cluster = Cluster::with_control_plane();
        let id = json!({"type": "konnectID", "konnectID": "cp-id"});
        let key = apply(&mut cluster, id);
        let verdict = cluster.judge(&key);
        assert_eq!(verdict.output, Output::KeepLastGood);
        let [(CONTROL_PLANE_REF_VALID, INVALID, message)] = failing(&verdict)[..] else {
            panic!("{verdict:?}")
        };
        assert!(
            message.starts_with("unsupported ref type \"konnectID\""),
            "{message}"
        );
    }

    #[test]
    fn a_control_plane_elsewhere_needs_a_grant() {
        let mut cluster = Cluster::new();
        let reference = json!({"name": "cp", "namespace": "other"});
        let key = apply(&mut cluster, named(reference));
        let said = cluster.judge(&key);
        assert_eq!(
            condition(&said, RESOLVED_REFS).message.split(';').next(),
            Some("KongReferenceGrants do not allow access to KonnectGatewayControlPlane other/cp")
        );
    }
}
