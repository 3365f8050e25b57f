//! Where a route of a GRPCRoute stands among those that the same calls can go to.

use super::split::Part;
use super::{matches, priority, ranks as by_rank};
use crate::context::Context;
use crate::part::{PartRoute, Rank};

/// What stands for every host that is not precise.
const WILDCARDS: &str = "*";

/// Where a route stands among others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// What follows from its match alone, if it has an expression.
    pub(super) by_match: Option<u64>,
    /// The hosts on which it competes with others.
    pub(super) hosts: Vec<String>,
    /// The length of its longest wildcard.
    pub(super) wildcard: usize,
    pub(super) service: Option<String>,
    pub(super) method: Option<String>,
    /// How many headers it asks for.
    pub(super) headers: usize,
    /// The age of the GRPCRoute, the rule and the match.
    pub(super) turn: (i64, usize, usize),
    /// Where the match is written.
    pub(super) field: String,
}

impl Place {
    pub(super) fn of(context: &Context<'_, '_>, part: &Part<'_>) -> Self {
        let method = part.wanted.method.as_ref();
        let by_match = context.settings.expressions();
        let is_precise = |host: &String| !host.starts_with('*');
        let hosts = if by_match {
            vec![part.host().to_owned()]
        } else if part.hosts.is_empty() || !part.hosts.iter().all(is_precise) {
            vec![WILDCARDS.to_owned()]
        } else {
            part.hosts.clone()
        };
        let wild = part.hosts.iter().filter(|host| host.starts_with('*'));
        Self {
            by_match: by_match.then(|| priority::by_match(part, false)),
            hosts,
            wildcard: wild.map(String::len).max().unwrap_or(0),
            service: method.and_then(|it| it.service.clone()),
            method: method.and_then(|it| it.method.clone()),
            headers: matches::first_of_each(&part.wanted.headers).len(),
            turn: (part.source.meta.created, part.rule, part.number),
            field: part.field(),
        }
    }

    /// The hosts on which the route can meet others.
    pub(crate) fn hosts(&self) -> Vec<&str> {
        self.hosts.iter().map(String::as_str).collect()
    }

    /// Among equals the lower comes first.
    pub(super) fn turn<'r>(
        &self,
        route: &'r PartRoute,
    ) -> (i64, &'r kong_resolve::Key, usize, usize) {
        let (created, rule, number) = self.turn;
        (created, &route.object, rule, number)
    }
}

/// The ranks of routes that can meet.
pub(crate) fn ranks(set: &[(&Place, &PartRoute)]) -> Vec<Rank> {
    if set.iter().any(|(place, _)| place.by_match.is_some()) {
        priority::of_places(set)
    } else {
        by_rank::of(set)
    }
}
