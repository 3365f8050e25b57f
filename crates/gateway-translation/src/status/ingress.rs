//! Statuses of Ingresses: the addresses at which the gateway is reached, of those that are in the configuration.

use std::net::IpAddr;

use kong_crds::Kind;
use kong_crds::gateway::Ingress;
use serde_json::{Value, json};

use super::{Known, Statuses, before};
use crate::class::Class;
use crate::context::{Context, key};

/// Without addresses nothing is known, and nothing is written.
pub(super) fn put(context: &Context<'_, '_>, known: &Known<'_>, statuses: &mut Statuses) {
    let addresses = &context.settings.addresses;
    if addresses.is_empty() {
        return;
    }
    let class = Class::of(context);
    for (name, meta, spec) in context.all::<Ingress>() {
        if !class.has_ingress(meta, spec) {
            continue;
        }
        let object = key(Kind::Ingress, name);
        let is_there = known.there.contains_key(&object);
        let points: Vec<Value> = addresses
            .iter()
            .filter(|_| is_there)
            .map(|address| point(address))
            .collect();
        let mut status = before::<Ingress>(context, &object);
        let balancer = if points.is_empty() {
            json!({})
        } else {
            json!({"ingress": points})
        };
        status.insert("loadBalancer".to_owned(), balancer);
        statuses.statuses.insert(object, Value::Object(status));
    }
}

fn point(address: &str) -> Value {
    match address.parse::<IpAddr>() {
        Ok(_) => json!({"ip": address}),
        Err(_) => json!({"hostname": address}),
    }
}
