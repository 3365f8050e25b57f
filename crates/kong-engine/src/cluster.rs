//! What is written to the API server: finalizers and statuses, each with the version it was computed
//! from.
//!
//! Finalizers of others are never touched. A status is written as a whole, when it says something else
//! than the one that is there, and not before it is worth a write.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use kong_crds::names::KONNECT_CLEANUP_FINALIZER;
use kong_model::{Collection, Naming};
use kong_resolve::{Frame, Key, Output, conditions};
use kong_translation::{Report, Urgency};

use crate::engine::{Engine, Subject};
use crate::input::{Action, Effect, KubeFailure, Mono, OpId, Outcome};
use crate::objects::{Record, says_cleanup};

/// How long to wait for the watch to show what a conflict spoke of, before trying again anyway.
pub(crate) const WATCH_PATIENCE: u64 = 5_000;
/// Milliseconds before a write that failed is tried again, doubled with each failure.
const RETRY: u64 = 200;
/// The longest of these times.
const LONGEST_RETRY: u64 = 30_000;
/// Likewise for a write that the server refuses: it will not take it later either, unless something
/// changes, and then it is another write.
const RETRY_REFUSED: u64 = 15 * 60_000;
/// The longest of these times.
const LONGEST_REFUSED: u64 = 4 * 60 * 60_000;

/// A write that is due.
enum Due {
    Finalizers(Vec<Arc<str>>),
    Status,
    /// Nothing before this time.
    At(Mono),
    Nothing,
}

impl Engine {
    /// Whether something is to be written to an object; if so it is lined up.
    pub(crate) fn check(&mut self, key: &Key) {
        if !self.is_synced() {
            return;
        }
        let Some(record) = self.records.get(key) else {
            return;
        };
        if record.in_flight.is_some() || record.outdated.is_some() {
            return;
        }
        let wrong = self.is_wrong_for(key);
        let now = self.now;
        if let Some(record) = self.records.get_mut(key) {
            record.wrong_since = wrong.then(|| record.wrong_since.unwrap_or(now));
        }
        let Some(record) = self.records.get(key) else {
            return;
        };
        match self.due(key, record) {
            Due::Finalizers(_) | Due::Status => {
                self.set_object_alarm(key, None);
                self.kube_queue.insert(key.clone());
            }
            Due::At(time) => {
                self.kube_queue.remove(key);
                self.set_object_alarm(key, Some(time));
            }
            Due::Nothing => {
                self.kube_queue.remove(key);
                self.set_object_alarm(key, None);
            }
        }
    }

    /// Whether what is to be said of an object is worth a write only if it lasts.
    fn is_wrong_for(&self, key: &Key) -> bool {
        match self.units.get(key).and_then(|unit| unit.urgency) {
            Some(Urgency::Soon | Urgency::Late) => true,
            Some(Urgency::Now | Urgency::Never) | None => false,
        }
    }

    fn due(&self, key: &Key, record: &Record) -> Due {
        if record.in_flight.is_some() || record.outdated.is_some() {
            return Due::Nothing;
        }
        let finalizers = self.finalizers(key, record);
        if record.is_finalized()
            && !says_cleanup(&finalizers)
            && let Some(time) = self.may_be_heard_of_until(key)
        {
            return Due::At(time);
        }
        // What nobody is sure of is written once more, though it may be there.
        let status = if finalizers == record.finalizers && !record.unsure {
            let wait = match self.units.get(key).and_then(|unit| unit.urgency) {
                Some(Urgency::Now) => Some(0),
                Some(Urgency::Soon) => Some(self.settings.hold_back),
                Some(Urgency::Late) => Some(self.settings.patience),
                Some(Urgency::Never) | None => None,
            };
            let since = record.wrong_since.unwrap_or(self.now);
            match wait.map(|wait| since.after(wait)) {
                Some(time) if time > self.now => Due::At(time),
                Some(_) => Due::Status,
                None => Due::Nothing,
            }
        } else {
            Due::Finalizers(finalizers)
        };
        match status {
            Due::Finalizers(_) | Due::Status if record.not_before > self.now => {
                Due::At(record.not_before)
            }
            due => due,
        }
    }

