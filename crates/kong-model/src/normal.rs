//! The normal form in which what is wanted and what Konnect holds are compared.
//!
//! Both sides are reduced to the members we know, defaults are filled in, lists without order are
//! sorted, empty lists and maps count as absent, and shorthands are spelled out. What is left differs
//! only if a write is due.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use crate::body::{Body, Node, references_of, split};
use crate::collection::{Collection, Shape, Shorthand};
use crate::password;

/// A body in normal form.
#[derive(Clone, PartialEq, Eq)]
pub struct Normal {
    collection: Collection,
    members: BTreeMap<Arc<str>, Node>,
    /// Whether Konnect said so: then some members are hashes.
    answered: bool,
    /// What these are salted with: the id of the consumer, as far as the answer has it.
    salt: Option<Arc<str>>,
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
    /// The normal form of what Konnect answered.
    pub fn answered(collection: Collection, body: &Body) -> Self {
        let parent = collection.parent();
        let parent = parent.filter(|_| !collection.hashed().is_empty());
        Self {
            answered: true,
            salt: parent.and_then(|it| body.reference(it.field).map(Arc::from)),
            ..Self::of(collection, body)
        }
    }

    /// The normal form of what is wanted, or was sent.
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
            answered: false,
            salt: None,
        }
    }

    /// A member; `None` if it is absent and has no default.
    pub fn get(&self, field: &str) -> Option<&Node> {
        self.members.get(field)
    }

    /// The ids at a path that leads to a reference or a list of references.
    pub fn references(&self, path: &str) -> impl Iterator<Item = &str> {
        let (key, rest) = split(path);
        references_of(self.members.get(key), rest)
    }

    /// Whether both have the same in every member that answers hold as a hash, as far as there are any.
    pub fn same_hashes(&self, other: &Self) -> bool {
        let mut hashed = self.collection.hashed().iter();
        hashed.all(|field| self.members.get(*field) == other.members.get(*field))
    }

    /// Where `held` is not what this body wants. Empty: nothing to write.
    pub fn differences(&self, held: &Self) -> Vec<Difference> {
        let fields = self.collection.defaults().keys().map(String::as_str);
        fields
            .filter_map(|field| self.difference(field, held))
            .collect()
    }

    /// Whether a member of this answer can be the hash of what is wanted. It is not known of what is hashed in
    /// another way.
    fn may_be_hash(&self, held: &Node, wanted: &Node) -> bool {
        let (Some(salt), Some(held), Some(wanted)) = (&self.salt, plain(held), plain(wanted))
        else {
            return true;
        };
        !password::is_hash(held) || password::hash(salt, wanted) == held
    }

    fn difference(&self, field: &str, other: &Self) -> Option<Difference> {
        let (wanted, held) = (self.members.get(field), other.members.get(field));
        let alike = match (wanted, held) {
            (Some(wanted), Some(held))
                if other.answered && self.collection.hashed().contains(&field) =>
            {
                other.may_be_hash(held, wanted)
            }
            (Some(wanted), Some(held)) if self.collection.open().contains(&field) => {
                covers(held, wanted)
            }
            (Some(wanted), held) => is_said(wanted, held),
            (None, Some(_)) => self.collection.chosen().contains(&field),
            (None, None) => true,
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
            Shorthand::Pem(field) => members.extend(
                body.text(field)
                    .map(|pem| (Arc::from(field), Node::Text(Arc::from(plain_pem(pem))))),
            ),
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
    if let Some((answered, requested)) = collection.echoed()
        && let Some(node) = body.get(answered)
    {
        members.insert(Arc::from(requested), node.clone());
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

/// A PEM without what its line ends may differ in.
pub(crate) fn plain_pem(pem: &str) -> String {
    pem.replace('\r', "").trim_end().to_owned()
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

/// Whether `held` is what is wanted. An answer without a secret says nothing about it.
fn is_said(wanted: &Node, held: Option<&Node>) -> bool {
    match (wanted, held) {
        (Node::Secret(_), None) => true,
        (Node::Map(wanted), Some(Node::Map(held))) => {
            held.keys().all(|field| wanted.contains_key(field))
                && wanted
                    .iter()
                    .all(|(field, wanted)| is_said(wanted, held.get(field)))
        }
        (Node::Map(wanted), None) => wanted.values().all(|wanted| is_said(wanted, None)),
        (wanted, held) => Some(wanted) == held,
    }
}

/// A text, also one that is secret.
fn plain(node: &Node) -> Option<&str> {
    match node {
        Node::Secret(secret) => Some(secret.reveal()),
        Node::Text(_) | Node::Bool(_) | Node::Number(_) | Node::List(_) | Node::Map(_) => {
            node.as_str()
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
mod tests;
