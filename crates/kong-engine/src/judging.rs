//! From what has changed to what is wanted: judging units, keeping the graph of what they read, and
//! handing their claims to the entities.

use std::sync::Arc;

use serde_json::Value;
use uuid::Uuid;

use kong_crds::conditions::ADOPTED;
use kong_model::Naming;
use kong_resolve::{
    Claim, Dep, DriftPolicy, Few, Frame, Intent, Key, Output, Readiness, Standing, Verdict, View,
};
use kong_translation::{Problem, Report, State, Urgency};

use crate::engine::Engine;
use crate::entities::{Belief, Entity, IdSource};
use crate::input::Org;

/// A judged object.
#[derive(Clone, Debug, Default)]
pub(crate) struct Unit {
    pub(crate) verdict: Verdict,
    reads: Box<[Dep]>,
    /// Everything in Konnect that is its own, wanted or not.
    pub(crate) entities: Few<Uuid>,
    /// How urgent it is to write the status; `None` if it says what it should.
    pub(crate) urgency: Option<Urgency>,
    /// Whether what its status says of its entity has been taken up.
    pub(crate) recalled: bool,
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
        self.share_words(&mut verdict);
        self.units.entry(key.clone()).or_default();
        self.recall_unless_inherited(key, &verdict);
        if verdict.unseen && !self.is_where_it_is_wanted(key, &verdict.output) {
            // There is nothing to compare.
            verdict.output = Output::KeepLastGood;
        }
        self.take_claims(key, &verdict.output, verdict.drift);
        self.set_heir(key, verdict.heir);
        self.share_bodies(&mut verdict.output);
        let unit = self.units.entry(key.clone()).or_default();
        let old_reads = std::mem::replace(&mut unit.reads, reads.iter().cloned().collect());
        let old = std::mem::replace(&mut unit.verdict, verdict.clone());
        self.change_reads(
            key,
            reads.iter().filter(|dep| !old_reads.contains(*dep)),
            old_reads.iter().filter(|dep| !reads.contains(*dep)),
        );
        self.repin(key, &old.pins, &verdict.pins);
        self.take_children(key, &old.children, &verdict.children);
        if old.access != verdict.access {
            self.access_changed(key);
        }
        self.stale.insert(key.clone());
        self.confirm_home(key);
        self.check(key);
    }

    /// Whether the entity of an object is known, there or not, in the place where it is wanted.
    fn is_where_it_is_wanted(&self, key: &Key, output: &Output) -> bool {
        let Output::Want(claims) = output else {
            return false;
        };
        let entity = self.main_entity(key);
        let mut claims = claims.iter().filter(|claim| claim.main);
        claims.any(|claim| entity.is_some_and(|entity| entity.site == claim.site))
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

    /// What a verdict says in the words of others it says in their memory.
    fn share_words(&mut self, verdict: &mut Verdict) {
        verdict.conditions = self.findings.share(Arc::clone(&verdict.conditions));
        verdict.home = verdict.home.take().map(|home| self.homes.share(home));
        let Output::Want(claims) = &mut verdict.output else {
            return;
        };
        for claim in claims {
            if let Intent::Present(body) = &mut claim.intent
                && let Some(body) = Arc::get_mut(body)
            {
                body.texts(|text| *text = self.texts.share_ref(text));
            }
        }
    }

    /// An object is gone, and with it everything that was wanted for it.
    pub(crate) fn forget_unit(&mut self, key: &Key) {
        let Some(unit) = self.units.remove(key) else {
            return;
        };
        self.change_reads(key, [], &unit.reads);
        self.repin(key, &unit.verdict.pins, &[]);
        self.take_children(key, &unit.verdict.children, &[]);
        self.change_heir(key, unit.verdict.heir, None);
        self.orgs.remove(key);
        for id in unit.entities {
            if let Some(entity) = self.entities.get_mut(id) {
                entity.intent = None;
            }
            self.unexamined.insert(id);
            if self.term() == 0 {
                // Whoever let the object go has seen to it.
                self.forget_entity(id);
            }
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
    fn take_claims(&mut self, owner: &Key, output: &Output, drift: DriftPolicy) {
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
                        // What was wrong with what was wanted is not what is in the way now.
                        entity.problem = None;
                        entity.failures = 0;
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
        for id in &claimed {
            if let Some(entity) = self.entities.get_mut(*id) {
                entity.policy = drift;
            }
        }
        self.unexamined.extend(claimed.iter().copied());
        // Moving an entity may have left something behind, and one that was kept may have another identity now.
        if let Some(unit) = self.units.get_mut(owner) {
            let there = |id: &Uuid| self.entities.get(*id).is_some();
            unit.entities.extend(claimed.into_iter().filter(there));
        }
    }

    fn take_claim(&mut self, owner: &Key, claim: &Claim) {
        match self.entities.get(claim.identity) {
            Some(entity) if entity.site == claim.site && !is_of_another(entity, claim) => {}
            Some(entity) if !entity.is_nobodys() => self.move_entity(owner, claim),
            Some(_) | None => {
                if let Some(kept) = self.kept_membership(owner, claim) {
                    self.call_by_its_name(kept, owner, claim);
                } else {
                    let entity = self.new_entity(owner, claim);
                    self.take_in(claim.identity, entity);
                }
            }
        }
        // Whoever waits for what it has, or has what it wants, may have to act now.
        self.unexamined
            .extend(self.entities.neighbours(claim.identity));
        let Some(entity) = self.entities.get_mut(claim.identity) else {
            return;
        };
        let edited = entity.generation != claim.generation;
        entity.ask_for(claim.identity, claim.adopt.as_ref());
        entity.configuration = claim.configuration.clone();
        entity.specified.clone_from(&claim.specified);
        entity.generation = claim.generation;
        entity.main = claim.main;
        entity.content.clone_from(&claim.content);
        if !claim.known_by.is_empty() && entity.holds.is_empty() {
            entity.holds = claim.known_by.clone().into();
        }
        let same = match (&entity.intent, &claim.intent) {
            (Some(Intent::Present(old)), Intent::Present(new)) => old == new,
            (Some(old), new) => old == new,
            (None, _) => false,
        };
        if !same {
            // What is edited is written, whatever has become of it.
            entity.drift = None;
        }
        if !same || edited {
            // Whatever was wrong with the old body says nothing about the new one, and who edits an
            // object wants to see what comes of it now.
            entity.problem = None;
            entity.failures = 0;
            entity.not_before = self.now;
            entity.intent = Some(claim.intent.clone());
        }
        if let Intent::Observe(id) | Intent::Release(id) = &claim.intent {
            entity.remote = Some(id.clone());
            entity.source = IdSource::Observed;
        }
        self.entities.reindex(claim.identity);
        if !same {
            self.unexamined
                .extend(self.entities.neighbours(claim.identity));
        }
    }

    /// The membership of an object that a list had while nobody could say which of those it is that the object
    /// wants: memberships carry no tags of their own.
    fn kept_membership(&self, owner: &Key, claim: &Claim) -> Option<Uuid> {
        claim.site.at.members()?;
        let found = self.entities.at(claim.specified.as_ref()?).into_iter();
        let mut found = found.filter(|id| *id != claim.identity);
        found.find(|id| {
            self.entities.get(*id).is_some_and(|kept| {
                kept.owner == *owner && kept.site == claim.site && kept.in_flight.is_none()
            })
        })
    }

    /// What was kept is this that is claimed.
    fn call_by_its_name(&mut self, kept: Uuid, owner: &Key, claim: &Claim) {
        self.set_entity_alarm(kept, None);
        let Some(kept_as) = self.entities.remove(kept) else {
            return;
        };
        if let Some(unit) = self.units.get_mut(owner) {
            unit.entities.remove(&kept);
        }
        let entity = Entity {
            belief: kept_as.belief,
            source: kept_as.source,
            holds: kept_as.holds,
            touched: kept_as.touched,
            ..self.new_entity(owner, claim)
        };
        self.entities.insert(claim.identity, entity);
        self.unexamined.insert(claim.identity);
    }

    /// Whether its list had an entity when nobody wanted it there: the list has to be read once more.
    fn is_passed_over(&self, entity: &Entity) -> bool {
        let mut remote = entity.remote.iter();
        remote.any(|id| self.listings.had(&entity.scope(), id))
    }

    /// An entity is known from now on.
    pub(crate) fn take_in(&mut self, id: Uuid, entity: Entity) {
        let scope = entity.scope();
        let passed_over = self.is_passed_over(&entity)
            || self.heirs.contains_key(&id)
            || entity.taking().is_some() && self.listings.knows(&scope);
        // Somebody may have made one like it since the list was read, and a second one would be made.
        let unclear = entity.site.at.naming() == Naming::Keyed
            && entity.remote.is_none()
            && self.listings.is_read(&scope);
        let groups = self.lists_of_groups(&entity);
        self.entities.insert(id, entity);
        self.unexamined.insert(id);
        for groups in groups {
            self.relist(&groups);
        }
        if passed_over || unclear {
            self.relist(&scope);
        }
    }

    /// An entity that is not known yet.
    pub(crate) fn new_entity(&self, owner: &Key, claim: &Claim) -> Entity {
        let mut new = Entity::new(owner, claim);
        self.trust_status(claim.identity, &mut new);
        // A list that was complete before it was wanted did not have it.
        let sought = !claim.known_by.is_empty();
        let unheard_of =
            !new.main || new.belief == Belief::Unknown && new.source == IdSource::Own && !sought;
        if unheard_of && self.is_known(&new) {
            new.belief = Belief::Absent;
        }
        new
    }

    /// What the status of its object says of an entity is believed until a list knows better: so a
    /// restart changes nothing, and neither does a takeover.
    fn trust_status(&self, identity: Uuid, entity: &mut Entity) {
        let owner = self
            .records
            .get(&entity.owner)
            .zip(kong_translation::frame(entity.owner.kind));
        let Some((record, frame)) = owner.filter(|_| entity.main) else {
            // No status names it, so it is where its identity says until a list knows better. An object
            // that is Programmed has all of its parts.
            let record = self.records.get(&entity.owner);
            let frame = kong_translation::frame(entity.owner.kind);
            let programmed = record
                .zip(frame)
                .and_then(|(record, frame)| record.confirmed_generation(frame.summary()));
            entity.belief = programmed.map_or(Belief::Unknown, Belief::Trusted);
            if entity.remote.is_none() {
                entity.start_over(identity);
            }
            return;
        };
        // What it had elsewhere says nothing of what is here.
        let elsewhere = self.recorded_site(&entity.owner);
        let elsewhere = elsewhere.is_some_and(|site| site != entity.site);
        let recorded = record.recorded_id(frame).filter(|_| !elsewhere);
        if let Some(taking) = &mut entity.adoption {
            let same = recorded.as_ref() == Some(&taking.wanted.id);
            taking.done = same || record.confirmed_generation(ADOPTED).is_some();
        }
        let is_named = frame == Frame::Account || recorded.is_some();
        let trusted = is_named.then(|| record.confirmed_generation(frame.summary()));
        let trusted = trusted.flatten();
        entity.belief = trusted.map_or(Belief::Unknown, Belief::Trusted);
        if let Some(Intent::Observe(id) | Intent::Release(id)) = &entity.intent {
            entity.remote = Some(id.clone());
            entity.source = IdSource::Observed;
        } else if recorded.is_some() {
            entity.remote = recorded;
            // What we made has a finalizer.
            let shared = entity.site.at.can_be_shared() && !record.is_finalized();
            entity.source = if shared {
                IdSource::Observed
            } else {
                IdSource::Record
            };
        } else {
            entity.start_over(identity);
        }
    }

    /// Somebody else has written, or may have: of its entities an object now says what is known.
    pub(crate) fn trust_statuses_of(&mut self, key: &Key) {
        let ids = self
            .units
            .get(key)
            .map(|unit| unit.entities.clone())
            .unwrap_or_default();
        for id in ids {
            let Some(mut entity) = self.entities.get(id).cloned() else {
                continue;
            };
            if entity.in_flight.is_none() {
                if entity.main
                    && let Some(site) = self.recorded_site(key)
                    && site != entity.site
                {
                    // Whoever wrote the status has moved it; the verdict says where it is to be.
                    entity.site = site;
                    self.dirty.insert(key.clone());
                }
                self.trust_status(id, &mut entity);
                if let Some(remote) = entity.remote.as_ref().filter(|_| entity.main) {
                    self.listings.is_no_longer_foreign(remote);
                }
                entity.problem = None;
                entity.stranger = None;
                entity.drift = None;
                entity.failures = 0;
                entity.not_before = self.now;
                self.entities.insert(id, entity);
                self.unexamined.insert(id);
            }
        }
    }

    /// An entity is wanted elsewhere: below another parent, in another control plane. What is at the
    /// old place goes, unless the place is gone itself.
    fn move_entity(&mut self, owner: &Key, claim: &Claim) {
        self.set_entity_alarm(claim.identity, None);
        let Some(old) = self.entities.remove(claim.identity) else {
            return;
        };
        let mut new = Entity::new(owner, claim);
        if let (Some(new), Some(old)) = (&mut new.adoption, &old.adoption) {
            new.done = old.done;
        }
        new.start_over(claim.identity);
        if self.is_passed_over(&new) {
            self.relist(&new.scope());
        }
        if new.source == IdSource::Own && self.is_known(&new) {
            // It is known what is in the new place, and this was not.
            new.belief = Belief::Absent;
        }
        if old.is_possible() && self.place_exists(&old) {
            let rest = Uuid::new_v5(&claim.identity, format!("{:?}", old.site).as_bytes());
            let mut left = Entity {
                intent: None,
                main: false,
                ..old
            };
            if left.in_flight.take().is_some() {
                // What is under way may still arrive; it is looked for when it must have.
                left.belief = Belief::Unknown;
                left.not_before = self.now.after(self.settings.request_timeout);
            }
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
        let own = unit.entities.iter();
        let own = own.filter_map(|id| Some(self.entities.get(*id)?.state()));
        let states: Vec<State<'_>> = own.chain(self.state_of_heir(unit)).collect();
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
        if let Some(account) = &standing.account
            && !account.organization.is_empty()
        {
            let (org, old) = (Org(Arc::from(account.organization.as_str())), self.org(key));
            if org != old {
                // It is the same server that asked to wait.
                let paused = self
                    .lanes
                    .get(&old)
                    .map(|queue| queue.budget.paused_until());
                let queue = self.lanes.entry(org.clone()).or_default();
                queue.budget.pause(paused.unwrap_or_default());
                self.orgs.insert(key.clone(), org);
            }
        }
        let cut_off = |it: &Standing| it.readiness == Readiness::Blocked;
        let was_cut_off = self.world.standing(key).is_some_and(cut_off);
        let account = kong_translation::frame(key.kind) == Some(Frame::Account);
        let mended = account && was_cut_off && !cut_off(&standing);
        if self.world.set_standing(key, standing) {
            self.touch(&Dep::Standing(key.clone()));
        }
        if mended {
            // What nobody's object is judged again for has only waited for this.
            self.access_changed(key);
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
            let neighbours = self.entities.neighbours(id);
            self.unexamined.extend(neighbours);
        }
    }
}

/// Whether what is claimed is the membership of another member.
fn is_of_another(entity: &Entity, claim: &Claim) -> bool {
    entity.site.at.members().is_some() && entity.specified != claim.specified
}
