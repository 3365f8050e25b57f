//! The shell against an API server and a Konnect in this process, under a paused clock.
//!
//! `apiserver` puts HTTP in front of the simulated cluster, `konnect` lets the simulated Konnect perform
//! calls, `world` has both and what tests do with them.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests fail as tests do"
)]

mod apiserver;
mod conversion;
mod ending;
mod konnect;
mod leading;
mod permissions;
mod quickstart;
mod reading_metrics;
mod rehearsing;
mod telling;
mod watching;
mod world;
