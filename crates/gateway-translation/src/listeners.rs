//! Which listeners a route attaches to, and what follows from them: hostnames, protocols, ports.
//!
//! Start with [`attach`], which decides as the Gateway API says: the Gateway's class is ours, the parentRef means the
//! listener, the listener takes routes of this kind and from this namespace, and their hostnames meet. Kong's
//! translator does not look that closely, since its controllers have done so before: what it finds by the parentRefs
//! alone is [`referenced`].

mod accepted;
mod arbitration;
mod conflicts;
mod gateways;
mod hostnames;
mod reach;
mod references;

use std::collections::BTreeSet;
use std::rc::Rc;

use gateway_types::{Listener, ParentReference, Protocol, TLSMode};
use kong_crds::Kind;
use kong_crds::gateway::{
    GRPCRoute, Gateway, GatewayClass, HTTPRoute, TCPRoute, TLSRoute, UDPRoute,
};
use kong_resolve::{Key, Name};

use crate::context::{Context, key};

pub(crate) use accepted::{Outcome, is_kind, kinds_of};
pub(crate) use arbitration::arbitrate;
pub(crate) use gateways::{
    Against, Bound, Judged, Set, all_gateways, gateway, listener_sets_of, say as say_unusable,
};
pub(crate) use reach::{Door, Doors, Reach, door, hostname, includes};
pub(crate) use references::{client_certificate, invalid_pair, listener_certificate};

/// The name that Kong's ingress controller has in GatewayClasses, which is that of its translator everywhere.
const TRANSLATOR: &str = "konghq.com/kic-gateway-controller";

/// A route that wants listeners.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Claim<'r> {
    /// The route.
    pub(crate) route: &'r Key,
    /// What it attaches to.
    pub(crate) parents: &'r [ParentReference],
    /// Hosts that it is for; by default those of the listeners.
    pub(crate) hostnames: &'r [String],
}

/// A listener of a Gateway.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Attached<'w> {
    /// The Gateway.
    pub(crate) gateway: Name,
    /// The object that it is written in: the Gateway, or a ListenerSet that adds to it.
    pub(crate) owner: Key,
    /// The listener.
    pub(crate) listener: &'w Listener,
}

/// What a route has of its parents.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Attachment<'w> {
    /// The listeners that it attaches to, each once, in the order of the parentRefs.
    pub(crate) listeners: Vec<Attached<'w>>,
    /// Whether it has a parent that is not there and is taken to accept it as it is.
    pub(crate) unknown: bool,
    /// Hosts that it is for, of those that its listeners have; none for all.
    pub(crate) hostnames: Vec<String>,
    /// Where it answers, if it is a route with hosts and all of its parents are known.
    pub(crate) reach: Option<Reach>,
}

/// The listeners that take a route; `None`, and a problem, if there is none. Where all routes are to be translated,
/// a Gateway that is not there takes them all, and in the way of Kong's translator so does every other.
pub(crate) fn attach<'w>(context: &Context<'_, 'w>, claim: Claim<'_>) -> Option<Attachment<'w>> {
    if context.settings.all_routes && context.settings.as_kong_does() {
        return Some(Attachment {
            listeners: referenced(context, claim.route, claim.parents),
            unknown: true,
            hostnames: claim.hostnames.to_vec(),
            ..Attachment::default()
        });
    }
    let hostnames = if context.settings.as_kong_does() {
        claim.hostnames.to_vec()
    } else {
        hostnames::valid(context, claim)
    };
    if hostnames.is_empty() && !claim.hostnames.is_empty() {
        context.leave_out(
            claim.route,
            "",
            "none of the hostnames is one; the route is left out",
            "correct spec.hostnames",
        );
        return None;
    }
    let hostnames = &hostnames;
    accepted::attach(context, Claim { hostnames, ..claim })
}

/// The hosts of an attached route, each once, as Kong compares them: with what clients send, which it turns into nothing
/// else. None, or an empty one, is for all.
pub(crate) fn hosts(attachment: &Attachment<'_>, as_kong: bool) -> Vec<String> {
    if as_kong {
        return attachment.hostnames.clone();
    }
    if let Some(reach) = &attachment.reach {
        return reach.hosts.iter().map(|(host, _)| host.clone()).collect();
    }
    let mut seen = BTreeSet::new();
    let hosts = attachment
        .hostnames
        .iter()
        .map(|it| it.to_ascii_lowercase());
    hosts.filter(|host| seen.insert(host.clone())).collect()
}

