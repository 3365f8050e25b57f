//! The model against what Kong Gateway answered, record by record.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "helpers of tests fail as tests do, and say how much they compared"
)]

mod balancing;
mod records;
mod routing;
mod validity;
