//! Whether a listener accepts a route, by the rules of the Gateway API.

use gateway_types::{
    FromNamespaces, LabelSelector, Listener, NamespaceSelection, ParentReference, Protocol,
};
use kong_crds::Kind;
use kong_resolve::{Key, Name};

use super::gateways::{Against, Bound, gateway, listener_set};
use super::reach::{Reach, door, tls_door};
use super::{Attached, Attachment, Claim, hostnames, is_gateway, is_listener_set};
use crate::context::{Context, key};
use crate::unheard;

/// Why a parent takes no route, from the first to the last thing that is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Refusal {
    /// The ListenerSet is not let in by its Gateway.
    SetNotAllowed,
    /// No listener is meant.
    NoMatchingParent,
    /// None of those that are meant can be had itself.
    NoUsableListener,
    /// None of those that are meant takes routes of the kind, or from the namespace.
    NotAllowedByListeners,
    /// None of those that do has a hostname that meets one of the route's.
    NoMatchingListenerHostname,
}

impl Refusal {
    /// The reason in conditions.
    pub(crate) fn reason(self) -> &'static str {
        match self {
            Self::SetNotAllowed | Self::NoMatchingParent | Self::NoUsableListener => {
                "NoMatchingParent"
            }
            Self::NotAllowedByListeners => "NotAllowedByListeners",
            Self::NoMatchingListenerHostname => "NoMatchingListenerHostname",
        }
    }

    /// What is wrong.
    pub(crate) fn message(self) -> &'static str {
        match self {
            Self::SetNotAllowed => "the Gateway of the ListenerSet does not let it in",
            Self::NoMatchingParent => {
                "the parent has no listener of the name and port that the parentRef asks for"
            }
            Self::NoUsableListener => "no listener that the parentRef means can be had",
            Self::NotAllowedByListeners => {
                "no listener that the parentRef means takes routes of this kind from this namespace"
            }
            Self::NoMatchingListenerHostname => {
                "the hostnames of the route and of the listener never meet"
            }
        }
    }

    fn remedy(self) -> &'static str {
        match self {
            Self::SetNotAllowed => "permit the ListenerSet in allowedListeners of the Gateway",
            Self::NoMatchingParent => "correct sectionName and port, or add the listener",
            Self::NoUsableListener => {
                "see what the status of the listeners says is wrong with them"
            }
            Self::NotAllowedByListeners => "permit the route in allowedRoutes of the listener",
            Self::NoMatchingListenerHostname => {
                "give the route a hostname of the listener, or the listener one of the route"
            }
        }
    }

    fn say(self, context: &Context<'_, '_>, route: &Key, number: usize) {
        context.say(
            route,
            format!("spec.parentRefs[{number}]"),
            format!(
                "{}: {}; the route is not attached to it",
                self.reason(),
                self.message()
            ),
            self.remedy(),
        );
    }
}

