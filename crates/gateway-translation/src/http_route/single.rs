//! Matches as Kong routes of the traditional flavour, one by one: each has the place in the order that is its own.
//!
//! Kong puts hosts without wildcards first by itself, and all paths are patterns, so that `regex_priority` orders
//! them ([`order`](super::order)). A route has either plain hosts or one with a wildcard.

use std::collections::BTreeMap;

use gateway_types::{HTTPPathMatch, MatchType, PathMatchType};
use kong_router::expression::Pattern;

use super::filters::normal;
use super::matching::{normalised, path_of, whole};
use super::merged::HEADER_PATTERN;
use super::order::Place;
use super::source::{Match, Rule, Source, has_room_for_snis};
use super::{Refusal, filters, finished, plain, tags};
use crate::context::Context;
use crate::draft::DraftRoute;
use crate::isolation;
use crate::predicates::quoted;

/// The pattern of all paths.
const ANY_PATH: &str = "~/";
/// The beginning of a pattern that does not begin with a slash itself, for Kong takes no other.
const NO_SLASH: &str = "~/{0}";

/// The routes of a rule, with what decides about their order.
pub(super) fn of_rule(context: &Context<'_, '_>, rule: &Rule<'_>) -> Vec<(DraftRoute, Place)> {
    let mut routes = Vec::new();
    for it in rule.matches() {
        say_preflights(context, &it);
        for (name, hosts) in variants(&it) {
            let place = Place::for_hosts(&it, &hosts);
            match route(context, &it, name, hosts) {
                Ok(route) => routes.push((route, place)),
                Err(refusal) => {
                    refusal.say(context, &rule.source.key, "the match is left out");
                }
            }
        }
    }
    routes
}

/// A match of a method does not get the requests by which browsers ask whether they may use it.
fn say_preflights(context: &Context<'_, '_>, it: &Match<'_>) {
    let method = it.spec.method.as_deref();
    if method.is_some_and(|method| method != "OPTIONS")
        && filters::answers_preflights(&it.rule.spec.filters)
    {
        context.warn(
            &it.rule.source.key,
            format!("{}.method", it.field()),
            "a preflight has the method OPTIONS, which the match is not for, so that the filter CORS answers none of them in \
             the traditional flavour of the router",
            "match without a method, or use the expressions flavour of the router",
        );
    }
}

/// The routes that a match needs for its hosts: their names, and the hosts of each. Hosts with wildcards have a route
/// each, for some are more specific than others; that for all hosts has none.
fn variants(it: &Match<'_>) -> Vec<(String, Vec<String>)> {
    let source: &Source<'_> = it.rule.source;
    let name = format!(
        "httproute.{}.{}.{}.{}",
        source.key.name.namespace(),
        source.key.name.name,
        it.rule.index,
        it.index
    );
    let (everything, hosts): (Vec<String>, Vec<String>) =
        source.hostnames.iter().cloned().partition(String::is_empty);
    let (wild, plain): (Vec<String>, Vec<String>) =
        hosts.into_iter().partition(|host| host.starts_with('*'));
    let is_one = [!everything.is_empty(), !plain.is_empty(), !wild.is_empty()];
    if wild.len() < 2 && is_one.into_iter().filter(|it| *it).count() < 2 {
        return vec![(name, [wild, plain].concat())];
    }
    let mut variants = Vec::new();
    if !everything.is_empty() {
        variants.push((format!("{name}._"), Vec::new()));
    }
    for host in wild {
        let variant = format!("{name}.{}", host.replace('*', "_"));
        variants.push((variant, vec![host]));
    }
    if !plain.is_empty() {
        variants.push((name, plain));
    }
    variants
}

fn route(
    context: &Context<'_, '_>,
    it: &Match<'_>,
    name: String,
    hosts: Vec<String>,
) -> Result<DraftRoute, Refusal> {
    if let Some(query) = it.spec.query_params.first() {
        return Err(Refusal::new(
            format!("{}.queryParams", it.field()),
            format!(
                "query param matches are not yet supported in the traditional flavour of the router: {}",
                query.name
            ),
            "use the expressions flavour, or match a path, a header or the method",
        ));
    }
    let (rule, source) = (&it.rule, it.rule.source);
    let tags = tags(source, rule.name().as_slice());
    let mut route = plain(name, tags.clone(), &source.protocols);
    route.hosts = Some(hosts).filter(|hosts| !hosts.is_empty());
    route.paths = Some(paths(it)?);
    route.headers = headers(it)?;
    route.methods = it.spec.method.clone().map(|method| vec![method]);
    route.strip_path = Some(false);
    if let Some(reach) = &source.reach {
        let host = route
            .hosts
            .iter()
            .flatten()
            .next()
            .map_or("", String::as_str);
        if isolation::is_to_keep_off_tls(
            reach,
            &source.doors_of(route.hosts.as_deref()),
            source.meta,
        ) && has_room_for_snis(it.spec, host)
        {
            isolation::keep_off_tls(&mut route);
        }
    }
    let path = it.spec.path.as_ref().map_or("/", |path| path_of(path).1);
    let filtered = filters::applied(context, rule, &normalised(path), Some(it), &tags)?;
    Ok(finished(
        context,
        source,
        route,
        filtered,
        vec![rule.provenance()],
    ))
}

