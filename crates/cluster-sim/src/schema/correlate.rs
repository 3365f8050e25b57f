//! Finding the old value of a field: by name in objects, by key in lists of the type "map", never in
//! other lists, whose items have no identity.
//!
//! May depend on the schema tree only. Start reading at [`item`].

use serde_json::Value;

use super::{ListType, Node};

/// The old value of a member.
pub(super) fn member<'v>(old: Option<&'v Value>, name: &str) -> Option<&'v Value> {
    old?.as_object()?.get(name)
}

/// The old value of an item of a list.
pub(super) fn item<'v>(node: &Node, old: Option<&'v Value>, item: &Value) -> Option<&'v Value> {
    let ListType::Map(keys) = &node.list_type else {
        return None;
    };
    let item = item.as_object()?;
    old?.as_array()?.iter().find(|candidate| {
        candidate
            .as_object()
            .is_some_and(|candidate| keys.iter().all(|key| candidate.get(key) == item.get(key)))
    })
}
