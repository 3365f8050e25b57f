//! KongKeySet (konnect.md 1.22, 5.4). Which keys are in it is said by the keys.

use kong_crds::configuration::v1alpha1::KongKeySet;
use kong_model::Collection;
use kong_resolve::{Frame, Me, Verdict, View};

use crate::bodies::{members, seal, tags};
use crate::case::Case;
use crate::control_plane;
use crate::entity::{Entity, conclude};
use crate::kind::Judge;
use crate::parts::Parts;

impl Judge for KongKeySet {
    const FRAME: Frame = Frame::Konnect;
    const AT: Collection = Collection::KeySets;

    fn judge(me: Me<'_, Self>, view: &View<'_>) -> Verdict {
        let mut case = Case::of(me, view);
        let place = control_plane::named(&mut case, &me.spec.control_plane_ref);
        case.adopt(me.spec.adopt.as_ref());
        let entity = Entity {
            at: Self::AT,
            parent: None,
            specified: None,
            has_plugins: false,
            parts: Parts::default(),
            body: || {
                let tags = tags(me.key, me.meta, me.spec.tags.as_deref());
                seal(Self::AT, members(Self::AT, me.spec), tags)
            },
        };
        conclude(case, place, entity)
    }
}

#[cfg(test)]
mod tests {
    use kong_crds::Kind;
    use serde_json::json;

    use super::*;
    use crate::testing::{Cluster, claims, control_plane_ref, failing, site, untagged};

    #[test]
    fn a_key_set_is_its_name() {
        let mut cluster = Cluster::with_control_plane();
        let spec = json!({"name": "set", "controlPlaneRef": control_plane_ref()});
        let key = cluster.entity(Kind::KongKeySet, spec);
        let verdict = cluster.judge(&key);
        let [claim] = claims(&verdict) else {
            panic!("{verdict:?}")
        };
        assert_eq!(untagged(claim), json!({"name": "set"}));
        assert_eq!(claim.site, site(Collection::KeySets));
        assert_eq!(failing(&verdict), []);
    }
}
