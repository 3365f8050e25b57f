//! The normal form in which what is wanted and what Konnect holds are compared.
//!
//! Both sides are reduced to the members we know, defaults are filled in, lists without order are
//! sorted, empty lists and maps count as absent, and shorthands are spelled out. What is left differs
//! only if a write is due.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use crate::body::{Body, Node};
use crate::collection::{Collection, Shape, Shorthand};

/// A body in normal form.
#[derive(Clone, PartialEq, Eq)]
pub struct Normal {
    collection: Collection,
    members: BTreeMap<Arc<str>, Node>,
}

/// One member in which two bodies differ. Secrets are sealed in both.
#[derive(Clone, PartialEq, Eq)]
pub struct Difference {
    /// The member.
    pub field: String,
    /// What is wanted; `None` is absent.
    pub wanted: Option<Node>,
    /// What Konnect holds.
    pub held: Option<Node>,
}

impl fmt::Debug for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: {:?} held, {:?} wanted",
            self.field, self.held, self.wanted
        )
    }
}

impl Normal {
    /// Brings a body, wanted or held, into normal form.
    pub fn of(collection: Collection, body: &Body) -> Self {
        let mut members: BTreeMap<Arc<str>, Node> = BTreeMap::new();
        for (field, node) in body.members() {
            if collection.defaults().contains_key(field) {
                members.insert(Arc::from(field), node.clone());
            }
        }
        spell_out(collection, body, &mut members);
        members.retain(|_, node| prune(node));
        for (field, default) in collection.defaults() {
            if let Some(default) = Node::read(default, false) {
                match members.get_mut(field.as_str()) {
                    Some(node) => fill(node, &default),
                    None => {
                        members.insert(Arc::from(field.as_str()), default);
                    }
                }
            }
        }
        for field in collection.sets() {
            if let Some(Node::List(items)) = members.get_mut(*field) {
                items.sort_by_cached_key(|item| format!("{item:?}"));
                items.dedup();
            }
        }
        Self {
            collection,
            members,
        }
    }

    /// A member; `None` if it is absent and has no default.
    pub fn get(&self, field: &str) -> Option<&Node> {
        self.members.get(field)
    }

    /// The id in a member that refers to another entity.
    pub fn reference(&self, field: &str) -> Option<&str> {
        self.members.get(field)?.reference()
    }

    /// Where `held` is not what this body wants. Empty: nothing to write.
    pub fn differences(&self, held: &Self) -> Vec<Difference> {
        let fields = self.collection.defaults().keys().map(String::as_str);
        fields
            .filter_map(|field| self.difference(field, held))
            .collect()
    }

    fn difference(&self, field: &str, held: &Self) -> Option<Difference> {
        let (wanted, held) = (self.members.get(field), held.members.get(field));
        let alike = match (wanted, held) {
            (Some(wanted), Some(held)) if self.collection.open().contains(&field) => {
                covers(held, wanted)
            }
            // An answer without a write-only member says nothing about it.
            (Some(_), None) if self.collection.secrets().contains(&field) => true,
            (None, Some(_)) => self.collection.chosen().contains(&field),
            (wanted, held) => wanted == held,
        };
        (!alike).then(|| Difference {
            field: field.to_owned(),
            wanted: wanted.cloned(),
            held: held.cloned(),
        })
    }
}

impl fmt::Debug for Normal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(&self.members).finish()
    }
}

/// The members that the shorthands in `body` stand for, as answers have them.
pub fn spelled_out(collection: Collection, body: &Body) -> Vec<(Arc<str>, Node)> {
    let mut members = Vec::new();
    for shorthand in collection.shorthands() {
        match *shorthand {
            Shorthand::Url(field) => {
                members.extend(body.text(field).into_iter().flat_map(expand_url));
            }
            Shorthand::Address { field, port } => members.extend(
                body.text(field)
                    .map(|address| (Arc::from(field), Node::Text(with_port(address, port)))),
            ),
        }
    }
    members
}

