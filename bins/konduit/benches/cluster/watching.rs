//! Sees when all objects are programmed, by a watch: asking again and again for ten thousand objects would be most of what is
//! measured.

use std::collections::{BTreeMap, HashSet};

use clustertest::{World, object};
use futures::TryStreamExt as _;
use kong_crds::Kind;
use kube::{
    Api, ResourceExt as _,
    api::{DynamicObject, ListParams, WatchEvent, WatchParams},
};
use serde_json::Value;
use testkit::load::Good;
use tokio::task::JoinHandle;

/// Begins to watch, and ends when as many objects of each kind are programmed as these are, of those that can be.
pub(crate) async fn programmed(world: &World, goods: &[Good]) -> JoinHandle<()> {
    let mut counts: BTreeMap<Kind, usize> = BTreeMap::new();
    for good in goods.iter().filter(|good| good.at.is_some()) {
        *counts.entry(good.key().kind).or_default() += 1;
    }
    let mut kinds = Vec::new();
    for (kind, count) in counts {
        let api = world.all(kind);
        // Before anything is applied, so that nothing is missed.
        let list = api.list(&ListParams::default().limit(1)).await.unwrap();
        kinds.push(tokio::spawn(until(
            api,
            list.metadata.resource_version.unwrap(),
            count,
        )));
    }
    tokio::spawn(async move {
        for kind in kinds {
            kind.await.unwrap();
        }
    })
}

async fn until(api: Api<DynamicObject>, mut version: String, count: usize) {
    let mut done = HashSet::new();
    while done.len() < count {
        let events = api
            .watch(&WatchParams::default().timeout(290), &version)
            .await
            .unwrap();
        let mut events = std::pin::pin!(events);
        while let Some(event) = events.try_next().await.unwrap() {
            if let WatchEvent::Added(found) | WatchEvent::Modified(found) = event {
                version = found.resource_version().unwrap_or_default();
                let name = found.name_any();
                let found: Value = serde_json::to_value(found).unwrap();
                if object::is_programmed(&found) {
                    done.insert(name);
                    if done.len() == count {
                        return;
                    }
                }
            }
        }
    }
}
