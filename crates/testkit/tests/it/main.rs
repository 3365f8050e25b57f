//! The engine with both simulators under one clock: what must hold, whatever goes wrong.

mod adoption;
mod conflicts;
mod consumers;
mod counts;
mod extensions;
mod incremental;
mod kinds;
mod mixed;
mod mutants;
mod names;
mod networks;
mod policies;
mod pressure;
mod random;
mod sweep;
