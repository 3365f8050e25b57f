//! What came of a step with an entity, and when to try again.

use std::sync::Arc;

use uuid::Uuid;

use kong_crds::conditions::FAILED_TO_ADOPT;
use kong_model::{Body, Collection, Failure, Naming, Normal, RemoteId, Reply};
use kong_resolve::Intent;
use kong_translation::{Attempt, Problem};

use crate::engine::Engine;
use crate::entities::{Act, Belief, Content, Entity, Flight, IdSource};
use crate::input::{OpId, Outcome};
use crate::listing::facts;

/// Milliseconds before the first new attempt after a failure that may pass; doubled each time.
const RETRY: u64 = 500;
/// The longest of these times.
const LONGEST_RETRY: u64 = 60_000;
/// After so many refusals in a row that are no fault of an object its status speaks of them.
const WORTH_SAYING: u32 = 3;
/// Milliseconds before something that Konnect refused is tried unchanged: what it refused it for may
/// have gone, such as a name that was taken.
const RETRY_REFUSED: u64 = 60_000;
/// The longest of these times.
const LONGEST_REFUSED: u64 = 15 * 60_000;

impl Engine {
    pub(crate) fn entity_done(&mut self, id: Uuid, op: OpId, outcome: Outcome) {
        let last = OpId(self.last_op);
        let Some(entity) = self.entities.get_mut(id) else {
            return;
        };
        let Some(flight) = entity.in_flight.take_if(|flight| flight.op == op) else {
            return;
        };
        if flight.act != Act::Probe && !matches!(outcome, Outcome::NotSent) {
            entity.touched = last;
        }
        match outcome {
            Outcome::Konnect(Ok(reply)) => self.succeeded(id, flight, &reply),
            Outcome::Konnect(Err(failure)) => self.failed(id, &flight, &failure),
            Outcome::NotSent | Outcome::Stored(_) | Outcome::NotStored(_) => {}
        }
        if let Some(entity) = self.entities.get_mut(id)
            && entity.intent == Some(Intent::Keep)
        {
            // It is no longer wanted as it was sent, so what was wrong with that says nothing.
            entity.problem = None;
        }
        self.entity_changed(id);
    }

    fn succeeded(&mut self, id: Uuid, flight: Flight, reply: &Reply) {
        let last = OpId(self.last_op);
        let Some(entity) = self.entities.get_mut(id) else {
            return;
        };
        entity.problem = None;
        entity.failures = 0;
        entity.beaten = false;
        entity.healing = false;
        entity.drift = None;
        if flight.act == Act::Remove {
            let (at, remote, scope) = (entity.site.at, entity.remote.clone(), entity.scope());
            let references = entity.references();
            if at.is_named_by_server() {
                entity.remote = None;
            }
            self.vanish(id);
            if let Some(remote) = remote {
                self.listings.is_removed(&scope, &remote, last, &references);
                self.goes_along(at, &remote);
            }
            return;
        }
        let Some(sent) = flight.sent else { return };
        let at = entity.site.at;
        if let Reply::Entity(answer) = reply {
            entity.facts = facts(at, answer);
            if let Some(answered) = answer["id"].as_str()
                && at != Collection::Identity
            {
                entity.remote = Some(RemoteId::from(answered));
            }
            if at != Collection::Identity {
                entity.note_echo(&sent, Normal::answered(at, &Body::from_wire(at, answer)));
            }
        }
        let parent = entity.site.parent.as_ref().map(RemoteId::as_str);
        entity.holds = at.uniques(&sent, parent).into();
        entity.source = IdSource::Record;
        entity.is_taken_over();
        entity.stranger = None;
        let created = flight.act == Act::Create && at == Collection::ControlPlanes;
        entity.belief = Belief::Held(Content::As(sent));
        let (remote, configuration) = (entity.remote.clone(), entity.configuration.clone());
        let scope = entity.scope();
        if let (true, Some(remote)) = (created, remote) {
            let until = self.now.after(self.settings.sync_period);
            self.listings.plane_is_new(remote, until);
        }
        if matches!(flight.act, Act::Create | Act::Adopt) {
            self.entity_appeared(id);
        }
        if at == Collection::Identity {
            self.access_changed(&configuration);
        } else {
            self.keep_listed(&scope);
        }
    }

