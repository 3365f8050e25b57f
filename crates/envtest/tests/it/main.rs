//! What holds on a real API server. Without one every test here says so and passes, unless `REQUIRE_ENVTEST=1`.
//!
//! `servers` is about the servers themselves; the others are about Kong's kinds.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a panic is how a test fails"
)]

#[path = "../../../cluster-sim/tests/behaviour/exchange.rs"]
mod exchange;
mod real;
mod recorded;
mod servers;
