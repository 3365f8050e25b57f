//! The garbage collector, which a real cluster runs beside the server: objects go after their owners.
//!
//! It is a step of its own, so that a test decides when it happens. Foreground deletion is not
//! modelled. May depend on every module of the crate. Start reading at [`Cluster::collect_garbage`].

use serde_json::{Value, json};

use super::Cluster;
use crate::{
    kinds::split_api_version,
    metadata,
    request::{ObjectId, Preconditions, Propagation, Request, Subresource},
};

/// The finalizer of an object whose dependents are to outlive it.
pub(super) const ORPHAN: &str = "orphan";

/// How the collector is named in the log.
const COLLECTOR: &str = "garbage-collector";

/// What an owner reference points to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Owner {
    /// There, or of a kind this server cannot look up, which is no reason to delete anything.
    Solid,
    /// Gone, or another object of that name.
    Gone,
    /// Being deleted, and told to let its dependents stay.
    Orphaning,
}

impl Cluster {
    /// Deletes every object whose owners are all gone, and what that leaves behind in turn. Where only
    /// some owners are gone, the references to those are removed. Returns the number of objects
    /// changed or deleted.
    pub fn collect_garbage(&mut self, now: i64) -> usize {
        let mut total = 0;
        loop {
            let requests = self.garbage();
            let before = self.version;
            for request in requests {
                // A refusal leaves the object as it is: the next collection tries again.
                if self.handle(now, COLLECTOR, request).is_ok() {
                    total += 1;
                }
            }
            if self.version == before {
                return total;
            }
        }
    }

    fn garbage(&self) -> Vec<Request> {
        let mut requests = Vec::new();
        for kind in self.kinds.iter() {
            for object in self.list(&kind.resource, None) {
                let Some(id) = self.id_of(object) else {
                    continue;
                };
                if let Some(request) = self.follow_owners(&id, object) {
                    requests.push(request);
                }
            }
        }
        if requests.is_empty() {
            requests.extend(self.released_owners());
        }
        requests
    }

    /// What the owners of an object mean for it.
    fn follow_owners(&self, id: &ObjectId, object: &Value) -> Option<Request> {
        let references = object["metadata"]["ownerReferences"].as_array()?;
        let owners: Vec<Owner> = references
            .iter()
            .map(|reference| self.owner(id, reference))
            .collect();
        if owners.iter().all(|owner| *owner == Owner::Gone) {
            let uid = metadata::text(object, "uid").to_owned();
            return (!metadata::is_deleting(object)).then(|| Request::Delete {
                object: id.clone(),
                preconditions: Preconditions {
                    uid: Some(uid),
                    resource_version: None,
                },
                propagation: Propagation::Background,
            });
        }
        if owners.iter().all(|owner| *owner == Owner::Solid) {
            return None;
        }
        let kept: Vec<Value> = references
            .iter()
            .zip(&owners)
            .filter(|(_, owner)| **owner == Owner::Solid)
            .map(|(reference, _)| reference.clone())
            .collect();
        Some(patch(id, object, &json!({"ownerReferences": kept})))
    }

    fn owner(&self, dependent: &ObjectId, reference: &Value) -> Owner {
        let text = |field: &str| reference[field].as_str().unwrap_or_default();
        let (group, _) = split_api_version(text("apiVersion"));
        let Some(kind) = self
            .kinds
            .iter()
            .find(|kind| kind.name == text("kind") && kind.resource.group == group)
        else {
            return Owner::Solid;
        };
        let owner = ObjectId {
            resource: kind.resource.clone(),
            namespace: if kind.namespaced {
                dependent.namespace.clone()
            } else {
                None
            },
            name: text("name").to_owned(),
        };
        match self.get(&owner) {
            Some(owner) if metadata::text(owner, "uid") == text("uid") => {
                let orphaning = metadata::is_deleting(owner)
                    && metadata::finalizers(owner).any(|finalizer| finalizer == ORPHAN);
                if orphaning {
                    Owner::Orphaning
                } else {
                    Owner::Solid
                }
            }
            Some(_) | None => Owner::Gone,
        }
    }

    /// Owners whose dependents have all let go.
    fn released_owners(&self) -> Vec<Request> {
        let mut requests = Vec::new();
        for kind in self.kinds.iter() {
            for object in self.list(&kind.resource, None) {
                let mut finalizers: Vec<&str> = metadata::finalizers(object).collect();
                let count = finalizers.len();
                finalizers.retain(|finalizer| *finalizer != ORPHAN);
                if metadata::is_deleting(object)
                    && finalizers.len() < count
                    && let Some(id) = self.id_of(object)
                {
                    requests.push(patch(&id, object, &json!({"finalizers": finalizers})));
                }
            }
        }
        requests
    }
}

/// A patch of metadata, guarded by the version it was made from.
fn patch(id: &ObjectId, object: &Value, fields: &Value) -> Request {
    let mut fields = fields.clone();
    fields["resourceVersion"] = object["metadata"]["resourceVersion"].clone();
    Request::Patch {
        object: id.clone(),
        version: None,
        patch: json!({"metadata": fields}),
        subresource: Subresource::Main,
    }
}
