//! All entities, and the indexes by which they find each other: by id, by control plane, by what they
//! refer to, by what no two may share. [`Entities::reindex`] follows every change of an entity.

use std::collections::BTreeSet;
use std::hash::Hash;

use uuid::Uuid;

use kong_model::{Collection, RemoteId, UniqueKey};
use kong_resolve::{Few, Map};

use super::{Entity, Realm};
use crate::listing::Scope;

/// The keys under which an entity is indexed.
#[derive(Clone, Debug, Default)]
struct Filed {
    remote: Option<RemoteId>,
    plane: Option<RemoteId>,
    scope: Option<Scope>,
    refers_to: Box<[RemoteId]>,
    uniques: Box<[(Realm, UniqueKey)]>,
    opaque: Option<(RemoteId, Collection)>,
}

/// All entities, with their indexes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Entities {
    all: Map<Uuid, Box<Entity>>,
    filed: Map<Uuid, Box<Filed>>,
    by_remote: Map<RemoteId, Few<Uuid>>,
    by_plane: Map<RemoteId, Few<Uuid>>,
    by_scope: Map<Scope, Few<Uuid>>,
    dependents: Map<RemoteId, Few<Uuid>>,
    by_unique: Map<(Realm, UniqueKey), Few<Uuid>>,
    /// Those in a control plane that may refer to anything, a collection apart from another: each keeps back what
    /// it can refer to, and nothing else.
    opaque: Map<(RemoteId, Collection), Few<Uuid>>,
    /// Control planes in a collection of which there are none of these any more.
    cleared: BTreeSet<RemoteId>,
    /// Control planes that have come to be known.
    arrived: BTreeSet<RemoteId>,
}

impl Entities {
    pub(crate) fn get(&self, id: Uuid) -> Option<&Entity> {
        self.all.get(&id).map(|entity| &**entity)
    }

    /// For changes that touch no index; follow up with [`reindex`](Self::reindex) if one may be
    /// touched.
    pub(crate) fn get_mut(&mut self, id: Uuid) -> Option<&mut Entity> {
        self.all.get_mut(&id).map(|entity| &mut **entity)
    }

