//! Who the objects of the manifests are: their UIDs in the cluster that they are for.
//!
//! A manifest that was read out of a cluster says it. One from a repository does not; but what its object has in
//! Konnect carries its kind, namespace, name and UID in its tags. Without this everything would look as if it
//! belonged to somebody else. Start with [`learn`].

use std::collections::{BTreeMap, BTreeSet};

use cluster_sim::ObjectId;
use kong_crds::Kind;
use kong_crds::conditions::PROGRAMMED;
use kong_crds::names::KONNECT_CLEANUP_FINALIZER;
use kong_driver::object_id;
use kong_engine::Engine;
use kong_model::{Collection, Origin};
use kong_resolve::Frame;
use serde_json::{Value, json};

use super::play::Manifests;
use crate::findings::Finding;
use crate::inverse::{kong_kind, origin};
use crate::remote::{Holding, Reading};

/// What a server says of an object and a manifest does not.
#[derive(Clone, Debug, PartialEq)]
struct Identity {
    uid: String,
    generation: i64,
    /// Where its entity is, if it has one.
    status: Option<Value>,
    /// Why it is taken for this, if its entity does not say so.
    namesake: Option<String>,
}

/// The objects that are known in Konnect.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Identities(BTreeMap<ObjectId, Identity>);

/// What Konnect tells of the objects.
pub(super) struct Learned {
    pub(super) identities: Identities,
    /// Where it tells two things.
    pub(super) findings: Vec<Finding>,
    /// What may be meant otherwise.
    pub(super) notes: Vec<String>,
}

/// Kind, namespace and name as tags have them: too long ones are cut.
type Called = (String, String, Option<String>, String);

/// Somebody of that name.
#[derive(Default)]
struct Candidate {
    generation: i64,
    /// What the entities are called in Konnect.
    names: BTreeSet<String>,
    /// The status with the place of the entity that it stands for.
    status: Option<Value>,
}

/// Metadata that a document out of a cluster brings along.
const BROUGHT: [&str; 4] = [
    "uid",
    "generation",
    "creationTimestamp",
    "deletionTimestamp",
];

impl Identities {
    /// An object with what is known of it: what its manifest says, else what Konnect tells.
    pub(super) fn applied(&self, mut object: Value, id: &ObjectId, given: Option<&Value>) -> Value {
        if let Some(known) = self.0.get(id) {
            object["metadata"]["uid"] = Value::from(known.uid.as_str());
            // Kinds of the core have none.
            if !object["metadata"]["generation"].is_null() {
                object["metadata"]["generation"] = Value::from(known.generation);
            }
            if let Some(status) = &known.status {
                // Whoever made the entity has put both there.
                object["metadata"]["finalizers"] = json!([KONNECT_CLEANUP_FINALIZER]);
                object["status"] = status.clone();
            }
        }
        let Some(given) = given else { return object };
        for field in BROUGHT {
            let value = &given["metadata"][field];
            if !value.is_null() {
                object["metadata"][field] = value.clone();
            }
        }
        // Where things are by the status of another version is not asked.
        if has_uid(given)
            && given["status"].is_object()
            && given["apiVersion"] == object["apiVersion"]
        {
            object["status"] = given["status"].clone();
        }
        object
    }
}

fn has_uid(document: &Value) -> bool {
    document["metadata"]["uid"]
        .as_str()
        .is_some_and(|uid| !uid.is_empty())
}

fn called(origin: Origin) -> Called {
    (origin.group, origin.kind, origin.namespace, origin.name)
}

/// An object as the tags, or the labels, of its entity would call it.
fn called_in_tags(kind: Kind, object: &Value) -> Option<Called> {
    let meta = &object["metadata"];
    let origin = Origin {
        group: kind.group().to_owned(),
        version: kind.version().to_owned(),
        kind: kind.to_string(),
        namespace: meta["namespace"]
            .as_str()
            .filter(|_| kind.namespaced())
            .map(str::to_owned),
        name: meta["name"].as_str()?.to_owned(),
        uid: "?".to_owned(),
        generation: 0,
        owner: None,
    };
    let entity = if kind == Kind::KonnectGatewayControlPlane {
        json!({"labels": origin.labels(&BTreeMap::new())})
    } else {
        json!({"tags": origin.tags([], None)})
    };
    crate::inverse::origin(&entity).map(called)
}

