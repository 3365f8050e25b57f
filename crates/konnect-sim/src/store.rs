//! What one organisation has: entities by control plane and collection, with the two indexes that make
//! constraints cheap, taken names and who refers to whom.
//!
//! Everything is behind `Arc`s by control plane and entity, so that a copy of the whole is cheap and a
//! write after it copies one control plane.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use kong_model::{Body, Collection, Naming, OnDelete, UniqueKey};
use serde_json::Value;

/// The cluster type of control planes that are groups.
const GROUP: &str = "CLUSTER_TYPE_CONTROL_PLANE_GROUP";

/// An entity within its scope.
pub(crate) type Key = (Collection, Arc<str>);

/// The entities of an organisation; each control plane is a scope of its own, and so is the organisation.
#[derive(Clone, Default)]
pub(crate) struct Store {
    own: Arc<Scope>,
    control_planes: BTreeMap<Arc<str>, Arc<Scope>>,
}

/// The entities of one scope.
#[derive(Clone, Default)]
pub(crate) struct Scope {
    entities: BTreeMap<Collection, BTreeMap<Arc<str>, Arc<Value>>>,
    uniques: BTreeMap<UniqueKey, Key>,
    referrers: BTreeMap<Key, BTreeSet<Key>>,
}

/// One entity that refers to another.
pub(crate) struct Link {
    /// The member that says so.
    pub(crate) field: &'static str,
    /// The other one.
    pub(crate) to: Key,
    /// What its deletion means.
    pub(crate) on_delete: OnDelete,
}

/// The references of an entity, that to its parent among them.
pub(crate) fn links(collection: Collection, value: &Value) -> Vec<Link> {
    let parent = collection
        .parent()
        .map(|parent| (parent.field, parent.to, OnDelete::Cascade));
    let member = match collection.naming() {
        Naming::Member { of, field } => Some((field, of, OnDelete::Cascade)),
        Naming::Ours | Naming::Labelled | Naming::Keyed => None,
    };
    let references = collection.references().iter();
    references
        .map(|reference| (reference.field, reference.to, reference.on_delete))
        .chain(parent)
        .chain(member)
        .flat_map(|(field, to, on_delete)| {
            let path: Vec<&str> = field.split('.').collect();
            ids_at(value, &path).into_iter().map(move |id| Link {
                field,
                to: (to, Arc::from(id)),
                on_delete,
            })
        })
        .collect()
}

/// The ids at a path, in each item of a list.
fn ids_at<'v>(value: &'v Value, path: &[&str]) -> Vec<&'v str> {
    match (value, path.split_first()) {
        (value, None) => ids(value),
        (Value::Array(items), Some(_)) => {
            items.iter().flat_map(|item| ids_at(item, path)).collect()
        }
        (value, Some((name, rest))) => ids_at(&value[*name], rest),
    }
}

/// The ids in a member that refers: an object with an id, an id, or a list of these. An object without
/// an id refers to nothing, which no entity has as its id.
fn ids(value: &Value) -> Vec<&str> {
    match value {
        Value::Object(members) => {
            vec![
                members
                    .get("id")
                    .and_then(Value::as_str)
                    .unwrap_or_default(),
            ]
        }
        Value::String(id) => vec![id],
        Value::Array(items) => items.iter().flat_map(ids).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) => Vec::new(),
    }
}

/// What of an entity nothing else in its scope may have.
pub(crate) fn uniques(collection: Collection, value: &Value) -> Vec<UniqueKey> {
    let parent = collection
        .parent()
        .and_then(|parent| value[parent.field]["id"].as_str());
    collection.uniques(&Body::from_wire(collection, value), parent)
}

impl Scope {
    /// One entity.
    pub(crate) fn get(&self, collection: Collection, id: &str) -> Option<&Arc<Value>> {
        self.entities.get(&collection)?.get(id)
    }

    /// One entity with its id.
    pub(crate) fn entry(
        &self,
        collection: Collection,
        id: &str,
    ) -> Option<(&Arc<str>, &Arc<Value>)> {
        self.entities.get(&collection)?.get_key_value(id)
    }

    /// The entities of a collection, by id.
    pub(crate) fn all(
        &self,
        collection: Collection,
    ) -> impl Iterator<Item = (&Arc<str>, &Arc<Value>)> {
        self.entities.get(&collection).into_iter().flatten()
    }

