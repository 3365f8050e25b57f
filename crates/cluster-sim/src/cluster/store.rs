//! Where the objects of one kind are kept, with what happened to them.
//!
//! May depend on requests only. Start reading at [`Shelf`].

use std::{collections::BTreeMap, sync::Arc};

use serde_json::Value;

use crate::request::{Event, EventKind};

/// The objects of one kind and their history. The namespace is empty for kinds of the whole cluster.
#[derive(Clone, Debug, Default)]
pub(super) struct Shelf {
    objects: BTreeMap<String, BTreeMap<String, Arc<Value>>>,
    /// How many objects there have been under each name.
    incarnations: BTreeMap<(String, String), u32>,
    events: Vec<Event>,
}

impl Shelf {
    pub(super) fn len(&self) -> usize {
        self.objects.values().map(BTreeMap::len).sum()
    }

    pub(super) fn get(&self, namespace: &str, name: &str) -> Option<&Arc<Value>> {
        self.objects.get(namespace)?.get(name)
    }

    pub(super) fn iter<'a>(
        &'a self,
        namespace: Option<&'a str>,
    ) -> impl Iterator<Item = &'a Arc<Value>> {
        let (one, all) = match namespace {
            Some(namespace) => (self.objects.get(namespace), None),
            None => (None, Some(self.objects.values())),
        };
        one.into_iter()
            .chain(all.into_iter().flatten())
            .flat_map(BTreeMap::values)
    }

    /// How many objects of this name there have been.
    pub(super) fn incarnations(&self, namespace: &str, name: &str) -> u32 {
        let key = (namespace.to_owned(), name.to_owned());
        self.incarnations.get(&key).copied().unwrap_or_default()
    }

    /// Stores an object and tells the watchers.
    pub(super) fn put(&mut self, namespace: &str, name: &str, object: &Arc<Value>, version: u64) {
        let names = self.objects.entry(namespace.to_owned()).or_default();
        let kind = if names.insert(name.to_owned(), Arc::clone(object)).is_some() {
            EventKind::Modified
        } else {
            let key = (namespace.to_owned(), name.to_owned());
            *self.incarnations.entry(key).or_default() += 1;
            EventKind::Added
        };
        self.events.push(Event {
            kind,
            object: Arc::clone(object),
            version,
        });
    }

    /// Removes an object and tells the watchers its last state.
    pub(super) fn remove(&mut self, namespace: &str, name: &str, last: Arc<Value>, version: u64) {
        if let Some(names) = self.objects.get_mut(namespace) {
            names.remove(name);
            if names.is_empty() {
                self.objects.remove(namespace);
            }
        }
        self.events.push(Event {
            kind: EventKind::Deleted,
            object: last,
            version,
        });
    }

    pub(super) fn events_after(&self, version: u64) -> &[Event] {
        &self.events[self
            .events
            .partition_point(|event| event.version <= version)..]
    }

    pub(super) fn has_events_before(&self, version: u64) -> bool {
        self.events
            .first()
            .is_some_and(|event| event.version < version)
    }

    pub(super) fn forget_events_before(&mut self, version: u64) {
        let gone = self.events.partition_point(|event| event.version < version);
        self.events.drain(..gone);
    }
}
