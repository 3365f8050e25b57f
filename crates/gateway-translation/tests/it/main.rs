//! Translations of whole sets of manifests.

mod golden;
mod right;
