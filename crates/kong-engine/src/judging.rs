//! From what has changed to what is wanted: judging units, keeping the graph of what they read, and
//! handing their claims to the entities.

use std::collections::BTreeSet;

use serde_json::Value;
use uuid::Uuid;

use kong_model::{Collection, RemoteId};
use kong_resolve::{Claim, Dep, Frame, Intent, Key, Output, Verdict, View};
use kong_translation::{Problem, Report, State, Urgency};

use crate::engine::Engine;
use crate::entities::{Belief, Entity, IdSource};

/// A judged object.
#[derive(Clone, Debug, Default)]
pub(crate) struct Unit {
    pub(crate) verdict: Verdict,
    reads: Box<[Dep]>,
    /// Everything in Konnect that is its own, wanted or not.
    pub(crate) entities: BTreeSet<Uuid>,
    /// How urgent it is to write the status; `None` if it says what it should.
    pub(crate) urgency: Option<Urgency>,
}

impl Engine {
    pub(crate) fn judge(&mut self, key: &Key) {
        let Some(entry) = self.world.entry(key) else {
            return;
        };
        let view = View::new(&self.world);
        let Some(mut verdict) = kong_translation::judge(key, entry, &view) else {
            return;
        };
        let reads = view.into_reads();
        self.stats.judged += 1;
        self.units.entry(key.clone()).or_default();
        self.take_claims(key, &verdict.output);
        self.share_bodies(&mut verdict.output);
        let unit = self.units.entry(key.clone()).or_default();
        let old_reads = std::mem::replace(&mut unit.reads, reads.iter().cloned().collect());
        let old = std::mem::replace(&mut unit.verdict, verdict.clone());
        for dep in old_reads.iter().filter(|dep| !reads.contains(*dep)) {
            if let Some(readers) = self.readers.get_mut(dep) {
                readers.remove(key);
                if readers.is_empty() {
                    self.readers.remove(dep);
                }
            }
        }
        for dep in reads.iter().filter(|dep| !old_reads.contains(*dep)) {
            self.readers
                .entry(dep.clone())
                .or_default()
                .insert(key.clone());
        }
        self.repin(key, &old.pins, &verdict.pins);
        if old.access != verdict.access {
            self.access_changed(key);
        }
        self.stale.insert(key.clone());
        self.check(key);
    }

    /// A verdict that says what was said before holds on to the body that is kept already.
    fn share_bodies(&self, output: &mut Output) {
        if let Output::Want(claims) = output {
            for claim in claims {
                if let Some(entity) = self.entities.get(claim.identity)
                    && let Some(intent) = &entity.intent
                    && claim.intent == *intent
                {
                    claim.intent = intent.clone();
                }
            }
        }
    }

    /// An object is gone, and with it everything that was wanted for it.
    pub(crate) fn forget_unit(&mut self, key: &Key) {
        let Some(unit) = self.units.remove(key) else {
            return;
        };
        for dep in unit.reads.iter() {
            if let Some(readers) = self.readers.get_mut(dep) {
                readers.remove(key);
            }
        }
        self.repin(key, &unit.verdict.pins, &[]);
        for id in unit.entities {
            if let Some(entity) = self.entities.get_mut(id) {
                entity.intent = None;
            }
            self.unexamined.insert(id);
        }
        self.access_changed(key);
        self.dirty.remove(key);
        self.stale.remove(key);
    }

    fn repin(&mut self, key: &Key, old: &[Key], new: &[Key]) {
        for pinned in old.iter().filter(|pinned| !new.contains(pinned)) {
            if let Some(users) = self.pinned.get_mut(pinned) {
                users.remove(key);
                if users.is_empty() {
                    self.pinned.remove(pinned);
                }
            }
            self.check(pinned);
        }
        for pinned in new.iter().filter(|pinned| !old.contains(pinned)) {
            self.pinned
                .entry(pinned.clone())
                .or_default()
                .insert(key.clone());
            self.check(pinned);
        }
    }

    /// The entities of `owner` are to be these.
    fn take_claims(&mut self, owner: &Key, output: &Output) {
        let mut claimed = self
            .units
            .get(owner)
            .map(|unit| unit.entities.clone())
            .unwrap_or_default();
        match output {
            Output::KeepLastGood => {
                for id in &claimed {
                    if let Some(entity) = self.entities.get_mut(*id)
                        && let Some(Intent::Present(_) | Intent::Observe(_)) = entity.intent
                    {
                        entity.intent = Some(Intent::Keep);
                    }
                }
            }
            Output::Want(claims) => {
                for id in &claimed {
                    if !claims.iter().any(|claim| claim.identity == *id)
                        && let Some(entity) = self.entities.get_mut(*id)
                    {
                        entity.intent = None;
                    }
                }
                for claim in claims {
                    self.take_claim(owner, claim);
                    claimed.insert(claim.identity);
                }
            }
        }
        self.unexamined.extend(claimed.iter().copied());
        // Moving an entity may have left something behind.
        if let Some(unit) = self.units.get_mut(owner) {
            unit.entities.extend(claimed);
        }
    }

