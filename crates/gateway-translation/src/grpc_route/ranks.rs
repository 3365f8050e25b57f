//! `regex_priority` of a part without an expression: its rank among the parts that calls for its hosts could go to.
//!
//! Kong has room for ranks from 0 to 1023, so they are counted for each host by itself, without gaps. Hosts without
//! wildcards come before all others anyway; whatever has a wildcard or no host is ranked together.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::matches::first_of_each;
use super::split::Part;
use crate::context::Context;

/// The highest rank that Kong can compare.
const HIGHEST: i64 = 1023;
/// What stands for every host that is not precise.
const WILDCARDS: &str = "*";

/// The rank of each part.
pub(super) fn of(context: &Context<'_, '_>, parts: &[Part<'_>]) -> Vec<i64> {
    let mut order: Vec<usize> = (0..parts.len()).collect();
    order.sort_by_key(|number| precedence(&parts[*number]));
    // From the last to be tried to the first.
    let mut next: BTreeMap<&str, i64> = BTreeMap::new();
    let mut ranks = vec![0; parts.len()];
    for number in order {
        let hosts = competing(&parts[number]);
        let rank = hosts
            .iter()
            .filter_map(|host| next.get(host))
            .max()
            .copied();
        let rank = rank.unwrap_or(0);
        ranks[number] = rank;
        for host in hosts {
            next.insert(host, rank + 1);
        }
    }
    say_what_headers_turn_around(context, parts);
    let beyond = ranks
        .iter()
        .max()
        .map_or(0, |highest| (highest - HIGHEST).max(0));
    if beyond > 0 {
        for (part, rank) in parts.iter().zip(&mut ranks) {
            if *rank < beyond {
                context.say(
                    &part.source.key,
                    part.field(),
                    format!(
                        "more than {} matches could be for the same calls, and Kong compares no more than that: the \
                         place of this one among the last of them is not certain",
                        HIGHEST + 1
                    ),
                    "spread them over several hosts, or let the gateway route by expressions",
                );
            }
            *rank = (*rank - beyond).max(0);
        }
    }
    ranks
}

/// What a part competes for with others on a host: service and method.
type Call<'p> = (Option<&'p str>, Option<&'p str>);

/// Kong tries what has one attribute more before all ranks. So a match with headers takes calls from one without, even
/// if that one names service and method more precisely; who has written it is told.
fn say_what_headers_turn_around(context: &Context<'_, '_>, parts: &[Part<'_>]) {
    let mut precise: BTreeMap<&str, BTreeMap<Call<'_>, &Part<'_>>> = BTreeMap::new();
    for part in parts.iter().filter(|part| part.wanted.headers.is_empty()) {
        let (service, method) = call(part);
        for host in competing(part) {
            let calls = precise.entry(host).or_default();
            calls.entry((service, method)).or_insert(part);
            // Whatever is less precise than both may take its calls.
            if service.is_some() && method.is_some() {
                calls.entry((service, None)).or_insert(part);
                calls.entry((None, method)).or_insert(part);
            }
            calls.entry((None, None)).or_insert(part);
        }
    }
    for part in parts.iter().filter(|part| !part.wanted.headers.is_empty()) {
        let other = competing(part)
            .into_iter()
            .find_map(|host| precise.get(host)?.get(&call(part)))
            .filter(|other| precedence(other) > precedence(part));
        if let Some(other) = other {
            context.say(
                &part.source.key,
                part.field(),
                format!(
                    "Kong tries a match with headers before one without, so this one takes calls with such headers \
                     from {} of {}, which names the call more precisely",
                    other.field(),
                    other.source.key
                ),
                "let the gateway route by expressions, or name service and method here as well",
            );
        }
    }
}

/// What calls a part is for.
fn call<'p>(part: &Part<'p>) -> Call<'p> {
    let method = part.wanted.method.as_ref();
    (
        method.and_then(|it| it.service.as_deref()),
        method.and_then(|it| it.method.as_deref()),
    )
}

/// The hosts for which a part competes with others.
fn competing<'p>(part: &'p Part<'_>) -> Vec<&'p str> {
    let is_precise = |host: &&String| !host.starts_with('*');
    if part.hosts.is_empty() || !part.hosts.iter().all(|host| is_precise(&host)) {
        return vec![WILDCARDS];
    }
    part.hosts.iter().map(String::as_str).collect()
}

/// What decides between parts, in the order of the Gateway API; the greater one is tried first.
fn precedence(part: &Part<'_>) -> impl Ord + use<> {
    let method = part.wanted.method.as_ref();
    let length = |text: Option<&String>| text.map_or(0, String::len);
    let wildcard = part.hosts.iter().filter(|host| host.starts_with('*'));
    (
        wildcard.map(String::len).max().unwrap_or(0),
        length(method.and_then(|it| it.service.as_ref())),
        length(method.and_then(|it| it.method.as_ref())),
        first_of_each(&part.wanted.headers).len(),
        Reverse((
            part.source.meta.created,
            part.source.key.clone(),
            part.rule,
            part.number,
        )),
    )
}
