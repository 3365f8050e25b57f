//! Everything that is known, as a value.
//!
//! Objects come in as they are read; standings are written by whoever judges and performs. Nothing
//! here decides anything.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use kong_crds::{AnyParts, Kind, Object, Observed, Unreadable};

use crate::grants;
use crate::key::{Key, Name};
use crate::map::Map;
use crate::meta::Meta;
use crate::standing::Standing;
use crate::subject::Readable;

/// An object: its metadata, and what it says unless it cannot be read.
#[derive(Clone, Debug)]
pub struct Entry {
    /// What matters of its metadata.
    pub meta: Meta,
    /// Its parts; statuses are taken out and kept elsewhere.
    pub parts: Result<AnyParts, Arc<Unreadable>>,
}

impl Entry {
    /// From what a watch showed.
    pub fn of(observed: Observed) -> Self {
        Self {
            meta: Meta::of(&observed.meta),
            parts: observed.parts.map_err(Arc::new),
        }
    }

    /// Whether the two say the same, statuses aside.
    pub fn says_the_same(&self, other: &Self) -> bool {
        if self.meta != other.meta {
            return false;
        }
        macro_rules! same {
            ($($kind:ident: $type:path => $class:ident;)*) => {
                match (&self.parts, &other.parts) {
                    $((Ok(AnyParts::$kind(one)), Ok(AnyParts::$kind(two))) => one.spec == two.spec,)*
                    (Err(one), Err(two)) => one == two,
                    (Ok(_) | Err(_), _) => false,
                }
            };
        }
        kong_crds::kinds!(same)
    }
}

/// What is known of the cluster, and what the judged objects are worth to each other.
#[derive(Clone, Debug, Default)]
pub struct World {
    /// Boxed, since a table has room for many more than it holds.
    objects: Map<Key, Box<Entry>>,
    standings: Map<Key, Box<Standing>>,
    /// The grants of each namespace.
    grants: BTreeMap<Arc<str>, BTreeSet<Key>>,
}

impl World {
    /// Puts an object in its place; gives back what was there.
    pub fn insert(&mut self, key: Key, entry: Entry) -> Option<Entry> {
        if key.kind == Kind::KongReferenceGrant {
            let namespace = Arc::from(key.name.namespace());
            self.grants
                .entry(namespace)
                .or_default()
                .insert(key.clone());
        }
        self.objects.insert(key, Box::new(entry)).map(|old| *old)
    }

    /// Removes an object and its standing.
    pub fn remove(&mut self, key: &Key) -> Option<Entry> {
        if let Some(grants) = self.grants.get_mut(key.name.namespace()) {
            grants.remove(key);
        }
        self.standings.remove(key);
        self.objects.remove(key).map(|entry| *entry)
    }

    /// An object.
    pub fn entry(&self, key: &Key) -> Option<&Entry> {
        self.objects.get(key).map(|entry| &**entry)
    }

    /// All objects, parents first.
    pub fn entries(&self) -> impl Iterator<Item = (&Key, &Entry)> {
        let sorted: BTreeMap<&Key, &Entry> = self
            .objects
            .iter()
            .map(|(key, entry)| (key, &**entry))
            .collect();
        sorted.into_iter()
    }

    /// The spec of an object, if it is there and can be read.
    pub fn spec<K: Readable>(&self, name: &Name) -> Option<&Arc<K::Spec>> {
        let entry = self.objects.get(&Key {
            kind: K::KIND,
            name: name.clone(),
        })?;
        Some(&K::parts(entry.parts.as_ref().ok()?)?.spec)
    }

    /// What a judged object is worth to others; `None` if it does not exist.
    pub fn standing(&self, key: &Key) -> Option<&Standing> {
        self.standings.get(key).map(|standing| &**standing)
    }

    /// Sets what a judged object is worth to others; true if that is news.
    pub fn set_standing(&mut self, key: &Key, standing: Standing) -> bool {
        if self.standing(key) == Some(&standing) {
            return false;
        }
        self.standings.insert(key.clone(), Box::new(standing));
        true
    }

    /// Whether a grant in the namespace of `to` permits `from` to refer to it.
    pub(crate) fn is_granted(&self, from: &Key, to: &Key) -> bool {
        let grants = self.grants.get(to.name.namespace()).into_iter().flatten();
        grants
            .filter_map(|key| self.objects.get(key))
            .filter(|entry| !entry.meta.deleting)
            .filter_map(|entry| {
                let parts = entry.parts.as_ref().ok()?;
                kong_crds::configuration::v1alpha1::KongReferenceGrant::parts(parts)
            })
            .any(|grant| grants::permits(&grant.spec, from, to))
    }
}

macro_rules! readable {
    ($($kind:ident: $type:path => $class:ident;)*) => {
        $(
            impl Readable for $type {
                fn parts(any: &AnyParts) -> Option<&kong_crds::Parts<Self>> {
                    match any {
                        AnyParts::$kind(parts) => Some(parts),
                        _ => None,
                    }
                }
            }
        )*
    };
}
kong_crds::kinds!(readable);

/// Every readable kind is an object; spelled out so that the bound is checked in one place.
const _: fn() = || {
    fn object<K: Object>() {}
    macro_rules! check {
        ($($kind:ident: $type:path => $class:ident;)*) => { $(object::<$type>();)* };
    }
    kong_crds::kinds!(check);
};
