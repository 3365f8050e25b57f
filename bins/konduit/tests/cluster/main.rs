//! The operator at work: `konduit run` as a process, in front of a real API server and a simulated Konnect over
//! HTTP. What it wrote is told by the audit log and by Konnect's log. Without a real API server every test
//! here says so and passes, unless `REQUIRE_ENVTEST=1`.
//!
//! Each module is something that must hold: `counts` how much is written, `kinds` that each kind comes and goes, `records` that what the simulators
//! say is so, `tutorials` that users see what they are told, `tokens` and `trust` where tokens go, `secrets` that none is told, and so on. `shop`
//! makes the objects that many of them use, `facts` reads the logs, `kubectl` is the program of that name.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a panic is how a test fails, and what was found is worth reading"
)]

mod conversion;
mod counts;
mod facts;
mod kinds;
mod kubectl;
mod outages;
mod permissions;
mod records;
mod replicas;
mod secrets;
mod shop;
mod tokens;
mod trust;
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
