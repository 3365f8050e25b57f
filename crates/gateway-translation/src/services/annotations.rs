//! What Services say of themselves in annotations.

use std::collections::BTreeSet;

use kong_crds::annotations::service::{
    CONNECT_TIMEOUT, HOST_HEADER, PATH, PROTOCOL, READ_TIMEOUT, RETRIES, TLS_VERIFY,
    TLS_VERIFY_DEPTH, WRITE_TIMEOUT,
};
use kong_model::entity::{Protocol, Service, Upstream};

use super::Resolved;
use crate::context::Context;

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
        .collect();
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
                     annotation must have the same value across all Services in the backend."
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
            backends.iter().find_map(|backend| {
                match $annotation.of(&backend.meta.annotations) {
                    Ok(value) => value,
                    Err(invalid) => {
                        context.say(
                            &backend.object,
                            format!("metadata.annotations[{}]", invalid.annotation),
                            format!(
                                "{} annotation has invalid value: {}",
                                invalid.annotation, invalid.value
                            ),
                            invalid.remedy,
                        );
                        None
                    }
                }
            })
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
        let word = protocol.as_str();
        if word.starts_with("grpc") {
            // Kong has no path for them.
            service.path = None;
        }
        service.protocol = Some(protocol_of(word));
    }
    if let Some(host) = said!(HOST_HEADER) {
        upstream.host_header = Some(host);
    }
}

/// A protocol in Kong's own words.
pub(crate) fn protocol_of(word: &str) -> Protocol {
    serde_json::from_value(word.into()).unwrap_or_else(|_| Protocol::Other(word.to_owned()))
}
