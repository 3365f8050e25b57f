//! The routes of all units: which of two has a name, and in which order those are tried that can meet the same
//! requests.
//!
//! [`Routes::put`] takes what a unit gives; [`Routes::settle`] then decides what has become undecided by that, and
//! nothing else.

use std::collections::{BTreeSet, HashSet};

use kong_resolve::{Few, Map};
use uuid::Uuid;

use super::graph::{Id, Unit};
use crate::context::{Problem, UNSUPPORTED};
use crate::document::DeclaredRoute;
use crate::part::{self, Host, Part, PartRoute, Rank};

/// A part, by who gives it and its number there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct PartRef {
    pub(super) of: Id,
    part: u32,
}

/// A route of a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct RouteRef {
    part: PartRef,
    route: u32,
}

/// A route that has a host.
#[derive(Clone, Copy, Debug)]
struct OfHost {
    route: RouteRef,
    /// Whether it has others as well: of the many that have none nothing else is read to know whom they can meet.
    has_others: bool,
}

/// Who gives routes: the time of its creation, so that the oldest counts, and what it is.
pub(super) type Age = (i64, Unit);

/// What a unit gives.
#[derive(Clone, Debug)]
struct Given {
    age: Age,
    parts: Vec<Part>,
    /// What was decided about each route of each part.
    marks: Vec<Vec<Mark>>,
}

/// What was decided about a route.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Mark {
    rank: Rank,
    /// Whether an older one has its name.
    is_lost: bool,
}

/// What has changed of the parts of services.
#[derive(Clone, Debug, Default)]
pub(super) struct Change {
    /// Parts that are no more, by the names of their services.
    pub(super) gone: Vec<(String, PartRef)>,
    /// Parts that are new.
    pub(super) new: Vec<(String, PartRef)>,
}

/// What was decided anew.
#[derive(Clone, Debug, Default)]
pub(super) struct Settled {
    /// Services of which routes have come or gone by that.
    pub(super) services: BTreeSet<String>,
    /// Services of which routes have another priority.
    pub(super) reordered: BTreeSet<String>,
    /// How many routes were put in order.
    pub(super) ordered: usize,
}

/// The routes of all units.
#[derive(Clone, Debug, Default)]
pub(super) struct Routes {
    /// Whether each route is kept, whoever has its name.
    keeps_all: bool,
    given: Map<Id, Given>,
    /// Who has, or wants, the route of each id, which follows from its name.
    names: Map<Uuid, Few<RouteRef>>,
    /// Ids that several want.
    contested: BTreeSet<Uuid>,
    /// Ids about which it has to be decided.
    undecided: BTreeSet<Uuid>,
    /// The routes that have to be put in order for each host.
    hosts: Map<Host, Vec<OfHost>>,
    /// Hosts whose routes have to be put in order.
    unordered: BTreeSet<Host>,
}

fn number(index: usize) -> u32 {
    u32::try_from(index).expect("there are fewer parts and routes than numbers")
}

fn each_route(of: Id, parts: &[Part]) -> impl Iterator<Item = (RouteRef, &PartRoute)> {
    parts.iter().enumerate().flat_map(move |(part, it)| {
        let part = PartRef {
            of,
            part: number(part),
        };
        let routes = it.routes.iter().enumerate();
        routes.map(move |(route, it)| {
            let route = number(route);
            (RouteRef { part, route }, it)
        })
    })
}

fn each_part(of: Id, parts: &[Part]) -> Vec<(String, PartRef)> {
    let parts = parts.iter().enumerate();
    parts
        .map(|(part, it)| {
            let part = number(part);
            (it.service().to_owned(), PartRef { of, part })
        })
        .collect()
}

impl Routes {
    /// None yet. Of routes of one name one counts, or as Kong's controller has it each.
    pub(super) fn new(keeps_all: bool) -> Self {
        Self {
            keeps_all,
            ..Self::default()
        }
    }

