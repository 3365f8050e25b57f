//! What Konnect shows of an entity that is none of ours and that an object names by its id.
//!
//! Only a list tells of it. That somebody reads a sight is what makes the list be read, and be read again from time
//! to time; until then nobody has looked.

use std::sync::Arc;

use kong_model::{Collection, RemoteId};

use crate::key::Key;

/// Where to look: which entity, and with whose token.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Spot {
    /// The KonnectAPIAuthConfiguration that opens the organisation.
    pub configuration: Key,
    /// The collection, which is of the organisation as a whole.
    pub at: Collection,
    /// The id of the entity.
    pub id: RemoteId,
}

/// What is seen there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Sight {
    /// Nobody has looked yet.
    #[default]
    Unseen,
    /// The list cannot be read, and never could.
    Unreadable {
        /// Why, and what to do about it.
        why: Arc<str>,
        /// Whether that may give way by itself.
        passing: bool,
    },
    /// There is no such entity.
    Missing,
    /// It is there.
    There {
        /// The state that Konnect tells of it, where it tells one.
        state: Option<Arc<str>>,
    },
}

#[cfg(test)]
mod tests {
    use kong_crds::Kind;

    use super::*;
    use crate::{Dep, View, World};

    #[test]
    fn a_sight_is_noted_before_anybody_has_looked_and_is_news_once() {
        let spot = Spot {
            configuration: Key::new(Kind::KonnectAPIAuthConfiguration, "ns", "auth"),
            at: Collection::Networks,
            id: RemoteId::from("network-id"),
        };
        let mut world = World::default();
        let view = View::new(&world);
        assert_eq!(view.sight(spot.clone()), Sight::Unseen);
        let read = Dep::Sight(Box::new(spot.clone()));
        assert!(view.into_reads().contains(&read));
        assert!(world.set_sight(&spot, Sight::Missing));
        assert!(!world.set_sight(&spot, Sight::Missing));
        assert_eq!(View::new(&world).sight(spot.clone()), Sight::Missing);
        assert!(world.set_sight(&spot, Sight::Unseen));
        assert_eq!(world.sight(&spot), Sight::Unseen);
    }
}
