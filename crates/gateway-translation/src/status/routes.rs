//! Statuses of routes: an entry for each parentRef to a Gateway that is looked after, keyed by all of the reference.
//!
//! `Accepted` is what the listeners say, unless nothing of the route can be had; what is left out of it is in
//! `PartiallyInvalid`. `ResolvedRefs` is about backends, and about plugins that the route asks for.

use std::collections::{BTreeMap, BTreeSet};

use gateway_types::{FilterType, ParentReference, RouteFilter};
use kong_crds::Kind;
use kong_crds::annotations::PLUGINS;
use kong_crds::gateway::{GRPCRoute, HTTPRoute, KeptStatus, TCPRoute, TLSRoute, UDPRoute};
use kong_resolve::{Key, Meta, Name, Readable};
use serde_json::{Value, json};

use super::conditions::{ACCEPTED, Condition, PROGRAMMED, RESOLVED_REFS};
use super::entries::{Entry, List};
use super::pushed::{Awaiting, Words};
use super::{Known, Statuses, before};
use crate::backend_refs;
use crate::context::{Context, Problem, Unresolved, key};
use crate::draft::Backend;
use crate::listeners::{self, Claim, Outcome};
use crate::plugins::{self, PluginKey};
use crate::services;

/// The type for a route of which some rules are left out.
const PARTIALLY_INVALID: &str = "PartiallyInvalid";
/// The types of conditions of an entry.
const TYPES: [&str; 4] = [ACCEPTED, PARTIALLY_INVALID, PROGRAMMED, RESOLVED_REFS];
/// The reason for what is not known yet.
const UNKNOWN: &str = "Unknown";
/// The most parents that schemas allow.
const PARENTS: usize = 32;

/// What has attached where.
#[derive(Debug, Default)]
pub(super) struct Attached {
    /// How many accepted routes each listener has, by its object and its name.
    counts: BTreeMap<(Key, String), i64>,
    /// The Gateways whose accepted routes refer to each Service.
    pub(super) gateways_of: BTreeMap<Name, BTreeSet<Name>>,
}

impl Attached {
    /// How many accepted routes a listener has.
    pub(super) fn count(&self, owner: &Key, listener: &str) -> i64 {
        let place = (owner.clone(), listener.to_owned());
        self.counts.get(&place).copied().unwrap_or_default()
    }
}

/// A route of whatever kind.
struct Route<'w> {
    object: Key,
    meta: &'w Meta,
    parents: &'w [ParentReference],
    hostnames: &'w [String],
    /// How many rules it has.
    rules: usize,
    backends: Vec<Backend>,
    /// The filters of each rule.
    filters: Vec<&'w [RouteFilter]>,
}

pub(super) fn put(
    context: &Context<'_, '_>,
    known: &Known<'_>,
    statuses: &mut Statuses,
) -> Attached {
    let mut attached = Attached::default();
    macro_rules! put {
        ($kind:ident, $spec:ident, $hostnames:expr, $filters:expr, $reference:expr) => {
            for (name, meta, $spec) in context.all::<$kind>() {
                let object = key(Kind::$kind, name);
                let rules = $spec.rules.iter().enumerate();
                let backends = rules.flat_map(|(number, rule)| {
                    let references = rule.backend_refs.iter().map($reference);
                    backend_refs::backends(context, &object, number, references)
                });
                let route = Route {
                    meta,
                    parents: &$spec.parent_refs,
                    hostnames: $hostnames,
                    rules: $spec.rules.len(),
                    backends: backends.collect(),
                    filters: $filters,
                    object: object.clone(),
                };
                one::<$kind>(context, known, &route, statuses, &mut attached);
            }
        };
    }
    macro_rules! filters {
        ($spec:ident) => {
            $spec
                .rules
                .iter()
                .map(|rule| rule.filters.as_slice())
                .collect()
        };
    }
    put!(HTTPRoute, spec, &spec.hostnames, filters!(spec), |it| &it
        .backend);
    put!(GRPCRoute, spec, &spec.hostnames, filters!(spec), |it| &it
        .backend);
    put!(TLSRoute, spec, &spec.hostnames, Vec::new(), |it| it);
    put!(TCPRoute, spec, &[], Vec::new(), |it| it);
    put!(UDPRoute, spec, &[], Vec::new(), |it| it);
    attached
}

