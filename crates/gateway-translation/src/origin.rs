//! Where an entity comes from: the tags that say so, and the ids that follow from names.

use crate::context::Context;
use kong_crds::annotations::TAGS;
use kong_resolve::{Key, Meta};
use kong_router::id_of_entity;
use uuid::Uuid;

/// What the tags of entities say that come from no object: a service without backends.
const NOBODY: [&str; 6] = [
    "k8s-name:UNKNOWN",
    "k8s-namespace:UNKNOWN",
    "k8s-kind:Service",
    "k8s-uid:00000000-0000-0000-0000-000000000000",
    "k8s-group:core",
    "k8s-version:v1",
];

/// The tags of an entity that was made from an object: its identity, the named rules that it comes from, and the
/// tags that its author wants.
pub(crate) fn tags(object: &Key, meta: &Meta, rules: &[&str]) -> Vec<String> {
    let mut tags = Vec::new();
    let mut tag = |name: &str, value: &str| {
        if !value.is_empty() {
            tags.push(format!("k8s-{name}:{value}"));
        }
    };
    tag("name", &object.name.name);
    tag("namespace", object.name.namespace());
    tag("kind", object.kind.as_str());
    tag("uid", &meta.uid.to_string());
    tag("group", object.kind.group());
    tag("version", object.kind.version());
    for rule in rules {
        tag("named-route-rule", rule);
    }
    for tag in TAGS
        .of(&meta.annotations)
        .ok()
        .flatten()
        .unwrap_or_default()
    {
        if !tags.contains(&tag) {
            tags.push(tag);
        }
    }
    tags
}

/// Adds the tags that an object has in a field of its own.
pub(crate) fn add_tags(tags: &mut Vec<String>, more: Option<&[String]>) {
    for tag in more.unwrap_or_default() {
        if !tag.is_empty() && !tags.contains(tag) {
            tags.push(tag.clone());
        }
    }
}

/// The tags of an entity that comes from no object.
pub(crate) fn nobody() -> Vec<String> {
    NOBODY.map(str::to_owned).into()
}

/// The name of an object where a host follows behind a point: there is "_" for each point in it, which no name has, so
/// that it ends where it seems to. In the way of Kong's controller it is as it is.
pub(crate) fn before_host(context: &Context<'_, '_>, name: &str) -> String {
    if context.settings.as_kong_does() {
        name.to_owned()
    } else {
        name.replace('.', "_")
    }
}

/// The id of an entity of a collection in Kong's own words: `consumergroups` is what Kong's controller writes
/// for consumer groups.
pub(crate) fn id(collection: &str, name: &str) -> Uuid {
    id_of_entity(collection, name)
}

/// Where an entity comes from, in words: `HTTPRoute shop/api rule 2`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Provenance {
    /// The object.
    pub object: Key,
    /// The rule of it, counted from 0.
    pub rule: Option<usize>,
}

impl Provenance {
    pub(crate) fn of(object: &Key, rule: impl Into<Option<usize>>) -> Self {
        Self {
            object: object.clone(),
            rule: rule.into(),
        }
    }
}

impl std::fmt::Display for Provenance {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.object)?;
        match self.rule {
            Some(rule) => write!(f, " rule {rule}"),
            None => Ok(()),
        }
    }
}
