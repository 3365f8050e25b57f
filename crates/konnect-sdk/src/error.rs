//! What a call that failed says, for those who have no engine that decides what follows.

use std::time::Duration;

use kong_model::entity::Unreadable;
use kong_model::{Failure, FieldProblem};

/// Why a call failed. No variant holds a token or a body.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The entity, or something in its path, is not there.
    #[error("not found in Konnect")]
    NotFound,
    /// Something unique is taken.
    #[error("something unique is taken: {message}")]
    Conflict {
        /// What Konnect says.
        message: String,
    },
    /// A reference leads nowhere, or something still refers to what is to be deleted.
    #[error("a reference does not hold: {message}")]
    Reference {
        /// What Konnect says.
        message: String,
    },
    /// What was sent is not acceptable, however often it is sent.
    #[error("not acceptable to Konnect: {message}")]
    Invalid {
        /// What Konnect says.
        message: String,
        /// The same field by field, where Konnect names fields.
        fields: Vec<FieldProblem>,
    },
    /// Too many requests.
    #[error("too many requests{}", wait(*.after))]
    RateLimited {
        /// How long to wait, if Konnect says.
        after: Option<Duration>,
    },
    /// The token is not accepted.
    #[error("the token is not accepted")]
    Unauthorized,
    /// The token may not do this.
    #[error("the token is not allowed to do this: {message}")]
    Forbidden {
        /// What Konnect says.
        message: String,
    },
    /// The token was not handed to the server, or the server redirects: nothing was done.
    #[error("the token is kept back: {message}")]
    Untrusted {
        /// What is wrong with the server.
        message: String,
    },
    /// Konnect failed.
    #[error("Konnect failed with status {status}")]
    Server {
        /// The HTTP status.
        status: u16,
    },
    /// No answer, or none that can be read: what was sent may or may not have been done.
    #[error("no answer from Konnect: {message}")]
    Transport {
        /// What happened.
        message: String,
    },
    /// An answer about another kind of thing than was asked for.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
}

impl Error {
    pub(crate) fn new(failure: Failure, fields: Vec<FieldProblem>) -> Self {
        match failure {
            Failure::NotFound => Self::NotFound,
            Failure::Conflict(message) => Self::Conflict { message },
            Failure::Reference(message) => Self::Reference { message },
            Failure::Invalid(message) => Self::Invalid { message, fields },
            Failure::RateLimited { after } => Self::RateLimited {
                after: after.map(|seconds| Duration::from_secs(seconds.into())),
            },
            Failure::Unauthorized => Self::Unauthorized,
            Failure::Forbidden(message) => Self::Forbidden { message },
            Failure::Untrusted(message) => Self::Untrusted { message },
            Failure::Server(status) => Self::Server { status },
            Failure::Transport(message) => Self::Transport { message },
        }
    }
}

fn wait(after: Option<Duration>) -> String {
    after.map_or_else(String::new, |after| format!(", wait {after:?}"))
}