/// Shorthands and other spellings of the same thing.
fn spell_out(collection: Collection, body: &Body, members: &mut BTreeMap<Arc<str>, Node>) {
    members.extend(spelled_out(collection, body));
    if let Some(below) = collection.below()
        && let Some(Node::Map(settings)) = body.get(below.member)
    {
        for (field, node) in settings {
            if below.fields.contains(&&**field) {
                members
                    .entry(Arc::clone(field))
                    .or_insert_with(|| node.clone());
            }
        }
    }
    if collection.shape() == Shape::Membership {
        // Lists of members may carry whole control planes; only their ids matter.
        if let Some(Node::List(items)) = members.get_mut("members") {
            for item in items {
                if let Node::Map(member) = item {
                    member.retain(|field, _| &**field == "id");
                }
            }
        }
    }
}

/// What Kong makes of `url` in a service.
fn expand_url(url: &str) -> Vec<(Arc<str>, Node)> {
    let Some((protocol, rest)) = url.split_once("://") else {
        return Vec::new();
    };
    let (authority, path) = match rest.find('/') {
        Some(at) => rest.split_at(at),
        None => (rest, ""),
    };
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => (host, port.parse().ok()),
        _ => (authority, None),
    };
    let standard = if matches!(protocol, "https" | "grpcs" | "wss" | "tls") {
        443
    } else {
        80
    };
    let number = |port: u16| Node::Number(port.into());
    let mut members = vec![
        (Arc::from("protocol"), Node::Text(Arc::from(protocol))),
        (Arc::from("host"), Node::Text(Arc::from(host))),
        (Arc::from("port"), number(port.unwrap_or(standard))),
    ];
    if !path.is_empty() {
        members.push((Arc::from("path"), Node::Text(Arc::from(path))));
    }
    members
}

fn with_port(target: &str, port: u16) -> Arc<str> {
    let has_port = match target.strip_prefix('[') {
        Some(rest) => rest.contains("]:"),
        // More than one colon without brackets is an IPv6 address.
        None => target.matches(':').count() == 1,
    };
    if has_port {
        Arc::from(target)
    } else {
        Arc::from(format!("{target}:{port}"))
    }
}

/// Removes empty lists and maps below; false if the node itself is one.
fn prune(node: &mut Node) -> bool {
    match node {
        Node::List(items) => !items.is_empty(),
        Node::Map(members) => {
            members.retain(|_, node| prune(node));
            !members.is_empty()
        }
        Node::Bool(_) | Node::Number(_) | Node::Text(_) | Node::Secret(_) => true,
    }
}

/// Fills what is absent in nested maps.
fn fill(node: &mut Node, default: &Node) {
    if let (Node::Map(members), Node::Map(defaults)) = (node, default) {
        for (field, default) in defaults {
            match members.get_mut(field) {
                Some(node) => fill(node, default),
                None => {
                    members.insert(Arc::clone(field), default.clone());
                }
            }
        }
    }
}

/// Whether `held` says all that `wanted` says.
fn covers(held: &Node, wanted: &Node) -> bool {
    match (held, wanted) {
        (Node::Map(held), Node::Map(wanted)) => wanted
            .iter()
            .all(|(field, wanted)| held.get(field).is_some_and(|held| covers(held, wanted))),
        (Node::List(held), Node::List(wanted)) => {
            held.len() == wanted.len()
                && held
                    .iter()
                    .zip(wanted)
                    .all(|(held, wanted)| covers(held, wanted))
        }
        // Answers are read without knowing which leaves we sealed.
        (Node::Text(held), Node::Secret(wanted)) => **held == *wanted.reveal(),
        (held, wanted) => held == wanted,
    }
}

