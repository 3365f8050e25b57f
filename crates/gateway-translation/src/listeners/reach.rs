//! At which ports a route answers for each of its hosts, and which hosts below those it leaves alone.
//!
//! Requests that come to a port belong to the listener there whose hostname fits best, and only routes that are attached
//! to that one answer. So a host that another listener fits better is none of a route, unless the route is attached to
//! that one as well; and a wildcard leaves out what other listeners of its port are for. Start with [`Reach::of`].

use std::collections::{BTreeMap, BTreeSet};

use gateway_types::{Listener, Protocol, TLSMode};
use kong_resolve::Name;

use super::accepted::has_hostnames;
use super::gateways::gateway;
use super::hostnames::meet;
use super::{Attached, Bound};
use crate::context::Context;

/// A port at which requests of HTTP come in, with TLS or without, or connections of TLS, which ends here or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Door {
    pub(crate) port: i64,
    pub(crate) tls: bool,
}

/// The doors at which one host of a route is answered, each with the hosts that it leaves to others there.
pub(crate) type Doors = BTreeMap<Door, BTreeSet<String>>;

/// Where a route answers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Reach {
    /// Its hosts in their order, an empty one for all.
    pub(crate) hosts: Vec<(String, Doors)>,
    /// All doors of the Gateways that it is attached to.
    pub(crate) all: BTreeSet<Door>,
    /// Hosts that it would have, but for listeners that they belong to.
    pub(crate) lost: BTreeSet<(String, String)>,
}

/// Whether a hostname, of which an empty one is for all, is for everything that another one is for.
pub(crate) fn includes(one: &str, other: &str) -> bool {
    one.is_empty() || (!other.is_empty() && meet(one, other) == Some(other))
}

/// The hostname of a listener in lower case; empty for all.
pub(crate) fn hostname(listener: &Listener) -> String {
    let own = listener.hostname.as_deref().unwrap_or_default();
    own.to_ascii_lowercase()
}

/// The door of a listener of TLS.
pub(super) fn tls_door(listener: &Listener) -> Option<Door> {
    let mode = listener.tls.as_ref().and_then(|tls| tls.mode.as_ref());
    (listener.protocol == Protocol::TLS).then(|| Door {
        port: listener.port,
        tls: mode != Some(&TLSMode::Passthrough),
    })
}

/// The door of a listener of HTTP.
pub(crate) fn door(listener: &Listener) -> Option<Door> {
    let tls = match listener.protocol {
        Protocol::HTTP => false,
        Protocol::HTTPS => true,
        _ => return None,
    };
    Some(Door {
        port: listener.port,
        tls,
    })
}

impl Reach {
    /// The doors at which one of the hosts is answered.
    pub(crate) fn doors(&self, host: &str) -> Option<&Doors> {
        let mut hosts = self.hosts.iter();
        hosts
            .find(|(known, _)| known == host)
            .map(|(_, doors)| doors)
    }

    /// That of a route which listeners take with these hostnames, of which none means all.
    pub(super) fn of(
        context: &Context<'_, '_>,
        met: &[(Attached<'_>, Vec<String>)],
        door: fn(&Listener) -> Option<Door>,
    ) -> Self {
        let mut reach = Self::default();
        let gateways: BTreeSet<&Name> = met.iter().map(|(attached, _)| &attached.gateway).collect();
        for name in gateways {
            let Some(gateway) = gateway(context, name) else {
                continue;
            };
            let usable = gateway.listeners.iter().filter(|it| it.against.is_none());
            reach
                .all
                .extend(usable.filter_map(|bound| door(bound.listener)));
        }
        for (attached, hostnames) in met {
            let Some(door) = door(attached.listener) else {
                continue;
            };
            let rivals = rivals(context, attached);
            let everything = hostnames.is_empty().then(String::new);
            let hosts = hostnames.iter().map(|host| host.to_ascii_lowercase());
            for host in hosts.chain(everything) {
                reach.add(door, host, &rivals, met, attached);
            }
        }
        reach.hosts.retain(|(_, doors)| !doors.is_empty());
        let kept: BTreeSet<&String> = reach.hosts.iter().map(|(host, _)| host).collect();
        reach.lost.retain(|(host, _)| !kept.contains(host));
        reach
    }

    fn add(
        &mut self,
        door: Door,
        host: String,
        rivals: &[Rival],
        met: &[(Attached<'_>, Vec<String>)],
        attached: &Attached<'_>,
    ) {
        let is_own = |rival: &Rival| {
            met.iter().any(|(other, _)| {
                other.gateway == attached.gateway
                    && other.owner == rival.owner
                    && other.listener.name == rival.name
            })
        };
        // What fits better takes the host as a whole; if that is a listener of the route, too, it counts there.
        if let Some(better) = rivals.iter().find(|it| includes(&it.hostname, &host)) {
            if !is_own(better) {
                self.lost.insert((host, better.name.clone()));
            }
            return;
        }
        let below = rivals
            .iter()
            .filter(|it| includes(&host, &it.hostname) && !is_own(it));
        let below: Vec<&str> = below.map(|it| it.hostname.as_str()).collect();
        let is_first = |host: &&str| !below.iter().any(|it| it != host && includes(it, host));
        let first = below.iter().copied().filter(is_first);
        let others: BTreeSet<String> = first.map(str::to_owned).collect();
        let known = self.hosts.iter().position(|(known, _)| *known == host);
        let place = known.unwrap_or(self.hosts.len());
        if known.is_none() {
            self.hosts.push((host, Doors::new()));
        }
        let doors = &mut self.hosts[place].1;
        let others = match doors.remove(&door) {
            // One of the Gateways leaves it to the route.
            Some(known) => &known & &others,
            None => others,
        };
        doors.insert(door, others);
    }
}

/// A listener of the same port whose hostname is more specific.
struct Rival {
    owner: kong_resolve::Key,
    name: String,
    hostname: String,
}

/// The listeners beside one that fit some of its hosts better.
fn rivals(context: &Context<'_, '_>, attached: &Attached<'_>) -> Vec<Rival> {
    let Some(gateway) = gateway(context, &attached.gateway) else {
        return Vec::new();
    };
    let own = hostname(attached.listener);
    let is_beside = |bound: &&Bound<'_>| {
        bound.against.is_none()
            && bound.listener.port == attached.listener.port
            && bound.listener.protocol == attached.listener.protocol
            && has_hostnames(bound.listener)
    };
    let beside = gateway.listeners.iter().filter(is_beside);
    beside
        .map(|bound| Rival {
            owner: bound.owner.clone(),
            name: bound.listener.name.clone(),
            hostname: hostname(bound.listener),
        })
        .filter(|rival| rival.hostname != own && includes(&own, &rival.hostname))
        .collect()
}
