//! The user whose wishes are a folder of manifests.
//!
//! It compares what the manifests say with what it applied before, and asks the simulated API server for
//! the difference: creates, replacements, deletions. What the server refuses stays as it was and becomes
//! findings with file and line. May depend on manifests, refusals and the driver. Start with
//! [`Folder::look`] and [`Folder::act`].

mod merge;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use cluster_sim::{
    Cluster, ObjectId, Preconditions, Propagation, Reason, Request, Status, WriteOptions,
};
use kong_crds::Kind;
use kong_driver::Driver;
use kong_engine::Engine;
use serde_json::Value;

use crate::catalogue::{Catalogue, Unserved};
use crate::findings::{Finding, Place, words};
use crate::manifests::{Manifest, Reading};
use crate::refusals;

/// The user.
#[derive(Debug)]
pub(crate) struct Folder {
    /// Where objects live that do not say so.
    namespace: String,
    catalogue: Catalogue,
    entries: BTreeMap<ObjectId, Entry>,
    /// The wishes in the order of the manifests.
    order: Vec<ObjectId>,
    findings: Vec<Finding>,
    /// Whether there may be objects that could not be made out.
    incomplete: bool,
    /// Whether there may be something to do.
    pending: bool,
}

/// What is known of one object.
#[derive(Debug, Default)]
struct Entry {
    /// How it should be; nothing if it should not be.
    wanted: Option<Manifest>,
    /// The document that the server took last.
    stored: Option<Value>,
    /// The document that the server refused last, and why.
    refused: Option<(Value, Vec<Finding>)>,
    /// Whether it is wanted again before it is gone.
    leaving: bool,
}

/// What a manifest turns out to be.
enum Identity {
    Object(ObjectId),
    /// Accepted without having an effect here.
    Nothing,
    /// Something that is not served: certainly no object that was applied before.
    Foreign(Finding),
    /// It may well be an object that was applied before.
    Unclear(Finding),
}

impl Folder {
    /// A user who has applied nothing yet.
    pub(crate) fn new(namespace: String, catalogue: Catalogue) -> Self {
        Self {
            namespace,
            catalogue,
            entries: BTreeMap::new(),
            order: Vec::new(),
            findings: Vec::new(),
            incomplete: false,
            pending: false,
        }
    }

    /// Takes note of what the manifests say now.
    pub(crate) fn look(&mut self, cluster: &Cluster, reading: Reading) {
        self.findings = reading.findings;
        let mut broken = reading.broken;
        let mut wishes: BTreeMap<ObjectId, Manifest> = BTreeMap::new();
        self.order.clear();
        for mut manifest in reading.manifests {
            let id = match self.identify(cluster, &mut manifest) {
                Identity::Object(id) => id,
                Identity::Nothing => continue,
                Identity::Foreign(finding) => {
                    self.findings.push(finding);
                    continue;
                }
                Identity::Unclear(finding) => {
                    self.findings.push(finding);
                    broken.insert(Arc::clone(&manifest.file));
                    continue;
                }
            };
            if let Some(first) = wishes.get(&id) {
                self.findings.push(twice(first, &manifest));
            } else {
                self.order.push(id.clone());
                wishes.insert(id, manifest);
            }
        }
        self.incomplete = !broken.is_empty();
        for (id, entry) in &mut self.entries {
            match wishes.remove(id) {
                Some(manifest) => entry.wanted = Some(manifest),
                None if is_out_of_sight(entry, &broken) => {}
                None => entry.wanted = None,
            }
        }
        for (id, manifest) in wishes {
            let entry = Entry {
                wanted: Some(manifest),
                ..Entry::default()
            };
            self.entries.insert(id, entry);
        }
        self.pending = true;
    }