    /// A unit gives these parts from now on.
    pub(super) fn put(&mut self, of: Id, age: Age, mut parts: Vec<Part>) -> Change {
        if let Some(given) = self.given.get(&of)
            && given.age == age
            && given.parts == parts
        {
            return Change::default();
        }
        let gone = self.withdraw(of);
        // They are many, and they stay.
        parts.shrink_to_fit();
        parts.iter_mut().for_each(Part::shrink);
        for (reference, route) in each_route(of, &parts) {
            let id = route.route.id;
            let name = self.names.entry(id).or_default();
            name.insert(reference);
            if matches!(name, Few::Many(_)) && !self.keeps_all {
                self.undecided.insert(id);
            }
            let hosts = route.hosts();
            let of_host = OfHost {
                route: reference,
                has_others: hosts.len() > 1,
            };
            for host in hosts {
                self.hosts.entry(host.clone()).or_default().push(of_host);
                self.unordered.insert(host);
            }
        }
        let new = each_part(of, &parts);
        let marks = parts
            .iter()
            .map(|part| vec![Mark::default(); part.routes.len()])
            .collect();
        if !parts.is_empty() {
            self.given.insert(of, Given { age, parts, marks });
        }
        Change { gone, new }
    }

    fn withdraw(&mut self, of: Id) -> Vec<(String, PartRef)> {
        let Some(given) = self.given.remove(&of) else {
            return Vec::new();
        };
        let mut left: HashSet<Host> = HashSet::new();
        for (reference, route) in each_route(of, &given.parts) {
            let id = route.route.id;
            if let Some(name) = self.names.get_mut(&id) {
                if matches!(name, Few::Many(_)) && !self.keeps_all {
                    self.undecided.insert(id);
                }
                name.remove(&reference);
                if name.is_empty() {
                    self.names.remove(&id);
                }
            }
            left.extend(route.hosts());
        }
        for host in left {
            if let Some(routes) = self.hosts.get_mut(&host) {
                routes.retain(|it| it.route.part.of != of);
                if routes.is_empty() {
                    self.hosts.remove(&host);
                }
            }
            self.unordered.insert(host);
        }
        each_part(of, &given.parts)
    }

    /// Whether something is undecided.
    pub(super) fn is_unsettled(&self) -> bool {
        !self.undecided.is_empty() || !self.unordered.is_empty()
    }

    /// Decides what is undecided.
    pub(super) fn settle(&mut self) -> Settled {
        let mut settled = Settled::default();
        for id in std::mem::take(&mut self.undecided) {
            self.decide(id, &mut settled.services);
        }
        let mut seen: HashSet<Host> = HashSet::new();
        for host in std::mem::take(&mut self.unordered) {
            if !seen.contains(&host) {
                let set = self.who_can_meet(host, &mut seen);
                settled.ordered += set.len();
                self.order(set, &mut settled.reordered);
            }
        }
        settled
    }

    /// The oldest of those that want a name has it.
    fn decide(&mut self, id: Uuid, services: &mut BTreeSet<String>) {
        let all: Vec<RouteRef> = self.names.get(&id).into_iter().flatten().copied().collect();
        if all.len() > 1 {
            self.contested.insert(id);
        } else {
            self.contested.remove(&id);
        }
        let winner = self.oldest(&all);
        for route in all {
            let is_lost = Some(route) != winner;
            let Some(mark) = self.mark(route) else {
                continue;
            };
            if mark.is_lost != is_lost {
                mark.is_lost = is_lost;
                services.extend(self.part(route.part).map(|part| part.service().to_owned()));
            }
        }
    }

    fn oldest(&self, routes: &[RouteRef]) -> Option<RouteRef> {
        let age = |route: &&RouteRef| {
            let given = self.given.get(&route.part.of);
            (given.map(|given| &given.age), route.part.part, route.route)
        };
        routes.iter().min_by_key(age).copied()
    }

    /// The routes that can meet those of a host, directly or through others; their hosts are seen by then.
    fn who_can_meet(&self, host: Host, seen: &mut HashSet<Host>) -> Vec<RouteRef> {
        let mut all: BTreeSet<RouteRef> = BTreeSet::new();
        let mut next: Vec<Host> = vec![host.clone()];
        seen.insert(host);
        while let Some(host) = next.pop() {
            for of_host in self.hosts.get(&host).into_iter().flatten() {
                if !all.insert(of_host.route) || !of_host.has_others {
                    continue;
                }
                let others = self.route(of_host.route).map(|(route, _)| route.hosts());
                for other in others.into_iter().flatten() {
                    if seen.insert(other.clone()) {
                        next.push(other);
                    }
                }
            }
        }
        all.into_iter().collect()
    }

