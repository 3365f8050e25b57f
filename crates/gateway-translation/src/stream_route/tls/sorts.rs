//! The connections of a TLSRoute, in sorts of which each becomes a route of Kong: where TLS ends, which names are asked
//! for, at which ports. Without a port a route of Kong for a name also gets plain connections on every port.
//!
//! Of a name at a port the oldest route has it. Names without wildcards come first, then the longer ones; what the
//! traditional flavour cannot put in order is said.

use std::collections::{BTreeMap, BTreeSet};

use kong_model::entity::Protocol;
use kong_resolve::Key;

use super::super::Matches;
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
    /// Whether it has to come before other routes that could get its connections.
    is_first: bool,
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
            is_first: self.is_first,
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
                    is_first: false,
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
        sorts.retain_mut(|sort| keep_own(context, route, sort, &mut owners));
    }
    // Only what is not plain can be for more than one name.
    owners.retain(|(_, name), _| !is_plain(name));
    for (route, sorts) in &mut routes {
        let is_mixed = sorts.len() > 1;
        for sort in sorts.iter_mut() {
            let covers = |wider: &String| {
                let mut snis = sort.snis.iter();
                snis.any(|sni| wider != sni && includes(wider, sni))
            };
            let mut wider = owners
                .iter()
                .filter(|((port, other), _)| sort.ports.contains(port) && covers(other));
            let first = wider.next();
            sort.is_first = first.is_some() && sort.snis.iter().all(|sni| is_plain(sni));
            if context.settings.expressions() {
                continue;
            }
            if let Some(((port, other), owner)) = first
                && !sort.is_first
                && (is_mixed || owner != *route)
            {
                say_unordered(context, route, *port, other);
            }
            if !sort.others.is_empty() {
                say_not_isolated(context, route, sort);
            }
        }
    }
}

/// Leaves out what older routes have; whether something is left. Names at several ports are one, so the one at all of them
/// goes.
fn keep_own(
    context: &Context<'_, '_>,
    route: &Key,
    sort: &mut Sort,
    owners: &mut BTreeMap<(u16, String), Key>,
) -> bool {
    let ports = sort.ports.clone();
    let mut keep = |sni: &str| {
        let place = |port: &u16| (*port, sni.to_owned());
        let owner = ports.iter().find_map(|port| owners.get(&place(port)));
        if let Some(owner) = owner.filter(|owner| *owner != route) {
            let name = if sni.is_empty() { "every name" } else { sni };
            context.say(
                route,
                "spec.hostnames",
                format!(
                    "{name} at the port of the listener belongs to {owner}, which is older; this route gets none of its \
                     connections"
                ),
                "give one of them other hostnames, or another listener",
            );
            return false;
        }
        for port in &ports {
            owners.entry(place(port)).or_insert_with(|| route.clone());
        }
        true
    };
    if sort.snis.is_empty() {
        return keep("");
    }
    sort.snis.retain(|sni| keep(sni));
    !sort.snis.is_empty()
}

fn say_unordered(context: &Context<'_, '_>, route: &Key, port: u16, other: &str) {
    let other = if other.is_empty() {
        "every name"
    } else {
        other
    };
    context.warn(
        route,
        "spec.hostnames",
        format!(
            "{} does not put names of TLS with wildcards in order: connections at port {port} may go to the route for {other} \
             as well as to this one",
            router(context)
        ),
        "use the expressions flavour of the router, or name the hosts one by one",
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
