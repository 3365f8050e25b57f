//! Where requests go by the specification of the Gateway API 1.6, read off its text and knowing nothing of Kong.
//!
//! A request comes to a port. Of the listeners of each Gateway there the one with the most specific hostname serves it,
//! with the routes that are attached to it. Of all matches that hold the most specific counts ([`Rank`]), and what is
//! left open there the age of the route decides, its name, and then who stands first. [`winners`] is for HTTP and
//! gRPC, [`connection`] for TLS.
//!
//! Two things the specification leaves to implementations: where regular expressions stand among paths (between exact
//! ones and prefixes, the longer first), and what they have to match (a path from its beginning, a value anywhere).

use std::cmp::Reverse;
use std::collections::BTreeSet;

use regex::Regex;

use super::scene::{Call, Gateway, Kind, Listener, Match, Named, PathKind, Protocol, Route, Scene};
use super::uri;

/// A request of HTTP or a call of gRPC.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) port: u16,
    pub(super) protocol: Protocol,
    pub(super) host: &'static str,
    pub(super) method: &'static str,
    /// With the query.
    pub(super) target: String,
    pub(super) headers: Vec<(String, String)>,
}

/// What may be read otherwise than it stands there, as a limit that was told of.
#[derive(Clone, Debug, Default)]
pub(super) struct Reading {
    /// Routes whose values of headers are compared without regard to case.
    pub(super) folds_values: BTreeSet<usize>,
    /// Routes to which names of headers with `_` and with `-` are the same.
    pub(super) folds_names: BTreeSet<usize>,
    /// Routes that answer at every port of their Gateways, whatever other listeners there are.
    pub(super) anywhere: BTreeSet<usize>,
    /// Matches that are left out, by route, rule and match; without a match the whole rule.
    pub(super) without: BTreeSet<(usize, usize, Option<usize>)>,
}

/// What of headers is the same to a route.
#[derive(Clone, Copy, Debug)]
struct Folds {
    values: bool,
    names: bool,
}

/// Which match of which rule takes a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) route: usize,
    pub(super) rule: usize,
    pub(super) index: usize,
}

/// What precedence goes by, from above; the greater is first.
type Rank<'s> = (
    HostRank,
    Specificity,
    Reverse<u8>,
    Reverse<(&'s str, &'s str)>,
    Reverse<(usize, usize)>,
);

/// Whether a hostname has no wildcard, then its length.
type HostRank = (bool, usize);

/// What counts of a match: kind and length of the path or service and method, method, headers, query parameters.
type Specificity = (usize, usize, bool, usize, usize);

/// A hostname that may begin with a wildcard; `None` for all.
type Hostname = Option<&'static str>;

