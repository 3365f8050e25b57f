//! The words of the conversation: requests, the names of objects, events and the operation log.
//!
//! Plain data; what is done with it is in [`crate::Cluster`]. Start reading at [`Request`].

use std::{fmt, sync::Arc};

use serde_json::Value;

/// A kind of objects, as it stands in URLs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResourceId {
    /// API group; empty for the core group.
    pub group: String,
    /// Plural name, such as `kongservices`.
    pub plural: String,
}

impl ResourceId {
    /// A resource by group (empty for core) and plural.
    pub fn new(group: impl Into<String>, plural: impl Into<String>) -> Self {
        Self {
            group: group.into(),
            plural: plural.into(),
        }
    }
}

impl fmt::Display for ResourceId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.group.is_empty() {
            formatter.write_str(&self.plural)
        } else {
            write!(formatter, "{}.{}", self.plural, self.group)
        }
    }
}

/// The name of one object.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectId {
    /// What kind of object it is.
    pub resource: ResourceId,
    /// Namespace; `None` for kinds of the whole cluster.
    pub namespace: Option<String>,
    /// Name within the namespace.
    pub name: String,
}

impl ObjectId {
    /// An object of a namespaced kind.
    pub fn namespaced(
        resource: ResourceId,
        namespace: impl Into<String>,
        name: impl Into<String>,
    ) -> Self {
        Self {
            resource,
            namespace: Some(namespace.into()),
            name: name.into(),
        }
    }

    /// An object of a kind of the whole cluster.
    pub fn cluster_wide(resource: ResourceId, name: impl Into<String>) -> Self {
        Self {
            resource,
            namespace: None,
            name: name.into(),
        }
    }
}

impl fmt::Display for ObjectId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.namespace {
            Some(namespace) => write!(formatter, "{}/{namespace}/{}", self.resource, self.name),
            None => write!(formatter, "{}/{}", self.resource, self.name),
        }
    }
}

/// A request to the server. Where a `version` can be given, `None` means the stored one.
#[derive(Clone, Debug, PartialEq)]
pub enum Request {
    /// Reads one object.
    Get {
        /// Which object.
        object: ObjectId,
        /// In which served version.
        version: Option<String>,
    },
    /// Reads all objects of a kind, in a namespace or everywhere.
    List {
        /// Which kind.
        resource: ResourceId,
        /// Only this namespace.
        namespace: Option<String>,
        /// In which served version.
        version: Option<String>,
    },
    /// Stores a new object.
    Create {
        /// The whole object, with `apiVersion`, `kind`, name and namespace.
        document: Value,
        /// How to treat it.
        options: WriteOptions,
    },
    /// Replaces an object, except its status where that is a subresource. The document must carry the
    /// `metadata.resourceVersion` it was made from, except for Secrets, which may leave it out.
    Replace {
        /// The whole object.
        document: Value,
        /// How to treat it.
        options: WriteOptions,
    },
    /// Changes an object by a JSON merge patch (RFC 7396). A `metadata.resourceVersion` in the patch
    /// is a precondition.
    Patch {
        /// Which object.
        object: ObjectId,
        /// The version the patch is written in.
        version: Option<String>,
        /// The patch.
        patch: Value,
        /// Which half of the object it changes.
        subresource: Subresource,
    },
    /// Replaces the status of an object and nothing else.
    ReplaceStatus {
        /// The object; all but its names, `metadata.resourceVersion` and status is ignored.
        document: Value,
    },
    /// Deletes an object, or begins to if it has finalizers.
    Delete {
        /// Which object.
        object: ObjectId,
        /// What must be true of it.
        preconditions: Preconditions,
        /// What becomes of the objects it owns.
        propagation: Propagation,
    },
}

/// How a create or replace is treated. The default is what a plain API client gets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WriteOptions {
    /// What to do about fields the schema does not know.
    pub unknown_fields: UnknownFields,
    /// Answer as if it were done, but leave everything as it is.
    pub dry_run: bool,
}

impl WriteOptions {
    /// The treatment that `kubectl apply` asks for: unknown fields are refused.
    pub const STRICT: Self = Self {
        unknown_fields: UnknownFields::Refuse,
        dry_run: false,
    };
}

/// What to do about fields the schema does not know.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UnknownFields {
    /// Remove them silently.
    #[default]
    Drop,
    /// Refuse the object.
    Refuse,
}

/// Which half of an object a patch changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Subresource {
    /// Metadata and spec.
    #[default]
    Main,
    /// The status.
    Status,
}

/// What must be true of an object for a deletion to go ahead.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Preconditions {
    /// It has this uid.
    pub uid: Option<String>,
    /// It is in this version.
    pub resource_version: Option<String>,
}

/// What becomes of the objects that a deleted object owns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Propagation {
    /// [`crate::Cluster::collect_garbage`] deletes them afterwards.
    #[default]
    Background,
    /// They lose the owner reference and stay.
    Orphan,
}

/// What a watcher is told.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// What happened.
    pub kind: EventKind,
    /// The object afterwards, in its stored version; for a deletion its last state.
    pub object: Arc<Value>,
    /// The version of the cluster this event made.
    pub version: u64,
}

/// What happened to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EventKind {
    /// It is new.
    Added,
    /// It changed.
    Modified,
    /// It is gone.
    Deleted,
}

impl EventKind {
    /// The kind as it is on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Added => "ADDED",
            Self::Modified => "MODIFIED",
            Self::Deleted => "DELETED",
        }
    }
}

/// An entry of the operation log: one per request, reads and refusals too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    /// Who asked.
    pub actor: Arc<str>,
    /// What for.
    pub verb: Verb,
    /// The kind; for a document of an unknown kind its group, and the kind in place of the plural.
    pub resource: ResourceId,
    /// Which half of the object.
    pub subresource: Subresource,
    /// Namespace, if any.
    pub namespace: Option<String>,
    /// Name; empty for lists.
    pub name: String,
    /// HTTP status code of the answer.
    pub code: u16,
    /// Version of the cluster after the request. It moves exactly when something was written.
    pub version: u64,
}

impl Operation {
    /// Whether the request could change anything.
    pub const fn is_write(&self) -> bool {
        match self.verb {
            Verb::Get | Verb::List => false,
            Verb::Create | Verb::Update | Verb::Patch | Verb::Delete => true,
        }
    }
}

/// The verbs of the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Verb {
    /// Reads one object.
    Get,
    /// Reads many.
    List,
    /// Stores a new one.
    Create,
    /// Replaces one.
    Update,
    /// Changes one.
    Patch,
    /// Removes one.
    Delete,
}

impl Verb {
    /// The verb as RBAC spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::List => "list",
            Self::Create => "create",
            Self::Update => "update",
            Self::Patch => "patch",
            Self::Delete => "delete",
        }
    }
}
