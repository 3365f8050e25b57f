//! Values out of Secrets.
//!
//! Whether the Secret may be read is asked before, by who refers to it. Texts name the Secret and the
//! key and never a value. Of a Secret that is not seen nobody here can say whether it is not there or lacks
//! the label, so texts name both.

use kong_crds::kubernetes::{Secret, SecretSpec};
use kong_crds::{Kind, names::SECRET_LABEL};
use kong_resolve::{Key, Lookup, Meta, Name, Ref, View};

use crate::case::not_found;

/// The label without which a Secret is not seen, as one writes it.
pub(crate) fn label() -> String {
    format!("{SECRET_LABEL}: \"true\"")
}

/// The key of a Secret.
pub(crate) fn key(name: &Name) -> Key {
    Key {
        kind: Kind::Secret,
        name: name.clone(),
    }
}

/// A Secret, or why there is none, in the words of Kubernetes.
pub(crate) fn read<'w>(view: &View<'w>, name: &Name) -> Result<(&'w Meta, &'w SecretSpec), String> {
    match view.object(&Ref::<Secret>::new(name.clone())) {
        Lookup::Missing => Err(not_found(&key(name))),
        Lookup::Unreadable(unreadable) => {
            Err(format!("{} cannot be read: {unreadable}", key(name)))
        }
        Lookup::Found(meta, spec) => Ok((meta, spec)),
    }
}

/// Why a key of a Secret gives no text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoText {
    /// There is no such key.
    Missing,
    /// It holds something else.
    Binary,
}

/// The text under a key.
pub(crate) fn text<'s>(secret: &'s SecretSpec, key: &str) -> Result<&'s str, NoText> {
    let bytes = secret.data.get(key).ok_or(NoText::Missing)?;
    std::str::from_utf8(bytes).map_err(|_| NoText::Binary)
}
