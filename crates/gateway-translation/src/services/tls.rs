//! How a service is spoken to over TLS: the certificate that is shown to it, and the authorities of its own.

use kong_crds::Kind;
use kong_crds::annotations::service::{
    CA_CERTIFICATES_CONFIG_MAPS, CA_CERTIFICATES_SECRETS, CLIENT_CERTIFICATE,
};
use kong_crds::gateway::ConfigMap;
use kong_crds::kubernetes::Secret;
use kong_crds::names::CA_CERTIFICATE_LABEL;
use kong_model::entity::{Protocol, Service};
use kong_resolve::{Key, Meta, Name};

use super::Resolved;
use crate::context::Context;
use crate::listeners::{client_certificate as client_certificate_of, gateways_of};
use crate::route_annotations::said;

/// The key of a Secret or ConfigMap under which the id of an authority is.
const ID: &str = "id";

/// Applies what the backends of a service say of certificates; its protocol is known by now.
pub(crate) fn apply(context: &Context<'_, '_>, backends: &[&Resolved<'_>], service: &mut Service) {
    client_certificate(context, backends, service);
    authorities(context, backends, service);
    if !context.settings.as_kong_does() {
        drop_without_tls(context, backends, service);
    }
}

fn client_certificate(
    context: &Context<'_, '_>,
    backends: &[&Resolved<'_>],
    service: &mut Service,
) {
    let Some((backend, secret)) = backends.iter().find_map(|backend| {
        let secret = said(context, &backend.object, backend.meta, &CLIENT_CERTIFICATE)?;
        Some((backend, secret))
    }) else {
        return;
    };
    let field = format!("metadata.annotations[{}]", CLIENT_CERTIFICATE.name());
    let protocol = service.protocol.clone().unwrap_or(Protocol::Http);
    if !shows_certificates(context, &protocol) {
        context.say(
            &backend.object,
            field,
            format!(
                "Client certificate requested for incompatible service protocol '{}'; it is not shown",
                word(&protocol)
            ),
            "set konghq.com/protocol to https or tls, or remove the annotation",
        );
        return;
    }
    let name = backend.object.name.sibling(None, &secret);
    match context.get::<Secret>(&name) {
        Some((meta, _)) => service.client_certificate = Some(meta.uid.to_string().into()),
        None => context.say(
            &backend.object,
            field,
            format!(
                "Failed to fetch secret '{name}': there is no such Secret; no certificate is shown"
            ),
            "create the Secret of type kubernetes.io/tls or correct the name",
        ),
    }
}

/// The certificate that the Gateways of the routes of a service show to backends, where the Service asks for none.
pub(super) fn of_gateways(context: &Context<'_, '_>, parents: &[Key], service: &mut Service) {
    let is_tls = matches!(service.protocol, Some(Protocol::Https | Protocol::Tls));
    if !is_tls || service.client_certificate.is_some() {
        return;
    }
    for gateway in parents
        .iter()
        .flat_map(|parent| gateways_of(context, parent))
    {
        match client_certificate_of(context, &gateway.key(), gateway.spec) {
            None => {}
            Some(Err(unresolved)) => unresolved.say(context),
            Some(Ok((secret, _))) => {
                let secret = context.get::<Secret>(&secret);
                service.client_certificate = secret.map(|(meta, _)| meta.uid.to_string().into());
                return;
            }
        }
    }
}

/// Whether services of a protocol show certificates. Kong's controller believes it of more than do.
fn shows_certificates(context: &Context<'_, '_>, protocol: &Protocol) -> bool {
    match protocol {
        Protocol::Https | Protocol::Tls => true,
        Protocol::Grpcs | Protocol::Wss => context.settings.as_kong_does(),
        _ => false,
    }
}

fn authorities(context: &Context<'_, '_>, backends: &[&Resolved<'_>], service: &mut Service) {
    let mut ids: Vec<String> = Vec::new();
    let mut kinds = [
        (Kind::Secret, &CA_CERTIFICATES_SECRETS),
        (Kind::ConfigMap, &CA_CERTIFICATES_CONFIG_MAPS),
    ];
    for (kind, annotation) in &mut kinds {
        let Some((backend, names)) = backends.iter().find_map(|backend| {
            let names = said(context, &backend.object, backend.meta, annotation)?;
            Some((backend, names))
        }) else {
            continue;
        };
        for name in names {
            let name = backend.object.name.sibling(None, &name);
            match authority(context, *kind, &name) {
                Ok(id) if ids.contains(&id) => {}
                Ok(id) => ids.push(id),
                Err(reason) => context.say(
                    &backend.object,
                    format!("metadata.annotations[{}]", annotation.name()),
                    format!("{kind} {name} is no certificate of an authority: {reason}; it does not count"),
                    format!(
                        "label it {CA_CERTIFICATE_LABEL}: \"true\" and give it \"id\" and \"cert\", or correct the name"
                    ),
                ),
            }
        }
    }
    if !ids.is_empty() {
        service.ca_certificates = Some(ids);
    }
}

/// The id of the authority in a Secret or ConfigMap.
fn authority(context: &Context<'_, '_>, kind: Kind, name: &Name) -> Result<String, &'static str> {
    let (meta, id): (&Meta, Option<String>) = if kind == Kind::Secret {
        let (meta, secret) = context.get::<Secret>(name).ok_or("it does not exist")?;
        let id = secret.data.get(ID).cloned();
        (meta, id.and_then(|id| String::from_utf8(id).ok()))
    } else {
        let (meta, map) = context.get::<ConfigMap>(name).ok_or("it does not exist")?;
        (meta, map.data.get(ID).cloned())
    };
    if !context.settings.as_kong_does() && meta.label(CA_CERTIFICATE_LABEL) != Some("true") {
        return Err("it has no label that says so");
    }
    id.ok_or("it has no \"id\"")
}

/// Takes away what only services with TLS have: Kong would refuse the whole document.
fn drop_without_tls(context: &Context<'_, '_>, backends: &[&Resolved<'_>], service: &mut Service) {
    if matches!(service.protocol, Some(Protocol::Https | Protocol::Tls)) {
        return;
    }
    let asks = service.tls_verify.is_some()
        || service.tls_verify_depth.is_some()
        || service.ca_certificates.is_some();
    if !asks {
        return;
    }
    service.tls_verify = None;
    service.tls_verify_depth = None;
    service.ca_certificates = None;
    let protocol = service.protocol.clone().unwrap_or(Protocol::Http);
    for backend in backends {
        context.warn(
            &backend.object,
            "metadata.annotations",
            format!(
                "a service of protocol '{}' verifies no certificates: konghq.com/tls-verify, \
                 konghq.com/tls-verify-depth and konghq.com/ca-certificates-* have no effect",
                word(&protocol)
            ),
            "set konghq.com/protocol to https or tls, or remove the annotations",
        );
    }
}

/// A protocol in Kong's own words.
fn word(protocol: &Protocol) -> String {
    serde_json::to_value(protocol)
        .ok()
        .and_then(|value| value.as_str().map(str::to_owned))
        .unwrap_or_default()
}
