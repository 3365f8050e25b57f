//! `regex_priority` of a part without an expression: its rank among the parts that calls for its hosts could go to.
//!
//! Kong has room for ranks from 0 to 1023 ([`regex_priority`](crate::regex_priority)), so they are counted for each host
//! by itself. Hosts without wildcards come before all others anyway; whatever has a wildcard or no host is ranked
//! together.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::place::Place;
use crate::context::Problem;
use crate::part::{PartRoute, Rank};
use crate::regex_priority::{RANKS, for_conditions, headers, next};

/// A route with its place.
type Placed<'p> = (&'p Place, &'p PartRoute);

/// The rank of each route.
pub(super) fn of(set: &[Placed<'_>]) -> Vec<Rank> {
    let mut order: Vec<usize> = (0..set.len()).collect();
    order.sort_by(|one, two| precedence(set[*one]).cmp(&precedence(set[*two])));
    // From the last to be tried to the first.
    let mut before: BTreeMap<&str, i64> = BTreeMap::new();
    let mut ranks = vec![Rank::default(); set.len()];
    let more = for_conditions(set.iter().map(|(_, route)| &route.route.route));
    for index in order {
        let (place, route) = set[index];
        let known = place
            .hosts
            .iter()
            .filter_map(|host| before.get(host.as_str()));
        let rank = next(
            known.max().copied().unwrap_or(-1),
            headers(&route.route.route),
        );
        for host in &place.hosts {
            before.insert(host, rank);
        }
        ranks[index].priority = Some(rank.min(RANKS - 1) + more);
        if rank >= RANKS {
            ranks[index].problems.push(too_many(set[index]));
        }
    }
    ranks
}

fn too_many((place, route): Placed<'_>) -> Problem {
    Problem {
        object: route.object.clone(),
        field: place.field.clone(),
        message: format!(
            "about {RANKS} other matches could be for the same calls, and Kong compares no more than that: the place of this \
             one among the first of them is not certain"
        ),
        remedy: "spread them over several hosts, or let the gateway route by expressions"
            .to_owned(),
        harmless: false,
        costs: None,
    }
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
