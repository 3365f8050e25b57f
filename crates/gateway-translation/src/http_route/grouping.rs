//! Which rules share a service: those that want the same of the same backends.
//!
//! There are two ways. By default rules of all HTTPRoutes in a namespace share, and the service is called after its
//! backends; otherwise only those of one HTTPRoute do, and it is called after the first of them. Start with [`of_one`];
//! in the way of Kong's controller with [`groups`].

use std::collections::{BTreeMap, HashSet};
use std::fmt::Write as _;

use gateway_types::RouteBackendRef;
use kong_model::entity::Protocol;
use kong_resolve::Key;
use sha2::{Digest, Sha256};

use super::duration;
use super::source::{Rule, Source};
use crate::context::Context;
use crate::draft::{Backend, BackendPort, BackendTarget};
use crate::part::Joint;

/// The longest name of a service that is made of its backends.
const LONGEST: usize = 511;
/// The timeout of who asks for none.
const DEFAULT_TIMEOUT: u32 = 60_000;

/// Rules that share a service, in the order of Kong's controller; at least one.
#[derive(Debug)]
pub(super) struct Group<'s> {
    /// The name of the service.
    pub(super) name: String,
    pub(super) rules: Vec<Rule<'s>>,
    /// How long the service waits, unless it is as long as any does.
    pub(super) timeout: Option<u32>,
    /// Whether a backend needs to say its kind.
    kinds_are_said: bool,
    /// The protocols of all routes, if they are not each one's own.
    protocols: Option<Vec<Protocol>>,
}

impl<'s> Group<'s> {
    /// The HTTPRoutes of the rules, each once.
    pub(super) fn sources(&self) -> impl Iterator<Item = &'s Source<'s>> {
        let mut seen: HashSet<&Key> = HashSet::new();
        let sources = self.rules.iter().map(|rule| rule.source);
        sources.filter(move |source| seen.insert(&source.key))
    }

    /// The protocols of a Kong route of one of the HTTPRoutes. Kong's controller takes those of all of them.
    pub(super) fn protocols<'g>(&'g self, source: &'g Source<'_>) -> &'g [Protocol] {
        self.protocols.as_deref().unwrap_or(&source.protocols)
    }

    /// The protocols of all of the HTTPRoutes.
    fn protocols_of_all(&self) -> Vec<Protocol> {
        let all: Vec<&Source<'_>> = self.sources().collect();
        [Protocol::Http, Protocol::Https]
            .into_iter()
            .filter(|protocol| all.iter().any(|source| source.protocols.contains(protocol)))
            .collect()
    }

    /// The backends of the rules, which are those of the first.
    pub(super) fn backends(&self) -> Vec<Backend> {
        let Some(rule) = self.rules.first() else {
            return Vec::new();
        };
        let backends = rule.spec.backend_refs.iter().enumerate();
        backends
            .map(|(index, backend)| self.backend(rule, index, backend))
            .collect()
    }

    fn backend(&self, rule: &Rule<'_>, index: usize, backend: &RouteBackendRef) -> Backend {
        let object = &backend.backend.object;
        let referrer = &rule.source.key;
        let name = referrer
            .name
            .sibling(object.namespace.as_deref(), &object.name);
        let group = object.group.as_deref().unwrap_or_default();
        let kind = match object.kind.as_deref() {
            None if self.kinds_are_said => "",
            None => "Service",
            Some(kind) => kind,
        };
        let is_core = matches!(group, "" | "core");
        Backend {
            referrer: referrer.clone(),
            field: format!("{}.backendRefs[{index}]", rule.field()),
            target: match (is_core, kind) {
                (true, "Service") => BackendTarget::Service(name),
                _ => BackendTarget::Unsupported {
                    group: group.to_owned(),
                    kind: kind.to_owned(),
                    name,
                },
            },
            port: object.port.map_or(BackendPort::None, BackendPort::Number),
            weight: backend
                .backend
                .weight
                .or_else(|| (!self.kinds_are_said).then_some(1)),
        }
    }
}

/// What of the groups comes from the rules of one HTTPRoute. Where services are shared there is one for each rule,
/// called as [`name_of_shared`] begins; it says by what the rules of all HTTPRoutes are put in order.
pub(super) fn of_one<'s>(
    context: &Context<'_, '_>,
    rules: &[Rule<'s>],
) -> Vec<(Group<'s>, Option<Joint>)> {
    let parts = if context.settings.combined_services {
        let part = |rule: &Rule<'s>| {
            let timeout = timeout(rule);
            let joint = Joint {
                place: rule.sorting_key(),
                timeout,
            };
            let name = name_of_backends(context, rule);
            (group(name, vec![*rule], timeout), Some(joint))
        };
        rules.iter().map(part).collect()
    } else {
        let groups = apart(rules).into_iter();
        groups.map(|group| (group, None)).collect()
    };
    let mut parts: Vec<(Group<'s>, Option<Joint>)> = parts;
    for (group, _) in &mut parts {
        group.kinds_are_said = false;
        group.rules.sort_by_cached_key(Rule::sorting_key);
    }
    parts
}

