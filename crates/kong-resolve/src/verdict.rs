//! What a judge says of an object: conditions about its references, the entities it wants, what it
//! keeps from being deleted.

use std::sync::Arc;

use uuid::Uuid;

use kong_model::{Body, RemoteId, Sealed, ServerUrl, Site, UniqueKey};

use crate::conditions::{Condition, Truth};
use crate::key::{Key, Uid};
use crate::policy::{Adoption, DriftPolicy};
use crate::standing::{DataPlanes, Home, LostControlPlane};

/// Judgement on one object.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// What is to be said about its references. Shared, since siblings often say the same.
    pub conditions: Arc<[Condition]>,
    /// What is to be in Konnect.
    pub output: Output,
    /// What is to be in the cluster because of it.
    pub children: Vec<Child>,
    /// Objects that must stay while this one exists: they carry their in-use finalizer.
    pub pins: Vec<Key>,
    /// Whether the object is about to have entities, so that it needs the clean-up finalizer. It stays
    /// while there are any, whatever this says.
    pub cleanup: bool,
    /// Ids in the status of what it refers to, by their name there: `serviceID`.
    pub ids: Vec<(&'static str, RemoteId)>,
    /// The control plane that its entities live in, or that it is.
    pub home: Option<Arc<Home>>,
    /// The control plane that its entities lived in, if that is gone.
    pub lost: Option<Arc<LostControlPlane>>,
    /// The access that a KonnectAPIAuthConfiguration gives.
    pub access: Option<Box<Access>>,
    /// The region that a KonnectAPIAuthConfiguration is of, also where its token is not good.
    pub region: Option<Arc<str>>,
    /// What data planes need, of a KonnectExtension.
    pub data_planes: Option<Box<DataPlanes>>,
    /// Conditions that hold as soon as Konnect holds every entity as wanted.
    pub confirmed: Vec<Condition>,
    /// The entity of another object that is to become what this one had, under the same id. This one
    /// wants nothing itself then, and nothing that it had is deleted; it keeps its finalizer until that
    /// entity is as wanted.
    pub heir: Option<Uuid>,
    /// Whether the object is the business of somebody else, as a consumer of a gateway without Konnect is:
    /// nothing is said of it.
    pub foreign: bool,
    /// What is done about drift of its entities.
    pub drift: DriftPolicy,
    /// Whether it refers to what has yet to be looked at in Konnect. What it wants to be there is compared and not
    /// written meanwhile.
    pub unseen: bool,
}

impl Default for Verdict {
    fn default() -> Self {
        Self {
            conditions: Arc::default(),
            output: Output::Want(Vec::new()),
            children: Vec::new(),
            pins: Vec::new(),
            cleanup: false,
            ids: Vec::new(),
            home: None,
            lost: None,
            access: None,
            region: None,
            data_planes: None,
            confirmed: Vec::new(),
            heir: None,
            foreign: false,
            drift: DriftPolicy::default(),
            unseen: false,
        }
    }
}

impl Verdict {
    /// On what is the business of somebody else.
    pub fn foreign() -> Self {
        Self {
            foreign: true,
            ..Self::default()
        }
    }

    /// Adds a condition.
    pub fn say(&mut self, condition: Condition) {
        let before = self.conditions.iter().cloned();
        self.conditions = before.chain([condition]).collect();
    }

    /// Whether every reference is good. What matters only when there is work does not count.
    pub fn refs_hold(&self) -> bool {
        self.conditions
            .iter()
            .all(|condition| condition.truth == Truth::True || condition.unless_settled.is_some())
    }

    /// Whether something is in the way, all of which gives way by itself soon.
    pub fn is_passing(&self) -> bool {
        self.fails_only_where(|condition| condition.passing)
    }

    /// Whether something is in the way, all of it because what is referred to is gone or going.
    pub fn is_bereft(&self) -> bool {
        self.fails_only_where(|condition| condition.bereft || condition.passing)
    }

    fn fails_only_where(&self, holds: impl FnMut(&Condition) -> bool) -> bool {
        let mut failing = self
            .conditions
            .iter()
            .filter(|condition| condition.truth != Truth::True)
            .peekable();
        failing.peek().is_some() && failing.all(holds)
    }
}

