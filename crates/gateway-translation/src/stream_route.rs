//! TLSRoute, TCPRoute and UDPRoute: connections, told apart by the name that TLS asks for and by the port.
//!
//! A rule is a service with a route. Start with [`drafts`].

use gateway_types::{GatewayDefaultScope, ParentReference, Protocol, StreamRouteRule};
use kong_crds::Kind;
use kong_crds::gateway::{TCPRoute, TLSRoute, UDPRoute};
use kong_model::entity::{Address, Protocol as KongProtocol, Service};
use kong_resolve::{Key, Meta, Name};
use kong_router::expression::{Expression, NumberField, NumberTest, TextField};

use crate::backend_refs;
use crate::context::{Context, key};
use crate::draft::{Draft, DraftRoute, WithoutBackends};
use crate::listeners::{Claim, arbitrate};
use crate::origin::{self, Provenance};
use crate::predicates;
use crate::route_annotations;
use crate::route_base;
use crate::services;
use crate::unheard;

mod levels;
mod tls;

/// The priority of a stream route with an expression, at least.
const PRIORITY: u64 = 1;

/// The services of all stream routes.
pub(crate) fn drafts(context: &Context<'_, '_>) -> Vec<Draft> {
    let mut drafts = tls::drafts(context, context.all::<TLSRoute>());
    let routes = context.all::<TCPRoute>();
    let routes = routes.iter().map(|(name, meta, spec)| PortRoute {
        object: key(Kind::TCPRoute, name),
        meta,
        parents: &spec.parent_refs,
        defaults: spec.use_default_gateways.as_ref(),
        rules: &spec.rules,
    });
    drafts.extend(by_port(context, &Protocol::TCP, routes.collect()));
    let routes = context.all::<UDPRoute>();
    let routes = routes.iter().map(|(name, meta, spec)| PortRoute {
        object: key(Kind::UDPRoute, name),
        meta,
        parents: &spec.parent_refs,
        defaults: spec.use_default_gateways.as_ref(),
        rules: &spec.rules,
    });
    drafts.extend(by_port(context, &Protocol::UDP, routes.collect()));
    drafts
}

/// A TCPRoute or a UDPRoute.
struct PortRoute<'w> {
    object: Key,
    meta: &'w Meta,
    parents: &'w [ParentReference],
    defaults: Option<&'w GatewayDefaultScope>,
    rules: &'w [StreamRouteRule],
}

/// The services of routes that have nothing but ports, from the oldest to the youngest.
fn by_port(
    context: &Context<'_, '_>,
    protocol: &Protocol,
    mut routes: Vec<PortRoute<'_>>,
) -> Vec<Draft> {
    for route in &routes {
        unheard::say_defaults(context, &route.object, route.defaults);
    }
    routes.retain(|route| has_backends(context, &route.object, route.rules));
    let claims: Vec<(Key, &[ParentReference])> = routes
        .iter()
        .map(|route| (route.object.clone(), route.parents))
        .collect();
    let won = arbitrate(context, protocol, &claims);
    let mut drafts = Vec::new();
    for (route, won) in routes.iter().zip(won) {
        let Some(won) = won else { continue };
        let protocol = match protocol {
            Protocol::UDP => KongProtocol::Udp,
            _ => KongProtocol::Tcp,
        };
        for (number, rule) in route.rules.iter().enumerate() {
            if number > 0 && !context.settings.as_kong_does() {
                context.leave_out(
                    &route.object,
                    format!("spec.rules[{number}]"),
                    format!(
                        "the rule is for the same connections as spec.rules[0] and gets none of them: rules of a {} \
                         match nothing; it is left out",
                        route.object.kind
                    ),
                    "put its backends into the first rule, with weights",
                );
                continue;
            }
            let stream = StreamRule {
                object: &route.object,
                meta: route.meta,
                number,
                rule,
            };
            let matches = [Matches {
                protocol: protocol.clone(),
                snis: &[],
                ports: &won.ports,
                others: &[],
                level: 0,
                rank: 0,
            }];
            drafts.extend(stream.draft(context, protocol.clone(), &matches));
        }
    }
    drafts
}

