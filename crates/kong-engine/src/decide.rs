//! The next step of one entity: desired minus believed.
//!
//! Nothing is written to a place before its list has been read, nothing is created before the finalizer
//! of its object is stored, nothing is deleted while something else needs it. Start with
//! [`Engine::decide`]; `examine` acts on its answer.

use std::sync::Arc;

use uuid::Uuid;

use kong_crds::names::{DELETION_POLICY_ANNOTATION, KONNECT_CLEANUP_FINALIZER};
use kong_model::{Body, Call, Collection, Node, Normal, OnDelete, RemoteId, Update};
use kong_resolve::{Access, Intent, Key};
use kong_translation::{Attempt, Problem};

use crate::engine::{Engine, Subject};
use crate::entities::{Act, Belief, Content, Entity, Flight, IdSource};
use crate::input::{Action, Effect, Mono, Org};
use crate::queue::{Class, Queue, Work};
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
    /// A list is missing.
    NeedsList,
    /// What Konnect holds is what is wanted, spelled differently.
    Agrees,
    /// It cannot be as wanted.
    Blocked(Problem),
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
        let decision = self.decide(id, entity);
        if !matches!(decision, Decision::Until(_)) {
            self.set_entity_alarm(id, None);
        }
        let Some(entity) = self.entities.get(id) else {
            return;
        };
        match decision {
            Decision::Rest => {}
            Decision::Wait => self.check(&owner),
            Decision::Until(time) => self.set_entity_alarm(id, Some(time)),
            Decision::NeedsList => {
                let scope = entity.scope();
                self.want_list(&scope);
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
            Decision::Do(act) => self.line_up(id, act),
            Decision::Forget => self.forget_entity(id),
        }
    }

    fn line_up(&mut self, id: Uuid, act: Act) {
        let Some(entity) = self.entities.get(id) else {
            return;
        };
        let class = match act {
            Act::Probe => Class::Probe,
            Act::Create | Act::Update | Act::StepAside if entity.healing => Class::Upkeep,
            Act::Create => Class::Create,
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
            entity.holds.clear();
            entity.touched = touched;
            if entity.is_leaving() {
                // However it went, it is gone.
                entity.problem = None;
            }
        }
        self.entity_changed(id);
    }

    /// After every change of what is believed of an entity.
    pub(crate) fn entity_changed(&mut self, id: Uuid) {
        let before = self.entities.neighbours(id);
        self.entities.reindex(id);
        self.unexamined.extend(before);
        self.unexamined.extend(self.entities.neighbours(id));
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
            Some(Intent::Keep) => Decision::Rest,
            Some(Intent::Present(body)) if entity.site.at == Collection::Identity => {
                self.probe(entity, body)
            }
            Some(Intent::Present(body)) => self.want(id, entity, body),
            Some(Intent::Observe(remote)) => self.observe(entity, remote),
            Some(Intent::Absent) | None => self.leave(entity),
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
                Decision::NeedsList
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
        let same = |held: &Normal| {
            let wanted = Normal::of(at, body);
            entity.echo.as_deref() == Some(held) || wanted.differences(held).is_empty()
        };
        match &entity.belief {
            Belief::Held(Content::As(held)) if held == body => return Decision::Rest,
            Belief::Held(Content::As(held)) if same(&Normal::of(at, held)) => {
                return Decision::Agrees;
            }
            Belief::Held(Content::Other(held)) if same(held) => return Decision::Agrees,
            Belief::Held(_) | Belief::Trusted(_) | Belief::Unknown | Belief::Absent => {}
        }
        if !self.is_known(entity) {
            return Decision::NeedsList;
        }
        if let Some(stranger) = &entity.stranger {
            return Decision::Blocked(Problem {
                attempt: if entity.is_present() {
                    Attempt::Update
                } else {
                    Attempt::Create
                },
                text: stranger.clone(),
                transient: false,
            });
        }
        let stored = self.records.get(&entity.owner).is_some_and(|record| {
            !record.deleting
                && !record.unsure
                && record
                    .finalizers
                    .iter()
                    .any(|name| **name == *KONNECT_CLEANUP_FINALIZER)
        });
        if !stored {
            return Decision::Wait;
        }
        match self.contest(id, entity) {
            Contest::Free => {}
            Contest::Wait => return Decision::Wait,
            Contest::Lost(text) => {
                return Decision::Blocked(Problem {
                    attempt: if entity.is_present() {
                        Attempt::Update
                    } else {
                        Attempt::Create
                    },
                    text,
                    transient: false,
                });
            }
            Contest::StepAside if at.name_field().is_some() => {
                return self.when_allowed(entity, Act::StepAside);
            }
            Contest::StepAside => return self.when_allowed(entity, Act::Remove),
        }
        let act = if entity.is_present() {
            Act::Update
        } else {
            Act::Create
        };
        self.when_allowed(entity, act)
    }

    fn leave(&self, entity: &Entity) -> Decision {
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
            return Decision::NeedsList;
        }
        if entity.stranger.is_some() || entity.remote.is_none() {
            return Decision::Forget;
        }
        match self.blocker(entity) {
            Some(Blocker::OnItsWay) => Decision::Wait,
            Some(Blocker::Stays(blocker)) => Decision::Blocked(Problem {
                attempt: Attempt::Delete,
                text: format!(
                    "{blocker} still refers to it; delete {blocker} too, or let it refer to something else"
                ),
                transient: false,
            }),
            None => self.when_allowed(entity, Act::Remove),
        }
    }

    fn when_allowed(&self, entity: &Entity, act: Act) -> Decision {
        if entity.not_before > self.now {
            Decision::Until(entity.not_before)
        } else if self.access(&entity.configuration).is_none() {
            Decision::Wait
        } else {
            Decision::Do(act)
        }
    }

    /// Whether the user asked to keep the entity of an object that is deleted.
    fn is_retained(&self, entity: &Entity) -> bool {
        self.world.entry(&entity.owner).is_some_and(|entry| {
            entry.meta.deleting
                && entry.meta.annotation(DELETION_POLICY_ANNOTATION) == Some("retain")
        })
    }

    /// Whether the control plane of an entity is one that we know and that is there.
    pub(crate) fn place_exists(&self, entity: &Entity) -> bool {
        let Some(plane) = &entity.site.control_plane else {
            return true;
        };
        self.entities.at(plane).into_iter().any(|id| {
            self.entities.get(id).is_some_and(|plane| {
                plane.site.at == Collection::ControlPlanes && plane.is_possible()
            })
        })
    }

    /// What keeps an entity from being deleted.
    fn blocker(&self, entity: &Entity) -> Option<Blocker> {
        let remote = entity.remote.as_ref()?;
        let alone = entity.source == IdSource::Observed;
        let mut found = None;
        let mut note = |other: &Entity, refuses: bool| {
            if other.in_flight.is_some() || (other.is_possible() && other.is_leaving()) {
                // What fails to go does not hold up what would take it along.
                if refuses || alone || other.failures == 0 {
                    found.get_or_insert(Blocker::OnItsWay);
                }
            } else if other.is_possible() && refuses {
                found = Some(Blocker::Stays(other.owner.clone()));
            }
        };
        for (_, other) in self.entities.dependents(remote) {
            note(other, refuses_deletion(other, remote));
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
            None => Org(Arc::from(format!("?{}", configuration.name))),
        }
    }

    /// The next thing to send to Konnect for an organisation.
    pub(crate) fn poll_konnect(&mut self, org: &Org) -> Option<Effect> {
        let fence = self.fence();
        loop {
            let work = self.lanes.get_mut(org)?.pop(self.now, fence.is_some())?;
            let call = match &work {
                Work::List(scope) => self.next_page(scope, org),
                Work::Read(id) | Work::Write(id) => self.next_step(*id, org, fence.is_some()),
            };
            let Some((access, call)) = call else {
                self.settle_quietly();
                continue;
            };
            let subject = match work {
                Work::List(scope) => Subject::List(scope),
                Work::Read(id) | Work::Write(id) => Subject::Entity(id),
            };
            let op = self.start(subject.clone(), Some(org.clone()));
            match subject {
                Subject::List(scope) => self.listings.page_started(&scope, op),
                Subject::Entity(id) => {
                    if let Some(entity) = self.entities.get_mut(id) {
                        if let Some(flight) = &mut entity.in_flight {
                            flight.op = op;
                        }
                        if call.is_write() {
                            entity.touched = op;
                        }
                    }
                }
                Subject::Object(_) => {}
            }
            if let Some(queue) = self.lanes.get_mut(org) {
                queue.budget.started(op, self.now);
            }
            let patient = self.now.after(self.settings.request_timeout);
            let not_after = match fence {
                // What is sent at the last moment must be over before somebody else writes.
                Some(fence) if call.is_write() => patient.min(fence),
                Some(_) | None => patient,
            };
            return Some(Effect {
                op,
                not_after,
                action: Action::Konnect { access, call },
            });
        }
    }

    /// What was lined up may be out of date: it is decided again, and the body is the newest.
    fn next_step(&mut self, id: Uuid, org: &Org, writable: bool) -> Option<(Access, Call)> {
        let entity = self.entities.get(id)?;
        let act = match self.decide(id, entity) {
            Decision::Do(act) => act,
            Decision::Rest
            | Decision::Wait
            | Decision::Until(_)
            | Decision::NeedsList
            | Decision::Agrees
            | Decision::Blocked(_)
            | Decision::Forget => {
                self.unexamined.insert(id);
                return None;
            }
        };
        if self.org(&entity.configuration) != *org || (act != Act::Probe && !writable) {
            self.unexamined.insert(id);
            return None;
        }
        let (access, call, sent) = self.call(id, entity, act)?;
        let op = crate::input::OpId(self.last_op);
        self.entities.get_mut(id)?.in_flight = Some(Flight { op, act, sent });
        Some((access, call))
    }

    fn call(
        &self,
        id: Uuid,
        entity: &Entity,
        act: Act,
    ) -> Option<(Access, Call, Option<Arc<Body>>)> {
        let unit = self.units.get(&entity.configuration)?;
        let access = unit.verdict.access.clone()?;
        let site = entity.site.clone();
        let body = entity.wanted().cloned();
        let call = match act {
            Act::Probe => Call::WhoAmI,
            Act::Remove => Call::Remove {
                site,
                id: entity.remote.clone()?,
            },
            Act::Create if !site.at.takes_our_id() => Call::Post {
                site,
                body: body.clone()?,
            },
            Act::Create | Act::Update => put(entity, body.clone()?)?,
            Act::StepAside => {
                let mut aside = Body::clone(body.as_ref()?);
                let name = format!("konduit-swap-{}", id.simple());
                aside.set(site.at.name_field()?, Node::Text(Arc::from(name)));
                let aside = Arc::new(aside);
                return Some((access, put(entity, Arc::clone(&aside))?, Some(aside)));
            }
        };
        Some((access, call, body))
    }

    /// Follows consequences while looking for the next effect.
    fn settle_quietly(&mut self) {
        while let Some(id) = self.unexamined.pop_first() {
            self.examine(id);
        }
    }

    /// The queue of an organisation, made if there is none.
    pub(crate) fn lane(&mut self, configuration: &Key) -> &mut Queue {
        let org = self.org(configuration);
        self.lanes.entry(org).or_default()
    }
}

fn put(entity: &Entity, body: Arc<Body>) -> Option<Call> {
    let (site, id) = (entity.site.clone(), entity.remote.clone()?);
    Some(match site.at.update() {
        Update::Patch { .. } => Call::Patch { site, id, body },
        Update::Put | Update::No => Call::Put { site, id, body },
    })
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

/// Whether Konnect refuses to delete an entity because of this other one.
fn refuses_deletion(other: &Entity, remote: &RemoteId) -> bool {
    other.site.at.references().iter().any(|reference| {
        let held = match &other.belief {
            Belief::Held(Content::As(body) | Content::Unclear(body)) => {
                body.reference(reference.field)
            }
            Belief::Held(Content::Other(normal)) => normal.reference(reference.field),
            Belief::Unknown | Belief::Trusted(_) | Belief::Absent => other
                .wanted()
                .and_then(|body| body.reference(reference.field)),
        };
        reference.on_delete == OnDelete::Restrict && held == Some(remote.as_str())
    })
}
