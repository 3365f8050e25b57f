//! Who is who among entities and objects: which entity has an object already, and what new objects are called.
//!
//! Start with [`Names::of`].

use std::collections::{BTreeMap, BTreeSet};

use cluster_sim::{Cluster, ObjectId, ResourceId};
use kong_crds::Kind;
use kong_model::{Collection, Origin};
use kong_translation::{collection, frame, recorded_id};
use serde_json::{Value, json};

use crate::inverse::{Place, kong_kind, origin};
use crate::plan::play::Manifests;

/// The longest name that every kind can have.
const LONGEST: usize = 63;
/// How much of an id tells it from others.
const SHORT_ID: usize = 8;

/// The names of objects, and the entities that they stand for.
pub(super) struct Names {
    /// Where new objects are.
    namespace: String,
    taken: BTreeSet<(Kind, String)>,
    objects: BTreeSet<ObjectId>,
    /// Ids that manifests name themselves.
    named: BTreeMap<String, Place>,
    places: BTreeMap<(Collection, String), Place>,
}

impl Names {
    /// What the manifests say, also once an operator has `played` them; new objects are in this namespace.
    pub(super) fn of(manifests: &Manifests, played: &Cluster, namespace: &str) -> Self {
        let mut names = Self {
            namespace: namespace.to_owned(),
            taken: BTreeSet::new(),
            objects: BTreeSet::new(),
            named: BTreeMap::new(),
            places: BTreeMap::new(),
        };
        for kind in Kind::served() {
            for object in Manifests::objects(&manifests.cluster, kind) {
                let place = place(object);
                if place.namespace == namespace || !kind.namespaced() {
                    names.taken.insert((kind, place.name.clone()));
                }
                let ids = ["/spec/adopt/konnect/id", "/spec/id", "/status/konnect/id"];
                let ids = ids.iter().filter_map(|path| object.pointer(path)?.as_str());
                names
                    .named
                    .extend(ids.map(|id| (id.to_owned(), place.clone())));
                names.objects.extend(manifests.cluster.id_of(object));
            }
            // What carries no tags is known by where its object has found it.
            let tagless = collection(kind).is_some_and(|at| !at.carries_tags());
            let frame = frame(kind).filter(|_| tagless);
            for object in Manifests::objects(played, kind) {
                let found = frame.and_then(|frame| recorded_id(frame, &object["status"]));
                let found = found.map(|id| (id.to_string(), place(object)));
                names.named.extend(found);
            }
        }
        names
    }

    /// Whether an entity is one of an object among the manifests; it is known from then on.
    pub(super) fn has_manifest(&mut self, at: Collection, entity: &Value) -> bool {
        let id = entity["id"].as_str().unwrap_or_default();
        if let Some(place) = self.named.get(id) {
            self.places.insert((at, id.to_owned()), place.clone());
            return true;
        }
        let Some(origin) = origin(entity) else {
            return false;
        };
        let Some(kind) = Kind::from_api(&origin.group, &origin.kind) else {
            return false;
        };
        let object = ObjectId {
            resource: ResourceId::new(kind.group(), kind.plural()),
            namespace: origin.namespace.clone(),
            name: origin.name.clone(),
        };
        if !self.objects.contains(&object) {
            return false;
        }
        self.note(at, id, origin);
        true
    }

    /// The object that an entity was made from, if it was made from one.
    pub(super) fn managed(&mut self, at: Collection, entity: &Value) -> Option<Origin> {
        let origin = origin(entity)?;
        let id = entity["id"].as_str().unwrap_or_default();
        self.note(at, id, origin.clone());
        Some(origin)
    }

    fn note(&mut self, at: Collection, id: &str, origin: Origin) {
        if kong_kind(at).is_some_and(|kind| *kind.as_str() == origin.kind) {
            let place = Place {
                namespace: origin.namespace.unwrap_or_default(),
                name: origin.name,
            };
            self.places.insert((at, id.to_owned()), place);
        }
    }

    /// The object that an entity stands for.
    pub(super) fn place(&self, at: Collection, id: &str) -> Option<Place> {
        self.places.get(&(at, id.to_owned())).cloned()
    }

    /// An entity has an object from now on.
    pub(super) fn take(&mut self, at: Collection, id: &str, place: &Place) {
        self.places.insert((at, id.to_owned()), place.clone());
    }

    /// A name for a new object, after what its entity is called.
    pub(super) fn give(&mut self, kind: Kind, name: Option<&str>, id: &str) -> Place {
        let short: String = id.chars().take(SHORT_ID).collect();
        let mut label = name.map(label).unwrap_or_default();
        if label.is_empty() {
            label = nameless(kind, id);
        }
        if self.taken.contains(&(kind, label.clone())) {
            label = format!("{}-{short}", cut(&label, LONGEST - SHORT_ID - 1));
        }
        let mut number = 1;
        let mut unique = label.clone();
        while !self.taken.insert((kind, unique.clone())) {
            number += 1;
            unique = format!("{}-{number}", cut(&label, LONGEST - 4));
        }
        self.at(kind, unique)
    }

    /// A name for an object of another kind that belongs to one.
    pub(super) fn sibling(&mut self, kind: Kind, place: &Place) -> Place {
        self.give(kind, Some(&place.name), &json!(place.name).to_string())
    }

    fn at(&self, kind: Kind, name: String) -> Place {
        let namespace = if kind.namespaced() {
            self.namespace.clone()
        } else {
            String::new()
        };
        Place { namespace, name }
    }
}

/// Where an object is.
pub(super) fn place(object: &Value) -> Place {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    Place {
        namespace: text(&object["metadata"]["namespace"]),
        name: text(&object["metadata"]["name"]),
    }
}

/// A name for what has none: what it is, and how its id begins.
pub(super) fn nameless(kind: Kind, id: &str) -> String {
    let short: String = id.chars().take(SHORT_ID).collect();
    let word = ["KongCredential", "Kong"]
        .iter()
        .find_map(|prefix| kind.as_str().strip_prefix(prefix));
    let word = word.unwrap_or(kind.as_str()).to_lowercase();
    format!("{word}-{short}")
}

/// A name as Kubernetes takes it.
fn label(name: &str) -> String {
    let mut label = String::new();
    for letter in name.chars() {
        match letter.to_ascii_lowercase() {
            letter if letter.is_ascii_alphanumeric() => label.push(letter),
            _ if label.ends_with('-') || label.is_empty() => {}
            _ => label.push('-'),
        }
    }
    cut(label.trim_end_matches('-'), LONGEST).to_owned()
}

fn cut(label: &str, length: usize) -> &str {
    label.get(..length).unwrap_or(label).trim_end_matches('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_made_fit_for_kubernetes() {
        for (name, expected) in [
            ("shop", "shop"),
            ("Shop API v2.1", "shop-api-v2-1"),
            ("10.0.0.1:80", "10-0-0-1-80"),
            ("__x__", "x"),
            ("ünïcode", "n-code"),
            ("", ""),
        ] {
            assert_eq!(label(name), expected);
        }
        assert_eq!(label(&"a".repeat(100)).len(), LONGEST);
    }
}
