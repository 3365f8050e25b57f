//! What happens to a world from outside, as data: a user at the API server, somebody else in Konnect, a
//! process that dies, time that passes.
//!
//! [`Act`] is one such thing; a [`Scene`](crate::Scene) performs it. Since acts are data, a scenario can be
//! printed, and a random one is a list drawn from a seed.

use std::fmt;

use kong_model::Collection;
use kong_resolve::Key;
use serde_json::Value;

/// One thing that happens.
#[derive(Clone)]
pub enum Act {
    /// The user applies manifests: what is there is replaced, what is not is created.
    Apply(Vec<Value>),
    /// The user changes an object by a merge patch.
    Edit(Key, Value),
    /// The user deletes objects with one command.
    Delete(Vec<Key>),
    /// Somebody erases the Konnect id from a status.
    WipeId(Key),
    /// An object that today's schema would not let in is found in the store.
    Plant(Value),
    /// Somebody else does something in Konnect.
    Elsewhere(Elsewhere),
    /// Konnect no longer accepts a token.
    Revoke(String),
    /// Konnect accepts a token again.
    Accept(String),
    /// The garbage collector of the cluster comes round.
    Collect,
    /// The engine dies and starts again with an empty memory.
    Restart,
    /// Time passes: milliseconds.
    Wait(u64),
    /// Time passes until there is nothing left to do.
    Settle,
}

/// Something that somebody else does in Konnect, in the control plane of that name.
#[derive(Clone, Debug)]
pub enum Elsewhere {
    /// Creates an entity under an id.
    Add {
        /// Name of the control plane.
        plane: String,
        /// Where in it.
        at: Collection,
        /// Under which id.
        id: String,
        /// With which body.
        body: Value,
    },
    /// Changes members of an entity.
    Change {
        /// Where.
        at: Collection,
        /// Its name, or what stands for one.
        name: String,
        /// The members to change.
        members: Value,
    },
    /// Deletes an entity; a control plane with everything in it.
    Delete {
        /// Where.
        at: Collection,
        /// Its name, or what stands for one.
        name: String,
    },
    /// Changes members of the entity of an object.
    ChangeOf {
        /// The object.
        object: Key,
        /// Where the entity is.
        at: Collection,
        /// The members to change.
        members: Value,
    },
    /// Deletes the entity of an object.
    DeleteOf {
        /// The object.
        object: Key,
        /// Where the entity is.
        at: Collection,
    },
    /// Has something in no control plane that Konnect shows so, whatever had to be done for that.
    Show {
        /// Where.
        at: Collection,
        /// Under which id.
        id: String,
        /// With these members beside its id and the time when it was made, which is now.
        members: Value,
    },
    /// Creates something in no control plane, or a control plane; Konnect chooses the id.
    Found {
        /// Where.
        at: Collection,
        /// With which body.
        body: Value,
    },
}

impl fmt::Debug for Act {
    /// Names only: manifests hold secrets and are long.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = |documents: &[Value]| {
            let name = |document: &Value| match crate::document::key_of(document) {
                Some(key) => key.to_string(),
                None => "?".to_owned(),
            };
            documents.iter().map(name).collect::<Vec<_>>().join(", ")
        };
        match self {
            Self::Apply(documents) => write!(f, "apply {}", names(documents)),
            Self::Edit(key, patch) if key.kind == kong_crds::Kind::Secret => {
                write!(
                    f,
                    "edit {key}: {} members",
                    patch.as_object().map_or(0, serde_json::Map::len)
                )
            }
            Self::Edit(key, patch) => write!(f, "edit {key}: {patch}"),
            Self::Delete(keys) => {
                let keys: Vec<String> = keys.iter().map(Key::to_string).collect();
                write!(f, "delete {}", keys.join(", "))
            }
            Self::WipeId(key) => write!(f, "wipe the id of {key}"),
            Self::Plant(document) => write!(f, "plant {}", names(std::slice::from_ref(document))),
            Self::Elsewhere(elsewhere) => write!(f, "in Konnect: {elsewhere:?}"),
            Self::Revoke(_) => f.write_str("revoke the token"),
            Self::Accept(_) => f.write_str("accept the token"),
            Self::Collect => f.write_str("collect garbage"),
            Self::Restart => f.write_str("restart"),
            Self::Wait(milliseconds) => write!(f, "wait {milliseconds} ms"),
            Self::Settle => f.write_str("settle"),
        }
    }
}

/// Applies manifests.
pub fn apply(documents: impl IntoIterator<Item = impl Into<Value>>) -> Act {
    Act::Apply(documents.into_iter().map(Into::into).collect())
}

/// Deletes objects.
pub fn delete(keys: impl IntoIterator<Item = Key>) -> Act {
    Act::Delete(keys.into_iter().collect())
}