    /// Asks the server for everything that is not as it should be. Returns whether anything was asked.
    pub(crate) fn act(&mut self, driver: &mut Driver<Engine>) -> bool {
        if !self.pending {
            return false;
        }
        self.pending = false;
        let mut acted = false;
        let unwanted = self
            .entries
            .iter()
            .filter(|(_, entry)| entry.wanted.is_none());
        let unwanted: Vec<ObjectId> = unwanted.map(|(id, _)| id.clone()).collect();
        for id in unwanted.iter().chain(&self.order) {
            let Some(entry) = self.entries.get_mut(id) else {
                continue;
            };
            let current = driver.cluster.get(id).cloned();
            let leaving = current
                .as_ref()
                .is_some_and(|it| !it["metadata"]["deletionTimestamp"].is_null());
            let request = match (&entry.wanted, current) {
                (None, None) => {
                    self.entries.remove(id);
                    continue;
                }
                // It can only come back when it is gone.
                (wanted, Some(_)) if leaving => {
                    entry.leaving = wanted.is_some();
                    entry.stored = None;
                    self.pending = true;
                    continue;
                }
                (None, Some(_)) => {
                    self.pending = true;
                    acted = true;
                    let request = Request::Delete {
                        object: id.clone(),
                        preconditions: Preconditions::default(),
                        propagation: Propagation::Background,
                    };
                    if let Err(status) = driver.request(request)
                        && status.reason != Reason::NotFound
                    {
                        self.findings.push(deletion_refused(id, &status));
                        self.pending = false;
                    }
                    continue;
                }
                (Some(wanted), current) => {
                    let document = &wanted.document;
                    entry.leaving = false;
                    if current.is_some() && entry.stored.as_ref() == Some(document) {
                        // What was refused in between has been taken back.
                        entry.refused = None;
                        continue;
                    }
                    let refused = entry.refused.as_ref();
                    if refused.is_some_and(|(known, _)| known == document) {
                        refresh_places(entry);
                        continue;
                    }
                    match current {
                        None => Ok(Request::Create {
                            document: document.clone(),
                            options: WriteOptions::STRICT,
                        }),
                        Some(_) => replacement(driver, id, document, entry.stored.as_ref()),
                    }
                }
            };
            acted = true;
            match request.and_then(|request| driver.request(request)) {
                Ok(_) => {
                    entry.stored = entry.wanted.as_ref().map(|wanted| wanted.document.clone());
                    entry.refused = None;
                }
                Err(status) if status.reason == Reason::Conflict => self.pending = true,
                Err(status) => entry.refused = refusal(entry, &status, &self.catalogue),
            }
        }
        acted
    }

    /// Everything that is wrong with the manifests.
    pub(crate) fn findings(&self) -> Vec<Finding> {
        let refused = self
            .entries
            .values()
            .filter_map(|entry| entry.refused.as_ref())
            .flat_map(|(_, findings)| findings);
        let mut findings: Vec<Finding> = self.findings.iter().chain(refused).cloned().collect();
        let leaving = self.entries.values().filter(|entry| entry.leaving);
        findings.extend(leaving.filter_map(|entry| Some(comes_back(entry.wanted.as_ref()?))));
        findings.sort();
        findings.dedup();
        findings
    }

    /// Whether there may be objects in the manifests that could not be made out.
    pub(crate) fn is_incomplete(&self) -> bool {
        self.incomplete
    }

    /// The manifest of an object.
    pub(crate) fn manifest(&self, id: &ObjectId) -> Option<&Manifest> {
        self.entries.get(id)?.wanted.as_ref()
    }

    /// How many objects the manifests ask for.
    pub(crate) fn len(&self) -> usize {
        self.entries
            .values()
            .filter(|entry| entry.wanted.is_some())
            .count()
    }

    /// Which object a manifest is; puts in what the user may leave out, and takes out what only the
    /// server may say.
    fn identify(&self, cluster: &Cluster, manifest: &mut Manifest) -> Identity {
        let unclear = |manifest: &Manifest, field: &str, message: &str, remedy: &str| {
            Identity::Unclear(manifest.finding(field, message).remedy(remedy))
        };
        match &manifest.document {
            Value::Object(fields) if fields.contains_key(DECK) => {
                let message = "is configuration for decK and no Kubernetes object";
                let remedy = "keep it where no manifests are";
                return Identity::Foreign(manifest.finding("", message).remedy(remedy));
            }
            Value::Object(_) => {}
            other => {
                let remedy = if other.is_array() {
                    "part several objects by ---, or write them as the items of a List"
                } else {
                    "an object is a mapping with apiVersion, kind and metadata"
                };
                let message = format!("is {} and no object", words(other));
                return unclear(manifest, "", &message, remedy);
            }
        }
        for field in ["apiVersion", "kind"] {
            if let Some(message) = no_text(&manifest.document[field]) {
                return unclear(manifest, field, &message, "every object says what it is");
            }
        }
        let text = |field: &str| {
            manifest.document[field]
                .as_str()
                .unwrap_or_default()
                .to_owned()
        };
        let (api_version, kind) = (text("apiVersion"), text("kind"));
        if (api_version.as_str(), kind.as_str()) == ("v1", "Namespace") {
            return Identity::Nothing;
        }
        if let Some(unserved) = self.catalogue.unserved(&api_version, &kind) {
            let message = format!("\"{kind}\" of \"{api_version}\" is not served here");
            let finding = manifest.finding("kind", message);
            return match unserved {
                Unserved::Misspelt(remedy) => Identity::Unclear(finding.remedy(remedy)),
                Unserved::Foreign => {
                    Identity::Foreign(finding.remedy("everything else is applied without it"))
                }
            };
        }
        match &manifest.document["metadata"] {
            Value::Object(_) => {}
            Value::Null => {
                return unclear(
                    manifest,
                    "metadata",
                    "is missing",
                    "write it with a name in it",
                );
            }
            other => {
                let message = format!("must be a mapping and is {}", words(other));
                return unclear(manifest, "metadata", &message, "write it with a name in it");
            }
        }
        merge::strip(&mut manifest.document);
        let is_cluster_wide = is_cluster_wide(&manifest.document);
        let meta = &mut manifest.document["metadata"];
        if let Some(message) = no_text(&meta["name"]) {
            let remedy = match (&meta["name"], &meta["generateName"]) {
                (Value::Null, Value::Null) => "give the object a name",
                (Value::Null, _) => {
                    "give the object a name: a generated one could not be found again"
                }
                (Value::Bool(_) | Value::Number(_), _) => "put it in quotes",
                (_, _) => "write a string",
            };
            return unclear(manifest, "metadata.name", &message, remedy);
        }
        if meta["namespace"].is_null() && !is_cluster_wide {
            meta["namespace"] = Value::from(self.namespace.as_str());
        }
        match cluster.id_of(&manifest.document) {
            Some(id) => Identity::Object(id),
            None => unclear(
                manifest,
                "kind",
                "is not one that is served here",
                "correct it",
            ),
        }
    }
}

