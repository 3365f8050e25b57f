//! What a user of the crate sees, against servers on this machine.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that fails has to say where"
)]

mod contract;
mod doubles;
mod errors;
mod paging;
mod proxies;
mod secrecy;
mod server;
mod tls;
mod transport;
mod trust;
