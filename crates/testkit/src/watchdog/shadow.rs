//! A small mirror of cluster and Konnect: which entity is whose, and what its object says of it.
//!
//! Objects are followed by their events, entities by the answers to writes; only where Konnect deletes
//! along or somebody else wrote is it read anew. Start with [`Shadow::written`] and [`Shadow::follow`].

use std::collections::{BTreeMap, BTreeSet};

use cluster_sim::{Cluster, Event, EventKind};
use kong_crds::Kind;
use kong_crds::names::{DELETION_POLICY_ANNOTATION, KONNECT_CLEANUP_FINALIZER};
use kong_model::{Collection, Naming, Site, tags};
use kong_resolve::Key;
use konnect_sim::Konnect;
use serde_json::Value;

use super::{By, Rule, Violation};
use crate::document::{key_from, key_of};
use crate::scene::held;

/// An entity in Konnect.
#[derive(Clone, Debug)]
struct Entity {
    /// The object that it is made from.
    uid: String,
    /// The object on whose behalf it exists.
    owner: String,
    generation: Option<i64>,
    /// Konnect keeps no mark of the object with it, so nothing tells which generation it is of.
    unmarked: bool,
    /// Somebody else made it.
    foreign: bool,
    /// Somebody else wrote to it since we did.
    disturbed: bool,
}

/// An object in the cluster.
#[derive(Clone, Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "facts that do not depend on each other"
)]
struct Object {
    key: Key,
    finalizer: bool,
    retained: bool,
    mirror: bool,
    /// What it asks to take over.
    adopts: Option<String>,
    /// Whether it may write to that before it has taken it over.
    overrides: bool,
    id: Option<String>,
    programmed: Option<i64>,
    /// What its entity may be called, and the control plane of that, if Konnect keeps no mark of the object with it.
    texts: BTreeSet<String>,
}

/// What is there.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shadow {
    entities: BTreeMap<(Collection, String), Entity>,
    objects: BTreeMap<String, Object>,
    /// Objects whose entity somebody else changed or deleted since we last wrote it.
    disturbed: BTreeSet<String>,
    seen: u64,
}

fn violation(rule: Rule, how: String) -> Violation {
    Violation { rule, how }
}

/// Tags, or labels as tags.
fn marks(entity: &Value) -> Vec<String> {
    let tags = entity["tags"].as_array().into_iter().flatten();
    let labels = entity["labels"].as_object().into_iter().flatten();
    tags.filter_map(|tag| tag.as_str().map(str::to_owned))
        .chain(labels.filter_map(|(key, value)| Some(format!("{key}:{}", value.as_str()?))))
        .collect()
}

fn mark<'m>(marks: &'m [String], key: &str) -> Option<&'m str> {
    marks
        .iter()
        .find_map(|mark| mark.strip_prefix(key)?.strip_prefix(':'))
}

/// The id of the entity of an object, by its status: kinds with an entity in a control plane have it below `konnect`.
pub(crate) fn id_in(status: &Value) -> Option<&str> {
    let below = status["konnect"]["id"].as_str();
    below.or_else(|| status["id"].as_str())
}

/// The object that the tags of an entity name.
pub(crate) fn owner_key(entity: &Value) -> Option<Key> {
    let marks = marks(entity);
    let kind: Kind = mark(&marks, "k8s-kind")?.parse().ok()?;
    let namespace = mark(&marks, "k8s-namespace");
    key_from(kind, namespace, mark(&marks, "k8s-name")?)
}

impl Entity {
    fn read(entity: &Value, foreign: bool) -> Self {
        let marks = marks(entity);
        let uid = mark(&marks, tags::UID).unwrap_or_default().to_owned();
        Self {
            owner: mark(&marks, tags::OWNER).unwrap_or(&uid).to_owned(),
            generation: mark(&marks, "k8s-generation").and_then(|text| text.parse().ok()),
            uid,
            unmarked: false,
            foreign,
            disturbed: foreign,
        }
    }
}

impl Object {
    fn read(document: &Value) -> Option<(String, Self)> {
        let meta = &document["metadata"];
        let key = key_of(document)?;
        let status = &document["status"];
        let id = id_in(status).map(str::to_owned);
        let programmed = status["conditions"].as_array().into_iter().flatten();
        let programmed = programmed
            .filter(|condition| condition["type"] == "Programmed" && condition["status"] == "True")
            .find_map(|condition| condition["observedGeneration"].as_i64());
        let finalizers = meta["finalizers"].as_array();
        let adopt = &document["spec"]["adopt"];
        let object = Self {
            finalizer: finalizers
                .into_iter()
                .flatten()
                .any(|name| name == KONNECT_CLEANUP_FINALIZER),
            // What is no policy at all keeps, too.
            retained: meta["annotations"][DELETION_POLICY_ANNOTATION]
                .as_str()
                .is_some_and(|policy| policy != "delete"),
            mirror: document["spec"]["source"] == "Mirror",
            adopts: adopt["konnect"]["id"].as_str().map(str::to_owned),
            overrides: adopt["mode"] != "match",
            id,
            programmed,
            texts: if kong_translation::collection(key.kind).is_some_and(is_unmarked) {
                texts(document)
            } else {
                BTreeSet::new()
            },
            key,
        };
        Some((meta["uid"].as_str()?.to_owned(), object))
    }

