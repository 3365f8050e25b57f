//! Certificates that listeners of Gateways show.

use std::collections::BTreeSet;

use gateway_types::{Listener, TLSMode};
use kong_crds::Kind;
use kong_crds::gateway::{Gateway, GatewaySpec};
use kong_resolve::{Key, Name, Ref, grants};
use serde_json::Value;

use super::Wish;
use crate::context::{Context, key};
use crate::listeners;

/// What listeners ask for, those of the oldest Gateway first.
pub(super) fn wishes(context: &Context<'_, '_>) -> Vec<Wish> {
    let mut wishes = Vec::new();
    for (name, _, spec) in context.all::<Gateway>() {
        if context.settings.as_kong_does() {
            let known = listeners_with_status(context, name);
            let listeners = spec.listeners.iter().enumerate();
            let listeners = listeners.filter(|(_, listener)| known.contains(&listener.name));
            let wish = |(number, it)| as_kong_does(context, name, number, it);
            wishes.extend(listeners.filter_map(wish));
        } else if is_ours(context, spec) {
            let listeners = spec.listeners.iter().enumerate();
            wishes.extend(listeners.filter_map(|(number, it)| wish(context, name, number, it)));
        }
    }
    wishes
}

/// Whether a Gateway is of a class that this controller looks after, or is taken to be where there is no class.
fn is_ours(context: &Context<'_, '_>, spec: &GatewaySpec) -> bool {
    listeners::is_ours(context, &spec.gateway_class_name).unwrap_or(context.settings.all_routes)
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

/// The first certificate that a listener may use, if TLS ends there.
fn wish(
    context: &Context<'_, '_>,
    gateway: &Name,
    number: usize,
    listener: &Listener,
) -> Option<Wish> {
    let tls = listener.tls.as_ref()?;
    if tls
        .mode
        .as_ref()
        .is_some_and(|mode| *mode != TLSMode::Terminate)
    {
        return None;
    }
    let object = key(Kind::Gateway, gateway);
    let refs = format!("spec.listeners[{number}].tls.certificateRefs");
    let mut usable = Vec::new();
    for (at, reference) in tls.certificate_refs.iter().enumerate() {
        let field = format!("{refs}[{at}]");
        let group = reference.group.as_deref().unwrap_or_default();
        let kind = reference.kind.as_deref().unwrap_or("Secret");
        if !matches!(group, "" | "core") || kind != "Secret" {
            context.say(
                &object,
                field,
                format!("{kind} of group {group:?} cannot hold a certificate"),
                "refer to a Secret",
            );
            continue;
        }
        let secret = gateway.sibling(reference.namespace.as_deref(), &reference.name);
        let target = key(Kind::Secret, &secret);
        if !context
            .view
            .permission_of_routes(&object, &target)
            .is_given()
        {
            context.say(
                &object,
                field,
                format!("no ReferenceGrant permits the reference to {target}: the certificate is left out"),
                grants::remedy_of_routes(&object, &target),
            );
            continue;
        }
        usable.push((secret, field));
    }
    if usable.len() > 1 {
        several(context, &object, refs, listener);
    }
    let (secret, field) = usable.into_iter().next()?;
    let hostname = listener.hostname.as_deref().filter(|name| !name.is_empty());
    Some(Wish {
        secret,
        by: object,
        field,
        hosts: vec![hostname.unwrap_or("*").to_owned()],
    })
}
