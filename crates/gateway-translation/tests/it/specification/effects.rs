//! What becomes of a request that a rule has taken, by the specification: who gets it, with which path and host, or
//! where the client is sent instead.

use std::collections::BTreeMap;

use super::reference::{Place, Request};
use super::scene::{
    Backend, Filter, Match, NAMESPACES, NewPath, PathKind, Protocol, Route, SERVICE_PORT, SERVICES,
    Scene, address,
};
use super::uri;

/// Who gets how much of the requests: addresses of endpoints, or a status.
pub(super) type Shares = BTreeMap<String, f64>;

/// What becomes of a request.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Effect {
    /// A backend gets it.
    Forwarded {
        path: String,
        query: String,
        host: String,
        shares: Shares,
    },
    /// The client is sent elsewhere.
    Redirected { status: u16, location: String },
    /// Nobody gets it; the shares are those of statuses.
    Failed(Shares),
}

impl Effect {
    /// Whether both are the same, but for what numbers lose on the way.
    pub(super) fn is(&self, other: &Self) -> bool {
        let near = |one: &Shares, other: &Shares| {
            one.len() == other.len()
                && one
                    .iter()
                    .zip(other)
                    .all(|((who, share), (also, as_much))| {
                        who == also && (share - as_much).abs() < 1e-6
                    })
        };
        match (self, other) {
            (
                Self::Forwarded {
                    path,
                    query,
                    host,
                    shares,
                },
                Self::Forwarded {
                    path: path2,
                    query: query2,
                    host: host2,
                    shares: shares2,
                },
            ) => (path, query, host) == (path2, query2, host2) && near(shares, shares2),
            (Self::Failed(shares), Self::Failed(others)) => near(shares, others),
            (one, other) => one == other,
        }
    }
}

/// What may become of a request: what is left to implementations makes several of it.
pub(super) fn of(scene: &Scene, place: Place, request: &Request) -> Vec<Effect> {
    let route = &scene.routes[place.route];
    let rule = &route.rules[place.rule];
    let matched = rule.matches.get(place.index);
    if let Some(Filter::Redirect {
        scheme,
        hostname,
        port,
        path,
        status,
    }) = &rule.filter
    {
        let own_scheme = if request.protocol == Protocol::Https {
            "https"
        } else {
            "http"
        };
        let new_scheme = scheme.unwrap_or(own_scheme);
        let well_known = if new_scheme == "https" { 443 } else { 80 };
        let port = port.unwrap_or(if scheme.is_some() {
            well_known
        } else {
            request.port
        });
        let port = if port == well_known {
            String::new()
        } else {
            format!(":{port}")
        };
        let host = hostname.unwrap_or(request.host);
        let to = |path: String| Effect::Redirected {
            status: status.unwrap_or(302),
            location: format!("{new_scheme}://{host}{port}{path}"),
        };
        let paths = new_paths(path.as_ref(), matched, request).into_iter();
        return paths.map(to).collect();
    }
    let (mut host, mut paths) = (request.host, vec![uri::path_of(&request.target)]);
    if let Some(Filter::Rewrite {
        hostname,
        path: new,
    }) = &rule.filter
    {
        host = hostname.unwrap_or(host);
        paths = new_paths(new.as_ref(), matched, request);
    }
    let mut effects = Vec::new();
    for shares in shares(route, &rule.backends) {
        if shares.keys().all(|who| who.parse::<u16>().is_ok()) {
            effects.push(Effect::Failed(shares));
            continue;
        }
        effects.extend(paths.iter().map(|path| Effect::Forwarded {
            path: path.clone(),
            query: uri::raw_query(&request.target).to_owned(),
            host: host.to_owned(),
            shares: shares.clone(),
        }));
    }
    effects
}

/// What the path of a request may be once it has been changed. Whether `/` has anything behind the prefix `/` is left
/// open.
fn new_paths(new: Option<&NewPath>, matched: Option<&Match>, request: &Request) -> Vec<String> {
    let path = new_path(new, matched, request);
    let is_root = uri::path_of(&request.target) == "/" && matches!(new, Some(NewPath::Prefix(_)));
    let bare = path
        .strip_suffix('/')
        .filter(|bare| is_root && !bare.is_empty());
    let bare = bare.map(str::to_owned);
    bare.into_iter().chain([path]).collect()
}

/// The path of a request once it has been changed.
fn new_path(new: Option<&NewPath>, matched: Option<&Match>, request: &Request) -> String {
    let path = uri::path_of(&request.target);
    match new {
        None => path,
        Some(NewPath::Full(full)) => uri::canonical(full),
        Some(NewPath::Prefix(prefix)) => {
            let taken = match matched.and_then(|it| it.path) {
                Some((PathKind::Prefix, value)) => uri::canonical(value),
                _ => "/".to_owned(),
            };
            let rest = &path[taken.trim_end_matches('/').len()..];
            let joined = format!("{}{rest}", uri::canonical(prefix).trim_end_matches('/'));
            if joined.is_empty() {
                "/".to_owned()
            } else {
                joined
            }
        }
    }
}

/// Who gets how much. A backend that is not there or not permitted has a share of 500. That of one without endpoints
/// is one of 503 or the others'. Where nobody is to get anything, the status is left open.
fn shares(route: &Route, backends: &[Backend]) -> Vec<Shares> {
    let weight = |it: &Backend| f64::from(it.weight.unwrap_or(1));
    let all: f64 = backends.iter().map(weight).sum();
    let failing = |status: &str| Shares::from([(status.to_owned(), 1.0)]);
    if backends.is_empty() {
        return vec![failing("500")];
    }
    if all == 0.0 {
        return vec![failing("500"), failing("503")];
    }
    let mut sure = Shares::new();
    let mut endless = 0.0;
    for backend in backends.iter().filter(|it| weight(it) > 0.0) {
        let share = weight(backend) / all;
        match endpoints(route, backend) {
            None => *sure.entry("500".to_owned()).or_default() += share,
            Some(0) => endless += share,
            Some(number) => {
                let namespace = backend.namespace.unwrap_or(route.namespace);
                for endpoint in 0..number {
                    let address = address(namespace, backend.name, endpoint);
                    #[expect(clippy::cast_precision_loss, reason = "there are three at most")]
                    let part = share / number as f64;
                    *sure.entry(address).or_default() += part;
                }
            }
        }
    }
    if endless == 0.0 {
        return vec![sure];
    }
    let lost = sure.get("500").copied().unwrap_or_default();
    let mut with_status = sure.clone();
    with_status.insert("503".to_owned(), endless);
    let there = 1.0 - lost - endless;
    let mut given = vec![with_status];
    if there > 1e-9 {
        let others = sure.into_iter().map(|(who, share)| match who.as_str() {
            "500" => (who, share),
            _ => (who, share * (there + endless) / there),
        });
        given.push(others.collect());
    }
    given
}

/// How many endpoints a backend has; `None` if it is not there, or not for the route.
fn endpoints(route: &Route, backend: &Backend) -> Option<usize> {
    let namespace = backend.namespace.unwrap_or(route.namespace);
    let permitted = namespace == route.namespace
        || (route.namespace, namespace) == (NAMESPACES[0], NAMESPACES[1]);
    let (_, endpoints) = SERVICES.iter().find(|(name, _)| *name == backend.name)?;
    (permitted && backend.port == SERVICE_PORT).then_some(*endpoints)
}