/// All matches that hold for a request, the winner first.
pub(super) fn winners(scene: &Scene, request: &Request, reading: &Reading) -> Vec<Place> {
    let mut holding: Vec<(Rank<'_>, Place)> = Vec::new();
    for gateway in scene.gateways.iter().filter(|it| it.ours) {
        let at = |it: &&Listener| it.port == request.port && it.protocol == request.protocol;
        let serving = most_specific(gateway.listeners.iter().filter(at), request.host);
        for (number, route) in scene.routes.iter().enumerate() {
            let rank = |listener| host_rank(gateway, listener, route, request.host);
            let host = if reading.anywhere.contains(&number) {
                gateway.listeners.iter().filter_map(rank).max()
            } else {
                serving.and_then(rank)
            };
            let Some(host) = host else {
                continue;
            };
            let folds = Folds {
                values: reading.folds_values.contains(&number),
                names: reading.folds_names.contains(&number),
            };
            for (rule, spec) in route.rules.iter().enumerate() {
                let everything = [Match::default()];
                let matches = if spec.matches.is_empty() {
                    &everything
                } else {
                    &spec.matches[..]
                };
                for (index, it) in matches.iter().enumerate() {
                    let left_out = [None, Some(index)]
                        .into_iter()
                        .any(|index| reading.without.contains(&(number, rule, index)));
                    if left_out || !holds(route.kind, it, request, folds) {
                        continue;
                    }
                    let rank = (
                        host,
                        specificity(route.kind, it),
                        Reverse(route.day),
                        Reverse((route.namespace, route.name.as_str())),
                        Reverse((rule, index)),
                    );
                    holding.push((
                        rank,
                        Place {
                            route: number,
                            rule,
                            index,
                        },
                    ));
                }
            }
        }
    }
    holding.sort_by(|one, other| other.cmp_rank(one));
    holding.into_iter().map(|(_, place)| place).collect()
}

/// Comparison by rank alone.
trait Ranked {
    fn cmp_rank(&self, other: &Self) -> std::cmp::Ordering;
}

impl Ranked for (Rank<'_>, Place) {
    fn cmp_rank(&self, other: &Self) -> std::cmp::Ordering {
        self.0.cmp(&other.0)
    }
}

/// The TLSRoute that a connection goes to.
pub(super) fn connection(scene: &Scene, port: u16, sni: Option<&str>) -> Option<usize> {
    let sni = sni?;
    let mut holding = Vec::new();
    for gateway in scene.gateways.iter().filter(|it| it.ours) {
        let at = |it: &&Listener| it.port == port && it.protocol == Protocol::Tls;
        let Some(listener) = most_specific(gateway.listeners.iter().filter(at), sni) else {
            continue;
        };
        for (number, route) in scene.routes.iter().enumerate() {
            if let Some(host) = host_rank(gateway, listener, route, sni) {
                let name = (route.namespace, route.name.as_str());
                holding.push((host, Reverse(route.day), Reverse(name), number));
            }
        }
    }
    holding.into_iter().max().map(|(.., number)| number)
}

/// The listener whose hostname is the most specific of those that a host has.
fn most_specific<'l>(
    listeners: impl Iterator<Item = &'l Listener>,
    host: &str,
) -> Option<&'l Listener> {
    listeners
        .filter_map(|it| Some((fit(it.hostname, host)?, it)))
        .max_by_key(|(rank, _)| *rank)
        .map(|(_, it)| it)
}

/// How well a hostname fits a host, if it does.
fn fit(hostname: Hostname, host: &str) -> Option<HostRank> {
    match hostname {
        None => Some((false, 0)),
        Some(name) => match name.strip_prefix('*') {
            Some(end) => {
                (host.len() > end.len() && host.ends_with(end)).then_some((false, name.len()))
            }
            None => (name == host).then_some((true, name.len())),
        },
    }
}

/// How well a host fits what of the hostnames of a route is the listener's; `None` if the route is not attached to it,
/// or not for the host.
fn host_rank(
    gateway: &Gateway,
    listener: &Listener,
    route: &Route,
    host: &str,
) -> Option<HostRank> {
    if !is_attached(gateway, listener, route) {
        return None;
    }
    let both: Vec<Hostname> = if route.hostnames.is_empty() {
        vec![listener.hostname]
    } else {
        let met = route
            .hostnames
            .iter()
            .filter_map(|it| intersection(Some(it), listener.hostname));
        met.collect()
    };
    both.into_iter()
        .filter_map(|hostname| fit(hostname, host))
        .max()
}

/// Whether a listener has been asked for by a route and takes it, hostnames aside.
fn is_attached(gateway: &Gateway, listener: &Listener, route: &Route) -> bool {
    let of_protocol = match listener.protocol {
        Protocol::Http | Protocol::Https => matches!(route.kind, Kind::Http | Kind::Grpc),
        Protocol::Tls => route.kind == Kind::Tls,
    };
    let takes = of_protocol
        && listener.only.is_none_or(|only| only == route.kind)
        && (listener.everywhere || gateway.namespace == route.namespace);
    takes
        && route.parents.iter().any(|parent| {
            parent.namespace.unwrap_or(route.namespace) == gateway.namespace
                && parent.name == gateway.name
                && parent
                    .section
                    .is_none_or(|section| section == listener.name)
                && parent.port.is_none_or(|port| port == listener.port)
        })
}

/// What two hostnames have in common; `None` if nothing.
fn intersection(one: Hostname, other: Hostname) -> Option<Hostname> {
    let (Some(first), Some(second)) = (one, other) else {
        return Some(one.or(other));
    };
    let within = |inner: &str, outer: &str| {
        outer.strip_prefix('*').is_some_and(|end| {
            let inner = inner.strip_prefix('*').unwrap_or(inner);
            inner.len() > end.len() && inner.ends_with(end)
        })
    };
    if first == second || within(first, second) {
        Some(one)
    } else if within(second, first) {
        Some(other)
    } else {
        None
    }
}

