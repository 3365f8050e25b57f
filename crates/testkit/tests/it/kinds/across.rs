//! References across namespaces, one rule for all: nothing without a grant, all with one, nothing more once it is gone.
//!
//! The example of each kind is moved to another namespace, together with what it can refer to in its own one only.

use std::collections::{BTreeMap, BTreeSet};

use kong_crds::Kind;
use kong_crds::conditions::REF_NOT_PERMITTED;
use kong_driver::Schedule;
use kong_resolve::Key;
use serde_json::{Value, json};
use testkit::document::key_of;
use testkit::examples::{Examples, is_judged};
use testkit::sweep::sound;
use testkit::{Act, Scene};

use super::MOST_EFFECTS;
use super::trial::Trial;

/// Where they are moved.
const APART: &str = "apart";
/// References that lead nowhere but to the own namespace (konnect.md 2.1), by a part of their path.
const OWN: [&str; 5] = [
    "targets",
    "networkRef",
    "keySetRef",
    "consumerRef",
    "members",
];

/// Who refers to whom, and where that is: a grant.
type Pair = (Kind, Kind, String);

/// A world in two namespaces.
struct World {
    /// The example as it is now, and the others.
    document: Value,
    others: Vec<Value>,
    /// The grants that the example needs, and that the others need.
    own: BTreeSet<Pair>,
    theirs: BTreeSet<Pair>,
}

impl World {
    fn of(example: &Key) -> Self {
        let examples = Examples::get();
        let names: BTreeMap<&str, &Key> =
            examples.keys().map(|key| (&*key.name.name, key)).collect();
        let (mut moved, mut next) = (BTreeMap::new(), vec![example.clone()]);
        let (mut own, mut theirs) = (BTreeSet::new(), BTreeSet::new());
        while let Some(key) = next.pop() {
            // What is in no namespace is everywhere.
            if moved.contains_key(&key) || key != *example && !key.kind.namespaced() {
                continue;
            }
            let mut document = examples.documents_of([&key]).remove(0);
            if key.kind.namespaced() {
                document["metadata"]["namespace"] = json!(APART);
            }
            let mut refers = Refers {
                kind: key.kind,
                names: &names,
                pairs: BTreeSet::new(),
                along: Vec::new(),
            };
            let annotations = document["metadata"]["annotations"].clone();
            for names in [
                &annotations["konghq.com/plugins"],
                &document["consumerGroups"],
                &document["credentials"],
            ] {
                refers.look(names);
            }
            for (member, value) in document.as_object_mut().into_iter().flatten() {
                if !matches!(member.as_str(), "metadata" | "kind" | "apiVersion") {
                    refers.walk(value, &mut vec![member.clone()]);
                }
            }
            next.extend(refers.along);
            let pairs = if key == *example {
                &mut own
            } else {
                &mut theirs
            };
            pairs.extend(refers.pairs);
            moved.insert(key, document);
        }
        let document = moved.remove(example).expect("it is the first");
        let needs: BTreeSet<Key> = moved.keys().flat_map(|key| examples.needs(key)).collect();
        let needs = needs.into_iter().chain(examples.needs(example));
        let stays = |key: &Key| !moved.contains_key(key) && key != example;
        let stays: BTreeSet<Key> = needs.filter(stays).collect();
        let mut others = examples.documents_of(&stays);
        // What permits the example where it is cluster-wide is to be taken away.
        others.retain(|other| {
            let from = &other["spec"]["from"][0];
            from["namespace"] != "" || from["kind"] != example.kind.as_str()
        });
        others.extend(moved.into_values());
        Self {
            document,
            others,
            own,
            theirs,
        }
    }
}

/// What a document refers to.
struct Refers<'e> {
    kind: Kind,
    names: &'e BTreeMap<&'e str, &'e Key>,
    /// What it refers to in the other namespace.
    pairs: BTreeSet<Pair>,
    /// What has to come along.
    along: Vec<Key>,
}

