//! The next step of one entity: desired minus believed.
//!
//! Nothing is written to a place before its list has been read, nothing is created before the finalizer
//! of its object is stored, nothing is deleted while something else needs it. Start with
//! [`Engine::decide`]; `examine` acts on its answer.

use std::sync::Arc;

use uuid::Uuid;

use kong_model::{Body, Collection, Naming, Normal, RemoteId, Update};
use kong_resolve::{Access, Intent, Key, Readiness};
use kong_translation::{Attempt, Problem};

use crate::engine::Engine;
use crate::entities::{Act, Belief, Content, Entity};
use crate::input::{Mono, Org};
use crate::listing::Scope;
use crate::queue::{Class, Work};
use crate::uniques::Contest;

/// What is to be done with an entity.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Decision {
    /// Nothing: all is well, or nothing may be done.
    Rest,
    /// Something else has to happen first, and will make this one be looked at again.
    Wait,
    /// Nothing before this time.
    Until(Mono),
    /// This list is missing.
    NeedsList(Scope),
    /// What Konnect holds is what is wanted, spelled differently.
    Agrees,
    /// Whether its object is still there has to be found out.
    Confirm,
    /// It cannot be as wanted.
    Blocked(Problem),
    /// What is there is as wanted and becomes its own as it is.
    TakeOver,
    /// Another entity is to take its place.
    Replace,
    /// A step.
    Do(Act),
    /// It is gone, or no concern of ours any more.
    Forget,
}

impl Engine {
    pub(crate) fn examine(&mut self, id: Uuid) {
        self.tell_ancestors(id);
        let Some(entity) = self.entities.get(id) else {
            return;
        };
        let owner = entity.owner.clone();
        self.stale.insert(owner.clone());
        let cut_off = self.is_cut_off(entity);
        let decision = match self.decide(id, entity) {
            // What was found out while Konnect could be asked may have passed, and nobody would know.
            Decision::Blocked(_) | Decision::NeedsList(_) if cut_off => Decision::Wait,
            decision => decision,
        };
        if cut_off {
            self.set_problem(id, None);
        }
        if !matches!(decision, Decision::Until(_)) {
            self.set_entity_alarm(id, None);
        }
        match decision {
            Decision::Rest => {}
            Decision::Wait => self.check(&owner),
            Decision::Confirm => {
                // Its finalizers are written once more, which changes nothing if it is as we know it.
                if let Some(record) = self.records.get_mut(&owner) {
                    record.unsure = true;
                }
                self.check(&owner);
            }
            Decision::Until(time) => self.set_entity_alarm(id, Some(time)),
            Decision::NeedsList(scope) => {
                self.want_list(&scope);
                self.want_its_siblings(&scope);
                self.waits_for_list(id, &scope);
            }
            Decision::Agrees => {
                if let Some(entity) = self.entities.get_mut(id)
                    && let Some(body) = entity.wanted().cloned()
                {
                    entity.belief = Belief::Held(Content::As(body));
                    entity.problem = None;
                }
                self.entity_changed(id);
            }
            Decision::Blocked(problem) => self.set_problem(id, Some(problem)),
            Decision::TakeOver => self.take_over(id),
            Decision::Replace => self.replace(id),
            Decision::Do(act) => self.line_up(id, act),
            Decision::Forget => self.let_go(id),
        }
    }

    /// Something that all entities of an object may have waited for has come to pass.
    pub(crate) fn examine_all_of(&mut self, owner: &Key) {
        if let Some(unit) = self.units.get(owner) {
            self.unexamined.extend(unit.entities.iter().copied());
        }
    }

    /// Whether Konnect cannot be asked about an entity until somebody mends the credentials.
    fn is_cut_off(&self, entity: &Entity) -> bool {
        let account = self.world.standing(&entity.configuration);
        let usable = account.is_some_and(|account| account.readiness != Readiness::Blocked);
        entity.site.at != Collection::Identity && !usable
    }

    fn line_up(&mut self, id: Uuid, act: Act) {
        let Some(entity) = self.entities.get(id) else {
            return;
        };
        let class = match act {
            Act::Probe => Class::Probe,
            Act::Create | Act::Update | Act::StepAside if entity.healing => Class::Upkeep,
            Act::Create | Act::Adopt => Class::Create,
            Act::Update | Act::StepAside | Act::Remove => Class::Edit,
        };
        let work = if act == Act::Probe {
            Work::Read(id)
        } else {
            Work::Write(id)
        };
        let namespace = Arc::from(entity.owner.name.namespace());
        let org = self.org(&entity.configuration);
        self.lanes
            .entry(org)
            .or_default()
            .push(class, namespace, work);
    }

