#![doc = include_str!("../README.md")]
//!
//! Where to start: [`Konnect`] for people, [`Client`] and [`Execute`] for a controller with a queue and
//! retries of its own. What is asked and what answers mean is in `kong_model`; here is the I/O.

mod address;
mod builder;
mod client;
mod control_planes;
mod core_entities;
mod error;
mod exchange;
mod execute;
mod identity;
mod konnect;
mod lookup;
mod paging;
mod tls;
mod trust;

pub use builder::{BuildError, ClientBuilder};
pub use client::Client;
pub use control_planes::ControlPlanes;
#[cfg(feature = "mock")]
pub use control_planes::MockControlPlanes;
#[cfg(feature = "mock")]
pub use core_entities::MockCoreEntities;
pub use core_entities::{CoreEntities, Within};
pub use error::Error;
pub use execute::Execute;
#[cfg(feature = "mock")]
pub use execute::MockExecute;
pub use identity::Identity;
#[cfg(feature = "mock")]
pub use identity::MockIdentity;
pub use konnect::Konnect;
pub use lookup::Lookup;
pub use paging::{Page, items};
