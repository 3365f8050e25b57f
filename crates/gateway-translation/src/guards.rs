//! Routes of listeners themselves, which answer what no route of a user may answer.
//!
//! A listener whose hostname fits better has its requests to itself, even those that none of its routes matches. With
//! expressions the routes of others leave them alone; in the traditional flavour a route with the host of the listener and
//! nothing else answers them 404: all others of the host come before it, and it comes before those with wildcards. On
//! ports with TLS, a route with an expression answers 421 if the host of a request belongs to another listener than the
//! name that TLS asked for. Start with [`drafts`].

use std::collections::{BTreeMap, BTreeSet};

use kong_model::entity::{Plugin, Protocol, Service};
use kong_resolve::Key;
use kong_router::expression::{Expression, NumberField, NumberTest, TextField, TextTest};
use serde_json::json;

use crate::context::Context;
use crate::draft::{Draft, DraftRoute, WithoutBackends};
use crate::isolation::router;
use crate::listeners::{Bound, Door, Judged, all_gateways, door, hostname, includes};
use crate::origin::{self, Provenance};
use crate::predicates::{named, none_of, test};
use crate::route_base;
use crate::settings::KongVersion;
use crate::unheard;

/// The greatest priority that there is.
const FIRST: u64 = (1 << 46) - 1;

/// The services of all Gateways that need routes of their own. What has no effect in Gateways is said as well.
pub(crate) fn drafts(context: &Context<'_, '_>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    let mut guarded: BTreeSet<String> = BTreeSet::new();
    for gateway in all_gateways(context) {
        if !gateway.ours.unwrap_or(context.settings.all_routes) {
            continue;
        }
        unheard::say(context, &gateway);
        let doors = Doors::of(&gateway);
        let routes = if knows_everything(context) {
            doors.misdirected(context)
        } else {
            doors.isolated(context, &mut guarded)
        };
        if !routes.is_empty() {
            drafts.push(draft(&gateway, routes));
        }
    }
    drafts
}

/// Whether the router can tell all requests apart.
fn knows_everything(context: &Context<'_, '_>) -> bool {
    context.settings.expressions() && context.settings.version >= KongVersion::NEGATION_AND_PORTS
}

fn draft(gateway: &Judged<'_>, routes: Vec<DraftRoute>) -> Draft {
    let object = gateway.key();
    let name = format!("gateway.{}.{}", object.name.namespace(), object.name.name);
    Draft {
        service: Service {
            name: Some(name.clone()),
            host: name,
            protocol: Some(Protocol::Http),
            ..Service::default()
        },
        parents: vec![object.clone()],
        backends: Vec::new(),
        routes,
        plugins: Vec::new(),
        without_backends: WithoutBackends::Invalid,
        from: vec![Provenance::of(&object, None)],
    }
}

/// The listeners of HTTP of a Gateway, by where they listen.
struct Doors<'g, 'w> {
    gateway: &'g Judged<'w>,
    listeners: BTreeMap<Door, Vec<(String, &'g Bound<'w>)>>,
}

impl<'g, 'w> Doors<'g, 'w> {
    fn of(gateway: &'g Judged<'w>) -> Self {
        let mut listeners: BTreeMap<Door, Vec<_>> = BTreeMap::new();
        for bound in gateway.listeners.iter().filter(|it| it.against.is_none()) {
            if let Some(door) = door(bound.listener) {
                let at = listeners.entry(door).or_default();
                at.push((hostname(bound.listener), bound));
            }
        }
        Self { gateway, listeners }
    }

    /// The routes that answer 404 for the hosts of listeners which others would answer for; each host has one.
    fn isolated(
        &self,
        context: &Context<'_, '_>,
        guarded: &mut BTreeSet<String>,
    ) -> Vec<DraftRoute> {
        let mut routes = Vec::new();
        for (door, listeners) in &self.listeners {
            if door.tls && listeners.len() > 1 {
                say_misdirected(context, self.gateway, *door);
            }
            for (own, bound) in listeners {
                let mut others = listeners.iter().map(|(other, _)| other);
                let has_wider = others.any(|other| other != own && includes(other, own));
                let is_told_apart = context.settings.expressions() && !own.starts_with('*');
                if !has_wider || is_told_apart {
                    continue;
                }
                if own.starts_with('*')
                    || !self.is_alike_everywhere(own)
                    || context.settings.expressions()
                {
                    say_not_isolated(context, bound, own);
                } else if guarded.insert(own.clone()) {
                    routes.push(not_found(context, bound, own));
                }
            }
        }
        routes
    }

    /// Whether a host belongs to a listener of its own at each port where it belongs to one.
    fn is_alike_everywhere(&self, host: &str) -> bool {
        let mut doors = self.listeners.values();
        doors.all(|listeners| {
            listeners.iter().any(|(other, _)| other == host)
                || !listeners.iter().any(|(other, _)| includes(other, host))
        })
    }