    /// What Konnect deletes along with an entity.
    fn goes_along(&mut self, at: Collection, remote: &RemoteId) {
        if at == Collection::ControlPlanes {
            self.plane_is_gone(remote);
        }
        let along = self.entities.dependents(at, remote);
        let along = along.filter(|(_, other)| other.goes_along_with(at, remote));
        let along: Vec<Uuid> = along.map(|(id, _)| id).collect();
        for id in along {
            self.vanish(id);
        }
    }

    fn failed(&mut self, id: Uuid, flight: &Flight, failure: &Failure) {
        let now = self.now;
        let Some(entity) = self.entities.get_mut(id) else {
            return;
        };
        let attempt = match flight.act {
            Act::Probe => Attempt::Read,
            Act::Create => Attempt::Create,
            Act::Update | Act::StepAside => Attempt::Update,
            Act::Adopt => Attempt::Adopt(FAILED_TO_ADOPT),
            Act::Remove => Attempt::Delete,
        };
        let attempt = match failure {
            Failure::Transport(_) => Attempt::Reach,
            Failure::Conflict(_)
            | Failure::Reference(_)
            | Failure::Invalid(_)
            | Failure::NotFound
            | Failure::RateLimited { .. }
            | Failure::Unauthorized
            | Failure::Forbidden(_)
            | Failure::Untrusted(_)
            | Failure::Server(_) => attempt,
        };
        let (configuration, scope) = (entity.configuration.clone(), entity.scope());
        let plane = entity.site.control_plane.clone();
        let at = entity.site.at;
        let chosen_by_server = at.is_named_by_server();
        if flight.act != Act::Remove {
            entity.beaten = matches!(failure, Failure::Conflict(_));
        }
        if flight.act == Act::Create
            && at.naming() == Naming::Keyed
            && let Some(sent) = &flight.sent
        {
            // If it is there all the same, it is found by this, whatever is wanted then.
            let parent = entity.site.parent.as_ref().map(RemoteId::as_str);
            entity.holds = at.uniques(sent, parent).into();
        }
        match failure {
            // Not a failure of this entity: the lane waits, and then it is tried again. If that goes
            // on it is worth saying.
            Failure::RateLimited { .. } => {
                entity.failures += 1;
                entity.grumble(attempt, failure);
                return;
            }
            // Nor is this: whether the token is good is asked by itself. If it is, and this goes on, it
            // is worth saying.
            Failure::Unauthorized if flight.act != Act::Probe => {
                entity.failures += 1;
                entity.not_before = now.after(pause(id, entity.failures, RETRY, LONGEST_RETRY));
                entity.grumble(attempt, failure);
                self.doubt_token(&configuration);
                return;
            }
            Failure::Server(_) | Failure::Transport(_) | Failure::NotFound => {
                // It may have been done all the same.
                match (flight.act, &flight.sent) {
                    (Act::Update | Act::StepAside, Some(sent)) if *failure != Failure::NotFound => {
                        entity.belief = Belief::Held(Content::Unclear(Arc::clone(sent)));
                    }
                    (Act::Probe, _) => {}
                    (Act::Create | Act::Adopt | Act::Update | Act::StepAside | Act::Remove, _) => {
                        entity.belief = Belief::Unknown;
                    }
                }
            }
            Failure::Unauthorized
            | Failure::Conflict(_)
            | Failure::Reference(_)
            | Failure::Invalid(_)
            | Failure::Untrusted(_)
            | Failure::Forbidden(_) => {}
        }
        let transient = match failure {
            Failure::Server(_)
            | Failure::Transport(_)
            | Failure::NotFound
            | Failure::Reference(_)
            | Failure::RateLimited { .. } => true,
            Failure::Unauthorized
            | Failure::Conflict(_)
            | Failure::Invalid(_)
            | Failure::Untrusted(_)
            | Failure::Forbidden(_) => false,
        };
        entity.failures += 1;
        // A token that is not accepted may be accepted in a moment without anything changing here, all work waits
        // for that, and to ask is one request for all of it.
        let (first, longest) = if transient || entity.site.at == Collection::Identity {
            (RETRY, LONGEST_RETRY)
        } else {
            (RETRY_REFUSED, LONGEST_REFUSED)
        };
        entity.not_before = now.after(pause(id, entity.failures, first, longest));
        entity.problem = Some(entity.trouble(attempt, failure, transient));
        if flight.act == Act::Probe {
            entity.belief = Belief::Unknown;
        }
        match failure {
            Failure::NotFound => {
                if let Some(plane) = plane {
                    self.doubt_plane(&plane);
                }
                self.relist(&scope);
            }
            // What we believed was wrong, or what we sent may be there under an id we do not know.
            Failure::Conflict(_) | Failure::Reference(_) => self.relist(&scope),
            // Whether it is ours now only a list tells.
            Failure::Server(_) | Failure::Transport(_) if flight.act == Act::Adopt => {
                self.relist(&scope);
            }
            Failure::Server(_) | Failure::Transport(_) if chosen_by_server => {
                if flight.act != Act::Probe {
                    self.relist(&scope);
                }
            }
            Failure::Server(_)
            | Failure::Transport(_)
            | Failure::Unauthorized
            | Failure::Invalid(_)
            | Failure::Untrusted(_)
            | Failure::Forbidden(_)
            | Failure::RateLimited { .. } => {}
        }
    }
}