fn one<K>(
    context: &Context<'_, '_>,
    known: &Known<'_>,
    route: &Route<'_>,
    statuses: &mut Statuses,
    attached: &mut Attached,
) where
    K: Readable<Status = KeptStatus>,
{
    let claim = Claim {
        route: &route.object,
        parents: route.parents,
        hostnames: route.hostnames,
    };
    let outcomes = listeners::outcomes(context, claim);
    let is_ours =
        |outcome: &Outcome<'_>| matches!(outcome, Outcome::Accepted(_) | Outcome::Refused(_));
    let controller = context.settings.controller.as_str();
    let mut status = before::<K>(context, &route.object);
    let was_ours = {
        let parents = status.get("parents").and_then(Value::as_array);
        let mut parents = parents.into_iter().flatten();
        parents.any(|entry| entry["controllerName"] == controller)
    };
    if !was_ours && !outcomes.iter().any(is_ours) {
        return;
    }
    let verdict = Verdict::of(known, route);
    let references = if outcomes.iter().any(is_ours) {
        references(context, route)
    } else {
        References::default()
    };
    let mut entries: Vec<Entry<ParentReference>> = Vec::new();
    let mut accepted = Vec::new();
    let mut met = BTreeSet::new();
    let parents = route.parents.iter().zip(&outcomes);
    for (parent, outcome) in parents.filter(|(_, outcome)| is_ours(outcome)) {
        let identity = identity(parent, &route.object.name);
        if entries.iter().any(|entry| entry.identity == identity) {
            continue;
        }
        let is_accepted = matches!(outcome, Outcome::Accepted(_)) && verdict.refused.is_none();
        if let Outcome::Accepted(listeners) = outcome
            && is_accepted
        {
            for (one, _) in listeners {
                met.insert((one.owner.clone(), one.listener.name.clone()));
                for service in &references.services {
                    let gateways = attached.gateways_of.entry(service.clone()).or_default();
                    gateways.insert(one.gateway.clone());
                }
            }
        }
        accepted.push(is_accepted);
        entries.push(Entry {
            identity,
            reference: Some(json!(parent)),
            conditions: conditions(outcome, &verdict, &references),
        });
    }
    for listener in met {
        *attached.counts.entry(listener).or_default() += 1;
    }
    let list = List {
        before: status.get("parents"),
        controller,
        member: "parentRef",
        types: &TYPES,
        generation: route.meta.generation,
        limit: PARENTS,
    };
    let (parents, places) = list.merged(&entries, |about| {
        let about = serde_json::from_value(about.clone()).ok()?;
        Some(self::identity(&about, &route.object.name))
    });
    for (place, is_accepted) in places.into_iter().zip(accepted) {
        if let Some(place) = place
            && is_accepted
            && verdict.is_there
        {
            let place = format!("/parents/{place}/conditions");
            let generation = route.meta.generation;
            let awaiting = Awaiting::new(&route.object, place, generation, Words::Route);
            statuses.awaiting.push(awaiting);
        }
    }
    status.insert("parents".to_owned(), Value::Array(parents));
    statuses
        .statuses
        .insert(route.object.clone(), Value::Object(status));
}

/// A reference with everything said that it leaves out, so that two are the same if they mean the same.
fn identity(parent: &ParentReference, route: &Name) -> ParentReference {
    let or = |text: &Option<String>, default: &str| {
        let text = text.as_deref().filter(|text| !text.is_empty());
        Some(text.unwrap_or(default).to_owned())
    };
    ParentReference {
        group: Some(
            parent
                .group
                .as_deref()
                .unwrap_or(gateway_types::GROUP)
                .to_owned(),
        ),
        kind: or(&parent.kind, Kind::Gateway.as_str()),
        namespace: or(&parent.namespace, route.namespace()),
        name: parent.name.clone(),
        section_name: parent.section_name.clone().filter(|name| !name.is_empty()),
        port: parent.port,
    }
}

