#![doc = include_str!("../README.md")]
//!
//! Where to start: [`Server::start`]. `api` makes a visit to the simulator of each HTTP request, `control` is
//! everything below `/sim`; what both share is the [`Simulator`]. Knows the clock and the network, and
//! nothing of Konnect: that is in `konnect_sim`.

mod api;
mod control;
mod follow;
mod order;
mod record;
mod server;
mod simulator;
mod tls;

pub use record::Record;
pub use server::{Server, Settings, StartError};
pub use simulator::{Bodies, Simulator};
pub use tls::{Origin, Tls, TlsError};
