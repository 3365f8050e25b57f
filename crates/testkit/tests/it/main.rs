//! The engine with both simulators under one clock: what must hold, whatever goes wrong.

mod conflicts;
mod counts;
mod incremental;
mod kinds;
mod mutants;
mod names;
mod pressure;
mod random;
mod sweep;