/// Whether all that a match asks for is there.
fn holds(kind: Kind, it: &Match, request: &Request, folds: Folds) -> bool {
    let path = uri::path_of(&request.target);
    let by_path = match kind {
        Kind::Http => it
            .path
            .is_none_or(|(kind, value)| path_holds(kind, value, &path)),
        Kind::Grpc => it.call.as_ref().is_none_or(|call| call_holds(call, &path)),
        Kind::Tls => false,
    };
    let queries = uri::query_of(&request.target);
    by_path
        && it.method.is_none_or(|method| method == request.method)
        && firsts(&it.headers, true).iter().all(|named| {
            let same = |name: &str| {
                let other = if folds.names {
                    named.name.replace('_', "-")
                } else {
                    named.name.clone()
                };
                let name = if folds.names {
                    name.replace('_', "-")
                } else {
                    name.to_owned()
                };
                name.eq_ignore_ascii_case(&other)
            };
            let mut values = request.headers.iter().filter(|(name, _)| same(name));
            values.any(|(_, value)| value_holds(named, value, folds.values))
        })
        && firsts(&it.queries, false).iter().all(|named| {
            let mut values = queries.iter().filter(|(name, _)| *name == named.name);
            values.any(|(_, value)| value_holds(named, value, false))
        })
}

/// Of several matches of one name the first counts.
fn firsts(all: &[Named], folds: bool) -> Vec<&Named> {
    let mut firsts: Vec<&Named> = Vec::new();
    for it in all {
        let same = |other: &&Named| {
            if folds {
                other.name.eq_ignore_ascii_case(&it.name)
            } else {
                other.name == it.name
            }
        };
        if !firsts.iter().any(same) {
            firsts.push(it);
        }
    }
    firsts
}

fn value_holds(named: &Named, value: &str, folds: bool) -> bool {
    if named.regex {
        let flags = if folds { "(?i)" } else { "" };
        return Regex::new(&format!("{flags}{}", named.value))
            .is_ok_and(|regex| regex.is_match(value));
    }
    if folds {
        named.value.eq_ignore_ascii_case(value)
    } else {
        named.value == value
    }
}

fn path_holds(kind: PathKind, value: &str, path: &str) -> bool {
    match kind {
        PathKind::Exact => uri::canonical(value) == path,
        PathKind::Prefix => {
            let value = uri::canonical(value);
            let wanted: Vec<&str> = value.split('/').filter(|it| !it.is_empty()).collect();
            let has: Vec<&str> = path.split('/').skip(1).collect();
            has.len() >= wanted.len() && has.iter().zip(&wanted).all(|(one, other)| one == other)
        }
        PathKind::Regex => {
            Regex::new(&format!("^(?:{value})")).is_ok_and(|regex| regex.is_match(path))
        }
    }
}

fn call_holds(call: &Call, path: &str) -> bool {
    let Some((service, method)) = path.strip_prefix('/').and_then(|path| path.split_once('/'))
    else {
        return false;
    };
    let one = |wanted: Option<&str>, has: &str| match wanted {
        None => true,
        Some(wanted) if call.regex => {
            Regex::new(&format!("^(?:{wanted})$")).is_ok_and(|it| it.is_match(has))
        }
        Some(wanted) => wanted == has,
    };
    one(call.service, service) && one(call.method, method)
}

fn specificity(kind: Kind, it: &Match) -> Specificity {
    let headers = firsts(&it.headers, true).len();
    if kind == Kind::Grpc {
        let length = |name: Option<&str>| name.map_or(0, |name| name.chars().count());
        let (service, method) = it
            .call
            .as_ref()
            .map_or((0, 0), |it| (length(it.service), length(it.method)));
        return (service, method, false, headers, 0);
    }
    let (class, length) = match it.path {
        Some((PathKind::Exact, _)) => (2, 0),
        Some((PathKind::Regex, value)) => (1, value.chars().count()),
        Some((PathKind::Prefix, value)) => (0, uri::canonical(value).chars().count()),
        None => (0, 1),
    };
    (
        class,
        length,
        it.method.is_some(),
        headers,
        firsts(&it.queries, false).len(),
    )
}
