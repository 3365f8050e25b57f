//! What holds on a real API server. Without one every test here says so and passes, unless `REQUIRE_ENVTEST=1`.
//!
//! `servers` is about the servers themselves; `definitions`, `rules` and `recorded` are about Kong's kinds. `table`
//! reads the table of rules, `exchange` says how fixtures write requests and answers, `real` and `simulated` are
//! whom they are put to.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a panic is how a test fails"
)]

mod conversion;
mod definitions;
#[path = "../../../cluster-sim/tests/behaviour/exchange.rs"]
mod exchange;
mod kinds;
mod real;
mod recorded;
mod rules;
mod servers;
#[path = "../../../cluster-sim/tests/behaviour/simulated.rs"]
mod simulated;
mod table;
