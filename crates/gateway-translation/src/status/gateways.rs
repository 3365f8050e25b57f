//! Statuses of Gateways and of the ListenerSets that add to them.
//!
//! Conditions about what is provided for a Gateway are others' and stay, and so do addresses where it is not known at
//! which the gateway is reached.

use std::net::IpAddr;

use gateway_types::AddressType;
use kong_crds::Kind;
use kong_crds::gateway::{Gateway, GatewaySpec, ListenerSet};
use kong_resolve::{Key, Truth};
use serde_json::{Map, Value, json};

use super::conditions::{self, ACCEPTED, Condition, PROGRAMMED, RESOLVED_REFS};
use super::gateway_class::wrong_parameters;
use super::listeners::{self, Listeners};
use super::pushed::{Awaiting, Words};
use super::routes::Attached;
use super::{Statuses, before};
use crate::context::{Context, key};
use crate::listeners::{
    Against, Bound, Judged, Set, all_gateways, client_certificate, listener_sets_of,
};
use crate::unheard::{UNSUPPORTED_ADDRESS, WrongAddress, wrong_address};

/// The types of conditions of a Gateway that are ours.
const TYPES: [&str; 3] = [ACCEPTED, PROGRAMMED, RESOLVED_REFS];
/// The reason if some listeners cannot be had.
const NOT_VALID: &str = "ListenersNotValid";
/// How `Programmed` stands before a gateway has said anything.
const WAITING: &str = "Waiting for controller";

pub(super) fn put(context: &Context<'_, '_>, attached: &Attached, statuses: &mut Statuses) {
    for gateway in all_gateways(context) {
        if gateway.ours == Some(true) {
            put_gateway(context, &gateway, attached, statuses);
        }
    }
}

fn put_gateway(
    context: &Context<'_, '_>,
    gateway: &Judged<'_>,
    attached: &Attached,
    statuses: &mut Statuses,
) {
    let object = gateway.key();
    let generation = gateway.meta.generation;
    let mut status = before::<Gateway>(context, &object);
    let accepted = accepted(context, gateway);
    let is_accepted = accepted.truth == Truth::True;
    let own = gateway.listeners_of(&object);
    let listeners = listeners::all(context, own, attached, status.get("listeners"), generation);
    let mut attached_sets = 0;
    for (name, set, _) in listener_sets_of(context, &gateway.name) {
        let set_object = key(Kind::ListenerSet, name);
        let has_attached = put_set(
            context,
            gateway,
            &set_object,
            &set,
            is_accepted,
            attached,
            statuses,
        );
        attached_sets += i32::from(has_attached);
    }
    if gateway.spec.allowed_listeners.is_some() {
        status.insert("attachedListenerSets".to_owned(), json!(attached_sets));
    } else {
        status.remove("attachedListenerSets");
    }
    if let Some(addresses) = addresses(context, gateway.spec) {
        status.insert("addresses".to_owned(), Value::Array(addresses));
    }
    let without = without_address(context, gateway).filter(|_| is_accepted);
    let programmed = without.unwrap_or_else(|| programmed(is_accepted));
    let mut said = vec![accepted, programmed];
    said.extend(resolved_refs(context, &object, gateway.spec));
    finish(
        &object,
        status,
        &said,
        listeners,
        is_accepted,
        generation,
        statuses,
    );
}

/// Puts conditions and listeners in their places, and notes what waits for a gateway.
fn finish(
    object: &Key,
    mut status: Map<String, Value>,
    said: &[Condition],
    listeners: Listeners,
    is_accepted: bool,
    generation: i64,
    statuses: &mut Statuses,
) {
    let conditions = conditions::merged(status.get("conditions"), said, &TYPES, generation);
    status.insert("conditions".to_owned(), Value::Array(conditions));
    let mut awaits = |place: String| {
        let awaiting = Awaiting::new(object, place, generation, Words::Gateway);
        statuses.awaiting.push(awaiting);
    };
    let fails = |it: &Condition| it.kind == PROGRAMMED && it.truth == Truth::False;
    if is_accepted {
        if !said.iter().any(fails) {
            awaits("/conditions".to_owned());
        }
        for place in &listeners.programmable {
            awaits(format!("/listeners/{place}/conditions"));
        }
    }
    status.insert("listeners".to_owned(), Value::Array(listeners.statuses));
    statuses
        .statuses
        .insert(object.clone(), Value::Object(status));
}

/// The addresses that a Gateway asks for and cannot have.
fn wrong_addresses(
    context: &Context<'_, '_>,
    gateway: &Judged<'_>,
) -> impl Iterator<Item = (usize, WrongAddress)> {
    let asked = gateway.spec.addresses.iter().enumerate();
    asked.filter_map(|(number, address)| Some((number, wrong_address(context, address)?)))
}

/// Why a Gateway cannot be programmed though it is accepted: an address that it asks for is not to be had.
fn without_address(context: &Context<'_, '_>, gateway: &Judged<'_>) -> Option<Condition> {
    let (number, wrong) = wrong_addresses(context, gateway).next()?;
    let message = format!("spec.addresses[{number}]: {}", wrong.message);
    Some(Condition::fails(PROGRAMMED, wrong.reason, message))
}

