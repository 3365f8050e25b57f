//! How long one change takes while ten thousand new objects wait for their turn, and without them.

use std::time::{Duration, Instant};

use clustertest::{World, object, shop};
use kong_crds::Kind;
use serde_json::json;

use crate::{goods, quantile, watching};

const TARGETS: usize = 10_000;
const CHANGES: usize = 100;
/// How often it is asked whether a change has been made.
const POLL: Duration = Duration::from_millis(5);

/// How long each of many changes takes, from the answer to the edit to the status.
async fn changes(world: &World) -> Vec<Duration> {
    let service = shop::service("service");
    let mut figures = Vec::with_capacity(CHANGES);
    for number in 0..CHANGES {
        let began = Instant::now();
        let path = format!("/{number}");
        world.edit(&service, &json!({"spec": {"path": path}})).await;
        while !world
            .get(&service)
            .await
            .is_some_and(|service| object::is_programmed(&service))
        {
            tokio::time::sleep(POLL).await;
        }
        figures.push(began.elapsed());
    }
    figures
}

/// Measures and prints.
pub(crate) async fn measure() {
    let world = crate::world().await;
    let operator = world.operator().start().await;
    goods::open(&world).await;
    goods::opened(&world).await;
    let service = shop::service("service");
    world.apply_one(&service).await;
    world
        .until(&service, "programmed", object::is_programmed)
        .await;
    let calm = changes(&world).await;
    assert_eq!(operator.stop().await, 0);

    let goods = goods::goods(TARGETS);
    let done = watching::programmed(&world, &goods).await;
    goods::apply(&world, &goods, None).await;
    // As far away as Konnect is.
    world.simulator().set_latency(Duration::from_millis(50));
    let operator = world.operator().start().await;
    let pressed = changes(&world).await;
    let targets = world.list(Kind::KongTarget).await;
    let left = targets
        .iter()
        .filter(|target| !object::is_programmed(target))
        .count();
    done.await.unwrap();
    println!("\n## One change behind {TARGETS} new targets\n");
    println!("{left} of them were left when the last of {CHANGES} changes was done\n");
    println!("| | median | p99 |\n| --- | --- | --- |");
    for (name, figures) in [
        ("no load, Konnect at once", calm),
        ("behind them, Konnect after 50 ms", pressed),
    ] {
        println!(
            "| {name} | {:.0?} | {:.0?} |",
            quantile(figures.clone(), 0.5),
            quantile(figures, 0.99)
        );
    }
    assert_eq!(operator.stop().await, 0);
}
