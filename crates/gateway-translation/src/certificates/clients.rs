//! Certificates that services show to their backends.

use kong_crds::Kind;
use kong_crds::annotations::service::CLIENT_CERTIFICATE;
use kong_resolve::Key;

use super::Wish;
use crate::context::{Context, key};
use crate::document::DeclaredService;
use crate::listeners::{Judged, client_certificate};
use crate::services::Binding;

/// Which services are to show which certificates, of those that show any.
pub(super) fn wanted(
    context: &Context<'_, '_>,
    bindings: &[Binding],
    services: &[DeclaredService],
) -> Vec<(String, Wish)> {
    let mut wanted = Vec::new();
    for service in services {
        if service.service.client_certificate.is_none() {
            continue;
        }
        let name = service.name();
        let bound = bindings.iter().filter(|binding| binding.service == name);
        let mut backends = bound.flat_map(|binding| &binding.backends);
        let wish = backends
            .find_map(|backend| wish(context, backend).filter(|it| is_of(context, service, it)))
            .or_else(|| of_gateways(context, service));
        wanted.extend(wish.map(|wish| (name.to_owned(), wish)));
    }
    wanted
}

fn wish(context: &Context<'_, '_>, backend: &Key) -> Option<Wish> {
    let meta = context.view.meta(backend)?;
    let name = CLIENT_CERTIFICATE.of(&meta.annotations).ok().flatten()?;
    Some(Wish {
        secret: backend.name.sibling(None, &name),
        by: backend.clone(),
        field: format!("metadata.annotations[{}]", CLIENT_CERTIFICATE.name()),
        hosts: Vec::new(),
    })
}

/// Whether a service shows the certificate of a wish.
fn is_of(context: &Context<'_, '_>, service: &DeclaredService, wish: &Wish) -> bool {
    let shown = service.service.client_certificate.as_ref();
    let shown = shown.map(|link| link.id.as_str());
    let secret = context.view.meta(&key(Kind::Secret, &wish.secret));
    context.settings.as_kong_does()
        || secret.is_some_and(|secret| Some(secret.uid.as_str()) == shown)
}

/// The wish of the Gateway whose certificate a service shows.
fn of_gateways(context: &Context<'_, '_>, service: &DeclaredService) -> Option<Wish> {
    let wish = |gateway: &Judged<'_>| {
        let object = gateway.key();
        let (secret, field) = client_certificate(context, &object, gateway.spec)?.ok()?;
        Some(Wish {
            secret,
            by: object,
            field,
            hosts: Vec::new(),
        })
    };
    let mut wishes = context.gateways().iter().filter_map(wish);
    wishes.find(|it| is_of(context, service, it))
}

/// Tells a service the id of the certificate that it shows. If that is none, it shows none; Kong's controller gives it
/// an empty id.
pub(super) fn show(
    context: &Context<'_, '_>,
    services: &mut [DeclaredService],
    name: &str,
    id: Option<String>,
) {
    let id = id.or_else(|| context.settings.as_kong_does().then(String::new));
    let service = services.iter_mut().find(|service| service.name() == name);
    if let Some(service) = service {
        service.service.client_certificate = id.map(Into::into);
    }
}
