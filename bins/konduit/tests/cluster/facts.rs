//! When things happened, as those say who cannot embellish it: the API server and Konnect. Both read the same clock.

use std::collections::BTreeMap;

use clustertest::{World, is_of_operator};
use envtest::audit::{Mark, Record};
use kong_crds::Kind;
use serde_json::Value;

/// Milliseconds since the epoch.
pub(crate) type Time = i64;

/// What the operator has written to objects since, in the order in which that was answered.
pub(crate) async fn writes(world: &World, since: Mark) -> Vec<Record> {
    let records = world.servers.audit().since(since).await.unwrap();
    let ours = records
        .into_iter()
        .filter(|record| is_of_operator(record) && record.is_granted());
    ours.collect()
}

/// The names of what was written, each as often as it was.
pub(crate) fn names(writes: &[Record]) -> BTreeMap<&str, usize> {
    let mut names = BTreeMap::new();
    for write in writes {
        let name = write
            .target
            .as_ref()
            .map_or("", |target| target.name.as_str());
        *names.entry(name).or_default() += 1;
    }
    names
}

/// When a person first wrote to an object since: when the API server was asked to.
pub(crate) async fn person_wrote(world: &World, since: Mark, name: &str) -> Time {
    let records = world.servers.audit().since(since).await.unwrap();
    let write = records.iter().find(|record| {
        !record.user_agent.starts_with("konduit")
            && record.is_write()
            && record
                .target
                .as_ref()
                .is_some_and(|target| target.name == name)
    });
    let write = write.unwrap_or_else(|| panic!("nobody wrote to {name}"));
    write.time.as_millisecond()
}

/// When the status of an object was last written since: when that was answered.
pub(crate) async fn status_written(world: &World, since: Mark, name: &str) -> Time {
    let writes = writes(world, since).await;
    let write = writes.iter().rev().find(|record| {
        record
            .target
            .as_ref()
            .is_some_and(|target| target.name == name && target.subresource == "status")
    });
    let write = write.unwrap_or_else(|| panic!("the status of {name} was not written"));
    write.time.as_millisecond() + Time::try_from(write.took.as_millis()).unwrap()
}

/// The number of the last request that Konnect has had.
pub(crate) fn asked(world: &World) -> u64 {
    let log = world.simulator().log();
    log.last().map_or(0, |record| record.number)
}

/// When a request came to Konnect.
pub(crate) fn came(record: &konnect_sim_http::Record) -> Time {
    Time::try_from(record.at.0).unwrap()
}

/// The versions of all objects of a kind, by their names: what has the same one was not written.
pub(crate) async fn versions(world: &World, kind: Kind) -> BTreeMap<String, Value> {
    let objects = world.list(kind).await;
    let version = |object: &Value| object["metadata"]["resourceVersion"].clone();
    objects
        .iter()
        .map(|object| {
            (
                clustertest::object::name(object).to_owned(),
                version(object),
            )
        })
        .collect()
}