/// What comes of a parentRef.
#[derive(Clone, Debug)]
pub(crate) enum Outcome<'w> {
    /// The parent is nothing that is looked after here.
    Foreign,
    /// It is not there.
    Missing,
    /// It is a Gateway, or adds to one, whose class is not there.
    NoClass(Name, String),
    /// Its listeners that take the route, each with the hostnames at which it does; none for all.
    Accepted(Vec<(Attached<'w>, Vec<String>)>),
    /// It takes the route not.
    Refused(Refusal),
}

/// The listeners that accept a route; `None` if there is none.
pub(super) fn attach<'w>(context: &Context<'_, 'w>, claim: Claim<'_>) -> Option<Attachment<'w>> {
    let mut attachment = Attachment::default();
    let mut everywhere = false;
    let mut met_by = Vec::new();
    for (number, parent) in claim.parents.iter().enumerate() {
        match outcome(context, claim, parent) {
            Outcome::Foreign => unheard::say_mesh(context, claim.route, number, parent),
            Outcome::Missing if context.settings.all_routes => attachment.unknown = true,
            Outcome::Missing => {
                let name = claim
                    .route
                    .name
                    .sibling(parent.namespace.as_deref(), &parent.name);
                let kind = if is_gateway(parent) {
                    Kind::Gateway
                } else {
                    Kind::ListenerSet
                };
                let parent = key(kind, &name);
                // What is there and is not known as a parent cannot be read, or belongs to a Gateway that is not there.
                let (wrong, remedy) = if context.view.meta(&parent).is_some() {
                    (
                        format!("{parent} cannot be used"),
                        format!("see what is said of the {kind}, and correct it"),
                    )
                } else {
                    (
                        format!("there is no {parent}"),
                        format!("create the {kind} or correct the name"),
                    )
                };
                context.say(
                    claim.route,
                    format!("spec.parentRefs[{number}]"),
                    format!("NoMatchingParent: {wrong}; the route is not attached to it"),
                    remedy,
                );
            }
            Outcome::NoClass(gateway, class) => context.say(
                &key(Kind::Gateway, &gateway),
                "spec.gatewayClassName",
                format!("there is no GatewayClass {class}; nothing is attached to the Gateway"),
                "create the GatewayClass or correct the name",
            ),
            Outcome::Refused(refusal) => refusal.say(context, claim.route, number),
            Outcome::Accepted(met) => {
                for (attached, hostnames) in met {
                    everywhere |= hostnames.is_empty();
                    for hostname in &hostnames {
                        if !attachment.hostnames.contains(hostname) {
                            attachment.hostnames.push(hostname.clone());
                        }
                    }
                    if !attachment.listeners.contains(&attached) {
                        attachment.listeners.push(attached.clone());
                        met_by.push((attached, hostnames));
                    }
                }
            }
        }
    }
    if attachment.unknown {
        attachment.hostnames = claim.hostnames.to_vec();
    } else if everywhere {
        attachment.hostnames.clear();
    }
    let door = match claim.route.kind {
        Kind::HTTPRoute | Kind::GRPCRoute => Some(door as fn(&Listener) -> _),
        Kind::TLSRoute => Some(tls_door as fn(&Listener) -> _),
        _ => None,
    };
    if let Some(door) = door
        && !attachment.unknown
        && !context.settings.as_kong_does()
    {
        attachment.reach = Some(Reach::of(context, &met_by, door));
    }
    (attachment.unknown || !attachment.listeners.is_empty()).then_some(attachment)
}

/// What comes of one parentRef of a route.
pub(super) fn outcome<'w>(
    context: &Context<'_, 'w>,
    claim: Claim<'_>,
    parent: &ParentReference,
) -> Outcome<'w> {
    let name = claim
        .route
        .name
        .sibling(parent.namespace.as_deref(), &parent.name);
    let mut is_let_in = true;
    let (owner, name) = if is_gateway(parent) {
        (key(Kind::Gateway, &name), name)
    } else if is_listener_set(parent) && !context.settings.as_kong_does() {
        match listener_set(context, &name) {
            None => return Outcome::Missing,
            Some(set) => {
                is_let_in = set.allowed;
                (key(Kind::ListenerSet, &name), set.gateway)
            }
        }
    } else {
        return Outcome::Foreign;
    };
    let Some(gateway) = gateway(context, &name) else {
        return Outcome::Missing;
    };
    match gateway.ours {
        Some(true) => {}
        Some(false) => return Outcome::Foreign,
        // Whose Gateway that is cannot be known.
        None if context.settings.all_routes => {}
        None => return Outcome::NoClass(name, gateway.spec.gateway_class_name.clone()),
    }
    if !is_let_in {
        return Outcome::Refused(Refusal::SetNotAllowed);
    }
    let mut met = Vec::new();
    let mut refusal = Refusal::NoMatchingParent;
    let meant = gateway.listeners_of(&owner);
    for bound in meant.filter(|it| is_meant(parent, it.listener)) {
        match takes(context, claim, bound) {
            Ok(hostnames) => {
                let attached = Attached {
                    gateway: name.clone(),
                    owner: owner.clone(),
                    listener: bound.listener,
                };
                met.push((attached, hostnames));
            }
            Err(reason) => refusal = refusal.max(reason),
        }
    }
    if met.is_empty() {
        Outcome::Refused(refusal)
    } else {
        Outcome::Accepted(met)
    }
}

