//! What is sent to Konnect next: an entity whose turn has come is decided again, and its body is the
//! newest. Start with [`Engine::poll_konnect`].

use std::sync::Arc;

use uuid::Uuid;

use kong_model::{Body, Call, Node, Update};
use kong_resolve::{Access, Key};

use crate::decide::Decision;
use crate::engine::{Engine, Subject};
use crate::entities::{Act, Entity, Flight};
use crate::input::{Action, Effect, Org};
use crate::queue::{Queue, Work};

impl Engine {
    /// The next thing to send to Konnect for an organisation.
    pub(crate) fn poll_konnect(&mut self, org: &Org) -> Option<Effect> {
        let fence = self.fence();
        self.wait_like_others(org);
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
                Subject::Object(_) | Subject::Mint(_) => {}
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

    /// A token whose organisation Konnect has not named may be one of an organisation that is asked to
    /// wait.
    fn wait_like_others(&mut self, org: &Org) {
        if org.is_unnamed() {
            let paused = self.lanes.values().map(|queue| queue.budget.paused_until());
            let longest = paused.max().unwrap_or_default();
            if let Some(queue) = self.lanes.get_mut(org) {
                queue.budget.pause(longest);
            }
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
            | Decision::Confirm
            | Decision::NeedsList(_)
            | Decision::Agrees
            | Decision::TakeOver
            | Decision::Blocked(_)
            | Decision::Replace
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
            Act::Remove => match site.at.update() {
                Update::Whole { emptied } => Call::Put {
                    site,
                    id: entity.remote.clone()?,
                    body: Arc::new(entity.without(emptied)?),
                },
                Update::No | Update::Put | Update::Patch { .. } => Call::Remove {
                    site,
                    id: entity.remote.clone()?,
                },
            },
            Act::Create if !site.at.takes_our_id() => Call::Post {
                site,
                body: body.clone()?,
            },
            Act::Create | Act::Update | Act::Adopt => put(entity, body.clone()?)?,
            Act::StepAside => {
                let mut aside = Body::clone(body.as_ref()?);
                let name: Arc<str> = Arc::from(format!("konduit-swap-{}", id.simple()));
                for field in entity.missing().filter_map(|key| key.temporary()) {
                    aside.set(field, Node::Text(Arc::clone(&name)));
                }
                let aside = Arc::new(aside);
                return Some((*access, put(entity, Arc::clone(&aside))?, Some(aside)));
            }
        };
        Some((*access, call, body))
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
        Update::Put | Update::Whole { .. } | Update::No => Call::Put { site, id, body },
    })
}
