//! Statuses of policies: an entry for each ancestor.
//!
//! The ancestors of a KongUpstreamPolicy are the Services and KongServiceFacades that name it; those of a
//! BackendTLSPolicy are the Gateways whose accepted routes refer to its Services.

use std::collections::{BTreeMap, BTreeSet};

use gateway_types::ParentReference;
use kong_crds::Kind;
use kong_crds::annotations::service::UPSTREAM_POLICY;
use kong_crds::configuration::v1beta1::KongUpstreamPolicy;
use kong_crds::gateway::{BackendTLSPolicy, KeptStatus, Service};
use kong_crds::incubator::v1alpha1::KongServiceFacade;
use kong_resolve::{Key, Meta, Name, Readable};
use serde_json::Value;

use super::conditions::{ACCEPTED, Condition, PROGRAMMED, RESOLVED_REFS};
use super::entries::{Entry, List};
use super::pushed::{Awaiting, Words};
use super::routes::Attached;
use super::{Known, Statuses, before, reference};
use crate::backend_tls::Policy;
use crate::context::{Context, Problem, UNSUPPORTED, key};

/// The most ancestors that schemas allow.
const ANCESTORS: usize = 16;

pub(super) fn put(
    context: &Context<'_, '_>,
    known: &Known<'_>,
    attached: &Attached,
    statuses: &mut Statuses,
) {
    put_upstream_policies(context, known, statuses);
    for policy in context.backend_tls(None).iter() {
        put_backend_tls_policy(context, policy, attached, statuses);
    }
}

/// Who refers to a policy: what is said of that, and whether a gateway has something to say.
struct Ancestor {
    object: Key,
    conditions: Vec<Condition>,
    awaits: bool,
}

/// Puts entries of ancestors into the status of a policy.
fn finish<K>(
    context: &Context<'_, '_>,
    policy: &Key,
    meta: &Meta,
    types: &[&str],
    ancestors: Vec<Ancestor>,
    statuses: &mut Statuses,
) where
    K: Readable<Status = KeptStatus>,
{
    let controller = context.settings.controller.as_str();
    let mut status = before::<K>(context, policy);
    let was_ours = {
        let entries = status.get("ancestors").and_then(Value::as_array);
        let mut entries = entries.into_iter().flatten();
        entries.any(|entry| entry["controllerName"] == controller)
    };
    if ancestors.is_empty() && !was_ours {
        return;
    }
    let awaits: Vec<bool> = ancestors.iter().map(|it| it.awaits).collect();
    let entries: Vec<Entry<Key>> = ancestors
        .into_iter()
        .map(|ancestor| Entry {
            reference: Some(reference(&ancestor.object)),
            identity: ancestor.object,
            conditions: ancestor.conditions,
        })
        .collect();
    let list = List {
        before: status.get("ancestors"),
        controller,
        member: "ancestorRef",
        types,
        generation: meta.generation,
        limit: ANCESTORS,
    };
    let (ancestors, places) = list.merged(&entries, |about| ancestor(about, policy));
    for (place, awaits) in places.into_iter().zip(awaits) {
        if let Some(place) = place.filter(|_| awaits) {
            let place = format!("/ancestors/{place}/conditions");
            let awaiting = Awaiting::new(policy, place, meta.generation, Words::Policy);
            statuses.awaiting.push(awaiting);
        }
    }
    status.insert("ancestors".to_owned(), Value::Array(ancestors));
    statuses
        .statuses
        .insert(policy.clone(), Value::Object(status));
}

/// The object that an entry is about.
fn ancestor(about: &Value, policy: &Key) -> Option<Key> {
    let about: ParentReference = serde_json::from_value(about.clone()).ok()?;
    let group = about.group.as_deref().unwrap_or(gateway_types::GROUP);
    let group = if group == "core" { "" } else { group };
    let kind = about.kind.as_deref().unwrap_or(Kind::Gateway.as_str());
    Some(Key {
        kind: Kind::from_api(group, kind)?,
        name: policy.name.sibling(about.namespace.as_deref(), &about.name),
    })
}

