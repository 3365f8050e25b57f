//! GRPCRoute: calls, told apart by host, service, method and headers.
//!
//! A rule is a service, each match of it a route; where routes have expressions, each host has its own. Start with
//! [`drafts`], then [`split`] for the parts that a GRPCRoute is split into.

mod filters;
mod matches;
mod priority;
mod ranks;
mod source;
mod split;

use std::collections::BTreeMap;

use gateway_types::Protocol as ListenerProtocol;
use kong_crds::annotations::route::SNIS;
use kong_model::entity::{Protocol, Service};
use kong_router::expression::Expression;

use crate::attributes;
use crate::backend_refs;
use crate::context::Context;
use crate::draft::{Backend, Draft, DraftRoute, WithoutBackends};
use crate::listeners::any_speaks;
use crate::origin::Provenance;
use crate::predicates;
use crate::route_annotations::{self, said};
use crate::route_base;
use crate::services;

use filters::Effects;
use source::Source;
use split::Part;

/// Protocols of a port by which a Service says that it wants TLS.
const TLS_PROTOCOLS: [&str; 4] = ["https", "grpcs", "tls", "h2"];

/// The services of all GRPCRoutes.
pub(crate) fn drafts(context: &Context<'_, '_>) -> Vec<Draft> {
    let sources = source::all(context);
    let parts: Vec<Part<'_>> = sources
        .iter()
        .flat_map(|source| split::parts(context, source))
        .collect();
    let order = if context.settings.expressions() {
        Order::Priorities(priority::of(context, &parts))
    } else if context.settings.as_kong_does() {
        Order::None
    } else {
        Order::Ranks(ranks::of(context, &parts))
    };
    let mut drafts: BTreeMap<String, Draft> = BTreeMap::new();
    for (number, part) in parts.iter().enumerate() {
        let Some(effects) = part.source.effects(context, part.rule) else {
            continue;
        };
        let Some(route) = route(context, part, &order, number, effects) else {
            continue;
        };
        let draft = drafts
            .entry(part.service_name())
            .or_insert_with(|| draft(context, part));
        draft.routes.push(route);
    }
    drafts.into_values().collect()
}

/// By what the gateway tries routes one after the other, a value for each part.
enum Order {
    /// By nothing that we say.
    None,
    /// By `regex_priority`.
    Ranks(Vec<i64>),
    /// By `priority`.
    Priorities(Vec<u64>),
}

/// The service of a part, without routes.
fn draft(context: &Context<'_, '_>, part: &Part<'_>) -> Draft {
    let Part { source, rule, .. } = part;
    let references = source.spec.rules[*rule].backend_refs.iter();
    let references = references.map(|reference| &reference.backend);
    let backends = backend_refs::backends(context, &source.key, *rule, references);
    let name = part.service_name();
    Draft {
        service: Service {
            name: Some(name.clone()),
            host: name,
            protocol: Some(service_protocol(context, source, &backends)),
            ..Service::default()
        },
        parents: vec![source.key.clone()],
        without_backends: if backends.is_empty() {
            WithoutBackends::FailsInPlace
        } else {
            WithoutBackends::Fails
        },
        backends,
        routes: Vec::new(),
        plugins: Vec::new(),
        from: vec![Provenance::of(&source.key, *rule)],
    }
}

/// How backends are spoken to, unless an annotation of theirs says otherwise: what their port says of itself. Kong's
/// controller goes by the listener, which says how clients speak.
fn service_protocol(
    context: &Context<'_, '_>,
    source: &Source<'_>,
    backends: &[Backend],
) -> Protocol {
    let tls = if context.settings.as_kong_does() {
        !any_speaks(&source.referenced, &ListenerProtocol::HTTP)
    } else {
        let mut resolved = backends
            .iter()
            .filter_map(|backend| services::resolve(context, backend));
        resolved.any(|backend| {
            let port = backend.service_port();
            let protocol = port.and_then(|port| port.app_protocol.as_deref());
            protocol.is_some_and(|it| TLS_PROTOCOLS.iter().any(|tls| it.eq_ignore_ascii_case(tls)))
        })
    };
    if tls { Protocol::Grpcs } else { Protocol::Grpc }
}

/// The route of a part; `None`, and a problem, if its match cannot be said.
fn route(
    context: &Context<'_, '_>,
    part: &Part<'_>,
    order: &Order,
    number: usize,
    effects: Effects,
) -> Option<DraftRoute> {
    let source = part.source;
    let as_kong = context.settings.as_kong_does();
    let mut route = route_base::route(context, part.route_name(), source.tags(part.rule));
    if let Order::Priorities(_) = order {
        route.preserve_host = Some(true);
        route.protocols = source.protocols(context);
    } else {
        route.preserve_host = (!as_kong).then_some(true);
        route.protocols = if as_kong {
            Some(vec![Protocol::Grpc, Protocol::Grpcs])
        } else {
            source.protocols(context)
        };
    }
    let said_matches = match order {
        Order::Priorities(priorities) => expression(context, part, as_kong)
            .map(|expression| expression.map(|it| (it, priorities[number]))),
        Order::None | Order::Ranks(_) => matches::apply(part, as_kong, &mut route).map(|()| None),
    };
    let expression = match said_matches {
        Ok(expression) => expression,
        Err(reason) => {
            context.leave_out(
                &source.key,
                part.field(),
                format!("{reason}; the match is left out"),
                "correct the match",
            );
            return None;
        }
    };
    if let Order::Ranks(ranks) = order {
        route.regex_priority = Some(ranks[number]);
    }
    let expressions = expression.is_some();
    route_annotations::apply(context, &source.key, source.meta, &mut route, expressions);
    if !as_kong && !expressions {
        attributes::keep_buildable(context, &source.key, &mut route);
    }
    Some(DraftRoute {
        object: source.key.clone(),
        route,
        expression,
        plugins: effects.plugins,
        referred: effects.referred,
        from: vec![Provenance::of(&source.key, part.rule)],
    })
}

/// The expression of a part; an error says what cannot be said.
fn expression(
    context: &Context<'_, '_>,
    part: &Part<'_>,
    as_kong: bool,
) -> Result<Option<Expression>, String> {
    let snis = said(context, &part.source.key, part.source.meta, &SNIS).unwrap_or_default();
    let operands = [
        matches::path_predicate(part.wanted.method.as_ref(), as_kong)?,
        matches::header_predicate(&part.wanted.headers, as_kong)?,
        predicates::hosts(&part.hosts),
        predicates::snis(&snis),
    ];
    let others = predicates::other_hosts(&part.source.shadowed, &part.hosts);
    let expression = Expression::all(operands.into_iter().flatten().chain(others));
    Ok(expression.or_else(predicates::everything))
}
