//! What can be written to, as it is, and what the way from one state to another has to cost.

use std::collections::BTreeMap;

use kong_model::{Collection, Method, Shape, Update};
use kong_resolve::Key;
use serde_json::Value;
use testkit::Scene;
use testkit::document::key_of;
use testkit::{examples, held};

/// Cluster and Konnect, without times.
#[derive(Debug, PartialEq)]
pub(super) struct Ledger {
    /// Finalizers and status of each object.
    objects: BTreeMap<Key, (Vec<String>, Value)>,
    entities: BTreeMap<(Collection, String), Value>,
}

impl Ledger {
    pub(super) fn of(scene: &Scene) -> Self {
        let mut objects = BTreeMap::new();
        for mut object in scene.objects() {
            let Some(key) = key_of(&object) else { continue };
            let finalizers = object["metadata"]["finalizers"].as_array().cloned();
            let names = finalizers.unwrap_or_default();
            let mut names: Vec<String> = names.iter().map(Value::to_string).collect();
            names.sort();
            let mut status = object["status"].take();
            for condition in status["conditions"].as_array_mut().into_iter().flatten() {
                condition["lastTransitionTime"] = Value::Null;
            }
            objects.insert(key, (names, status));
        }
        let mut entities = BTreeMap::new();
        for at in Collection::all() {
            for (id, entity) in held(&scene.driver.konnect, at) {
                let mut entity = entity.clone();
                for time in ["created_at", "updated_at"] {
                    entity[time] = Value::Null;
                }
                // Konnect changes this by itself.
                if at.facts().contains(&"state") {
                    entity["state"] = Value::Null;
                }
                // What was asked for stands beside what has come of it.
                if let Some((_, made)) = at.echoed() {
                    entity[made] = Value::Null;
                    entity["entity_version"] = Value::Null;
                }
                entities.insert((at, id.to_owned()), entity);
            }
        }
        Self { objects, entities }
    }

    /// Entities that are new, or not what they were.
    pub(super) fn changed_entities(&self, before: &Self) -> Vec<&Value> {
        let here = self.entities.iter();
        here.filter(|(id, entity)| before.entities.get(id) != Some(entity))
            .map(|(_, entity)| entity)
            .collect()
    }

    fn gone_entities(&self, before: &Self) -> Vec<Collection> {
        let there = before.entities.keys();
        let gone = there.filter(|id| !self.entities.contains_key(id));
        gone.map(|(at, _)| *at).collect()
    }

    /// Whether Konnect holds the same, under whatever ids Konnect has chosen.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        let chosen = |ledger: &Self| {
            let mut left: Vec<String> = Vec::new();
            for ((at, id), entity) in &ledger.entities {
                let mut text = format!("{at} {entity}");
                if !at.takes_our_id() {
                    // Endpoints of a control plane are called after its id.
                    text = text.replace(id, "<id>");
                    let digits: String = id.chars().filter(|it| *it != '-').take(10).collect();
                    text = text.replace(&digits, "<id>");
                }
                left.push(text);
            }
            left.sort();
            left
        };
        chosen(self) == chosen(other)
    }

    /// What was written since `before` although it did not have to be, or was not although it had to be. In between
    /// somebody else has left Konnect as it is in `disturbed`.
    pub(super) fn bill(&self, before: &Self, disturbed: &Self, scene: &Scene) -> Vec<String> {
        let mut complaints = Vec::new();
        let keys = self.objects.keys().chain(before.objects.keys());
        for key in keys.collect::<std::collections::BTreeSet<_>>() {
            let none = (Vec::new(), Value::Null);
            let old = disturbed.objects.get(key).unwrap_or(&none);
            let due = match self.objects.get(key) {
                Some(new) => usize::from(new.0 != old.0) + usize::from(new.1 != old.1),
                None => usize::from(!old.0.is_empty()),
            };
            let writes = scene.writes_to(key);
            if writes != due {
                complaints.push(format!("{writes} writes to {key} instead of {due}"));
            }
        }
        let log = scene.driver.konnect.log().iter();
        let done: Vec<_> = log
            .filter(|entry| entry.is_write() && !entry.foreign && entry.status < 300)
            .filter(|entry| !is_membership(&entry.path))
            .collect();
        let due = self.changed_entities(disturbed).len();
        let gone = self.gone_entities(disturbed);
        // What cannot be deleted is emptied, each by a write of its own.
        let is_emptied = |at: &&Collection| matches!(at.update(), Update::Whole { .. });
        let emptied = gone.iter().filter(is_emptied).count();
        let gone = gone.len() - emptied;
        let due = due + emptied;
        let deletions = done.iter().filter(|it| it.method == Method::Delete).count();
        let writes = done.len() - deletions;
        if writes != due {
            complaints.push(format!(
                "{writes} writes to Konnect instead of {due}: {done:?}"
            ));
        }
        // What goes along with something else needs no deletion of its own.
        if deletions > gone || (deletions == 0) != (gone == 0) {
            complaints.push(format!(
                "{deletions} deletions in Konnect for {gone}: {done:?}"
            ));
        }
        complaints
    }
}

/// Whether a request is about who belongs to whom, which no entity shows.
fn is_membership(path: &str) -> bool {
    let fits = |list: &str| {
        let (wanted, found) = (list.split('/'), path.split('/'));
        found.clone().count() >= wanted.clone().count()
            && wanted
                .zip(found)
                .all(|(wanted, found)| wanted.starts_with('{') || wanted == found)
    };
    let lists = Collection::all().filter(|at| at.shape() == Shape::Membership);
    lists.map(Collection::list_path).any(fits)
}

/// Whether an object is there, and well.
pub(super) fn is_well(scene: &Scene, key: &Key) -> bool {
    scene.object(key).as_ref().is_some_and(examples::is_well)
}

/// The UID of an object.
pub(super) fn uid(scene: &Scene, key: &Key) -> Option<String> {
    let object = scene.object(key)?;
    object["metadata"]["uid"].as_str().map(str::to_owned)
}
