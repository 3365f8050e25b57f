//! Statuses of Gateways and of the ListenerSets that add to them.
//!
//! Addresses, and conditions about what is provided for a Gateway, are others' and stay.

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
    let accepted = accepted(gateway);
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
    let mut said = vec![accepted, programmed(is_accepted)];
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
    if is_accepted {
        awaits("/conditions".to_owned());
        for place in &listeners.programmable {
            awaits(format!("/listeners/{place}/conditions"));
        }
    }
    status.insert("listeners".to_owned(), Value::Array(listeners.statuses));
    statuses
        .statuses
        .insert(object.clone(), Value::Object(status));
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
fn accepted(gateway: &Judged<'_>) -> Condition {
    let infrastructure = gateway.spec.infrastructure.as_ref();
    let parameters = infrastructure.and_then(|it| it.parameters_ref.as_ref());
    let wrong = parameters.and_then(|it| wrong_parameters(&it.group, &it.kind));
    if let Some(wrong) = wrong {
        return Condition::fails(ACCEPTED, "InvalidParameters", wrong);
    }
    for (number, address) in gateway.spec.addresses.iter().enumerate() {
        let kind = address.type_.as_ref();
        if let Some(kind @ (AddressType::NamedAddress | AddressType::Other(_))) = kind {
            let message = format!(
                "spec.addresses[{number}]: addresses of type {kind} are not supported: write an IPAddress or a Hostname"
            );
            return Condition::fails(ACCEPTED, "UnsupportedAddress", message);
        }
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
