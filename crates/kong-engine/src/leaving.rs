//! How an entity leaves: when it may be deleted, and what is in the way.
//!
//! Children go before what they refer to, and nothing goes that something else still needs. What refers
//! to an entity is known from lists only, so these are read first. Start with [`Engine::leave`].

use kong_crds::names::DELETION_POLICY_ANNOTATION;
use kong_model::{Collection, OnDelete};
use kong_resolve::{Intent, Key};
use kong_translation::{Attempt, Problem};

use crate::decide::Decision;
use crate::engine::Engine;
use crate::entities::{Act, Belief, Entity, IdSource};
use crate::listing::Scope;

impl Engine {
    pub(crate) fn leave(&self, entity: &Entity) -> Decision {
        if entity.belief == Belief::Absent && entity.intent == Some(Intent::Absent) {
            // Its object is still there and may be judged again: what is known is not to be forgotten.
            return Decision::Rest;
        }
        if entity.source == IdSource::Observed {
            // Deleting it is not ours to do, so nothing takes along what is in it; and without its
            // object nobody would know where that is.
            return match self.blocker(entity) {
                Some(Blocker::OnItsWay) => Decision::Wait,
                Some(Blocker::Stays(blocker)) => Decision::Blocked(in_the_way(&blocker)),
                None => Decision::Forget,
            };
        }
        let goes_with_others = matches!(
            entity.site.at,
            Collection::Identity | Collection::GroupMemberships
        );
        if entity.belief == Belief::Absent || goes_with_others || self.is_retained(entity) {
            return Decision::Forget;
        }
        if !self.place_exists(entity) {
            return Decision::Forget;
        }
        if !self.is_known(entity) {
            return Decision::NeedsList(entity.scope());
        }
        if entity.stranger.is_some() || entity.remote.is_none() {
            return Decision::Forget;
        }
        if let Some(scope) = self.unread_referrers(entity) {
            return Decision::NeedsList(scope);
        }
        if self.leaves_with_member(entity) {
            return Decision::Wait;
        }
        match self.blocker(entity) {
            Some(Blocker::OnItsWay) => Decision::Wait,
            Some(Blocker::Stays(blocker)) => Decision::Blocked(in_the_way(&blocker)),
            None => self.when_allowed(entity, Act::Remove),
        }
    }

    /// Whether an entity is the membership of one that is about to go, which ends it.
    fn leaves_with_member(&self, entity: &Entity) -> bool {
        let Some((of, remote)) = entity.site.at.members().zip(entity.remote.as_ref()) else {
            return false;
        };
        let found = self.entities.at(remote).into_iter();
        let mut found = found.filter_map(|id| self.entities.get(id));
        found.any(|member| member.site.at == of && member.is_leaving() && member.is_possible())
    }

    /// A list that has yet to be read of what could keep an entity from being deleted: of what is not
    /// known nobody knows whether it refers to it.
    fn unread_referrers(&self, entity: &Entity) -> Option<Scope> {
        let own = entity.scope();
        let mut scopes = Collection::all()
            .filter(|at| at.restrains(own.at))
            .map(|at| Scope { at, ..own.clone() });
        scopes.find(|scope| !self.is_listed(scope))
    }

    /// Whether the user asked to keep the entity of an object that is deleted.
    fn is_retained(&self, entity: &Entity) -> bool {
        self.world.entry(&entity.owner).is_some_and(|entry| {
            entry.meta.deleting
                && entry.meta.annotation(DELETION_POLICY_ANNOTATION) == Some("retain")
        })
    }

    /// What keeps an entity from being deleted.
    fn blocker(&self, entity: &Entity) -> Option<Blocker> {
        let remote = entity.remote.as_ref()?;
        let alone = entity.source == IdSource::Observed;
        let mut found = None;
        // What nobody has looked at may be in the way; it is being looked at.
        if let Some(plane) = &entity.site.control_plane
            && Collection::all()
                .filter(|at| at.restrains(entity.site.at))
                .any(|at| self.entities.opaque(plane, at).next().is_some())
        {
            found = Some(Blocker::OnItsWay);
        }
        if entity.site.at == Collection::ControlPlanes && self.recorded.is_awaited(remote) {
            found = Some(Blocker::OnItsWay);
        }
        let mut note = |other: &Entity, refuses: bool| {
            if other.in_flight.is_some() || (other.is_possible() && other.is_leaving()) {
                // What fails to go does not hold up what would take it along.
                if refuses || alone || other.failures == 0 {
                    found.get_or_insert(Blocker::OnItsWay);
                }
            } else if other.is_possible() && refuses {
                // Of several always the same one is named, whatever their ids are.
                let before = match found.take() {
                    Some(Blocker::Stays(before)) => before,
                    Some(Blocker::OnItsWay) | None => other.owner.clone(),
                };
                found = Some(Blocker::Stays(before.min(other.owner.clone())));
            }
        };
        let at = entity.site.at;
        let others = self.entities.dependents(at, remote).map(|(_, other)| other);
        for other in others.filter(|other| other.site.at.members() != Some(at)) {
            note(other, other.holds_reference(remote, OnDelete::Restrict));
        }
        if entity.site.at == Collection::ControlPlanes {
            for id in self.entities.in_plane(remote) {
                if let Some(other) = self.entities.get(id) {
                    note(other, alone);
                }
            }
        }
        found
    }
}

/// What to say of a deletion that something else is in the way of.
fn in_the_way(blocker: &Key) -> Problem {
    Problem {
        attempt: Attempt::Delete,
        text: format!(
            "{blocker} still refers to it; delete {blocker} too, or let it refer to something else"
        ),
        transient: false,
    }
}

/// Why an entity cannot be deleted now.
enum Blocker {
    /// What refers to it is about to go.
    OnItsWay,
    /// What refers to it is to stay.
    Stays(Key),
}
