//! The order of routes: the `regex_priority` of those of the traditional flavour, the `priority` of those with
//! expressions.
//!
//! Ranks are given for routes that can meet: those that share plain hosts, directly or through others, and all those
//! without plain hosts. A route with an expression has one host, and can meet those that have the same. Which routes
//! those are is found out by who keeps them all; start with [`Place`], then [`ranks`].

use std::collections::BTreeMap;

use kong_model::entity::Route;
use kong_resolve::Name;

use super::priority::{LAST, specificity, specificity_of_host};
use super::source::Match;
use crate::context::Problem;
use crate::isolation::are_all;
use crate::part::{PartRoute, Rank};
use crate::regex_priority::{MOST_CONDITIONS, RANKS, conditions, for_conditions, headers, next};

/// Above all that makes a match specific.
const WITHOUT_TLS: u64 = 1 << 50;
/// What stands for all hosts that are not plain.
const ANYWHERE: &str = "";

/// How specific a route is: a wildcard of its host, then everything else.
type Class = (usize, u64);

/// What routes have in common that are of one class and can meet: their path, if that is no pattern of users.
type Meeting<'r> = (Class, Option<&'r str>);

/// Where a route stands among others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// The host of an expression; empty for all hosts, `None` for a route without expression.
    host: Option<Box<str>>,
    /// How specific it is.
    class: Class,
    /// Among those of its class the lower comes first.
    turn: Turn,
    /// Whether it is for requests with TLS alone, or for those without, if that is known.
    tls: Option<bool>,
}

/// The age and the name of an HTTPRoute, the rule and the match.
type Turn = (i64, Name, usize, usize);

impl Place {
    /// That of the route with an expression that a match becomes for one host.
    pub(super) fn for_host(it: &Match<'_>, host: &str) -> Self {
        Self {
            host: Some(host.into()),
            class: (0, specificity(it.spec) + specificity_of_host(host)),
            turn: turn(it),
            tls: None,
        }
    }

    /// That of the route without expression that a match becomes for plain hosts, or for one with a wildcard.
    pub(super) fn for_hosts(it: &Match<'_>, hosts: &[String]) -> Self {
        let wild = hosts.first().filter(|host| host.starts_with('*'));
        let named = (!hosts.is_empty()).then_some(hosts);
        let doors = it.rule.source.doors_of(named);
        let mut tls = [false, true].into_iter();
        Self {
            host: None,
            class: (wild.map_or(0, String::len), specificity(it.spec)),
            turn: turn(it),
            tls: tls.find(|tls| !doors.is_empty() && are_all(&doors, *tls)),
        }
    }

    /// The hosts on which the route can meet others. Whatever has a host with a wildcard, or none, has one in common.
    pub(crate) fn hosts<'r>(&'r self, route: &'r Route) -> Vec<&'r str> {
        match (&self.host, &route.hosts) {
            (Some(host), _) => vec![host],
            (None, Some(hosts)) if has_plain_hosts(route) => {
                hosts.iter().map(String::as_str).collect()
            }
            (None, _) => vec![ANYWHERE],
        }
    }
}

fn turn(it: &Match<'_>) -> Turn {
    let source = it.rule.source;
    (
        source.meta.created,
        source.key.name.clone(),
        it.rule.index,
        it.index,
    )
}

fn has_plain_hosts(route: &Route) -> bool {
    let hosts = route.hosts.as_deref().unwrap_or_default();
    !hosts.is_empty() && hosts.iter().all(|host| !host.contains('*'))
}

/// The ranks of routes that can meet.
pub(crate) fn ranks(set: &[(&Place, &PartRoute)]) -> Vec<Rank> {
    if set.iter().any(|(place, _)| place.host.is_some()) {
        by_expression(set)
    } else {
        by_attributes(set)
    }
}

