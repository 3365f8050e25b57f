//! What Services say of themselves in annotations.

use std::collections::BTreeSet;

use kong_crds::annotations::service::{
    CONNECT_TIMEOUT, HOST_HEADER, PATH, PROTOCOL, READ_TIMEOUT, RETRIES, TLS_VERIFY,
    TLS_VERIFY_DEPTH, UPSTREAM_POLICY, WRITE_TIMEOUT,
};
use kong_model::entity::{Protocol, Service, Upstream};

use super::Resolved;
use crate::context::Context;
use crate::route_annotations::{protocol, said};

/// The domain of the annotations that have to be the same for all backends of a service.
const DOMAIN: &str = "konghq.com/";

/// Whether the backends of a service say the same of it. If not, each is told.
pub(crate) fn are_consistent(
    context: &Context<'_, '_>,
    service: &str,
    backends: &[&Resolved<'_>],
) -> bool {
    let names: BTreeSet<&str> = backends
        .iter()
        .flat_map(|backend| backend.meta.annotations.keys())
        .map(|name| &**name)
        .filter(|name| name.starts_with(DOMAIN))
        // Of policies that differ those say themselves who would apply them.
        .filter(|name| context.settings.as_kong_does() || *name != UPSTREAM_POLICY.name())
        .collect();
    let outcome = if context.settings.as_kong_does() {
        ""
    } else {
        " That of the first one counts."
    };
    let mut consistent = true;
    for name in names {
        let mut values = backends.iter().map(|backend| backend.meta.annotation(name));
        let first = values.next().flatten();
        if values.all(|value| value == first) {
            continue;
        }
        consistent = false;
        for backend in backends {
            context.say(
                &backend.object,
                format!("metadata.annotations[{name}]"),
                format!(
                    "Service has inconsistent {name} annotation and is used in multi-Service backend {service}. This \
                     annotation must have the same value across all Services in the backend.{outcome}"
                ),
                "give all of them the same value",
            );
        }
    }
    consistent || !context.settings.as_kong_does()
}

/// Applies what the first backend with an annotation says.
pub(crate) fn apply(
    context: &Context<'_, '_>,
    backends: &[&Resolved<'_>],
    service: &mut Service,
    upstream: &mut Upstream,
) {
    macro_rules! said {
        ($annotation:expr) => {
            backends
                .iter()
                .find_map(|backend| said(context, &backend.object, backend.meta, &$annotation))
        };
    }
    let milliseconds = |value: i64| u32::try_from(value).ok();
    if let Some(value) = said!(CONNECT_TIMEOUT) {
        service.connect_timeout = milliseconds(value);
    }
    if let Some(value) = said!(READ_TIMEOUT) {
        service.read_timeout = milliseconds(value);
    }
    if let Some(value) = said!(WRITE_TIMEOUT) {
        service.write_timeout = milliseconds(value);
    }
    if let Some(value) = said!(RETRIES) {
        service.retries = u16::try_from(value).ok();
    }
    if let Some(value) = said!(TLS_VERIFY) {
        service.tls_verify = Some(value);
    }
    if let Some(value) = said!(TLS_VERIFY_DEPTH) {
        service.tls_verify_depth = u8::try_from(value).ok();
    }
    if let Some(path) = said!(PATH) {
        service.path = Some(path);
    }
    if let Some(protocol) = said!(PROTOCOL) {
        service.protocol = Some(self::protocol(protocol));
    }
    if has_no_path(context, service.protocol.as_ref()) {
        service.path = None;
    }
    if let Some(host) = said!(HOST_HEADER) {
        upstream.host_header = Some(host);
    }
}

/// Whether services of a protocol have no path. Kong's controller knows that of gRPC.
fn has_no_path(context: &Context<'_, '_>, protocol: Option<&Protocol>) -> bool {
    match protocol {
        Some(Protocol::Grpc | Protocol::Grpcs) => true,
        Some(Protocol::Tcp | Protocol::Tls | Protocol::Udp | Protocol::TlsPassthrough) => {
            !context.settings.as_kong_does()
        }
        _ => false,
    }
}
