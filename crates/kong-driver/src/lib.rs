#![doc = include_str!("../README.md")]
//!
//! Where to start: [`Driver`], then `replica` for how watches reach an engine, and `perform` for what
//! becomes of its effects.

mod driver;
mod forge;
mod machine;
mod perform;
mod replica;
mod schedule;

pub use driver::{Driver, Setup, Step, Told};
pub use forge::KEY_CANARY;
pub use machine::Machine;
pub use perform::{Fault, Sent, object_id};
pub use replica::ReplicaId;
pub use schedule::{Chance, Schedule, Span};
