//! Whose an entity in Konnect is by its tags, where that is none of our objects: for decisions and in words.

use std::sync::Arc;

use serde_json::Value;

use kong_crds::Kind;
use kong_model::{RemoteId, tags};
use kong_resolve::{Key, Name, Uid};

use super::inventory::{item_tags, owner_of};

/// The object that an entity is from by its tags, and its UID.
pub(crate) fn named(item: &Value) -> Option<(Key, Uid)> {
    let tags = item_tags(item);
    let value = |key: &str| {
        tags.iter()
            .find_map(|tag| tag.strip_prefix(key)?.strip_prefix(':'))
    };
    // What is on behalf of another object is not named by these.
    let uid = value(tags::UID).filter(|_| value(tags::OWNER).is_none())?;
    let kind: Kind = value("k8s-kind")?.parse().ok()?;
    let name = Name {
        namespace: value("k8s-namespace").map(Arc::from),
        name: Arc::from(value("k8s-name")?),
    };
    Some((Key { kind, name }, Uid::from(uid)))
}

/// Whose a foreign entity is.
pub(super) fn origin(item: &Value) -> String {
    let tags = item_tags(item);
    let value = |key: &str| {
        tags.iter()
            .find_map(|tag| tag.strip_prefix(key)?.strip_prefix(':'))
            .unwrap_or("?")
            .to_owned()
    };
    if owner_of(item).is_some() {
        format!(
            "belongs to {} {}/{} with UID {}",
            value("k8s-kind"),
            value("k8s-namespace"),
            value("k8s-name"),
            value("k8s-uid"),
        )
    } else {
        "was not made from this cluster".to_owned()
    }
}

/// What a foreign entity is, and what can be done about it.
pub(super) fn words(id: &RemoteId, item: &Value) -> String {
    let origin = origin(item);
    let remedy = if owner_of(item).is_some() {
        "if that object is gone and this one replaces it (a restored backup), delete the entity in Konnect or take it over with spec.adopt"
    } else {
        "delete it in Konnect, choose another name, or take it over with spec.adopt"
    };
    format!("the entity with ID {id}, which {origin}; {remedy}")
}
