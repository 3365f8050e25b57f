//! Which of several parts that hold goes first, and whether that is sure.
//!
//! The higher priority wins, and of two that are the same the greater id. It is not sure where a priority is one of
//! two, where a route has no id that stays, and where expressions meet routes with attributes.

use std::cmp::Ordering;

use super::{Candidate, Hit, Known, Loss};
use crate::derive::Part;

/// The order in which parts are tried.
pub(super) fn before(a: &Part, b: &Part) -> Ordering {
    let by_priority = b.priority.order(a.priority);
    by_priority.then_with(|| b.id.cmp(&a.id))
}

/// Whether this hit can come out first.
fn may_win(routes: &[Known], hits: &[Hit<'_>], hit: &Hit<'_>) -> bool {
    let part = &hit.entry.part;
    hits.iter().all(|other| {
        let rival = &other.entry.part;
        if rival.id == part.id || rival.origin != part.origin {
            return true;
        }
        match part.priority.highest().cmp(&rival.priority.lowest()) {
            Ordering::Greater => true,
            Ordering::Less => false,
            Ordering::Equal => {
                let stay = routes[hit.entry.route].has_id && routes[other.entry.route].has_id;
                part.id > rival.id || !stay
            }
        }
    })
}

/// Whether more than one of the hits can come out first.
pub(super) fn is_unsure(routes: &[Known], hits: &[Hit<'_>]) -> bool {
    let can = hits.iter().filter(|hit| may_win(routes, hits, hit));
    can.count() > 1
}

/// A hit as others see it.
pub(super) fn candidate(routes: &[Known], hit: &Hit<'_>, lost: Option<Loss>) -> Candidate {
    let known = &routes[hit.entry.route];
    Candidate {
        route: known.label.clone(),
        place: known.place.clone(),
        service: known.service.as_ref().map(|service| service.label.clone()),
        id: hit.entry.part.id,
        priority: hit.entry.part.priority,
        expression: hit.entry.part.expression.clone(),
        lost,
        may_win: false,
    }
}

/// Everything but the first.
pub(super) fn runners_up(routes: &[Known], hits: &[Hit<'_>]) -> Vec<Candidate> {
    let Some((winner, losers)) = hits.split_first() else {
        return Vec::new();
    };
    losers
        .iter()
        .map(|loser| {
            let loss = Loss::between(&winner.entry.part, &loser.entry.part);
            Candidate {
                may_win: may_win(routes, hits, loser),
                ..candidate(routes, loser, Some(loss))
            }
        })
        .collect()
}
