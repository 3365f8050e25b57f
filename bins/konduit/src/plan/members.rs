//! What differs in one entity, member by member, without anything secret.
//!
//! Only what makes the engine write counts. Start with [`different`] and [`all`].

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use kong_model::sealed::REDACTED;
use kong_model::tags::is_operators;
use kong_model::{Body, Collection, Node, Normal};
use serde_json::Value;

use crate::inverse::ids;
use crate::secrets;

/// One member that differs.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Member {
    /// Where: `healthchecks.active.timeout`.
    pub(crate) path: String,
    /// What it was; `None` is absent.
    pub(crate) from: Option<Value>,
    /// What it is to be.
    pub(crate) to: Option<Value>,
}

/// The name of an entity, or its id.
pub(super) type Called<'c> = &'c dyn Fn(Collection, &str) -> String;

/// Where what is wanted is not what is held.
pub(super) fn different(
    at: Collection,
    body: &Body,
    held: &Value,
    called: Called<'_>,
) -> Vec<Member> {
    let held_body = Body::from_wire(at, held);
    let differences = Normal::of(at, body).differences(&Normal::answered(at, &held_body));
    let mut members = Vec::new();
    for it in differences {
        let open = at.open().contains(&it.field.as_str());
        if at.sets().contains(&it.field.as_str()) {
            sets(
                &it.field,
                it.held.as_ref(),
                it.wanted.as_ref(),
                &mut members,
            );
        } else if refers(at, &it.field) {
            let named = |node: Option<&Node>| node.map(|node| title(at, &it.field, node, called));
            members.push(Member {
                from: named(it.held.as_ref()),
                to: named(it.wanted.as_ref()),
                path: it.field,
            });
        } else {
            descend(
                &it.field,
                it.held.as_ref(),
                it.wanted.as_ref(),
                open,
                &mut members,
            );
        }
    }
    members.into_iter().map(|it| hide(at, it)).collect()
}

/// Everything that is said of a new entity.
pub(super) fn all(at: Collection, body: &Body, called: Called<'_>) -> Vec<Member> {
    let mut members = Vec::new();
    for (field, node) in body.members() {
        let shown = node.redacted();
        let default = at.defaults().get(field);
        if default == Some(&shown) || field == "id" {
            continue;
        }
        if refers(at, field) {
            let to = Some(title(at, field, node, called));
            members.push(Member {
                path: field.to_owned(),
                from: None,
                to,
            });
        } else if matches!(field, "tags" | "labels") {
            members.extend(users(field, &shown));
        } else {
            descend(field, None, Some(node), false, &mut members);
        }
    }
    members.into_iter().map(|it| hide(at, it)).collect()
}

fn refers(at: Collection, field: &str) -> bool {
    at.references().iter().any(|it| it.field == field)
}

/// What a reference leads to, by name where there is one.
fn title(at: Collection, field: &str, node: &Node, called: Called<'_>) -> Value {
    let shown = node.redacted();
    let to = at
        .references()
        .iter()
        .find(|it| it.field == field)
        .map(|it| it.to);
    let title = |id: &str| {
        let name = to.map(|to| called(to, id));
        Value::from(name.unwrap_or_else(|| id.to_owned()))
    };
    match (&shown, &ids(&shown)[..]) {
        (Value::Array(_), ids) => ids.iter().map(|id| title(id)).collect(),
        (_, [id]) => title(id),
        (_, _) => shown,
    }
}

/// The tags or labels of the user: what says where an entity is from stands in its title.
fn users(field: &str, value: &Value) -> Option<Member> {
    let to = match value {
        Value::Array(items) => {
            let own = |it: &&Value| it.as_str().is_some_and(is_operators);
            Value::Array(items.iter().filter(|it| !own(it)).cloned().collect())
        }
        Value::Object(members) => {
            let own = |name: &str| is_operators(&format!("{name}:kong-operator"));
            let theirs = members.iter().filter(|(name, _)| !own(name));
            Value::Object(
                theirs
                    .map(|(name, it)| (name.clone(), it.clone()))
                    .collect(),
            )
        }
        other => other.clone(),
    };
    let empty = to.as_array().is_some_and(Vec::is_empty)
        || to.as_object().is_some_and(serde_json::Map::is_empty);
    (!empty).then(|| Member {
        path: field.to_owned(),
        from: None,
        to: Some(to),
    })
}

