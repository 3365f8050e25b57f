//! The simulated server, asked with steps of fixtures. The tests of `envtest` include this file by its path.

use cluster_sim::{
    Cluster, ObjectId, Preconditions, Propagation, Request, ResourceId, Subresource, UnknownFields,
    WriteOptions,
};
use serde_json::Value;

use crate::exchange::{Seen, Step};

/// Any time will do.
const NOW: i64 = 1_700_000_000;

/// One conversation with a simulated server.
#[derive(Debug)]
pub(crate) struct Simulated {
    cluster: Cluster,
    seen: Seen,
}

impl Simulated {
    pub(crate) fn new(cluster: Cluster) -> Self {
        Self {
            cluster,
            seen: Seen::default(),
        }
    }

    /// What the server answers, as a fixture writes it.
    pub(crate) fn ask(&mut self, step: &Value) -> Value {
        let step = Step(step);
        let request = self.request(step);
        let (code, body) = match self.cluster.handle(NOW, "test", request) {
            Err(status) => (status.code, status.to_value()),
            Ok(object) if step.verb() == "create" => (201, Value::clone(&object)),
            Ok(object) => (200, Value::clone(&object)),
        };
        self.seen.answer(step, code, body)
    }

    fn request(&self, step: Step<'_>) -> Request {
        let (group, version) = step.group_and_version();
        let object = || {
            let resource = ResourceId::new(group, step.plural());
            match step.namespace() {
                "" => ObjectId::cluster_wide(resource, step.name()),
                namespace => ObjectId::namespaced(resource, namespace, step.name()),
            }
        };
        let version = Some(version.to_owned());
        let document = || self.seen.fill(step, &step.0["document"]);
        let options = WriteOptions {
            unknown_fields: if step.is_strict() {
                UnknownFields::Refuse
            } else {
                UnknownFields::Drop
            },
            dry_run: step.is_dry_run(),
        };
        match (step.verb(), step.is_for_status()) {
            ("create", _) => Request::Create {
                document: document(),
                options,
            },
            ("replace", false) => Request::Replace {
                document: document(),
                options,
            },
            ("replace", true) => Request::ReplaceStatus {
                document: document(),
            },
            ("patch", of_status) => Request::Patch {
                object: object(),
                version,
                patch: self.seen.fill(step, &step.0["patch"]),
                subresource: if of_status {
                    Subresource::Status
                } else {
                    Subresource::Main
                },
            },
            ("get", _) => Request::Get {
                object: object(),
                version,
            },
            ("delete", _) => Request::Delete {
                object: object(),
                preconditions: Preconditions::default(),
                propagation: match step.0["propagation"].as_str() {
                    Some("Orphan") => Propagation::Orphan,
                    _ => Propagation::Background,
                },
            },
            (verb, _) => panic!("unknown verb {verb}"),
        }
    }
}