    /// Whether an entity without marks can be the one of this object: it is in that control plane, and called as the
    /// object says.
    fn can_have(&self, at: Collection, entity: &Value, plane: Option<&Key>) -> bool {
        kong_translation::collection(self.key.kind) == Some(at)
            && plane.is_none_or(|plane| self.texts.contains(&*plane.name.name))
            && ["name", "cert"].iter().all(|member| {
                let name = entity[*member].as_str();
                name.is_none_or(|name| self.texts.contains(name.trim()))
            })
    }
}

/// Whether Konnect keeps no tags or labels of the entities of a collection.
fn is_unmarked(at: Collection) -> bool {
    at.naming() == Naming::Keyed
}

/// Every text in the name and the spec of an object.
fn texts(document: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut next = vec![&document["metadata"]["name"], &document["spec"]];
    while let Some(value) = next.pop() {
        match value {
            Value::String(text) => drop(found.insert(text.trim().to_owned())),
            Value::Array(items) => next.extend(items),
            Value::Object(members) => next.extend(members.values()),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
    found
}

impl Shadow {
    /// Whether an entity is somebody else's, and nobody asked to make it ours.
    pub(crate) fn is_foreign(&self, at: Collection, id: &str) -> bool {
        let asked = |object: &Object| {
            object.finalizer && object.overrides && object.adopts.as_deref() == Some(id)
        };
        self.entities
            .get(&(at, id.to_owned()))
            .is_some_and(|entity| entity.foreign)
            && !self.objects.values().any(asked)
    }

    /// An object says that it has what it asked to take over: from then on that is ours.
    fn take_over(&mut self, uid: &str, object: &Object) {
        if object.id.is_none() || object.id != object.adopts {
            return;
        }
        for ((_, id), entity) in &mut self.entities {
            if object.id.as_ref() == Some(id) && entity.foreign {
                uid.clone_into(&mut entity.uid);
                uid.clone_into(&mut entity.owner);
                entity.foreign = false;
            }
        }
    }

    /// What an object leaves behind is nobody's.
    fn leave(&mut self, uid: &str) {
        for entity in self.entities.values_mut() {
            if entity.owner == uid {
                entity.foreign = true;
                entity.disturbed = true;
            }
        }
    }

    /// The object of a control plane.
    pub(crate) fn plane_key(&self, id: &str) -> Option<Key> {
        let plane = self
            .entities
            .get(&(Collection::ControlPlanes, id.to_owned()))?;
        self.objects
            .get(&plane.uid)
            .map(|object| object.key.clone())
    }

    /// An engine wrote this entity.
    pub(crate) fn written(&mut self, site: &Site, entity: &Value) -> Vec<Violation> {
        let mut problems = Vec::new();
        let Some(id) = entity["id"].as_str() else {
            return problems;
        };
        let key = (site.at, id.to_owned());
        let mut new = Entity::read(entity, false);
        if is_unmarked(site.at) {
            let uid = self.uid_of(site, id, entity).unwrap_or_default();
            uid.clone_into(&mut new.uid);
            new.owner = uid;
            new.unmarked = true;
            if new.owner.is_empty() {
                // Nothing says whose it is.
                self.entities.insert(key, new);
                return problems;
            }
        }
        let what = format!("{} {id} of {}", site.at.name(), self.name(&new.owner));
        match self.objects.get(&new.owner) {
            None => problems.push(violation(
                Rule::NoOrphan,
                format!("{what} is written, but its object is gone"),
            )),
            Some(object)
                if !object.finalizer && self.entities.get(&key).is_none_or(|it| it.foreign) =>
            {
                problems.push(violation(
                    Rule::FinalizerFirst,
                    format!("{what} is created, but {} has no finalizer", object.key),
                ));
            }
            Some(_) => {}
        }
        let twin = self.entities.iter().find(|((at, other), entity)| {
            *at == site.at
                && *other != id
                && !entity.foreign
                && entity.uid == new.uid
                && entity.owner == new.owner
        });
        if let Some(((_, other), _)) = twin {
            problems.push(violation(
                Rule::OneEntity,
                format!("{what} is written, and there is {other} already"),
            ));
        }
        self.disturbed.remove(&new.owner);
        self.entities.insert(key, new);
        problems
    }

    /// The object of an entity without marks: the one that had it, or the one that can have it.
    fn uid_of(&self, site: &Site, id: &str, entity: &Value) -> Option<String> {
        let known = self.entities.get(&(site.at, id.to_owned()));
        if let Some(known) = known.filter(|known| !known.uid.is_empty()) {
            return Some(known.uid.clone());
        }
        let plane = site.control_plane.as_ref();
        let plane = plane.and_then(|plane| self.plane_key(plane.as_str()));
        let mut objects = self.objects.iter();
        objects
            .find(|(_, object)| object.can_have(site.at, entity, plane.as_ref()))
            .map(|(uid, _)| uid.clone())
    }

    fn name(&self, uid: &str) -> String {
        self.objects
            .get(uid)
            .map_or_else(|| format!("UID {uid}"), |object| object.key.to_string())
    }

    /// Something went, perhaps along with something else.
    pub(crate) fn sweep(&mut self, konnect: &Konnect) {
        let there: BTreeSet<(Collection, &str)> = Collection::all()
            .flat_map(|at| held(konnect, at).map(move |(id, _)| (at, id)))
            .collect();
        self.entities
            .retain(|(at, id), _| there.contains(&(*at, id.as_str())));
    }

    /// Somebody else wrote to a collection.
    pub(crate) fn disturbed(&mut self, at: Collection, konnect: &Konnect) {
        let before = self.entities.clone();
        self.sweep(konnect);
        for (key, entity) in &before {
            if key.0 == at || !self.entities.contains_key(key) {
                self.disturbed.insert(entity.owner.clone());
            }
        }
        for collection in Collection::all() {
            for (id, value) in held(konnect, collection) {
                let key = (collection, id.to_owned());
                if let Some(known) = self.entities.get_mut(&key) {
                    if collection == at {
                        known.disturbed = true;
                    }
                } else {
                    self.entities.insert(key, Entity::read(value, true));
                }
            }
        }
    }

    /// Catches up with the cluster.
    pub(crate) fn follow(&mut self, cluster: &Cluster, by: By) -> Vec<Violation> {
        let mut problems = Vec::new();
        if cluster.version() == self.seen {
            return problems;
        }
        let resources: Vec<_> = cluster.resources().collect();
        let mut events: Vec<&Event> = Vec::new();
        for resource in resources {
            if let Ok(news) = cluster.events_since(resource, self.seen) {
                events.extend(news);
            }
        }
        events.sort_by_key(|event| event.version);
        for event in events {
            self.event(event, by, &mut problems);
        }
        self.seen = cluster.version();
        problems
    }

    fn event(&mut self, event: &Event, by: By, problems: &mut Vec<Violation>) {
        let Some((uid, object)) = Object::read(&event.object) else {
            return;
        };
        if by == By::Engine {
            self.take_over(&uid, &object);
        }
        let old = self.objects.get(&uid);
        if event.kind == EventKind::Deleted
            || old.is_some_and(|old| old.finalizer && !object.finalizer)
        {
            problems.extend(self.left_behind(&uid, &object));
        }
        if let (Some(old), By::Engine) = (old, by) {
            problems.extend(self.status_changed(&uid, old, &object));
        }
        if event.kind == EventKind::Deleted {
            if object.retained {
                self.leave(&uid);
            }
            self.objects.remove(&uid);
        } else {
            self.objects.insert(uid, object);
        }
    }

    /// Entities of an object that loses its finalizer, or is gone.
    fn left_behind(&self, uid: &str, object: &Object) -> Option<Violation> {
        if object.retained || object.mirror {
            return None;
        }
        let left = self
            .entities
            .iter()
            .find(|(_, entity)| !entity.foreign && entity.owner == uid);
        let ((at, id), _) = left?;
        Some(violation(
            Rule::FinalizerLast,
            format!(
                "{} goes without its finalizer, but {} {id} is there",
                object.key,
                at.name()
            ),
        ))
    }

    fn status_changed(&self, uid: &str, old: &Object, new: &Object) -> Option<Violation> {
        let own = |id: &str| {
            self.entities
                .iter()
                .any(|((_, other), entity)| other == id && !entity.foreign && entity.uid == uid)
        };
        if let Some(id) = &old.id
            && new.id.as_ref() != Some(id)
            && own(id)
        {
            return Some(violation(
                Rule::IdStays,
                format!("the id of {} was {id} and is {:?}", new.key, new.id),
            ));
        }
        let generation = new
            .programmed
            .filter(|_| new.programmed != old.programmed)?;
        let held = self.entities.values().any(|entity| {
            entity.uid == uid
                && entity.owner == uid
                && (entity.generation == Some(generation) || entity.unmarked || entity.disturbed)
        });
        if held || new.mirror || self.disturbed.contains(uid) {
            return None;
        }
        Some(violation(
            Rule::Programmed,
            format!(
                "{} is Programmed in generation {generation}, which Konnect does not hold",
                new.key
            ),
        ))
    }

    /// What must be true when there is nothing left to do.
    pub(crate) fn at_rest(&self) -> Vec<Violation> {
        let mut problems = Vec::new();
        for ((at, id), entity) in &self.entities {
            let told = !entity.owner.is_empty();
            if !entity.foreign && told && !self.objects.contains_key(&entity.owner) {
                problems.push(violation(
                    Rule::NoOrphan,
                    format!("{} {id} is left, but its object is gone", at.name()),
                ));
            }
        }
        problems
    }
}
