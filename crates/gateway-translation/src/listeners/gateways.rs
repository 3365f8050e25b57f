//! Gateways with all of their listeners: their own, and those of the ListenerSets that they let in.
//!
//! Start with [`gateway`], which judges each listener once, for routes, certificates and statuses alike: what
//! stands against it is a protocol that Kong has nothing for, or a listener that it is in conflict with. Of listeners
//! of one object that are in conflict none is had; between objects the Gateway counts first, then the older
//! ListenerSet.

use std::collections::BTreeMap;
use std::rc::Rc;

use gateway_types::{FromNamespaces, Listener, Protocol};
use kong_crds::Kind;
use kong_crds::gateway::{Gateway, GatewaySpec, ListenerSet, ListenerSetSpec};
use kong_resolve::{Key, Meta, Name};

use super::conflicts::{self, Conflict};
use super::{accepted, is_gateway_kind, is_ours};
use crate::context::{Context, key};

/// A Gateway.
#[derive(Debug)]
pub(crate) struct Judged<'w> {
    pub(crate) name: Name,
    pub(crate) meta: &'w Meta,
    pub(crate) spec: &'w GatewaySpec,
    /// Whether its class is one that is looked after; `None` if there is no such class.
    pub(crate) ours: Option<bool>,
    /// Its listeners, those of ListenerSets at the end.
    pub(crate) listeners: Vec<Bound<'w>>,
}

/// A ListenerSet that adds to a Gateway.
#[derive(Debug)]
pub(crate) struct Set<'w> {
    pub(crate) meta: &'w Meta,
    /// Its Gateway, existing or not.
    pub(crate) gateway: Name,
    /// Whether the Gateway is there and lets it in.
    pub(crate) allowed: bool,
}

/// A listener with what stands against it.
#[derive(Clone, Debug)]
pub(crate) struct Bound<'w> {
    /// The Gateway or ListenerSet that it is of.
    pub(crate) owner: Key,
    /// Its place among the listeners of that.
    pub(crate) number: usize,
    pub(crate) listener: &'w Listener,
    pub(crate) against: Option<Against>,
}

/// What stands against a listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Against {
    /// Its protocol is none that Kong has.
    UnsupportedProtocol,
    /// Another listener.
    Conflict(Conflict),
    /// It is to let in only clients with certificates, which nothing here can have checked.
    ClientValidation,
}

impl Against {
    /// The reason in conditions.
    pub(crate) fn reason(self) -> &'static str {
        match self {
            Self::UnsupportedProtocol => "UnsupportedProtocol",
            Self::Conflict(conflict) => conflict.reason(),
            Self::ClientValidation => "UnsupportedValue",
        }
    }

    /// What is wrong.
    pub(crate) fn message(self, listener: &Listener) -> String {
        match self {
            Self::UnsupportedProtocol => format!(
                "Kong has no protocol {}: a listener has HTTP, HTTPS, TLS, TCP or UDP",
                listener.protocol
            ),
            Self::Conflict(conflict) => conflict.message(listener),
            Self::ClientValidation => format!(
                "spec.tls.frontend of the Gateway wants certificates of clients on port {} to be validated, which is not \
                 supported; without that nobody is let in",
                listener.port
            ),
        }
    }

    fn remedy(self) -> &'static str {
        match self {
            Self::UnsupportedProtocol => "give it one of these, or remove it",
            Self::Conflict(conflict) => conflict.remedy(),
            Self::ClientValidation => {
                "remove the validation for the port, and use the plugin mtls-auth where the gateway has it"
            }
        }
    }
}

/// Whether certificates of clients are to be validated on a port. What is said of the port counts first.
fn validates_clients(spec: &GatewaySpec, port: i64) -> bool {
    let frontend = spec.tls.as_ref().and_then(|tls| tls.frontend.as_ref());
    frontend.is_some_and(|frontend| {
        let of_port = frontend.per_port.iter().find(|it| it.port == port);
        let tls = of_port.map_or(&frontend.default, |it| &it.tls);
        tls.validation.is_some()
    })
}

impl<'w> Judged<'w> {
    /// The listeners of a Gateway, or of a ListenerSet that adds to it.
    pub(crate) fn listeners_of<'g>(
        &'g self,
        owner: &'g Key,
    ) -> impl Iterator<Item = &'g Bound<'w>> {
        self.listeners.iter().filter(move |it| it.owner == *owner)
    }

    /// Its key.
    pub(crate) fn key(&self) -> Key {
        key(Kind::Gateway, &self.name)
    }
}

/// A Gateway, if it is there. It is judged once; what it does not depend on is not read.
pub(crate) fn gateway<'w>(context: &Context<'_, 'w>, name: &Name) -> Option<Rc<Judged<'w>>> {
    if let Some(known) = context.gateways.borrow().get(name) {
        return known.clone();
    }
    let judged = context.get::<Gateway>(name);
    let judged = judged.map(|(meta, spec)| Rc::new(judged_gateway(context, name, meta, spec)));
    let mut known = context.gateways.borrow_mut();
    known.insert(name.clone(), judged.clone());
    judged
}

/// All Gateways, oldest first.
pub(crate) fn all_gateways<'w>(context: &Context<'_, 'w>) -> Vec<Rc<Judged<'w>>> {
    let all = context.all::<Gateway>().into_iter();
    all.filter_map(|(name, ..)| gateway(context, name))
        .collect()
}

/// A ListenerSet that adds to a Gateway.
pub(crate) fn listener_set<'w>(context: &Context<'_, 'w>, name: &Name) -> Option<Set<'w>> {
    let (meta, spec) = context.get::<ListenerSet>(name)?;
    set(context, name, meta, spec)
}

