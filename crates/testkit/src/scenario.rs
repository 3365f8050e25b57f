//! Stories as data: a name, and what happens one after the other.
//!
//! Each begins with an empty cluster and ends in a state that does not depend on what went wrong on the
//! way, which is what the crash sweep holds it to. The list is [`all`]: those in `catalogue`, each written for
//! something that can go wrong, and those in `kinds`, made from the example of each kind.

mod catalogue;
mod kinds;

use std::sync::LazyLock;

use crate::act::Act;

pub use kinds::ripens;

static ALL: LazyLock<Vec<Scenario>> = LazyLock::new(|| {
    let mut all = catalogue::all();
    all.extend(kinds::all());
    all
});

/// A story.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// What it is about; also its name on the command line.
    pub name: String,
    /// What happens. After the last act the world comes to rest.
    pub acts: Vec<Act>,
    /// How many of the first acts only prepare the ground: the sweep lets nothing go wrong in them.
    pub ground: usize,
    /// Statuses with which Konnect answers in it although nothing goes wrong.
    pub refusals: &'static [u16],
}

impl Scenario {
    fn new(name: impl Into<String>, acts: impl IntoIterator<Item = Act>) -> Self {
        Self {
            name: name.into(),
            acts: acts.into_iter().collect(),
            ground: 0,
            refusals: &[],
        }
    }

    fn on_ground(self, ground: usize) -> Self {
        Self { ground, ..self }
    }

    fn with_refusals(self, refusals: &'static [u16]) -> Self {
        Self { refusals, ..self }
    }
}

/// Every story.
pub fn all() -> &'static [Scenario] {
    &ALL
}

/// The story of that name.
pub fn find(name: &str) -> Option<&'static Scenario> {
    all().iter().find(|scenario| scenario.name == name)
}