/// What a list without order loses and gains.
fn sets(field: &str, held: Option<&Node>, wanted: Option<&Node>, members: &mut Vec<Member>) {
    let items = |node: Option<&Node>| match node.map(Node::redacted) {
        Some(Value::Array(items)) => items,
        Some(other) => vec![other],
        None => Vec::new(),
    };
    let (held, wanted) = (items(held), items(wanted));
    let lost = held
        .iter()
        .filter(|it| !wanted.contains(it))
        .map(|it| (Some(it.clone()), None));
    let gained = wanted
        .iter()
        .filter(|it| !held.contains(it))
        .map(|it| (None, Some(it.clone())));
    members.extend(lost.chain(gained).map(|(from, to)| Member {
        path: format!("{field}[]"),
        from,
        to,
    }));
}

/// Follows maps down to what differs. Of an open member only what is wanted counts.
fn descend(
    path: &str,
    held: Option<&Node>,
    wanted: Option<&Node>,
    open: bool,
    members: &mut Vec<Member>,
) {
    let (held_map, wanted_map) = (map(held), map(wanted));
    if (held_map.is_some() || held.is_none()) && (wanted_map.is_some() || wanted.is_none()) {
        let names = |map: Option<&BTreeMap<Arc<str>, Node>>| {
            map.into_iter()
                .flat_map(BTreeMap::keys)
                .cloned()
                .collect::<BTreeSet<_>>()
        };
        let mut all = names(wanted_map);
        if !open || wanted.is_none() {
            all.extend(names(held_map));
        }
        for name in all {
            let at = |map: Option<&'_ BTreeMap<Arc<str>, Node>>| {
                map.and_then(|map| map.get(&name)).cloned()
            };
            let (held, wanted) = (at(held_map), at(wanted_map));
            descend(
                &format!("{path}.{name}"),
                held.as_ref(),
                wanted.as_ref(),
                open,
                members,
            );
        }
        return;
    }
    if held == wanted {
        return;
    }
    // What is read does not say which of its texts are secret; what is wanted does.
    let secret = wanted.is_some_and(is_secret) || held.is_some_and(is_secret);
    if let (Some(Node::Secret(wanted)), Some(Node::Text(held))) = (wanted, held)
        && **held == *wanted.reveal()
    {
        return;
    }
    let show = |node: &Node| {
        if secret {
            Value::from(REDACTED)
        } else {
            node.redacted()
        }
    };
    members.push(Member {
        path: path.to_owned(),
        from: held.map(show),
        to: wanted.map(show),
    });
}

fn map(node: Option<&Node>) -> Option<&BTreeMap<Arc<str>, Node>> {
    match node {
        Some(Node::Map(members)) => Some(members),
        Some(Node::Bool(_) | Node::Number(_) | Node::Text(_) | Node::Secret(_) | Node::List(_))
        | None => None,
    }
}

fn is_secret(node: &Node) -> bool {
    match node {
        Node::Secret(_) => true,
        Node::List(items) => items.iter().any(is_secret),
        Node::Map(members) => members.values().any(is_secret),
        Node::Bool(_) | Node::Number(_) | Node::Text(_) => false,
    }
}

/// In a configuration whose schema is not known here, what sounds like a secret is taken for one: what Konnect holds
/// may be out of a Secret that nobody knows any more.
fn hide(at: Collection, mut member: Member) -> Member {
    let free = at.open().iter().any(|open| {
        member
            .path
            .strip_prefix(open)
            .is_some_and(|rest| rest.starts_with('.'))
    });
    if free {
        for value in [&mut member.from, &mut member.to].into_iter().flatten() {
            secrets::hide_named(&member.path, value);
        }
    }
    member
}
