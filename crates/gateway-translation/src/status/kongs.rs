//! Statuses of Kong's own kinds: consumers and their groups, vaults, custom entities, facades, licences.

use std::sync::Arc;

use kong_crds::configuration::v1::KongConsumer;
use kong_crds::configuration::v1alpha1::{KongCustomEntity, KongLicense, KongVault};
use kong_crds::configuration::v1beta1::KongConsumerGroup;
use kong_crds::incubator::v1alpha1::KongServiceFacade;
use kong_crds::{Kind, Object};
use kong_resolve::{Key, Meta, Readable, Truth};
use serde_json::Value;

use super::conditions::{self, Condition, PROGRAMMED};
use super::entries::{Entry, List};
use super::pushed::{Awaiting, Words};
use super::{Known, Statuses, before};
use crate::class::{Class, all_of_ours};
use crate::context::{Context, key};
use crate::licenses;

const INVALID: &str =
    "Object failed to be configured in Kong - see its attached Events for more information.";
const PENDING: &str = "Object is pending configuration in Kong.";
/// There is no limit to how many controllers know a licence, other than that of the API server.
const CONTROLLERS: usize = usize::MAX;

pub(super) fn put(context: &Context<'_, '_>, known: &Known<'_>, statuses: &mut Statuses) {
    ours::<KongConsumer>(context, known, statuses);
    ours::<KongConsumerGroup>(context, known, statuses);
    ours::<KongVault>(context, known, statuses);
    let class = Class::of(context);
    for (name, meta, spec) in context.all::<KongCustomEntity>() {
        if class.is(&spec.controller_name) {
            let object = key(Kind::KongCustomEntity, name);
            one::<KongCustomEntity>(context, known, statuses, &object, meta);
        }
    }
    for (object, meta, _) in all_of_ours::<KongServiceFacade>(context) {
        one::<KongServiceFacade>(context, known, statuses, &object, meta);
    }
    put_licenses(context, statuses);
}

/// The objects of a kind that are of our class.
fn ours<K>(context: &Context<'_, '_>, known: &Known<'_>, statuses: &mut Statuses)
where
    K: Readable + Object,
{
    let all: Vec<(Key, &Meta, &Arc<K::Spec>)> = all_of_ours::<K>(context);
    for (object, meta, _) in all {
        one::<K>(context, known, statuses, &object, meta);
    }
}

fn one<K>(
    context: &Context<'_, '_>,
    known: &Known<'_>,
    statuses: &mut Statuses,
    object: &Key,
    meta: &Meta,
) where
    K: Readable,
{
    let mut status = before::<K>(context, object);
    let wrong = known.left_out(object);
    let is_used = object.kind != Kind::KongServiceFacade || known.backends.contains(object);
    let condition = if wrong.is_empty() {
        let pending = Condition::fails(PROGRAMMED, "Pending", PENDING);
        // What a gateway has said stays until it says something else.
        if is_used && says_true(status.get("conditions")) {
            pending.unless_said()
        } else {
            pending
        }
    } else {
        let reasons: Vec<&str> = wrong.iter().map(|it| it.message.as_str()).collect();
        let message = format!("{INVALID} {}", reasons.join("; "));
        Condition::fails(PROGRAMMED, "Invalid", message)
    };
    if wrong.is_empty() && is_used {
        let awaiting = Awaiting::new(object, "/conditions", meta.generation, Words::Kong);
        statuses.awaiting.push(awaiting);
    }
    let conditions = conditions::merged(
        status.get("conditions"),
        &[condition],
        &[PROGRAMMED],
        meta.generation,
    );
    status.insert("conditions".to_owned(), Value::Array(conditions));
    statuses
        .statuses
        .insert(object.clone(), Value::Object(status));
}

fn says_true(conditions: Option<&Value>) -> bool {
    let mut conditions = conditions.and_then(Value::as_array).into_iter().flatten();
    conditions.any(|it| it["type"] == PROGRAMMED && it["status"] == Truth::True.as_str())
}

/// Licences: the first in rank counts. Of those that are switched off nothing is said.
fn put_licenses(context: &Context<'_, '_>, statuses: &mut Statuses) {
    let ranked = licenses::by_rank(context);
    for (name, meta, fields) in context.all::<KongLicense>() {
        let object = key(Kind::KongLicense, name);
        let mut status = before::<KongLicense>(context, &object);
        let condition = match ranked.first() {
            Some((picked, _, _)) if *picked == name => {
                Condition::holds(PROGRAMMED, "PickedAsLatest", "")
            }
            _ => Condition::fails(
                PROGRAMMED,
                "ReplacedByNewer",
                "Replaced by newer created KongLicense",
            ),
        };
        let entry = Entry {
            identity: (),
            reference: None,
            conditions: vec![condition],
        };
        let entries: Vec<Entry<()>> = fields.enabled.then_some(entry).into_iter().collect();
        let list = List {
            before: status.get("controllers"),
            controller: &context.settings.controller,
            member: "controllerRef",
            types: &[PROGRAMMED],
            generation: meta.generation,
            limit: CONTROLLERS,
        };
        let (controllers, _) = list.merged(&entries, |_| Some(()));
        status.insert("controllers".to_owned(), Value::Array(controllers));
        statuses.statuses.insert(object, Value::Object(status));
    }
}
