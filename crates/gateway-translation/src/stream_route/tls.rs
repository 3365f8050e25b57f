//! TLSRoute: connections by the name that TLS asks for.

mod names;

use std::collections::{BTreeMap, BTreeSet};
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

/// The services of all TLSRoutes.
pub(super) fn drafts(
    context: &Context<'_, '_>,
    routes: Vec<(&Name, &Meta, &Arc<TLSRouteSpec>)>,
) -> Vec<Draft> {
    let named: Vec<(Key, &Meta, &TLSRouteSpec, Vec<Wanted>)> = routes
        .into_iter()
        .filter_map(|(name, meta, spec)| {
            let object = key(Kind::TLSRoute, name);
            let wanted = wanted(context, &object, spec)?;
            Some((object, meta, &**spec, wanted))
        })
        .collect();
    let claims: Vec<(&Key, &[Wanted])> = named
        .iter()
        .map(|(object, _, _, wanted)| (object, &wanted[..]))
        .collect();
    let sorts = if context.settings.as_kong_does() {
        claims
            .iter()
            .map(|(_, wanted)| sorts(wanted, |_| 0))
            .collect()
    } else {
        names::shared_out(context, &claims)
    };
    let mut drafts = Vec::new();
    for ((object, meta, spec, _), sorts) in named.iter().zip(sorts) {
        if spec.rules.is_empty() {
            context.leave_out(
                object,
                "spec.rules",
                "no rules provided",
                "add a rule with a backendRef",
            );
        }
        if sorts.is_empty() {
            // Others have got it all.
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

/// Connections that a route is for: those to a port that ask for a name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Wanted {
    passthrough: bool,
    /// The port; `None` if it is not known.
    port: Option<u16>,
    /// The name, perhaps with a wildcard; `None` for all.
    name: Option<String>,
}

/// Connections of a route that are treated alike.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Sort {
    passthrough: bool,
    snis: Vec<String>,
    ports: Vec<u16>,
    level: usize,
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
            level: self.level,
        }
    }
}

/// What is wanted in sorts: names that are wanted on the same ports and have one level are one.
fn sorts(wanted: &[Wanted], level: impl Fn(&Wanted) -> usize) -> Vec<Sort> {
    let mut ports: BTreeMap<(bool, usize, usize), Vec<u16>> = BTreeMap::new();
    let mut names: Vec<Option<&String>> = Vec::new();
    for it in wanted {
        let name = it.name.as_ref();
        let number = names.iter().position(|known| *known == name);
        let number = number.unwrap_or_else(|| {
            names.push(name);
            names.len() - 1
        });
        let of_name = ports
            .entry((it.passthrough, level(it), number))
            .or_default();
        of_name.extend(it.port);
    }
    let mut sorts: Vec<Sort> = Vec::new();
    for ((passthrough, level, number), mut ports) in ports {
        ports.sort_unstable();
        ports.dedup();
        let name = names[number].cloned();
        let same = sorts.iter_mut().find(|it| {
            (it.passthrough, it.level, &it.ports) == (passthrough, level, &ports)
                && it.snis.is_empty() == name.is_none()
        });
        match same {
            Some(sort) => sort.snis.extend(name),
            None => sorts.push(Sort {
                passthrough,
                snis: name.into_iter().collect(),
                ports,
                level,
            }),
        }
    }
    sorts
}

/// The connections that a route is for; `None`, and a problem, if there are none.
fn wanted(context: &Context<'_, '_>, object: &Key, spec: &TLSRouteSpec) -> Option<Vec<Wanted>> {
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
        let names = attachment.hostnames.into_iter();
        let wanted = names.map(|name| Wanted {
            passthrough,
            port: None,
            name: Some(name),
        });
        return Some(wanted.collect());
    }
    let mut wanted = by_listener(&attachment);
    let settings = context.settings;
    if !settings.expressions() && settings.version < KongVersion::WILDCARD_SNIS {
        let had_some = wanted.iter().any(|it| it.name.is_some());
        let mut told = BTreeSet::new();
        wanted.retain(|it| {
            let Some(hostname) = it.name.as_ref().filter(|name| name.contains('*')) else {
                return true;
            };
            if told.insert(hostname.clone()) {
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
            false
        });
        if had_some && wanted.is_empty() {
            context.leave_out(
                object,
                "",
                "none of the hostnames can be used; the route is left out",
                "name the hosts one by one, or use a newer version",
            );
            return None;
        }
    }
    if wanted
        .iter()
        .all(|it| it.name.is_none() && it.port.is_none())
    {
        no_hostnames();
        return None;
    }
    Some(wanted)
}

/// What a route has of each of its listeners, with the port: without one a route of Kong for a name also gets plain
/// connections on every port. Where a listener is not known, no port is.
fn by_listener(attachment: &Attachment<'_>) -> Vec<Wanted> {
    let mut all = Vec::new();
    let mut add = |passthrough: bool, port: Option<u16>, names: &[String]| {
        let names = names.iter().map(|name| Some(name.to_ascii_lowercase()));
        let everything = (names.len() == 0).then_some(None);
        for name in names.chain(everything) {
            let it = Wanted {
                passthrough,
                port,
                name,
            };
            if !all.contains(&it) {
                all.push(it);
            }
        }
    };
    if attachment.unknown {
        let sorts: BTreeSet<bool> = attachment
            .listeners
            .iter()
            .map(Attached::is_passthrough)
            .collect();
        let known = (sorts.is_empty()).then_some(false);
        for passthrough in sorts.into_iter().chain(known) {
            add(passthrough, None, &attachment.hostnames);
        }
        return all;
    }
    for (listener, names) in attachment.listeners.iter().zip(&attachment.hostnames_of) {
        add(listener.is_passthrough(), listener.port(), names);
    }
    all
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
