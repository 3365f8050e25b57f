//! How an entity leaves: when it may be deleted, and what is in the way.
//!
//! Children go before what they refer to, and nothing goes that something else still needs. What refers
//! to an entity is known from lists only, so these are read first. Start with [`Engine::leave`].

use uuid::Uuid;

use kong_model::{Collection, OnDelete, Update};
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
        if entity.source == IdSource::Observed || self.is_retained(entity) {
            // Deleting it is not ours to do, so nothing takes along what is in it; and without its
            // object nobody would know where that is.
            let blocker = self.blocker(entity);
            return blocker.map_or(Decision::Forget, Blocker::decision);
        }
        let goes_with_others = matches!(
            entity.site.at,
            Collection::Identity | Collection::GroupMemberships
        );
        if entity.belief == Belief::Absent || goes_with_others {
            return Decision::Forget;
        }
        if !self.place_exists(entity) {
            return Decision::Forget;
        }
        if self.is_known_to_be_nowhere(&entity.scope()) {
            return Decision::Forget;
        }
        if entity.is_nobodys() {
            return Decision::Forget;
        }
        if self.leaves_with_member(entity) {
            return Decision::Wait;
        }
        if !self.is_known(entity) || self.is_emptied_unseen(entity) {
            return Decision::NeedsList(entity.scope());
        }
        let not_ours = entity.taking().is_some_and(|taking| !taking.done);
        if entity.stranger.is_some() || entity.remote.is_none() || not_ours {
            return Decision::Forget;
        }
        if let Some(scope) = self.unread_referrers(entity) {
            return Decision::NeedsList(scope);
        }
        if self.leaves_with_object(entity) || self.is_still_needed(entity) {
            return Decision::Wait;
        }
        match self.blocker(entity) {
            Some(blocker) => blocker.decision(),
            None => self.when_allowed(entity, Act::Remove),
        }
    }

    /// Whether an entity is to be emptied, which repeats the rest of it, and nobody has looked at it: not even a
    /// control plane that we have just created says what it is then.
    fn is_emptied_unseen(&self, entity: &Entity) -> bool {
        let emptied = matches!(entity.site.at.update(), Update::Whole { .. });
        let held = matches!(entity.belief, Belief::Held(_));
        emptied && !held && !self.listings.is_read(&entity.scope())
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

    /// Whether an entity is a part of an object whose own is about to go and takes it along: one request
    /// for a consumer with all its credentials.
    fn leaves_with_object(&self, entity: &Entity) -> bool {
        let unit = self.units.get(&entity.owner).filter(|_| !entity.main);
        let ids = unit.into_iter().flat_map(|unit| unit.entities.iter());
        let mut others = ids.filter_map(|id| self.entities.get(*id));
        others.any(|other| other.main && other.is_leaving() && entity.falls_with(other))
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
        self.gives_up(&entity.owner)
    }

    /// Whether an object is deleted and leaves what it has in Konnect there.
    pub(crate) fn gives_up(&self, owner: &Key) -> bool {
        let entry = self.world.entry(owner);
        entry.is_some_and(|entry| entry.meta.deleting && kong_resolve::is_retained(&entry.meta))
    }

    /// It is forgotten. What is kept is nobody's from now on: whether it is in the way of anything the
    /// next list tells.
    pub(crate) fn let_go(&mut self, id: Uuid) {
        let entity = self.entities.get(id);
        let scope = entity.filter(|it| self.is_retained(it)).map(Entity::scope);
        self.forget_entity(id);
        if let Some(scope) = scope.filter(|scope| self.listings.has(scope)) {
            self.relist(&scope);
        }
    }

    /// What keeps an entity from being deleted.
    fn blocker(&self, entity: &Entity) -> Option<Blocker> {
        let remote = entity.remote.as_ref()?;
        let alone = entity.source == IdSource::Observed || self.is_retained(entity);
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
                    Some(Blocker::OnItsWay | Blocker::Foreign(_)) | None => other.owner.clone(),
                };
                found = Some(Blocker::Stays(before.min(other.owner.clone())));
            }
        };
        let at = entity.site.at;
        let others = self.entities.dependents(at, remote).map(|(_, other)| other);
        let goes_along =
            |other: &Entity| other.in_flight.is_none() && self.leaves_with_object(other);
        let others =
            others.filter(|other| other.site.at.members() != Some(at) && !goes_along(other));
        for other in others {
            note(
                other,
                alone || other.holds_reference(remote, OnDelete::Restrict),
            );
        }
        if entity.site.at == Collection::ControlPlanes {
            for id in self.entities.in_plane(remote) {
                if let Some(other) = self.entities.get(id) {
                    // What is kept beside the control plane and not in it does not go along.
                    note(other, alone || other.site.at.narrowed().is_some());
                }
            }
        }
        let foreign = || {
            let scope = entity.scope();
            let mut referrers = self.listings.referrers(&scope, remote);
            // What has become ours since is known better.
            let (_, words) = referrers.find(|(id, _)| self.entities.at(id).is_empty())?;
            Some(Blocker::Foreign(words.to_owned()))
        };
        found.or_else(|| foreign().filter(|_| !alone))
    }
}

/// Why an entity cannot be deleted now.
enum Blocker {
    /// What refers to it is about to go.
    OnItsWay,
    /// What refers to it is to stay.
    Stays(Key),
    /// Something refers to it that is none of ours: this.
    Foreign(String),
}

impl Blocker {
    /// What to do with the deletion.
    fn decision(self) -> Decision {
        let text = match self {
            Self::OnItsWay => return Decision::Wait,
            Self::Stays(key) => format!(
                "{key} still refers to it; delete {key} too, or let it refer to something else"
            ),
            Self::Foreign(words) => format!(
                "{words}, still refers to it; delete that in Konnect, or let it refer to something else"
            ),
        };
        Decision::Blocked(Problem {
            attempt: Attempt::Delete,
            text,
            transient: false,
        })
    }
}
