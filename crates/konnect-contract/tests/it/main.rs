//! What the workspace says of Konnect in data and types, against what the vendor says.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that fails has to say where"
)]

mod breaches;
mod entities;
mod requests;