    /// It is gone from what we know; its object may have waited for that.
    pub(crate) fn forget_entity(&mut self, id: Uuid) {
        let Some(entity) = self.entities.get(id) else {
            return;
        };
        let (owner, remote) = (entity.owner.clone(), entity.remote.clone());
        let plane = (entity.site.at == Collection::ControlPlanes)
            .then_some(remote)
            .flatten();
        let neighbours = self.entities.neighbours(id);
        self.set_entity_alarm(id, None);
        self.entities.remove(id);
        self.tell_ancestors(id);
        self.unexamined.extend(neighbours);
        if let Some(plane) = plane {
            self.plane_is_gone(&plane);
        }
        if let Some(unit) = self.units.get_mut(&owner) {
            unit.entities.remove(&id);
            self.stale.insert(owner.clone());
        }
        self.check(&owner);
    }

    /// A control plane is gone, or none of ours any more, and all that was in it with it.
    pub(crate) fn plane_is_gone(&mut self, plane: &RemoteId) {
        for id in self.entities.in_plane(plane) {
            self.vanish(id);
        }
        self.listings.forget_plane(plane);
    }

    /// An entity has gone along with another one.
    pub(crate) fn vanish(&mut self, id: Uuid) {
        let touched = crate::input::OpId(self.last_op);
        if let Some(entity) = self.entities.get_mut(id) {
            entity.belief = Belief::Absent;
            entity.holds = Box::default();
            entity.touched = touched;
            if entity.is_leaving() {
                // However it went, it is gone.
                entity.problem = None;
            }
        }
        self.entity_changed(id);
    }

    /// An entity is there now: what refers to it can be written, and what it may have been in the way
    /// of is known.
    pub(crate) fn entity_appeared(&mut self, id: Uuid) {
        let Some(entity) = self.entities.get(id) else {
            return;
        };
        if let Some(remote) = &entity.remote {
            let dependents = self.entities.dependents(entity.site.at, remote);
            self.unexamined.extend(dependents.map(|(id, _)| id));
        }
    }

    /// What is to be deleted from a control plane may go on.
    pub(crate) fn examine_leaving(&mut self, plane: &RemoteId) {
        let leaving = |id: &Uuid| self.entities.get(*id).is_some_and(Entity::is_leaving);
        let inside = self.entities.in_plane(plane);
        self.unexamined.extend(inside.into_iter().filter(leaving));
    }

    /// What is to be deleted and is in no control plane may go on, if entities of this collection can be in its
    /// way, or have to be there to list it.
    pub(crate) fn examine_leaving_beside(&mut self, at: Collection) {
        let listed_below = |other: Collection| {
            let parent = other.parent().filter(|_| other.is_listed_by_parent());
            parent.is_some_and(|parent| parent.to == at)
        };
        let concerned = |other: Collection| at.restrains(other) || listed_below(other);
        let concerns = |id: &Uuid| {
            let entity = self.entities.get(*id);
            entity.is_some_and(|it| it.is_leaving() && concerned(it.site.at))
        };
        if Collection::all().any(concerned) {
            let ids: Vec<Uuid> = self.entities.ids().filter(concerns).collect();
            self.unexamined.extend(ids);
        }
    }

    /// After every change of what is believed of an entity.
    pub(crate) fn entity_changed(&mut self, id: Uuid) {
        let before = self.entities.neighbours(id);
        self.entities.reindex(id);
        self.unexamined.extend(before);
        self.unexamined.extend(self.entities.neighbours(id));
        self.examine_replaced(id);
        self.unexamined.insert(id);
        if let Some(entity) = self.entities.get(id) {
            self.stale.insert(entity.owner.clone());
        }
    }

    pub(crate) fn decide(&self, id: Uuid, entity: &Entity) -> Decision {
        if entity.in_flight.is_some() {
            return Decision::Rest;
        }
        match &entity.intent {
            Some(Intent::Keep) => self.keep(entity),
            Some(Intent::Present(body)) if entity.site.at == Collection::Identity => {
                self.probe(entity, body)
            }
            Some(Intent::Present(body)) => self.want(id, entity, body),
            Some(Intent::Observe(remote)) => self.observe(entity, remote),
            Some(Intent::Absent | Intent::Release(_)) | None => self.leave(entity),
        }
    }

