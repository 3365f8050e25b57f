//! Whether Kong does with a request what the specification says. It may differ only by a limit of the flavour that
//! [the book](../../../../../docs/gateway-api.md) has, and that the author of a route that it concerns was told of.

use kong_router::{Flavor, Transport};

use super::effects;
use super::kong::Kong;
use super::reference::{self, Reading, Request};
use super::scene::{Kind, Scene};

/// Why a match or a rule may be left out, as its author is told; and whether only in the traditional flavour.
const LEFT_OUT: [(&str, bool); 4] = [
    (
        "query param matches are not yet supported in the traditional flavour",
        true,
    ),
    (
        "would mean something else, for Kong turns it into lower case",
        true,
    ),
    ("Kong reads the pattern of a header in lower case", true),
    ("cannot be named in an expression", false),
];
/// What a route is told whose headers are compared without regard to case.
const FOLDS_VALUES: &str = "Kong compares the values of headers without regard to case";
/// What a route is told that names a header with an underscore.
const FOLDS_NAMES: &str = "Kong takes a header with \"_\" in its name for the one with \"-\"";
/// What a TLSRoute is told to whose ports connections can come that name no host.
const TAKES_NAMELESS: &str =
    "connections that name no host, or have no TLS, get to the route as well";
/// What a match is told that is tried before others than it ought to be, in the traditional flavour.
const TRIED_FIRST: &str =
    "a match of host, path, method and headers at once is tried before all others";

/// What a route is told that cannot be kept to its listeners, in the traditional flavour.
const NOT_KEPT: [&str; 2] = [
    "the traditional flavour of the router does not tell the ports of requests apart",
    "the traditional flavour of the router cannot leave",
];

/// What a Gateway is told of such routes.
const LISTENERS_NOT_KEPT: &str = "the traditional flavour of the router cannot keep requests for";

/// How the scene has to be read for what was told of it.
pub(super) fn reading(scene: &Scene, kong: &Kong, flavor: Flavor) -> Reading {
    let traditional = flavor == Flavor::TraditionalCompatible;
    let mut reading = Reading::default();
    for (number, route) in scene.routes.iter().enumerate() {
        let object = route.key();
        if traditional && kong.tells(&object, "", FOLDS_VALUES) {
            reading.folds_values.insert(number);
        }
        if kong.tells(&object, "", FOLDS_NAMES) {
            reading.folds_names.insert(number);
        }
        for (rule, spec) in route.rules.iter().enumerate() {
            for index in 0..spec.matches.len() {
                let field = format!("spec.rules[{rule}].matches[{index}]");
                let is_left_out = LEFT_OUT.iter().any(|(reason, only_traditional)| {
                    (traditional || !only_traditional) && kong.tells(&object, &field, reason)
                });
                if is_left_out {
                    reading.without.insert((number, rule, Some(index)));
                }
            }
        }
    }
    reading
}

/// What is wrong with what Kong does with a request; whether it is as the specification says only but for a limit.
pub(super) fn request(
    scene: &Scene,
    kong: &Kong,
    reading: &Reading,
    request: &Request,
    kind: Kind,
) -> Result<bool, String> {
    let seen = kong.request(request, kind);
    let holding = reference::winners(scene, request, reading);
    let name = |place: &reference::Place| (scene.routes[place.route].key(), place.rule);
    let is_as_said = |place: &reference::Place| {
        let effects = effects::of(scene, *place, request);
        seen.effect
            .as_ref()
            .is_some_and(|seen| effects.iter().any(|it| it.is(seen)))
    };
    let expected = holding.first();
    if expected.map(name) == seen.rule && !seen.nondeterministic {
        let Some(place) = expected else {
            return Ok(false);
        };
        if is_as_said(place) {
            let by_the_book = reference::winners(scene, request, &Reading::default());
            return Ok(by_the_book.first() != Some(place));
        }
        let effects = effects::of(scene, *place, request);
        return Err(format!("expected {effects:?}\nseen {seen:?}"));
    }
    let told = seen.rule.as_ref().is_some_and(|(object, rule)| {
        let field = format!("spec.rules[{rule}]");
        kong.tells(object, &field, TRIED_FIRST)
    });
    let mut own = holding
        .iter()
        .filter(|place| Some(name(place)) == seen.rule);
    if told && own.any(is_as_said) {
        return Ok(true);
    }
    // What it does there is no matter: it may send away who comes without TLS. What is tried first goes before what keeps
    // listeners apart, too.
    let is_free = expected.is_none();
    if let Some(number) = not_kept(scene, kong, seen.rule.as_ref(), is_free, is_free && told) {
        let mut reading = reading.clone();
        reading.anywhere.insert(number);
        let holding = reference::winners(scene, request, &reading);
        if holding.iter().any(|it| Some(name(it)) == seen.rule) {
            return Ok(true);
        }
    }
    Err(format!(
        "expected {:?} of {holding:?}\nseen {seen:?}",
        expected.map(name)
    ))
}

/// The route of a rule, if it was told that it cannot be kept to its listeners, or that it is tried first, or its Gateway
/// was that it gets what no other one takes.
fn not_kept(
    scene: &Scene,
    kong: &Kong,
    rule: Option<&(String, usize)>,
    is_free: bool,
    is_first: bool,
) -> Option<usize> {
    let (object, _) = rule?;
    let told = NOT_KEPT
        .iter()
        .any(|limit| kong.tells(object, "spec.parentRefs", limit));
    let mut gateways = scene.gateways.iter();
    let gateway_told = gateways.any(|it| {
        let gateway = format!("Gateway {}/{}", it.namespace, it.name);
        kong.tells(&gateway, "spec.listeners", LISTENERS_NOT_KEPT)
    });
    let mut routes = scene.routes.iter();
    routes
        .position(|route| route.key() == *object)
        .filter(|_| told || is_first || (is_free && gateway_told))
}

/// What is wrong with where Kong sends a connection; whether anything takes it. Without TLS nothing may.
pub(super) fn connection(
    scene: &Scene,
    kong: &Kong,
    port: u16,
    sni: Option<&str>,
) -> Result<bool, String> {
    let expected = reference::connection(scene, port, sni).map(|it| (scene.routes[it].key(), 0));
    for (transport, expected) in [(Transport::Tls, expected.clone()), (Transport::Tcp, None)] {
        let seen = kong.connection(port, sni, transport);
        let told = || {
            seen.rule
                .as_ref()
                .is_some_and(|(object, _)| kong.tells(object, "", TAKES_NAMELESS))
        };
        if transport == Transport::Tcp && told() {
            continue;
        }
        if expected.is_none() && not_kept(scene, kong, seen.rule.as_ref(), true, false).is_some() {
            continue;
        }
        if seen.nondeterministic || expected != seen.rule {
            return Err(format!(
                "{transport:?} {port} {sni:?}: expected {expected:?}, seen {seen:?}"
            ));
        }
    }
    Ok(expected.is_some())
}
