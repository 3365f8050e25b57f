//! Certificates that services show to their backends.

use kong_crds::annotations::service::CLIENT_CERTIFICATE;
use kong_model::entity::Service;
use kong_resolve::Key;

use super::Wish;
use crate::context::Context;

/// Which certificate a service is to show, if it shows any. Its backends say so.
pub(crate) fn wish_of(
    context: &Context<'_, '_>,
    service: &Service,
    backends: &[Key],
) -> Option<Wish> {
    service.client_certificate.as_ref()?;
    backends.iter().find_map(|backend| wish(context, backend))
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