fn by_expression(set: &[(&Place, &PartRoute)]) -> Vec<Rank> {
    let mut classes: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
    for (index, (place, _)) in set.iter().enumerate() {
        classes.entry(place.class.1).or_default().push(index);
    }
    let mut ranks = vec![Rank::default(); set.len()];
    for (class, mut members) in classes {
        members.sort_by_key(|index| set[*index].0.turn.clone());
        for (turn, index) in (0_u64..).zip(members) {
            let priority = class + LAST.saturating_sub(turn);
            ranks[index].priority = i64::try_from(priority).ok();
        }
    }
    ranks
}

fn by_attributes(set: &[(&Place, &PartRoute)]) -> Vec<Rank> {
    let route = |index: usize| &set[index].1.route.route;
    // Among those of a class, only those of one path can meet; patterns may meet any.
    let mut together: BTreeMap<Meeting<'_>, Vec<usize>> = BTreeMap::new();
    let is_divided = set.iter().all(|(place, _)| place.tls.is_some());
    for (index, (place, _)) in set.iter().enumerate() {
        let path = Some(route(index))
            .filter(|_| !is_pattern(place.class.1))
            .map(path);
        let (wild, mut specific) = place.class;
        if is_divided && place.tls == Some(false) {
            // Those without TLS are kept away from it. Those with TLS are not kept away from what has none, and would
            // send away who is meant to come to the others.
            specific += WITHOUT_TLS;
        }
        let all = together.entry(((wild, specific), path)).or_default();
        all.push(index);
    }
    let mut steps: BTreeMap<(Class, usize, usize), Vec<usize>> = BTreeMap::new();
    for ((class, _), mut all) in together {
        // Routes of one match have their names for it.
        all.sort_by_key(|index| (&set[*index].0.turn, &route(*index).name));
        for (below, index) in all.into_iter().rev().enumerate() {
            let headers = headers(route(index));
            steps
                .entry((class, below, headers))
                .or_default()
                .push(index);
        }
    }
    let more = for_conditions((0..set.len()).map(route));
    let mut ranks = vec![Rank::default(); set.len()];
    let mut rank: i64 = -1;
    for ((_, _, headers), indices) in steps {
        rank = next(rank, headers);
        for index in indices {
            let priority = rank.min(RANKS - 1) + more;
            ranks[index] = Rank {
                priority: Some(priority).filter(|priority| *priority > 0),
                problems: Vec::new(),
            };
            if rank >= RANKS {
                ranks[index].problems.push(too_many(set[index].1));
            }
            // Those with plain hosts are in other sets.
            let has_others = set.len() > 1 || !has_plain_hosts(route(index));
            if conditions(route(index)) > MOST_CONDITIONS && has_others {
                ranks[index].problems.push(too_complex(set[index].1));
            }
        }
    }
    ranks
}

/// What tells the paths apart that one class of matches becomes. A prefix is written in two ways, for one of which what
/// is behind it is captured; both begin with the same pattern, but for the root.
fn path(route: &Route) -> &str {
    let first = route.paths.iter().flatten().next();
    match first.map_or("", String::as_str) {
        "~/$" => "~/",
        path => path,
    }
}

/// Whether the path of a match is a pattern of the user.
fn is_pattern(specificity: u64) -> bool {
    specificity & super::priority::REGEX != 0
}

/// There are more before a route than Kong has numbers for.
fn too_many(route: &PartRoute) -> Problem {
    Problem {
        object: route.object.clone(),
        field: "spec.rules".to_owned(),
        message: "there are more matches for the same hosts than the traditional flavour of the router can put in \
                  order; the most specific ones are in no certain order"
            .to_owned(),
        remedy: "use the expressions flavour of the router, or split the hosts".to_owned(),
        harmless: false,
        costs: None,
    }
}

/// A route has so many sorts of conditions that Kong tries it before all others.
fn too_complex(route: &PartRoute) -> Problem {
    let rule = route.route.from.first().and_then(|from| from.rule);
    Problem {
        object: route.object.clone(),
        field: format!("spec.rules[{}]", rule.unwrap_or_default()),
        message: "a match of host, path, method and headers at once is tried before all others in the traditional \
                  flavour of the router, even before more specific paths"
            .to_owned(),
        remedy: "use the expressions flavour of the router, or match less".to_owned(),
        harmless: false,
        costs: None,
    }
}
