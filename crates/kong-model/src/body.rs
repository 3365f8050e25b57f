//! The canonical body of an entity: sorted keys, no nulls, secret leaves sealed.
//!
//! Entities of all kinds are erased to this one form before they are compared, stored or sent. There
//! are exactly two ways out: [`Body::wire`] with the secrets, [`Body::redacted`] without.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde_json::{Number, Value};

use crate::collection::Collection;
use crate::sealed::{REDACTED, Sealed};

/// One value of a body.
#[derive(Clone, PartialEq, Eq)]
pub enum Node {
    /// A boolean.
    Bool(bool),
    /// A number; whole numbers are integers however they were written.
    Number(Number),
    /// Text that may be shown.
    Text(Arc<str>),
    /// Text that may not.
    Secret(Sealed),
    /// A list.
    List(Vec<Self>),
    /// A map; null members are left out.
    Map(BTreeMap<Arc<str>, Self>),
}

impl Node {
    /// Reads JSON; `secret` tells whether every text below is to be sealed. Null is `None`.
    pub fn read(value: &Value, secret: bool) -> Option<Self> {
        match value {
            Value::Null => None,
            Value::Bool(flag) => Some(Self::Bool(*flag)),
            Value::Number(number) => Some(Self::Number(whole(number))),
            Value::String(text) if secret => Some(Self::Secret(Sealed::new(text.as_str()))),
            Value::String(text) => Some(Self::Text(Arc::from(text.as_str()))),
            Value::Array(items) => {
                let mut nodes = Vec::with_capacity(items.len());
                nodes.extend(items.iter().filter_map(|item| Self::read(item, secret)));
                Some(Self::List(nodes))
            }
            Value::Object(members) => Some(Self::Map(
                members
                    .iter()
                    .filter_map(|(key, value)| {
                        Some((Arc::from(key.as_str()), Self::read(value, secret)?))
                    })
                    .collect(),
            )),
        }
    }

    /// The same where only the text at some paths is secret; an empty path is the value itself.
    fn read_with(value: &Value, secrets: &[&str]) -> Option<Self> {
        if secrets.is_empty() || secrets.contains(&"") {
            return Self::read(value, !secrets.is_empty());
        }
        match value {
            Value::Object(members) => {
                let members = members.iter().filter_map(|(key, value)| {
                    let node = Self::read_with(value, &below(secrets, key))?;
                    Some((Arc::from(key.as_str()), node))
                });
                Some(Self::Map(members.collect()))
            }
            Value::Array(items) => {
                let items = items.iter();
                let nodes = items.filter_map(|item| Self::read_with(item, secrets));
                Some(Self::List(nodes.collect()))
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                Self::read(value, false)
            }
        }
    }

    /// The text of a text node, sealed ones excepted.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Bool(_) | Self::Number(_) | Self::Secret(_) | Self::List(_) | Self::Map(_) => {
                None
            }
        }
    }

    /// The id in a reference such as `{id}`.
    pub fn reference(&self) -> Option<&str> {
        match self {
            Self::Map(members) => members.get("id").and_then(Self::as_str),
            Self::Text(id) => Some(id),
            Self::Bool(_) | Self::Number(_) | Self::Secret(_) | Self::List(_) => None,
        }
    }

    /// The ids in a reference or in a list of references.
    pub fn references(&self) -> impl Iterator<Item = &str> {
        let (one, many) = match self {
            Self::List(items) => (None, items.as_slice()),
            other => (other.reference(), &[][..]),
        };
        one.into_iter()
            .chain(many.iter().filter_map(Self::reference))
    }

    /// Sets a member, if this is a map.
    fn set(&mut self, key: &str, node: Self) {
        if let Self::Map(members) = self {
            members.insert(Arc::from(key), node);
        }
    }

    /// The ids at a path below, in each item of a list.
    fn references_at<'n>(&'n self, path: Option<&str>, found: &mut Vec<&'n str>) {
        match (self, path.map(split)) {
            (node, None) => found.extend(node.references()),
            (Self::Map(members), Some((key, rest))) => {
                if let Some(member) = members.get(key) {
                    member.references_at(rest, found);
                }
            }
            (Self::List(items), Some(_)) => {
                for item in items {
                    item.references_at(path, found);
                }
            }
            (Self::Bool(_) | Self::Number(_) | Self::Text(_) | Self::Secret(_), Some(_)) => {}
        }
    }

    fn write(&self, show: &impl Fn(&Sealed) -> String) -> Value {
        match self {
            Self::Bool(flag) => Value::Bool(*flag),
            Self::Number(number) => Value::Number(number.clone()),
            Self::Text(text) => Value::String(text.to_string()),
            Self::Secret(secret) => Value::String(show(secret)),
            Self::List(items) => items.iter().map(|item| item.write(show)).collect(),
            Self::Map(members) => Value::Object(
                members
                    .iter()
                    .map(|(key, node)| (key.to_string(), node.write(show)))
                    .collect(),
            ),
        }
    }

    /// Every secret below.
    fn secrets<'n>(&'n self, found: &mut Vec<&'n Sealed>) {
        match self {
            Self::Secret(secret) => found.push(secret),
            Self::List(items) => items.iter().for_each(|item| item.secrets(found)),
            Self::Map(members) => members.values().for_each(|node| node.secrets(found)),
            Self::Bool(_) | Self::Number(_) | Self::Text(_) => {}
        }
    }

    /// Visits every text below, secrets excepted.
    fn texts(&mut self, visit: &mut impl FnMut(&mut Arc<str>)) {
        match self {
            Self::Text(text) => visit(text),
            Self::List(items) => items.iter_mut().for_each(|item| item.texts(visit)),
            Self::Map(members) => members.values_mut().for_each(|node| node.texts(visit)),
            Self::Bool(_) | Self::Number(_) | Self::Secret(_) => {}
        }
    }

    /// This value as JSON with every secret replaced by a placeholder.
    pub fn redacted(&self) -> Value {
        self.write(&|_| REDACTED.to_owned())
    }
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.redacted())
    }
}

