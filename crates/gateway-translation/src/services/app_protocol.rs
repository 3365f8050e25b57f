//! What ports of Services say of how they are spoken to: `appProtocol`.
//!
//! Kong speaks HTTP/1.1 to backends of HTTPRoutes, in which WebSocket is included, and gRPC to those of GRPCRoutes. A port
//! that wants something else is none that can be used, unless the annotation of its Service says how Kong is to speak.

use gateway_types::kubernetes::ServicePort;
use kong_crds::Kind;
use kong_crds::annotations::service::PROTOCOL;
use kong_model::entity::Protocol;
use kong_resolve::Meta;

use super::Resolved;
use crate::context::Context;
use crate::draft::Backend;

/// HTTP/2 without TLS.
const H2C: &str = "kubernetes.io/h2c";
/// WebSocket, without TLS and with it.
const WS: &str = "kubernetes.io/ws";
const WSS: &str = "kubernetes.io/wss";
/// The same as `https` in the words of Kong.
const TLS_OF_HTTP: [&str; 2] = ["https", WSS];
/// By which a port says that gRPC has TLS.
const TLS_OF_GRPC: [&str; 4] = ["https", "grpcs", "tls", "h2"];

fn is_one_of(port: Option<&ServicePort>, words: &[&str]) -> bool {
    let asked = port.and_then(|port| port.app_protocol.as_deref());
    asked.is_some_and(|asked| words.iter().any(|word| asked.eq_ignore_ascii_case(word)))
}

/// What a port wants that routes of a kind cannot give.
pub(super) fn unsupported<'p>(
    context: &Context<'_, '_>,
    route: Kind,
    meta: &Meta,
    port: Option<&'p ServicePort>,
) -> Option<&'p str> {
    if context.settings.as_kong_does() {
        return None;
    }
    let refused: &[&str] = match route {
        Kind::HTTPRoute => &[H2C],
        Kind::GRPCRoute => &[WS, WSS],
        _ => return None,
    };
    let is_said = matches!(PROTOCOL.of(&meta.annotations), Ok(Some(_)));
    let refused = !is_said && is_one_of(port, refused);
    port.and_then(|port| port.app_protocol.as_deref())
        .filter(|_| refused)
}

/// How the backends of an HTTPRoute are spoken to. They share a service, so they are all spoken to as the first wants it.
pub(super) fn of_http(
    context: &Context<'_, '_>,
    backends: &[Backend],
    resolved: &[Resolved<'_>],
) -> Option<Protocol> {
    let is_http = |backend: &Backend| backend.referrer.kind == Kind::HTTPRoute;
    let is_ours = backends.first().is_some_and(is_http) && !context.settings.as_kong_does();
    let first = resolved.first().filter(|_| is_ours)?;
    let wants_tls = |one: &Resolved<'_>| is_one_of(one.service_port(), &TLS_OF_HTTP);
    let tls = wants_tls(first);
    let differing = resolved.iter().find(|one| wants_tls(one) != tls);
    if let (Some(other), Some(backend)) = (differing, backends.first()) {
        context.say(
            &backend.referrer,
            &backend.field,
            format!(
                "{} and {} are backends of one rule and want to be spoken to differently, which a service of Kong cannot; \
                 that of the first one counts",
                first.object, other.object
            ),
            "give their ports the same appProtocol, or make two rules",
        );
    }
    tls.then_some(Protocol::Https)
}

/// Whether one of the backends of a GRPCRoute wants TLS.
pub(crate) fn is_grpc_with_tls(port: Option<&ServicePort>) -> bool {
    is_one_of(port, &TLS_OF_GRPC)
}