    pub(crate) fn ids(&self) -> impl Iterator<Item = Uuid> + '_ {
        self.all.keys().copied()
    }

    pub(crate) fn insert(&mut self, id: Uuid, entity: Entity) {
        self.all.insert(id, Box::new(entity));
        self.reindex(id);
    }

    pub(crate) fn remove(&mut self, id: Uuid) -> Option<Entity> {
        let entity = self.all.remove(&id);
        self.reindex(id);
        entity.map(|entity| *entity)
    }

    /// Those with this id in Konnect: one, or several in different collections.
    pub(crate) fn at(&self, remote: &RemoteId) -> BTreeSet<Uuid> {
        ids(&self.by_remote, remote)
    }

    /// Those in a control plane.
    pub(crate) fn in_plane(&self, plane: &RemoteId) -> BTreeSet<Uuid> {
        ids(&self.by_plane, plane)
    }

    /// Those that a list tells about.
    pub(crate) fn in_scope(&self, scope: &Scope) -> BTreeSet<Uuid> {
        ids(&self.by_scope, scope)
    }

    /// Those that refer to an entity of this collection, live below it, or are its memberships.
    pub(crate) fn dependents(
        &self,
        at: Collection,
        remote: &RemoteId,
    ) -> impl Iterator<Item = (Uuid, &Entity)> {
        let ids = self.dependents.get(remote).into_iter().flatten();
        let found = ids.filter_map(|id| Some((*id, self.get(*id)?)));
        // A membership has the id of its member, and nothing depends on the one because of the other.
        found.filter(move |(_, entity)| entity.site.at.depends_on(at))
    }

    /// Those in a collection of a control plane of which nobody knows what they refer to.
    pub(crate) fn opaque(&self, plane: &RemoteId, at: Collection) -> impl Iterator<Item = &Entity> {
        let ids = self.opaque.get(&(plane.clone(), at)).into_iter().flatten();
        ids.filter_map(|id| self.get(*id))
    }

    /// A control plane in a collection of which there are none of these any more.
    pub(crate) fn pop_cleared(&mut self) -> Option<RemoteId> {
        self.cleared.pop_first()
    }

    /// A control plane that has come to be known.
    pub(crate) fn pop_arrived(&mut self) -> Option<RemoteId> {
        self.arrived.pop_first()
    }

    /// Those that have or claim something unique.
    pub(crate) fn rivals(
        &self,
        realm: &Realm,
        key: &UniqueKey,
    ) -> impl Iterator<Item = (Uuid, &Entity)> {
        let ids = self
            .by_unique
            .get(&(realm.clone(), key.clone()))
            .into_iter()
            .flatten();
        ids.filter_map(|id| Some((*id, self.get(*id)?)))
    }

    /// Whom a change of this entity may concern: those that want what it has or claims, and those that
    /// it refers to.
    pub(crate) fn neighbours(&self, id: Uuid) -> BTreeSet<Uuid> {
        let Some(filed) = self.filed.get(&id) else {
            return BTreeSet::new();
        };
        let rivals = filed
            .uniques
            .iter()
            .filter_map(|unique| self.by_unique.get(unique))
            .flatten();
        let parents = filed
            .refers_to
            .iter()
            .filter_map(|remote| self.by_remote.get(remote))
            .flatten();
        let plane = filed
            .plane
            .iter()
            .filter_map(|plane| self.by_remote.get(plane))
            .flatten();
        let mut ids: BTreeSet<Uuid> = rivals.chain(parents).chain(plane).copied().collect();
        ids.remove(&id);
        ids
    }

    /// Brings the indexes up to date after a change.
    pub(crate) fn reindex(&mut self, id: Uuid) {
        let new = self.all.get(&id).map(|entity| {
            let realm = entity.realm();
            let held = entity.holds.iter().cloned();
            let claimed = entity.claims().into_iter();
            let claimed = claimed.filter(|key| !entity.holds.contains(key));
            // A claim on what it holds is the same key, in the same words.
            let uniques = held.chain(claimed);
            Filed {
                remote: entity.remote.clone(),
                plane: entity.site.control_plane.clone(),
                scope: Some(entity.scope()),
                refers_to: entity.refers_to().into_iter().collect(),
                uniques: uniques.map(|key| (realm.clone(), key)).collect(),
                opaque: entity
                    .site
                    .control_plane
                    .clone()
                    .filter(|_| entity.is_opaque())
                    .map(|plane| (plane, entity.site.at)),
            }
        });
        let is_plane = self
            .all
            .get(&id)
            .is_some_and(|entity| entity.site.at == Collection::ControlPlanes);
        let gone = new.is_none();
        let new = new.unwrap_or_default();
        let old = self.filed.remove(&id).map(|old| *old).unwrap_or_default();
        refile(
            &mut self.by_remote,
            &id,
            old.remote.iter(),
            new.remote.iter(),
        );
        refile(&mut self.by_plane, &id, old.plane.iter(), new.plane.iter());
        refile(&mut self.by_scope, &id, old.scope.iter(), new.scope.iter());
        refile(
            &mut self.dependents,
            &id,
            old.refers_to.iter(),
            new.refers_to.iter(),
        );
        refile(
            &mut self.by_unique,
            &id,
            old.uniques.iter(),
            new.uniques.iter(),
        );
        refile(&mut self.opaque, &id, old.opaque.iter(), new.opaque.iter());
        let left = old
            .opaque
            .filter(|place| new.opaque.as_ref() != Some(place));
        let cleared = left.filter(|place| !self.opaque.contains_key(place));
        self.cleared.extend(cleared.map(|(plane, _)| plane));
        if is_plane && old.remote != new.remote {
            self.arrived.extend(new.remote.clone());
        }
        if !gone {
            self.filed.insert(id, Box::new(new));
        }
    }
}

/// What an index has under a key.
fn ids<K: Eq + Hash>(index: &Map<K, Few<Uuid>>, key: &K) -> BTreeSet<Uuid> {
    index.get(key).into_iter().flatten().copied().collect()
}

/// Moves something from the old keys of an index to the new ones; keys that stay are not touched.
pub(crate) fn refile<'a, K: Eq + Hash + Clone + 'a, V: Ord + Clone>(
    index: &mut Map<K, Few<V>>,
    id: &V,
    old: impl IntoIterator<Item = &'a K>,
    new: impl IntoIterator<Item = &'a K>,
) {
    let (old, new): (Vec<&K>, Vec<&K>) = (old.into_iter().collect(), new.into_iter().collect());
    for key in old.iter().filter(|key| !new.contains(key)) {
        if let Some(ids) = index.get_mut(*key) {
            ids.remove(id);
            if ids.is_empty() {
                index.remove(*key);
            }
        }
    }
    for key in new.into_iter().filter(|key| !old.contains(key)) {
        index.entry(key.clone()).or_default().insert(id.clone());
    }
}
