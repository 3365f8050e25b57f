//! KongTarget: below its upstream, in the control plane of that (konnect.md 1.5, 2.7, 5.4).

use kong_crds::conditions::{REF_NOT_PERMITTED, UPSTREAM_REF_VALID};
use kong_crds::configuration::v1alpha1::KongTarget;
use kong_model::Collection;
use kong_resolve::{Condition, Frame, Key, Me, Verdict, View};
use serde_json::json;

use crate::bodies::{fill, members, seal, tags};
use crate::case::{Case, with_grant_hint};
use crate::entity::{Entity, conclude};
use crate::kind::Judge;
use crate::parents::{Parent, UPSTREAM};
use crate::parts::Parts;

impl Judge for KongTarget {
    const FRAME: Frame = Frame::Konnect;
    const AT: Collection = Collection::Targets;

    fn judge(me: Me<'_, Self>, view: &View<'_>) -> Verdict {
        let mut case = Case::of(me, view);
        let key = UPSTREAM.key(&case, &me.spec.upstream_ref);
        let upstream = upstream(&mut case, &key);
        let place = upstream.place(&mut case);
        case.adopt(me.spec.adopt.as_ref());
        let entity = Entity {
            at: Self::AT,
            parent: upstream.id(),
            specified: None,
            has_plugins: false,
            parts: Parts::default(),
            body: || {
                let mut members = members(Collection::Targets, me.spec);
                fill(&mut members, json!({"failover": false}));
                let tags = tags(me.key, me.meta, me.spec.tags.as_deref());
                seal(Collection::Targets, members, tags)
            },
        };
        conclude(case, place, entity)
    }
}

/// A denial is told in the condition of the upstream itself, as Kong does here alone.
fn upstream<'w>(case: &mut Case<'_, 'w>, key: &Key) -> Parent<'w> {
    if !case.permission(key).is_given() {
        case.say(denied(case.key, key));
        return Parent::Denied;
    }
    Parent::follow(case, &UPSTREAM, key)
}

