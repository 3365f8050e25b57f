#![doc = include_str!("../README.md")]
//!
//! # Where to start reading
//!
//! [`Envtest::start`] starts both servers; what else can be asked of them is in [`Settings`]. [`audit`] is how
//! a test counts requests, [`definitions`] how it teaches the server kinds. The crate knows nothing of Kong.

#[cfg(not(unix))]
compile_error!("kube-apiserver runs on Unix only");

mod assets;
pub mod audit;
mod authority;
pub mod definitions;
mod envtest;
mod error;
pub mod ports;
pub mod process;
mod settings;

pub use self::{authority::User, envtest::Envtest, error::Error, settings::Settings};
