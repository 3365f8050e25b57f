//! From apply to all programmed: the operator against the bare client, in turns, each with fresh servers; and how that and
//! memory grow.

use std::time::{Duration, Instant};

use clustertest::{World, object};
use futures::{StreamExt as _, stream};
use serde_json::Value;
use tokio::sync::mpsc;

use crate::{bare::Bare, goods, mebibytes, watching};

/// Targets, of which ten share an upstream; the last is the size that the ratio is about.
const SIZES: [usize; 3] = [1_000, 3_000, 10_000];
/// How often both run at the last size.
const TURNS: usize = 3;
/// How many objects a person applies at once.
const AT_ONCE: usize = 16;

/// One run of the operator.
struct Run {
    took: Duration,
    resident: u64,
    most: u64,
    busy: Duration,
}

/// Applies everything, and tells of each object when the API server has it.
async fn apply(world: &World, goods: &[Value], applied: Option<mpsc::UnboundedSender<Value>>) {
    stream::iter(goods)
        .for_each_concurrent(AT_ONCE, async |object| {
            let object = world.apply_one(object).await;
            if let Some(applied) = &applied {
                applied.send(object).unwrap();
            }
        })
        .await;
}

async fn operator(targets: usize) -> Run {
    let world = crate::world().await;
    let operator = world.operator().start().await;
    goods::open(&world).await;
    goods::opened(&world).await;
    let goods = goods::goods(targets);
    let done = watching::programmed(&world, targets).await;
    let (began, busy) = (Instant::now(), operator.processor_time());
    apply(&world, &goods, None).await;
    done.await.unwrap();
    let took = began.elapsed();
    let (resident, most) = operator.memory();
    let busy = operator.processor_time().saturating_sub(busy);
    assert_eq!(operator.stop().await, 0);
    Run {
        took,
        resident,
        most,
        busy,
    }
}

async fn bare(targets: usize) -> Duration {
    let world = crate::world().await;
    let bare = Bare::learn(&world).await;
    let goods = goods::goods(targets);
    let done = watching::programmed(&world, targets).await;
    let (sender, receiver) = mpsc::unbounded_channel();
    let began = Instant::now();
    tokio::join!(
        apply(&world, &goods, Some(sender)),
        bare.write(receiver, targets / goods::EACH)
    );
    done.await.unwrap();
    let took = began.elapsed();
    let programmed = world.list(kong_crds::Kind::KongTarget).await;
    // The model is one of them.
    assert_eq!(
        programmed
            .iter()
            .filter(|target| object::is_programmed(target))
            .count(),
        targets + 1
    );
    took
}

/// Measures and prints.
pub(crate) async fn measure() {
    println!("\n## From apply to all programmed\n");
    println!(
        "| upstreams + targets | operator | bare client | ratio | resident (most) | processor |"
    );
    println!("| --- | --- | --- | --- | --- | --- |");
    let mut growth = Vec::new();
    for targets in SIZES {
        let turns = if targets == SIZES[SIZES.len() - 1] {
            TURNS
        } else {
            1
        };
        let mut ratios = Vec::new();
        for _ in 0..turns {
            let run = operator(targets).await;
            let floor = bare(targets).await;
            let ratio = run.took.as_secs_f64() / floor.as_secs_f64();
            println!(
                "| {} + {targets} | {:.1} s | {:.1} s | {ratio:.2} | {:.1} MiB ({:.1}) | {:.1} s |",
                targets / goods::EACH,
                run.took.as_secs_f64(),
                floor.as_secs_f64(),
                mebibytes(run.resident),
                mebibytes(run.most),
                run.busy.as_secs_f64(),
            );
            ratios.push(ratio);
            growth.push((targets, run.took));
        }
        ratios.sort_by(f64::total_cmp);
        println!("median ratio at {targets}: {:.2}", ratios[ratios.len() / 2]);
    }
    let (small, large) = (growth[0], growth[growth.len() - 1]);
    let times = large.0 as f64 / small.0 as f64;
    let exponent = (large.1.as_secs_f64() / small.1.as_secs_f64()).ln() / times.ln();
    println!(
        "\ngrowth from {} to {}: exponent {exponent:.2}",
        small.0, large.0
    );
}
