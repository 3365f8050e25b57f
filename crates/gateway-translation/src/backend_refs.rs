//! From the backendRefs of a route of the Gateway API to the backends of a draft.

use gateway_types::BackendRef;
use kong_crds::Kind;
use kong_resolve::Key;

use crate::context::Context;
use crate::draft::{Backend, BackendPort, BackendTarget};

/// The backends of the rule of a route, in their order.
pub(crate) fn backends<'r>(
    context: &Context<'_, '_>,
    route: &Key,
    rule: usize,
    references: impl IntoIterator<Item = &'r BackendRef>,
) -> Vec<Backend> {
    let backend = |(number, reference): (usize, &BackendRef)| Backend {
        referrer: route.clone(),
        field: format!("spec.rules[{rule}].backendRefs[{number}]"),
        target: target(context, route, reference),
        port: reference
            .object
            .port
            .map_or(BackendPort::None, BackendPort::Number),
        weight: reference.weight,
    };
    references.into_iter().enumerate().map(backend).collect()
}

/// What a backendRef refers to. Without a kind it is a Service; Kong's translator, which sees only what an API
/// server has filled in, takes it for nothing.
fn target(context: &Context<'_, '_>, route: &Key, reference: &BackendRef) -> BackendTarget {
    let object = &reference.object;
    let name = route
        .name
        .sibling(object.namespace.as_deref(), &object.name);
    let group = object.group.as_deref().unwrap_or_default();
    let default = if context.settings.as_kong_does() {
        ""
    } else {
        Kind::Service.as_str()
    };
    let kind = object.kind.as_deref().unwrap_or(default);
    if matches!(group, "" | "core") && kind == Kind::Service.as_str() {
        return BackendTarget::Service(name);
    }
    BackendTarget::Unsupported {
        group: group.to_owned(),
        kind: kind.to_owned(),
        name,
    }
}
