//! The server over real sockets: what a client of Konnect sees, and what its owner does to it meanwhile.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that fails has to say where"
)]

mod client;
mod control;
mod faults;
mod konnect;
mod outages;
mod tls;
