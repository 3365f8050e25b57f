//! What a change of objects has changed of a configuration, and how much there was to do for that.

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

/// How much there was to do for a change. It follows from what depends on the objects that changed, not from how many
/// others there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Work {
    /// What was computed: the routes of an object, the services of a name, and the like.
    pub units: usize,
    /// What those read: objects, names of objects, grants.
    pub reads: usize,
    /// Routes that were put in order.
    pub ordered: usize,
}

impl Delta {
    /// Whether the configuration is the same.
    pub fn is_empty(&self) -> bool {
        self.services.is_empty() && self.plugins.is_empty() && self.collections.is_empty()
    }
}
