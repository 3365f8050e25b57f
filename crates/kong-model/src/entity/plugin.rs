//! Plugins, in whatever scope.

use serde::{Deserialize, Serialize};

use super::{Entity, Link, Members, Protocol};
use crate::collection::Collection;

/// Something that is done to requests: to all, or to those of a service, a route, a consumer or a group of
/// consumers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Plugin {
    /// Which plugin.
    pub name: String,
    /// What tells it from others of the same plugin, unique in the control plane.
    pub instance_name: Option<String>,
    /// Its settings, in the words of that plugin. Some are secret, and only the plugin knows which.
    pub config: Option<Members>,
    /// When it runs, as an expression.
    pub condition: Option<String>,
    /// Whether it runs at all.
    pub enabled: Option<bool>,
    /// For which protocols.
    pub protocols: Option<Vec<Protocol>>,
    /// Before and after which others it runs.
    pub ordering: Option<Ordering>,
    /// Members that it shares with others.
    pub partials: Option<Vec<Partial>>,
    /// For requests to this service.
    pub service: Option<Link>,
    /// For requests on this route.
    pub route: Option<Link>,
    /// For requests of this consumer.
    pub consumer: Option<Link>,
    /// For requests of this group of consumers.
    pub consumer_group: Option<Link>,
    /// Tags.
    pub tags: Option<Vec<String>>,
    /// Members that this crate does not know.
    #[serde(flatten)]
    pub others: Members,
}

impl Entity for Plugin {
    const COLLECTION: Collection = Collection::Plugins;
}

/// Before and after which others a plugin runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ordering {
    /// It runs before these.
    pub before: Option<Phases>,
    /// It runs after these.
    pub after: Option<Phases>,
}

/// Plugins by the phase in which they run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Phases {
    /// When a request is let in.
    pub access: Option<Vec<String>>,
}

/// Members that several plugins share.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Partial {
    /// Its id.
    pub id: Option<String>,
    /// Its name.
    pub name: Option<String>,
    /// Where in the settings it goes.
    pub path: Option<String>,
}
