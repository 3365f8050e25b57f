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

/// What a route competes for with others on a host: service and method.
type Call<'p> = (Option<&'p str>, Option<&'p str>);

/// Kong tries what has one attribute more before all ranks. So a match with headers takes calls from one without, even
/// if that one names service and method more precisely; who has written it is told.
fn what_headers_turn_around(set: &[Placed<'_>]) -> Vec<(usize, Problem)> {
    let mut oldest_first: Vec<&Placed<'_>> = set.iter().collect();
    oldest_first.sort_by_key(|(place, route)| place.turn(route));
    let mut precise: BTreeMap<&str, BTreeMap<Call<'_>, Placed<'_>>> = BTreeMap::new();
    for placed in oldest_first
        .into_iter()
        .filter(|(place, _)| place.headers == 0)
    {
        let (service, method) = call(placed.0);
        for host in &placed.0.hosts {
            let calls = precise.entry(host).or_default();
            calls.entry((service, method)).or_insert(*placed);
            // Whatever is less precise than both may take its calls.
            if service.is_some() && method.is_some() {
                calls.entry((service, None)).or_insert(*placed);
                calls.entry((None, method)).or_insert(*placed);
            }
            calls.entry((None, None)).or_insert(*placed);
        }
    }
    let mut problems = Vec::new();
    for (index, placed) in set.iter().enumerate().filter(|(_, it)| it.0.headers > 0) {
        let (place, route) = *placed;
        let hosts = place.hosts.iter();
        let mut others = hosts.filter_map(|host| precise.get(host.as_str())?.get(&call(place)));
        let Some(other) = others
            .next()
            .filter(|other| precedence(**other) > precedence(*placed))
        else {
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

/// What calls a route is for.
fn call(place: &Place) -> Call<'_> {
    (place.service.as_deref(), place.method.as_deref())
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
