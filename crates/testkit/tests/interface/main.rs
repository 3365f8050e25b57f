//! What users of Kong's operator rely on beyond what was recorded of it, on the two simulators.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod accounts;
mod plugins;
mod takeover;
