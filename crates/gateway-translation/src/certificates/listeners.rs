//! Certificates that listeners of Gateways show.

use std::collections::BTreeSet;

use gateway_types::Listener;
use kong_crds::Kind;
use kong_crds::gateway::Gateway;
use kong_resolve::{Key, Name, Ref};
use serde_json::Value;

use super::Wish;
use crate::context::{Context, key};
use crate::listeners::{Bound, all_gateways, listener_certificate, say_unusable};

/// What listeners ask for, those of the oldest Gateway first.
pub(super) fn wishes(context: &Context<'_, '_>) -> Vec<Wish> {
    let mut wishes = Vec::new();
    for gateway in all_gateways(context) {
        if context.settings.as_kong_does() {
            let known = listeners_with_status(context, &gateway.name);
            let listeners = gateway.spec.listeners.iter().enumerate();
            let listeners = listeners.filter(|(_, listener)| known.contains(&listener.name));
            let wish = |(number, it)| as_kong_does(context, &gateway.name, number, it);
            wishes.extend(listeners.filter_map(wish));
        // Where there is no class, it may be ours.
        } else if gateway.ours.unwrap_or(context.settings.all_routes) {
            say_unusable(context, &gateway);
            let listeners = gateway.listeners.iter();
            wishes.extend(listeners.filter_map(|bound| wish(context, bound)));
        }
    }
    wishes
}

/// The listeners that the status of a Gateway knows of.
fn listeners_with_status(context: &Context<'_, '_>, gateway: &Name) -> BTreeSet<String> {
    let status = context.view.status(&Ref::<Gateway>::new(gateway.clone()));
    let listeners = status.and_then(|status| status.0.get("listeners")?.as_array());
    let name = |listener: &Value| Some(listener.get("name")?.as_str()?.to_owned());
    listeners.into_iter().flatten().filter_map(name).collect()
}

/// The one certificate that Kong's controller takes, wherever it is.
fn as_kong_does(
    context: &Context<'_, '_>,
    gateway: &Name,
    number: usize,
    listener: &Listener,
) -> Option<Wish> {
    let object = key(Kind::Gateway, gateway);
    let field = format!("spec.listeners[{number}].tls.certificateRefs");
    let reference = match listener.tls.as_ref()?.certificate_refs.as_slice() {
        [] => return None,
        [one] => one,
        _ => {
            several(context, &object, field, listener);
            return None;
        }
    };
    let hostname = listener.hostname.as_deref().unwrap_or("*");
    Some(Wish {
        secret: gateway.sibling(reference.namespace.as_deref(), &reference.name),
        by: object,
        field: format!("{field}[0]"),
        hosts: vec![hostname.to_owned()],
    })
}

fn several(context: &Context<'_, '_>, gateway: &Key, field: String, listener: &Listener) {
    context.say(
        gateway,
        field,
        format!(
            "listener '{}' has more than one certificateRef, it's not supported",
            listener.name
        ),
        "make a listener for each certificate",
    );
}

/// The certificate of a listener that can be had; its references that cannot be used are told.
fn wish(context: &Context<'_, '_>, bound: &Bound<'_>) -> Option<Wish> {
    let Bound {
        owner,
        number,
        listener,
        against,
    } = bound;
    if against.is_some() {
        return None;
    }
    let certificates = listener_certificate(context, owner, *number, listener);
    for wrong in &certificates.wrong {
        wrong.say(context);
    }
    let (secret, field) = certificates.usable?;
    let hostname = listener.hostname.as_deref().filter(|name| !name.is_empty());
    Some(Wish {
        secret,
        by: owner.clone(),
        field,
        hosts: vec![hostname.unwrap_or("*").to_owned()],
    })
}