impl Entity {
    /// Says what keeps it waiting, once it has been waiting for long.
    fn grumble(&mut self, attempt: Attempt, failure: &Failure) {
        if self.failures >= WORTH_SAYING {
            self.problem = Some(self.trouble(attempt, failure, true));
        }
    }

    fn trouble(&self, attempt: Attempt, failure: &Failure, transient: bool) -> Problem {
        let why = match failure {
            // The fields of which the remedy speaks are not this object's.
            Failure::Unauthorized if self.site.at != Collection::Identity => {
                format!("{failure}; put a valid token into {}", self.configuration)
            }
            // No name is in the way of a deletion.
            Failure::Conflict(words) if attempt == Attempt::Delete => format!(
                "Konnect refuses it: {words}; see in Konnect what still needs it, it is tried again"
            ),
            _ => format!("{failure}{}", remedy(failure)),
        };
        let text = match attempt {
            Attempt::Adopt(_) => format!("failed to adopt {}: {why}", self.owner),
            Attempt::Read
            | Attempt::Create
            | Attempt::Update
            | Attempt::Delete
            | Attempt::Reach => why,
        };
        Problem {
            attempt,
            text,
            transient,
        }
    }
}

/// What the user can do about a failure.
pub(crate) fn remedy(failure: &Failure) -> &'static str {
    match failure {
        Failure::Unauthorized => "; put a valid token into spec.token or the Secret",
        Failure::Forbidden(_) => "; give the token the role that it needs in Konnect",
        Failure::Invalid(_) => "; correct the spec",
        Failure::Untrusted(_) => {
            "; spec.serverURL cannot be changed: create another KonnectAPIAuthConfiguration with a right one"
        }
        Failure::Conflict(_) => "; choose another one, or delete what has it in Konnect",
        Failure::NotFound
        | Failure::Reference(_)
        | Failure::RateLimited { .. }
        | Failure::Server(_)
        | Failure::Transport(_) => "; it is tried again",
    }
}

/// Milliseconds to wait after so many failures: doubled each time, and spread by the entity, so that
/// what failed together is not tried again together.
fn pause(id: Uuid, failures: u32, first: u64, longest: u64) -> u64 {
    let base = first
        .saturating_mul(1 << (failures.saturating_sub(1)).min(16))
        .min(longest);
    let spread = u64::from(id.as_bytes()[15]) * base / 1_024;
    base + spread
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_a_limit_and_are_spread() {
        let id = Uuid::nil();
        let pauses: Vec<u64> = (1..5)
            .map(|failures| pause(id, failures, 500, 3_000))
            .collect();
        assert_eq!(pauses, [500, 1_000, 2_000, 3_000]);
        assert!(pause(Uuid::max(), 1, 500, 3_000) > 500);
        assert!(pause(id, u32::MAX, 500, 3_000) <= 3_000);
    }
}
