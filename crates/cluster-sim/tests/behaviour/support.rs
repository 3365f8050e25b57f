//! Builders for the tests: a cluster with upstream's definitions, and short forms of requests.

use std::{
    fs,
    path::PathBuf,
    sync::{Arc, LazyLock},
};

use cluster_sim::{
    Cluster, ObjectId, Preconditions, Propagation, Request, ResourceId, Status, Subresource,
    WriteOptions,
};
use serde_json::{Value, json};

/// A file among the fixtures.
pub(crate) fn fixture(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(path)
}

/// Upstream's definitions of ten kinds.
pub(crate) fn definitions() -> Vec<Value> {
    let mut files: Vec<PathBuf> = fs::read_dir(fixture("crds"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files
        .into_iter()
        .map(|file| serde_yaml::from_str(&fs::read_to_string(&file).unwrap()).unwrap())
        .collect()
}

/// An empty cluster that knows them.
pub(crate) fn cluster() -> Cluster {
    static EMPTY: LazyLock<Cluster> = LazyLock::new(|| Cluster::new(&definitions()).unwrap());
    EMPTY.clone()
}

/// Any time will do.
pub(crate) const NOW: i64 = 1_700_000_000;

/// The namespace of every object here.
pub(crate) const NAMESPACE: &str = "default";

/// A KongService that is as small as it may be.
pub(crate) fn service(name: &str) -> Value {
    json!({
        "apiVersion": "configuration.konghq.com/v1alpha1", "kind": "KongService",
        "metadata": {"namespace": NAMESPACE, "name": name},
        "spec": {"host": "example.test", "controlPlaneRef":
            {"type": "konnectNamespacedRef", "konnectNamespacedRef": {"name": "cp"}}},
    })
}

/// A Secret with nothing in it.
pub(crate) fn secret(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"namespace": NAMESPACE, "name": name}})
}

pub(crate) fn services() -> ResourceId {
    ResourceId::new("configuration.konghq.com", "kongservices")
}

pub(crate) fn service_id(name: &str) -> ObjectId {
    ObjectId::namespaced(services(), NAMESPACE, name)
}

pub(crate) fn secret_id(name: &str) -> ObjectId {
    ObjectId::namespaced(ResourceId::new("", "secrets"), NAMESPACE, name)
}

pub(crate) fn create(cluster: &mut Cluster, document: Value) -> Result<Arc<Value>, Status> {
    cluster.handle(
        NOW,
        "test",
        Request::Create {
            document,
            options: WriteOptions::default(),
        },
    )
}

pub(crate) fn patch(
    cluster: &mut Cluster,
    object: ObjectId,
    patch: Value,
) -> Result<Arc<Value>, Status> {
    let subresource = Subresource::Main;
    cluster.handle(
        NOW,
        "test",
        Request::Patch {
            object,
            version: None,
            patch,
            subresource,
        },
    )
}

pub(crate) fn patch_status(
    cluster: &mut Cluster,
    object: ObjectId,
    patch: Value,
) -> Result<Arc<Value>, Status> {
    let subresource = Subresource::Status;
    cluster.handle(
        NOW,
        "test",
        Request::Patch {
            object,
            version: None,
            patch,
            subresource,
        },
    )
}

pub(crate) fn delete(cluster: &mut Cluster, object: ObjectId) -> Result<Arc<Value>, Status> {
    delete_with(cluster, object, Propagation::Background)
}

pub(crate) fn delete_with(
    cluster: &mut Cluster,
    object: ObjectId,
    propagation: Propagation,
) -> Result<Arc<Value>, Status> {
    let preconditions = Preconditions::default();
    cluster.handle(
        NOW,
        "test",
        Request::Delete {
            object,
            preconditions,
            propagation,
        },
    )
}

/// A condition that a controller might write.
pub(crate) fn condition(kind: &str, status: &str) -> Value {
    json!({"type": kind, "status": status, "reason": "Reason", "message": "",
        "lastTransitionTime": "2026-01-01T00:00:00Z", "observedGeneration": 1})
}
