//! Where a route does as Kong's router does, and not quite as the Gateway API says: limits that no translation gets
//! around. Each is said once a route, at the first place that it is about; what is about clients alone is said once.

use std::collections::{BTreeMap, BTreeSet};

use gateway_types::{MatchType, NameValueMatch};
use kong_crds::Kind;
use kong_crds::gateway::{GRPCRoute, HTTPRoute};
use kong_resolve::Key;
use kong_router::expression::{Expression, Predicate, TextField};

use super::{Lint, Rule};
use crate::Translation;
use crate::context::Context;
use crate::listeners::{accepting, includes};

/// Tells of the limits that concern routes that became something.
pub(super) fn find(context: &Context<'_, '_>, translation: &Translation, found: &mut Vec<Lint>) {
    if context.settings.as_kong_does() {
        return;
    }
    let services = translation.document.services.iter();
    let from = services.flat_map(|it| it.routes.iter().flat_map(|route| &route.from));
    let used: BTreeSet<&Key> = from.map(|from| &from.object).collect();
    let mut say = |object: &Key, field: String, message: &str, remedy: &str| {
        found.push(Lint {
            object: Some(object.clone()),
            field,
            rule: Rule::Limit,
            message: message.to_owned(),
            remedy: remedy.to_owned(),
        });
    };
    of_two_kinds(context, &used, &mut say);
    let traditional = !context.settings.expressions();
    for object in &used {
        let headers = headers(context, object);
        if traditional && let Some((field, _)) = headers.iter().find(|(_, it)| has_case(it)) {
            say(
                object,
                format!("{field}.value"),
                "Kong compares the values of headers without regard to case in the traditional flavour of the router",
                "use the expressions flavour of the router if the case matters",
            );
        }
        if let Some((field, _)) = headers.iter().find(|(_, it)| it.name.contains('_')) {
            say(
                object,
                format!("{field}.name"),
                "Kong takes a header with \"_\" in its name for the one with \"-\"",
                "write \"-\" if that is the header that is meant",
            );
        }
        if traditional && object.kind == Kind::TLSRoute {
            say(
                object,
                "spec.hostnames".to_owned(),
                "connections that name no host, or have no TLS, get to the route as well on the ports of its listeners in \
                 the traditional flavour of the router",
                "use the expressions flavour of the router if backends do not stand that",
            );
        }
    }
    found.extend(of_hosts(translation));
}

/// Tells once that the case of hosts counts, at the first object that has one.
fn of_hosts(translation: &Translation) -> Option<Lint> {
    let services = translation.document.services.iter();
    let routes = services.flat_map(|service| &service.routes);
    let with_hosts = routes.filter(|route| {
        let expression = route.expression.as_ref();
        route.route.hosts.is_some() || expression.is_some_and(|(it, _)| asks_for_host(it))
    });
    let objects = with_hosts.flat_map(|route| &route.from);
    let object = objects.map(|from| &from.object).min()?;
    Some(Lint {
        object: Some(object.clone()),
        field: String::new(),
        rule: Rule::Clients,
        message: "Kong compares the Host of requests with case: a client that writes it in upper case finds no route, \
                  here and wherever else there are hosts"
            .to_owned(),
        remedy: "nothing is to be done for clients that write it in lower case, as browsers do".to_owned(),
    })
}

fn asks_for_host(expression: &Expression) -> bool {
    match expression {
        Expression::All(inner) | Expression::Any(inner) => inner.iter().any(asks_for_host),
        Expression::Not(inner) => asks_for_host(inner),
        Expression::Test(Predicate::Text(text, _)) => text.field == TextField::Host,
        Expression::Test(Predicate::Number(..) | Predicate::Address(..)) => false,
    }
}

