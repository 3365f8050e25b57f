//! Objects as the cluster has them: what was seen, what is gone, and which news are old.
//!
//! A watch may be late, may repeat itself and may start over. Versions decide: what is older than what
//! is known is dropped, and so is everything about an incarnation that is gone. The answer to a write of
//! our own is news like any other, so it covers the watch until the watch has caught up.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;

use kong_crds::names::KONNECT_CLEANUP_FINALIZER;
use kong_crds::{Kind, Observed};
use kong_model::RemoteId;
use kong_resolve::{Dep, Entry, Frame, Key, Name, Uid, owners_of, plugins_of};

use crate::engine::Engine;
use crate::entities::Belief;
use crate::input::{Action, KubeFailure, Mono, OpId, Outcome};
use crate::pool::Pool;

/// How long news of a dead incarnation may still arrive. A watch that is cut is started anew from a
/// list, so nothing older than the longest watch can come; half an hour is more than that.
const MEMORY_OF_THE_DEAD: u64 = 30 * 60_000;

/// An incarnation that is gone.
#[derive(Clone, Debug)]
pub(crate) struct Grave {
    died: Mono,
    /// The last version that was known of it.
    version: Option<Arc<str>>,
}

impl Grave {
    /// Whether news of this version are younger than all that was known. Then the object had only left
    /// what the watch selects, as a Secret does that loses its label, and is back.
    fn is_left_behind_by(&self, version: &str) -> bool {
        self.version
            .as_deref()
            .is_some_and(|last| is_older(last, version))
    }
}

/// What is known of an object beside what is judged: what writes to it need.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    pub(crate) uid: Uid,
    pub(crate) version: Arc<str>,
    pub(crate) finalizers: Vec<Arc<str>>,
    pub(crate) deleting: bool,
    pub(crate) generation: i64,
    /// The status as it stands in the cluster.
    pub(crate) status: StoredStatus,
    /// The write that is under way, and the version that it was made from.
    pub(crate) in_flight: Option<(OpId, Arc<str>)>,
    /// Whether a write of finalizers is under way or was not answered: they may be others than these.
    pub(crate) unsure: bool,
    /// Whether they were unsure already before the write that is under way, which may come to nothing.
    pub(crate) unsure_before: bool,
    /// The term in office in which the API server last confirmed that this is how it is.
    pub(crate) confirmed: u64,
    /// A write met this version and was refused: there must be a newer one.
    pub(crate) outdated: Option<Arc<str>>,
    pub(crate) failures: u32,
    pub(crate) not_before: Mono,
    /// Since when the status ought to be another one.
    pub(crate) wrong_since: Option<Mono>,
    /// When it is to be looked at again.
    pub(crate) alarm: Option<Mono>,
}

/// A status as text: a fifth of what it takes as a tree, and it is seldom read. Its conditions stand apart, each by
/// itself, since most of them stand in many statuses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct StoredStatus {
    conditions: Box<[Arc<str>]>,
    rest: Box<str>,
}

impl StoredStatus {
    fn of(mut status: Value, texts: &mut Pool<str>) -> Self {
        let conditions = match status.get_mut("conditions").map(Value::take) {
            Some(Value::Array(conditions)) => conditions
                .iter()
                .map(|condition| texts.share_ref(&condition.to_string()))
                .collect(),
            Some(_) | None => Box::default(),
        };
        let rest = if status.is_null() {
            Box::default()
        } else {
            status.to_string().into_boxed_str()
        };
        Self { conditions, rest }
    }

    /// The status as a tree; null where there is none.
    pub(crate) fn read(&self) -> Value {
        let mut status: Value = serde_json::from_str(&self.rest).unwrap_or_default();
        if let Some(conditions) = status.get_mut("conditions") {
            *conditions = self
                .conditions
                .iter()
                .filter_map(|condition| serde_json::from_str::<Value>(condition).ok())
                .collect();
        }
        status
    }
}

impl Record {
    /// The id of the main entity in the status, if there is one.
    pub(crate) fn recorded_id(&self, frame: Frame) -> Option<RemoteId> {
        kong_translation::recorded_id(frame, &self.status.read())
    }

    /// Whether it has the finalizer under which something may be in Konnect.
    pub(crate) fn is_finalized(&self) -> bool {
        says_cleanup(&self.finalizers)
    }