/// A body for tests and tools, from JSON.
impl From<(Collection, &Value)> for Normal {
    fn from((collection, value): (Collection, &Value)) -> Self {
        Self::of(collection, &Body::from_wire(collection, value))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn differ(collection: Collection, wanted: &Value, held: &Value) -> Vec<String> {
        let (wanted, held) = (
            Normal::from((collection, wanted)),
            Normal::from((collection, held)),
        );
        wanted
            .differences(&held)
            .into_iter()
            .map(|difference| difference.field)
            .collect()
    }

    #[test]
    fn defaults_order_and_fields_of_the_server_make_no_difference() {
        let wanted = json!({"name": "a", "host": "h", "tags": ["b", "a"]});
        let held = json!({
            "id": "x", "name": "a", "host": "h", "port": 80, "protocol": "http", "retries": 5,
            "connect_timeout": 60000, "read_timeout": 60000, "write_timeout": 60000,
            "enabled": true, "tags": ["a", "b"], "created_at": 1, "ca_certificates": [], "path": null,
        });
        assert_eq!(
            differ(Collection::Services, &wanted, &held),
            Vec::<String>::new()
        );
    }

    #[test]
    fn a_member_that_somebody_added_is_a_difference() {
        let wanted = json!({"host": "h"});
        let held = json!({"host": "h", "path": "/x", "retries": 7});
        assert_eq!(
            differ(Collection::Services, &wanted, &held),
            ["path", "retries"]
        );
    }

    #[test]
    fn health_checks_are_compared_with_their_nested_defaults() {
        let wanted = json!({"name": "u", "healthchecks": {"active": {"http_path": "/ok"}}});
        let mut held = json!({"name": "u", "healthchecks": {
            "threshold": 0, "active": {"http_path": "/ok", "timeout": 1, "concurrency": 10}}});
        assert_eq!(
            differ(Collection::Upstreams, &wanted, &held),
            Vec::<String>::new()
        );
        held["healthchecks"]["active"]["timeout"] = json!(3);
        assert_eq!(
            differ(Collection::Upstreams, &wanted, &held),
            ["healthchecks"]
        );
    }

    #[test]
    fn of_a_plugin_configuration_only_what_is_sent_is_compared() {
        let wanted = json!({"name": "p", "config": {"minute": 5, "nested": {"a": 1}}});
        let held = json!({"name": "p", "config": {"minute": 5, "policy": "local", "nested": {"a": 1, "b": 2}},
            "protocols": ["http"]});
        assert_eq!(
            differ(Collection::Plugins, &wanted, &held),
            Vec::<String>::new()
        );
        let held = json!({"name": "p", "config": {"minute": 6, "nested": {"a": 1}}});
        assert_eq!(differ(Collection::Plugins, &wanted, &held), ["config"]);
    }

    #[test]
    fn a_key_that_is_not_answered_makes_no_difference_but_another_one_does() {
        let wanted = json!({"cert": "c", "key": "k"});
        assert_eq!(
            differ(Collection::Certificates, &wanted, &json!({"cert": "c"})),
            Vec::<String>::new()
        );
        assert_eq!(
            differ(
                Collection::Certificates,
                &wanted,
                &json!({"cert": "c", "key": "l"})
            ),
            ["key"]
        );
    }

    #[test]
    fn a_url_is_spelled_out() {
        let held = json!({"host": "a.test", "port": 8443, "protocol": "https", "path": "/x"});
        let wanted = json!({"host": "ignored", "url": "https://a.test:8443/x"});
        assert_eq!(
            differ(Collection::Services, &wanted, &held),
            Vec::<String>::new()
        );
    }

    #[test]
    fn a_target_without_a_port_is_the_one_with_kongs_port() {
        for (wanted, held) in [
            ("a.test", "a.test:8000"),
            ("[::1]", "[::1]:8000"),
            ("a:1", "a:1"),
            ("[::1]:2", "[::1]:2"),
        ] {
            let (wanted, held) = (json!({"target": wanted}), json!({"target": held}));
            assert_eq!(
                differ(Collection::Targets, &wanted, &held),
                Vec::<String>::new()
            );
        }
    }

    #[test]
    fn settings_of_a_control_plane_are_found_below_config() {
        let wanted = json!({"name": "cp", "auth_type": "pki_client_certs"});
        let held = json!({"id": "x", "name": "cp", "description": "", "labels": {},
            "config": {"auth_type": "pinned_client_certs", "cluster_type": "CLUSTER_TYPE_CONTROL_PLANE"}});
        assert_eq!(
            differ(Collection::ControlPlanes, &wanted, &held),
            ["auth_type"]
        );
    }

    proptest! {
        #[test]
        fn a_body_never_differs_from_itself_and_normal_forms_are_stable(
            port in proptest::option::of(0_u16..), path in proptest::option::of("/[a-z]{0,5}"),
            tags in proptest::collection::vec("[a-c]{1,2}", 0..5),
        ) {
            let value = json!({"host": "h", "port": port, "path": path, "tags": tags});
            let normal = Normal::from((Collection::Services, &value));
            prop_assert!(normal.differences(&normal).is_empty());
            let mut reversed = tags;
            reversed.reverse();
            let other = json!({"host": "h", "port": port, "path": path, "tags": reversed});
            prop_assert_eq!(&normal, &Normal::from((Collection::Services, &other)));
        }
    }
}
