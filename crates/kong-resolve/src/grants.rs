//! KongReferenceGrants, and ReferenceGrants of the Gateway API: which reference may cross namespaces.
//!
//! Rule (konnect.md 2.3): a grant lives with the target; group, kind and namespace of `from` equal those
//! of the referrer, group and kind of `to` those of the target, its `name` is absent or equal. The core
//! group is written `core`. References within a namespace need none.

use kong_crds::Kind;
use kong_crds::configuration::v1alpha1::KongReferenceGrantSpec;
use kong_crds::gateway::ReferenceGrantSpec;

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

/// The same for a ReferenceGrant of the Gateway API, which writes the core group as nothing.
pub fn permits_route(grant: &ReferenceGrantSpec, from: &Key, to: &Key) -> bool {
    grant.from.iter().any(|entry| {
        entry.group == from.kind.group()
            && entry.kind == from.kind.as_str()
            && entry.namespace == from.name.namespace()
    }) && grant.to.iter().any(|entry| {
        entry.group == to.kind.group()
            && entry.kind == to.kind.as_str()
            && entry
                .name
                .as_deref()
                .filter(|name| !name.is_empty())
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

/// The grant that is missing, in words that can be copied into one.
pub fn remedy(from: &Key, to: &Key) -> String {
    let namespace = match from.name.namespace() {
        "" => "\"\"",
        namespace => namespace,
    };
    format!(
        "create one in namespace \"{}\" with from {{group: {}, kind: {}, namespace: {namespace}}} and to \
         {{group: {}, kind: {}}}",
        to.name.namespace(),
        group(from.kind),
        from.kind,
        group(to.kind),
        to.kind,
    )
}

/// The ReferenceGrant that is missing, likewise.
pub fn remedy_of_routes(from: &Key, to: &Key) -> String {
    format!(
        "create a ReferenceGrant in namespace \"{}\" with from {{group: {}, kind: {}, namespace: {}}} and to \
         {{group: \"{}\", kind: {}}}",
        to.name.namespace(),
        from.kind.group(),
        from.kind,
        from.name.namespace(),
        to.kind.group(),
        to.kind,
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
    fn the_grant_that_a_remedy_spells_out_permits_the_reference() {
        for (from, to) in [
            (Kind::KongCertificate, Kind::Secret),
            (Kind::KongService, Kind::KonnectGatewayControlPlane),
        ] {
            let (from, to) = (Key::new(from, "a", "c"), Key::new(to, "b", "s"));
            let words = remedy(&from, &to);
            let (_, entries) = words.split_once("\"b\" with from ").unwrap();
            let (from_entry, to_entry) = entries.split_once(" and to ").unwrap();
            let entry = |text: &str| -> serde_json::Value {
                let pairs = text.trim_matches(['{', '}']).split(", ");
                let pairs = pairs.map(|pair| pair.split_once(": ").unwrap());
                pairs
                    .map(|(key, value)| (key.to_owned(), serde_json::Value::from(value)))
                    .collect()
            };
            let grant = json!({"from": [entry(from_entry)], "to": [entry(to_entry)]});
            let grant = serde_json::from_value(grant).unwrap();
            assert!(permits(&grant, &from, &to), "{words}");
        }
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