fn denied(from: &Key, key: &Key) -> Condition {
    let denial = format!(
        "KongReferenceGrants do not allow access to KongUpstream {}",
        key.name
    );
    Condition::fails(
        UPSTREAM_REF_VALID,
        REF_NOT_PERMITTED,
        with_grant_hint(denial, from, key),
    )
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use kong_crds::Kind;
    use kong_crds::conditions::{CONTROL_PLANE_REF_VALID, INVALID};
    use kong_model::RemoteId;
    use kong_resolve::{Dep, Intent, LostControlPlane, Output, Readiness, Standing};
    use serde_json::Value;

    use super::*;
    use crate::testing::{
        Cluster, claims, condition, control_plane, failing, home, ready, site, standing, untagged,
    };

    fn spec() -> Value {
        json!({"upstreamRef": {"name": "upstream"}, "target": "10.0.0.1:8080", "weight": 0})
    }

    fn upstream_in(namespace: &str) -> Key {
        Key::new(Kind::KongUpstream, namespace, "upstream")
    }

    fn with_upstream() -> (Cluster, Key) {
        let mut cluster = Cluster::with_control_plane();
        cluster.stand(&upstream_in("ns"), ready("upstream-id"));
        let key = cluster.entity(Kind::KongTarget, spec());
        (cluster, key)
    }

    #[test]
    fn a_target_lives_below_its_upstream_in_the_control_plane_of_that() {
        let (cluster, key) = with_upstream();
        let verdict = cluster.judge(&key);
        let [claim] = claims(&verdict) else {
            panic!("{verdict:?}")
        };
        let sent = json!({"failover": false, "target": "10.0.0.1:8080", "weight": 0});
        assert_eq!(untagged(claim), sent);
        let parent = Some(RemoteId::from("upstream-id"));
        let at = site(Collection::Targets);
        assert_eq!(claim.site, kong_model::Site { parent, ..at });
        let id = RemoteId::from("upstream-id");
        assert_eq!(verdict.ids, [("upstreamID", id)]);
        assert_eq!(verdict.home.as_deref(), Some(&home()));
        assert_eq!(failing(&verdict), []);
        assert_eq!(
            condition(&verdict, UPSTREAM_REF_VALID).message,
            "Referenced KongUpstream ns/upstream programmed"
        );
        assert_eq!(
            condition(&verdict, CONTROL_PLANE_REF_VALID).message,
            "Referenced ControlPlane ns/cp is programmed"
        );
    }

    #[test]
    fn without_its_upstream_the_target_is_gone_too() {
        let mut cluster = Cluster::with_control_plane();
        let key = cluster.entity(Kind::KongTarget, spec());
        let verdict = cluster.judge(&key);
        assert_eq!(verdict.output, Output::Want(Vec::new()));
        assert!(!verdict.cleanup);
        let [(UPSTREAM_REF_VALID, INVALID, message)] = failing(&verdict)[..] else {
            panic!("{verdict:?}")
        };
        let start = "KongUpstream.configuration.konghq.com \"upstream\" not found; create it";
        assert!(message.starts_with(start), "{message}");
    }

    #[test]
    fn a_target_goes_before_the_upstream_that_is_being_deleted() {
        let (mut cluster, key) = with_upstream();
        let leaving = Standing {
            deleting: true,
            ..ready("upstream-id")
        };
        cluster.stand(&upstream_in("ns"), leaving);
        let verdict = cluster.judge(&key);
        assert_eq!(claims(&verdict)[0].intent, Intent::Absent);
        let said = condition(&verdict, UPSTREAM_REF_VALID);
        assert_eq!(
            said.message,
            "Referenced KongUpstream ns/upstream is being deleted; delete this object too or correct \
             spec.upstreamRef"
        );
        cluster.delete(&key);
        let verdict = cluster.judge(&key);
        let [claim] = claims(&verdict) else {
            panic!("{verdict:?}")
        };
        assert_eq!(claim.intent, Intent::Absent);
        assert_eq!(claim.site.parent, Some(RemoteId::from("upstream-id")));
    }

    #[test]
    fn a_target_waits_for_its_upstream_and_keeps_its_entity_meanwhile() {
        let (mut cluster, key) = with_upstream();
        let waiting = Standing {
            readiness: Readiness::Pending,
            ..ready("upstream-id")
        };
        cluster.stand(&upstream_in("ns"), waiting);
        let verdict = cluster.judge(&key);
        assert_eq!(verdict.output, Output::KeepLastGood);
        assert!(verdict.cleanup && verdict.is_passing());
    }

    #[test]
    fn the_deletion_of_a_target_below_an_unknown_id_claims_nothing() {
        let (mut cluster, key) = with_upstream();
        let unknown = Standing {
            id: None,
            ..ready("")
        };
        cluster.stand(&upstream_in("ns"), unknown);
        cluster.delete(&key);
        assert_eq!(cluster.judge(&key).output, Output::Want(Vec::new()));
    }

    #[test]
    fn the_control_plane_of_the_upstream_is_missed_by_name() {
        let (mut cluster, key) = with_upstream();
        cluster.remove_standing(&control_plane());
        let verdict = cluster.judge(&key);
        assert_eq!(verdict.output, Output::Want(Vec::new()));
        let said = condition(&verdict, CONTROL_PLANE_REF_VALID);
        let start = "referenced Control Plane \"<konnectNamespacedRef:ns/cp>\" does not exist";
        assert!(said.message.starts_with(start), "{said:?}");
    }

    #[test]
    fn what_the_upstream_has_lost_the_target_has_lost() {
        let (mut cluster, key) = with_upstream();
        cluster.remove_standing(&control_plane());
        let lost = LostControlPlane {
            control_plane: control_plane(),
            shown: "<konnectNamespacedRef:cp>".to_owned(),
        };
        let upstream = Standing {
            lost: Some(Arc::new(lost)),
            ..standing(Readiness::Blocked)
        };
        cluster.stand(&upstream_in("ns"), upstream);
        let verdict = cluster.judge(&key);
        assert_eq!(verdict.output, Output::Want(Vec::new()));
        assert!(!verdict.cleanup);
        let said = condition(&verdict, CONTROL_PLANE_REF_VALID);
        let start = "referenced Control Plane \"<konnectNamespacedRef:cp>\" does not exist";
        assert!(said.message.starts_with(start), "{said:?}");
    }

    #[test]
    fn an_upstream_elsewhere_is_not_looked_at_without_a_grant() {
        let mut cluster = Cluster::with_control_plane();
        let mut spec = spec();
        spec["upstreamRef"]["namespace"] = json!("other");
        let key = cluster.entity(Kind::KongTarget, spec);
        cluster.stand(&upstream_in("other"), ready("upstream-id"));
        let verdict = cluster.judge(&key);
        assert_eq!(verdict.output, Output::KeepLastGood);
        let [(UPSTREAM_REF_VALID, REF_NOT_PERMITTED, message)] = failing(&verdict)[..] else {
            panic!("{verdict:?}")
        };
        let start = "KongReferenceGrants do not allow access to KongUpstream other/upstream";
        assert!(message.starts_with(start), "{message}");
        let looked = Dep::Standing(upstream_in("other"));
        assert!(!cluster.reads(&key).contains(&looked));
        cluster.grant(Kind::KongTarget, Kind::KongUpstream);
        assert_eq!(claims(&cluster.judge(&key)).len(), 1);
    }

    #[test]
    fn an_upstream_that_is_blocked_says_where_to_look() {
        let (mut cluster, key) = with_upstream();
        cluster.stand(&upstream_in("ns"), standing(Readiness::Blocked));
        let verdict = cluster.judge(&key);
        let said = condition(&verdict, UPSTREAM_REF_VALID);
        let start = "Referenced KongUpstream ns/upstream is not programmed yet; its own";
        assert!(said.message.starts_with(start) && !said.passing, "{said:?}");
    }
}
