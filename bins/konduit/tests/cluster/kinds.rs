//! Every kind that is served, by its example in `examples/kinds`: the whole folder is applied in any order, all of it
//! is programmed, and after it has been deleted in any other order nothing is left.

use std::time::{Duration, Instant};

use clustertest::World;
use kong_model::Collection;
use serde_json::Value;
use testkit::examples::{Examples, is_judged, is_well};

use crate::{shop, world};

/// Orders of application and deletion.
const SEEDS: u64 = 10;
/// How long an object may stay after it was deleted.
const PATIENCE: Duration = Duration::from_secs(60);

/// Waits until an object is gone.
async fn until_gone(world: &World, object: &Value) {
    let began = Instant::now();
    while let Some(left) = world.get(object).await {
        assert!(began.elapsed() < PATIENCE, "it is never gone: {left:#}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn all_examples_come_and_go_in_any_order() {
    let world = world!();
    let examples = Examples::get();
    let objects: Vec<Value> = examples.documents().cloned().collect();
    assert!(
        !objects.is_empty(),
        "a folder without examples tests nothing"
    );
    for key in examples.keys().filter(|key| key.kind.namespaced()) {
        world.namespace(key.name.namespace()).await;
    }
    world
        .simulator()
        .with(konnect_sim::Konnect::provision_at_once);
    let operator = world.operator().start().await;
    for seed in 0..SEEDS {
        let began = Instant::now();
        for object in shop::shuffled(objects.clone(), seed) {
            world.apply_one(&object).await;
        }
        for (key, object) in examples.keys().zip(&objects) {
            if is_judged(key.kind) {
                world.until(object, "well", is_well).await;
            }
        }
        let applied = began.elapsed();
        for object in shop::shuffled(objects.clone(), seed + SEEDS) {
            world.delete(&object).await;
        }
        for object in &objects {
            until_gone(&world, object).await;
        }
        let left: Vec<Value> = world.simulator().with(|konnect| {
            let of = |at| konnect.entities(at, None).map(|(_, entity)| entity.clone());
            Collection::all().flat_map(of).collect()
        });
        // What is written as a whole is never deleted, but emptied.
        let left: Vec<Value> = left
            .into_iter()
            .filter(|entity| {
                entity["dataplane_groups"]
                    .as_array()
                    .is_none_or(|it| !it.is_empty())
            })
            .collect();
        assert_eq!(left, Vec::<Value>::new(), "seed {seed}");
        println!(
            "seed {seed}: {} objects, programmed after {applied:.1?}, gone after {:.1?}",
            objects.len(),
            began.elapsed()
        );
    }
    assert_eq!(operator.stop().await, 0);
}
