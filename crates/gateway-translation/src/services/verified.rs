//! Services whose backends a BackendTLSPolicy wants to be verified.

use std::rc::Rc;

use kong_crds::annotations::route::PRESERVE_HOST;
use kong_model::entity::{Plugin, Protocol, Service, Upstream};
use kong_resolve::Key;
use serde_json::json;

use super::{Resolved, TERMINATION};
use crate::backend_tls::{Policy, id_of};
use crate::context::Context;
use crate::route_annotations::said;

/// What becomes of a service.
#[derive(Debug)]
pub(super) enum Verified<'w> {
    /// No policy is for it.
    Not,
    /// One is.
    By(Rc<Policy<'w>>),
    /// One is, and what it asks for cannot be had: nothing must be sent.
    Never,
}

/// The policy of the backends of a service. There is one for all of them, that of the first which has one.
pub(super) fn of<'w>(
    context: &Context<'_, 'w>,
    backends: &[Resolved<'_>],
    service: &Service,
) -> Verified<'w> {
    let policies: Vec<Option<Rc<Policy<'w>>>> = backends
        .iter()
        .map(|backend| {
            let port = backend.service_port().and_then(|port| port.name.as_deref());
            let policies = context.backend_tls(Some(backend.service.namespace()));
            policies.for_port(&backend.service, port)
        })
        .collect();
    let Some(policy) = policies.iter().flatten().next().cloned() else {
        return Verified::Not;
    };
    for (backend, other) in backends.iter().zip(&policies) {
        if other
            .as_ref()
            .is_none_or(|other| other.object != policy.object)
        {
            context.say(
                &backend.object,
                "",
                format!(
                    "other backends of service {} have another BackendTLSPolicy than this Service: {} counts for all \
                     of them",
                    service.name.as_deref().unwrap_or_default(),
                    policy.object,
                ),
                "use them in different rules, or give all of them the same policy",
            );
        }
    }
    let can_be_verified = over_tls(service.protocol.as_ref()).is_some();
    if !can_be_verified {
        context.say(
            &policy.object,
            "",
            format!(
                "Kong verifies backends of HTTP and of TLS alone; requests to service {} fail",
                service.name.as_deref().unwrap_or_default()
            ),
            "speak HTTP to the backend, or remove the policy",
        );
    }
    let policies = || policies.iter().flatten();
    if can_be_verified && policies().all(|policy| policy.asks.is_valid()) {
        Verified::By(policy)
    } else {
        Verified::Never
    }
}

/// The protocol over TLS in place of one, of those of which Kong verifies backends.
fn over_tls(protocol: Option<&Protocol>) -> Option<Protocol> {
    match protocol {
        None | Some(Protocol::Http | Protocol::Https) => Some(Protocol::Https),
        Some(Protocol::Tcp | Protocol::Tls) => Some(Protocol::Tls),
        Some(_) => None,
    }
}

impl Verified<'_> {
    /// Makes a service speak TLS. Annotations have been applied by now.
    pub(super) fn speak(&self, service: &mut Service) {
        if let Self::By(_) = self {
            service.protocol = over_tls(service.protocol.as_ref());
        }
    }

    /// Has the backends verified, whatever their annotations say. Gives the objects whose routes must not keep the host
    /// of requests.
    pub(super) fn apply(
        &self,
        context: &Context<'_, '_>,
        parents: &[Key],
        service: &mut Service,
        upstream: &mut Upstream,
    ) -> Vec<Key> {
        let Self::By(policy) = self else {
            return Vec::new();
        };
        service.tls_verify = Some(true);
        service.tls_verify_depth = policy.asks.depth.or(service.tls_verify_depth);
        let mut ids: Vec<String> = Vec::new();
        for id in policy.asks.authorities.iter().map(|it| id_of(it)) {
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
        service.ca_certificates = Some(ids);
        upstream.host_header = Some(policy.spec.validation.hostname.clone());
        if service.protocol != Some(Protocol::Https) {
            return Vec::new();
        }
        // Kong asks for the host of the request by SNI, unless that is replaced by the one of the upstream.
        let says_nothing = |object: &&Key| {
            let meta = context.view.meta(object);
            let asked = meta.and_then(|meta| said(context, object, meta, &PRESERVE_HOST));
            asked.is_none()
        };
        parents.iter().filter(says_nothing).cloned().collect()
    }

    /// The names that Kong looks for in certificates. To be put in last: not every version knows them.
    pub(super) fn names(&self, service: &mut Service) {
        if let Self::By(policy) = self {
            service.tls_sans.clone_from(&policy.asks.names);
        }
    }

    /// What answers in place of backends that nothing must be sent to.
    pub(super) fn plugin(&self) -> Option<Plugin> {
        let Self::Never = self else {
            return None;
        };
        let config = json!({"status_code": 500, "message": "the BackendTLSPolicy of the backend cannot be followed"});
        Some(Plugin {
            name: TERMINATION.to_owned(),
            config: serde_json::from_value(config).ok(),
            ..Plugin::default()
        })
    }
}
