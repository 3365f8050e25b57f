//! Whether a listener accepts a route, by the rules of the Gateway API.

use gateway_types::{FromNamespaces, LabelSelector, Listener, ParentReference, Protocol};
use kong_crds::Kind;
use kong_crds::gateway::Gateway;
use kong_resolve::{Key, Name};

use super::{Attached, Attachment, Claim, hostnames, is_gateway, is_ours};
use crate::context::{Context, key};

/// Why a Gateway takes no route, from the first to the last thing that is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Refusal {
    /// No listener is meant.
    NoMatchingParent,
    /// None of those that are meant takes routes of the kind, or from the namespace.
    NotAllowedByListeners,
    /// None of those that do has a hostname that meets one of the route's.
    NoMatchingListenerHostname,
}

impl Refusal {
    fn message(self) -> &'static str {
        match self {
            Self::NoMatchingParent => {
                "NoMatchingParent: the Gateway has no listener of the name and port that the parentRef asks for; the \
                 route is not attached to it"
            }
            Self::NotAllowedByListeners => {
                "NotAllowedByListeners: no listener that the parentRef means takes routes of this kind from this \
                 namespace; the route is not attached to it"
            }
            Self::NoMatchingListenerHostname => {
                "NoMatchingListenerHostname: the hostnames of the route and of the listener never meet; the route is \
                 not attached to it"
            }
        }
    }

    fn remedy(self) -> &'static str {
        match self {
            Self::NoMatchingParent => "correct sectionName and port, or add the listener",
            Self::NotAllowedByListeners => "permit the route in allowedRoutes of the listener",
            Self::NoMatchingListenerHostname => {
                "give the route a hostname of the listener, or the listener one of the route"
            }
        }
    }
}

/// The listeners that accept a route; `None` if there is none.
pub(super) fn attach<'w>(context: &Context<'_, 'w>, claim: Claim<'_>) -> Option<Attachment<'w>> {
    let mut attachment = Attachment::default();
    let mut everywhere = false;
    for (number, parent) in claim.parents.iter().enumerate() {
        if !is_gateway(parent) {
            if parent.kind.as_deref() == Some(Kind::ListenerSet.as_str()) {
                context.say(
                    claim.route,
                    format!("spec.parentRefs[{number}]"),
                    "ListenerSets are not looked at; the route is not attached to it",
                    "attach the route to a listener of the Gateway",
                );
            }
            continue;
        }
        let gateway = claim
            .route
            .name
            .sibling(parent.namespace.as_deref(), &parent.name);
        let Some((_, spec)) = context.get::<Gateway>(&gateway) else {
            attachment.unknown |= context.settings.all_routes;
            if !context.settings.all_routes {
                context.say(
                    claim.route,
                    format!("spec.parentRefs[{number}]"),
                    format!("NoMatchingParent: there is no Gateway {gateway}; the route is not attached to it"),
                    "create the Gateway or correct the name",
                );
            }
            continue;
        };
        match is_ours(context, &spec.gateway_class_name) {
            Some(true) => {}
            Some(false) => continue,
            // Whose Gateway that is cannot be known.
            None if context.settings.all_routes => {}
            None => {
                context.say(
                    &key(Kind::Gateway, &gateway),
                    "spec.gatewayClassName",
                    format!(
                        "there is no GatewayClass {}; nothing is attached to the Gateway",
                        spec.gateway_class_name
                    ),
                    "create the GatewayClass or correct the name",
                );
                continue;
            }
        }
        let mut refusal = Some(Refusal::NoMatchingParent);
        for listener in spec.listeners.iter().filter(|it| is_meant(parent, it)) {
            let allowed = takes_kind(listener, claim.route.kind)
                && takes_namespace(context, listener, &gateway, claim.route);
            if !allowed {
                refusal = refusal.max(refusal.and(Some(Refusal::NotAllowedByListeners)));
                continue;
            }
            let own = listener
                .hostname
                .as_deref()
                .filter(|_| has_hostnames(listener));
            let Some(met) = hostnames::of_listener(claim.hostnames, own) else {
                refusal = refusal.and(Some(Refusal::NoMatchingListenerHostname));
                continue;
            };
            everywhere |= met.is_empty();
            for hostname in met {
                if !attachment.hostnames.contains(&hostname) {
                    attachment.hostnames.push(hostname);
                }
            }
            let attached = Attached {
                gateway: gateway.clone(),
                listener,
            };
            if !attachment.listeners.contains(&attached) {
                attachment.listeners.push(attached);
            }
            refusal = None;
        }
        if let Some(refusal) = refusal {
            context.say(
                claim.route,
                format!("spec.parentRefs[{number}]"),
                refusal.message(),
                refusal.remedy(),
            );
        }
    }
    if attachment.unknown {
        attachment.hostnames = claim.hostnames.to_vec();
    } else if everywhere {
        attachment.hostnames.clear();
    }
    (attachment.unknown || !attachment.listeners.is_empty()).then_some(attachment)
}

