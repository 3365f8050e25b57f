//! What a judged object offers to those that refer to it.
//!
//! Referrers never read the spec of a parent, only its standing: whether it can be used, under which id,
//! in which control plane. So an edit that changes none of this makes nobody be judged again.

use std::sync::Arc;

use kong_model::{RemoteId, ServerUrl};

use crate::key::{Key, Uid};
use crate::policy::DriftPolicy;

/// Whether an object can be used by others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Readiness {
    /// Its entity is in Konnect and its references are good.
    Ready,
    /// Not yet, but it is on its way and nobody has to do anything.
    Pending,
    /// Not before somebody changes something.
    Blocked,
}

/// What is known of an object's usefulness to others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Which incarnation of the object this is about.
    pub uid: Uid,
    /// Whether the object is being deleted.
    pub deleting: bool,
    /// Whether its entity stays in Konnect when it is gone.
    pub retained: bool,
    /// Whether it can be used.
    pub readiness: Readiness,
    /// The id of its entity, once it has one.
    pub id: Option<RemoteId>,
    /// Whether that is only where its entity would be, if it has one: good to find what belongs to it, but
    /// not to be told.
    pub guessed: bool,
    /// The control plane that its entity lives in, or that it is.
    pub home: Option<Arc<Home>>,
    /// The control plane that its entity lived in, if that is gone.
    pub lost: Option<Arc<LostControlPlane>>,
    /// What a KonnectAPIAuthConfiguration stands for.
    pub account: Option<Box<Account>>,
    /// The region that a KonnectAPIAuthConfiguration is of, also where its token is not good.
    pub region: Option<Arc<str>>,
    /// Where data planes of this control plane connect to, once Konnect has said so.
    pub endpoints: Option<Arc<Endpoints>>,
    /// The state that Konnect tells of an entity that takes its time, as a network does.
    pub state: Option<Arc<str>>,
}

/// Where data planes of a control plane connect to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoints {
    /// The type of the control plane, in Konnect's words.
    pub cluster_type: Arc<str>,
    /// The URL for configuration.
    pub control_plane: Arc<str>,
    /// The URL for telemetry.
    pub telemetry: Arc<str>,
}

/// What data planes need to connect with a control plane.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DataPlanes {
    /// The name of the Secret with their certificate, in the namespace of the object.
    pub secret: Option<Arc<str>>,
    /// Where they connect to.
    pub endpoints: Option<Arc<Endpoints>>,
}

impl Standing {
    /// Whether what lives below its entity goes before it: it is being deleted, and so is its entity.
    pub fn takes_along(&self) -> bool {
        self.deleting && !self.retained
    }

    /// This control plane as those see it who live in it; `None` for anything else.
    pub fn as_home(&self) -> Option<Home> {
        let home = self.home.as_ref()?;
        Some(Home {
            id: self.id.clone(),
            readiness: self.readiness,
            deleting: self.deleting,
            ..Home::clone(home)
        })
    }
}

/// A control plane that is referred to and does not exist, as those say it who lived in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LostControlPlane {
    /// The KonnectGatewayControlPlane.
    pub control_plane: Key,
    /// How messages show the reference to it.
    pub shown: String,
}

/// A control plane as those see it who live in it. In the verdict of the control plane itself, id and
/// readiness are not known yet: [`Standing::as_home`] puts them in.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Home {
    /// The KonnectGatewayControlPlane.
    pub control_plane: Key,
    /// Its id in Konnect.
    pub id: Option<RemoteId>,
    /// Whether it can be used.
    pub readiness: Readiness,
    /// Whether it is being deleted.
    pub deleting: bool,
    /// Whether it is a group made by us, which holds no entities of its own.
    pub group: bool,
    /// Whether it is somebody else's, and only read.
    pub mirror: bool,
    /// What is done about drift in it, unless an object says otherwise itself.
    pub drift: DriftPolicy,
    /// How its credentials are.
    pub credentials: Credentials,
}

/// The credentials of a control plane as those see them who live in it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Credentials {
    /// The KonnectAPIAuthConfiguration, existing or not.
    pub configuration: Key,
    /// What is known of it.
    pub state: CredentialState,
    /// The region that it is of, if it exists and says one.
    pub region: Option<Arc<str>>,
}

/// What is known of credentials.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum CredentialState {
    /// There is no such object.
    Missing,
    /// It may not be referred to from where it is referred to.
    NotPermitted,
    /// Konnect has not said yet whether it accepts the token.
    Unproven,
    /// The token is not accepted, or there is none.
    Invalid,
    /// The token is good.
    Valid(Account),
}

/// An organisation in a region, as a token opens it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Account {
    /// The id of the organisation.
    pub organization: String,
    /// The region.
    pub server: ServerUrl,
}
