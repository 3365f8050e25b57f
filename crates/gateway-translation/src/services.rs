//! From drafts to services and upstreams: backends are resolved, what the annotations of Services and the policies
//! say is applied, targets are counted out.

mod accepted;
mod annotations;
mod app_protocol;
mod backends;
mod policy;
mod share;
mod targets;
mod tls;
mod verified;
mod weights;

use kong_model::entity::{Algorithm, PathHandling, Plugin, Protocol, Service, Upstream};
use kong_resolve::{Key, Name};
use serde_json::json;

use crate::context::Context;
use crate::document::{DeclaredRoute, DeclaredService, DeclaredUpstream};
use crate::draft::{Draft, DraftRoute, WithoutBackends};
use crate::origin;

use verified::Verified;

pub(crate) use app_protocol::is_grpc_with_tls;
pub(crate) use backends::{Resolved, look, resolve};

/// What a draft became.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Built {
    /// The service, without routes.
    pub(crate) service: Option<DeclaredService>,
    /// Its upstream.
    pub(crate) upstream: Option<DeclaredUpstream>,
    /// The Services and KongServiceFacades behind it: what their annotations ask for is for it.
    pub(crate) backends: Vec<Key>,
    /// The objects whose routes must not keep the host of requests, for backends are asked for by another name.
    pub(crate) renamed: Vec<Key>,
}

/// The plugin that answers in place of a service.
const TERMINATION: &str = "request-termination";
/// How long a service waits, in milliseconds, unless something says otherwise.
const TIMEOUT: u32 = 60_000;
/// How often a service tries again, likewise.
const RETRIES: u16 = 5;
/// The status of the answer to plain HTTP where TLS is wanted, likewise.
const HTTPS_REDIRECT: u16 = 426;

/// Makes a service and its upstream of a draft, whatever its routes.
pub(crate) fn build(context: &Context<'_, '_>, draft: Draft) -> Built {
    let Draft {
        mut service,
        parents,
        backends,
        routes: _,
        mut plugins,
        without_backends,
        from,
    } = draft;
    if !context.settings.as_kong_does() {
        // Names may have what hosts may not.
        service.host = service.host.replace('~', "_");
    }
    let resolved: Vec<Resolved<'_>> = backends
        .iter()
        .filter_map(|backend| resolve(context, backend))
        .collect();
    let name = service.name.clone().unwrap_or_default();
    let right = !context.settings.as_kong_does();
    if right && resolved.is_empty() && !backends.is_empty() && is_stream(&service) {
        // Nothing can be answered there; who connects is better off with nobody than with a closed connection.
        return Built::default();
    }
    service.connect_timeout.get_or_insert(TIMEOUT);
    service.read_timeout.get_or_insert(TIMEOUT);
    service.write_timeout.get_or_insert(TIMEOUT);
    service.retries.get_or_insert(RETRIES);
    if service.port.is_none() {
        service.port = resolved.iter().rev().find_map(Resolved::port_number);
    }
    if resolved.is_empty() {
        if matches!(
            without_backends,
            WithoutBackends::Fails | WithoutBackends::Invalid
        ) {
            service.host.push_str(".invalid");
        }
        if matches!(
            without_backends,
            WithoutBackends::Fails | WithoutBackends::FailsInPlace
        ) {
            plugins.push(no_backend());
        }
    }
    if right && !is_stream(&service) {
        plugins.extend(share::of_the_missing(&backends, &resolved));
    }
    if let Some(protocol) = app_protocol::of_http(context, &backends, &resolved) {
        service.protocol = Some(protocol);
    }
    let behind = distinct(&resolved);
    service.tags = Some(match behind.as_slice() {
        [] => origin::nobody(),
        [one] => origin::tags(&one.object, one.meta, &[]),
        _ => parents.first().map_or_else(origin::nobody, |parent| {
            context
                .view
                .meta(parent)
                .map_or_else(origin::nobody, |meta| origin::tags(parent, meta, &[]))
        }),
    });
    let mut upstream = Upstream {
        name: service.host.clone(),
        algorithm: Some(Algorithm::RoundRobin),
        tags: service.tags.clone(),
        ..Upstream::default()
    };
    if !annotations::are_consistent(context, &name, &behind) {
        upstream.tags = None;
        return Built {
            upstream: Some(DeclaredUpstream {
                upstream,
                targets: Vec::new(),
            }),
            ..Built::default()
        };
    }
    annotations::apply(context, &behind, &mut service, &mut upstream);
    let verified = verified::of(context, &resolved, &service);
    if matches!(verified, Verified::Never) && is_stream(&service) {
        return Built::default();
    }
    verified.speak(&mut service);
    tls::apply(context, &behind, &mut service);
    if right {
        tls::of_gateways(context, &parents, &mut service);
    }
    let renamed = verified.apply(context, &parents, &mut service, &mut upstream);
    if plugins.iter().all(|plugin| plugin.name != TERMINATION) {
        plugins.extend(verified.plugin());
    }
    let plain = upstream.clone();
    policy::apply(context, &behind, &mut upstream);
    let mut targets = targets::of(context, &resolved);
    if right {
        let Some(accepted) = accepted::service(context, &behind, &from, service) else {
            return Built::default();
        };
        service = accepted;
        verified.names(&mut service);
        upstream = accepted::upstream(context, &behind, upstream, plain);
        targets = accepted::targets(context, &behind, targets);
    }
    // These are many, and they stay.
    targets.shrink_to_fit();
    for tags in [&mut service.tags, &mut upstream.tags] {
        tags.iter_mut().for_each(Vec::shrink_to_fit);
    }
    Built {
        service: Some(DeclaredService {
            id: origin::id("services", &name),
            service,
            routes: Vec::new(),
            plugins,
            from,
        }),
        upstream: Some(DeclaredUpstream { upstream, targets }),
        backends: behind.iter().map(|one| one.object.clone()).collect(),
        renamed,
    }
}

