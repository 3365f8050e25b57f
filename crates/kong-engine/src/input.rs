//! What goes into the engine and what comes out of it.
//!
//! Facts go in as [`Input`]s, things to do come out as [`Effect`]s, and what came of them goes in again.
//! Time is an argument of every call: [`Now`].

use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use kong_crds::{Kind, Observed};
use kong_model::{Call, Failure, Reply};
use kong_resolve::{Access, Key, Uid};

use crate::minting::Mint;

/// Milliseconds of a clock that never goes back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mono(pub u64);

impl Mono {
    /// This much later.
    #[must_use]
    pub fn after(self, milliseconds: u64) -> Self {
        Self(self.0.saturating_add(milliseconds))
    }

    /// Milliseconds since an earlier time.
    pub fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// The time of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// For durations.
    pub mono: Mono,
    /// For the times in statuses: seconds of Unix time.
    pub wall: i64,
}

/// A fact.
#[derive(Clone, Debug)]
pub enum Input {
    /// An object is as follows.
    Seen(Box<Observed>),
    /// This incarnation of an object is no more.
    Gone(Key, Uid),
    /// All objects of a kind that existed at the start have been seen.
    Synced(Kind),
    /// Whether we may write.
    Role(Role),
    /// What came of an effect.
    Done(OpId, Outcome),
}

/// Whether this engine may write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Another one does. We read along, so that we can take over at once.
    Standby,
    /// We do.
    Leader {
        /// Which time in office this is; never the same twice.
        term: u64,
        /// Until when, unless the term is prolonged by another input with the same number.
        fence: Mono,
    },
}

/// The number of an effect, never used twice by one engine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OpId(pub u64);

/// What came of an effect.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// The API server took it; the object as it is now, unless it is gone.
    Stored(Option<Box<Observed>>),
    /// The API server did not take it, or did not answer.
    NotStored(KubeFailure),
    /// Konnect's answer, or why there is none.
    Konnect(Result<Reply, Failure>),
    /// It was not sent: its deadline had passed.
    NotSent,
}

/// Why a write to the API server failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KubeFailure {
    /// The object has changed since.
    #[error("the object has changed since it was read")]
    Conflict,
    /// There is no such object.
    #[error("the object is not there")]
    NotFound,
    /// The server does not take it, however often it is sent.
    #[error("the API server refuses it: {0}")]
    Refused(String),
    /// The server failed or did not answer: it may or may not have been stored.
    #[error("no good answer from the API server: {0}")]
    Unknown(String),
}

/// The organisation that shares one budget of requests; until Konnect has named it, the configuration
/// whose token opens it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Org(pub Arc<str>);

impl Org {
    /// What stands for the organisation of a configuration until Konnect has named it.
    pub(crate) fn unnamed(configuration: &Key) -> Self {
        Self(Arc::from(format!("?{}", configuration.name)))
    }

    /// Whether Konnect has yet to name it.
    pub(crate) fn is_unnamed(&self) -> bool {
        self.0.starts_with('?')
    }
}

/// Where effects queue.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lane {
    /// The API server.
    Kube,
    /// Konnect, one organisation.
    Konnect(Org),
}

/// Something to do.
#[derive(Clone, Debug)]
pub struct Effect {
    /// Its number, to be given back with the outcome.
    pub op: OpId,
    /// After this time it must not be sent any more.
    pub not_after: Mono,
    /// What to do.
    pub action: Action,
}

/// What to do.
#[derive(Clone)]
pub enum Action {
    /// Merge a patch into the status of an object of this version.
    Status {
        /// The object.
        object: Key,
        /// Its incarnation.
        uid: Uid,
        /// Its resourceVersion: a precondition.
        version: Arc<str>,
        /// The merge patch of `status`.
        patch: Value,
    },
    /// Set the finalizers of an object of this version.
    Finalizers {
        /// The object.
        object: Key,
        /// Its incarnation.
        uid: Uid,
        /// Its resourceVersion: a precondition.
        version: Arc<str>,
        /// All of them.
        finalizers: Vec<Arc<str>>,
    },
    /// Make a certificate with its key, and a Secret of them.
    Mint(Box<Mint>),
    /// Ask Konnect.
    Konnect {
        /// With whose token, in which region.
        access: Access,
        /// What.
        call: Call,
    },
}

impl Action {
    /// Whether it changes something anywhere.
    pub fn is_write(&self) -> bool {
        match self {
            Self::Status { .. } | Self::Finalizers { .. } | Self::Mint(_) => true,
            Self::Konnect { call, .. } => call.is_write(),
        }
    }
}

impl fmt::Debug for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status {
                object,
                version,
                patch,
                ..
            } => {
                write!(f, "status of {object} at {version}: {patch}")
            }
            Self::Finalizers {
                object,
                version,
                finalizers,
                ..
            } => {
                write!(f, "finalizers of {object} at {version}: {finalizers:?}")
            }
            Self::Mint(mint) => write!(f, "{mint:?}"),
            Self::Konnect { call, .. } => write!(f, "{call:?}"),
        }
    }
}
