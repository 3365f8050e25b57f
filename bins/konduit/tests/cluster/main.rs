//! The operator at work: `konduit run` as a process, in front of a real API server and a simulated Konnect over
//! HTTP. What it wrote is told by the audit log and by Konnect's log. Without a real API server every test
//! here says so and passes, unless `REQUIRE_ENVTEST=1`.
//!
//! Each module is something that must hold: `counts` how much is written, `records` that what the simulators
//! say is so, `tutorials` that users see what they are told. `shop` makes the objects that many of them use,
//! `kubectl` is the program of that name.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a panic is how a test fails"
)]

mod counts;
mod kubectl;
mod records;
mod shop;
mod tutorials;

/// The program under test.
const PROGRAM: &str = env!("CARGO_BIN_EXE_konduit");

/// The servers, if there are any.
macro_rules! world {
    () => {
        match clustertest::World::start(crate::PROGRAM).await {
            Some(world) => world,
            None => return,
        }
    };
    ($settings:expr) => {
        match clustertest::World::start_with(crate::PROGRAM, $settings).await {
            Some(world) => world,
            None => return,
        }
    };
}
pub(crate) use world;
