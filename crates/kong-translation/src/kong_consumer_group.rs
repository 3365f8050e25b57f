//! KongConsumerGroup (konnect.md 1.9, 5.4). Who is in it is said by the consumers.

use kong_crds::configuration::v1beta1::KongConsumerGroup;
use kong_model::Collection;
use kong_resolve::{Frame, Me, Verdict, View};
use serde_json::json;

use crate::bodies::{absent_if_empty, fill, members, seal, tags};
use crate::case::Case;
use crate::control_plane;
use crate::entity::{Entity, conclude};
use crate::kind::Judge;
use crate::parts::Parts;

impl Judge for KongConsumerGroup {
    const FRAME: Frame = Frame::Konnect;
    const AT: Collection = Collection::ConsumerGroups;

    fn judge(me: Me<'_, Self>, view: &View<'_>) -> Verdict {
        let reference = control_plane::in_konnect(me.spec.control_plane_ref.as_ref());
        let Some(reference) = reference else {
            return Verdict::foreign();
        };
        let mut case = Case::of(me, view);
        let place = control_plane::named(&mut case, reference);
        case.adopt(me.spec.adopt.as_ref());
        let entity = Entity {
            at: Self::AT,
            parent: None,
            specified: None,
            has_plugins: true,
            parts: Parts::default(),
            body: || {
                let mut members = members(Self::AT, me.spec);
                absent_if_empty(&mut members, &["name"]);
                fill(&mut members, json!({"name": &*me.key.name.name}));
                let tags = tags(me.key, me.meta, me.spec.tags.as_deref());
                seal(Self::AT, members, tags)
            },
        };
        conclude(case, place, entity)
    }
}

#[cfg(test)]
mod tests {
    use kong_crds::Kind;
    use kong_resolve::Output;
    use serde_json::Value;

    use super::*;
    use crate::testing::{Cluster, claims, control_plane_ref, failing, site, untagged};

    fn judged(spec: Value) -> Verdict {
        let mut cluster = Cluster::with_control_plane();
        let key = cluster.entity(Kind::KongConsumerGroup, spec);
        cluster.judge(&key)
    }

    #[test]
    fn a_group_has_its_name_or_that_of_the_object() {
        for (name, expected) in [
            (json!("gold"), "gold"),
            (json!(""), "consumergroup"),
            (Value::Null, "consumergroup"),
        ] {
            let verdict = judged(json!({"name": name, "controlPlaneRef": control_plane_ref()}));
            let [claim] = claims(&verdict) else {
                panic!("{verdict:?}")
            };
            assert_eq!(untagged(claim), json!({"name": expected}));
            assert_eq!(claim.site, site(Collection::ConsumerGroups));
            assert_eq!(failing(&verdict), []);
        }
    }

    #[test]
    fn of_a_group_without_konnect_nothing_is_said() {
        for spec in [
            json!({"name": "gold"}),
            json!({"name": "gold", "controlPlaneRef": {"type": "kic"}}),
        ] {
            let verdict = judged(spec);
            assert!(verdict.foreign && verdict.conditions.is_empty() && !verdict.cleanup);
            assert_eq!(verdict.output, Output::Want(Vec::new()));
        }
    }
}
