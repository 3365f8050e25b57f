//! The operator as a process against a real API server and a simulated Konnect over HTTP, beside a bare client
//! that does the same writes and nothing else. Run with `cargo xtask bench`; a name chooses one measurement.
//!
//! Figures are ratios within one run wherever there is something to divide by: the bare client, a plain list, the same
//! thing without load. `goods` makes the objects, `bare` is the bare client, `watching` sees when all is done, and `race` lets both
//! work at one load; each other module is a measurement.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "a bench prints its figures with a few digits, and a panic is how it fails"
)]

mod backlog;
mod bare;
mod goods;
mod idle;
mod mixed;
mod race;
mod restart;
mod throughput;
mod watching;

use clustertest::World;

/// The program that is measured.
const PROGRAM: &str = env!("CARGO_BIN_EXE_konduit");

/// Fresh servers.
async fn world() -> World {
    World::start(PROGRAM)
        .await
        .expect("there is nothing to measure without a real API server: run `cargo xtask bench`")
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    // Cargo adds `--bench`.
    let mut words = std::env::args()
        .skip(1)
        .filter(|argument| !argument.starts_with('-'));
    let chosen = words.next();
    let size = words.next().map(|size| {
        size.parse::<usize>()
            .ok()
            .filter(|size| *size > 0)
            .expect("the size of a load is a number")
    });
    let wanted = |name: &str| chosen.as_deref().is_none_or(|chosen| chosen == name);
    if wanted("throughput") {
        throughput::measure().await;
    }
    if wanted("mixed") {
        mixed::measure(size).await;
    }
    if wanted("idle") {
        idle::measure().await;
    }
    if wanted("backlog") {
        backlog::measure().await;
    }
    if wanted("restart") {
        restart::measure().await;
    }
}

/// The figure that this share of all is not above.
fn quantile(mut figures: Vec<std::time::Duration>, share: f64) -> std::time::Duration {
    figures.sort();
    let last = figures.len() - 1;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "there are a few hundred figures"
    )]
    let at = (last as f64 * share).round() as usize;
    figures[at.min(last)]
}

/// The middle one of an odd number of ratios.
fn median(mut ratios: Vec<f64>) -> f64 {
    ratios.sort_by(f64::total_cmp);
    ratios[ratios.len() / 2]
}

/// Resident memory in MiB.
fn mebibytes(kibibytes: u64) -> f64 {
    kibibytes as f64 / 1024.0
}
