//! The priority of a part with an expression: the longer host first, then the longer service, the longer method, the
//! greater number of headers, and among equals the older route.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::matches::first_of_each;
use super::place::Place;
use super::split::Part;
use crate::part::{PartRoute, Rank};
use crate::predicates::KIND_SHIFT;

/// The kind of a GRPCRoute in priorities.
const KIND: u64 = 1;
const PRECISE_HOST: u64 = 1 << 43;
const HOST_SHIFT: u32 = 35;
const SERVICE_SHIFT: u32 = 24;
const METHOD_SHIFT: u32 = 13;
const HEADERS_SHIFT: u32 = 8;
/// What the first among equals has.
const FIRST: u64 = 0xFF;

/// The priority of each part, as Kong's controller has it.
pub(super) fn of(parts: &[Part<'_>]) -> Vec<u64> {
    let mut equal: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
    for (number, part) in parts.iter().enumerate() {
        equal.entry(by_match(part, true)).or_default().push(number);
    }
    let mut priorities = vec![0; parts.len()];
    for (priority, mut numbers) in equal {
        numbers.sort_by_key(|number| place(&parts[*number], *number));
        for (place, number) in (0_u64..).zip(numbers) {
            // It goes on counting below 0.
            priorities[number] = priority + FIRST - place;
        }
    }
    priorities
}

/// The priorities of routes that can meet.
pub(super) fn of_places(set: &[(&Place, &PartRoute)]) -> Vec<Rank> {
    let mut equal: BTreeMap<Option<u64>, Vec<usize>> = BTreeMap::new();
    for (index, (place, _)) in set.iter().enumerate() {
        equal.entry(place.by_match).or_default().push(index);
    }
    let mut ranks = vec![Rank::default(); set.len()];
    for (by_match, mut indices) in equal {
        indices.sort_by_key(|index| set[*index].0.turn(set[*index].1));
        for (turn, index) in (0_u64..).zip(indices) {
            let priority = by_match.unwrap_or_default() + FIRST.saturating_sub(turn);
            ranks[index].priority = i64::try_from(priority).ok();
        }
    }
    ranks
}

/// The place of a part among equal ones. Parts come from the oldest route to the youngest; of several hosts of equal
/// length the one that is written last comes first.
fn place(part: &Part<'_>, number: usize) -> impl Ord + use<> {
    let age = (part.source.meta.created, part.source.key.clone());
    (age, part.rule, part.number, Reverse(number))
}

/// What follows from the match alone.
pub(super) fn by_match(part: &Part<'_>, as_kong: bool) -> u64 {
    let host = part.host();
    let method = part.wanted.method.as_ref();
    let length =
        |text: Option<&String>, most: usize| text.map_or(0, |it| it.len().min(most)) as u64;
    let headers = if as_kong {
        part.wanted.headers.len()
    } else {
        first_of_each(&part.wanted.headers).len()
    };
    let precise = !host.is_empty() && !host.starts_with('*');
    (KIND << KIND_SHIFT)
        + if precise { PRECISE_HOST } else { 0 }
        + ((host.len().min(0xFF) as u64) << HOST_SHIFT)
        + (length(method.and_then(|it| it.service.as_ref()), 0x7FF) << SERVICE_SHIFT)
        + (length(method.and_then(|it| it.method.as_ref()), 0x7FF) << METHOD_SHIFT)
        + ((headers.min(0x1F) as u64) << HEADERS_SHIFT)
}