impl Refers<'_> {
    fn target(&self, name: &Value) -> Option<Key> {
        self.names.get(name.as_str()?).map(|key| Key::clone(key))
    }

    fn walk(&mut self, value: &mut Value, path: &mut Vec<String>) {
        let refers = path.last().is_some_and(|last| {
            let last = last.to_lowercase();
            last.ends_with("ref") || last.ends_with("refs") || last == "members"
        });
        if refers && let Some(to) = self.target(&value["name"]) {
            let is_own = |segment: &String| OWN.contains(&segment.as_str());
            let extension =
                self.kind == Kind::KonnectExtension && path.contains(&"controlPlane".to_owned());
            if path.iter().any(is_own) || extension || value["key"].is_string() {
                self.along.push(to);
            } else {
                let namespace = to.name.namespace();
                value["namespace"] = json!(namespace);
                let pair = (self.kind, to.kind, namespace.to_owned());
                self.pairs.insert(pair);
            }
            return;
        }
        match value {
            Value::Object(members) => {
                for (member, value) in members {
                    path.push(member.clone());
                    self.walk(value, path);
                    path.pop();
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.walk(item, path)),
            Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// Names that stand alone: in a list, or in an annotation.
    fn look(&mut self, names: &Value) {
        let lists = names.as_array().into_iter().flatten().chain([names]);
        let texts = lists
            .filter_map(Value::as_str)
            .flat_map(|text| text.split(','));
        let found: Vec<Key> = texts
            .filter_map(|it| self.target(&json!(it.trim())))
            .collect();
        self.along.extend(found);
    }
}

fn group(kind: Kind) -> &'static str {
    match kind.group() {
        "" => "core",
        group => group,
    }
}

fn grant(pair: &Pair) -> Value {
    let (from, to, at) = pair;
    let namespace = if from.namespaced() { APART } else { "" };
    json!({
        "apiVersion": "configuration.konghq.com/v1alpha1", "kind": "KongReferenceGrant",
        "metadata": {"name": grant_name(pair), "namespace": at},
        "spec": {
            "from": [{"group": group(*from), "kind": from.as_str(), "namespace": namespace}],
            "to": [{"group": group(*to), "kind": to.as_str()}],
        },
    })
}

fn grant_name((from, to, _): &Pair) -> String {
    format!("{from}-{to}").to_lowercase()
}

/// It says that it must not, and nothing is written.
fn is_denied(trial: &mut Trial, when: &str) {
    let status = trial.scene.status(&trial.key);
    let mut conditions = status["conditions"].as_array().into_iter().flatten();
    let denied = |it: &Value| it["reason"] == REF_NOT_PERMITTED && it["status"] == "False";
    let denied = conditions.any(denied);
    trial.ask(denied, &format!("it does not say that it must not {when}"));
    let writes = trial.scene.writes();
    let silent = writes.1 == 0 && writes.0 <= 2;
    trial.ask(silent, &format!("{writes:?} writes {when}"));
}

#[test]
fn every_kind_refers_across_namespaces_as_long_as_a_grant_says_so() {
    let mut complaints = Vec::new();
    let mut pairs = BTreeSet::new();
    for example in Examples::get().all().filter(|it| is_judged(it.key.kind)) {
        let world = World::of(&example.key);
        if world.own.is_empty() {
            continue;
        }
        let mut scene = Scene::new(Schedule::calm(), sound);
        scene.most_effects = MOST_EFFECTS;
        let key = key_of(&world.document).expect("it is an example");
        let mut trial = Trial::new(key, scene);
        let permits = world.theirs.difference(&world.own).map(grant);
        let ground = world.others.iter().cloned().chain(permits).collect();
        trial.act(&Act::Apply(ground));
        trial.act(&Act::Apply(vec![world.document.clone()]));
        is_denied(&mut trial, "without a grant");
        trial.act(&Act::Apply(world.own.iter().map(grant).collect()));
        trial.is_well("with all grants");
        for pair in &world.own {
            pairs.insert(pair.clone());
            let key = Key::new(Kind::KongReferenceGrant, &pair.2, grant_name(pair));
            trial.act(&Act::Delete(vec![key]));
            is_denied(&mut trial, &format!("once {pair:?} is gone"));
            trial.act(&Act::Apply(vec![grant(pair)]));
            trial.is_well(&format!("once {pair:?} is back"));
        }
        trial.goes();
        complaints.extend(trial.end());
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
    assert!(pairs.len() >= 25, "{pairs:?}");
}
