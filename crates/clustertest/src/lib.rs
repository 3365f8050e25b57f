#![doc = include_str!("../README.md")]
//!
//! # Where to start reading
//!
//! [`World`] is the servers and what a person does there, [`Operator`] the process, [`object`] what is asked of
//! objects, [`shop`] which objects there mostly are, [`Proxy`] what cuts connections, [`Sim`] the simulated Konnect as a process, for who wants that, too.

#![allow(
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "a panic is how a test fails, and this is for tests only"
)]

mod http;
pub mod object;
mod operator;
mod proxy;
pub mod shop;
mod sim;
mod world;

pub use self::{
    operator::{Operator, Options},
    proxy::Proxy,
    sim::Sim,
    world::{HOME, Settings, World, documents_of, is_of_operator, resource_of},
};
