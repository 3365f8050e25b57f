//! KongTarget: below its upstream, in the control plane of that (konnect.md 1.5, 2.7, 5.4).

use kong_crds::conditions::{REF_NOT_PERMITTED, UPSTREAM_REF_VALID};
use kong_crds::configuration::v1alpha1::KongTarget;
use kong_model::Collection;
use kong_resolve::{Condition, Frame, Key, Me, Output, Standing, Verdict, View};
use serde_json::json;

use crate::bodies::{fill, members, seal, tags};
use crate::case::{Case, with_grant_hint};
use crate::control_plane::{self, Place};
use crate::entity::{Entity, conclude};
use crate::kind::Judge;
use crate::parents::UPSTREAM;

impl Judge for KongTarget {
    const FRAME: Frame = Frame::Konnect;

    fn judge(me: Me<'_, Self>, view: &View<'_>) -> Verdict {
        let mut case = Case::of(me, view);
        let key = UPSTREAM.key(&case, &me.spec.upstream_ref);
        let upstream = upstream(&mut case, &key);
        let place = match &upstream {
            Upstream::Denied => Place::Unclear,
            Upstream::Missing => Place::Gone,
            Upstream::Found(standing) => control_plane::inherited(&mut case, standing),
        };
        case.refuse_adoption(me.spec.adopt.as_ref());
        let entity = Entity {
            at: Collection::Targets,
            parent: upstream.standing().and_then(|standing| standing.id.clone()),
            specified: None,
            scope: None,
            body: || {
                let mut members = members(Collection::Targets, me.spec);
                fill(&mut members, json!({"failover": false}));
                let tags = tags(me.key, me.meta, me.spec.tags.as_deref());
                seal(Collection::Targets, members, tags)
            },
        };
        let verdict = conclude(case, place, entity);
        let goes_first = upstream
            .standing()
            .is_some_and(|standing| standing.deleting);
        if goes_first && !me.meta.deleting {
            return Verdict {
                output: Output::Want(Vec::new()),
                ..verdict
            };
        }
        verdict
    }
}

enum Upstream<'w> {
    Denied,
    Missing,
    Found(&'w Standing),
}

impl<'w> Upstream<'w> {
    fn standing(&self) -> Option<&'w Standing> {
        match self {
            Self::Denied | Self::Missing => None,
            Self::Found(standing) => Some(standing),
        }
    }
}

/// A denial is told in the condition of the upstream itself, as Kong does here alone.
fn upstream<'w>(case: &mut Case<'_, 'w>, key: &Key) -> Upstream<'w> {
    if !case.permission(key).is_given() {
        case.say(denied(key));
        return Upstream::Denied;
    }
    match UPSTREAM.follow(case, key) {
        Some(standing) => Upstream::Found(standing),
        None => Upstream::Missing,
    }
}

fn denied(key: &Key) -> Condition {
    let denial = format!(
        "KongReferenceGrants do not allow access to KongUpstream {}",
        key.name
    );
    Condition::fails(
        UPSTREAM_REF_VALID,
        REF_NOT_PERMITTED,
        with_grant_hint(denial, key),
    )
}