/// The hostnames at which a listener takes a route.
fn takes(
    context: &Context<'_, '_>,
    claim: Claim<'_>,
    bound: &Bound<'_>,
) -> Result<Vec<String>, Refusal> {
    let listener = bound.listener;
    if let Some(Against::Conflict(_) | Against::ClientValidation) = bound.against {
        return Err(Refusal::NoUsableListener);
    }
    if !takes_kind(listener, claim.route.kind)
        || !takes_namespace(context, listener, &bound.owner.name, claim.route)
    {
        return Err(Refusal::NotAllowedByListeners);
    }
    let own = listener
        .hostname
        .as_deref()
        .filter(|_| has_hostnames(listener));
    hostnames::of_listener(claim.hostnames, own).ok_or(Refusal::NoMatchingListenerHostname)
}

/// Whether a parentRef means a listener.
fn is_meant(parent: &ParentReference, listener: &Listener) -> bool {
    let section = parent.section_name.as_ref();
    section.is_none_or(|section| *section == listener.name)
        && parent.port.is_none_or(|port| port == listener.port)
}

/// Whether the protocol of a listener knows hostnames.
pub(super) fn has_hostnames(listener: &Listener) -> bool {
    matches!(
        listener.protocol,
        Protocol::HTTP | Protocol::HTTPS | Protocol::TLS
    )
}

/// Whether a listener takes routes of a kind.
fn takes_kind(listener: &Listener, kind: Kind) -> bool {
    let kinds = listener
        .allowed_routes
        .as_ref()
        .map(|it| it.kinds.as_slice());
    kinds_of(&listener.protocol).contains(&kind)
        && kinds.is_none_or(|kinds| kinds.is_empty() || kinds.iter().any(|it| is_kind(it, kind)))
}

/// The kinds of routes that there are for a protocol.
pub(crate) fn kinds_of(protocol: &Protocol) -> &'static [Kind] {
    match protocol {
        Protocol::HTTP | Protocol::HTTPS => &[Kind::GRPCRoute, Kind::HTTPRoute],
        // TLS that ends at the gateway leaves a plain connection behind.
        Protocol::TLS => &[Kind::TLSRoute],
        Protocol::TCP => &[Kind::TCPRoute],
        Protocol::UDP => &[Kind::UDPRoute],
        Protocol::Other(_) => &[],
    }
}

/// Whether a kind of route is meant.
pub(crate) fn is_kind(meant: &gateway_types::RouteGroupKind, kind: Kind) -> bool {
    meant.group.as_deref().unwrap_or(gateway_types::GROUP) == kind.group()
        && meant.kind == kind.as_str()
}

/// Whether a listener, of a Gateway or a ListenerSet, takes routes from where a route is.
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
    selects_namespace(
        context,
        namespaces,
        gateway.namespace(),
        route.name.namespace(),
    )
}

/// Whether a choice of namespaces has one, by default that where the choice is made.
pub(super) fn selects_namespace(
    context: &Context<'_, '_>,
    namespaces: Option<&NamespaceSelection>,
    own: &str,
    other: &str,
) -> bool {
    match namespaces.and_then(|it| it.from.as_ref()) {
        None | Some(FromNamespaces::Same) => own == other,
        Some(FromNamespaces::All) => true,
        Some(FromNamespaces::None | FromNamespaces::Other(_)) => false,
        Some(FromNamespaces::Selector) => {
            let selector = namespaces.and_then(|it| it.selector.as_ref());
            selector.is_some_and(|selector| selects(context, selector, other))
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
