//! What the driver needs of an engine: so that tests can put a wrong one in its place.

use kong_engine::{Effect, Engine, Input, Lane, Mono, Now};

/// Something that takes facts and gives effects.
pub trait Machine {
    /// Takes a fact in.
    fn handle(&mut self, now: Now, input: Input);
    /// The next thing to do in a lane.
    fn poll(&mut self, now: Now, lane: &Lane) -> Option<Effect>;
    /// The lanes that may have something to do.
    fn lanes(&self) -> Vec<Lane>;
    /// When to poll again although nothing happens.
    fn deadline(&self) -> Option<Mono>;
    /// The engine that does the work.
    fn engine(&self) -> &Engine;
}

impl Machine for Engine {
    fn handle(&mut self, now: Now, input: Input) {
        Self::handle(self, now, input);
    }

    fn poll(&mut self, now: Now, lane: &Lane) -> Option<Effect> {
        Self::poll(self, now, lane)
    }

    fn lanes(&self) -> Vec<Lane> {
        Self::lanes(self)
    }

    fn deadline(&self) -> Option<Mono> {
        Self::deadline(self)
    }

    fn engine(&self) -> &Engine {
        self
    }
}
