//! What objects are called: names, typed references, erased keys, UIDs.
//!
//! All of them share their text, since an index holds each name many times.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::sync::Arc;

use kong_crds::{Kind, Object, Observed};
use uuid::Uuid;

/// Namespace and name. Cluster-scoped objects have no namespace.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name {
    /// The namespace.
    pub namespace: Option<Arc<str>>,
    /// The name in it.
    pub name: Arc<str>,
}

impl Name {
    /// An object in a namespace.
    pub fn new(namespace: impl AsRef<str>, name: impl AsRef<str>) -> Self {
        Self {
            namespace: Some(Arc::from(namespace.as_ref())),
            name: Arc::from(name.as_ref()),
        }
    }

    /// The namespace; empty for cluster-scoped objects, as in grants.
    pub fn namespace(&self) -> &str {
        self.namespace.as_deref().unwrap_or_default()
    }

    /// An object that this one refers to: in the namespace given, else in its own. An empty
    /// namespace counts as none.
    #[must_use]
    pub fn sibling(&self, namespace: Option<&str>, name: &str) -> Self {
        let namespace = match namespace.filter(|namespace| !namespace.is_empty()) {
            Some(other) => Some(Arc::from(other)),
            None => self.namespace.clone(),
        };
        Self {
            namespace,
            name: Arc::from(name),
        }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.namespace {
            Some(namespace) => write!(f, "{namespace}/{}", self.name),
            None => f.write_str(&self.name),
        }
    }
}

/// A name of which the kind is known to the compiler.
pub struct Ref<K> {
    /// The name.
    pub name: Name,
    kind: PhantomData<fn() -> K>,
}

impl<K: Object> Ref<K> {
    /// A typed reference.
    pub fn new(name: Name) -> Self {
        Self {
            name,
            kind: PhantomData,
        }
    }

    /// The same with the kind as a value.
    pub fn key(&self) -> Key {
        Key {
            kind: K::KIND,
            name: self.name.clone(),
        }
    }
}

impl<K> Clone for Ref<K> {
    fn clone(&self) -> Self {
        Self {
            name: self.name.clone(),
            kind: PhantomData,
        }
    }
}

impl<K> PartialEq for Ref<K> {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl<K> Eq for Ref<K> {}

impl<K> Hash for Ref<K> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl<K: Object> fmt::Debug for Ref<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", K::KIND, self.name)
    }
}

/// A kind and a name. Keys sort by kind first, and kinds by rank: parents before children.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// The kind.
    pub kind: Kind,
    /// The name.
    pub name: Name,
}

impl Key {
    /// An object of a kind in a namespace.
    pub fn new(kind: Kind, namespace: impl AsRef<str>, name: impl AsRef<str>) -> Self {
        Self {
            kind,
            name: Name::new(namespace, name),
        }
    }

    /// What an object is called, if it has a name. A namespace on a kind that has none is passed over.
    pub fn of(observed: &Observed) -> Option<Self> {
        let (kind, meta) = (observed.kind, &observed.meta);
        let namespace = meta.namespace.as_deref().filter(|_| kind.namespaced());
        let name = Name {
            namespace: namespace.map(Arc::from),
            name: Arc::from(meta.name.as_deref()?),
        };
        Some(Self { kind, name })
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, self.name)
    }
}

/// The identity of one incarnation of an object.
///
/// The API server gives UUIDs, of which there are as many as objects, in several places each: they are kept as
/// numbers. Anything else is kept as it is written.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Uid(Form);

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Form {
    /// A UUID in its usual form, with hyphens and small letters.
    Uuid(Uuid),
    Text(Arc<str>),
}

impl Uid {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        matches!(&self.0, Form::Text(text) if text.is_empty())
    }

    /// The UUID that it is, if it is one.
    pub fn as_uuid(&self) -> Option<Uuid> {
        match &self.0 {
            Form::Uuid(uuid) => Some(*uuid),
            Form::Text(text) => Uuid::parse_str(text).ok(),
        }
    }
}

impl<T: AsRef<str>> From<T> for Uid {
    fn from(text: T) -> Self {
        let text = text.as_ref();
        let mut buffer = Uuid::encode_buffer();
        Self(match Uuid::try_parse(text) {
            // What is written otherwise is to be read back as it was.
            Ok(uuid) if uuid.hyphenated().encode_lower(&mut buffer) == text => Form::Uuid(uuid),
            Ok(_) | Err(_) => Form::Text(Arc::from(text)),
        })
    }
}

impl fmt::Display for Uid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Form::Uuid(uuid) => uuid.hyphenated().fmt(f),
            Form::Text(text) => f.write_str(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_namespace_in_a_reference_is_the_own_one() {
        let me = Name::new("own", "me");
        assert_eq!(me.sibling(None, "x"), Name::new("own", "x"));
        assert_eq!(me.sibling(Some(""), "x"), Name::new("own", "x"));
        assert_eq!(me.sibling(Some("other"), "x").to_string(), "other/x");
    }

    #[test]
    fn a_uid_reads_as_it_was_written() {
        for text in [
            "9f0c2b3e-5a4d-4c1b-8e7f-0123456789ab",
            "9F0C2B3E-5a4d-4c1b-8e7f-0123456789ab",
            "9f0c2b3e5a4d4c1b8e7f0123456789ab",
            "u-1",
            "",
        ] {
            let uid = Uid::from(text);
            assert_eq!(uid.to_string(), text);
            assert_eq!(uid.is_empty(), text.is_empty());
            assert_eq!(uid.as_uuid(), Uuid::parse_str(text).ok());
        }
        assert!(size_of::<Uid>() <= 24);
    }

    #[test]
    fn keys_sort_parents_first() {
        let service = Key::new(Kind::KongService, "z", "z");
        assert!(service < Key::new(Kind::KongRoute, "a", "a"));
    }
}
