//! Matches as Kong routes with expressions: one for each host and match.

use kong_crds::annotations::Annotation;
use kong_crds::annotations::route::{HEADERS_PREFIX, HOST_ALIASES, METHODS, SNIS};
use kong_model::entity::Protocol;
use kong_router::expression::Expression;

use super::grouping::Group;
use super::order::Place;
use super::priority::{self, Order};
use super::source::{Match, Rule};
use super::{Refusal, filters, finished, matching, plain, tags};
use crate::context::Context;
use crate::draft::DraftRoute;
use crate::isolation;
use crate::listeners::Doors;
use crate::origin;
use crate::route_annotations;

/// The routes of the rules of a group, as Kong's controller makes them.
pub(super) fn routes<'s>(
    context: &Context<'_, '_>,
    group: &Group<'s>,
    order: &Order<'s>,
) -> Result<Vec<DraftRoute>, Refusal> {
    let mut routes = Vec::new();
    for rule in &group.rules {
        let protocols = group.protocols(rule.source);
        for it in rule.matches() {
            for (index, host) in priority::hosts(rule).into_iter().enumerate() {
                let priority = order.priority(&it, index);
                routes.push(route(context, protocols, &it, host, priority)?);
            }
        }
    }
    Ok(routes)
}

/// The routes of a rule, with what decides about their priorities.
pub(super) fn of_rule(context: &Context<'_, '_>, rule: &Rule<'_>) -> Vec<(DraftRoute, Place)> {
    say_what_has_no_effect(context, rule);
    let mut routes = Vec::new();
    for it in rule.matches() {
        for host in priority::hosts(rule) {
            let protocols = match rule.source.doors(host) {
                Some((_, doors)) => protocols_of(doors),
                None => rule.source.protocols.clone(),
            };
            match route(context, &protocols, &it, host, 0) {
                Ok(route) => routes.push((route, Place::for_host(&it, host))),
                Err(refusal) => {
                    refusal.say(context, &rule.source.key, "the match is left out");
                }
            }
        }
    }
    routes
}

fn route(
    context: &Context<'_, '_>,
    protocols: &[Protocol],
    it: &Match<'_>,
    host: &str,
    priority: u64,
) -> Result<DraftRoute, Refusal> {
    let right = !context.settings.as_kong_does();
    let (rule, source) = (&it.rule, it.rule.source);
    let host_in_name = match host {
        "" => "_".to_owned(),
        host => host.replace('*', "_"),
    };
    let route_name = format!(
        "httproute.{}.{}.{host_in_name}.{}.{}",
        source.key.name.namespace(),
        origin::before_host(context, &source.key.name.name),
        rule.index,
        it.index
    );
    let tags = tags(source, rule.name().as_slice());
    let mut route = plain(route_name, tags.clone(), protocols);
    route.strip_path = Some(false);
    let captures_rest = filters::replaces_prefix(&rule.spec.filters);
    let snis =
        route_annotations::hosts(context, &source.key, source.meta, &SNIS).unwrap_or_default();
    let mut all: Vec<Expression> = Vec::new();
    all.extend(matching::host(host));
    if let Some((reach, doors)) = source.doors(host) {
        all.extend(isolation::expression(context, reach, doors, source.meta));
    }
    all.extend(matching::snis(&snis));
    all.extend(matching::expression(it, captures_rest, right)?);
    let expression = Expression::all(all).or_else(matching::everything);
    let path = it.spec.path.as_ref().and_then(|path| path.value.as_deref());
    let path = path.unwrap_or_default();
    let right = right.then_some(it);
    let filtered = filters::applied(context, rule, path, right, &tags)?;
    let mut draft = finished(context, source, route, filtered, vec![rule.provenance()]);
    draft.expression = expression.map(|expression| (expression, priority));
    Ok(draft)
}

/// The protocols that are spoken at some doors.
fn protocols_of(doors: &Doors) -> Vec<Protocol> {
    let both = [(false, Protocol::Http), (true, Protocol::Https)];
    let spoken = both
        .into_iter()
        .filter(|(tls, _)| doors.keys().any(|it| it.tls == *tls));
    spoken.map(|(_, protocol)| protocol).collect()
}

/// Tells of annotations that match in the traditional flavour only.
fn say_what_has_no_effect(context: &Context<'_, '_>, rule: &Rule<'_>) {
    let source = rule.source;
    let names = [Annotation::name(&METHODS), Annotation::name(&HOST_ALIASES)];
    let annotations = source.meta.annotations.keys();
    let matching =
        annotations.filter(|name| names.contains(&&***name) || name.starts_with(HEADERS_PREFIX));
    for name in matching {
        context.warn(
            &source.key,
            format!("metadata.annotations[{name}]"),
            format!(
                "{name} has no effect on an HTTPRoute in the expressions flavour of the router"
            ),
            "say it in the matches of the rules",
        );
    }
}