/// What is said of a route as a whole, whoever its parents are.
struct Verdict {
    /// Why nothing of it can be had.
    refused: Option<String>,
    /// What of it cannot be had, if something can.
    dropped: Option<String>,
    /// Whether something of it is in the configuration.
    is_there: bool,
}

impl Verdict {
    fn of(known: &Known<'_>, route: &Route<'_>) -> Self {
        let (fields, left_out): (Vec<&Problem>, Vec<&Problem>) = known
            .left_out(&route.object)
            .iter()
            .partition(|one| one.harmless);
        let there = known.there.get(&route.object);
        let is_lost = |rule: usize| {
            left_out.iter().any(|one| rule_of(one) == Some(rule))
                && there.is_none_or(|there| !there.contains(&rule))
        };
        let nothing = left_out.iter().any(|one| rule_of(one).is_none())
            || (route.rules > 0 && (0..route.rules).all(is_lost));
        let said: Vec<String> = left_out
            .iter()
            .map(|one| in_place(&one.message, &one.field))
            .collect();
        let said = (!said.is_empty()).then(|| said.join("; "));
        let numbers: BTreeSet<usize> = left_out.iter().filter_map(|one| rule_of(one)).collect();
        let numbers: Vec<String> = numbers.iter().map(ToString::to_string).collect();
        let rules = said
            .as_ref()
            .filter(|_| !nothing)
            .map(|said| format!("Dropped Rule {}: {said}", numbers.join(", ")));
        let fields = fields
            .iter()
            .map(|one| format!("Dropped {}: {}", one.field, one.message));
        let dropped: Vec<String> = rules.into_iter().chain(fields).collect();
        Self {
            dropped: (!dropped.is_empty()).then(|| dropped.join("; ")),
            refused: said.filter(|_| nothing),
            is_there: there.is_some(),
        }
    }
}

/// The rule that something left out is of; `None` if it is the whole route.
fn rule_of(one: &Problem) -> Option<usize> {
    let (number, _) = one.field.strip_prefix("spec.rules[")?.split_once(']')?;
    number.parse().ok()
}

/// A message with where it is about.
fn in_place(message: &str, field: &str) -> String {
    if field.is_empty() {
        message.to_owned()
    } else {
        format!("{message} ({field})")
    }
}

/// What is said of a route to one parent.
fn conditions(outcome: &Outcome<'_>, verdict: &Verdict, references: &References) -> Vec<Condition> {
    let accepted = match (outcome, &verdict.refused) {
        (Outcome::Refused(refusal), _) => {
            Condition::fails(ACCEPTED, refusal.reason(), refusal.message())
        }
        (_, Some(why)) => Condition::fails(ACCEPTED, "UnsupportedValue", why),
        (_, None) => Condition::holds(ACCEPTED, ACCEPTED, ""),
    };
    let is_accepted = accepted.truth == kong_resolve::Truth::True;
    let mut said = vec![accepted];
    if let Some(why) = verdict.dropped.as_ref().filter(|_| is_accepted) {
        said.push(Condition::holds(PARTIALLY_INVALID, "UnsupportedValue", why));
    }
    said.push(match (is_accepted, verdict.is_there) {
        (true, true) => {
            Condition::unknown(PROGRAMMED, UNKNOWN, "No gateway has taken it yet.").unless_said()
        }
        (true, false) => Condition::unknown(
            PROGRAMMED,
            UNKNOWN,
            "Nothing of it is in the configuration.",
        ),
        (false, _) => Condition::unknown(PROGRAMMED, UNKNOWN, "It is not accepted."),
    });
    said.push(match references.unresolved.first() {
        None => Condition::holds(RESOLVED_REFS, RESOLVED_REFS, ""),
        Some(first) => Condition::fails(RESOLVED_REFS, first.reason, references.message()),
    });
    said
}

