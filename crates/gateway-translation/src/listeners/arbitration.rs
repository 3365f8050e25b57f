//! Who gets a listener that only one route can have: TCP and UDP have nothing by which connections could be told
//! apart, so the oldest route gets the listener, then the first by namespace and name.

use std::collections::BTreeMap;

use gateway_types::{GatewayStatus, ListenerStatus, ParentReference, Protocol};
use kong_crds::Kind;
use kong_crds::gateway::Gateway;
use kong_resolve::Key;

use super::{Attached, Claim, accepted, attach, is_ours};
use crate::context::{Context, key};

/// What a route has won.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Won {
    /// Ports of the listeners, each once, in order.
    pub(crate) ports: Vec<u16>,
}

/// The ports of each route, in their order, which has to be from the oldest route to the youngest; `None` for a route
/// that gets nothing.
pub(crate) fn arbitrate(
    context: &Context<'_, '_>,
    protocol: &Protocol,
    routes: &[(Key, &[ParentReference])],
) -> Vec<Option<Won>> {
    let mut owners: BTreeMap<(Key, String, i64), usize> = BTreeMap::new();
    let mut won: Vec<Won> = vec![Won::default(); routes.len()];
    for (number, (route, parents)) in routes.iter().enumerate() {
        let (listeners, unknown) = candidates(context, protocol, route, parents);
        for attached in listeners {
            let port = attached.listener.port;
            let name = attached.listener.name.clone();
            let owner = *owners
                .entry((attached.owner.clone(), name, port))
                .or_insert(number);
            if owner == number {
                won[number].ports.extend(attached.port());
            } else {
                context.say(
                    route,
                    "spec.parentRefs",
                    format!(
                        "listener {} of Gateway {} belongs to {}, which is older: a listener of {protocol} has one \
                         route; this one gets nothing of it",
                        attached.listener.name, attached.gateway, routes[owner].0,
                    ),
                    "attach one of them to another listener",
                );
            }
        }
        won[number].ports.extend(unknown);
        won[number].ports.sort_unstable();
        won[number].ports.dedup();
    }
    let get = |won: Won| (!won.ports.is_empty()).then_some(won);
    won.into_iter().map(get).collect()
}

/// The listeners that a route could have, and ports of those that are not known but for it.
fn candidates<'w>(
    context: &Context<'_, 'w>,
    protocol: &Protocol,
    route: &Key,
    parents: &[ParentReference],
) -> (Vec<Attached<'w>>, Vec<u16>) {
    if context.settings.as_kong_does() && context.settings.all_routes {
        return (
            as_kong_finds_them(context, protocol, route, parents),
            Vec::new(),
        );
    }
    let claim = Claim {
        route,
        parents,
        hostnames: &[],
    };
    let Some(attachment) = attach(context, claim) else {
        return (Vec::new(), Vec::new());
    };
    let mut ports = Vec::new();
    if attachment.unknown && attachment.listeners.is_empty() {
        let named = parents.iter().filter_map(|parent| parent.port);
        ports.extend(named.filter_map(|port| u16::try_from(port).ok()));
        if ports.is_empty() {
            context.say(
                route,
                "spec.parentRefs",
                "the Gateway is not among the objects, so that the port of its listener is not known; the route is \
                 left out",
                "give the Gateway as well, or name the port in the parentRef",
            );
        }
    }
    (attachment.listeners, ports)
}

/// Kong's translator looks at the status of the listener, and takes routes from everywhere where nothing is said.
fn as_kong_finds_them<'w>(
    context: &Context<'_, 'w>,
    protocol: &Protocol,
    route: &Key,
    parents: &[ParentReference],
) -> Vec<Attached<'w>> {
    let mut found: Vec<Attached<'w>> = Vec::new();
    for parent in parents {
        let gateway = route
            .name
            .sibling(parent.namespace.as_deref(), &parent.name);
        let Some((_, spec)) = context.get::<Gateway>(&gateway) else {
            continue;
        };
        if is_ours(context, &spec.gateway_class_name) != Some(true) {
            continue;
        }
        let status: GatewayStatus = context.status::<Gateway, _>(&gateway).unwrap_or_default();
        for listener in &spec.listeners {
            let status = status.listeners.iter().find(|it| it.name == listener.name);
            let section = parent.section_name.as_ref();
            let allowed = listener.allowed_routes.as_ref();
            let kinds = allowed.map(|it| it.kinds.as_slice()).unwrap_or_default();
            let from = allowed.and_then(|it| it.namespaces.as_ref()?.from.as_ref());
            let is_candidate = listener.protocol == *protocol
                && section.is_none_or(|section| *section == listener.name)
                && parent.port.is_none_or(|port| port == listener.port)
                && (kinds.is_empty() || kinds.iter().any(|it| is_named(it, route.kind)))
                && (from.is_none()
                    || accepted::takes_namespace(context, listener, &gateway, route))
                && status.is_some_and(|status| is_ready(status, route.kind));
            let attached = Attached {
                gateway: gateway.clone(),
                owner: key(Kind::Gateway, &gateway),
                listener,
            };
            if is_candidate && !found.contains(&attached) {
                found.push(attached);
            }
        }
    }
    found
}

/// Whether a kind is meant by group and kind; a group that is not written means none.
fn is_named(meant: &gateway_types::RouteGroupKind, kind: Kind) -> bool {
    meant.group.is_some() && accepted::is_kind(meant, kind)
}

/// Whether a listener is programmed and supports routes of a kind.
fn is_ready(status: &ListenerStatus, kind: Kind) -> bool {
    let supported = status.supported_kinds.iter().any(|it| is_named(it, kind));
    let programmed = status
        .conditions
        .iter()
        .any(|it| it.type_ == "Programmed" && it.status == "True");
    supported && programmed
}