/// What comes of each parentRef of a route, in order.
pub(crate) fn outcomes<'w>(context: &Context<'_, 'w>, claim: Claim<'_>) -> Vec<Outcome<'w>> {
    let hostnames = &hostnames::valid(context, claim);
    let claim = Claim { hostnames, ..claim };
    let parents = claim.parents.iter();
    parents
        .map(|parent| accepted::outcome(context, claim, parent))
        .collect()
}

/// The Gateways that accept a route, each as often as its parentRefs name it.
pub(crate) fn gateways_of<'w>(context: &Context<'_, 'w>, route: &Key) -> Vec<Rc<Judged<'w>>> {
    let name = &route.name;
    macro_rules! of {
        ($kind:ty, $spec:ident => $hostnames:expr) => {
            context
                .get::<$kind>(name)
                .map(|(_, $spec)| (&$spec.parent_refs[..], $hostnames))
        };
    }
    let found: Option<(&[ParentReference], &[String])> = match route.kind {
        Kind::HTTPRoute => of!(HTTPRoute, spec => &spec.hostnames[..]),
        Kind::GRPCRoute => of!(GRPCRoute, spec => &spec.hostnames[..]),
        Kind::TLSRoute => of!(TLSRoute, spec => &spec.hostnames[..]),
        Kind::TCPRoute => of!(TCPRoute, spec => &[][..]),
        Kind::UDPRoute => of!(UDPRoute, spec => &[][..]),
        _ => None,
    };
    let Some((parents, hostnames)) = found else {
        return Vec::new();
    };
    let claim = Claim {
        route,
        parents,
        hostnames,
    };
    let mut gateways = Vec::new();
    for outcome in outcomes(context, claim) {
        if let Outcome::Accepted(met) = outcome {
            let names = met.iter().map(|(attached, _)| &attached.gateway);
            gateways.extend(names.filter_map(|name| gateway(context, name)));
        }
    }
    gateways
}

/// The listeners that parentRefs name, whatever those listeners take.
pub(crate) fn referenced<'w>(
    context: &Context<'_, 'w>,
    route: &Key,
    parents: &[ParentReference],
) -> Vec<Attached<'w>> {
    let mut found = Vec::new();
    for parent in parents {
        let gateway = route
            .name
            .sibling(parent.namespace.as_deref(), &parent.name);
        let Some((_, spec)) = context.get::<Gateway>(&gateway) else {
            continue;
        };
        let meant = |listener: &&Listener| {
            parent
                .section_name
                .as_ref()
                .is_none_or(|section| *section == listener.name)
        };
        found.extend(
            spec.listeners
                .iter()
                .filter(meant)
                .map(|listener| Attached {
                    gateway: gateway.clone(),
                    owner: key(Kind::Gateway, &gateway),
                    listener,
                }),
        );
    }
    found
}

/// Whether a parentRef is one to a Gateway.
pub(crate) fn is_gateway(parent: &ParentReference) -> bool {
    is_gateway_kind(parent.group.as_deref(), parent.kind.as_deref())
}

/// Whether group and kind, as a reference to a parent has them, are those of Gateways.
fn is_gateway_kind(group: Option<&str>, kind: Option<&str>) -> bool {
    group.unwrap_or(gateway_types::GROUP) == gateway_types::GROUP
        && kind.unwrap_or(Kind::Gateway.as_str()) == Kind::Gateway.as_str()
}

/// Whether a parentRef is one to a ListenerSet.
fn is_listener_set(parent: &ParentReference) -> bool {
    let group = parent.group.as_deref().unwrap_or(gateway_types::GROUP);
    group == gateway_types::GROUP && parent.kind.as_deref() == Some(Kind::ListenerSet.as_str())
}

/// Whether Gateways of a class are ours; `None` if there is no such class.
pub(crate) fn is_ours(context: &Context<'_, '_>, class: &str) -> Option<bool> {
    let name = Name {
        namespace: None,
        name: class.into(),
    };
    let (_, class) = context.get::<GatewayClass>(&name)?;
    let controller = class.controller_name.as_str();
    Some(controller == context.settings.controller || controller == TRANSLATOR)
}

impl Attached<'_> {
    /// Whether TLS goes through to the backend.
    pub(crate) fn is_passthrough(&self) -> bool {
        let mode = self.listener.tls.as_ref().and_then(|tls| tls.mode.as_ref());
        mode == Some(&TLSMode::Passthrough)
    }

    /// The port, as entities of Kong have it.
    pub(crate) fn port(&self) -> Option<u16> {
        u16::try_from(self.listener.port).ok()
    }
}

/// Whether one of the listeners has a protocol.
pub(crate) fn any_speaks(listeners: &[Attached<'_>], protocol: &Protocol) -> bool {
    listeners.iter().any(|it| it.listener.protocol == *protocol)
}
