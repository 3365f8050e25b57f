//! The connections of a TLSRoute, in sorts of which each becomes a route of Kong: where TLS ends, which names are asked
//! for, at which ports. Without a port a route of Kong for a name also gets plain connections on every port.
//!
//! Of a name at a port the oldest route has it. Names without wildcards come first, then the longer ones; in the
//! traditional flavour by [levels](super::super::levels), and what has none left is said.

use std::collections::{BTreeMap, BTreeSet};

use kong_model::entity::Protocol;
use kong_resolve::Key;

use super::super::Matches;
use super::super::levels::HIGHEST;
use crate::context::Context;
use crate::isolation::router;
use crate::listeners::{Attached, Attachment, Door, Reach, includes};

/// What a name without a wildcard has above all others in priorities.
const PLAIN: u64 = 1 << 9;

/// Connections of a route that are treated alike.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Sort {
    passthrough: bool,
    /// The names, none for all.
    pub(super) snis: Vec<String>,
    pub(super) ports: Vec<u16>,
    /// Names that are left to others.
    others: Vec<String>,
    /// How many wildcards there are for its names that have to come after it.
    level: usize,
}

impl Sort {
    /// Connections with these names, wherever they come in.
    pub(super) fn plain(passthrough: bool, snis: Vec<String>) -> Self {
        Self {
            passthrough,
            snis,
            ..Self::default()
        }
    }

    pub(super) fn matches(&self) -> Matches<'_> {
        let longest = self.snis.iter().map(|sni| rank(sni)).max();
        Matches {
            protocol: if self.passthrough {
                Protocol::TlsPassthrough
            } else {
                Protocol::Tls
            },
            snis: &self.snis,
            ports: &self.ports,
            others: &self.others,
            level: self.level,
            rank: longest.unwrap_or_default(),
        }
    }
}

/// How specific a name is.
fn rank(sni: &str) -> u64 {
    let length = u64::try_from(sni.len()).unwrap_or_default().min(PLAIN - 1);
    if is_plain(sni) { PLAIN } else { length }
}

fn is_plain(sni: &str) -> bool {
    !sni.is_empty() && !sni.starts_with('*')
}

/// The sorts of a route whose listeners are known: names that come in at the same doors and are as specific as each
/// other are one.
pub(super) fn by_doors(context: &Context<'_, '_>, reach: &Reach) -> Vec<Sort> {
    let mut sorts: Vec<(u64, Sort)> = Vec::new();
    for tls in [true, false] {
        for (host, doors) in &reach.hosts {
            let own = doors.iter().filter(|(door, _)| door.tls == tls);
            let mut by_others: BTreeMap<&BTreeSet<String>, Vec<u16>> = BTreeMap::new();
            for (Door { port, .. }, others) in own {
                let ports = by_others.entry(others).or_default();
                ports.extend(u16::try_from(*port).ok());
            }
            // Where nothing is put in order by them, names of any sort are together.
            let order = if context.settings.expressions() {
                rank(host)
            } else {
                u64::from(is_plain(host))
            };
            for (others, ports) in by_others {
                let sort = Sort {
                    passthrough: !tls,
                    snis: Vec::new(),
                    ports,
                    others: others.iter().cloned().collect(),
                    level: 0,
                };
                let named = (!host.is_empty()).then(|| host.clone());
                let known = sorts.iter_mut().find(|(known, it)| {
                    let bare = Sort {
                        snis: Vec::new(),
                        ..it.clone()
                    };
                    *known == order && bare == sort && named.is_some() && !it.snis.is_empty()
                });
                match known {
                    Some((_, known)) => known.snis.extend(named),
                    None => sorts.push((
                        order,
                        Sort {
                            snis: named.into_iter().collect(),
                            ..sort
                        },
                    )),
                }
            }
        }
    }
    sorts.into_iter().map(|(_, sort)| sort).collect()
}

/// The sorts of a route of which not all listeners are known: one for where TLS ends here, and one for where it goes
/// through. What is not known has a port, too, so none is asked for.
pub(super) fn by_listeners(attachment: &Attachment<'_>) -> Vec<Sort> {
    let mut modes: BTreeSet<bool> = BTreeSet::new();
    modes.extend(attachment.listeners.iter().map(Attached::is_passthrough));
    if modes.is_empty() {
        modes.insert(false);
    }
    let sort = |passthrough| Sort::plain(passthrough, attachment.hostnames.clone());
    modes.into_iter().map(sort).collect()
}