/// Whether objects of a kind stand for entities of a collection.
pub(super) fn stands_for(kind: Kind, at: Collection) -> bool {
    kind.is_served() && kong_translation::collection(kind) == Some(at)
}

/// What the status of the object that an entity stands for says of its place.
pub(super) fn status(holding: &Holding<'_>) -> Value {
    let pending = json!([{
        "type": PROGRAMMED, "status": "Unknown", "reason": "Pending", "message": "Waiting for controller",
        "lastTransitionTime": "1970-01-01T00:00:00Z",
    }]);
    let native = kong_kind(holding.at).and_then(kong_translation::frame) == Some(Frame::Native);
    let Some(plane) = holding.control_plane.filter(|_| !native) else {
        return json!({"id": holding.id, "conditions": pending});
    };
    let mut konnect = json!({"id": holding.id, "controlPlaneID": plane.as_str()});
    if let Some(parent) = holding.at.parent() {
        konnect[format!("{}ID", parent.field)] = holding.entity[parent.field]["id"].clone();
    }
    json!({"konnect": konnect, "conditions": pending})
}

/// The name that an object wants in Konnect.
fn wanted_name(object: &Value) -> Option<&str> {
    [
        "/spec/createControlPlaneRequest/name",
        "/spec/name",
        "/username",
        "/spec/target",
    ]
    .iter()
    .find_map(|path| object.pointer(path)?.as_str())
}

/// Looks through everything that Konnect holds. `engine` has played the manifests with what was `known` before.
pub(super) fn learn(
    manifests: &Manifests,
    reading: &Reading,
    engine: Option<&Engine>,
    known: &Identities,
) -> Learned {
    let mut candidates: BTreeMap<Called, BTreeMap<String, Candidate>> = BTreeMap::new();
    for holding in reading.holdings() {
        let Some(origin) = origin(holding.entity) else {
            continue;
        };
        let (uid, generation) = (origin.uid.clone(), origin.generation);
        let kind = Kind::from_api(&origin.group, &origin.kind);
        let is_main =
            origin.owner.is_none() && kind.is_some_and(|kind| stands_for(kind, holding.at));
        let candidate = candidates
            .entry(called(origin))
            .or_default()
            .entry(uid)
            .or_default();
        candidate.generation = candidate.generation.max(generation);
        let name = ["name", "username", "target"]
            .iter()
            .find_map(|it| holding.entity[*it].as_str());
        candidate.names.extend(name.map(str::to_owned));
        if is_main && candidate.status.is_none() {
            candidate.status = Some(status(&holding));
        }
    }
    let mut learned = Learned {
        identities: Identities::default(),
        findings: Vec::new(),
        notes: Vec::new(),
    };
    for kind in Kind::served() {
        for object in Manifests::objects(&manifests.cluster, kind) {
            let Some(id) = manifests.cluster.id_of(object) else {
                continue;
            };
            let Some(of_name) = called_in_tags(kind, object).and_then(|it| candidates.get(&it))
            else {
                continue;
            };
            let given = manifests.given.get(&id).filter(|it| has_uid(it));
            let uid = match given {
                Some(given) => given["metadata"]["uid"].as_str(),
                None => match choose(kind, object, of_name) {
                    Ok(None) => {
                        learned.notes.push(renamed(object, of_name));
                        None
                    }
                    Ok(uid) => uid,
                    Err(message) => {
                        learned.findings.extend(unclear(manifests, &id, &message));
                        None
                    }
                },
            };
            let Some((uid, candidate)) = uid.and_then(|uid| of_name.get_key_value(uid)) else {
                continue;
            };
            let identity = Identity {
                uid: uid.clone(),
                generation: candidate.generation.max(1),
                status: candidate.status.clone(),
                namesake: None,
            };
            learned.identities.0.insert(id, identity);
        }
    }
    learned.namesakes(manifests, reading, engine, known);
    learned
}