/// What an object wants to be in Konnect.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// Exactly these entities; others that it had are removed.
    Want(Vec<Claim>),
    /// What it had, whatever that was: something it depends on is not ready.
    KeepLastGood,
}

/// A Secret with a certificate and its key that is to be in the cluster because of an object, which owns it.
///
/// It goes with its owner by garbage collection, so nobody has to delete it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Child {
    /// What it is called.
    pub key: Key,
    /// Whether it is there. If not it is created, and nothing is overwritten should somebody else have been
    /// faster.
    pub exists: bool,
    /// Until when what is in it is good, in seconds of Unix time; `None` if there is nothing in it.
    pub good_until: Option<i64>,
    /// Whom the certificate is for: its common name, and the name for which it is good.
    pub common_name: String,
    /// Its labels.
    pub labels: Vec<(&'static str, String)>,
}

/// One entity that an object answers for.
#[derive(Clone, Debug, PartialEq)]
pub struct Claim {
    /// Its identity to us: the same for the same part of the same object, whatever its content.
    pub identity: Uuid,
    /// Where it lives.
    pub site: Site,
    /// The KonnectAPIAuthConfiguration that opens the place.
    pub configuration: Key,
    /// What is to become of it.
    pub intent: Intent,
    /// The id that the user chose.
    pub specified: Option<RemoteId>,
    /// The entity that is to be taken over.
    pub adopt: Option<Adoption>,
    /// What tells it from others where only the server names it: by this one that is to go is found, if
    /// nobody wrote down where it is.
    pub known_by: Vec<UniqueKey>,
    /// Generation of the object that the body was made from.
    pub generation: i64,
    /// Whether this is the entity that the object itself stands for, with the id in its status.
    pub main: bool,
    /// The object that its content is from, if that is another one: a KongPlugin. Messages name it.
    pub content: Option<Key>,
}

/// What is to become of an entity.
#[derive(Clone, Debug, PartialEq)]
pub enum Intent {
    /// It is to be there with this body.
    Present(Arc<Body>),
    /// It is to be left as it is.
    Keep,
    /// It is to be gone.
    Absent,
    /// Somebody else's: it is to be read and never written.
    Observe(RemoteId),
    /// Somebody else's, which was read until now: it stays, and is no concern of ours once nothing of
    /// ours is in it.
    Release(RemoteId),
}

/// The access that a token gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access {
    /// The region.
    pub server: ServerUrl,
    /// The token.
    pub token: Sealed,
}

/// Namespace of the identities that are made of names; an arbitrary constant.
const IDENTITIES: Uuid = Uuid::from_u128(0x6b6f_6e64_7569_7400_8000_6964_656e_7469);

/// The identity of the entity that an object stands for: its UID, which is a UUID on every API server.
pub fn identity(uid: &Uid) -> Uuid {
    uid.as_uuid()
        .unwrap_or_else(|| Uuid::new_v5(&IDENTITIES, uid.to_string().as_bytes()))
}

/// The identity of a further entity of the same object.
pub fn part(uid: &Uid, name: &str) -> Uuid {
    Uuid::new_v5(&identity(uid), name.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identity_is_the_uid_and_its_parts_differ() {
        let uid = Uid::from("5c0f6f5a-9a3f-4b62-8f0b-6f1f5a1d2c3b");
        assert_eq!(identity(&uid).to_string(), uid.to_string());
        assert_ne!(part(&uid, "a"), part(&uid, "b"));
        assert_eq!(identity(&Uid::from("odd")), identity(&Uid::from("odd")));
    }

    #[test]
    fn only_what_all_gives_way_is_passing() {
        let waits = Condition::fails("A", "Invalid", "").passing(true);
        let stuck = Condition::fails("B", "Invalid", "");
        let of = |conditions: Vec<Condition>| Verdict {
            conditions: conditions.into(),
            ..Verdict::default()
        };
        assert!(of(vec![waits.clone()]).is_passing());
        assert!(!of(vec![waits, stuck]).is_passing());
        assert!(!of(Vec::new()).is_passing());
    }
}