/// The name of a service that rules share: of those with the same backends some may wait differently.
pub(crate) fn name_of_shared(backends: &str, timeout: u32, several: bool) -> String {
    if several && timeout != DEFAULT_TIMEOUT {
        format!("{backends}.timeout.{timeout}")
    } else {
        backends.to_owned()
    }
}

/// The groups of all rules, as Kong's controller has them.
pub(super) fn groups<'s>(context: &Context<'_, '_>, rules: &[Rule<'s>]) -> Vec<Group<'s>> {
    let mut groups = if context.settings.combined_services {
        combined(context, rules)
    } else {
        apart(rules)
    };
    for group in &mut groups {
        group.protocols = Some(group.protocols_of_all());
        group.rules.sort_by_cached_key(Rule::sorting_key);
    }
    groups
}

/// How long a rule lets a backend take.
fn timeout(rule: &Rule<'_>) -> u32 {
    let timeouts = rule.spec.timeouts.as_ref();
    timeouts
        .and_then(|timeouts| timeouts.backend_request.as_deref())
        .and_then(duration::milliseconds)
        .unwrap_or(DEFAULT_TIMEOUT)
}

fn group(name: String, rules: Vec<Rule<'_>>, timeout: u32) -> Group<'_> {
    Group {
        name,
        rules,
        timeout: Some(timeout).filter(|timeout| *timeout != DEFAULT_TIMEOUT),
        kinds_are_said: true,
        protocols: None,
    }
}

/// Rules of one HTTPRoute with the same backends.
fn apart<'s>(rules: &[Rule<'s>]) -> Vec<Group<'s>> {
    let mut groups: BTreeMap<(&Key, String, u32), Vec<Rule<'_>>> = BTreeMap::new();
    for rule in rules {
        let place = (&rule.source.key, same_backends(rule), timeout(rule));
        groups.entry(place).or_default().push(*rule);
    }
    groups
        .into_iter()
        .map(|((route, _, timeout), rules)| {
            let (namespace, name) = (route.name.namespace(), &route.name.name);
            let first = rules.first().map_or(0, |rule| rule.index);
            group(
                format!("httproute.{namespace}.{name}.{first}"),
                rules,
                timeout,
            )
        })
        .collect()
}

/// What is the same for rules with the same backends, in whatever order.
fn same_backends(rule: &Rule<'_>) -> String {
    let mut backends: Vec<String> = rule
        .spec
        .backend_refs
        .iter()
        .map(|backend| serde_json::to_string(backend).unwrap_or_default())
        .collect();
    backends.sort();
    backends.join(";")
}

/// Rules of the HTTPRoutes of a namespace with the same backends. They part only where they wait differently.
fn combined<'s>(context: &Context<'_, '_>, rules: &[Rule<'s>]) -> Vec<Group<'s>> {
    let mut groups: BTreeMap<String, BTreeMap<u32, Vec<Rule<'s>>>> = BTreeMap::new();
    for rule in rules {
        let name = name_of_backends(context, rule);
        let by_timeout = groups.entry(name).or_default();
        by_timeout.entry(timeout(rule)).or_default().push(*rule);
    }
    let mut all = Vec::new();
    for (name, by_timeout) in groups {
        let several = by_timeout.len() > 1;
        for (timeout, rules) in by_timeout {
            all.push(group(
                name_of_shared(&name, timeout, several),
                rules,
                timeout,
            ));
        }
    }
    all
}

fn name_of_backends(context: &Context<'_, '_>, rule: &Rule<'_>) -> String {
    let namespace = rule.source.key.name.namespace();
    let mut names: Vec<String> = rule
        .spec
        .backend_refs
        .iter()
        .map(|backend| name_of_backend(context, namespace, backend))
        .collect();
    names.sort();
    let Some(first) = names.first() else {
        return format!("httproute.{namespace}.svc._");
    };
    let name = format!("httproute.{namespace}.svc.{}", names.join("_"));
    if name.len() <= LONGEST {
        return name;
    }
    let mut hash = String::new();
    for byte in Sha256::digest(&name) {
        write!(hash, "{byte:02x}").expect("strings take everything");
    }
    format!("httproute.{namespace}.svc.{first}_combined.{hash}")
}

fn name_of_backend(
    context: &Context<'_, '_>,
    namespace: &str,
    backend: &RouteBackendRef,
) -> String {
    let object = &backend.backend.object;
    let namespace = object.namespace.as_deref().unwrap_or(namespace);
    let mut name = format!("{namespace}.{}", object.name);
    let weight = if context.settings.as_kong_does() {
        backend.backend.weight
    } else {
        backend.backend.weight.or(Some(1))
    };
    if object.port.is_none() && !context.settings.as_kong_does() {
        // What follows could be taken for something else.
        name.push('.');
    }
    for number in [object.port, weight].into_iter().flatten() {
        write!(name, ".{number}").expect("strings take everything");
    }
    if !context.settings.as_kong_does() {
        // What is no Service is another backend than the Service of its name.
        let (group, kind) = (object.group.as_deref(), object.kind.as_deref());
        if !matches!(group, None | Some("" | "core")) || !matches!(kind, None | Some("Service")) {
            let (group, kind) = (group.unwrap_or_default(), kind.unwrap_or_default());
            write!(name, "~{kind}.{group}~").expect("strings take everything");
        }
    }
    name
}