    /// The routes that answer 421, one for each port with TLS that has several hostnames.
    fn misdirected(&self, context: &Context<'_, '_>) -> Vec<DraftRoute> {
        let with_tls = || self.listeners.iter().filter(|(door, _)| door.tls);
        let several = with_tls().count() > 1;
        let ports = with_tls().filter(|(_, listeners)| listeners.len() > 1);
        ports
            .map(|(door, listeners)| {
                let hostnames: Vec<&String> = listeners.iter().map(|(host, _)| host).collect();
                let port = several.then_some(door.port);
                misdirected(
                    context,
                    self.gateway,
                    *door,
                    misdirection(context, port, &hostnames),
                )
            })
            .collect()
    }
}

/// The route that answers 404 for the host of a listener.
fn not_found(context: &Context<'_, '_>, bound: &Bound<'_>, host: &str) -> DraftRoute {
    let owner = &bound.owner;
    let name = format!(
        "{}.{}.{}.{}.elsewhere",
        owner.kind.as_str().to_ascii_lowercase(),
        owner.name.namespace(),
        owner.name.name,
        bound.listener.name
    );
    let mut route = answering(
        context,
        owner,
        name,
        404,
        "no Route matched with those values",
    );
    route.route.hosts = Some(vec![host.to_owned()]);
    route.route.protocols = Some(vec![Protocol::Http, Protocol::Https]);
    route
}

/// The route that answers 421 at a port.
fn misdirected(
    context: &Context<'_, '_>,
    gateway: &Judged<'_>,
    door: Door,
    expression: Option<Expression>,
) -> DraftRoute {
    let object = gateway.key();
    let (namespace, gateway) = (object.name.namespace(), &object.name.name);
    let name = format!("gateway.{namespace}.{gateway}.{}.misdirected", door.port);
    let mut route = answering(context, &object, name, 421, "Misdirected Request");
    route.route.protocols = Some(vec![Protocol::Https]);
    route.expression = expression.map(|expression| (expression, FIRST));
    route
}

/// A route that answers by itself.
fn answering(
    context: &Context<'_, '_>,
    object: &Key,
    name: String,
    status: u16,
    message: &str,
) -> DraftRoute {
    let meta = context.view.meta(object);
    let tags = meta.map_or_else(origin::nobody, |meta| origin::tags(object, meta, &[]));
    let config = json!({"status_code": status, "message": message});
    let termination = Plugin {
        name: "request-termination".to_owned(),
        config: serde_json::from_value(config).ok(),
        tags: Some(tags.clone()),
        ..Plugin::default()
    };
    DraftRoute {
        object: object.clone(),
        route: route_base::route(context, name, tags),
        expression: None,
        plugins: vec![termination],
        referred: Vec::new(),
        from: vec![Provenance::of(object, None)],
    }
}

/// Requests over TLS whose host belongs to one of the hostnames, and the name that TLS asked for to another one.
fn misdirection(
    context: &Context<'_, '_>,
    port: Option<i64>,
    hostnames: &[&String],
) -> Option<Expression> {
    let belongs = |field: TextField, own: &str| {
        let is_below = |other: &&&String| other.as_str() != own && includes(own, other);
        let below = hostnames.iter().filter(is_below).copied();
        let own = (!own.is_empty()).then(|| named(field.clone(), own));
        Expression::all(own.into_iter().chain(none_of(context, &field, below)))
    };
    let one = |own: &&String| {
        let host = belongs(TextField::Host, own)?;
        let name = belongs(TextField::Sni, own)?;
        Expression::all([host, name.negated()])
    };
    let is_any = hostnames.iter().any(|it| it.is_empty());
    let asked = if is_any {
        // Whatever it is, it was asked for.
        Some(test(TextField::Sni, TextTest::Differs(String::new())))
    } else {
        Expression::any(hostnames.iter().map(|own| named(TextField::Sni, own)))
    };
    let tls = test(TextField::Protocol, TextTest::Equals("https".to_owned()));
    let port = port.and_then(|port| u32::try_from(port).ok());
    let port =
        port.map(|port| Expression::number(NumberField::DestinationPort, NumberTest::Equals, port));
    let either = Expression::any(hostnames.iter().filter_map(one));
    Expression::all([Some(tls), port, asked, either].into_iter().flatten())
}

fn say_not_isolated(context: &Context<'_, '_>, bound: &Bound<'_>, host: &str) {
    context.warn(
        &bound.owner,
        format!("spec.listeners[{}].hostname", bound.number),
        format!(
            "{} cannot keep requests for {host} to listener {} alone: what none of its routes matches, routes of wider \
             listeners answer",
            router(context),
            bound.listener.name
        ),
        "use the expressions flavour of the router of Kong 3.6 or newer, or give all ports the same hostnames without \
         wildcards",
    );
}

fn say_misdirected(context: &Context<'_, '_>, gateway: &Judged<'_>, door: Door) {
    let object = gateway.key();
    context.warn(
        &object,
        "spec.listeners",
        format!(
            "{} does not compare hosts with names of TLS: requests at port {} whose host belongs to another listener than \
             the name that TLS asked for are routed by their host, and not answered 421",
            router(context),
            door.port
        ),
        "use the expressions flavour of the router of Kong 3.6 or newer",
    );
}
