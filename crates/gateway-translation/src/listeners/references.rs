//! The certificates that Gateways and listeners refer to: which may be used, and what is wrong with the others.

use gateway_types::{Listener, Protocol, SecretObjectReference, TLSMode};
use kong_crds::Kind;
use kong_crds::gateway::GatewaySpec;
use kong_resolve::{Key, Name, grants};

use crate::certificates::{self, NoPair};
use crate::context::{Context, Unresolved, key};

/// The certificates of a listener.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Certificates {
    /// The Secret that it shows the certificate of, and where the reference stands.
    pub(crate) usable: Option<(Name, String)>,
    /// What is wrong with references, whether that costs the certificate or not.
    pub(crate) wrong: Vec<Unresolved>,
}

/// The certificate that a listener shows, if TLS ends there. The content of the Secret is not looked at.
pub(crate) fn listener_certificate(
    context: &Context<'_, '_>,
    owner: &Key,
    number: usize,
    listener: &Listener,
) -> Certificates {
    let mut certificates = Certificates::default();
    let mode = listener.tls.as_ref().and_then(|tls| tls.mode.as_ref());
    let refs = format!("spec.listeners[{number}].tls.certificateRefs");
    let mut wrong = |reason, field: String, message: &str, remedy: &str| {
        certificates.wrong.push(Unresolved {
            object: owner.clone(),
            reason,
            field,
            message: message.to_owned(),
            remedy: remedy.into(),
        });
    };
    if mode.is_some_and(|mode| *mode != TLSMode::Terminate) {
        if listener.protocol != Protocol::TLS {
            wrong(
                "InvalidCertificateRef",
                format!("spec.listeners[{number}].tls.mode"),
                "Only Terminate mode is supported.",
                "write Terminate, or make it a listener of protocol TLS",
            );
        }
        return certificates;
    }
    if !matches!(listener.protocol, Protocol::HTTPS | Protocol::TLS) {
        return certificates;
    }
    let references = listener
        .tls
        .as_ref()
        .map_or(&[][..], |tls| &tls.certificate_refs);
    match references {
        [] => wrong(
            "InvalidCertificateRef",
            refs.clone(),
            "The listener has no certificateRef: the gateway shows a certificate of its own.",
            "refer to a Secret of type kubernetes.io/tls",
        ),
        [_] => {}
        [..] => wrong(
            "TooManyTLSSecrets",
            refs.clone(),
            "Only one certificate per listener is supported. The first one that can be used counts.",
            "make a listener for each certificate",
        ),
    }
    for (at, reference) in references.iter().enumerate() {
        let field = format!("{refs}[{at}]");
        match secret(context, owner, field.clone(), reference, "CertificateRef") {
            Ok(_) if certificates.usable.is_some() => {}
            Ok(name) => certificates.usable = Some((name, field)),
            Err(unresolved) => certificates.wrong.push(unresolved),
        }
    }
    certificates
}

/// The certificate that a Gateway shows to backends, if it has one: the Secret holds a certificate and its key.
pub(crate) fn client_certificate(
    context: &Context<'_, '_>,
    gateway: &Key,
    spec: &GatewaySpec,
) -> Option<Result<(Name, String), Unresolved>> {
    let backend = spec.tls.as_ref()?.backend.as_ref()?;
    let reference = backend.client_certificate_ref.as_ref()?;
    let field = "spec.tls.backend.clientCertificateRef";
    let found = secret(
        context,
        gateway,
        field.to_owned(),
        reference,
        "ClientCertificateRef",
    );
    let found = found.and_then(|name| match invalid_pair(context, gateway, &name, field) {
        None => Ok((name, field.to_owned())),
        Some(unresolved) => Err(unresolved),
    });
    Some(found.map_err(|unresolved| match unresolved.reason {
        "InvalidCertificateRef" => Unresolved {
            reason: "InvalidClientCertificateRef",
            ..unresolved
        },
        _ => unresolved,
    }))
}

/// What is wrong with what is in a Secret that is referred to.
pub(crate) fn invalid_pair(
    context: &Context<'_, '_>,
    owner: &Key,
    secret: &Name,
    field: &str,
) -> Option<Unresolved> {
    let message = match certificates::pair_in(context, secret) {
        Ok(_) => return None,
        Err(NoPair::Missing) => format!("Referenced secret {secret} does not exist."),
        Err(NoPair::Unusable(reason)) => {
            format!(
                "Referenced secret does not contain a valid TLS certificate. {secret}: {reason}."
            )
        }
    };
    Some(Unresolved {
        object: owner.clone(),
        reason: "InvalidCertificateRef",
        field: field.to_owned(),
        message,
        remedy: "put a certificate under tls.crt of the Secret and its key under tls.key".into(),
    })
}

/// The Secret that a reference is to, if it is one and may be used.
fn secret(
    context: &Context<'_, '_>,
    owner: &Key,
    field: String,
    reference: &SecretObjectReference,
    what: &str,
) -> Result<Name, Unresolved> {
    let group = reference.group.as_deref().unwrap_or_default();
    let kind = reference.kind.as_deref().unwrap_or("Secret");
    let mut foreign = Vec::new();
    if !matches!(group, "" | "core") {
        foreign.push(format!("Group {group} not supported in {what}."));
    }
    if kind != "Secret" {
        foreign.push(format!("Kind {kind} not supported in {what}."));
    }
    if !foreign.is_empty() {
        return Err(Unresolved {
            object: owner.clone(),
            reason: "InvalidCertificateRef",
            field,
            message: foreign.join(" "),
            remedy: "refer to a Secret".into(),
        });
    }
    let name = owner
        .name
        .sibling(reference.namespace.as_deref(), &reference.name);
    let target = key(Kind::Secret, &name);
    if context.view.permission_of_routes(owner, &target).is_given() {
        return Ok(name);
    }
    Err(Unresolved {
        object: owner.clone(),
        reason: "RefNotPermitted",
        field,
        message: format!("Secret {name} reference not allowed by any ReferenceGrant."),
        remedy: grants::remedy_of_routes(owner, &target).into(),
    })
}
