#![doc = include_str!("../README.md")]
//!
//! Where to start: [`Runtime`] puts everything together, `event_loop` is its heart, `watches` is what comes
//! in, `hands` is what goes out.

mod access;
mod clock;
mod cluster;
mod cutoff;
mod document;
mod event_loop;
mod events;
mod hands;
mod health;
mod jitter;
mod konnect;
mod lease;
mod metrics;
mod milestones;
mod minting;
pub mod rbac;
mod rehearsal;
mod runtime;
mod tls;
mod watches;
mod webhook;

pub use clock::{Clock, SystemClock};
pub use konnect::Execute;
pub use lease::{Election, LEASE_NAME, Leadership, Timings, TimingsError};
pub use minting::Authority;
pub use runtime::{Builder, Readers, Runtime, RuntimeError};
pub use tls::CertificateError;
pub use watches::Selection;
pub use webhook::{Certificate, Endpoint, Webhook, WebhookError};