/// Tells of HTTPRoutes and GRPCRoutes that have hosts in common at a listener. The Gateway API lets only the older of
/// two in; here both are.
fn of_two_kinds(
    context: &Context<'_, '_>,
    used: &BTreeSet<&Key>,
    say: &mut impl FnMut(&Key, String, &str, &str),
) {
    type Routes<'u> = Vec<(&'u Key, Vec<String>)>;
    let mut listeners: BTreeMap<(Key, String), (Routes<'_>, Routes<'_>)> = BTreeMap::new();
    for object in used {
        let is_http = object.kind == Kind::HTTPRoute;
        if !is_http && object.kind != Kind::GRPCRoute {
            continue;
        }
        for (attached, hosts) in accepting(context, object) {
            let place = (attached.owner, attached.listener.name.clone());
            let (http, grpc) = listeners.entry(place).or_default();
            let routes = if is_http { http } else { grpc };
            routes.push((object, hosts));
        }
    }
    let mut told: BTreeSet<(&Key, &Key)> = BTreeSet::new();
    for (http, grpc) in listeners.values() {
        for (call, hosts) in grpc {
            let other = http
                .iter()
                .find(|(_, others)| have_some_in_common(hosts, others));
            if let Some((other, _)) = other.filter(|(other, _)| told.insert((*call, *other))) {
                say(
                    call,
                    "spec.hostnames".to_owned(),
                    &format!(
                        "{other} is for some of the same hosts: the Gateway API takes only the older of the two, and Kong \
                         tries the routes of both, so that calls may go to the other one"
                    ),
                    "give them hosts of their own",
                );
            }
        }
    }
}

/// Whether there are hosts that are among both; none are all.
fn have_some_in_common(some: &[String], others: &[String]) -> bool {
    let either = |one: &str, other: &str| includes(one, other) || includes(other, one);
    let meets = |one: &String| others.iter().any(|other| either(one, other));
    some.is_empty() || others.is_empty() || some.iter().any(meets)
}

/// The headers that a route asks for, with their places.
fn headers<'w>(context: &Context<'_, 'w>, object: &Key) -> Vec<(String, &'w NameValueMatch)> {
    let mut all = Vec::new();
    let mut add = |rule: usize, matches: Vec<&'w [NameValueMatch]>| {
        for (number, headers) in matches.into_iter().enumerate() {
            let named = headers.iter().enumerate();
            all.extend(named.map(|(header, it)| {
                let field = format!("spec.rules[{rule}].matches[{number}].headers[{header}]");
                (field, it)
            }));
        }
    };
    match object.kind {
        Kind::HTTPRoute => {
            let spec = context.one::<HTTPRoute>(&object.name);
            for (rule, it) in spec
                .iter()
                .flat_map(|(_, spec)| spec.rules.iter().enumerate())
            {
                add(rule, it.matches.iter().map(|it| &it.headers[..]).collect());
            }
        }
        Kind::GRPCRoute => {
            let spec = context.one::<GRPCRoute>(&object.name);
            for (rule, it) in spec
                .iter()
                .flat_map(|(_, spec)| spec.rules.iter().enumerate())
            {
                add(rule, it.matches.iter().map(|it| &it.headers[..]).collect());
            }
        }
        _ => {}
    }
    all
}

/// Whether the case of a value could matter.
fn has_case(header: &NameValueMatch) -> bool {
    let is_pattern = header.type_ == Some(MatchType::RegularExpression);
    let mut characters = header.value.chars();
    while let Some(character) = characters.next() {
        if is_pattern && character == '\\' {
            characters.next();
        } else if character.is_alphabetic() {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_letters_have_a_case() {
        for (kind, value, expected) in [
            (MatchType::Exact, "1.2", false),
            (MatchType::Exact, "v1", true),
            (MatchType::Exact, "\\d", true),
            (MatchType::RegularExpression, "^\\d+$", false),
            (MatchType::RegularExpression, "^v\\d+$", true),
        ] {
            let header = NameValueMatch {
                type_: Some(kind),
                name: "x".to_owned(),
                value: value.to_owned(),
            };
            assert_eq!(has_case(&header), expected, "{value}");
        }
    }
}