impl Learned {
    /// What carries no tags is taken for the entity of the object that would have one like it: in a cluster it has
    /// recorded that, and a manifest from a repository does not say.
    fn namesakes(
        &mut self,
        manifests: &Manifests,
        reading: &Reading,
        engine: Option<&Engine>,
        known: &Identities,
    ) {
        for (id, identity) in &known.0 {
            if identity.namesake.is_some() {
                self.identities.0.insert(id.clone(), identity.clone());
            }
        }
        for (key, at, remote) in engine.into_iter().flat_map(Engine::namesakes) {
            let id = object_id(key);
            let mut holdings = reading.holdings();
            let holding = holdings.find(|it| it.at == at && it.id == remote.as_str());
            let (Some(object), Some(holding)) = (manifests.cluster.get(&id), holding) else {
                continue;
            };
            let given = manifests.given.get(&id).is_some_and(has_uid);
            if given || self.identities.0.contains_key(&id) {
                continue;
            }
            let meta = &object["metadata"];
            let note = format!(
                "{key} is taken for the object that the entity with ID {remote} in {at} was made from, which has no \
                 tags to say so"
            );
            let identity = Identity {
                uid: meta["uid"].as_str().unwrap_or_default().to_owned(),
                generation: meta["generation"].as_i64().unwrap_or(1),
                status: Some(status(&holding)),
                namesake: Some(note),
            };
            self.identities.0.insert(id, identity);
        }
        let namesakes = self.identities.0.values();
        let notes = namesakes.filter_map(|identity| identity.namesake.clone());
        self.notes.extend(notes);
    }
}

/// Which of those with the name of an object it is. Several clusters may have control planes of one name in one
/// organisation, so there the name in Konnect has to be right, too.
fn choose<'c>(
    kind: Kind,
    object: &Value,
    candidates: &'c BTreeMap<String, Candidate>,
) -> Result<Option<&'c str>, String> {
    let plane = kong_translation::collection(kind) == Some(Collection::ControlPlanes);
    let wanted = wanted_name(object);
    let fits = |candidate: &Candidate| wanted.is_some_and(|name| candidate.names.contains(name));
    let all = candidates.iter();
    let fitting: Vec<&str> = if candidates.len() == 1 && !plane {
        all.map(|(uid, _)| uid.as_str()).collect()
    } else {
        all.filter(|(_, candidate)| fits(candidate))
            .map(|(uid, _)| uid.as_str())
            .collect()
    };
    match &fitting[..] {
        [uid] => Ok(Some(*uid)),
        [] if plane => Ok(None),
        [] | [_, _, ..] => {
            let uids: Vec<&str> = candidates.keys().map(String::as_str).collect();
            Err(format!(
                "Konnect holds entities of several objects of this name, with the UIDs {}",
                uids.join(", ")
            ))
        }
    }
}

/// A control plane of another name has the tags of this object.
fn renamed(object: &Value, candidates: &BTreeMap<String, Candidate>) -> String {
    let text = |field: &str| object["metadata"][field].as_str().unwrap_or_default();
    let names = candidates.values().flat_map(|candidate| &candidate.names);
    let names: Vec<String> = names.map(|name| format!("\"{name}\"")).collect();
    format!(
        "{} {}/{} is taken for another object than the one that has {} in Konnect; if it is that one under a new name, \
         write its UID into metadata.uid",
        Kind::KonnectGatewayControlPlane,
        text("namespace"),
        text("name"),
        names.join(", ")
    )
}

fn unclear(manifests: &Manifests, id: &ObjectId, message: &str) -> Option<Finding> {
    let manifest = manifests.folder.manifest(id)?;
    let finding = manifest.finding("metadata.uid", message);
    Some(finding.remedy("write the UID of the object into metadata.uid, or plan with what `kubectl get -o yaml` prints"))
}
