//! What a KongUpstreamPolicy makes of an upstream.
//!
//! Services name their policy in an annotation. The backends of one upstream should agree on it; if they do not,
//! that of the first one which names any counts, and the others are told.

use kong_crds::annotations::service::UPSTREAM_POLICY;
use kong_crds::configuration::v1beta1 as crd;
use kong_crds::configuration::v1beta1::KongUpstreamPolicy;
use kong_model::entity::{
    Active, ActiveHealthy, ActiveUnhealthy, Algorithm, HashOn, HealthcheckType, Healthchecks,
    Passive, PassiveHealthy, PassiveUnhealthy, Upstream,
};
use kong_resolve::Name;

use super::Resolved;
use crate::context::Context;
use crate::route_annotations::said;
use crate::settings::KongVersion;

/// Applies the policy of the backends of an upstream.
pub(crate) fn apply(
    context: &Context<'_, '_>,
    backends: &[&Resolved<'_>],
    upstream: &mut Upstream,
) {
    let asked: Vec<Option<Name>> = backends
        .iter()
        .map(|backend| {
            let policy = said(context, &backend.object, backend.meta, &UPSTREAM_POLICY)?;
            Some(backend.object.name.sibling(None, &policy))
        })
        .collect();
    let Some((first, policy)) = asked
        .iter()
        .enumerate()
        .find_map(|(index, policy)| Some((index, policy.as_ref()?)))
    else {
        return;
    };
    for (backend, other) in backends.iter().zip(&asked) {
        if other.as_ref() != Some(policy) {
            context.leave_out_for(
                "Conflicted",
                &backend.object,
                format!("metadata.annotations[{}]", UPSTREAM_POLICY.name()),
                format!(
                    "inconsistent KongUpstreamPolicy configuration for services of {}: {policy} counts for all of them",
                    upstream.name,
                ),
                format!("name {policy} at all of them, or use them in different rules"),
            );
        }
    }
    let Some((_, spec)) = context.get::<KongUpstreamPolicy>(policy) else {
        context.say(
            &backends[first].object,
            format!("metadata.annotations[{}]", UPSTREAM_POLICY.name()),
            format!("KongUpstreamPolicy {policy} does not exist; the defaults are used"),
            "create the KongUpstreamPolicy or correct the name",
        );
        return;
    };
    let sticky = spec.algorithm == Some(crd::Algorithm::StickySessions);
    if sticky && context.settings.version < KongVersion::STICKY_SESSIONS {
        context.leave_out_for(
            "Invalid",
            &backends[first].object,
            format!("metadata.annotations[{}]", UPSTREAM_POLICY.name()),
            format!(
                "sticky sessions algorithm specified in KongUpstreamPolicy '{}' is not supported with Kong Gateway \
                 versions < {}",
                policy.name,
                KongVersion::STICKY_SESSIONS,
            ),
            "use another algorithm, or upgrade the gateway",
        );
        return;
    }
    set(spec, upstream);
}

fn set(spec: &crd::KongUpstreamPolicySpec, upstream: &mut Upstream) {
    upstream.algorithm = match spec.algorithm {
        Some(crd::Algorithm::RoundRobin) => Some(Algorithm::RoundRobin),
        Some(crd::Algorithm::ConsistentHashing) => Some(Algorithm::ConsistentHashing),
        Some(crd::Algorithm::LeastConnections) => Some(Algorithm::LeastConnections),
        Some(crd::Algorithm::Latency) => Some(Algorithm::Latency),
        Some(crd::Algorithm::StickySessions) => Some(Algorithm::StickySessions),
        Some(crd::Algorithm::Unknown) | None => upstream.algorithm.take(),
    };
    upstream.slots = spec.slots.and_then(narrow);
    if let Some(input) = &spec.hash_on {
        upstream.hash_on = kind(input);
        upstream.hash_on_header.clone_from(&input.header);
        upstream.hash_on_cookie.clone_from(&input.cookie);
        upstream.hash_on_cookie_path.clone_from(&input.cookie_path);
        upstream.hash_on_query_arg.clone_from(&input.query_arg);
        upstream.hash_on_uri_capture.clone_from(&input.uri_capture);
    }
    if let Some(input) = &spec.hash_on_fallback {
        upstream.hash_fallback = kind(input);
        upstream.hash_fallback_header.clone_from(&input.header);
        upstream
            .hash_fallback_query_arg
            .clone_from(&input.query_arg);
        upstream
            .hash_fallback_uri_capture
            .clone_from(&input.uri_capture);
        if input.cookie.is_some() {
            // Kong has one cookie for both.
            upstream.hash_on_cookie.clone_from(&input.cookie);
            upstream.hash_on_cookie_path.clone_from(&input.cookie_path);
        }
    }
    if let Some(sticky) = &spec.sticky_sessions {
        upstream.sticky_sessions_cookie = Some(sticky.cookie.clone());
        upstream
            .sticky_sessions_cookie_path
            .clone_from(&sticky.cookie_path);
    }
    upstream.healthchecks = spec.healthchecks.as_ref().map(healthchecks);
}

/// What is hashed: the one thing of which something is said.
fn kind(input: &crd::HashInput) -> Option<HashOn> {
    match input.input {
        Some(crd::PlainHashInput::Ip) => return Some(HashOn::Ip),
        Some(crd::PlainHashInput::Consumer) => return Some(HashOn::Consumer),
        Some(crd::PlainHashInput::Path) => return Some(HashOn::Path),
        Some(crd::PlainHashInput::None) => return Some(HashOn::None),
        Some(crd::PlainHashInput::Unknown) | None => {}
    }
    if input.header.is_some() {
        Some(HashOn::Header)
    } else if input.cookie.is_some() {
        Some(HashOn::Cookie)
    } else if input.query_arg.is_some() {
        Some(HashOn::QueryArg)
    } else if input.uri_capture.is_some() {
        Some(HashOn::UriCapture)
    } else {
        None
    }
}

fn healthchecks(checks: &crd::PolicyHealthchecks) -> Healthchecks {
    Healthchecks {
        active: checks.active.as_ref().map(active),
        passive: checks.passive.as_ref().map(passive),
        threshold: checks.threshold.map(seconds),
    }
}

fn active(check: &crd::PolicyActiveHealthcheck) -> Active {
    Active {
        kind: check.type_.and_then(healthcheck_type),
        concurrency: check.concurrency.and_then(narrow),
        headers: check.headers.clone(),
        http_path: check.http_path.clone(),
        https_sni: check.https_sni.clone(),
        https_verify_certificate: check.https_verify_certificate,
        timeout: check.timeout.map(seconds),
        healthy: check.healthy.as_ref().map(|healthy| ActiveHealthy {
            http_statuses: healthy.http_statuses.as_deref().map(statuses),
            interval: healthy.interval.map(seconds),
            successes: healthy.successes.and_then(narrow),
        }),
        unhealthy: check.unhealthy.as_ref().map(|unhealthy| ActiveUnhealthy {
            http_statuses: unhealthy.http_statuses.as_deref().map(statuses),
            interval: unhealthy.interval.map(seconds),
            http_failures: unhealthy.http_failures.and_then(narrow),
            tcp_failures: unhealthy.tcp_failures.and_then(narrow),
            timeouts: unhealthy.timeouts.and_then(narrow),
        }),
    }
}

fn passive(check: &crd::PolicyPassiveHealthcheck) -> Passive {
    Passive {
        kind: check.type_.and_then(healthcheck_type),
        healthy: check.healthy.as_ref().map(|healthy| PassiveHealthy {
            http_statuses: healthy.http_statuses.as_deref().map(statuses),
            successes: healthy.successes.and_then(narrow),
        }),
        unhealthy: check.unhealthy.as_ref().map(|unhealthy| PassiveUnhealthy {
            http_statuses: unhealthy.http_statuses.as_deref().map(statuses),
            http_failures: unhealthy.http_failures.and_then(narrow),
            tcp_failures: unhealthy.tcp_failures.and_then(narrow),
            timeouts: unhealthy.timeouts.and_then(narrow),
        }),
    }
}

fn healthcheck_type(kind: crd::HealthcheckType) -> Option<HealthcheckType> {
    match kind {
        crd::HealthcheckType::Http => Some(HealthcheckType::Http),
        crd::HealthcheckType::Https => Some(HealthcheckType::Https),
        crd::HealthcheckType::Tcp => Some(HealthcheckType::Tcp),
        crd::HealthcheckType::Grpc => Some(HealthcheckType::Grpc),
        crd::HealthcheckType::Grpcs => Some(HealthcheckType::Grpcs),
        crd::HealthcheckType::Unknown => None,
    }
}

fn statuses(statuses: &[i64]) -> Vec<u16> {
    let narrow = |status: &i64| u16::try_from(*status).ok();
    statuses.iter().filter_map(narrow).collect()
}

/// A number that Kong has fewer bits for. What does not fit no schema lets in.
fn narrow<T: TryFrom<u64>>(number: u64) -> Option<T> {
    T::try_from(number).ok()
}

/// A number that Kong has as a floating one.
fn seconds(number: u64) -> f64 {
    u32::try_from(number).map_or_else(|_| f64::from(u32::MAX), f64::from)
}