/// The paths of a match, all of them patterns.
fn paths(it: &Match<'_>) -> Result<Vec<String>, Refusal> {
    let Some(path) = &it.spec.path else {
        return Ok(vec![ANY_PATH.to_owned()]);
    };
    let (kind, value) = path_of(path);
    match kind {
        PathMatchType::Exact => {
            let value = plain_path(it, path)?;
            Ok(vec![format!("~{}$", quoted(&value))])
        }
        PathMatchType::PathPrefix => {
            let value = plain_path(it, path)?;
            match normal(&value) {
                "/" => Ok(vec![ANY_PATH.to_owned()]),
                prefix => {
                    let prefix = quoted(prefix);
                    Ok(vec![format!("~{prefix}$"), format!("~{prefix}/")])
                }
            }
        }
        PathMatchType::RegularExpression => {
            let refused = |message: String, remedy: &str| {
                Refusal::new(format!("{}.path.value", it.field()), message, remedy)
            };
            // What it is alone must not close a group that it is put into.
            Pattern::new(value)
                .map_err(|bad| refused(bad.to_string(), "correct the regular expression"))?;
            let pattern = whole(value);
            if pattern.starts_with('/') {
                Ok(vec![format!("~{pattern}")])
            } else {
                Ok(vec![format!("{NO_SLASH}{pattern}")])
            }
        }
        PathMatchType::Other(kind) => Err(Refusal::new(
            format!("{}.path.type", it.field()),
            format!("unknown/unsupported path match type: {kind}"),
            "use Exact, PathPrefix or RegularExpression",
        )),
    }
}

/// A path that is no pattern, as Kong compares it.
fn plain_path(it: &Match<'_>, path: &HTTPPathMatch) -> Result<String, Refusal> {
    let value = normalised(path_of(path).1);
    let dots = |segment: &str| segment == "." || segment == "..";
    if value.starts_with('/') && !value.contains("//") && !value.split('/').any(dots) {
        return Ok(value);
    }
    Err(Refusal::new(
        format!("{}.path.value", it.field()),
        format!("no request has the path {value:?} once Kong has normalised it"),
        "begin it with a slash, and leave out empty and dot segments",
    ))
}

/// The headers of a match; of one name the first counts.
fn headers(it: &Match<'_>) -> Result<Option<BTreeMap<String, Vec<String>>>, Refusal> {
    let mut headers: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (index, header) in it.spec.headers.iter().enumerate() {
        if headers
            .keys()
            .any(|name| name.eq_ignore_ascii_case(&header.name))
        {
            continue;
        }
        let field = format!("{}.headers[{index}]", it.field());
        let value = match &header.type_ {
            // What looks like a pattern has to be put into one.
            None | Some(MatchType::Exact) if header.value.starts_with(HEADER_PATTERN) => {
                format!("{HEADER_PATTERN}^{}$", quoted(&header.value))
            }
            None | Some(MatchType::Exact) => header.value.clone(),
            Some(MatchType::RegularExpression) => {
                stays_the_same(&header.value).map_err(|reason| {
                    Refusal::new(
                        format!("{field}.value"),
                        format!("the regular expression {:?} {reason}", header.value),
                        "write it in lower case, or use the expressions flavour of the router",
                    )
                })?;
                format!("{HEADER_PATTERN}{}", header.value)
            }
            Some(MatchType::Other(kind)) => {
                return Err(Refusal::new(
                    format!("{field}.type"),
                    format!("unknown/unsupported header match type: {kind}"),
                    "use Exact or RegularExpression",
                ));
            }
        };
        headers.insert(header.name.clone(), vec![value]);
    }
    Ok(Some(headers).filter(|headers| !headers.is_empty()))
}

/// Whether a pattern means the same once Kong has turned it into lower case, letters aside.
fn stays_the_same(pattern: &str) -> Result<(), String> {
    let changed = "would mean something else, for Kong turns it into lower case";
    let mut characters = pattern.chars().peekable();
    while let Some(character) = characters.next() {
        let next = characters.peek().copied();
        match (character, next) {
            ('\\', Some(escaped)) => {
                characters.next();
                if escaped.is_ascii_uppercase() {
                    return Err(changed.to_owned());
                }
            }
            ('(', Some('?')) => {
                characters.next();
                // Flags, and names of groups.
                let flags = characters
                    .clone()
                    .take_while(|it| !matches!(it, ')' | ':' | '<'));
                if flags.into_iter().any(|flag| flag.is_ascii_uppercase()) {
                    return Err(changed.to_owned());
                }
            }
            _ => {}
        }
    }
    match Pattern::new(pattern.to_lowercase()) {
        Ok(_) => Ok(()),
        Err(bad) => Err(format!("cannot be compiled: {}", bad.reason)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_that_lower_case_changes_are_refused() {
        for good in [
            ".*Firefox/[0-9]+.*",
            "\\d{2}",
            "a\\\\D",
            "(?i)abc",
            "(?:A|B)",
        ] {
            assert_eq!(stays_the_same(good), Ok(()), "{good}");
        }
        for bad in ["^\\D+$", "\\W", "(?U)a+", "(?P<n>a)", "(", "\\S"] {
            assert!(stays_the_same(bad).is_err(), "{bad}");
        }
    }
}
