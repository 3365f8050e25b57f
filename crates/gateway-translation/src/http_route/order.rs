//! The order of routes of the traditional flavour: their `regex_priority`.
//!
//! Kong compares a number in which, from above, these count: whether hosts are plain, whether paths are patterns,
//! how many sorts of conditions there are, `regex_priority`. Parts overlap: the number of conditions lies on the bits
//! of a `regex_priority` from 1024 on, the number of headers on those from 2 on. So a route gets a rank below 1024
//! that has the bits of its headers set anyway, and where the numbers of conditions differ, both bits of those are set
//! for all.
//!
//! Ranks are given for routes that can meet: those that share plain hosts, directly or through others, and all those
//! without plain hosts.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use kong_model::entity::Route;
use kong_resolve::Key;

use super::priority::specificity;
use super::single::variants;
use super::source::Rule;
use crate::context::Context;
use crate::draft::{Draft, DraftRoute};

/// Above the ranks that there are.
const RANKS: i64 = 1024;
/// Both bits of the number of conditions, up to three.
const CONDITIONS: i64 = 3 * RANKS;
/// More sorts of conditions than this have no place.
const MOST_CONDITIONS: usize = 3;
/// More headers than this count as this many.
const MOST_HEADERS: usize = 255;

/// How specific a route is: a wildcard of its host, then everything else.
type Class = (usize, u64);

/// What routes have in common that are of one class and can meet: their paths, if those are no patterns of users.
type Meeting = (Class, Option<Vec<String>>);

/// Where a route stands among others.
struct Place {
    /// How specific it is.
    class: Class,
    /// Among those of its class: the lower the earlier.
    turn: usize,
}

/// Gives the routes of drafts their priorities. One that an annotation gives stays.
pub(super) fn put(context: &Context<'_, '_>, rules: &[Rule<'_>], drafts: &mut [Draft]) {
    let places = places(rules);
    let mut routes: Vec<&mut DraftRoute> = drafts
        .iter_mut()
        .flat_map(|draft| &mut draft.routes)
        .filter(|draft| draft.route.regex_priority.is_none())
        .collect();
    for set in sets(&routes) {
        put_set(context, &places, &set, &mut routes);
    }
}

/// The places of all routes that there may be, by name.
fn places(rules: &[Rule<'_>]) -> HashMap<String, Place> {
    let mut matches: Vec<_> = rules.iter().flat_map(|rule| rule.matches()).collect();
    matches.sort_by_key(|it| {
        let source = it.rule.source;
        (
            source.meta.created,
            &source.key.name,
            it.rule.index,
            it.index,
        )
    });
    let mut places = HashMap::new();
    for (turn, it) in matches.iter().enumerate() {
        for (name, hosts) in variants(it) {
            let wild = hosts.first().filter(|host| host.starts_with('*'));
            let class = (wild.map_or(0, String::len), specificity(it.spec));
            places.insert(name, Place { class, turn });
        }
    }
    places
}

fn has_plain_hosts(route: &Route) -> bool {
    let hosts = route.hosts.as_deref().unwrap_or_default();
    !hosts.is_empty() && hosts.iter().all(|host| !host.contains('*'))
}

/// The host that a host leads to in the end.
fn end<'h>(leads: &HashMap<&'h str, &'h str>, mut host: &'h str) -> &'h str {
    while let Some(next) = leads.get(host).filter(|next| **next != host) {
        host = next;
    }
    host
}

/// Routes that can meet, by their indices.
fn sets(routes: &[&mut DraftRoute]) -> Vec<Vec<usize>> {
    // Hosts lead to the first host that they share a route with, through others if need be.
    let mut leads: HashMap<&str, &str> = HashMap::new();
    for draft in routes.iter().filter(|draft| has_plain_hosts(&draft.route)) {
        let hosts = draft.route.hosts.as_deref().unwrap_or_default();
        let Some(first) = hosts.first() else {
            continue;
        };
        let first = end(&leads, first);
        leads.entry(first).or_insert(first);
        for host in &hosts[1..] {
            let other = end(&leads, host);
            leads.insert(other, first);
        }
    }
    let mut sets: BTreeMap<Option<&str>, Vec<usize>> = BTreeMap::new();
    for (index, draft) in routes.iter().enumerate() {
        let host = draft.route.hosts.iter().flatten().next();
        let set = host
            .filter(|_| has_plain_hosts(&draft.route))
            .map(|host| end(&leads, host));
        sets.entry(set).or_default().push(index);
    }
    sets.into_values().collect()
}

