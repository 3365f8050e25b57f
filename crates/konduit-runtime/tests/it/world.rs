//! An API server, a Konnect, and what tests do with them.

use std::{path::Path, sync::Arc, time::Duration};

use cluster_sim::{ObjectId, Preconditions, Propagation, Request, ResourceId, Subresource};
use konduit_runtime::{Builder, Runtime, RuntimeError};
use kong_model::Collection;
use serde_json::Value;
use tokio::{sync::oneshot, task::JoinHandle, time::Instant};

use crate::{
    apiserver::ApiServer,
    konnect::{Caller, SimulatedKonnect},
};

/// How long anything may take, in time that is not real.
const PATIENCE: Duration = Duration::from_secs(120);
/// How often is looked whether it has come.
const GLANCE: Duration = Duration::from_millis(50);

pub(crate) struct World {
    pub(crate) api: ApiServer,
    pub(crate) konnect: Arc<SimulatedKonnect>,
}

/// An operator that runs.
pub(crate) struct Running {
    stop: oneshot::Sender<()>,
    task: JoinHandle<Result<(), RuntimeError>>,
}

impl Running {
    /// Asks it to end, and waits until it has.
    pub(crate) async fn stop(self) {
        self.stop.send(()).unwrap();
        self.task.await.unwrap().unwrap();
    }

    /// Kills it.
    pub(crate) async fn kill(self) {
        self.task.abort();
        assert!(self.task.await.is_err_and(|error| error.is_cancelled()));
    }
}

impl World {
    pub(crate) fn new() -> Self {
        Self {
            api: ApiServer::new(),
            konnect: Arc::new(SimulatedKonnect::new()),
        }
    }

    /// An operator of this name, not started yet.
    pub(crate) fn operator(&self, name: &str) -> Builder {
        let caller = Caller {
            name: Arc::from(name),
            konnect: Arc::clone(&self.konnect),
        };
        Runtime::builder(self.api.client(name), Arc::new(caller)).clock(self.api.clock())
    }

    /// Starts an operator that needs no lease.
    pub(crate) fn start(&self) -> Running {
        run(self.operator("konduit"))
    }

    /// Creates what a file or folder of the examples holds.
    pub(crate) fn apply_example(&self, name: &str) {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../examples")
            .join(name);
        let mut files: Vec<_> = std::fs::read_dir(path)
            .unwrap()
            .map(|file| file.unwrap().path())
            .collect();
        files.sort();
        for file in files {
            self.apply(&std::fs::read_to_string(file).unwrap());
        }
    }

    /// Creates what a text of YAML documents holds.
    pub(crate) fn apply(&self, text: &str) {
        for mut document in serde_yaml::from_multiple::<Value>(text).unwrap() {
            if document["kind"] != "Namespace" {
                let version = document["apiVersion"].as_str().unwrap_or_default();
                let group = version.rsplit_once('/').map_or("", |(group, _)| group);
                let kind = document["kind"].as_str().unwrap_or_default();
                let kind = kong_crds::Kind::from_api(group, kind);
                let namespaced = kind.is_none_or(kong_crds::Kind::namespaced);
                if namespaced && document["metadata"]["namespace"].is_null() {
                    document["metadata"]["namespace"] = "default".into();
                }
                self.api.create(document);
            }
        }
    }

    pub(crate) fn patch(&self, object: &ObjectId, patch: Value) {
        self.api
            .request(Request::Patch {
                object: object.clone(),
                version: None,
                patch,
                subresource: Subresource::Main,
            })
            .unwrap();
    }

    pub(crate) fn delete(&self, object: &ObjectId) {
        self.api
            .request(Request::Delete {
                object: object.clone(),
                preconditions: Preconditions::default(),
                propagation: Propagation::default(),
            })
            .unwrap();
    }

    /// The status of a condition of an object; empty if it has none.
    pub(crate) fn condition(&self, object: &ObjectId, kind: &str) -> String {
        let cluster = self.api.lock();
        let conditions = cluster
            .get(object)
            .map(|object| object["status"]["conditions"].clone());
        conditions
            .iter()
            .flat_map(|conditions| conditions.as_array().into_iter().flatten())
            .find(|condition| condition["type"] == kind)
            .and_then(|condition| condition["status"].as_str())
            .unwrap_or_default()
            .to_owned()
    }

    pub(crate) fn is_programmed(&self, object: &ObjectId) -> bool {
        self.condition(object, "Programmed") == "True"
    }

    /// The names of the entities of a collection.
    pub(crate) fn entities(&self, at: Collection) -> Vec<String> {
        let konnect = self.konnect.lock();
        let mut names: Vec<String> = konnect
            .entities(at, None)
            .map(|(_, entity)| {
                entity["name"]
                    .as_str()
                    .or_else(|| entity["target"].as_str())
                    .unwrap_or_default()
                    .to_owned()
            })
            .collect();
        names.sort();
        names
    }

    /// Waits until something holds.
    pub(crate) async fn until(&self, what: &str, holds: impl Fn(&Self) -> bool) {
        let limit = Instant::now() + PATIENCE;
        while !holds(self) {
            assert!(Instant::now() < limit, "in vain: {what}");
            tokio::time::sleep(GLANCE).await;
        }
    }

    /// Waits until an object is programmed.
    pub(crate) async fn until_programmed(&self, object: &ObjectId) {
        self.until(&format!("{object} is programmed"), |world| {
            world.is_programmed(object)
        })
        .await;
    }
}

/// A world with the quickstart in it, and an operator that has come as far as its last route.
pub(crate) async fn with_quickstart() -> (World, Running) {
    let world = World::new();
    world.apply_example("quickstart");
    let operator = world.start();
    world
        .until_programmed(&object("kongroutes", "route-with-service"))
        .await;
    (world, operator)
}

/// Starts an operator.
pub(crate) fn run(builder: Builder) -> Running {
    let (stop, stopped) = oneshot::channel();
    let task = tokio::spawn(builder.build().run(async {
        let _ = stopped.await;
    }));
    Running { stop, task }
}

/// An object of Kong's in the namespace of the quickstart.
pub(crate) fn object(plural: &str, name: &str) -> ObjectId {
    let group = if plural.starts_with("konnect") {
        "konnect.konghq.com"
    } else {
        "configuration.konghq.com"
    };
    ObjectId::namespaced(ResourceId::new(group, plural), "kong", name)
}
