//! What waits for its turn in a lane, and whose turn it is.
//!
//! Reads that others wait for come first, then changes that a user waits for, then what is created in
//! bulk, then upkeep. Within a class namespaces take turns, and within a namespace the newest and the
//! oldest do: a single edit behind ten thousand creations is next, and nothing waits for ever. Every
//! fourth turn goes to the last class, so that none starves.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use uuid::Uuid;

use crate::budget::Budget;
use crate::input::Mono;
use crate::listing::Scope;

/// Every how many turns the last class has one.
const COURTESY: u64 = 4;

/// How urgent something is; the first is the most urgent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Class {
    /// Whether a token is good.
    Probe,
    /// Lists without which nothing can be written.
    FirstList,
    /// Changes and deletions of what is there.
    Edit,
    /// Creations.
    Create,
    /// Lists of every sync period, and what they bring to light.
    Upkeep,
}

/// Something to do in Konnect.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Work {
    /// The next step of an entity that changes something.
    Write(Uuid),
    /// The next step of an entity that only reads.
    Read(Uuid),
    /// The next page of a list.
    List(Scope),
}

impl Work {
    fn writes(&self) -> bool {
        match self {
            Self::Write(_) => true,
            Self::Read(_) | Self::List(_) => false,
        }
    }
}

#[derive(Clone, Debug, Default)]
struct Turns {
    by_namespace: BTreeMap<Arc<str>, VecDeque<Work>>,
    last: Option<Arc<str>>,
    newest: bool,
}

impl Turns {
    fn push(&mut self, namespace: Arc<str>, work: Work) {
        self.by_namespace
            .entry(namespace)
            .or_default()
            .push_back(work);
    }

    fn pop(&mut self) -> Option<Work> {
        let next = match &self.last {
            Some(last) => self
                .by_namespace
                .range::<Arc<str>, _>((std::ops::Bound::Excluded(last), std::ops::Bound::Unbounded))
                .next()
                .or_else(|| self.by_namespace.first_key_value()),
            None => self.by_namespace.first_key_value(),
        };
        let namespace = Arc::clone(next?.0);
        let queue = self.by_namespace.get_mut(&namespace)?;
        self.newest = !self.newest;
        let work = if self.newest {
            queue.pop_back()
        } else {
            queue.pop_front()
        };
        if queue.is_empty() {
            self.by_namespace.remove(&namespace);
        }
        self.last = Some(namespace);
        work
    }

    fn len(&self) -> usize {
        self.by_namespace.values().map(VecDeque::len).sum()
    }
}

/// The queue of one organisation.
#[derive(Clone, Debug, Default)]
pub(crate) struct Queue {
    pub(crate) budget: Budget,
    classes: BTreeMap<(Class, bool), Turns>,
    queued: BTreeSet<Work>,
    turn: u64,
    /// Whether writes were allowed when last asked: what cannot be sent opens nothing.
    writable: bool,
}

impl Queue {
    /// Puts something in line unless it is there already.
    pub(crate) fn push(&mut self, class: Class, namespace: Arc<str>, work: Work) {
        if self.queued.insert(work.clone()) {
            self.classes
                .entry((class, work.writes()))
                .or_default()
                .push(namespace, work);
        }
    }

    /// Takes out what is next, if the budget allows anything. Writes only if `writable`.
    pub(crate) fn pop(&mut self, now: Mono, writable: bool) -> Option<Work> {
        self.writable = writable;
        if !self.budget.is_open(now) {
            return None;
        }
        let open: Vec<(Class, bool)> = self
            .classes
            .keys()
            .filter(|(_, writes)| writable || !writes)
            .copied()
            .collect();
        self.turn += 1;
        let courtesy = self.turn.is_multiple_of(COURTESY);
        let key = if courtesy {
            *open.last()?
        } else {
            *open.first()?
        };
        let turns = self.classes.get_mut(&key)?;
        let work = turns.pop()?;
        if turns.len() == 0 {
            self.classes.remove(&key);
        }
        self.queued.remove(&work);
        Some(work)
    }

    /// When something may be sent, if there is something to send.
    pub(crate) fn opens(&self, now: Mono) -> Option<Mono> {
        let waiting = self
            .classes
            .keys()
            .any(|(_, writes)| self.writable || !writes);
        waiting.then(|| self.budget.opens(now)).flatten()
    }

    /// How much waits.
    pub(crate) fn len(&self) -> usize {
        self.queued.len()
    }

    /// Whether nothing waits.
    pub(crate) fn is_empty(&self) -> bool {
        self.queued.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(number: u128) -> Work {
        Work::Write(Uuid::from_u128(number))
    }

    fn pop(queue: &mut Queue) -> Option<Work> {
        queue.pop(Mono(0), true)
    }

    #[test]
    fn a_late_edit_is_next() {
        let mut queue = Queue::default();
        for number in 0..100 {
            queue.push(Class::Create, "a".into(), write(number));
        }
        queue.push(Class::Edit, "a".into(), write(1_000));
        assert_eq!(pop(&mut queue), Some(write(1_000)));
    }

    #[test]
    fn namespaces_take_turns_and_a_late_creation_does_not_wait_for_all() {
        let mut queue = Queue::default();
        for number in 0..100 {
            queue.push(Class::Create, "a".into(), write(number));
        }
        queue.push(Class::Create, "b".into(), write(500));
        queue.push(Class::Create, "a".into(), write(600));
        let first: Vec<_> = (0..4).filter_map(|_| pop(&mut queue)).collect();
        assert!(first.contains(&write(500)), "{first:?}");
        assert!(first.contains(&write(600)), "{first:?}");
    }

    #[test]
    fn upkeep_does_not_starve_behind_edits() {
        let mut queue = Queue::default();
        queue.push(Class::Upkeep, "".into(), write(1));
        for number in 10..20 {
            queue.push(Class::Edit, "a".into(), write(number));
        }
        let first: Vec<_> = (0..4).filter_map(|_| pop(&mut queue)).collect();
        assert!(first.contains(&write(1)), "{first:?}");
    }

    #[test]
    fn a_standby_only_reads() {
        let mut queue = Queue::default();
        queue.push(Class::Edit, "a".into(), write(1));
        assert_eq!(queue.pop(Mono(0), false), None);
        assert_eq!(queue.opens(Mono(0)), None);
        queue.push(Class::Probe, "a".into(), Work::Read(Uuid::nil()));
        assert_eq!(queue.pop(Mono(0), false), Some(Work::Read(Uuid::nil())));
    }
}