/// Whether a route has rules, and each has a backend.
fn has_backends(context: &Context<'_, '_>, object: &Key, rules: &[StreamRouteRule]) -> bool {
    if rules.is_empty() {
        context.leave_out(
            object,
            "spec.rules",
            "no rules provided",
            "add a rule with a backendRef",
        );
        return false;
    }
    for (number, rule) in rules.iter().enumerate() {
        if rule.backend_refs.is_empty() {
            context.leave_out(
                object,
                format!("spec.rules[{number}].backendRefs"),
                "no backendRefs in rule; the route is left out",
                "add a backendRef",
            );
            return false;
        }
    }
    true
}

/// A rule of a stream route.
struct StreamRule<'r> {
    object: &'r Key,
    meta: &'r Meta,
    number: usize,
    rule: &'r StreamRouteRule,
}

/// Which connections a Kong route is for.
struct Matches<'m> {
    protocol: KongProtocol,
    snis: &'m [String],
    ports: &'m [u16],
    /// Names that it is not for.
    others: &'m [String],
    /// How many others it has to come before, which are for the same connections.
    level: usize,
    /// How specific its names are.
    rank: u64,
}

impl StreamRule<'_> {
    /// The service of the rule, with a route for each sort of connections; `None`, and a problem, if it has no backend
    /// and so nothing to connect to.
    fn draft(
        &self,
        context: &Context<'_, '_>,
        protocol: KongProtocol,
        matches: &[Matches<'_>],
    ) -> Option<Draft> {
        let Self { object, number, .. } = *self;
        let backends =
            backend_refs::backends(context, object, number, self.rule.backend_refs.iter());
        let as_kong = context.settings.as_kong_does();
        let resolves = || {
            backends
                .iter()
                .any(|it| services::resolve(context, it).is_some())
        };
        if !as_kong && !resolves() {
            context.say(
                object,
                format!("spec.rules[{number}].backendRefs"),
                "none of the backends can be used, and a connection cannot be answered with an error; the rule is \
                 left out",
                "correct the backendRefs",
            );
            return None;
        }
        let Name { name, .. } = &object.name;
        let kind = object.kind.as_str().to_ascii_lowercase();
        let service = format!("{kind}.{}.{name}.{number}", object.name.namespace());
        let from = vec![Provenance::of(object, number)];
        let routes = matches
            .iter()
            .enumerate()
            .map(|(index, matches)| self.route(context, format!("{service}.{index}"), matches));
        Some(Draft {
            routes: routes.collect(),
            service: Service {
                name: Some(service.clone()),
                host: service,
                protocol: Some(protocol),
                ..Service::default()
            },
            parents: vec![object.clone()],
            without_backends: if self.rule.backend_refs.is_empty() {
                WithoutBackends::FailsInPlace
            } else {
                WithoutBackends::Fails
            },
            backends,
            plugins: Vec::new(),
            from,
        })
    }

    fn route(&self, context: &Context<'_, '_>, name: String, matches: &Matches<'_>) -> DraftRoute {
        let rule_name = self.rule.name.as_deref().unwrap_or_default();
        let tags = origin::tags(self.object, self.meta, &[rule_name.trim()]);
        let mut route = route_base::route(context, name, tags);
        route.protocols = Some(vec![matches.protocol.clone()]);
        let has_expression = context.settings.expressions();
        let expression = if has_expression {
            let snis = predicates::snis(matches.snis);
            let ports = matches.ports.iter().map(|port| {
                Expression::number(
                    NumberField::DestinationPort,
                    NumberTest::Equals,
                    (*port).into(),
                )
            });
            let ports = Expression::any(ports);
            let others = predicates::none_of(context, &TextField::Sni, matches.others);
            let all = [snis, ports].into_iter().flatten().chain(others);
            let rank = if context.settings.as_kong_does() {
                0
            } else {
                matches.rank
            };
            Expression::all(all).map(|it| (it, PRIORITY + rank))
        } else {
            let address = |port: &u16| Address {
                ip: None,
                port: Some(*port),
            };
            route.sources = levels::sources(matches.level);
            route.snis = (!matches.snis.is_empty()).then(|| matches.snis.to_vec());
            route.destinations =
                (!matches.ports.is_empty()).then(|| matches.ports.iter().map(address).collect());
            None
        };
        route_annotations::apply(context, self.object, self.meta, &mut route, has_expression);
        DraftRoute {
            object: self.object.clone(),
            route,
            expression,
            plugins: Vec::new(),
            referred: Vec::new(),
            from: vec![Provenance::of(self.object, self.number)],
        }
    }
}