/// Gives each name at a port to the oldest route that wants it, and finds out which sorts have to come first. The routes
/// come from the oldest to the youngest.
pub(super) fn arbitrate(context: &Context<'_, '_>, mut routes: Vec<(&Key, &mut Vec<Sort>)>) {
    let mut owners: BTreeMap<(u16, String), Key> = BTreeMap::new();
    for (route, sorts) in &mut routes {
        let wanted = std::mem::take(*sorts);
        let own = wanted
            .iter()
            .flat_map(|it| keep_own(context, route, it, &mut owners));
        sorts.extend(own.collect::<Vec<_>>());
    }
    if context.settings.expressions() {
        return;
    }
    // Only what is not plain can be for more than one name.
    let names = owners.keys().map(|(_, name)| name);
    let wildcards: BTreeSet<&String> = names.filter(|name| !is_plain(name)).collect();
    let level = |sni: &str| {
        let others = wildcards.iter().filter(|other| ***other != sni);
        others.filter(|other| includes(other, sni)).count()
    };
    for (route, sorts) in &mut routes {
        let whole = std::mem::take(*sorts);
        sorts.extend(whole.into_iter().flat_map(|it| by_level(it, level)));
        for sort in sorts.iter() {
            if sort.level > HIGHEST {
                say_unordered(context, route, sort);
            }
            if !sort.others.is_empty() {
                say_not_isolated(context, route, sort);
            }
        }
    }
}

/// A sort for each level of the names in one.
fn by_level(sort: Sort, level: impl Fn(&str) -> usize) -> Vec<Sort> {
    if sort.snis.is_empty() {
        return vec![sort];
    }
    let mut levels: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    for sni in &sort.snis {
        levels.entry(level(sni)).or_default().push(sni.clone());
    }
    let of_level = |(level, snis)| Sort {
        snis,
        level,
        ..sort.clone()
    };
    levels.into_iter().map(of_level).collect()
}

/// What older routes do not have of a sort: the names that it has at the same ports are one.
fn keep_own(
    context: &Context<'_, '_>,
    route: &Key,
    sort: &Sort,
    owners: &mut BTreeMap<(u16, String), Key>,
) -> Vec<Sort> {
    let everything = sort.snis.is_empty().then(String::new);
    let mut by_ports: Vec<(Vec<u16>, Vec<String>)> = Vec::new();
    for sni in sort.snis.iter().cloned().chain(everything) {
        let mut taken: BTreeMap<&Key, Vec<u16>> = BTreeMap::new();
        let mut own = Vec::new();
        for port in &sort.ports {
            let owner = owners
                .entry((*port, sni.clone()))
                .or_insert_with(|| route.clone());
            if owner == route {
                own.push(*port);
            }
        }
        for port in sort.ports.iter().filter(|port| !own.contains(port)) {
            if let Some(owner) = owners.get(&(*port, sni.clone())) {
                taken.entry(owner).or_default().push(*port);
            }
        }
        for (owner, ports) in taken {
            say_taken(context, route, &sni, &ports, owner);
        }
        if own.is_empty() && !sort.ports.is_empty() {
            continue;
        }
        match by_ports.iter_mut().find(|(ports, _)| *ports == own) {
            Some((_, snis)) => snis.push(sni),
            None => by_ports.push((own, vec![sni])),
        }
    }
    let of_ports = |(ports, snis): (Vec<u16>, Vec<String>)| Sort {
        snis: snis.into_iter().filter(|sni| !sni.is_empty()).collect(),
        ports,
        ..sort.clone()
    };
    by_ports.into_iter().map(of_ports).collect()
}

fn say_taken(context: &Context<'_, '_>, route: &Key, sni: &str, ports: &[u16], owner: &Key) {
    let name = if sni.is_empty() { "every name" } else { sni };
    let ports: Vec<String> = ports.iter().map(u16::to_string).collect();
    context.say(
        route,
        "spec.hostnames",
        format!(
            "{name} at port {} belongs to {owner}, which is older; this route gets none of its connections",
            ports.join(", ")
        ),
        "give one of them other hostnames, or another listener",
    );
}

fn say_unordered(context: &Context<'_, '_>, route: &Key, sort: &Sort) {
    context.warn(
        route,
        "spec.hostnames",
        format!(
            "more than {HIGHEST} wildcards are for {}, and {} puts no more of them in order: the connections may go to other \
             routes as well as to this one",
            sort.snis.join(", "),
            router(context)
        ),
        "use the expressions flavour of the router, or fewer wildcards",
    );
}

fn say_not_isolated(context: &Context<'_, '_>, route: &Key, sort: &Sort) {
    context.warn(
        route,
        "spec.parentRefs",
        format!(
            "{} cannot leave {} to the listener that it belongs to: this route gets those connections that no route of that \
             listener takes",
            router(context),
            sort.others.join(", ")
        ),
        "use the expressions flavour of the router of Kong 3.6 or newer",
    );
}
