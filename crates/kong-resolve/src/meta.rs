//! The part of an object's metadata that judgement may depend on.
//!
//! Versions, managed fields and annotations of others change all the time and mean nothing to us: they
//! are not in here, so they cannot make anything be judged again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;

use kong_crds::names::PLUGINS_ANNOTATION;
use kong_crds::{Kind, ObjectMeta};

use crate::key::Uid;

/// Labels and annotations whose key begins with one of these, or has it behind a dot, are ours to read.
const DOMAINS: [&str; 4] = [
    "konghq.com/",
    "konduit/",
    "ingress.kubernetes.io/",
    "ingressclass.kubernetes.io/",
];

/// Keys that are ours to read though they are in nobody's domain, or in one that has much else.
const KEYS: [&str; 3] = [
    "kubernetes.io/ingress.class",
    "kubernetes.io/service-name",
    "global",
];

/// Metadata that judgement may depend on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meta {
    /// Which incarnation this is.
    pub uid: Uid,
    /// Generation of the spec; 0 for kinds that have none.
    pub generation: i64,
    /// Whether it is being deleted.
    pub deleting: bool,
    /// Creation, in seconds of Unix time.
    pub created: i64,
    /// Labels in our domains; of a Namespace all, since selectors may ask for any.
    pub labels: BTreeMap<Arc<str>, Arc<str>>,
    /// Annotations in our domains.
    pub annotations: BTreeMap<Arc<str>, Arc<str>>,
    /// Its owners, as far as they are of kinds that we know: kind and name.
    pub owners: Box<[(Kind, Arc<str>)]>,
}

impl Meta {
    /// Reduces the metadata of an object of a kind to what may matter.
    pub fn of(kind: Kind, meta: &ObjectMeta) -> Self {
        let ours = |map: &Option<BTreeMap<String, String>>| {
            map.iter()
                .flatten()
                .filter(|(key, _)| kind == Kind::Namespace || is_ours(key))
                .map(|(key, value)| (Arc::from(key.as_str()), Arc::from(value.as_str())))
                .collect()
        };
        Self {
            uid: Uid::from(meta.uid.as_deref().unwrap_or_default()),
            generation: meta.generation.unwrap_or_default(),
            deleting: meta.deletion_timestamp.is_some(),
            created: meta
                .creation_timestamp
                .as_ref()
                .map_or(0, |time| time.0.as_second()),
            labels: ours(&meta.labels),
            annotations: ours(&meta.annotations),
            owners: meta
                .owner_references
                .iter()
                .flatten()
                .filter_map(owner)
                .collect(),
        }
    }

    /// An annotation.
    pub fn annotation(&self, key: &str) -> Option<&str> {
        self.annotations.get(key).map(|value| &**value)
    }

    /// The plugins that the annotation `konghq.com/plugins` asks for, as they stand there, each once.
    pub fn plugins(&self) -> BTreeSet<&str> {
        let list = self.annotation(PLUGINS_ANNOTATION).into_iter();
        let names = list.flat_map(|list| list.split(',')).map(str::trim);
        names.filter(|name| !name.is_empty()).collect()
    }

    /// A label.
    pub fn label(&self, key: &str) -> Option<&str> {
        self.labels.get(key).map(|value| &**value)
    }
}

fn owner(reference: &OwnerReference) -> Option<(Kind, Arc<str>)> {
    let group = reference
        .api_version
        .rsplit_once('/')
        .map_or("", |(group, _)| group);
    let kind = Kind::from_api(group, &reference.kind)?;
    Some((kind, Arc::from(reference.name.as_str())))
}

fn is_ours(key: &str) -> bool {
    KEYS.contains(&key)
        || DOMAINS.iter().any(|domain| {
            key.find(domain)
                .is_some_and(|at| at == 0 || key.as_bytes()[at - 1] == b'.')
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn annotations_of_others_are_not_seen() {
        let annotations = [
            ("konghq.com/plugins", "a"),
            ("gateway-operator.konghq.com/x", "b"),
            ("konduit/deletion-policy", "retain"),
            ("kubectl.kubernetes.io/last-applied-configuration", "{}"),
            ("notkonghq.com/plugins", "c"),
        ];
        let meta = ObjectMeta {
            annotations: Some(
                annotations
                    .iter()
                    .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
                    .collect(),
            ),
            ..ObjectMeta::default()
        };
        let seen: Vec<_> = Meta::of(Kind::KongService, &meta)
            .annotations
            .into_keys()
            .collect();
        let expected = [
            "gateway-operator.konghq.com/x",
            "konduit/deletion-policy",
            "konghq.com/plugins",
        ];
        assert_eq!(seen.iter().map(|key| &**key).collect::<Vec<_>>(), expected);
    }
}