    /// A write is under way.
    pub(crate) fn asked(&mut self, op: OpId, action: &Action) {
        self.in_flight = Some((op, Arc::clone(&self.version)));
        self.unsure_before = self.unsure;
        self.unsure |= matches!(action, Action::Finalizers { .. });
    }

    /// What came of the write makes sure of the finalizers, or leaves open what they are.
    pub(crate) fn answered(&mut self, outcome: &Outcome) {
        self.unsure = match outcome {
            Outcome::Stored(_) => false,
            Outcome::NotStored(KubeFailure::Unknown(_)) => self.unsure,
            // What was not done says nothing of one before it that was not answered.
            Outcome::NotStored(
                KubeFailure::Conflict | KubeFailure::NotFound | KubeFailure::Refused(_),
            )
            | Outcome::NotSent
            | Outcome::Konnect(_) => self.unsure_before,
        };
    }

    /// The generation for which a condition of this type is True.
    pub(crate) fn confirmed_generation(&self, kind: &str) -> Option<i64> {
        kong_translation::confirmed_generation(kind, &self.status.read())
    }
}

/// Whether the finalizer is among these under which something may be in Konnect.
pub(crate) fn says_cleanup(finalizers: &[Arc<str>]) -> bool {
    let mut names = finalizers.iter();
    names.any(|name| **name == *KONNECT_CLEANUP_FINALIZER)
}

/// Whether `one` is older than `other`. Versions are numbers on every API server we know; what is not
/// a number is taken as it comes.
fn is_older(one: &str, other: &str) -> bool {
    match (one.parse::<u64>(), other.parse::<u64>()) {
        (Ok(one), Ok(other)) => one < other,
        _ => false,
    }
}

impl Engine {
    pub(crate) fn seen(&mut self, mut observed: Observed) {
        let Some(key) = Key::of(&observed) else {
            return;
        };
        let uid = Uid::from(observed.meta.uid.as_deref().unwrap_or_default());
        let version: Arc<str> = Arc::from(
            observed
                .meta
                .resource_version
                .as_deref()
                .unwrap_or_default(),
        );
        if let Some(grave) = self.graves.get(&uid) {
            // What has an entity is never selected by labels, and must not rise for old news.
            let selected = kong_translation::frame(key.kind).is_none();
            if !selected || !grave.is_left_behind_by(&version) {
                return;
            }
            self.graves.remove(&uid);
        }
        if let Some(record) = self.records.get(&key) {
            if is_older(&version, &record.version) {
                // Perhaps of an earlier object of that name, whose end we have not been told of.
                return;
            }
            if record.uid != uid {
                // The same name with another UID is a deletion and a creation.
                let old = record.uid.clone();
                self.gone(&key, &old);
            }
        }
        let status = StoredStatus::of(take_status(&mut observed), &mut self.texts);
        let finalizers: Vec<Arc<str>> = observed
            .meta
            .finalizers
            .iter()
            .flatten()
            .map(|name| Arc::from(name.as_str()))
            .collect();
        let entry = Entry::of(observed);
        let (deleting, generation) = (entry.meta.deleting, entry.meta.generation);
        let old = self.records.remove(&key).map(|old| *old);
        let answered = old.as_ref().is_none_or(|old| old.status != status);
        let was_unsure = old.as_ref().is_some_and(|old| old.unsure);
        let news = was_unsure || old.as_ref().is_none_or(|old| old.finalizers != finalizers);
        let record = match old {
            Some(old) => Record {
                outdated: old.outdated.filter(|outdated| *outdated == version),
                // A write is for one version: once there is another, it was done or never will be.
                unsure: old.unsure && old.version == version,
                unsure_before: old.unsure_before && old.version == version,
                version,
                finalizers,
                deleting,
                generation,
                status,
                ..old
            },
            None => Record {
                uid: uid.clone(),
                version,
                finalizers,
                deleting,
                generation,
                status,
                in_flight: None,
                unsure: false,
                unsure_before: false,
                // The first list is read anew, so it is no older than what it is read for.
                confirmed: if self.is_synced() { 0 } else { self.term() },
                outdated: None,
                failures: 0,
                not_before: Mono::default(),
                wrong_since: None,
                alarm: None,
            },
        };
        self.records.insert(key.clone(), Box::new(record));
        self.by_uid.insert(uid, key.clone());
        if answered {
            self.note_record(&key);
        }
        let changed = self
            .world
            .entry(&key)
            .is_none_or(|old| !old.says_the_same(&entry));
        if changed {
            let before = self.world.insert(key.clone(), entry);
            self.object_changed(&key, before.as_ref());
        }
        if news {
            // Entities wait for the finalizer to be stored.
            self.examine_all_of(&key);
        }
        if answered && self.units.contains_key(&key) {
            if self.term() == 0 || self.knows_less_than_status(&key) {
                // Whoever wrote it knows more than we do.
                self.trust_statuses_of(&key);
            } else {
                self.believe_no_more_than_status(&key);
            }
            self.stale.insert(key.clone());
        }
        self.check(&key);
    }

