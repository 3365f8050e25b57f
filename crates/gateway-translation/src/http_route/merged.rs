//! Matches as Kong routes of the traditional flavour, as Kong's controller makes them: matches that differ in their
//! paths only share a route.

use std::collections::BTreeMap;

use gateway_types::{MatchType, NameValueMatch, PathMatchType};
use kong_model::entity::Route;
use serde_json::json;

use super::filters::Filtered;
use super::grouping::Group;
use super::matching::path_of;
use super::priority::Ranks;
use super::source::{Match, Rule};
use super::{Refusal, filters, finished, plain, tags};
use crate::context::Context;
use crate::draft::DraftRoute;

/// What stands before a header's value that is a pattern.
pub(super) const HEADER_PATTERN: &str = "~*";
/// The path of a route that has none, where an order needs one.
const ANY_PATH: &str = "~/(.*)";

/// The routes of the rules of a group.
pub(super) fn routes<'s>(
    context: &Context<'_, '_>,
    group: &Group<'s>,
    ranks: &Ranks<'s>,
) -> Result<Vec<DraftRoute>, Refusal> {
    let mut by_filters: BTreeMap<String, Vec<Rule<'s>>> = BTreeMap::new();
    for rule in &group.rules {
        let place = same_filters(rule);
        by_filters.entry(place).or_default().push(*rule);
    }
    let mut routes = Vec::new();
    for rules in by_filters.into_values() {
        let mut by_match: BTreeMap<String, Vec<Match<'s>>> = BTreeMap::new();
        for rule in &rules {
            if rule.spec.matches.is_empty() {
                routes.push(for_hosts(context, group, rule));
                continue;
            }
            for it in rule.matches() {
                by_match.entry(same_match(&it)).or_default().push(it);
            }
        }
        for matches in by_match.into_values() {
            merged(context, group, &matches, ranks, &mut routes)?;
        }
    }
    Ok(routes)
}

/// The route of a rule without matches: for hosts alone, and its filters are not applied.
fn for_hosts(context: &Context<'_, '_>, group: &Group<'_>, rule: &Rule<'_>) -> DraftRoute {
    let source = rule.source;
    let (namespace, name) = (source.key.name.namespace(), &source.key.name.name);
    let name = format!("httproute.{namespace}.{name}.{}.0", rule.index);
    let mut route = plain(name, tags(source, &[]), group.protocols(source));
    route.hosts = Some(source.hostnames.clone()).filter(|hosts| !hosts.is_empty());
    let from = vec![rule.provenance()];
    finished(context, source, route, Filtered::default(), from)
}

fn merged<'s>(
    context: &Context<'_, '_>,
    group: &Group<'s>,
    matches: &[Match<'s>],
    ranks: &Ranks<'s>,
    routes: &mut Vec<DraftRoute>,
) -> Result<(), Refusal> {
    let Some(first) = matches.first() else {
        return Ok(());
    };
    let (rule, source) = (&first.rule, first.rule.source);
    let mut names: Vec<&str> = Vec::new();
    for it in matches {
        names.extend(it.rule.name().filter(|name| !names.contains(name)));
    }
    let tags = tags(source, &names);
    let route_name = format!(
        "httproute.{}.{}.{}.{}",
        source.key.name.namespace(),
        source.key.name.name,
        rule.index,
        first.index
    );
    let mut route = plain(route_name, tags.clone(), group.protocols(source));
    route.hosts = Some(source.hostnames.clone()).filter(|hosts| !hosts.is_empty());
    route.headers = headers(first)?;
    route.strip_path = Some(false);
    let methods: Vec<String> = first.spec.method.iter().cloned().collect();
    route.methods = Some(methods).filter(|methods| !methods.is_empty());
    let priority = matches.iter().map(|it| ranks.priority(it)).max();
    route.regex_priority = priority.filter(|priority| *priority > 0);
    let mut from: Vec<_> = matches.iter().map(|it| it.rule.provenance()).collect();
    from.dedup();
    if !rule.redirects() {
        for it in matches {
            add_paths(it, &mut route)?;
        }
        give_path(&mut route);
        let filtered = filters::applied(context, rule, path(first), None, &tags)?;
        routes.push(finished(context, source, route, filtered, from));
        return Ok(());
    }
    // The plugins of a redirect know the path, so each match has a route; what came before stays in it.
    let mut plugins = Vec::new();
    for it in matches {
        add_paths(it, &mut route)?;
        let mut filtered = filters::applied(context, rule, path(it), None, &tags)?;
        plugins.append(&mut filtered.plugins);
        filtered.plugins.clone_from(&plugins);
        let mut route = route.clone();
        give_path(&mut route);
        routes.push(finished(context, source, route, filtered, from.clone()));
    }
    Ok(())
}