    /// What is kept is looked at once: others wait to know whether it is there and what it refers to.
    fn keep(&self, entity: &Entity) -> Decision {
        let unseen =
            (entity.belief == Belief::Unknown || entity.is_opaque()) && !entity.is_nobodys();
        if unseen && self.place_exists(entity) && !self.is_known(entity) {
            Decision::NeedsList(entity.scope())
        } else {
            Decision::Rest
        }
    }

    fn probe(&self, entity: &Entity, body: &Arc<Body>) -> Decision {
        match &entity.belief {
            Belief::Trusted(generation) if *generation == entity.generation => Decision::Rest,
            Belief::Held(Content::As(held)) if held == body => Decision::Rest,
            Belief::Trusted(_) | Belief::Held(_) | Belief::Unknown | Belief::Absent => {
                if entity.not_before > self.now {
                    Decision::Until(entity.not_before)
                } else {
                    Decision::Do(Act::Probe)
                }
            }
        }
    }

    fn observe(&self, entity: &Entity, remote: &RemoteId) -> Decision {
        match entity.belief {
            Belief::Held(_) => Decision::Rest,
            Belief::Trusted(_) | Belief::Unknown | Belief::Absent if !self.is_known(entity) => {
                Decision::NeedsList(entity.scope())
            }
            Belief::Trusted(_) | Belief::Unknown | Belief::Absent => Decision::Blocked(Problem {
                attempt: Attempt::Read,
                text: format!(
                    "failed listing controlPlanes by id: entity with ID {remote} not found on Konnect; correct spec.mirror.konnect.id or use a token of the organisation that has it"
                ),
                transient: false,
            }),
        }
    }

    fn want(&self, id: Uuid, entity: &Entity, body: &Arc<Body>) -> Decision {
        let at = entity.site.at;
        let same = |sent: &Body| {
            let wanted = Normal::of(at, body);
            wanted.differences(&Normal::of(at, sent)).is_empty()
        };
        match &entity.belief {
            Belief::Held(Content::As(held)) if held == body => return Decision::Rest,
            Belief::Held(Content::As(held)) if same(held) => return Decision::Agrees,
            Belief::Held(Content::Other(held))
                if entity.recognise(held).is_some_and(|sent| same(sent)) =>
            {
                return Decision::Agrees;
            }
            Belief::Held(_) | Belief::Trusted(_) | Belief::Unknown | Belief::Absent => {}
        }
        if entity.is_replaced() {
            return Decision::Replace;
        }
        if entity.is_left() {
            return Decision::Rest;
        }
        if let Some(gone) = self.gone_below(entity, body) {
            return refused(entity, gone);
        }
        if !self.is_known(entity) {
            return Decision::NeedsList(entity.scope());
        }
        if self.refers_to_unseen(entity) {
            return Decision::Wait;
        }
        if at.update() == Update::No && at.members().is_none() && entity.is_present() {
            return cannot_change(entity, body);
        }
        if let Some(stranger) = &entity.stranger {
            return refused(entity, stranger.clone());
        }
        if let Some(taking) = entity.taking() {
            return self.adopt(id, entity, body, taking);
        }
        // That the finalizer is there says that nobody else had it.
        if at.naming() == Naming::Keyed
            && let Contest::Lost(text) = self.contest(id, entity)
        {
            return refused(entity, text);
        }
        if !self.is_stored(&entity.owner) {
            return Decision::Wait;
        }
        if self.needs_another(entity, body) {
            return Decision::Wait;
        }
        match self.contest(id, entity) {
            Contest::Free => {}
            Contest::Wait => return Decision::Wait,
            Contest::Lost(text) => return refused(entity, text),
            // Who has the name cannot take another one.
            Contest::StepAside if at.update() == Update::No => return Decision::Wait,
            Contest::StepAside => {
                let can = entity.missing().any(|key| key.temporary().is_some());
                let act = if can { Act::StepAside } else { Act::Remove };
                return self.when_allowed(entity, act);
            }
        }
        if entity.is_present() && at.members().is_none() {
            return self.when_allowed(entity, Act::Update);
        }
        match self.when_allowed(entity, Act::Create) {
            // Whoever was in office before may have seen its object off, and the watch may be late.
            Decision::Do(_) if !self.is_confirmed(&entity.owner) => Decision::Confirm,
            decision => decision,
        }
    }

    /// Whether the object of an entity refers to what has yet to be looked at in Konnect.
    fn refers_to_unseen(&self, entity: &Entity) -> bool {
        let unit = self.units.get(&entity.owner);
        unit.is_some_and(|unit| unit.verdict.unseen)
    }

