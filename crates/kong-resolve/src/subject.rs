//! What is judged: a kind of which the parts can be found, and one object of it.
//!
//! The trait that a kind implements to be served is `Judge` of kong-translation: traits can only be
//! implemented where they or the type live, and the types live in kong-crds.

use std::fmt;

use kong_crds::conditions::{API_AUTH_VALID, PROGRAMMED, READY};
use kong_crds::{AnyParts, Object, Parts};

use crate::key::Key;
use crate::meta::Meta;

/// A kind whose parts can be found among those of all kinds. Implemented for every row of the list of
/// kinds.
pub trait Readable: Object {
    /// The parts, if they are of this kind.
    fn parts(any: &AnyParts) -> Option<&Parts<Self>>;
}

/// The object that is judged.
pub struct Me<'w, K: Object> {
    /// What it is called.
    pub key: &'w Key,
    /// What matters of its metadata.
    pub meta: &'w Meta,
    /// What it says.
    pub spec: &'w K::Spec,
}

impl<K: Object> Clone for Me<'_, K> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K: Object> Copy for Me<'_, K> {}

impl<K: Object> fmt::Debug for Me<'_, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Me")
            .field("key", self.key)
            .field("spec", self.spec)
            .finish()
    }
}

/// Where the ids stand in the status of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Frame {
    /// In `status.konnect`, as for every kind of configuration.konghq.com.
    Konnect,
    /// In `status` itself, as for control planes.
    Native,
    /// In `status`, without an id: KonnectAPIAuthConfiguration stands for no entity.
    Account,
    /// The control plane in `status.konnect`, the id in a condition, which has a message where the schema has no
    /// field: KonnectExtension.
    Extension,
}

impl Frame {
    /// The condition that says that all is well: derived, and never said by a judge of what is.
    pub fn summary(self) -> &'static str {
        match self {
            Self::Konnect | Self::Native => PROGRAMMED,
            Self::Account => API_AUTH_VALID,
            Self::Extension => READY,
        }
    }

    /// Whether what is wanted may be another entity than the one that is there, because it cannot be changed and
    /// comes from somewhere that can.
    pub fn replaces(self) -> bool {
        self == Self::Extension
    }
}
