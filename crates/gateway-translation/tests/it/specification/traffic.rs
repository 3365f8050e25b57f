//! Requests and connections at the edges of what the routes of a scene are for.

use super::dice::Dice;
use super::generate::{HEADERS, HOSTS, METHOD_NAMES, METHODS, PATHS, SERVICE_NAMES, VALUES};
use super::reference::Request;
use super::scene::{Call, Kind, Match, Named, PathKind, Route, Scene};

/// A host at the edge of what some route is for.
pub(super) fn host(dice: &mut Dice, scene: &Scene) -> &'static str {
    let route = &scene.routes[dice.below(scene.routes.len())];
    host_of(dice, route)
}

/// A host that a route is for, or nearly.
fn host_of(dice: &mut Dice, route: &Route) -> &'static str {
    if route.hostnames.is_empty() || dice.one_in(5) {
        return dice.pick(&HOSTS);
    }
    let hostname = dice.pick(&route.hostnames);
    let Some(end) = hostname.strip_prefix('*') else {
        return hostname;
    };
    let within: Vec<&str> = HOSTS
        .into_iter()
        .filter(|host| host.ends_with(end) && host.len() > end.len())
        .collect();
    dice.pick(&within)
}

/// A request at the edge of what some match is for.
pub(super) fn request(dice: &mut Dice, scene: &Scene, kind: Kind) -> Request {
    let route = &scene.routes[dice.below(scene.routes.len())];
    let rule = &route.rules[dice.below(route.rules.len())];
    let everything = Match::default();
    let near = match rule.matches.len() {
        0 => &everything,
        many => &rule.matches[dice.below(many)],
    };
    let gateway = &scene.gateways[dice.below(scene.gateways.len())];
    let listener = &gateway.listeners[dice.below(gateway.listeners.len())];
    let mut headers: Vec<(String, String)> = Vec::new();
    let mut add = |name: String, value: String| {
        if !headers
            .iter()
            .any(|(other, _)| other.eq_ignore_ascii_case(&name))
        {
            headers.push((name, value));
        }
    };
    for named in &near.headers {
        if !dice.one_in(if near.headers.len() > 4 { 60 } else { 8 }) {
            // To Kong these are the same, of which routes are told whose names have the former.
            let name = named.name.replace('_', "-");
            let name = if dice.one_in(4) {
                name.to_uppercase()
            } else {
                name
            };
            add(name, value(dice, named));
        }
    }
    if dice.one_in(3) {
        add(
            dice.pick(&HEADERS).replace('_', "-"),
            dice.pick(&VALUES).to_owned(),
        );
    }
    let mut queries: Vec<(String, String)> = Vec::new();
    for named in &near.queries {
        if !dice.one_in(8) && !queries.iter().any(|(name, _)| *name == named.name) {
            queries.push((named.name.clone(), value(dice, named)));
        }
    }
    let path = match kind {
        Kind::Grpc => call_path(dice, near.call.as_ref()),
        Kind::Http | Kind::Tls => path(dice, near.path),
    };
    let query: Vec<String> = queries
        .iter()
        .map(|(name, value)| format!("{name}={}", encoded(value)))
        .collect();
    let mark = if query.is_empty() { "" } else { "?" };
    let method = match (kind, near.method) {
        (Kind::Grpc, _) => "POST",
        (_, Some(method)) if !dice.one_in(4) => method,
        _ => dice.pick(&METHODS),
    };
    Request {
        port: listener.port,
        protocol: listener.protocol,
        host: host_of(dice, route),
        method,
        target: format!("{path}{mark}{}", query.join("&")),
        headers,
    }
}

/// What a match asks for, or nearly.
fn value(dice: &mut Dice, named: &Named) -> String {
    match dice.below(6) {
        0 => dice.pick(&VALUES).to_owned(),
        1 => named.value.to_uppercase(),
        _ if named.regex => dice.pick(&["v", "vv", "1", "12", "V", "a!"]).to_owned(),
        _ => named.value.to_owned(),
    }
}

/// A path that a match is for, or nearly.
fn path(dice: &mut Dice, near: Option<(PathKind, &'static str)>) -> String {
    let known = match near {
        Some((PathKind::Regex, _)) => {
            dice.pick(&["/a", "/a/b", "/b", "/12", "/a.b", "/axb", "/x/b"])
        }
        Some((_, value)) if !dice.one_in(5) => value,
        _ => dice.pick(&PATHS),
    };
    let base = known.trim_end_matches('/');
    let path = match dice.below(12) {
        0 => format!("{base}/"),
        1 => format!("{base}/x"),
        2 => format!("{base}x"),
        3 => format!("{base}/b/c"),
        4 => known.replace('.', "x"),
        5 => known.replace('a', "%61"),
        6 => format!("/a/..{known}"),
        7 => format!("/.{known}"),
        8 => format!("{base}/x%20y"),
        9 => known.replace('+', "%2B"),
        _ => known.to_owned(),
    };
    if path.starts_with('/') {
        path
    } else {
        format!("/{path}")
    }
}

fn call_path(dice: &mut Dice, near: Option<&Call>) -> String {
    let exact = near.filter(|it| !it.regex);
    let service = exact.and_then(|it| it.service).filter(|_| !dice.one_in(4));
    let service = service.unwrap_or_else(|| dice.pick(&SERVICE_NAMES));
    let method = exact.and_then(|it| it.method).filter(|_| !dice.one_in(4));
    let method = method.unwrap_or_else(|| dice.pick(&METHOD_NAMES));
    format!("/{service}/{method}")
}

fn encoded(value: &str) -> String {
    let one = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    };
    value.bytes().map(one).collect()
}