/// A path for what has only headers, if it needs an order.
fn give_path(route: &mut Route) {
    if route.paths.is_none() && route.headers.is_some() && route.regex_priority.is_some() {
        route.paths = Some(vec![ANY_PATH.to_owned()]);
    }
}

fn path<'m>(it: &Match<'m>) -> &'m str {
    let path = it.spec.path.as_ref();
    path.and_then(|path| path.value.as_deref())
        .unwrap_or_default()
}

fn add_paths(it: &Match<'_>, route: &mut Route) -> Result<(), Refusal> {
    let Some(path) = &it.spec.path else {
        return Ok(());
    };
    let paths = route.paths.get_or_insert_default();
    match path_of(path) {
        (PathMatchType::Exact, value) => paths.push(format!("~{value}$")),
        (PathMatchType::RegularExpression, value) => paths.push(format!("~{value}")),
        (PathMatchType::PathPrefix, value) => {
            paths.push(format!("~{value}$"));
            let slash = if value.ends_with('/') { "" } else { "/" };
            paths.push(format!("{value}{slash}"));
        }
        (PathMatchType::Other(kind), _) => {
            return Err(Refusal::new(
                format!("{}.path.type", it.field()),
                format!("unknown/unsupported path match type: {kind}"),
                "use Exact, PathPrefix or RegularExpression",
            ));
        }
    }
    Ok(())
}

fn headers(it: &Match<'_>) -> Result<Option<BTreeMap<String, Vec<String>>>, Refusal> {
    let mut headers = BTreeMap::new();
    for (index, header) in it.spec.headers.iter().enumerate() {
        let field = format!("{}.headers[{index}]", it.field());
        let value = match &header.type_ {
            None | Some(MatchType::Exact) => header.value.clone(),
            Some(MatchType::RegularExpression) => format!("{HEADER_PATTERN}{}", header.value),
            Some(MatchType::Other(kind)) => {
                return Err(Refusal::new(
                    field,
                    format!("unknown/unsupported header match type: {kind}"),
                    "use Exact or RegularExpression",
                ));
            }
        };
        if headers.insert(header.name.clone(), vec![value]).is_some() {
            let name = &header.name;
            return Err(Refusal::new(
                field,
                format!("multiple header matches for the same header are not allowed: {name}"),
                "remove one of them",
            ));
        }
    }
    Ok(Some(headers).filter(|headers| !headers.is_empty()))
}

/// What is the same for rules with the same filters, in whatever order.
fn same_filters(rule: &Rule<'_>) -> String {
    let mut filters: Vec<String> = rule
        .spec
        .filters
        .iter()
        .map(|filter| serde_json::to_string(filter).unwrap_or_default())
        .collect();
    filters.sort();
    filters.join(";")
}

/// What is the same for matches that differ in their paths only.
fn same_match(it: &Match<'_>) -> String {
    let unique = |matches: &[NameValueMatch], fold: bool| {
        let mut unique: BTreeMap<String, (Option<MatchType>, String)> = BTreeMap::new();
        for one in matches {
            let name = if fold {
                one.name.to_ascii_lowercase()
            } else {
                one.name.clone()
            };
            unique
                .entry(name)
                .or_insert_with(|| (one.type_.clone(), one.value.clone()));
        }
        unique
    };
    let route = &it.rule.source.key.name;
    json!([
        route.namespace(),
        &*route.name,
        it.spec.path.is_some(),
        it.spec.method,
        unique(&it.spec.headers, true),
        unique(&it.spec.query_params, false),
    ])
    .to_string()
}
