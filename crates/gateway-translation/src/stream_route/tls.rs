//! TLSRoute: connections by the name that TLS asks for.

use std::sync::Arc;

use gateway_types::{RouteStatus, TLSRouteSpec};
use kong_crds::Kind;
use kong_crds::gateway::TLSRoute;
use kong_model::entity::Protocol;
use kong_resolve::{Key, Meta, Name};

use super::{Claim, Matches, StreamRule};
use crate::context::{Context, key};
use crate::draft::Draft;
use crate::listeners::{Attached, Attachment, attach, is_gateway, referenced};
use crate::settings::KongVersion;
use crate::unheard;

/// The services of all TLSRoutes.
pub(super) fn drafts(
    context: &Context<'_, '_>,
    routes: Vec<(&Name, &Meta, &Arc<TLSRouteSpec>)>,
) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for (name, meta, spec) in routes {
        let object = key(Kind::TLSRoute, name);
        unheard::say_defaults(context, &object, spec.use_default_gateways.as_ref());
        let Some(sorts) = sorts(context, &object, spec) else {
            continue;
        };
        if spec.rules.is_empty() {
            context.leave_out(
                &object,
                "spec.rules",
                "no rules provided",
                "add a rule with a backendRef",
            );
        }
        for (number, rule) in spec.rules.iter().enumerate() {
            if number > 0 && !context.settings.as_kong_does() {
                context.leave_out(
                    &object,
                    format!("spec.rules[{number}]"),
                    "the rule is for the same connections as spec.rules[0] and gets none of them: rules of a \
                     TLSRoute match nothing; it is left out",
                    "put its backends into the first rule, with weights",
                );
                continue;
            }
            let stream = StreamRule {
                object: &object,
                meta,
                number,
                rule,
            };
            let matches: Vec<Matches<'_>> = sorts.iter().map(Sort::matches).collect();
            drafts.extend(stream.draft(context, Protocol::Tcp, &matches));
        }
    }
    drafts
}

/// Connections of a route that are treated alike.
struct Sort {
    passthrough: bool,
    snis: Vec<String>,
    ports: Vec<u16>,
}

impl Sort {
    fn matches(&self) -> Matches<'_> {
        Matches {
            protocol: if self.passthrough {
                Protocol::TlsPassthrough
            } else {
                Protocol::Tls
            },
            snis: &self.snis,
            ports: &self.ports,
        }
    }
}

/// The sorts of connections of a route; `None`, and a problem, if there is none.
fn sorts(context: &Context<'_, '_>, object: &Key, spec: &TLSRouteSpec) -> Option<Vec<Sort>> {
    let no_hostnames = || {
        context.leave_out(
            object,
            "spec.hostnames",
            "no hostnames provided; the route is left out",
            "name the hosts that clients ask for",
        );
    };
    let claim = Claim {
        route: object,
        parents: &spec.parent_refs,
        hostnames: &spec.hostnames,
    };
    let mut attachment = attach(context, claim)?;
    if context.settings.as_kong_does() {
        if attachment.hostnames.is_empty() {
            no_hostnames();
            return None;
        }
        return Some(vec![Sort {
            passthrough: is_passthrough_by_status(context, object),
            snis: attachment.hostnames,
            ports: Vec::new(),
        }]);
    }
    let settings = context.settings;
    if !settings.expressions() && settings.version < KongVersion::WILDCARD_SNIS {
        let had_some = !attachment.hostnames.is_empty();
        attachment.hostnames.retain(|hostname| {
            let is_plain = !hostname.contains('*');
            if !is_plain {
                context.say(
                    object,
                    "spec.hostnames",
                    format!(
                        "Kong {} knows no names of TLS with a wildcard; \"{hostname}\" is left out",
                        settings.version
                    ),
                    "name the hosts one by one, or use a newer version",
                );
            }
            is_plain
        });
        if had_some && attachment.hostnames.is_empty() {
            context.leave_out(
                object,
                "",
                "none of the hostnames can be used; the route is left out",
                "name the hosts one by one, or use a newer version",
            );
            return None;
        }
    }
    let sorts = by_listener(attachment);
    if sorts
        .iter()
        .all(|it| it.snis.is_empty() && it.ports.is_empty())
    {
        no_hostnames();
        return None;
    }
    Some(sorts)
}

/// A sort for where TLS ends here, and one for where it goes through, each with the ports of its listeners: without
/// a port a route of Kong for a name also gets plain connections on every port.
fn by_listener(attachment: Attachment<'_>) -> Vec<Sort> {
    let mut sorts = Vec::new();
    for passthrough in [false, true] {
        let listeners = || {
            let listeners = attachment.listeners.iter();
            listeners.filter(|it| it.is_passthrough() == passthrough)
        };
        if listeners().next().is_none() {
            continue;
        }
        let mut ports: Vec<u16> = if attachment.unknown {
            // What is not known has a port, too.
            Vec::new()
        } else {
            listeners().filter_map(Attached::port).collect()
        };
        ports.sort_unstable();
        ports.dedup();
        sorts.push(Sort {
            passthrough,
            snis: attachment.hostnames.clone(),
            ports,
        });
    }
    if sorts.is_empty() {
        sorts.push(Sort {
            passthrough: false,
            snis: attachment.hostnames,
            ports: Vec::new(),
        });
    }
    sorts
}

/// Whether a listener of a parent that has taken the route lets TLS through, which is where Kong's translator looks.
fn is_passthrough_by_status(context: &Context<'_, '_>, object: &Key) -> bool {
    let status: RouteStatus = context
        .status::<TLSRoute, _>(&object.name)
        .unwrap_or_default();
    let parents: Vec<_> = status
        .parents
        .into_iter()
        .map(|parent| parent.parent_ref)
        .filter(is_gateway)
        .collect();
    referenced(context, object, &parents)
        .iter()
        .any(Attached::is_passthrough)
}