    /// The entities of a collection that refer to `key`, by id.
    pub(crate) fn referring<'a>(
        &'a self,
        key: &Key,
        collection: Collection,
    ) -> impl Iterator<Item = (&'a Arc<str>, &'a Arc<Value>)> {
        self.referrers(key)
            .filter(move |(at, _)| *at == collection)
            .filter_map(|(at, id)| Some((id, self.get(*at, id)?)))
    }

    /// Everything that refers to `key`.
    pub(crate) fn referrers(&self, key: &Key) -> impl Iterator<Item = &Key> {
        self.referrers.get(key).into_iter().flatten()
    }

    /// Who holds a unique key.
    pub(crate) fn holder(&self, unique: &UniqueKey) -> Option<&Key> {
        self.uniques.get(unique)
    }

    /// Puts an entity in, in place of what was there under its id. Constraints are the caller's business.
    pub(crate) fn put(&mut self, key: Key, value: Value) {
        self.remove(&key);
        for unique in uniques(key.0, &value) {
            self.uniques.insert(unique, key.clone());
        }
        for link in links(key.0, &value) {
            self.referrers
                .entry(link.to)
                .or_default()
                .insert(key.clone());
        }
        let (collection, id) = key;
        self.entities
            .entry(collection)
            .or_default()
            .insert(id, Arc::new(value));
    }

    /// Takes one entity out.
    pub(crate) fn remove(&mut self, key: &Key) -> Option<Arc<Value>> {
        let value = self.entities.get_mut(&key.0)?.remove(&key.1)?;
        for unique in uniques(key.0, &value) {
            self.uniques.remove(&unique);
        }
        for link in links(key.0, &value) {
            if let Some(referrers) = self.referrers.get_mut(&link.to) {
                referrers.remove(key);
                if referrers.is_empty() {
                    self.referrers.remove(&link.to);
                }
            }
        }
        Some(value)
    }

    /// Everything that a deletion takes along, `key` last; or who stands in its way, and through which
    /// of its members.
    pub(crate) fn deletion(&self, key: &Key) -> Result<Vec<Key>, (&'static str, Key)> {
        let mut going = vec![key.clone()];
        let mut blockers = Vec::new();
        let mut next = 0;
        while let Some(target) = going.get(next).cloned() {
            next += 1;
            for referrer in self.referrers(&target) {
                let value = self
                    .get(referrer.0, &referrer.1)
                    .map_or(&Value::Null, |value| value);
                for link in links(referrer.0, value) {
                    match link.on_delete {
                        _ if link.to != target => {}
                        OnDelete::Cascade if going.contains(referrer) => {}
                        OnDelete::Cascade => going.push(referrer.clone()),
                        OnDelete::Restrict => blockers.push((link.field, referrer.clone())),
                    }
                }
            }
        }
        if let Some(blocker) = blockers.into_iter().find(|(_, key)| !going.contains(key)) {
            return Err(blocker);
        }
        going.reverse();
        Ok(going)
    }
}

impl Store {
    /// What a control plane has, or the organisation itself.
    pub(crate) fn scope(&self, control_plane: Option<&str>) -> Option<&Scope> {
        match control_plane {
            None => Some(&self.own),
            Some(id) => self.control_planes.get(id).map(|scope| &**scope),
        }
    }

    /// The same, to change it.
    pub(crate) fn scope_mut(&mut self, control_plane: Option<&str>) -> Option<&mut Scope> {
        match control_plane {
            None => Some(Arc::make_mut(&mut self.own)),
            Some(id) => self.control_planes.get_mut(id).map(Arc::make_mut),
        }
    }

    /// Makes room for the entities of a new control plane.
    pub(crate) fn open(&mut self, control_plane: Arc<str>) {
        self.control_planes.entry(control_plane).or_default();
    }

    /// Forgets a control plane's entities, and it as a member of groups.
    pub(crate) fn close(&mut self, control_plane: &str) {
        self.control_planes.remove(control_plane);
        let groups: Vec<Arc<str>> = self.control_planes.keys().cloned().collect();
        for group in groups {
            let mut members = self.members(&group);
            if members.remove(control_plane) {
                self.set_members(&group, &members);
            }
        }
    }

    /// Forgets what there is one of for a control plane of another region.
    pub(crate) fn forget_beside(&mut self, control_plane: &str) {
        for at in Collection::all().filter(|at| at.narrowed().is_some()) {
            let is_for_it = |value: &Value| value["control_plane_id"] == control_plane;
            let found = self.own.all(at).filter(|(_, value)| is_for_it(value));
            let going: Vec<Key> = found.map(|(id, _)| (at, Arc::clone(id))).collect();
            for key in going {
                Arc::make_mut(&mut self.own).remove(&key);
            }
        }
    }

    /// The control planes that have entities of their own, by id.
    pub(crate) fn scopes(&self) -> impl Iterator<Item = (&Arc<str>, &Scope)> {
        self.control_planes.iter().map(|(id, scope)| (id, &**scope))
    }

    /// Whether a control plane is a group.
    pub(crate) fn is_group(&self, control_plane: &str) -> bool {
        self.own
            .get(Collection::ControlPlanes, control_plane)
            .is_some_and(|value| value["config"]["cluster_type"] == GROUP)
    }

    /// The ids of the members of a group.
    pub(crate) fn members(&self, group: &str) -> BTreeSet<Arc<str>> {
        let scope = self.scope(Some(group));
        let list = scope.and_then(|scope| scope.get(Collection::GroupMemberships, group));
        list.into_iter()
            .flat_map(|value| ids(&value["members"]))
            .map(Arc::from)
            .collect()
    }

    /// Replaces the members of a group.
    pub(crate) fn set_members(&mut self, group: &str, members: &BTreeSet<Arc<str>>) {
        let list: Vec<Value> = members
            .iter()
            .map(|id| serde_json::json!({ "id": &**id }))
            .collect();
        if let Some(scope) = self.scope_mut(Some(group)) {
            let key = (Collection::GroupMemberships, Arc::from(group));
            scope.put(key, serde_json::json!({ "members": list }));
        }
    }
}