/// Whether a parentRef means a listener.
fn is_meant(parent: &ParentReference, listener: &Listener) -> bool {
    let section = parent.section_name.as_ref();
    section.is_none_or(|section| *section == listener.name)
        && parent.port.is_none_or(|port| port == listener.port)
}

/// Whether the protocol of a listener knows hostnames.
fn has_hostnames(listener: &Listener) -> bool {
    matches!(
        listener.protocol,
        Protocol::HTTP | Protocol::HTTPS | Protocol::TLS
    )
}

/// Whether a listener takes routes of a kind.
fn takes_kind(listener: &Listener, kind: Kind) -> bool {
    let by_protocol = match listener.protocol {
        Protocol::HTTP | Protocol::HTTPS => matches!(kind, Kind::HTTPRoute | Kind::GRPCRoute),
        // TLS that ends at the gateway leaves a plain connection behind.
        Protocol::TLS => kind == Kind::TLSRoute,
        Protocol::TCP => kind == Kind::TCPRoute,
        Protocol::UDP => kind == Kind::UDPRoute,
        Protocol::Other(_) => false,
    };
    let kinds = listener
        .allowed_routes
        .as_ref()
        .map(|it| it.kinds.as_slice());
    by_protocol
        && kinds.is_none_or(|kinds| kinds.is_empty() || kinds.iter().any(|it| is_kind(it, kind)))
}

/// Whether a kind of route is meant.
pub(super) fn is_kind(meant: &gateway_types::RouteGroupKind, kind: Kind) -> bool {
    meant.group.as_deref().unwrap_or(gateway_types::GROUP) == kind.group()
        && meant.kind == kind.as_str()
}

/// Whether a listener takes routes from where a route is.
pub(super) fn takes_namespace(
    context: &Context<'_, '_>,
    listener: &Listener,
    gateway: &Name,
    route: &Key,
) -> bool {
    let namespaces = listener
        .allowed_routes
        .as_ref()
        .and_then(|it| it.namespaces.as_ref());
    let same = gateway.namespace() == route.name.namespace();
    match namespaces.and_then(|it| it.from.as_ref()) {
        None | Some(FromNamespaces::Same) => same,
        Some(FromNamespaces::All) => true,
        Some(FromNamespaces::None | FromNamespaces::Other(_)) => false,
        Some(FromNamespaces::Selector) => {
            let selector = namespaces.and_then(|it| it.selector.as_ref());
            selector.is_some_and(|selector| selects(context, selector, route.name.namespace()))
        }
    }
}

/// Whether a namespace has the labels that a selector asks for.
fn selects(context: &Context<'_, '_>, selector: &LabelSelector, namespace: &str) -> bool {
    let name = Name {
        namespace: None,
        name: namespace.into(),
    };
    let Some(meta) = context.view.meta(&key(Kind::Namespace, &name)) else {
        return false;
    };
    let plain = selector.match_labels.iter().flatten();
    let expressions = selector.match_expressions.iter().flatten();
    plain
        .into_iter()
        .all(|(label, value)| meta.label(label) == Some(value))
        && expressions.into_iter().all(|expression| {
            let label = meta.label(&expression.key);
            let listed = || {
                let values = expression.values.iter().flatten();
                values.into_iter().any(|value| label == Some(value))
            };
            match expression.operator.as_str() {
                "In" => listed(),
                "NotIn" => !listed(),
                "Exists" => label.is_some(),
                "DoesNotExist" => label.is_none(),
                _ => false,
            }
        })
}
