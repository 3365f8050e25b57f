#![doc = include_str!("../README.md")]
//!
//! Where to start: a [`Scene`] is a world with an engine in it; [`document`] builds manifests; [`scenario`]
//! has stories told to it; the [`watchdog`] holds every step to the rules; [`sweep`] and [`random`] tell
//! the stories with everything going wrong.

pub mod act;
pub mod document;
pub mod examples;
pub mod faults;
pub mod load;
pub mod picture;
pub mod random;
pub mod records;
pub mod refused;
pub mod scenario;
mod scene;
pub mod sweep;
pub mod trace;
pub mod watchdog;

pub use act::{Act, Elsewhere};
pub use faults::FaultPlan;
pub use picture::{Detail, Picture};
pub use scene::{Scene, held, object_id};
pub use watchdog::{Rule, Violation, Watchdog};
