//! Ids that the server chooses: name-based UUIDs, so that the same history gives the same ids.

use std::sync::Arc;

use uuid::Uuid;

/// Gives out ids.
#[derive(Clone, Debug)]
pub(crate) struct Ids {
    space: Uuid,
    given: u64,
}

impl Ids {
    /// Different seeds give different ids.
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            space: Uuid::new_v5(&Uuid::NAMESPACE_OID, &seed.to_be_bytes()),
            given: 0,
        }
    }

    /// The id of something that has a name of its own.
    pub(crate) fn of(&self, name: &str) -> Arc<str> {
        Arc::from(Uuid::new_v5(&self.space, name.as_bytes()).to_string())
    }

    /// The next id.
    pub(crate) fn next(&mut self) -> Arc<str> {
        self.given += 1;
        self.of(&format!("entity {}", self.given))
    }
}
