//! KongReferenceGrants: which reference may cross namespaces.
//!
//! Rule (konnect.md 2.3): a grant lives with the target; group, kind and namespace of `from` equal those
//! of the referrer, group and kind of `to` those of the target, its `name` is absent or equal. The core
//! group is written `core`. References within a namespace need none.

use kong_crds::Kind;
use kong_crds::configuration::v1alpha1::KongReferenceGrantSpec;

use crate::key::Key;

/// Whether a reference is permitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permission {
    /// It stays in its namespace.
    Own,
    /// It crosses namespaces, and a grant permits it.
    Granted,
    /// It crosses namespaces without a grant.
    Denied,
}

impl Permission {
    /// Whether the target may be read and used.
    pub fn is_given(self) -> bool {
        match self {
            Self::Own | Self::Granted => true,
            Self::Denied => false,
        }
    }
}

/// Whether one grant permits `from` to refer to `to`.
pub fn permits(grant: &KongReferenceGrantSpec, from: &Key, to: &Key) -> bool {
    grant.from.iter().any(|entry| {
        entry.group == group(from.kind)
            && entry.kind == from.kind.as_str()
            && entry.namespace == from.name.namespace()
    }) && grant.to.iter().any(|entry| {
        entry.group == group(to.kind)
            && entry.kind == to.kind.as_str()
            && entry
                .name
                .as_deref()
                .is_none_or(|name| name == &*to.name.name)
    })
}

fn group(kind: Kind) -> &'static str {
    match kind.group() {
        "" => "core",
        group => group,
    }
}

/// The words in which a denial is reported.
pub fn denial(from: &Key, to: &Key) -> String {
    format!(
        "cross-namespace reference to {} {} in namespace {} from {}.{} in namespace {} is not granted by any KongReferenceGrant",
        to.kind,
        to.name.name,
        to.name.namespace(),
        from.kind,
        from.kind.group(),
        from.name.namespace(),
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn grant(from: [&str; 3], to: [Option<&str>; 3]) -> KongReferenceGrantSpec {
        serde_json::from_value(json!({
            "from": [{"group": from[0], "kind": from[1], "namespace": from[2]}],
            "to": [{"group": to[0], "kind": to[1], "name": to[2]}],
        }))
        .unwrap()
    }

    #[test]
    fn every_part_has_to_agree() {
        let from = Key::new(Kind::KongCertificate, "a", "c");
        let to = Key::new(Kind::Secret, "b", "s");
        let ours = ["configuration.konghq.com", "KongCertificate", "a"];
        let theirs = [Some("core"), Some("Secret"), None];
        assert!(permits(&grant(ours, theirs), &from, &to));
        assert!(permits(
            &grant(ours, [theirs[0], theirs[1], Some("s")]),
            &from,
            &to
        ));
        assert!(!permits(
            &grant(ours, [theirs[0], theirs[1], Some("t")]),
            &from,
            &to
        ));
        assert!(!permits(
            &grant(ours, [Some(""), theirs[1], None]),
            &from,
            &to
        ));
        assert!(!permits(
            &grant([ours[0], "KongService", "a"], theirs),
            &from,
            &to
        ));
        assert!(!permits(
            &grant([ours[0], ours[1], "x"], theirs),
            &from,
            &to
        ));
        assert!(!permits(
            &grant(["konnect.konghq.com", ours[1], "a"], theirs),
            &from,
            &to
        ));
    }
}