    /// Whether the finalizer of an object is stored, so that it may have something in Konnect.
    pub(crate) fn is_stored(&self, owner: &Key) -> bool {
        self.records
            .get(owner)
            .is_some_and(|record| !record.deleting && !record.unsure && record.is_finalized())
    }

    /// Whether the API server has confirmed in this term that an object is as we know it.
    pub(crate) fn is_confirmed(&self, owner: &Key) -> bool {
        let record = self.records.get(owner);
        record.is_some_and(|record| record.confirmed == self.term()) || self.term() == 0
    }

    /// Whether an entity needs something of ours that is not there yet: its body refers to that, it lives below
    /// it, or is its membership.
    pub(crate) fn needs_another(&self, entity: &Entity, body: &Body) -> bool {
        let missing = |to: Collection, id: &RemoteId| {
            let found = self.entities.at(id).into_iter();
            let mut found = found.filter_map(|id| self.entities.get(id));
            found.any(|other| other.site.at == to && !other.is_present())
        };
        let at = entity.site.at;
        let parent = at.parent().zip(entity.site.parent.as_ref());
        let member = at.members().zip(entity.remote.as_ref());
        parent.is_some_and(|(parent, id)| missing(parent.to, id))
            || member.is_some_and(|(of, id)| missing(of, id))
            || at.references().iter().any(|reference| {
                let mut ids = body.references(reference.field);
                ids.any(|id| missing(reference.to, &RemoteId::from(id)))
            })
    }

    pub(crate) fn when_allowed(&self, entity: &Entity, act: Act) -> Decision {
        if entity.not_before > self.now {
            Decision::Until(entity.not_before)
        } else if self.access(&entity.configuration).is_none() {
            Decision::Wait
        } else {
            Decision::Do(act)
        }
    }

    /// Whether the control plane of an entity is one that we know and that is there.
    pub(crate) fn place_exists(&self, entity: &Entity) -> bool {
        let plane = entity.site.control_plane.as_ref();
        plane.is_none_or(|plane| self.plane_exists(plane))
    }

    /// Whether a control plane is one that we know and that is there.
    pub(crate) fn plane_exists(&self, plane: &RemoteId) -> bool {
        self.planes_at(plane).any(Entity::is_possible)
    }

    /// The control planes of ours with this id.
    pub(crate) fn planes_at(&self, plane: &RemoteId) -> impl Iterator<Item = &Entity> {
        let found = self.entities.at(plane).into_iter();
        found
            .filter_map(|id| self.entities.get(id))
            .filter(|entity| entity.site.at == Collection::ControlPlanes)
    }

    /// The access that a configuration gives, once its token has been found good.
    pub(crate) fn access(&self, configuration: &Key) -> Option<&Access> {
        let unit = self.units.get(configuration)?;
        let access = unit.verdict.access.as_ref()?;
        let good = unit.entities.iter().any(|id| {
            self.entities.get(*id).is_some_and(|entity| {
                entity.site.at == Collection::Identity && entity.is_confirmed()
            })
        });
        good.then_some(access)
    }

    /// The organisation whose budget a configuration draws on: the one that Konnect named last, also
    /// while its token is in doubt.
    pub(crate) fn org(&self, configuration: &Key) -> Org {
        match self.orgs.get(configuration) {
            Some(org) => org.clone(),
            None => Org::unnamed(configuration),
        }
    }
}

/// It is there, not as wanted, and nothing can be done about that.
fn cannot_change(entity: &Entity, body: &Body) -> Decision {
    let at = entity.site.at;
    let held = match &entity.belief {
        Belief::Held(Content::Other(held)) => Normal::clone(held),
        Belief::Held(Content::As(sent) | Content::Unclear(sent)) => Normal::of(at, sent),
        // The next list says how it is there.
        Belief::Unknown | Belief::Trusted(_) | Belief::Absent => return Decision::Rest,
    };
    let differences = Normal::of(at, body).differences(&held);
    let fields: Vec<&str> = differences.iter().map(|it| it.field.as_str()).collect();
    let text = format!(
        "{} cannot be changed in Konnect; put the spec back, or create another object in place of this one",
        fields.join(", ")
    );
    refused(entity, text)
}

/// It cannot be written as wanted, and trying again would not help.
fn refused(entity: &Entity, text: String) -> Decision {
    let attempt = if entity.is_present() {
        Attempt::Update
    } else {
        Attempt::Create
    };
    Decision::Blocked(Problem {
        attempt,
        text,
        transient: false,
    })
}