    /// The finalizers that an object is to have: those of others as they are, ours as needed.
    fn finalizers(&self, key: &Key, record: &Record) -> Vec<Arc<str>> {
        let mut finalizers = record.finalizers.clone();
        let mut set = |name: &'static str, wanted: bool| {
            let present = finalizers.iter().any(|finalizer| **finalizer == *name);
            if wanted && !present && !record.deleting {
                finalizers.push(Arc::from(name));
            } else if !wanted && present {
                finalizers.retain(|finalizer| **finalizer != *name);
            }
        };
        if let Some(unit) = self.units.get(key) {
            let present = record.is_finalized();
            let frame = kong_translation::frame(key.kind);
            let exists = frame != Some(Frame::Account)
                && unit.entities.iter().any(|id| {
                    self.entities.get(*id).is_some_and(|entity| {
                        // What may be there keeps the finalizer; only what is there, and is to stay, asks
                        // for one.
                        let there = entity.is_present() || entity.in_flight.is_some();
                        let there = there && !entity.is_shared();
                        present && entity.is_possible() || there && !entity.is_leaving()
                    })
                });
            // Its control plane is there, but not yet where it is in Konnect.
            let nowhere = !self.has_main_entity(key)
                && kong_translation::collection(key.kind)
                    .is_some_and(Collection::is_in_control_plane)
                && unit.verdict.home.as_ref().is_some_and(|home| {
                    home.id.is_none() && self.may_hold_something(&home.control_plane)
                });
            // What cannot be judged now may have been good before, and its entity may exist although
            // nobody has recorded it: a finalizer that is there stays until that is known.
            let unjudged = unit.verdict.output == Output::KeepLastGood || unit.verdict.unseen;
            let unclear = present && (unjudged || nowhere);
            let unplaced = present && self.recorded.may_be_somewhere(key);
            let wanted = if let Some(heir) = unit.verdict.heir {
                present && !self.has_taken_over(heir)
            } else {
                let announced = present || self.may_announce(key);
                let wanted = unit.verdict.cleanup && !record.deleting && announced;
                exists || unclear || unplaced || wanted
            };
            set(KONNECT_CLEANUP_FINALIZER, wanted);
            for name in kong_translation::obsolete_finalizers(key.kind) {
                set(name, false);
            }
        }
        let nobody = BTreeSet::new();
        let users = self.pinned.get(key).unwrap_or(&nobody);
        for (name, wanted) in kong_translation::in_use_finalizers(key.kind, users) {
            set(name, wanted);
        }
        finalizers
    }

    /// Whether an object may say that it is about to have an entity. Where nothing tells what an entity was made
    /// from, the finalizer does: it is stored when there is none yet, so one that is there later is ours.
    fn may_announce(&self, key: &Key) -> bool {
        let keyed = |at: Collection| at.naming() == Naming::Keyed;
        match self.main_entity(key) {
            None => !kong_translation::collection(key.kind).is_some_and(keyed),
            Some(entity) if keyed(entity.site.at) => {
                let realm = entity.realm();
                let asked = entity.taking().map(|taking| &taking.wanted.id);
                let mut claims = entity.claims().into_iter();
                let others = claims.any(|claim| {
                    let foreign = self.listings.foreign(&realm, &claim);
                    foreign.is_some_and(|foreign| Some(&foreign.id) != asked)
                });
                self.is_known(entity) && !entity.is_shared() && !others
            }
            Some(_) => true,
        }
    }

    /// The merge patch from the status that is there to the one that ought to be.
    pub(crate) fn status_patch(
        &self,
        report: Report,
        record: &Record,
        before: &Value,
    ) -> Option<Value> {
        let now = timestamp(self.wall);
        let mut wanted = report.fields;
        let conditions = conditions::render(
            report.conditions,
            record.generation,
            &before["conditions"],
            &now,
        );
        wanted.insert("conditions".to_owned(), conditions);
        let patch = difference(before, &Value::Object(wanted));
        patch
            .as_object()
            .is_some_and(|patch| !patch.is_empty())
            .then_some(patch)
    }

    pub(crate) fn poll_cluster(&mut self) -> Option<Effect> {
        let fence = self.fence()?;
        while let Some(key) = self.kube_queue.pop_first() {
            let Some(record) = self.records.get(&key) else {
                continue;
            };
            let (uid, version) = (record.uid.clone(), Arc::clone(&record.version));
            let action = match self.due(&key, record) {
                Due::Finalizers(finalizers) => Action::Finalizers {
                    object: key.clone(),
                    uid,
                    version,
                    finalizers,
                },
                Due::Status => {
                    let before = record.status.read();
                    let report = self.report(&key, &before);
                    let Some(patch) =
                        report.and_then(|report| self.status_patch(report, record, &before))
                    else {
                        continue;
                    };
                    Action::Status {
                        object: key.clone(),
                        uid,
                        version,
                        patch,
                    }
                }
                Due::At(time) => {
                    self.set_object_alarm(&key, Some(time));
                    continue;
                }
                Due::Nothing => continue,
            };
            let op = self.start(Subject::Object(key.clone()), None);
            if let Some(record) = self.records.get_mut(&key) {
                record.asked(op, &action);
            }
            let not_after = self.now.after(self.settings.request_timeout).min(fence);
            return Some(Effect {
                op,
                not_after,
                action,
            });
        }
        self.next_mint(fence)
    }

    /// What came of a write to an object.
    pub(crate) fn stored(&mut self, key: &Key, op: OpId, outcome: Outcome) {
        let now = self.now;
        let Some(record) = self.records.get_mut(key) else {
            return;
        };
        let flight = record.in_flight.take_if(|(flight, _)| *flight == op);
        let Some((_, version)) = flight else {
            return;
        };
        record.answered(&outcome);
        if let Some(unit) = self.units.get(key) {
            self.unexamined.extend(unit.entities.iter().copied());
        }
        match outcome {
            Outcome::Stored(Some(observed)) => {
                record.failures = 0;
                record.wrong_since = None;
                self.seen(*observed);
                self.confirmed(key);
            }
            // The watch will say that it is gone, or what it is now; unless it has done so already, while the
            // answer was on its way.
            Outcome::Stored(None)
            | Outcome::NotStored(KubeFailure::NotFound | KubeFailure::Conflict) => {
                if record.version == version {
                    record.outdated = Some(version);
                    self.set_object_alarm(key, Some(now.after(WATCH_PATIENCE)));
                }
            }
            Outcome::NotStored(
                ref failure @ (KubeFailure::Refused(_) | KubeFailure::Unknown(_)),
            ) => {
                record.failures += 1;
                let wait = pause(failure, record.failures);
                record.not_before = now.after(wait);
                self.set_object_alarm(key, Some(now.after(wait)));
            }
            Outcome::NotSent | Outcome::Konnect(_) => {}
        }
        self.check(key);
    }
}

