//! What is asked of Gateways, and what routes ask of parents, that has no effect here: it is said, and the rest works.

use std::net::IpAddr;

use gateway_types::{AddressType, GatewayAddress, GatewayDefaultScope, ParentReference};
use kong_resolve::Key;

use crate::context::Context;
use crate::listeners::Judged;

/// The groups and kinds of parents that belong to a mesh.
const MESH: [(&str, &str); 3] = [
    ("", "Service"),
    ("core", "Service"),
    ("gateway.networking.x-k8s.io", "XMesh"),
];

/// Tells of what a Gateway asks for in vain.
pub(crate) fn say(context: &Context<'_, '_>, gateway: &Judged<'_>) {
    let object = gateway.key();
    let spec = gateway.spec;
    let infrastructure = spec.infrastructure.as_ref();
    if infrastructure.is_some_and(|it| !it.labels.is_empty() || !it.annotations.is_empty()) {
        context.warn(
            &object,
            "spec.infrastructure",
            "labels and annotations are for objects that are made for the Gateway, and a translation makes none; they \
             have no effect",
            "put them on the gateway's own objects",
        );
    }
    if matches!(&spec.default_scope, Some(scope) if *scope != GatewayDefaultScope::None) {
        context.warn(
            &object,
            "spec.defaultScope",
            "routes attach by their parentRefs alone; the Gateway is a default for none",
            "name the Gateway in spec.parentRefs of the routes",
        );
    }
    for (number, address) in spec.addresses.iter().enumerate() {
        if let Some(wrong) = wrong_address(context, address) {
            context.say(
                &object,
                format!("spec.addresses[{number}]"),
                format!("{}: {}", wrong.reason, wrong.message),
                wrong.remedy,
            );
        }
    }
}

/// Why an address that is asked for cannot be had.
pub(crate) struct WrongAddress {
    /// The reason in conditions.
    pub(crate) reason: &'static str,
    pub(crate) message: String,
    remedy: &'static str,
}

/// The reason for an address of a sort that there is not.
pub(crate) const UNSUPPORTED_ADDRESS: &str = "UnsupportedAddress";

/// What is wrong with an address that is asked for. Where it is not known at which addresses the gateway is reached, an
/// address may be one of them as long as it makes sense.
pub(crate) fn wrong_address(
    context: &Context<'_, '_>,
    address: &GatewayAddress,
) -> Option<WrongAddress> {
    let known = &context.settings.addresses;
    let kind = address.type_.as_ref().unwrap_or(&AddressType::IPAddress);
    let value = address.value.as_deref().filter(|value| !value.is_empty());
    let is_ip = |text: &str| text.parse::<IpAddr>().is_ok();
    let wrong = |reason, message: String, remedy| {
        Some(WrongAddress {
            reason,
            message,
            remedy,
        })
    };
    let wants_ip = match kind {
        AddressType::IPAddress => true,
        AddressType::Hostname => false,
        AddressType::NamedAddress | AddressType::Other(_) => {
            return wrong(
                UNSUPPORTED_ADDRESS,
                format!("addresses of type {kind} are not supported"),
                "write an IPAddress or a Hostname",
            );
        }
    };
    match value {
        Some(value) if is_ip(value) != wants_ip => wrong(
            "AddressNotUsable",
            format!("{value:?} is no address of type {kind}"),
            "correct the address or its type",
        ),
        Some(value)
            if !known.is_empty() && !known.iter().any(|it| it.eq_ignore_ascii_case(value)) =>
        {
            wrong(
                "AddressNotUsable",
                format!(
                    "the gateway is not reached at {value}, but at {}",
                    known.join(", ")
                ),
                "ask for an address that the gateway has, or give it this one",
            )
        }
        None if !known.is_empty() && !known.iter().any(|it| is_ip(it) == wants_ip) => wrong(
            "AddressNotAssigned",
            format!("the gateway is not reached at any address of type {kind}"),
            "ask for an address that the gateway has, or for none",
        ),
        Some(_) | None => None,
    }
}

/// Tells of parents that are a mesh's.
pub(crate) fn say_mesh(
    context: &Context<'_, '_>,
    route: &Key,
    number: usize,
    parent: &ParentReference,
) {
    if context.settings.as_kong_does() {
        return;
    }
    let group = parent.group.as_deref().unwrap_or(gateway_types::GROUP);
    let kind = parent.kind.as_deref().unwrap_or_default();
    if MESH.contains(&(group, kind)) {
        context.warn(
            route,
            format!("spec.parentRefs[{number}]"),
            format!("requests within a mesh do not go through the gateway: the parentRef to a {kind} has no effect here"),
            "leave it to the mesh, or name a Gateway",
        );
    }
}

/// Tells a route that wants default Gateways.
pub(crate) fn say_defaults(
    context: &Context<'_, '_>,
    route: &Key,
    scope: Option<&GatewayDefaultScope>,
) {
    let wants = scope.is_some_and(|scope| *scope != GatewayDefaultScope::None);
    if wants && !context.settings.as_kong_does() {
        context.drop_field(
            route,
            "spec.useDefaultGateways",
            "routes attach by their parentRefs alone; no default Gateway takes the route",
            "name the Gateways in spec.parentRefs",
        );
    }
}