/// The first name of a path, and the others.
pub(crate) fn split(path: &str) -> (&str, Option<&str>) {
    path.split_once('.')
        .map_or((path, None), |(key, rest)| (key, Some(rest)))
}

/// The ids at a path from a member on.
pub(crate) fn references_of<'n>(
    member: Option<&'n Node>,
    rest: Option<&str>,
) -> impl Iterator<Item = &'n str> + use<'n> {
    let mut found = Vec::new();
    if let Some(member) = member {
        member.references_at(rest, &mut found);
    }
    found.into_iter()
}

/// The paths below a member.
fn below<'p>(paths: &[&'p str], key: &str) -> Vec<&'p str> {
    let below = paths.iter().filter_map(|path| match split(path) {
        (first, rest) if first == key => Some(rest.unwrap_or_default()),
        _ => None,
    });
    below.collect()
}

/// The body of one entity.
///
/// There are as many bodies as entities and each has few members, so they stand in a row, sorted by name.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Body(Vec<(Arc<str>, Node)>);

impl Body {
    /// Reads the JSON of an entity of `collection`; the secret fields of that collection are sealed.
    /// Anything but a JSON object gives an empty body.
    pub fn from_wire(collection: Collection, value: &Value) -> Self {
        let secrets = collection.secrets();
        let members = value
            .as_object()
            .into_iter()
            .flatten()
            .filter_map(|(key, value)| {
                let mut node = Node::read_with(value, &below(secrets, key))?;
                for reference in collection.references() {
                    // What it refers to is no secret, whatever is around it.
                    if let (first, Some(rest)) = split(reference.field)
                        && first == key
                        && let Some(id) = value[rest].as_str()
                    {
                        node.set(rest, Node::Text(Arc::from(id)));
                    }
                }
                Some((Arc::from(key.as_str()), node))
            });
        let mut members: Vec<(Arc<str>, Node)> = members.collect();
        members.sort_by(|(one, _), (other, _)| one.cmp(other));
        members.shrink_to_fit();
        Self(members)
    }

    /// Where a member stands, or where it would.
    fn place(&self, field: &str) -> Result<usize, usize> {
        self.0.binary_search_by(|(name, _)| (**name).cmp(field))
    }

    /// A top-level member.
    pub fn get(&self, field: &str) -> Option<&Node> {
        let place = self.place(field).ok()?;
        Some(&self.0.get(place)?.1)
    }

    /// Sets a top-level member.
    pub fn set(&mut self, field: &str, node: Node) {
        match self.place(field) {
            Ok(place) => self.0[place].1 = node,
            Err(place) => self.0.insert(place, (Arc::from(field), node)),
        }
    }

    /// Removes a top-level member.
    pub fn remove(&mut self, field: &str) -> Option<Node> {
        let place = self.place(field).ok()?;
        Some(self.0.remove(place).1)
    }

