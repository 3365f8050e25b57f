//! Stories as data: a name, and what happens one after the other.
//!
//! Each begins with an empty cluster and ends in a state that does not depend on what went wrong on the
//! way, which is what the crash sweep holds it to. The list is [`all`]; a new story is one more function in
//! `catalogue`.

mod catalogue;

use crate::act::Act;

pub use catalogue::all;

/// A story.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// What it is about; also its name on the command line.
    pub name: &'static str,
    /// What happens. After the last act the world comes to rest.
    pub acts: Vec<Act>,
    /// Statuses with which Konnect answers in it although nothing goes wrong.
    pub refusals: &'static [u16],
}

impl Scenario {
    fn new(name: &'static str, acts: impl IntoIterator<Item = Act>) -> Self {
        Self {
            name,
            acts: acts.into_iter().collect(),
            refusals: &[],
        }
    }

    fn with_refusals(self, refusals: &'static [u16]) -> Self {
        Self { refusals, ..self }
    }
}

/// The story of that name.
pub fn find(name: &str) -> Option<Scenario> {
    all().into_iter().find(|scenario| scenario.name == name)
}