/// Whether a service takes bytes, not requests.
fn is_stream(service: &Service) -> bool {
    let protocol = service.protocol.as_ref();
    matches!(
        protocol,
        Some(Protocol::Tcp | Protocol::Tls | Protocol::TlsPassthrough | Protocol::Udp)
    )
}

/// A route as it is declared, with what is so unless something says otherwise.
pub(crate) fn declared(draft: DraftRoute) -> DeclaredRoute {
    let DraftRoute {
        object: _,
        mut route,
        expression,
        plugins,
        referred: _,
        from,
    } = draft;
    route
        .https_redirect_status_code
        .get_or_insert(HTTPS_REDIRECT);
    if expression.is_none() {
        route.path_handling.get_or_insert(PathHandling::V0);
    }
    DeclaredRoute {
        id: origin::id("routes", route.name.as_deref().unwrap_or_default()),
        route,
        expression,
        plugins,
        from,
    }
}

/// The objects behind a service, each once.
fn distinct<'r, 'w>(resolved: &'r [Resolved<'w>]) -> Vec<&'r Resolved<'w>> {
    let mut behind: Vec<&Resolved<'_>> = Vec::new();
    for one in resolved {
        if behind.iter().all(|other| other.object != one.object) {
            behind.push(one);
        }
    }
    behind
}

/// What answers for a service that has no backend.
pub(crate) fn no_backend() -> Plugin {
    let config = json!({"status_code": 500, "message": "no existing backendRef provided"});
    Plugin {
        name: TERMINATION.to_owned(),
        config: serde_json::from_value(config).ok(),
        ..Plugin::default()
    }
}

/// The name of a Service as targets of DNS have it.
pub(crate) fn in_dns(service: &Name, domain: &str) -> String {
    format!("{}.{}.svc.{domain}", service.name, service.namespace())
}