    fn take_claim(&mut self, owner: &Key, claim: &Claim) {
        match self.entities.get(claim.identity) {
            Some(entity) if entity.site == claim.site => {}
            Some(_) => self.move_entity(owner, claim),
            None => {
                let entity = self.new_entity(owner, claim);
                self.entities.insert(claim.identity, entity);
            }
        }
        let Some(entity) = self.entities.get_mut(claim.identity) else {
            return;
        };
        entity.configuration = claim.configuration.clone();
        entity.generation = claim.generation;
        entity.main = claim.main;
        let same = match (&entity.intent, &claim.intent) {
            (Some(Intent::Present(old)), Intent::Present(new)) => old == new,
            (Some(old), new) => old == new,
            (None, _) => false,
        };
        if !same {
            // Whatever was wrong with the old body says nothing about the new one.
            entity.problem = None;
            entity.failures = 0;
            entity.not_before = self.now;
            entity.intent = Some(claim.intent.clone());
        }
        if let Intent::Observe(id) = &claim.intent {
            entity.remote = Some(id.clone());
            entity.source = IdSource::Observed;
        }
        self.entities.reindex(claim.identity);
    }

    /// An entity that is not known yet. What the status says of it is believed until a list knows
    /// better, so that a restart changes nothing.
    fn new_entity(&self, owner: &Key, claim: &Claim) -> Entity {
        let record = self.records.get(owner);
        let frame = kong_translation::frame(owner.kind);
        let recorded = match (record, frame, claim.main) {
            (Some(record), Some(frame), true) => record.recorded_id(frame).map(RemoteId::from),
            _ => None,
        };
        let trusted = match (record, frame, claim.main) {
            (Some(record), Some(Frame::Account), true) => {
                record.confirmed_generation(kong_crds::conditions::API_AUTH_VALID)
            }
            (Some(record), Some(_), true) if recorded.is_some() => {
                record.confirmed_generation(kong_crds::conditions::PROGRAMMED)
            }
            _ => None,
        };
        let own = claim.site.at.takes_our_id().then(|| match claim.site.at {
            // One list a control plane, under its id.
            Collection::GroupMemberships => claim.site.control_plane.clone(),
            _ => Some(RemoteId::from(claim.identity.to_string())),
        });
        let observed = match &claim.intent {
            Intent::Observe(id) => Some(id.clone()),
            Intent::Present(_) | Intent::Keep | Intent::Absent => None,
        };
        let new = Entity::new(claim);
        let observes = matches!(claim.intent, Intent::Observe(_));
        let listed = !observes && self.listings.is_complete(&new.scope());
        Entity {
            owner: owner.clone(),
            remote: observed
                .or_else(|| recorded.clone())
                .or_else(|| claim.specified.clone())
                .or_else(|| own.flatten()),
            source: match (&recorded, &claim.specified) {
                (Some(_), _) => IdSource::Record,
                (None, Some(_)) => IdSource::User,
                (None, None) => IdSource::Own,
            },
            belief: match trusted {
                Some(generation) => Belief::Trusted(generation),
                // A list that was complete before it was wanted did not have it.
                None if recorded.is_none() && listed => Belief::Absent,
                None => Belief::Unknown,
            },
            ..new
        }
    }

    /// An entity is wanted elsewhere: below another parent, in another control plane. What is at the
    /// old place goes, unless the place is gone itself.
    fn move_entity(&mut self, owner: &Key, claim: &Claim) {
        let Some(old) = self.entities.remove(claim.identity) else {
            return;
        };
        let mut new = Entity::new(claim);
        new.owner = owner.clone();
        new.remote.clone_from(&claim.specified);
        if new.remote.is_none() && claim.site.at.takes_our_id() {
            new.remote = match claim.site.at {
                Collection::GroupMemberships => claim.site.control_plane.clone(),
                _ => Some(RemoteId::from(claim.identity.to_string())),
            };
        }
        if old.is_possible() && self.place_exists(&old) {
            let rest = Uuid::new_v5(&claim.identity, format!("{:?}", old.site).as_bytes());
            let left = Entity {
                intent: None,
                main: false,
                in_flight: None,
                ..old
            };
            self.entities.insert(rest, left);
            self.unexamined.insert(rest);
            if let Some(unit) = self.units.get_mut(owner) {
                unit.entities.insert(rest);
            }
        }
        self.entities.insert(claim.identity, new);
    }

    /// What is to be said of an object whose status is `before`.
    pub(crate) fn report(&self, key: &Key, before: &Value) -> Option<Report> {
        let (unit, entry) = (self.units.get(key)?, self.world.entry(key)?);
        let frame = kong_translation::frame(key.kind)?;
        let states: Vec<State<'_>> = unit
            .entities
            .iter()
            .filter_map(|id| Some(self.entities.get(*id)?.state()))
            .collect();
        Some(kong_translation::report(
            frame,
            key,
            &entry.meta,
            &unit.verdict,
            &states,
            before,
        ))
    }

    /// Computes anew what is said of an object, and tells those who read its standing.
    pub(crate) fn refresh(&mut self, key: &Key) {
        let Some(record) = self.records.get(key) else {
            return;
        };
        let before = record.status.read();
        let Some(report) = self.report(key, &before) else {
            return;
        };
        let (standing, urgency) = (report.standing.clone(), report.urgency);
        let differs = self.status_patch(report, record, &before).is_some();
        if let Some(unit) = self.units.get_mut(key) {
            unit.urgency = differs.then_some(urgency);
        }
        if self.world.set_standing(key, standing) {
            self.touch(&Dep::Standing(key.clone()));
        }
        self.check(key);
    }

    /// The problem of an entity, if it has one: for messages about others.
    pub(crate) fn set_problem(&mut self, id: Uuid, problem: Option<Problem>) {
        if let Some(entity) = self.entities.get_mut(id)
            && entity.problem != problem
        {
            entity.problem = problem;
            self.stale.insert(entity.owner.clone());
        }
    }
}
