//! The GRPCRoutes that are translated, with what they have of their listeners.

use gateway_types::{GRPCRouteSpec, ParentReference, Protocol as ListenerProtocol};
use kong_crds::Kind;
use kong_crds::gateway::{GRPCRoute, Gateway};
use kong_model::entity::Protocol;
use kong_resolve::{Key, Meta, Name};

use super::filters::{self, Effects};
use crate::context::{Context, key};
use crate::isolation;
use crate::listeners::{Attached, Claim, Doors, Reach, any_speaks, attach, hosts, referenced};
use crate::origin;
use crate::unheard;

/// A GRPCRoute that is translated.
#[derive(Debug)]
pub(super) struct Source<'w> {
    pub(super) key: Key,
    pub(super) meta: &'w Meta,
    pub(super) spec: &'w GRPCRouteSpec,
    /// Hosts that it is for; none for all.
    pub(super) hostnames: Vec<String>,
    /// Where it answers for them, if its parents are known.
    pub(super) reach: Option<Reach>,
    /// The listeners that its parentRefs name.
    pub(super) referenced: Vec<Attached<'w>>,
    /// The listeners that take it; empty if they are not all known.
    taking: Vec<Attached<'w>>,
    /// Whether its tags name all of its rules, as Kong's controller has it.
    tags_of_all_rules: bool,
}

/// All that are translated, from the oldest to the youngest.
pub(super) fn all<'w>(context: &Context<'_, 'w>) -> Vec<Source<'w>> {
    let all = context.all::<GRPCRoute>().into_iter();
    all.filter_map(|(name, meta, spec)| source(context, name, meta, spec))
        .collect()
}

/// One of them; `None` if it is not translated.
pub(super) fn of<'w>(context: &Context<'_, 'w>, name: &Name) -> Option<Source<'w>> {
    let (meta, spec) = context.one::<GRPCRoute>(name)?;
    source(context, name, meta, spec)
}

fn source<'w>(
    context: &Context<'_, 'w>,
    name: &Name,
    meta: &'w Meta,
    spec: &'w GRPCRouteSpec,
) -> Option<Source<'w>> {
    let as_kong = context.settings.as_kong_does();
    let key = key(Kind::GRPCRoute, name);
    unheard::say_defaults(context, &key, spec.use_default_gateways.as_ref());
    let claim = Claim {
        route: &key,
        parents: &spec.parent_refs,
        hostnames: &spec.hostnames,
    };
    let attachment = attach(context, claim)?;
    let mut hostnames = hosts(&attachment, as_kong);
    if as_kong && hostnames.is_empty() {
        hostnames = of_listeners(context, &key, &spec.parent_refs);
    }
    if let Some(reach) = &attachment.reach {
        isolation::say(context, &key, reach, false);
        if reach.hosts.is_empty() {
            return None;
        }
    }
    Some(Source {
        referenced: referenced(context, &key, &spec.parent_refs),
        taking: if attachment.unknown {
            Vec::new()
        } else {
            attachment.listeners
        },
        tags_of_all_rules: as_kong,
        reach: attachment.reach,
        key,
        meta,
        spec,
        hostnames,
    })
}

/// The hostnames of the listeners that parentRefs name; none as soon as one Gateway is not there.
fn of_listeners(
    context: &Context<'_, '_>,
    route: &Key,
    parents: &[ParentReference],
) -> Vec<String> {
    let is_there = |parent: &ParentReference| {
        let gateway = route
            .name
            .sibling(parent.namespace.as_deref(), &parent.name);
        context.get::<Gateway>(&gateway).is_some()
    };
    if !parents.iter().all(is_there) {
        return Vec::new();
    }
    let listeners = referenced(context, route, parents).into_iter();
    listeners
        .filter_map(|it| it.listener.hostname.clone())
        .collect()
}

impl Source<'_> {
    /// The tags of the routes of a rule.
    pub(super) fn tags(&self, rule: usize) -> Vec<String> {
        let rules = self.spec.rules.iter().enumerate();
        let names: Vec<&str> = rules
            .filter(|(number, _)| self.tags_of_all_rules || *number == rule)
            .filter_map(|(_, rule)| rule.name.as_deref().map(str::trim))
            .collect();
        origin::tags(&self.key, self.meta, &names)
    }

    /// Where it answers for one of its hosts, if that is known.
    pub(super) fn doors(&self, host: &str) -> Option<(&Reach, &Doors)> {
        let reach = self.reach.as_ref()?;
        Some((reach, reach.doors(host)?))
    }

    /// How clients speak that ask for a host: as the listeners say, and if they are not known, in either way.
    pub(super) fn protocols(&self, context: &Context<'_, '_>, host: &str) -> Option<Vec<Protocol>> {
        let listeners = if context.settings.as_kong_does() {
            &self.referenced
        } else {
            &self.taking
        };
        let doors = self.doors(host).filter(|_| context.settings.expressions());
        let speaks = |protocol: &ListenerProtocol, tls: bool| match doors {
            Some((_, doors)) => doors.keys().any(|door| door.tls == tls),
            None => any_speaks(listeners, protocol),
        };
        let mut protocols = Vec::new();
        if speaks(&ListenerProtocol::HTTP, false) {
            protocols.push(Protocol::Grpc);
        }
        if speaks(&ListenerProtocol::HTTPS, true) {
            protocols.push(Protocol::Grpcs);
        }
        if protocols.is_empty() && !context.settings.as_kong_does() {
            protocols = vec![Protocol::Grpc, Protocol::Grpcs];
        }
        (!protocols.is_empty()).then_some(protocols)
    }

    /// What the filters of a rule do; `None`, and a problem, if one of them cannot be. Kong's controller has none.
    pub(super) fn effects(&self, context: &Context<'_, '_>, rule: usize) -> Option<Effects> {
        if context.settings.as_kong_does() {
            return Some(Effects::default());
        }
        filters::effects(context, &self.key, rule, &self.spec.rules[rule])
    }
}
