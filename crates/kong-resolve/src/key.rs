//! What objects are called: names, typed references, erased keys, UIDs.
//!
//! All of them share their text, since an index holds each name many times.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::sync::Arc;

use kong_crds::{Kind, Object};

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
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, self.name)
    }
}

/// The identity of one incarnation of an object.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Uid(Arc<str>);

impl Uid {
    /// The UID as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<T: AsRef<str>> From<T> for Uid {
    fn from(text: T) -> Self {
        Self(Arc::from(text.as_ref()))
    }
}

impl fmt::Display for Uid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
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
    fn keys_sort_parents_first() {
        let service = Key::new(Kind::KongService, "z", "z");
        assert!(service < Key::new(Kind::KongRoute, "a", "a"));
    }
}