fn put_upstream_policies(context: &Context<'_, '_>, known: &Known<'_>, statuses: &mut Statuses) {
    let policies = context.all::<KongUpstreamPolicy>();
    if policies.is_empty() {
        return;
    }
    let mut named: BTreeMap<Name, Vec<(i64, Key)>> = BTreeMap::new();
    let mut name = |object: Key, meta: &Meta| {
        if let Ok(Some(policy)) = UPSTREAM_POLICY.of(&meta.annotations) {
            let of_policy = named.entry(object.name.sibling(None, &policy)).or_default();
            of_policy.push((meta.created, object));
        }
    };
    for (service, meta, _) in context.all::<Service>() {
        name(key(Kind::Service, service), meta);
    }
    for (facade, meta, _) in context.all::<KongServiceFacade>() {
        name(key(Kind::KongServiceFacade, facade), meta);
    }
    for (policy, meta, _) in policies {
        let mut ancestors = named.remove(policy).unwrap_or_default();
        ancestors.sort_by(|(created, one), (theirs, other)| {
            let place =
                |created: i64, object: &Key| (created, object.kind.as_str(), object.name.clone());
            place(*created, one).cmp(&place(*theirs, other))
        });
        let ancestors = ancestors
            .into_iter()
            .map(|(_, object)| by_service(known, object))
            .collect();
        let object = key(Kind::KongUpstreamPolicy, policy);
        let types = [ACCEPTED, PROGRAMMED];
        finish::<KongUpstreamPolicy>(context, &object, meta, &types, ancestors, statuses);
    }
}

/// How a policy stands with a Service that names it.
fn by_service(known: &Known<'_>, object: Key) -> Ancestor {
    let annotation = format!("metadata.annotations[{}]", UPSTREAM_POLICY.name());
    let wrong: Vec<&Problem> = known
        .left_out(&object)
        .iter()
        .copied()
        .filter(|it| it.field == annotation)
        .collect();
    let is_there = known.backends.contains(&object);
    let accepted = match wrong.first() {
        None => Condition::holds(ACCEPTED, ACCEPTED, ""),
        Some(first) => {
            let messages: Vec<&str> = wrong.iter().map(|it| it.message.as_str()).collect();
            let reason = first.costs.unwrap_or(UNSUPPORTED);
            Condition::fails(ACCEPTED, reason, messages.join("; "))
        }
    };
    let awaits = wrong.is_empty() && is_there;
    let programmed = match (wrong.is_empty(), is_there) {
        (true, true) => {
            Condition::fails(PROGRAMMED, "Pending", "No gateway has taken it yet.").unless_said()
        }
        (true, false) => Condition::fails(
            PROGRAMMED,
            "Pending",
            "The Service is not in the configuration.",
        ),
        (false, _) => Condition::fails(PROGRAMMED, "Pending", "It is not accepted."),
    };
    Ancestor {
        object,
        conditions: vec![accepted, programmed],
        awaits,
    }
}

fn put_backend_tls_policy(
    context: &Context<'_, '_>,
    policy: &Policy<'_>,
    attached: &Attached,
    statuses: &mut Statuses,
) {
    let gateways: BTreeSet<&Name> = policy
        .targets
        .iter()
        .filter_map(|(service, _)| attached.gateways_of.get(service))
        .flatten()
        .collect();
    let conditions = of_backend_tls(policy);
    let ancestor = |gateway: &Name| Ancestor {
        object: key(Kind::Gateway, gateway),
        conditions: conditions.clone(),
        awaits: false,
    };
    let ancestors: Vec<Ancestor> = gateways.into_iter().map(ancestor).collect();
    let types = [ACCEPTED, RESOLVED_REFS];
    let (object, meta) = (&policy.object, policy.meta);
    finish::<BackendTLSPolicy>(context, object, meta, &types, ancestors, statuses);
}

fn of_backend_tls(policy: &Policy<'_>) -> Vec<Condition> {
    let asks = &policy.asks;
    let messages: Vec<&str> = asks
        .unresolved
        .iter()
        .map(|it| it.message.as_str())
        .collect();
    let messages = messages.join(" - ");
    let lost = policy
        .targets
        .iter()
        .find_map(|(service, winner)| Some((service, winner.as_ref()?)));
    let accepted = if let Some((service, winner)) = lost {
        let message = format!(
            "Multiple BackendTLSPolicies target the same service: {winner} is older and counts for Service {service}"
        );
        Condition::fails(ACCEPTED, "Conflicted", message)
    } else if !asks.unsupported.is_empty() {
        Condition::fails(ACCEPTED, "Invalid", asks.unsupported.join(" - "))
    } else if !asks.is_valid() {
        let message = if messages.is_empty() {
            "spec.validation.caCertificateRefs names no authority".to_owned()
        } else {
            messages.clone()
        };
        Condition::fails(ACCEPTED, "NoValidCACertificate", message)
    } else {
        Condition::holds(ACCEPTED, ACCEPTED, "")
    };
    let resolved = match asks.unresolved.first() {
        None => Condition::holds(RESOLVED_REFS, RESOLVED_REFS, ""),
        Some(first) => Condition::fails(RESOLVED_REFS, first.reason, messages),
    };
    vec![accepted, resolved]
}
