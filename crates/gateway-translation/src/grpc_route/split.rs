//! The parts of a GRPCRoute, each of which is a route of Kong: a match of a rule for some hosts.

use std::collections::BTreeMap;

use gateway_types::GRPCRouteMatch;

use super::source::Source;
use crate::context::Context;
use crate::origin;

/// What a rule without matches is for.
static EVERYTHING: GRPCRouteMatch = GRPCRouteMatch {
    method: None,
    headers: Vec::new(),
};

/// A part.
#[derive(Clone, Debug)]
pub(super) struct Part<'s> {
    pub(super) source: &'s Source<'s>,
    /// The rule, counted from 0.
    pub(super) rule: usize,
    /// The match, counted from 0.
    pub(super) number: usize,
    pub(super) wanted: &'s GRPCRouteMatch,
    /// Whether the rule has no match and is for everything.
    pub(super) is_default: bool,
    /// The hosts; none for all.
    pub(super) hosts: Vec<String>,
    /// Which of the lots of hosts that is.
    pub(super) lot: usize,
    /// The name of the object before a host, if the part is of one, which names are made of.
    before_host: Option<String>,
}

/// The parts of a GRPCRoute, by hosts, rules and matches.
pub(super) fn parts<'s>(context: &Context<'_, '_>, source: &'s Source<'s>) -> Vec<Part<'s>> {
    let expressions = context.settings.expressions();
    let mut lots = if expressions {
        let each = source.hostnames.iter().map(|hostname| of_one(hostname));
        each.collect()
    } else if context.settings.as_kong_does() {
        vec![source.hostnames.clone()]
    } else {
        comparable(&source.hostnames)
    };
    if lots.is_empty() {
        lots.push(Vec::new());
    }
    let mut parts = Vec::new();
    for (lot, hosts) in lots.iter().enumerate() {
        for (rule, spec) in source.spec.rules.iter().enumerate() {
            let is_default = spec.matches.is_empty();
            let everything = is_default.then_some(&EVERYTHING);
            let matches = spec.matches.iter().chain(everything).enumerate();
            parts.extend(matches.map(|(number, wanted)| Part {
                source,
                rule,
                number,
                wanted,
                is_default,
                hosts: hosts.clone(),
                lot,
                before_host:
                    expressions.then(|| origin::before_host(context, &source.key.name.name)),
            }));
        }
    }
    parts
}

/// Hosts in lots of which each is as specific as the others: Kong looks at a route's hosts as a whole, so one with a
/// wildcard would take precedence away from those without. Those without come first, then the longest wildcards; what is
/// for all hosts has none.
fn comparable(hostnames: &[String]) -> Vec<Vec<String>> {
    let mut lots: BTreeMap<(bool, bool, std::cmp::Reverse<usize>), Vec<String>> = BTreeMap::new();
    for hostname in hostnames {
        let is_wildcard = hostname.starts_with('*');
        let length = if is_wildcard { hostname.len() } else { 0 };
        let place = (hostname.is_empty(), is_wildcard, std::cmp::Reverse(length));
        lots.entry(place).or_default().extend(of_one(hostname));
    }
    lots.into_values().collect()
}

/// The hosts that a hostname stands for: an empty one is for all, which are none by name.
fn of_one(hostname: &str) -> Vec<String> {
    let named = (!hostname.is_empty()).then(|| hostname.to_owned());
    named.into_iter().collect()
}

impl Part<'_> {
    /// The host, if it has but one.
    pub(super) fn host(&self) -> &str {
        self.hosts.first().map_or("", String::as_str)
    }

    /// The name of its service.
    pub(super) fn service_name(&self) -> String {
        let name = &self.source.key.name;
        let (namespace, name, rule) = (name.namespace(), &name.name, self.rule);
        let Some(name) = &self.before_host else {
            return format!("grpcroute.{namespace}.{name}.{rule}");
        };
        let host = match self.host() {
            "" => "_".to_owned(),
            host => host.replace('*', "_"),
        };
        format!("grpcroute.{namespace}.{name}.{host}.{rule}")
    }

    /// The name of its route.
    pub(super) fn route_name(&self) -> String {
        let name = format!("{}.{}", self.service_name(), self.number);
        match self.lot {
            // Behind a point it could be the match of an object whose name ends with a number.
            lot if lot > 0 && self.before_host.is_none() => format!("{name}-{lot}"),
            _ => name,
        }
    }

    /// Where its match is written.
    pub(super) fn field(&self) -> String {
        if self.is_default {
            format!("spec.rules[{}]", self.rule)
        } else {
            format!("spec.rules[{}].matches[{}]", self.rule, self.number)
        }
    }
}
