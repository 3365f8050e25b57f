//! GRPCRoute: calls, told apart by host, service, method and headers.
//!
//! A rule is a service, each match of it a route; where routes have expressions, each host has its own. Start with
//! [`parts`], which is about one GRPCRoute; in the way of Kong's controller with [`drafts`], which is about all of them.
//! Then [`split`] for what a GRPCRoute is split into, and [`place`] for the order.

mod filters;
mod matches;
mod place;
mod priority;
mod ranks;
mod source;
mod split;

use std::collections::BTreeMap;

use gateway_types::Protocol as ListenerProtocol;
use kong_crds::annotations::route::SNIS;
use kong_model::entity::{Protocol, Service};
use kong_resolve::Name;
use kong_router::expression::Expression;

use crate::attributes;
use crate::backend_refs;
use crate::context::Context;
use crate::draft::{Backend, Draft, DraftRoute, WithoutBackends};
use crate::isolation;
use crate::listeners::any_speaks;
use crate::origin::Provenance;
use crate::part::{self, PartRoute};
use crate::predicates;
use crate::refused;
use crate::route_annotations;
use crate::route_base;
use crate::services;

use filters::Effects;
pub(crate) use place::{Place, ranks};
use source::Source;
use split::Part;

/// The services of all GRPCRoutes, as Kong's controller makes them.
pub(crate) fn drafts(context: &Context<'_, '_>) -> Vec<Draft> {
    let sources = source::all(context);
    let parts: Vec<Part<'_>> = sources
        .iter()
        .flat_map(|source| split::parts(context, source))
        .collect();
    let priorities = priority::of(&parts);
    let mut drafts: BTreeMap<String, Draft> = BTreeMap::new();
    for (part, priority) in parts.iter().zip(priorities) {
        let Some(route) = route(context, part, priority, Effects::default()) else {
            continue;
        };
        let draft = drafts
            .entry(part.service_name())
            .or_insert_with(|| draft(context, part));
        draft.routes.push(route);
    }
    drafts.into_values().collect()
}

/// The services that one GRPCRoute becomes. What decides between its routes and those of others is in their
/// [places](Place).
pub(crate) fn parts(context: &Context<'_, '_>, name: &Name) -> Vec<part::Part> {
    let Some(source) = source::of(context, name) else {
        return Vec::new();
    };
    let mut services: BTreeMap<String, part::Part> = BTreeMap::new();
    for part in split::parts(context, &source) {
        let Some(effects) = source.effects(context, part.rule) else {
            continue;
        };
        let Some(mut route) = route(context, &part, 0, effects) else {
            continue;
        };
        if !refused::accept(context, &mut route) {
            continue;
        }
        // What an annotation says stays.
        let place = route
            .route
            .regex_priority
            .is_none()
            .then(|| Place::of(context, &part));
        let service = services
            .entry(part.service_name())
            .or_insert_with(|| part::Part {
                draft: draft(context, &part),
                joint: None,
                routes: Vec::new(),
            });
        let place = place.map(part::Place::Grpc);
        service.routes.push(PartRoute::of(context, route, place));
    }
    services.into_values().collect()
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
        resolved.any(|backend| services::is_grpc_with_tls(backend.service_port()))
    };
    if tls { Protocol::Grpcs } else { Protocol::Grpc }
}

/// The route of a part; `None`, and a problem, if its match cannot be said. The priority is that of an expression.
fn route(
    context: &Context<'_, '_>,
    part: &Part<'_>,
    priority: u64,
    effects: Effects,
) -> Option<DraftRoute> {
    let source = part.source;
    let as_kong = context.settings.as_kong_does();
    let has_expression = context.settings.expressions();
    let mut route = route_base::route(context, part.route_name(), source.tags(part.rule));
    route.preserve_host = (has_expression || !as_kong).then_some(true);
    route.protocols = if as_kong && !has_expression {
        Some(vec![Protocol::Grpc, Protocol::Grpcs])
    } else {
        source.protocols(context, part.host())
    };
    let said_matches = if has_expression {
        expression(context, part, as_kong)
            .map(|expression| expression.map(|expression| (expression, priority)))
    } else {
        matches::apply(part, as_kong, &mut route).map(|()| None)
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
    let snis = route_annotations::hosts(context, &part.source.key, part.source.meta, &SNIS)
        .unwrap_or_default();
    let operands = [
        matches::path_predicate(part.wanted.method.as_ref(), as_kong)?,
        matches::header_predicate(&part.wanted.headers, as_kong)?,
        predicates::hosts(&part.hosts),
        predicates::snis(&snis),
    ];
    let doors = part.source.doors(part.host());
    let kept_to =
        doors.map(|(reach, doors)| isolation::expression(context, reach, doors, part.source.meta));
    let kept_to = kept_to.into_iter().flatten();
    let expression = Expression::all(operands.into_iter().flatten().chain(kept_to));
    Ok(expression.or_else(predicates::everything))
}
