//! The stage of a record that the real API server is, with the operator as a process and the simulated Konnect
//! that is served over HTTP. Depends on `clustertest`; start with [`Stage`].

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use clustertest::World;
use kong_crds::Kind;
use konnect_sim::{Entry, Konnect, Millis};
use kube::api::{DeleteParams, ListParams, Patch, PatchParams, PostParams};
use serde::Serialize;
use serde_json::{Value, json};
use testkit::records::{self, Edit, Record};
use tokio::runtime::Handle;

/// The servers, as far as they are about one record. It is used on a thread of its own.
pub(super) struct Stage {
    world: Arc<World>,
    handle: Handle,
    kinds: BTreeSet<Kind>,
    namespaces: BTreeSet<String>,
    control_planes: BTreeSet<String>,
}

impl Stage {
    pub(super) fn new(world: Arc<World>, handle: Handle, record: &Record) -> Self {
        let control_planes = record.control_planes().into_iter();
        Self {
            world,
            handle,
            kinds: record.served_kinds(),
            namespaces: record.namespaces().into_iter().map(str::to_owned).collect(),
            control_planes: control_planes.map(str::to_owned).collect(),
        }
    }
}

impl records::Stage for Stage {
    fn create(&mut self, document: &Value) -> Result<Value, String> {
        let api = self.world.api(document);
        let object = serde_json::from_value(document.clone()).unwrap();
        let parameters = PostParams::default();
        answer(self.handle.block_on(api.create(&parameters, &object)))
    }

    fn patch(&mut self, edit: &Edit) -> Result<Value, String> {
        let api = self.world.api(&document(edit));
        let (parameters, patch) = (PatchParams::default(), Patch::Merge(&edit.patch));
        answer(
            self.handle
                .block_on(api.patch(&edit.name, &parameters, &patch)),
        )
    }

    fn delete(&mut self, object: &Edit) -> Result<(), String> {
        let api = self.world.api(&document(object));
        let parameters = DeleteParams::background();
        let deleted = self.handle.block_on(api.delete(&object.name, &parameters));
        answer(deleted.map(|_| ())).map(drop)
    }

    fn has(&self, object: &Edit) -> bool {
        let found = self.handle.block_on(self.world.get(&document(object)));
        found.is_some()
    }

    fn objects(&self, kind: Kind) -> Vec<Value> {
        if !self.kinds.contains(&kind) {
            return Vec::new();
        }
        let group = kind.group();
        let api_version = if group.is_empty() {
            kind.version().to_owned()
        } else {
            format!("{group}/{}", kind.version())
        };
        let mut objects = Vec::new();
        for namespace in &self.namespaces {
            let any = json!({
                "apiVersion": api_version, "kind": kind.as_str(),
                "metadata": {"namespace": kind.namespaced().then_some(namespace)},
            });
            let api = self.world.api(&any);
            let list = self.handle.block_on(api.list(&ListParams::default()));
            let items = list.unwrap_or_else(|error| panic!("{kind}: {error}")).items;
            // What is in no namespace has a name that begins with that of the record.
            let ours = items.into_iter().filter(|object| {
                kind.namespaced()
                    || object
                        .metadata
                        .name
                        .iter()
                        .any(|it| it.starts_with(namespace))
            });
            objects.extend(ours.map(|object| {
                let mut object = serde_json::to_value(object).unwrap();
                // Lists of what is built in leave them out.
                object["apiVersion"] = api_version.clone().into();
                object["kind"] = kind.as_str().into();
                object
            }));
        }
        objects
    }

    fn konnect<T>(&mut self, act: impl FnOnce(&mut Konnect) -> T) -> T {
        self.world.simulator().with(act)
    }

    fn now(&self) -> Millis {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        Millis(u64::try_from(since.as_millis()).unwrap())
    }

    fn is_ours(&self, control_plane: &Value) -> bool {
        let name = control_plane["name"].as_str();
        name.is_some_and(|name| self.control_planes.contains(name))
    }

    /// Which of all the requests were about the record is not told.
    fn asked(&self) -> Vec<Entry> {
        Vec::new()
    }
}

/// The object as far as its address goes.
fn document(object: &Edit) -> Value {
    let metadata = json!({"name": object.name, "namespace": object.namespace});
    json!({"apiVersion": object.api_version, "kind": object.kind, "metadata": metadata})
}

fn answer<T: Serialize>(answer: Result<T, kube::Error>) -> Result<Value, String> {
    match answer {
        Ok(object) => Ok(serde_json::to_value(object).unwrap()),
        Err(kube::Error::Api(status)) => Err(format!("{}: {}", status.code, status.message)),
        Err(error) => panic!("{error}"),
    }
}
