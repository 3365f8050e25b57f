//! TLSRoute: connections by the name that TLS asks for.
//!
//! Start with [`drafts`]; which connections a route is for is found out by [`sorts`].

mod sorts;

use std::sync::Arc;

use gateway_types::{RouteStatus, TLSRouteSpec};
use kong_crds::Kind;
use kong_crds::gateway::TLSRoute;
use kong_model::entity::Protocol;
use kong_resolve::{Key, Meta, Name};

use super::{Claim, Matches, StreamRule};
use crate::context::{Context, key};
use crate::draft::Draft;
use crate::isolation;
use crate::listeners::{Attached, attach, is_gateway, referenced};
use crate::settings::KongVersion;
use crate::unheard;
use sorts::Sort;

/// The services of all TLSRoutes.
pub(super) fn drafts(
    context: &Context<'_, '_>,
    routes: Vec<(&Name, &Meta, &Arc<TLSRouteSpec>)>,
) -> Vec<Draft> {
    let mut known = Vec::new();
    for (name, meta, spec) in routes {
        let object = key(Kind::TLSRoute, name);
        unheard::say_defaults(context, &object, spec.use_default_gateways.as_ref());
        if let Some(sorts) = sorts(context, &object, spec) {
            known.push((object, meta, spec, sorts));
        }
    }
    if !context.settings.as_kong_does() {
        let of: Vec<(&Key, &mut Vec<Sort>)> = known
            .iter_mut()
            .map(|(object, _, _, sorts)| (&*object, sorts))
            .collect();
        sorts::arbitrate(context, of);
    }
    let mut drafts = Vec::new();
    for (object, meta, spec, sorts) in &known {
        if spec.rules.is_empty() {
            context.leave_out(
                object,
                "spec.rules",
                "no rules provided",
                "add a rule with a backendRef",
            );
        }
        if sorts.is_empty() {
            continue;
        }
        for (number, rule) in spec.rules.iter().enumerate() {
            if number > 0 && !context.settings.as_kong_does() {
                context.leave_out(
                    object,
                    format!("spec.rules[{number}]"),
                    "the rule is for the same connections as spec.rules[0] and gets none of them: rules of a \
                     TLSRoute match nothing; it is left out",
                    "put its backends into the first rule, with weights",
                );
                continue;
            }
            let stream = StreamRule {
                object,
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
    let attachment = attach(context, claim)?;
    if context.settings.as_kong_does() {
        if attachment.hostnames.is_empty() {
            no_hostnames();
            return None;
        }
        let passthrough = is_passthrough_by_status(context, object);
        return Some(vec![Sort::plain(passthrough, attachment.hostnames)]);
    }
    if let Some(reach) = &attachment.reach {
        isolation::say_lost(context, object, reach);
    }
    let mut sorts = match &attachment.reach {
        Some(reach) => sorts::by_doors(context, reach),
        None => sorts::by_listeners(&attachment),
    };
    let settings = context.settings;
    if !settings.expressions() && settings.version < KongVersion::WILDCARD_SNIS {
        without_wildcards(context, object, &mut sorts)?;
    }
    let is_for_nothing = |it: &Sort| it.snis.is_empty() && it.ports.is_empty();
    if sorts.iter().any(is_for_nothing) {
        no_hostnames();
        return None;
    }
    Some(sorts)
}

/// Leaves out names that the version does not know; `None`, and a problem, if nothing is left.
fn without_wildcards(context: &Context<'_, '_>, object: &Key, sorts: &mut Vec<Sort>) -> Option<()> {
    let version = context.settings.version;
    let had_some = !sorts.is_empty();
    sorts.retain_mut(|sort| {
        let had_some = !sort.snis.is_empty();
        sort.snis.retain(|hostname| {
            let is_plain = !hostname.contains('*');
            if !is_plain {
                context.say(
                    object,
                    "spec.hostnames",
                    format!(
                        "Kong {version} knows no names of TLS with a wildcard; \"{hostname}\" is left out"
                    ),
                    "name the hosts one by one, or use a newer version",
                );
            }
            is_plain
        });
        !had_some || !sort.snis.is_empty()
    });
    if had_some && sorts.is_empty() {
        context.leave_out(
            object,
            "",
            "none of the hostnames can be used; the route is left out",
            "name the hosts one by one, or use a newer version",
        );
        return None;
    }
    Some(())
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
