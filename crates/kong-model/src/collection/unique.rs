//! What no two entities of a collection may share.

use std::fmt;
use std::sync::Arc;

use super::Collection;
use crate::body::{Body, Node};
use crate::normal::plain_pem;
use crate::sealed::Sealed;

/// Members that no two entities of a control plane may have in common, taken together.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Unique {
    fields: &'static [&'static str],
    /// Whether the combination counts although all but the first are unset.
    unset_counts: bool,
    /// Whether it is only among the children of one parent that they differ.
    in_parent: bool,
    /// Whether the first member can have a temporary value.
    named: bool,
}

impl Unique {
    /// A member that can have a temporary value, so that two entities can swap what they have.
    pub(super) const fn named(field: &'static [&'static str; 1]) -> Self {
        Self {
            named: true,
            ..Self::fixed(field)
        }
    }

    /// Members that have to have a meaning. In a swap one of the two entities goes first.
    pub(super) const fn fixed(fields: &'static [&'static str]) -> Self {
        Self {
            fields,
            unset_counts: false,
            in_parent: false,
            named: false,
        }
    }

    /// They count although all but the first are unset.
    pub(super) const fn also_unset(self) -> Self {
        Self {
            unset_counts: true,
            ..self
        }
    }

    /// Children of different parents may have them in common.
    pub(super) const fn in_parent(self) -> Self {
        Self {
            in_parent: true,
            ..self
        }
    }

    /// The member that names an entity in its control plane.
    pub(super) fn name(&self) -> Option<&'static str> {
        let names = self.named && !self.in_parent;
        self.fields.first().copied().filter(|_| names)
    }
}

/// What no two entities of a collection may share, in words: `name "shop"`. What is secret, or too long to
/// be read, is compared and not shown. Clones share the words.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UniqueKey {
    collection: Collection,
    unique: &'static Unique,
    text: Arc<str>,
    hidden: Option<Sealed>,
}

impl UniqueKey {
    /// What `body` has of it, if it has something.
    pub(super) fn of(
        collection: Collection,
        unique: &'static Unique,
        body: &Body,
        parent: Option<&str>,
    ) -> Option<Self> {
        let (mut parts, mut hidden) = (Vec::new(), None);
        for (index, field) in unique.fields.iter().enumerate() {
            match body.get(field).map(Value::of) {
                Some(Value::Shown(value)) if !value.is_empty() => {
                    parts.push(format!("{field} \"{value}\""));
                }
                Some(Value::Hidden(value)) => {
                    parts.push(format!("this {field}"));
                    hidden = Some(value);
                }
                Some(Value::Shown(_) | Value::Nothing) | None => {
                    if index == 0 || !unique.unset_counts {
                        return None;
                    }
                }
            }
        }
        if let (Some(above), Some(id), true) = (collection.parent(), parent, unique.in_parent) {
            parts.push(format!("{} \"{id}\"", above.field));
        }
        Some(Self {
            collection,
            unique,
            text: Arc::from(parts.join(", ")),
            hidden,
        })
    }

    /// The collection in which it is unique.
    pub fn collection(&self) -> Collection {
        self.collection
    }

    /// The members that count, set or not.
    pub fn fields(&self) -> &'static [&'static str] {
        self.unique.fields
    }

    /// The member that can have a temporary value, so that another entity can have this one.
    pub fn temporary(&self) -> Option<&'static str> {
        self.unique.named.then(|| self.unique.fields[0])
    }
}

impl fmt::Display for UniqueKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// A member as it is compared.
enum Value<'n> {
    Shown(&'n str),
    Hidden(Sealed),
    Nothing,
}

impl<'n> Value<'n> {
    fn of(node: &'n Node) -> Self {
        match node {
            Node::Secret(secret) => Self::Hidden(secret.clone()),
            // Line ends are no part of what a PEM says.
            Node::Text(text) if text.contains('\n') => Self::Hidden(Sealed::new(plain_pem(text))),
            node => node.reference().map_or(Self::Nothing, Self::Shown),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_plugin_is_unique_in_its_scope_also_where_it_has_none() {
        let uniques = |value| {
            let body = Body::from_wire(Collection::Plugins, &value);
            Collection::Plugins.uniques(&body, None)
        };
        let global = uniques(json!({"name": "cors"}));
        let scoped = uniques(json!({"name": "cors", "service": {"id": "s"}}));
        assert_eq!(global.len(), 1);
        assert_ne!(global, scoped);
        assert_eq!(scoped[0].to_string(), r#"name "cors", service "s""#);
    }

    #[test]
    fn an_entity_without_a_name_claims_none() {
        let body = Body::from_wire(Collection::Services, &json!({"host": "h"}));
        assert_eq!(Collection::Services.uniques(&body, None), []);
    }

    #[test]
    fn a_target_is_unique_in_its_upstream() {
        let body = Body::from_wire(Collection::Targets, &json!({"target": "a:1"}));
        let of = |upstream| Collection::Targets.uniques(&body, Some(upstream));
        assert_ne!(of("u"), of("v"));
    }

    #[test]
    fn a_credential_is_unique_in_the_control_plane_and_a_group_in_its_consumer() {
        let of = |at: Collection, value, consumer| {
            at.uniques(&Body::from_wire(at, &value), Some(consumer))
        };
        let login = json!({"username": "u", "password": "p"});
        let one = of(Collection::BasicAuths, login.clone(), "a");
        assert_eq!(one[0].to_string(), r#"username "u""#);
        assert_eq!(one, of(Collection::BasicAuths, login, "b"));
        let group = json!({"group": "g"});
        assert_ne!(
            of(Collection::Acls, group.clone(), "a"),
            of(Collection::Acls, group, "b")
        );
    }

    #[test]
    fn a_secret_is_compared_and_not_shown() {
        let of = |key: &str| {
            let body = Body::from_wire(Collection::KeyAuths, &json!({ "key": key }));
            Collection::KeyAuths.uniques(&body, None)
        };
        assert_eq!(of("canary"), of("canary"));
        assert_ne!(of("canary"), of("other"));
        assert_eq!(of("canary")[0].to_string(), "this key");
        assert!(!format!("{:?}", of("canary")).contains("canary"));
    }

    #[test]
    fn a_certificate_is_the_same_with_other_line_ends() {
        let of = |cert: &str| {
            let body = Body::from_wire(Collection::CaCertificates, &json!({ "cert": cert }));
            Collection::CaCertificates.uniques(&body, None)
        };
        assert_eq!(of("a\nb\n"), of("a\r\nb"));
        assert_ne!(of("a\nb"), of("a\nc"));
    }

    #[test]
    fn what_is_empty_is_shared_by_all_who_have_nothing() {
        let consumer = json!({"username": "u", "custom_id": ""});
        let body = Body::from_wire(Collection::Consumers, &consumer);
        assert_eq!(Collection::Consumers.uniques(&body, None).len(), 1);
    }
}
