//! What `regex_priority` can put in order.
//!
//! In the traditional flavour Kong compares a number in which, from above, these count: whether hosts are plain,
//! whether paths are patterns, how many sorts of conditions there are, `regex_priority`. Parts overlap: the number of
//! conditions lies on the bits of a `regex_priority` from 1024 on, the number of headers on those from 2 on. So a route
//! gets a rank below 1024 that has the bits of its headers set anyway, and where the numbers of conditions differ, both
//! bits of those are set for all.

use std::collections::{BTreeMap, BTreeSet};

use kong_model::entity::Route;

/// Above the ranks that there are.
pub(crate) const RANKS: i64 = 1024;
/// Both bits of the number of conditions, up to three.
const CONDITIONS: i64 = 3 * RANKS;
/// More sorts of conditions than this have no place.
pub(crate) const MOST_CONDITIONS: usize = 3;
/// More headers than this count as this many.
const MOST_HEADERS: usize = 255;

/// The rank after another one, for a route with its headers.
pub(crate) fn next(rank: i64, headers: usize) -> i64 {
    let bits = i64::try_from(headers.min(MOST_HEADERS)).unwrap_or_default() << 1;
    let mut next = rank + 1;
    while next & bits != bits && next < RANKS {
        next += 1;
    }
    next
}

/// What has to be added to the ranks of routes, so that how many conditions they have makes no difference.
pub(crate) fn for_conditions<'r>(routes: impl Iterator<Item = &'r Route>) -> i64 {
    let counts: BTreeSet<usize> = routes.map(conditions).collect();
    if counts.len() > 1 { CONDITIONS } else { 0 }
}

/// How many sorts of conditions a route has.
pub(crate) fn conditions(route: &Route) -> usize {
    let lists = [&route.methods, &route.hosts, &route.snis, &route.paths];
    let lists = lists.iter().filter(|list| list.is_some()).count();
    lists + usize::from(route.headers.is_some())
}

/// How many headers a route asks for.
pub(crate) fn headers(route: &Route) -> usize {
    route.headers.as_ref().map_or(0, BTreeMap::len)
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
