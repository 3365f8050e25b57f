//! wip
pub mod blocks;
pub mod rules;