fn put_set(
    context: &Context<'_, '_>,
    places: &HashMap<String, Place>,
    set: &[usize],
    routes: &mut [&mut DraftRoute],
) {
    // Among those of a class, only those of one path can meet; patterns may meet any.
    let mut together: BTreeMap<Meeting, Vec<(usize, usize)>> = BTreeMap::new();
    for index in set {
        let route = &routes[*index].route;
        let Some(place) = route.name.as_ref().and_then(|name| places.get(name)) else {
            continue;
        };
        let path = route.paths.clone().filter(|_| !is_pattern(place.class.1));
        let all = together.entry((place.class, path)).or_default();
        all.push((place.turn, *index));
    }
    let mut steps: BTreeMap<(Class, usize, usize), Vec<usize>> = BTreeMap::new();
    for ((class, _), mut all) in together {
        all.sort_unstable();
        for (below, (_, index)) in all.into_iter().rev().enumerate() {
            let headers = routes[index]
                .route
                .headers
                .as_ref()
                .map_or(0, BTreeMap::len);
            steps
                .entry((class, below, headers))
                .or_default()
                .push(index);
        }
    }
    let counts: BTreeSet<usize> = set
        .iter()
        .map(|it| conditions(&routes[*it].route))
        .collect();
    let differ = counts.len() > 1;
    let mut rank: i64 = -1;
    for ((_, _, headers), indices) in steps {
        rank = next(rank, headers);
        for index in indices {
            let draft = &mut *routes[index];
            if rank >= RANKS {
                say_too_many(context, &draft.object);
            }
            let priority = rank.min(RANKS - 1) + if differ { CONDITIONS } else { 0 };
            draft.route.regex_priority = Some(priority).filter(|priority| *priority > 0);
            if conditions(&draft.route) > MOST_CONDITIONS && set.len() > 1 {
                say_too_complex(context, draft);
            }
        }
    }
}

/// Whether the path of a match is a pattern of the user.
fn is_pattern(specificity: u64) -> bool {
    specificity & super::priority::REGEX != 0
}

/// The rank after another one, for a route with so many headers.
fn next(rank: i64, headers: usize) -> i64 {
    let bits = i64::try_from(headers.min(MOST_HEADERS)).unwrap_or_default() << 1;
    let mut next = rank + 1;
    while next & bits != bits && next < RANKS {
        next += 1;
    }
    next
}

/// How many sorts of conditions a route has.
fn conditions(route: &Route) -> usize {
    let lists = [&route.methods, &route.hosts, &route.snis, &route.paths];
    let lists = lists.iter().filter(|list| list.is_some()).count();
    lists + usize::from(route.headers.is_some())
}

fn say_too_many(context: &Context<'_, '_>, object: &Key) {
    context.say(
        object,
        "spec.rules",
        "there are more matches for the same hosts than the traditional flavour of the router can put in order; the \
         most specific ones are in no certain order",
        "use the expressions flavour of the router, or split the hosts",
    );
}

fn say_too_complex(context: &Context<'_, '_>, draft: &DraftRoute) {
    let rule = draft
        .from
        .first()
        .and_then(|from| from.rule)
        .unwrap_or_default();
    context.say(
        &draft.object,
        format!("spec.rules[{rule}]"),
        "a match of host, path, method and headers at once is tried before all others in the traditional flavour of \
         the router, even before more specific paths",
        "use the expressions flavour of the router, or match less",
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_have_the_bits_of_headers() {
        assert_eq!(next(-1, 0), 0);
        assert_eq!(next(0, 1), 2);
        assert_eq!(next(2, 1), 3);
        assert_eq!(next(3, 1), 6);
        assert_eq!(next(3, 3), 6);
        assert_eq!(next(1022, 1), 1023);
        assert_eq!(next(1023, 1), RANKS);
    }
}