/// Stands in every file of decK, and in no object.
const DECK: &str = "_format_version";

/// What is wrong with a value that should be a text, if it is none.
fn no_text(value: &Value) -> Option<String> {
    match value {
        Value::Null => Some("is missing".to_owned()),
        Value::String(text) if text.is_empty() => Some("is empty".to_owned()),
        Value::String(_) => None,
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            Some(format!("must be a string and is {}", words(value)))
        }
    }
}

/// Whether an object that no manifest shows may still stand in a file that cannot be read.
fn is_out_of_sight(entry: &Entry, broken: &BTreeSet<Arc<str>>) -> bool {
    entry
        .wanted
        .as_ref()
        .is_some_and(|manifest| broken.contains(&manifest.file))
}

fn comes_back(manifest: &Manifest) -> Finding {
    let message = "is still being deleted, and comes back when it is gone";
    manifest.finding("", message)
}

fn twice(first: &Manifest, second: &Manifest) -> Finding {
    let message = format!(
        "the same object stands in {}, which is used",
        first.place("")
    );
    second.finding("", message).remedy("remove one of the two")
}

fn deletion_refused(id: &ObjectId, status: &Status) -> Finding {
    let place = Place::file(&Arc::from(id.to_string()));
    Finding::new(place, format!("cannot be deleted: {status}"))
}

/// The object as it is, with the wishes of the user put over it.
fn replacement(
    driver: &mut Driver<Engine>,
    id: &ObjectId,
    wanted: &Value,
    before: Option<&Value>,
) -> Result<Request, Status> {
    let version = wanted["apiVersion"]
        .as_str()
        .and_then(|version| version.rsplit('/').next());
    let current = driver.request(Request::Get {
        object: id.clone(),
        version: version.map(str::to_owned),
    })?;
    Ok(Request::Replace {
        document: merge::merge(current, wanted, before),
        options: WriteOptions::STRICT,
    })
}

fn refusal(entry: &Entry, status: &Status, catalogue: &Catalogue) -> Option<(Value, Vec<Finding>)> {
    let manifest = entry.wanted.as_ref()?;
    let mut findings = refusals::findings(status, manifest, catalogue);
    if entry.stored.is_some() {
        for finding in &mut findings {
            finding
                .message
                .push_str(" (the last good version stays in force)");
        }
    }
    Some((manifest.document.clone(), findings))
}

/// A refused document that only moved within its file: the lines of its findings move along.
fn refresh_places(entry: &mut Entry) {
    let Entry {
        wanted: Some(manifest),
        refused: Some((_, findings)),
        ..
    } = entry
    else {
        return;
    };
    for finding in findings {
        finding.place = Some(manifest.place(finding.field.as_deref().unwrap_or_default()));
    }
}
/// Whether an object is of a kind that has no namespaces.
pub(crate) fn is_cluster_wide(document: &Value) -> bool {
    let version = document["apiVersion"].as_str().unwrap_or_default();
    let group = version.rsplit_once('/').map_or("", |(group, _)| group);
    let kind = document["kind"].as_str().unwrap_or_default();
    Kind::from_api(group, kind).is_some_and(|kind| !kind.namespaced())
}
