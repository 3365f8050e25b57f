//! The engine with both simulators under one clock: what must hold, whatever goes wrong.

mod random;
mod sweep;
