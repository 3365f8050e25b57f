//! Translations of whole sets of manifests.

mod golden;
mod rest;
mod right;
