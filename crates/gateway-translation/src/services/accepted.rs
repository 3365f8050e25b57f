//! What Kong would refuse of services, upstreams and targets, taken out before it costs the whole configuration.
//!
//! The rules are those of `kong-router`. Routes are looked at elsewhere.

use std::net::SocketAddr;

use kong_crds::annotations::service::UPSTREAM_POLICY;
use kong_model::entity::{Algorithm, Service, Target, Upstream};
use kong_router::{Config, Dialect, Edition, Finding, Problem, validate};
use serde::Serialize;
use serde_json::json;

use super::Resolved;
use crate::context::Context;
use crate::document::{self, Members};
use crate::origin::Provenance;
use crate::plain;

/// Takes out of a service what its backends say and Kong refuses. `None`, and a problem, if it is something else.
pub(super) fn service(
    context: &Context<'_, '_>,
    backends: &[&Resolved<'_>],
    from: &[Provenance],
    mut service: Service,
) -> Option<Service> {
    if plain::service(&service) {
        return Some(service);
    }
    let mut blocked = false;
    for finding in findings(context, "services", &service) {
        let member = member(&finding);
        match member {
            "path" => service.path = None,
            "retries" => service.retries = None,
            "connect_timeout" => service.connect_timeout = None,
            "read_timeout" => service.read_timeout = None,
            "write_timeout" => service.write_timeout = None,
            "tls_verify" => service.tls_verify = None,
            "tls_verify_depth" => service.tls_verify_depth = None,
            "client_certificate" => service.client_certificate = None,
            "ca_certificates" => service.ca_certificates = None,
            "tags" => service.tags = None,
            _ => blocked = true,
        }
        let outcome = if blocked {
            "the service is left out"
        } else {
            "it does not count"
        };
        let name = service.name.as_deref().unwrap_or_default();
        let told = backends.iter().map(|backend| &backend.object);
        let message = format!(
            "service {name}: Kong refuses its {member}: {}; {outcome}",
            finding.reason()
        );
        for object in told {
            context.say(object, "", message.clone(), finding.remedy());
        }
        for from in from.iter().filter(|_| blocked) {
            let field = from.rule.map(|rule| format!("spec.rules[{rule}]"));
            let field = field.unwrap_or_default();
            context.leave_out(&from.object, field, message.clone(), finding.remedy());
        }
    }
    (!blocked).then_some(service)
}

/// An upstream if Kong takes it, and if not what it would be without a policy.
pub(super) fn upstream(
    context: &Context<'_, '_>,
    backends: &[&Resolved<'_>],
    mut upstream: Upstream,
    mut plain: Upstream,
) -> Upstream {
    if plain::upstream(&upstream) {
        return upstream;
    }
    let mut findings = findings(context, "upstreams", &upstream);
    if findings.iter().any(|finding| member(finding) == "tags") {
        // They are those of the service, which has told of them.
        upstream.tags = None;
        plain.tags = None;
        findings.retain(|finding| member(finding) != "tags");
    }
    let sticky = upstream.algorithm == Some(Algorithm::StickySessions);
    let Some(finding) = findings.into_iter().find(|finding| {
        let member = member(finding);
        // The rules are those of a version without sticky sessions.
        !(sticky && (member == "algorithm" || member.starts_with("sticky_sessions")))
    }) else {
        return upstream;
    };
    for backend in backends {
        context.leave_out_for(
            "Invalid",
            &backend.object,
            format!("metadata.annotations[{}]", UPSTREAM_POLICY.name()),
            format!(
                "upstream {}: Kong refuses what the KongUpstreamPolicy says of {}: {}; the defaults are used",
                upstream.name,
                member(&finding),
                finding.reason()
            ),
            finding.remedy(),
        );
    }
    plain
}

/// The targets that Kong takes.
pub(super) fn targets(
    context: &Context<'_, '_>,
    backends: &[&Resolved<'_>],
    mut targets: Vec<Target>,
) -> Vec<Target> {
    targets.retain(|target| {
        // Addresses of endpoints are what they are; names come from users.
        if target.target.parse::<SocketAddr>().is_ok() {
            return true;
        }
        let whole = json!({"target": target.target, "upstream": "u"});
        let finding = findings(context, "targets", &whole).into_iter().next();
        let Some(finding) = finding else {
            return true;
        };
        for backend in backends {
            context.say(
                &backend.object,
                "spec",
                format!(
                    "Kong refuses the target {:?}: {}; it is left out",
                    target.target,
                    finding.reason()
                ),
                finding.remedy(),
            );
        }
        false
    });
    targets
}

/// What Kong has against an entity, references aside.
fn findings(context: &Context<'_, '_>, collection: &str, entity: &impl Serialize) -> Vec<Finding> {
    let mut file = Members::new();
    file.insert("_format_version".to_owned(), json!("3.0"));
    let members = document::members(entity);
    file.insert(collection.to_owned(), json!([without_nulls(members)]));
    let dialect = Dialect {
        flavor: context.settings.flavor,
        edition: Edition::Enterprise,
        ..Dialect::default()
    };
    let mut findings = validate(&Config::new(file), dialect);
    findings.retain(|finding| !matches!(finding.problem, Problem::Dangling { .. }));
    findings
}

fn without_nulls(mut members: Members) -> Members {
    document::without_nulls(&mut members);
    members
}

/// The member that a finding is about.
fn member(finding: &Finding) -> &str {
    let behind = finding
        .field
        .split_once("].")
        .map_or("", |(_, member)| member);
    let end = behind.find(['.', '[']).unwrap_or(behind.len());
    &behind[..end]
}