    /// Gives routes their ranks.
    fn order(&mut self, set: Vec<RouteRef>, reordered: &mut BTreeSet<String>) {
        let (set, routes): (Vec<RouteRef>, Vec<&PartRoute>) = set
            .into_iter()
            .filter_map(|reference| {
                let (route, _) = self.route(reference)?;
                route.place.is_some().then_some((reference, route))
            })
            .unzip();
        let ranks = part::ranks(&routes);
        for (route, rank) in set.into_iter().zip(ranks) {
            let Some(mark) = self.mark(route).filter(|mark| mark.rank != rank) else {
                continue;
            };
            mark.rank = rank;
            reordered.extend(self.part(route.part).map(|part| part.service().to_owned()));
        }
    }

    fn mark(&mut self, route: RouteRef) -> Option<&mut Mark> {
        let given = self.given.get_mut(&route.part.of)?;
        let marks = given.marks.get_mut(route.part.part as usize)?;
        marks.get_mut(route.route as usize)
    }

    fn route(&self, route: RouteRef) -> Option<(&PartRoute, &Mark)> {
        let given = self.given.get(&route.part.of)?;
        let (part, index) = (route.part.part as usize, route.route as usize);
        let mark = given.marks.get(part)?.get(index)?;
        Some((given.parts.get(part)?.routes.get(index)?, mark))
    }

    /// A part.
    pub(super) fn part(&self, part: PartRef) -> Option<&Part> {
        let given = self.given.get(&part.of)?;
        given.parts.get(part.part as usize)
    }

    /// By what parts are put in order that have no order of their own.
    pub(super) fn place(&self, part: PartRef) -> Option<(&Age, u32)> {
        Some((&self.given.get(&part.of)?.age, part.part))
    }

    /// The routes of a part that have their names.
    pub(super) fn named(&self, part: PartRef) -> impl Iterator<Item = &PartRoute> {
        self.marked(part).map(|(route, _)| route)
    }

    /// The same as they are declared.
    pub(super) fn declared(&self, part: PartRef) -> impl Iterator<Item = DeclaredRoute> {
        self.marked(part).map(|(route, mark)| {
            let mut declared = route.route.clone();
            if route.place.is_some() {
                match &mut declared.expression {
                    Some((_, priority)) => {
                        let rank = mark.rank.priority.unwrap_or_default();
                        *priority = u64::try_from(rank).unwrap_or_default();
                    }
                    // Kong has 0 for who has none.
                    None => {
                        declared.route.regex_priority = mark.rank.priority.filter(|rank| *rank > 0);
                    }
                }
            }
            declared
        })
    }

    fn marked(&self, part: PartRef) -> impl Iterator<Item = (&PartRoute, &Mark)> {
        let given = self.given.get(&part.of);
        let index = part.part as usize;
        let routes = given.and_then(|given| given.parts.get(index));
        let marks = given.and_then(|given| given.marks.get(index));
        let routes = routes.into_iter().flat_map(|part| &part.routes);
        let marks = marks.into_iter().flatten();
        routes.zip(marks).filter(|(_, mark)| !mark.is_lost)
    }

    /// What is wrong with the names of routes and with their order.
    pub(super) fn problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        for given in self.given.values() {
            let marks = given.marks.iter().flatten();
            problems.extend(marks.flat_map(|mark| &mark.rank.problems).cloned());
        }
        for id in &self.contested {
            let all: Vec<RouteRef> = self.names.get(id).into_iter().flatten().copied().collect();
            let winner = self.oldest(&all).and_then(|winner| self.route(winner));
            let Some((winner, _)) = winner else {
                continue;
            };
            let losers = all.iter().filter_map(|route| self.route(*route));
            for (loser, _) in losers.filter(|(_, mark)| mark.is_lost) {
                problems.push(taken(loser, winner));
            }
        }
        problems
    }
}

fn taken(loser: &PartRoute, winner: &PartRoute) -> Problem {
    let rule = loser.route.from.first().and_then(|from| from.rule);
    Problem {
        object: loser.object.clone(),
        field: rule.map_or_else(String::new, |rule| format!("spec.rules[{rule}]")),
        message: format!(
            "route {}: {} has one of the same name, and Kong takes no two; it is left out",
            loser.route.name(),
            winner.object
        ),
        remedy: "choose another name for the object".to_owned(),
        harmless: false,
        costs: Some(UNSUPPORTED),
    }
}
