#![doc = include_str!("../README.md")]
//!
//! Where to start: [`Engine`] with its three calls, then `judging` (what is wanted), `entities` and
//! `decide` (what is to be done with one entity), `sending`, `listing` (what Konnect holds), `sights` (what is none
//! of ours there), `cluster` (what is written to the API server), `minting` (Secrets that are made), `budget` and
//! `queue` (when).

mod adopting;
mod budget;
mod cluster;
mod decide;
mod drifting;
mod engine;
mod entities;
mod heirs;
mod input;
mod judging;
mod leaving;
mod listing;
mod minting;
mod objects;
mod observe;
mod outcomes;
mod pool;
mod queue;
mod recall;
mod replacing;
mod sending;
mod sights;
mod uniques;

pub use engine::{Engine, Settings, Stats};
pub use input::{Action, Effect, Input, KubeFailure, Lane, Mono, Now, OpId, Org, Outcome, Role};
pub use listing::Scope;
pub use minting::{Mint, Minted};
pub use observe::Purpose;
