//! Who gets which names on which ports: the oldest of those that want the same, and a name before a wildcard that
//! covers it.

use std::collections::{BTreeMap, BTreeSet};

use kong_resolve::Key;

use super::super::levels::HIGHEST;
use super::{Sort, Wanted, sorts};
use crate::context::Context;
use crate::listeners::meet;

/// What two routes cannot both have: a name on a port.
type Right<'w> = (Option<u16>, Option<&'w str>);

/// What each route gets of what it wants; the routes are in the order of their age.
pub(super) fn shared_out(
    context: &Context<'_, '_>,
    claims: &[(&Key, &[Wanted])],
) -> Vec<Vec<Sort>> {
    let mut owners: BTreeMap<Right<'_>, &Key> = BTreeMap::new();
    let mut wildcards: BTreeMap<Option<u16>, BTreeSet<Option<&str>>> = BTreeMap::new();
    let mut won: Vec<Vec<Wanted>> = Vec::new();
    for (object, wanted) in claims {
        let mut own = Vec::new();
        for it in *wanted {
            let right = right(it);
            let owner = *owners.entry(right).or_insert(object);
            if owner == *object {
                own.push(it.clone());
                if it.name.as_ref().is_none_or(|name| name.contains('*')) {
                    wildcards.entry(it.port).or_default().insert(right.1);
                }
            } else {
                say_taken(context, object, it, owner);
            }
        }
        won.push(own);
    }
    let level = |it: &Wanted| {
        let wildcards = wildcards.get(&it.port).into_iter().flatten();
        let above = wildcards.filter(|wildcard| **wildcard != it.name.as_deref());
        above.filter(|wildcard| covers(**wildcard, it)).count()
    };
    for ((object, _), own) in claims.iter().zip(&won) {
        for it in own.iter().filter(|it| level(it) > HIGHEST) {
            if !context.settings.expressions() {
                say_too_many(context, object, it);
            }
        }
    }
    won.iter().map(|own| sorts(own, level)).collect()
}

fn right(wanted: &Wanted) -> Right<'_> {
    (wanted.port, wanted.name.as_deref())
}

/// Whether a wildcard has all that is wanted; none is for everything.
fn covers(wildcard: Option<&str>, wanted: &Wanted) -> bool {
    match (wildcard, &wanted.name) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(wildcard), Some(name)) => meet(wildcard, name) == Some(name),
    }
}

fn say_taken(context: &Context<'_, '_>, object: &Key, wanted: &Wanted, owner: &Key) {
    let name = match &wanted.name {
        Some(name) => format!("the name \"{name}\""),
        None => "every other name".to_owned(),
    };
    let port = wanted.port.map(|port| format!(" on port {port}"));
    context.say(
        object,
        "spec.hostnames",
        format!(
            "{name}{} belongs to {owner}, which is older; this route gets nothing of it",
            port.unwrap_or_default()
        ),
        "take the hostname out of one of them, or attach one to another listener",
    );
}

fn say_too_many(context: &Context<'_, '_>, object: &Key, wanted: &Wanted) {
    context.say(
        object,
        "spec.hostnames",
        format!(
            "more than {HIGHEST} wildcards cover \"{}\", and in the traditional flavour of the router Kong tells no more \
             apart: which of the most specific ones gets a connection is not certain",
            wanted.name.as_deref().unwrap_or_default()
        ),
        "use the expressions flavour of the router, or fewer wildcards",
    );
}
