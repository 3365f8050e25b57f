//! The operator as a process against a real API server and a simulated Konnect over HTTP, beside a bare client
//! that does the same writes and nothing else. Run with `cargo xtask bench`; a name chooses one measurement.
//!
//! Figures are ratios within one run wherever there is something to divide by: the bare client, a plain list, the same
//! thing without load. `goods` makes the objects, `bare` is the bare client, `watching` sees when all is done, and each
//! other module is a measurement.

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
    let chosen = std::env::args()
        .skip(1)
        .find(|argument| !argument.starts_with('-'));
    let wanted = |name: &str| chosen.as_deref().is_none_or(|chosen| chosen == name);
    if wanted("throughput") {
        throughput::measure().await;
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

/// Resident memory in MiB.
fn mebibytes(kibibytes: u64) -> f64 {
    kibibytes as f64 / 1024.0
}
