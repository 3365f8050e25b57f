//! Which of several matches comes first, as Kong's controller has it: as the priority of an expression, and as
//! `regex_priority`.
//!
//! Both begin with the same number, in which more specific matches are greater. Where it is the same, the older
//! HTTPRoute comes first, then the one whose name does, then the rule and the match that stand first.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use gateway_types::{HTTPRouteMatch, PathMatchType};
use kong_resolve::Key;

use super::matching::{normalised, path_of};
use super::source::{Match, Rule};

/// Bits of HTTPRoutes among all kinds of routes.
const KIND: u64 = 2 << 44;
const PRECISE_HOST: u64 = 1 << 43;
const HOST_LENGTH_SHIFT: u32 = 35;
const EXACT: u64 = 1 << 34;
/// Of paths that are patterns of users.
pub(super) const REGEX: u64 = 1 << 33;
const PATH_LENGTH_SHIFT: u32 = 23;
const METHOD: u64 = 1 << 22;
const HEADERS_SHIFT: u32 = 17;
const QUERIES_SHIFT: u32 = 12;
/// What is left for the order among equals.
pub(super) const LAST: u64 = (1 << QUERIES_SHIFT) - 1;
/// How much a class of matches is above the next one in `regex_priority`.
const CLASS: i64 = 1024;

/// A host, a match of an HTTPRoute.
type Place<'s> = (&'s Key, usize, usize, usize);

/// How specific a match is, hosts aside, as Kong's controller counts.
fn as_written(spec: &HTTPRouteMatch) -> u64 {
    let path = spec.path.as_ref();
    let value = path.and_then(|path| path.value.as_deref());
    specificity_of(spec, value.unwrap_or_default().len())
}

/// How specific a match is, hosts aside. Of a path that is not a pattern the form counts that is compared: how much of
/// it is written with percent signs makes no difference.
pub(super) fn specificity(spec: &HTTPRouteMatch) -> u64 {
    let length = spec.path.as_ref().map_or(0, |path| match path_of(path) {
        (PathMatchType::RegularExpression, value) => value.len(),
        (_, value) => normalised(value).len(),
    });
    specificity_of(spec, length)
}

fn specificity_of(spec: &HTTPRouteMatch, path_length: usize) -> u64 {
    let mut bits = KIND;
    if let Some(path) = &spec.path {
        match path.type_ {
            Some(PathMatchType::Exact) => bits += EXACT,
            Some(PathMatchType::RegularExpression) => bits += REGEX,
            _ => {}
        }
        bits += (path_length.saturating_sub(1) as u64) << PATH_LENGTH_SHIFT;
    }
    if spec.method.is_some() {
        bits += METHOD;
    }
    let headers: HashSet<String> = spec
        .headers
        .iter()
        .map(|header| header.name.to_ascii_lowercase())
        .collect();
    bits += (headers.len() as u64) << HEADERS_SHIFT;
    let queries: HashSet<&str> = spec.query_params.iter().map(|it| &*it.name).collect();
    bits + ((queries.len() as u64) << QUERIES_SHIFT)
}

/// How specific a host is. An empty one is none.
pub(super) fn specificity_of_host(host: &str) -> u64 {
    let length = (host.len() as u64) << HOST_LENGTH_SHIFT;
    let precise = !host.is_empty() && !host.starts_with('*');
    length + if precise { PRECISE_HOST } else { 0 }
}

/// The priorities of all matches, a host each, as Kong's controller gives them to expressions.
#[derive(Debug)]
pub(super) struct Order<'s>(HashMap<Place<'s>, u64>);

impl<'s> Order<'s> {
    pub(super) fn of(rules: &[Rule<'s>]) -> Self {
        let mut classes: BTreeMap<u64, Vec<(Match<'s>, usize)>> = BTreeMap::new();
        for rule in rules {
            for (host, hostname) in hosts(rule).into_iter().enumerate() {
                for it in rule.matches() {
                    let class = as_written(it.spec) + specificity_of_host(hostname);
                    classes.entry(class).or_default().push((it, host));
                }
            }
        }
        let mut priorities = HashMap::new();
        for (class, mut members) in classes {
            members.sort_by_key(|(it, host)| {
                let source = it.rule.source;
                (
                    source.meta.created,
                    &source.key.name,
                    it.rule.index,
                    it.index,
                    Reverse(*host),
                )
            });
            for (index, (it, host)) in members.into_iter().enumerate() {
                let place = (&it.rule.source.key, host, it.rule.index, it.index);
                priorities.insert(place, class + LAST.saturating_sub(index as u64));
            }
        }
        Self(priorities)
    }

    /// The priority of a match for one of its hosts.
    pub(super) fn priority(&self, it: &Match<'s>, host: usize) -> u64 {
        let place = (&it.rule.source.key, host, it.rule.index, it.index);
        self.0.get(&place).copied().unwrap_or_default()
    }
}

/// The hosts of a rule; an empty one for all.
pub(super) fn hosts<'s>(rule: &Rule<'s>) -> Vec<&'s str> {
    let hostnames = &rule.source.hostnames;
    if hostnames.is_empty() {
        vec![""]
    } else {
        hostnames.iter().map(String::as_str).collect()
    }
}

/// The `regex_priority` of all matches, as Kong's controller counts them.
#[derive(Debug)]
pub(super) struct Ranks<'s>(HashMap<(&'s Key, usize, usize), i64>);

impl<'s> Ranks<'s> {
    pub(super) fn of(rules: &[Rule<'s>]) -> Self {
        let mut classes: BTreeSet<u64> = BTreeSet::new();
        // How many are in a class, an HTTPRoute each.
        let mut sizes: HashMap<(&Key, u64), i64> = HashMap::new();
        for it in rules.iter().flat_map(|rule| rule.matches()) {
            let class = as_written(it.spec);
            classes.insert(class);
            *sizes.entry((&it.rule.source.key, class)).or_default() += 1;
        }
        let ranks: HashMap<u64, i64> = classes.into_iter().zip(0..).collect();
        let mut priorities = HashMap::new();
        for it in rules.iter().flat_map(|rule| rule.matches()) {
            let class = as_written(it.spec);
            let route = &it.rule.source.key;
            let offset = sizes.entry((route, class)).or_default();
            *offset -= 1;
            let rank = ranks.get(&class).copied().unwrap_or_default();
            priorities.insert((route, it.rule.index, it.index), rank * CLASS + *offset);
        }
        Self(priorities)
    }

    /// That of a match.
    pub(super) fn priority(&self, it: &Match<'s>) -> i64 {
        let place = (&it.rule.source.key, it.rule.index, it.index);
        self.0.get(&place).copied().unwrap_or_default()
    }
}
