//! How routes of HTTP keep to the listeners that they are attached to: by host, protocol and port.
//!
//! With expressions a route says so itself, see [`expression`]: protocols as far as they tell the ports apart, for then it
//! does not matter how clients get to a port, and the ports themselves where they do not. The traditional flavour knows
//! hosts alone; what it cannot tell apart is said by [`say`].

use std::collections::BTreeSet;

use kong_crds::annotations::Annotation;
use kong_crds::annotations::route::{
    FORCE_SSL_REDIRECT, HTTPS_REDIRECT_STATUS_CODE, PROTOCOLS, SNIS,
};
use kong_model::entity::{Protocol, Route};
use kong_resolve::{Key, Meta};
use kong_router::expression::{Expression, NumberField, NumberTest, TextField, TextTest};

use crate::context::Context;
use crate::listeners::{Door, Doors, Reach};
use crate::predicates::{none_of, test};
use crate::settings::KongVersion;

/// What a route asks for so that it answers for a host where it is meant to, and nowhere else; nothing if there is
/// nothing to tell apart.
pub(crate) fn expression(
    context: &Context<'_, '_>,
    reach: &Reach,
    doors: &Doors,
    meta: &Meta,
) -> Vec<Expression> {
    let mut all = Vec::new();
    let has_ports = context.settings.version >= KongVersion::NEGATION_AND_PORTS;
    let mut others = doors.values();
    let first = others.next();
    let are_same = others.all(|it| Some(it) == first);
    if has_ports && (needs_ports(reach, doors) || !are_same) {
        let at = doors.iter().map(|(door, others)| {
            let port = u32::try_from(door.port).unwrap_or_default();
            let port = Expression::number(NumberField::DestinationPort, NumberTest::Equals, port);
            Expression::all(std::iter::once(port).chain(none_of(context, &TextField::Host, others)))
        });
        all.extend(Expression::any(at.flatten()));
        return all;
    }
    all.extend(none_of(context, &TextField::Host, &in_common(doors)));
    let is_plain_heard = reach.all.iter().any(|door| !door.tls);
    if is_plain_heard && doors.keys().all(|door| door.tls) && !redirects_to_tls(meta) {
        // Without it the route would send those away who came to another listener without TLS.
        let tls = TextTest::Equals("https".to_owned());
        all.push(test(TextField::Protocol, tls));
    }
    all
}

/// Whether protocols do not tell the doors of a host apart from the others.
fn needs_ports(reach: &Reach, doors: &Doors) -> bool {
    [false, true].into_iter().any(|tls| {
        let of = |door: &&Door| door.tls == tls;
        let own = doors.keys().filter(of).count();
        own > 0 && own < reach.all.iter().filter(of).count()
    })
}

/// The hosts that are left to others at every door.
fn in_common(doors: &Doors) -> BTreeSet<String> {
    let all = doors.values().cloned();
    all.reduce(|one, other| &one & &other).unwrap_or_default()
}

/// Whether the author of a route wants plain requests to be sent to TLS by it.
fn redirects_to_tls(meta: &Meta) -> bool {
    let names = [
        Annotation::name(&PROTOCOLS),
        Annotation::name(&FORCE_SSL_REDIRECT),
        Annotation::name(&HTTPS_REDIRECT_STATUS_CODE),
    ];
    names
        .into_iter()
        .any(|name| meta.annotations.contains_key(name))
}

/// Tells the author of a route for which hosts it never answers.
pub(crate) fn say_lost(context: &Context<'_, '_>, route: &Key, reach: &Reach) {
    for (host, listener) in &reach.lost {
        context.warn(
            route,
            "spec.hostnames",
            format!(
                "requests for {host} belong to listener {listener}, whose hostname fits them better, and the route is \
                 not attached to it: it gets none of them"
            ),
            format!("attach the route to listener {listener} as well, or leave the hostname out"),
        );
    }
}

/// Tells the author of a route the same, and what cannot be told apart. A route may be kept away from TLS.
pub(crate) fn say(context: &Context<'_, '_>, route: &Key, reach: &Reach, kept_off_tls: bool) {
    say_lost(context, route, reach);
    let knows_ports = context.settings.expressions()
        && context.settings.version >= KongVersion::NEGATION_AND_PORTS;
    if knows_ports {
        return;
    }
    let mut ports: BTreeSet<Door> = BTreeSet::new();
    for (_, doors) in &reach.hosts {
        let speaks = |tls: bool| doors.keys().any(|own| own.tls == tls);
        let is_kept_away = |door: &Door| {
            if context.settings.expressions() {
                !speaks(door.tls)
            } else {
                door.tls && kept_off_tls
            }
        };
        let is_other = |door: &&Door| !doors.contains_key(door) && !is_kept_away(door);
        ports.extend(reach.all.iter().filter(is_other));
    }
    if ports.is_empty() {
        return;
    }
    let ports: Vec<String> = ports.iter().map(|door| door.port.to_string()).collect();
    context.warn(
        route,
        "spec.parentRefs",
        format!(
            "{} does not tell the ports of requests apart: this route answers at {} as well, to whose listeners it is \
             not attached for all of its hosts",
            router(context),
            ports.join(", "),
        ),
        "use the expressions flavour of the router of Kong 3.6 or newer, or give the listeners different hostnames",
    );
}

/// A name of TLS that nobody asks for. A route of the traditional flavour asks for names of those alone who come with TLS,
/// so that one with this name is for those without.
const NOBODY: &str = "without-tls.invalid";

/// Whether doors have TLS, or have none, all of them.
pub(crate) fn are_all(doors: &[&Doors], tls: bool) -> bool {
    doors
        .iter()
        .flat_map(|it| it.keys())
        .all(|door| door.tls == tls)
}

/// Whether a route for these doors has to be kept away from TLS: without that, the traditional flavour would take it for
/// requests with TLS as well.
pub(crate) fn is_to_keep_off_tls(reach: &Reach, doors: &[&Doors], meta: &Meta) -> bool {
    let is_tls_heard = reach.all.iter().any(|door| door.tls);
    let is_said = redirects_to_tls(meta) || meta.annotations.contains_key(Annotation::name(&SNIS));
    is_tls_heard && !is_said && are_all(doors, false)
}

/// Keeps a route without expression away from TLS.
pub(crate) fn keep_off_tls(route: &mut Route) {
    route.protocols = Some(vec![Protocol::Http, Protocol::Https]);
    route.snis = Some(vec![NOBODY.to_owned()]);
}

/// The router that is spoken of.
pub(crate) fn router(context: &Context<'_, '_>) -> String {
    if context.settings.expressions() {
        format!("the router of Kong {}", context.settings.version)
    } else {
        "the traditional flavour of the router".to_owned()
    }
}