    pub(crate) fn gone(&mut self, key: &Key, uid: &Uid) {
        let now = self.now;
        let record = self.records.get(key).filter(|record| record.uid == *uid);
        let grave = Grave {
            died: now,
            version: record.map(|record| Arc::clone(&record.version)),
        };
        self.graves.insert(uid.clone(), grave);
        self.graves
            .retain(|_, grave| now.since(grave.died) < MEMORY_OF_THE_DEAD);
        if self
            .records
            .get(key)
            .is_none_or(|record| record.uid != *uid)
        {
            return;
        }
        self.set_object_alarm(key, None);
        self.records.remove(key);
        self.note_record(key);
        self.by_uid.remove(uid);
        self.kube_queue.remove(key);
        let before = self.world.remove(key);
        self.object_changed(key, before.as_ref());
        self.touch(&Dep::Standing(key.clone()));
        self.forget_unit(key);
    }

    /// Whether the status of an object, which somebody else may have written, tells more of its entity
    /// than what we know: we believe that it is not there, or only know what an older status said.
    fn knows_less_than_status(&self, key: &Key) -> bool {
        let (Some(unit), Some(record)) = (self.units.get(key), self.records.get(key)) else {
            return false;
        };
        let Some(recorded) =
            kong_translation::frame(key.kind).and_then(|frame| record.recorded_id(frame))
        else {
            return false;
        };
        let mut entities = unit.entities.iter().filter_map(|id| self.entities.get(*id));
        entities.any(|entity| {
            let less = match entity.belief {
                Belief::Absent => true,
                Belief::Unknown | Belief::Trusted(_) => {
                    entity.remote.as_ref().is_none_or(|id| *id != recorded)
                }
                Belief::Held(_) => false,
            };
            // What we wrote or read in this term is newer than what anybody else may have written; but whose it
            // is that we have read, only the status may tell.
            let ours = entity.touched > self.term_began && !self.listings.has_foreign(&recorded);
            entity.main && entity.in_flight.is_none() && less && !ours
        })
    }

    /// What was believed only because a status said so is no longer, once the status does not.
    fn believe_no_more_than_status(&mut self, key: &Key) {
        let Some(frame) = kong_translation::frame(key.kind).filter(|it| *it != Frame::Account)
        else {
            return;
        };
        let said = self.records.get(key).is_some_and(|record| {
            record.recorded_id(frame).is_some()
                && record.confirmed_generation(frame.summary()).is_some()
        });
        let ids = self.units.get(key).map(|unit| unit.entities.clone());
        for id in ids.into_iter().flatten().filter(|_| !said) {
            if let Some(entity) = self.entities.get_mut(id)
                && let (Belief::Trusted(_), true) = (&entity.belief, entity.main)
            {
                entity.belief = Belief::Unknown;
                self.entity_changed(id);
            }
        }
    }

    /// An object is another one than `before`.
    fn object_changed(&mut self, key: &Key, before: Option<&Entry>) {
        if kong_translation::frame(key.kind).is_some() {
            self.dirty.insert(key.clone());
        }
        self.touch(&Dep::Object(key.clone()));
        if key.kind == Kind::KongReferenceGrant {
            self.touch(&Dep::Grants(Arc::from(key.name.namespace())));
        }
        let entries = before.into_iter().chain(self.world.entry(key));
        let owners: BTreeSet<Key> = entries
            .flat_map(|entry| owners_of(key, &entry.meta))
            .collect();
        for owner in owners {
            self.touch(&Dep::Secrets(owner));
        }
        let plugins = |entry: Option<&Entry>| -> BTreeSet<Name> {
            let meta = entry.map(|entry| &entry.meta).into_iter();
            meta.flat_map(|meta| plugins_of(key, meta)).collect()
        };
        let (before, now) = (plugins(before), plugins(self.world.entry(key)));
        for plugin in before.symmetric_difference(&now) {
            self.touch(&Dep::PluginUsers(key.kind, plugin.clone()));
        }
    }

