//! Certificates that services show to their backends.

use std::rc::Rc;

use kong_crds::Kind;
use kong_crds::annotations::service::CLIENT_CERTIFICATE;
use kong_model::entity::Service;
use kong_resolve::Key;

use super::Wish;
use crate::context::{Context, key};
use crate::listeners::{Judged, all_gateways, client_certificate};

/// Which certificate a service is to show, if it shows any. Its backends say so.
pub(crate) fn wish_of(
    context: &Context<'_, '_>,
    service: &Service,
    backends: &[Key],
) -> Option<Wish> {
    service.client_certificate.as_ref()?;
    let mut wishes = backends.iter().filter_map(|backend| wish(context, backend));
    wishes
        .find(|it| is_of(context, service, it))
        .or_else(|| of_gateways(context, service))
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
fn is_of(context: &Context<'_, '_>, service: &Service, wish: &Wish) -> bool {
    let shown = service.client_certificate.as_ref();
    let shown = shown.map(|link| link.id.as_str());
    let secret = context.view.meta(&key(Kind::Secret, &wish.secret));
    context.settings.as_kong_does()
        || secret.is_some_and(|secret| shown == Some(secret.uid.to_string().as_str()))
}

/// The wish of the Gateway whose certificate a service shows.
fn of_gateways(context: &Context<'_, '_>, service: &Service) -> Option<Wish> {
    let wish = |gateway: Rc<Judged<'_>>| {
        let object = gateway.key();
        let (secret, field) = client_certificate(context, &object, gateway.spec)?.ok()?;
        Some(Wish {
            secret,
            by: object,
            field,
            hosts: Vec::new(),
        })
    };
    let mut wishes = all_gateways(context).into_iter().filter_map(wish);
    wishes.find(|it| is_of(context, service, it))
}
