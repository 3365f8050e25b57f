//! What a client of Konnect sees, through requests and answers alone.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that fails has to say where"
)]

mod access;
mod client;
mod cloud;
mod constraints;
mod contract;
mod dump;
mod entities;
mod lists;
mod records;
mod visits;