    /// Something that may have been read has changed.
    pub(crate) fn touch(&mut self, dep: &Dep) {
        if let Some(readers) = self.readers.get(dep) {
            self.dirty.extend(readers.iter().cloned());
        }
    }

    /// A timer of an object has come.
    pub(crate) fn look_again(&mut self, key: &Key) {
        if let Some(record) = self.records.get_mut(key) {
            // No newer version came: perhaps there is none, or the watch is slow. Try again.
            record.outdated = None;
        }
        // What was known when it was to be written may have to be looked up again.
        self.examine_all_of(key);
        self.check(key);
    }
}

/// Takes the status out of an object as a document.
fn take_status(observed: &mut Observed) -> Value {
    let Ok(parts) = &mut observed.parts else {
        return observed.unread_status.take();
    };
    macro_rules! take {
        ($($kind:ident: $type:path => $class:ident;)*) => {
            match parts {
                $(kong_crds::AnyParts::$kind(parts) => parts
                    .status
                    .take()
                    .and_then(|status| serde_json::to_value(status).ok())
                    .unwrap_or_default(),)*
            }
        };
    }
    kong_crds::kinds!(take)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{Input, Now, Settings};

    fn secret(version: u64) -> Observed {
        kong_crds::read(json!({
            "apiVersion": "v1", "kind": "Secret",
            "metadata": {
                "name": "token", "namespace": "default", "uid": "u",
                "resourceVersion": version.to_string(),
            },
        }))
        .unwrap()
    }

    fn is_known_after(news: impl IntoIterator<Item = Input>, last: u64) -> bool {
        let now = Now {
            mono: Mono(0),
            wall: 0,
        };
        let mut engine = Engine::new(Settings::default());
        for input in news {
            engine.handle(now, input);
        }
        engine.handle(now, Input::Seen(Box::new(secret(last))));
        engine.world().entry(&token()).is_some()
    }

    fn token() -> Key {
        Key::new(Kind::Secret, "default", "token")
    }

    #[test]
    fn late_news_of_what_is_gone_are_dropped() {
        let life = [
            Input::Seen(Box::new(secret(5))),
            Input::Gone(token(), Uid::from("u")),
        ];
        assert!(!is_known_after(life.clone(), 5));
        assert!(!is_known_after(life, 4));
        assert!(!is_known_after([Input::Gone(token(), Uid::from("u"))], 4));
    }

    #[test]
    fn what_had_only_left_the_selection_of_a_watch_can_come_back() {
        let life = [
            Input::Seen(Box::new(secret(5))),
            Input::Gone(token(), Uid::from("u")),
        ];
        assert!(is_known_after(life, 7));
    }

    #[test]
    fn finalizers_stay_unsure_until_something_is_stored_after_a_write_that_was_not_answered() {
        let now = Now {
            mono: Mono(0),
            wall: 0,
        };
        let mut engine = Engine::new(Settings::default());
        engine.handle(now, Input::Seen(Box::new(secret(1))));
        let mut record = engine.records.remove(&token()).unwrap();
        let write = Action::Finalizers {
            object: token(),
            uid: record.uid.clone(),
            version: Arc::clone(&record.version),
            finalizers: Vec::new(),
        };
        let mut unsure_after = |outcome| {
            record.asked(OpId(1), &write);
            assert!(record.unsure, "nothing is sure while it is under way");
            record.answered(&outcome);
            record.unsure
        };
        let conflict = || Outcome::NotStored(KubeFailure::Conflict);
        let refused = || Outcome::NotStored(KubeFailure::Refused("no".to_owned()));
        let lost = || Outcome::NotStored(KubeFailure::Unknown("lost".to_owned()));
        assert!(!unsure_after(conflict()) && !unsure_after(Outcome::NotSent));
        assert!(unsure_after(lost()));
        // The one that was lost may be what this one is in conflict with.
        assert!(
            unsure_after(conflict()) && unsure_after(refused()) && unsure_after(Outcome::NotSent)
        );
        assert!(!unsure_after(Outcome::Stored(None)));
        assert!(!unsure_after(conflict()));
    }
}