/// What a route refers to.
#[derive(Debug, Default)]
struct References {
    /// What leads nowhere.
    unresolved: Vec<Unresolved>,
    /// The Services that are there.
    services: BTreeSet<Name>,
}

impl References {
    fn message(&self) -> String {
        let mut said: Vec<String> = Vec::new();
        for one in &self.unresolved {
            let one = format!("{}: {}", in_place(&one.message, &one.field), one.remedy);
            if !said.contains(&one) {
                said.push(one);
            }
        }
        said.join("; ")
    }
}

fn references(context: &Context<'_, '_>, route: &Route<'_>) -> References {
    let mut references = References::default();
    for backend in &route.backends {
        match services::look(context, backend) {
            Ok(resolved) => {
                references.services.insert(resolved.service);
            }
            Err(unresolved) => references.unresolved.push(unresolved),
        }
    }
    for (rule, filters) in route.filters.iter().enumerate() {
        for (number, filter) in filters.iter().enumerate() {
            let field = format!("spec.rules[{rule}].filters[{number}].extensionRef");
            references
                .unresolved
                .extend(missing_extension(context, &route.object, filter, field));
        }
    }
    references
        .unresolved
        .extend(missing_plugins(context, &route.object));
    references
}

/// What is wrong with the plugin that a filter refers to. A filter that refers to something else is left out with its
/// rule.
fn missing_extension(
    context: &Context<'_, '_>,
    route: &Key,
    filter: &RouteFilter,
    field: String,
) -> Option<Unresolved> {
    let reference = filter.extension_ref.as_ref()?;
    let kinds = [Kind::KongPlugin, Kind::KongClusterPlugin];
    let mut kinds = kinds.iter();
    let is_plugin =
        kinds.any(|kind| reference.group == kind.group() && reference.kind == kind.as_str());
    if filter.type_ != FilterType::ExtensionRef || !is_plugin {
        return None;
    }
    let plugin = PluginKey {
        namespace: route.name.namespace().to_owned(),
        name: reference.name.clone(),
    };
    if plugins::find(context, &plugin).is_some() {
        return None;
    }
    Some(Unresolved {
        object: route.clone(),
        reason: "BackendNotFound",
        field,
        message: format!(
            "extensionRef {}/{} does not exist",
            plugin.namespace, plugin.name
        ),
        remedy: "create the KongPlugin or correct the name".into(),
    })
}

/// What is wrong with the plugins that the annotation of a route names.
fn missing_plugins(context: &Context<'_, '_>, route: &Key) -> Vec<Unresolved> {
    let unresolved = |reason, message: String, remedy: &str| Unresolved {
        object: route.clone(),
        reason,
        field: format!("metadata.annotations[{}]", PLUGINS.name()),
        message,
        remedy: remedy.into(),
    };
    let wrong = |(name, plugin): (kong_crds::annotations::PluginName, Option<PluginKey>)| {
        let Some(plugin) = plugin else {
            let namespace = name.namespace.unwrap_or_default();
            return Some(unresolved(
                "RefNotPermitted",
                format!(
                    "referenced KongPlugin {namespace}/{} is in another namespace and no ReferenceGrant permits the \
                     reference",
                    name.name
                ),
                "create the ReferenceGrant there",
            ));
        };
        let missing = plugins::find(context, &plugin).is_none();
        missing.then(|| {
            unresolved(
                "BackendNotFound",
                format!(
                    "referenced KongPlugin or KongClusterPlugin \"{}\" does not exist",
                    plugin.name
                ),
                "create it, correct the name, or give the KongClusterPlugin the ingress class",
            )
        })
    };
    plugins::named(context, route)
        .into_iter()
        .filter_map(wrong)
        .collect()
}