    /// Visits every text and every name of a top-level member, so that equal ones of several bodies can be made
    /// one. What is put there has to be equal. Secrets are not visited.
    pub fn texts(&mut self, mut visit: impl FnMut(&mut Arc<str>)) {
        for (name, node) in &mut self.0 {
            visit(name);
            node.texts(&mut visit);
        }
    }

    /// The text of a top-level member, if it is text and no secret.
    pub fn text(&self, field: &str) -> Option<&str> {
        self.get(field).and_then(Node::as_str)
    }

    /// The `id` of a reference member such as `service: {id}`.
    pub fn reference(&self, field: &str) -> Option<&str> {
        self.get(field)?.reference()
    }

    /// The ids at a path that leads to a reference or a list of references: `ca_certificates`.
    pub fn references(&self, path: &str) -> impl Iterator<Item = &str> {
        let (key, rest) = split(path);
        references_of(self.get(key), rest)
    }

    /// The members, sorted by name.
    pub fn members(&self) -> impl Iterator<Item = (&str, &Node)> {
        self.0.iter().map(|(key, node)| (&**key, node))
    }

    /// Every secret in it.
    pub fn secrets(&self) -> Vec<&Sealed> {
        let mut found = Vec::new();
        self.0.iter().for_each(|(_, node)| node.secrets(&mut found));
        found
    }

    /// The JSON that is sent, with the secrets in it.
    pub fn wire(&self) -> Value {
        self.write(&|secret| secret.reveal().to_owned())
    }

    /// The JSON that may be shown: secrets are replaced by a placeholder.
    pub fn redacted(&self) -> Value {
        self.write(&|_| REDACTED.to_owned())
    }

    fn write(&self, show: &impl Fn(&Sealed) -> String) -> Value {
        Value::Object(
            self.0
                .iter()
                .map(|(key, node)| (key.to_string(), node.write(show)))
                .collect(),
        )
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.redacted())
    }
}

/// `5.0` and `5` are one number to Kong and have to be one to us.
fn whole(number: &Number) -> Number {
    // Exact: an f64 of magnitude below 2^53 that is whole fits an i64.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    match number.as_f64() {
        Some(float) if !number.is_i64() && float.fract() == 0.0 && float.abs() < EXACT =>
        {
            #[expect(clippy::cast_possible_truncation, reason = "whole and below 2^53")]
            Number::from(float as i64)
        }
        _ => number.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn nulls_are_left_out_and_whole_floats_are_integers() {
        let body = Body::from_wire(Collection::Services, &json!({"port": 80.0, "path": null}));
        assert_eq!(body.wire(), json!({"port": 80}));
    }

    #[test]
    fn references_are_found_one_by_one_in_lists_and_at_paths() {
        let value = json!({"ca_certificates": ["a", "b"], "client_certificate": {"id": "c"}});
        let body = Body::from_wire(Collection::Services, &value);
        let at = |path| body.references(path).collect::<Vec<_>>();
        assert_eq!(at("ca_certificates"), ["a", "b"]);
        assert_eq!(at("client_certificate"), ["c"]);
        assert_eq!(at("client_certificate.id"), ["c"]);
        assert!(at("client_certificate.name").is_empty() && at("other").is_empty());
    }

    #[test]
    fn what_is_secret_in_a_member_is_sealed_and_the_rest_of_it_is_not() {
        let value = json!({"kid": "k", "pem": {"private_key": "canary", "public_key": "public"}});
        let body = Body::from_wire(Collection::Keys, &value);
        assert_eq!(body.wire(), value);
        assert_eq!(
            body.redacted(),
            json!({"kid": "k", "pem": {"private_key": "[redacted]", "public_key": "public"}})
        );
        let config = json!({"a": [{"token": "canary"}], "config_store_id": "store"});
        let vault = json!({"name": "hcv", "prefix": "p", "config": config});
        let vault = Body::from_wire(Collection::Vaults, &vault);
        assert!(!format!("{vault:?}").contains("canary"));
        let stores: Vec<&str> = vault.references("config.config_store_id").collect();
        assert_eq!(stores, ["store"]);
    }

    #[test]
    fn secret_fields_are_shown_only_on_the_wire() {
        let value = json!({"cert": "c", "key": "k"});
        let body = Body::from_wire(Collection::Certificates, &value);
        assert_eq!(body.wire(), value);
        assert_eq!(body.redacted(), json!({"cert": "c", "key": "[redacted]"}));
        assert!(!format!("{body:?}").contains("\"k\""));
    }
}
