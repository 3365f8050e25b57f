//! What a cluster does, seen from outside: requests in, answers, events and log out.
//!
//! `recorded` compares with a real API server, by way of `exchange` and `simulated`; the other modules tell one story
//! each. `support` has the builders.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a panic is how a test fails"
)]

mod cost;
mod exchange;
mod history;
mod identity;
mod ownership;
mod recorded;
mod simulated;
mod support;
mod versions;
