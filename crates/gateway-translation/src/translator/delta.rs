//! What a change of objects has changed of a configuration.

use std::collections::BTreeSet;

use uuid::Uuid;

/// What may differ from the configuration before. Whatever is not named is the same.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Delta {
    /// Services by name: with their routes and upstreams they are others, or new, or gone.
    pub services: BTreeSet<String>,
    /// Plugins by id, without those that are part of services and routes.
    pub plugins: BTreeSet<Uuid>,
    /// All other collections of which something differs.
    pub collections: BTreeSet<String>,
}

impl Delta {
    /// Whether the configuration is the same.
    pub fn is_empty(&self) -> bool {
        self.services.is_empty() && self.plugins.is_empty() && self.collections.is_empty()
    }
}
