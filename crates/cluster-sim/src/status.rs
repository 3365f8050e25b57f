//! Refusals: the Kubernetes `Status` in its real words.
//!
//! Every constructor here is one sentence that an API server says; nothing else in the crate writes
//! such a sentence. Depends on field errors only. Start reading at [`Status`].

use serde_json::{Value, json};

use crate::field::{FieldError, quote};

/// Why a request was refused. Prints as its message, which is what `kubectl` shows.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Status {
    /// HTTP status code.
    pub code: u16,
    /// Machine-readable class of the refusal.
    pub reason: Reason,
    /// The sentence for people.
    pub message: String,
    /// One entry per bad field, for [`Reason::Invalid`].
    pub causes: Vec<Cause>,
}

/// One field that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// Class of the error, such as `FieldValueRequired`.
    pub reason: &'static str,
    /// What is wrong, without the field.
    pub message: String,
    /// Path of the field, such as `spec.routes[0].path`; `<nil>` for the object itself.
    pub field: String,
}

/// The classes of refusals this server knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// The request cannot be read.
    BadRequest,
    /// No such object, kind or subresource.
    NotFound,
    /// An object of that name exists.
    AlreadyExists,
    /// The object is not the one, or not in the state, that the writer had seen.
    Conflict,
    /// The object breaks its schema or a rule.
    Invalid,
    /// The version is no longer in the history.
    Expired,
    /// The server's own fault: a conversion failed.
    InternalError,
}

impl Reason {
    /// The reason as it is on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BadRequest => "BadRequest",
            Self::NotFound => "NotFound",
            Self::AlreadyExists => "AlreadyExists",
            Self::Conflict => "Conflict",
            Self::Invalid => "Invalid",
            Self::Expired => "Expired",
            Self::InternalError => "InternalError",
        }
    }

    const fn code(self) -> u16 {
        match self {
            Self::BadRequest => 400,
            Self::NotFound => 404,
            Self::AlreadyExists | Self::Conflict => 409,
            Self::Expired => 410,
            Self::Invalid => 422,
            Self::InternalError => 500,
        }
    }
}

impl Status {
    fn new(reason: Reason, message: String) -> Self {
        Self {
            code: reason.code(),
            reason,
            message,
            causes: Vec::new(),
        }
    }

    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(Reason::BadRequest, message.into())
    }

    pub(crate) fn unreadable(kind: &str, version: &str, why: &str) -> Self {
        Self::bad_request(format!(
            "{kind} in version {} cannot be handled as a {kind}: {why}",
            quote(version)
        ))
    }

    pub(crate) fn no_match(kind: &str, api_version: &str) -> Self {
        Self::new(
            Reason::NotFound,
            format!(
                "no matches for kind {} in version {}",
                quote(kind),
                quote(api_version)
            ),
        )
    }

    pub(crate) fn no_resource() -> Self {
        Self::new(
            Reason::NotFound,
            "the server could not find the requested resource".to_owned(),
        )
    }

    /// `resource` is the plural with its group, such as `kongservices.configuration.konghq.com`.
    pub(crate) fn not_found(resource: &str, name: &str) -> Self {
        Self::new(
            Reason::NotFound,
            format!("{resource} {} not found", quote(name)),
        )
    }

    pub(crate) fn already_exists(resource: &str, name: &str, deleting: bool) -> Self {
        let condition = if deleting {
            "object is being deleted: "
        } else {
            ""
        };
        let name = quote(name);
        Self::new(
            Reason::AlreadyExists,
            format!("{condition}{resource} {name} already exists"),
        )
    }

    pub(crate) fn conflict(resource: &str, name: &str, why: &str) -> Self {
        Self::new(
            Reason::Conflict,
            format!(
                "Operation cannot be fulfilled on {resource} {}: {why}",
                quote(name)
            ),
        )
    }

    pub(crate) fn modified(resource: &str, name: &str) -> Self {
        Self::conflict(
            resource,
            name,
            "the object has been modified; please apply your changes to the latest version and try \
             again",
        )
    }

    /// `kind` is the kind with its group, such as `KongService.configuration.konghq.com`.
    pub(crate) fn invalid(kind: &str, name: &str, errors: &[FieldError]) -> Self {
        let mut texts: Vec<String> = Vec::new();
        for error in errors {
            let text = error.to_string();
            if !texts.contains(&text) {
                texts.push(text);
            }
        }
        let list = if texts.len() == 1 {
            texts.remove(0)
        } else {
            format!("[{}]", texts.join(", "))
        };
        let causes = errors
            .iter()
            .map(|error| Cause {
                reason: error.kind.reason(),
                message: error.body(),
                field: error.field.clone(),
            })
            .collect();
        Self {
            causes,
            ..Self::new(
                Reason::Invalid,
                format!("{kind} {} is invalid: {list}", quote(name)),
            )
        }
    }

    pub(crate) fn conversion(group: &str, version: &str, kind: &str, why: &str) -> Self {
        Self::new(
            Reason::InternalError,
            format!("conversion webhook for {group}/{version}, Kind={kind} failed: {why}"),
        )
    }

    /// The refusal as the JSON document that a server sends.
    pub fn to_value(&self) -> Value {
        let mut status = json!({
            "apiVersion": "v1", "kind": "Status", "metadata": {}, "status": "Failure",
            "message": self.message, "reason": self.reason.as_str(), "code": self.code,
        });
        if !self.causes.is_empty() {
            let causes = self.causes.iter().map(|cause| {
                json!({"reason": cause.reason, "message": cause.message, "field": cause.field})
            });
            status["details"] = json!({"causes": causes.collect::<Vec<_>>()});
        }
        status
    }
}

/// The history no longer reaches back to the version a watcher asked for: it must list again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too old resource version: {asked} ({oldest})")]
pub struct Expired {
    /// The version that was asked for.
    pub asked: u64,
    /// The oldest version that still can be asked for.
    pub oldest: u64,
}

impl From<Expired> for Status {
    fn from(expired: Expired) -> Self {
        Self::new(Reason::Expired, expired.to_string())
    }
}
