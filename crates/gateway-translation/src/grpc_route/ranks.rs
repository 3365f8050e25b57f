//! `regex_priority` of a part without an expression: its rank among the parts that calls for its hosts could go to.
//!
//! Kong has room for ranks from 0 to 1023, so they are counted for each host by itself, without gaps. Hosts without
//! wildcards come before all others anyway; whatever has a wildcard or no host is ranked together.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::place::Place;
use crate::context::Problem;
use crate::part::{PartRoute, Rank};

/// The highest rank that Kong can compare.
const HIGHEST: i64 = 1023;

/// A route with its place.
type Placed<'p> = (&'p Place, &'p PartRoute);

/// The rank of each route.
pub(super) fn of(set: &[Placed<'_>]) -> Vec<Rank> {
    let mut order: Vec<usize> = (0..set.len()).collect();
    order.sort_by(|one, two| precedence(set[*one]).cmp(&precedence(set[*two])));
    // From the last to be tried to the first.
    let mut next: BTreeMap<&str, i64> = BTreeMap::new();
    let mut numbers: Vec<i64> = vec![0; set.len()];
    for index in order {
        let hosts = &set[index].0.hosts;
        let known = hosts.iter().filter_map(|host| next.get(host.as_str()));
        let rank = known.max().copied().unwrap_or(0);
        numbers[index] = rank;
        for host in hosts {
            next.insert(host, rank + 1);
        }
    }
    let mut ranks = vec![Rank::default(); set.len()];
    for (index, problem) in what_headers_turn_around(set) {
        ranks[index].problems.push(problem);
    }
    let highest = numbers.iter().max().copied().unwrap_or_default();
    let beyond = (highest - HIGHEST).max(0);
    for ((rank, number), placed) in ranks.iter_mut().zip(numbers).zip(set) {
        if number < beyond {
            rank.problems.push(too_many(*placed));
        }
        rank.priority = Some((number - beyond).max(0));
    }
    ranks
}

fn too_many((place, route): Placed<'_>) -> Problem {
    Problem {
        object: route.object.clone(),
        field: place.field.clone(),
        message: format!(
            "more than {} matches could be for the same calls, and Kong compares no more than that: the place of this \
             one among the last of them is not certain",
            HIGHEST + 1
        ),
        remedy: "spread them over several hosts, or let the gateway route by expressions"
            .to_owned(),
        harmless: false,
        costs: None,
    }
}

/// Calls for which routes can compete on a host, as far as can be told apart quickly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Calls<'p> {
    /// Any.
    All,
    /// Those that patterns are for, which may be any.
    OfPatterns,
    /// Those of some service, whatever their method.
    OfServices,
    /// Those with this service and this method, as far as they are said.
    Of(Option<&'p str>, Option<&'p str>),
}

impl<'p> Calls<'p> {
    /// Where a route has to be found by others that could take calls from it.
    fn of_victim(place: &'p Place) -> Vec<Self> {
        let (service, method) = (place.service.as_deref(), place.method.as_deref());
        if place.is_pattern {
            return vec![Self::All, Self::OfPatterns];
        }
        match (service, method) {
            (Some(_), Some(_)) => vec![
                Self::All,
                Self::Of(service, method),
                Self::Of(service, None),
                Self::Of(None, method),
            ],
            (Some(_), None) => vec![Self::All, Self::OfServices, Self::Of(service, None)],
            (None, _) => vec![Self::All, Self::Of(None, method)],
        }
    }

    /// Where a route finds those that it could take calls from.
    fn of_taker(place: &'p Place) -> Vec<Self> {
        let (service, method) = (place.service.as_deref(), place.method.as_deref());
        if place.is_pattern || (service.is_none() && method.is_none()) {
            return vec![Self::All];
        }
        let mut calls = vec![Self::OfPatterns, Self::Of(service, method)];
        match service {
            // The service of another one says more than the method here.
            None => calls.push(Self::OfServices),
            Some(_) => calls.push(Self::Of(service, None)),
        }
        calls
    }
}

/// Kong tries what has one attribute more before all ranks. So a match with headers takes calls from one without, even
/// if that one names service and method more precisely; who has written it is told.
fn what_headers_turn_around(set: &[Placed<'_>]) -> Vec<(usize, Problem)> {
    // The most precise of each.
    let mut victims: BTreeMap<&str, BTreeMap<Calls<'_>, Placed<'_>>> = BTreeMap::new();
    for placed in set.iter().filter(|(place, _)| place.headers == 0) {
        for host in &placed.0.hosts {
            let calls = victims.entry(host).or_default();
            for call in Calls::of_victim(placed.0) {
                let most = calls.entry(call).or_insert(*placed);
                if precedence(*placed) > precedence(*most) {
                    *most = *placed;
                }
            }
        }
    }
    let mut problems = Vec::new();
    for (index, placed) in set.iter().enumerate().filter(|(_, it)| it.0.headers > 0) {
        let (place, route) = *placed;
        let calls = Calls::of_taker(place);
        let found = place.hosts.iter().filter_map(|host| victims.get(host.as_str()));
        let others = found.flat_map(|of_host| calls.iter().filter_map(|call| of_host.get(call)));
        let most = others.max_by(|one, two| precedence(**one).cmp(&precedence(**two)));
        let Some(other) = most.filter(|other| precedence(**other) > precedence(*placed)) else {
            continue;
        };
        problems.push((
            index,
            Problem {
                object: route.object.clone(),
                field: place.field.clone(),
                message: format!(
                    "Kong tries a match with headers before one without, so this one takes calls with such headers \
                     from {} of {}, which names the call more precisely",
                    other.0.field, other.1.object
                ),
                remedy:
                    "let the gateway route by expressions, or name service and method here as well"
                        .to_owned(),
                harmless: false,
                costs: None,
            },
        ));
    }
    problems
}

/// What decides between routes, in the order of the Gateway API; the greater one is tried first.
fn precedence((place, route): Placed<'_>) -> impl Ord + use<'_> {
    let length = |text: Option<&String>| text.map_or(0, String::len);
    (
        place.wildcard,
        length(place.service.as_ref()),
        length(place.method.as_ref()),
        place.headers,
        Reverse(place.turn(route)),
    )
}