/// The ListenerSets that name a Gateway, oldest first, whether it lets them in or not.
pub(crate) fn listener_sets_of<'w>(
    context: &Context<'_, 'w>,
    gateway: &Name,
) -> Vec<(&'w Name, Set<'w>, &'w ListenerSetSpec)> {
    let all = context.all::<ListenerSet>().into_iter();
    all.filter_map(|(name, meta, spec)| {
        let set = set(context, name, meta, spec)?;
        (set.gateway == *gateway).then_some((name, set, &**spec))
    })
    .collect()
}

fn set<'w>(
    context: &Context<'_, 'w>,
    name: &Name,
    meta: &'w Meta,
    spec: &ListenerSetSpec,
) -> Option<Set<'w>> {
    let parent = &spec.parent_ref;
    if !is_gateway_kind(parent.group.as_deref(), parent.kind.as_deref()) {
        return None;
    }
    let gateway = name.sibling(parent.namespace.as_deref(), &parent.name);
    let found = context.get::<Gateway>(&gateway);
    let allowed = found.is_some_and(|(_, spec)| lets_in(context, spec, &gateway, name));
    Some(Set {
        meta,
        gateway,
        allowed,
    })
}

/// Judges a Gateway. In the way of Kong's controller nothing is judged, since it looks at statuses.
fn judged_gateway<'w>(
    context: &Context<'_, 'w>,
    name: &Name,
    meta: &'w Meta,
    spec: &'w GatewaySpec,
) -> Judged<'w> {
    let own = key(Kind::Gateway, name);
    let mut listeners = bound(&own, &spec.listeners);
    if !context.settings.as_kong_does() {
        judge(&mut listeners, 0);
        let sets = if lets_some_in(spec) {
            listener_sets_of(context, name)
        } else {
            Vec::new()
        };
        for (name, _, spec) in sets.into_iter().filter(|(_, set, _)| set.allowed) {
            let before = listeners.len();
            listeners.extend(bound(&key(Kind::ListenerSet, name), &spec.listeners));
            judge(&mut listeners, before);
        }
        for bound in &mut listeners {
            if bound.against.is_none()
                && bound.listener.protocol == Protocol::HTTPS
                && validates_clients(spec, bound.listener.port)
            {
                bound.against = Some(Against::ClientValidation);
            }
        }
    }
    Judged {
        name: name.clone(),
        meta,
        spec,
        ours: is_ours(context, &spec.gateway_class_name),
        listeners,
    }
}

fn bound<'w>(owner: &Key, listeners: &'w [Listener]) -> Vec<Bound<'w>> {
    let bound = |(number, listener): (usize, &'w Listener)| Bound {
        owner: owner.clone(),
        number,
        listener,
        against: None,
    };
    listeners.iter().enumerate().map(bound).collect()
}

/// Finds out what stands against the listeners from a place on, which are all those of one object.
fn judge(listeners: &mut [Bound<'_>], from: usize) {
    let (before, new) = listeners.split_at_mut(from);
    for bound in new.iter_mut() {
        if matches!(bound.listener.protocol, Protocol::Other(_)) {
            bound.against = Some(Against::UnsupportedProtocol);
        }
    }
    let (mut by_port, mut own_by_port) = (BTreeMap::new(), BTreeMap::new());
    for bound in before.iter().filter(|it| it.against.is_none()) {
        let at_port: &mut Vec<&Listener> = by_port.entry(bound.listener.port).or_default();
        at_port.push(bound.listener);
    }
    for (number, bound) in new.iter().enumerate() {
        if bound.against.is_none() {
            let at_port: &mut Vec<usize> = own_by_port.entry(bound.listener.port).or_default();
            at_port.push(number);
        }
    }
    let mut conflicts = vec![None; new.len()];
    for (port, numbers) in &own_by_port {
        for number in numbers {
            let listener = new[*number].listener;
            let theirs = by_port.get(port).into_iter().flatten().copied();
            let own = numbers.iter().filter(|other| *other != number);
            let others = theirs.chain(own.map(|other| new[*other].listener));
            conflicts[*number] = others
                .filter_map(|other| conflicts::between(listener, other))
                .min();
        }
    }
    for (bound, conflict) in new.iter_mut().zip(conflicts) {
        bound.against = bound.against.or_else(|| conflict.map(Against::Conflict));
    }
}

/// Whether a Gateway lets a ListenerSet in.
fn lets_in(context: &Context<'_, '_>, spec: &GatewaySpec, gateway: &Name, set: &Name) -> bool {
    let allowed = spec.allowed_listeners.as_ref();
    let namespaces = allowed.and_then(|it| it.namespaces.as_ref());
    lets_some_in(spec)
        && accepted::selects_namespace(context, namespaces, gateway.namespace(), set.namespace())
}

/// Whether a Gateway lets any ListenerSet in; by default it lets in none.
fn lets_some_in(spec: &GatewaySpec) -> bool {
    let allowed = spec.allowed_listeners.as_ref();
    let namespaces = allowed.and_then(|it| it.namespaces.as_ref());
    let from = namespaces.and_then(|it| it.from.as_ref());
    !matches!(from, None | Some(FromNamespaces::None))
}

/// Tells of the listeners of a Gateway that cannot be had.
pub(crate) fn say(context: &Context<'_, '_>, gateway: &Judged<'_>) {
    for bound in &gateway.listeners {
        let Some(against) = bound.against else {
            continue;
        };
        let reason = against.reason();
        context.say(
            &bound.owner,
            format!("spec.listeners[{}]", bound.number),
            format!(
                "{reason}: {}; listener {} is not provided",
                against.message(bound.listener),
                bound.listener.name
            ),
            against.remedy(),
        );
    }
}
