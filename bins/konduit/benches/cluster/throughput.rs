//! From apply to all programmed, with upstreams and targets: the operator against the bare client, in turns; and how that
//! and memory grow.

use crate::{goods, mebibytes, median, race};

/// Targets, of which ten share an upstream; the last is the size that the ratio is about.
const SIZES: [usize; 3] = [1_000, 3_000, 10_000];
/// How often both run at the last size.
const TURNS: usize = 3;

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
        let load = goods::goods(targets);
        let mut ratios = Vec::new();
        for _ in 0..turns {
            let run = race::operator(&load).await;
            let (floor, _) = race::bare(&load, &goods::models()).await;
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
        println!("median ratio at {targets}: {:.2}", median(ratios));
    }
    let (small, large) = (growth[0], growth[growth.len() - 1]);
    let times = large.0 as f64 / small.0 as f64;
    let exponent = (large.1.as_secs_f64() / small.1.as_secs_f64()).ln() / times.ln();
    println!(
        "\ngrowth from {} to {}: exponent {exponent:.2}",
        small.0, large.0
    );
}
