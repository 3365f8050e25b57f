//! An async client of Kong Konnect.
//!
//! Where to start: [`Client`] makes one attempt at one call and is all that a controller with its own
//! queue and retries needs, through [`Execute`]. What is asked and what answers mean is in `kong_model`;
//! here is the I/O.

mod address;
mod builder;
mod client;
mod exchange;
mod execute;
mod lookup;
mod tls;
mod trust;

pub use builder::{BuildError, ClientBuilder};
pub use client::Client;
pub use execute::Execute;
#[cfg(feature = "mock")]
pub use execute::MockExecute;
pub use lookup::Lookup;
