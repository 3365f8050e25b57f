//! Generation and checks: cargo xtask.
fn main() {}