/// The addresses at which a Gateway is reached, of those that it asks for if it asks for some, names first; none if they
/// are not known.
fn addresses(context: &Context<'_, '_>, spec: &GatewaySpec) -> Option<Vec<Value>> {
    let known = &context.settings.addresses;
    if known.is_empty() {
        return None;
    }
    let is_ip = |text: &str| text.parse::<IpAddr>().is_ok();
    let is_asked = |it: &&String| {
        spec.addresses.is_empty()
            || spec.addresses.iter().any(|asked| {
                let wants_ip = matches!(asked.type_, None | Some(AddressType::IPAddress));
                let value = asked.value.as_deref().filter(|value| !value.is_empty());
                match value {
                    Some(value) => value.eq_ignore_ascii_case(it),
                    None => is_ip(it) == wants_ip,
                }
            })
    };
    let mut of: Vec<&String> = known.iter().filter(is_asked).collect();
    of.sort_by_key(|it| (is_ip(it), *it));
    of.dedup();
    let address = |it: &String| {
        let kind = if is_ip(it) {
            AddressType::IPAddress
        } else {
            AddressType::Hostname
        };
        json!({"type": kind, "value": it})
    };
    Some(of.into_iter().map(address).collect())
}

fn programmed(is_accepted: bool) -> Condition {
    if is_accepted {
        Condition::unknown(PROGRAMMED, "Pending", WAITING).unless_said()
    } else {
        Condition::fails(
            PROGRAMMED,
            "Pending",
            "There are other conditions that are not yet ready",
        )
    }
}

/// Whether a Gateway can be had: its parameters are some, its addresses are of a sort that is known, and at least one
/// of its listeners can be had.
fn accepted(context: &Context<'_, '_>, gateway: &Judged<'_>) -> Condition {
    let infrastructure = gateway.spec.infrastructure.as_ref();
    let parameters = infrastructure.and_then(|it| it.parameters_ref.as_ref());
    let wrong = parameters.and_then(|it| wrong_parameters(&it.group, &it.kind));
    if let Some(wrong) = wrong {
        return Condition::fails(ACCEPTED, "InvalidParameters", wrong);
    }
    let mut wrong = wrong_addresses(context, gateway);
    if let Some((number, wrong)) = wrong.find(|(_, wrong)| wrong.reason == UNSUPPORTED_ADDRESS) {
        let message = format!("spec.addresses[{number}]: {}", wrong.message);
        return Condition::fails(ACCEPTED, UNSUPPORTED_ADDRESS, message);
    }
    let object = gateway.key();
    let listeners: Vec<&Bound<'_>> = gateway.listeners_of(&object).collect();
    let has_sets = listeners.is_empty() && gateway.spec.allowed_listeners.is_some();
    of_listeners(&listeners, "All listeners are accepted.", has_sets)
}

/// What follows from listeners for the object that they are of.
fn of_listeners(listeners: &[&Bound<'_>], fine: &str, may_be_none: bool) -> Condition {
    let mut wrong = Vec::new();
    for bound in listeners {
        let number = bound.number;
        if let Some(Against::Conflict(_)) = bound.against {
            wrong.push(format!("Listener {number} is conflicted."));
        }
        if bound.against.is_some() {
            wrong.push(format!("Listener {number} is not accepted."));
        }
    }
    let any = listeners.iter().any(|bound| bound.against.is_none());
    match (any || may_be_none, wrong.is_empty()) {
        (true, true) => Condition::holds(ACCEPTED, ACCEPTED, fine),
        (true, false) => Condition::holds(ACCEPTED, NOT_VALID, wrong.join(" ")),
        (false, _) => Condition::fails(ACCEPTED, NOT_VALID, wrong.join(" ")),
    }
}

/// Whether what the Gateway itself refers to is there; nothing is said where it refers to nothing.
fn resolved_refs(context: &Context<'_, '_>, object: &Key, spec: &GatewaySpec) -> Option<Condition> {
    Some(match client_certificate(context, object, spec)? {
        Ok(_) => Condition::holds(RESOLVED_REFS, RESOLVED_REFS, ""),
        Err(wrong) => Condition::fails(RESOLVED_REFS, wrong.reason, wrong.message),
    })
}

/// The status of a ListenerSet; whether it has attached.
fn put_set(
    context: &Context<'_, '_>,
    gateway: &Judged<'_>,
    object: &Key,
    set: &Set<'_>,
    is_gateway_accepted: bool,
    attached: &Attached,
    statuses: &mut Statuses,
) -> bool {
    let generation = set.meta.generation;
    let status = before::<ListenerSet>(context, object);
    let bound: Vec<&Bound<'_>> = gateway.listeners_of(object).collect();
    let accepted = if !set.allowed {
        Condition::fails(
            ACCEPTED,
            "NotAllowed",
            format!(
                "Gateway {} does not let ListenerSets of this namespace in: permit it in its spec.allowedListeners",
                set.gateway
            ),
        )
    } else if is_gateway_accepted {
        of_listeners(&bound, "All listeners are accepted.", false)
    } else {
        let message = format!("Gateway {} is not accepted.", set.gateway);
        Condition::fails(ACCEPTED, "ParentNotAccepted", message)
    };
    let is_accepted = accepted.truth == Truth::True;
    let programmed = if is_accepted {
        programmed(true)
    } else {
        Condition::fails(
            PROGRAMMED,
            accepted.reason,
            "The ListenerSet is not accepted.",
        )
    };
    let before = status.get("listeners").cloned();
    let bound = bound.into_iter();
    let listeners = listeners::all(context, bound, attached, before.as_ref(), generation);
    let said = [accepted, programmed];
    finish(
        object,
        status,
        &said,
        listeners,
        is_accepted,
        generation,
        statuses,
    );
    is_accepted
}
