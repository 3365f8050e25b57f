//! The priority of a part with an expression: the longer host first, then the longer service, the longer method, the
//! greater number of headers, and among equals the older route.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::matches::first_of_each;
use super::split::Part;
use crate::context::Context;
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

/// The priority of each part.
pub(super) fn of(context: &Context<'_, '_>, parts: &[Part<'_>]) -> Vec<u64> {
    let as_kong = context.settings.as_kong_does();
    let mut equal: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
    for (number, part) in parts.iter().enumerate() {
        equal
            .entry(by_match(part, as_kong))
            .or_default()
            .push(number);
    }
    let mut priorities = vec![0; parts.len()];
    for (priority, mut numbers) in equal {
        numbers.sort_by_key(|number| place(&parts[*number], *number));
        for (place, number) in numbers.into_iter().enumerate() {
            let place = place as u64;
            priorities[number] = if as_kong {
                // It goes on counting below 0.
                priority + FIRST - place
            } else {
                priority + FIRST.saturating_sub(place)
            };
        }
    }
    priorities
}

/// The place of a part among equal ones. Parts come from the oldest route to the youngest; of several hosts of equal
/// length the one that is written last comes first.
fn place(part: &Part<'_>, number: usize) -> impl Ord + use<> {
    let age = (part.source.meta.created, part.source.key.clone());
    (age, part.rule, part.number, Reverse(number))
}

/// What follows from the match alone.
fn by_match(part: &Part<'_>, as_kong: bool) -> u64 {
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