/// Milliseconds to wait after so many failures, of which this was the last.
pub(crate) fn pause(failure: &KubeFailure, failures: u32) -> u64 {
    let (first, longest) = match failure {
        KubeFailure::Refused(_) => (RETRY_REFUSED, LONGEST_REFUSED),
        KubeFailure::Unknown(_) => (RETRY, LONGEST_RETRY),
        KubeFailure::Conflict | KubeFailure::NotFound => (WATCH_PATIENCE, LONGEST_RETRY),
    };
    first.saturating_mul(1 << failures.min(12)).min(longest)
}

/// RFC 3339, in seconds, as Kubernetes writes times.
pub(crate) fn timestamp(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds)
        .unwrap_or(jiff::Timestamp::UNIX_EPOCH)
        .to_string()
}

/// The JSON merge patch that makes `to` of `from`. Lists are replaced whole.
fn difference(from: &Value, to: &Value) -> Value {
    let (Value::Object(to_members), empty) = (to, Map::new()) else {
        return to.clone();
    };
    let from_members = from.as_object().unwrap_or(&empty);
    let mut patch = Map::new();
    for (name, value) in to_members {
        match from_members.get(name) {
            Some(old) if old == value => {}
            Some(old @ Value::Object(_)) if value.is_object() => {
                patch.insert(name.clone(), difference(old, value));
            }
            Some(_) | None => {
                patch.insert(name.clone(), value.clone());
            }
        }
    }
    for name in from_members
        .keys()
        .filter(|name| !to_members.contains_key(*name))
    {
        patch.insert(name.clone(), json!(null));
    }
    Value::Object(patch)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_patch_says_only_what_differs_and_removes_what_is_gone() {
        let from = json!({"a": 1, "b": {"c": 1, "d": 2}, "e": [1], "f": 3});
        let to = json!({"a": 1, "b": {"c": 1, "d": 3}, "e": [1, 2]});
        assert_eq!(
            difference(&from, &to),
            json!({"b": {"d": 3}, "e": [1, 2], "f": null})
        );
        assert_eq!(difference(&to, &to), json!({}));
        assert_eq!(difference(&Value::Null, &to), to);
    }

    #[test]
    fn times_are_written_as_kubernetes_does() {
        assert_eq!(timestamp(1_700_000_000), "2023-11-14T22:13:20Z");
    }
}
