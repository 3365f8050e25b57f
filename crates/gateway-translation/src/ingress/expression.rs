//! The expression of a route of an Ingress, into which its annotations go as well, and its priority.
//!
//! The priority follows the order in which Kong compares routes without expressions: how many attributes there are,
//! how many headers, whether all hosts are without wildcards, whether there are patterns, how long the path is.

use std::collections::BTreeMap;

use kong_crds::annotations::route::{HOST_ALIASES, METHODS, SNIS, headers};
use kong_router::expression::{Expression, HeaderName, Pattern, Text, TextField, TextTest};

use super::paths::{Path, Rank, Reading};
use super::{Place, Source, route};
use crate::context::Context;
use crate::predicates::{self, KIND_SHIFT};
use crate::route_annotations::{hosts as hosts_of, said, say};

/// The kind of an Ingress in priorities.
const KIND: u64 = 3;
const ATTRIBUTES_SHIFT: u32 = 41;
const HEADERS_SHIFT: u32 = 33;
const MOST_HEADERS: usize = 255;
const PLAIN_HOSTS: u64 = 1 << 32;
const PATTERN: u64 = 1 << 16;
/// Kong's controller has no such bit: a prefix of the same length would come before the whole path.
const EXACT: u64 = 1 << 17;
const LONGEST: usize = 0xFFFF;
/// How a value of a header begins that is a pattern.
const PATTERN_VALUE: &str = "~*";

/// The expression and the priority of a place; `None`, and a problem, if an annotation asks for what cannot be said.
pub(super) fn of(
    context: &Context<'_, '_>,
    source: &Source<'_>,
    place: &Place,
    reading: Reading<'_>,
    paths: &[&Path],
    predicates: Vec<Expression>,
) -> Option<(Expression, u64)> {
    let (object, meta) = (&source.object, source.meta);
    let aliases = hosts_of(context, object, meta, &HOST_ALIASES).unwrap_or_default();
    let mut hosts: Vec<String> = Vec::new();
    if place.host.is_empty() && !reading.as_kong {
        if !aliases.is_empty() {
            route::say_that_aliases_are_needless(context, source, place);
        }
    } else {
        hosts.extend((!place.host.is_empty()).then(|| place.host.clone()));
        hosts.extend(aliases);
    }
    let headers = headers(&meta.annotations).unwrap_or_else(|invalid| {
        say(context, object, invalid);
        BTreeMap::new()
    });
    let methods = said(context, object, meta, &METHODS).unwrap_or_default();
    let snis = hosts_of(context, object, meta, &SNIS).unwrap_or_default();
    let there = [
        !paths.is_empty(),
        !hosts.is_empty(),
        !headers.is_empty(),
        !methods.is_empty(),
        !snis.is_empty(),
    ];
    let attributes = there.into_iter().filter(|it| *it).count();
    let header_count = headers.len().min(MOST_HEADERS);
    let plain_hosts = !hosts.is_empty() && hosts.iter().all(|host| !host.starts_with('*'));
    let has_pattern = paths.iter().any(|path| path.counts_as_pattern(reading));
    let is_exact = !reading.as_kong && paths.iter().all(|path| path.rank(reading) == Rank::Exact);
    let longest = paths.iter().map(|path| path.length(reading.marker)).max();
    let bit = |there: bool, bit| if there { bit } else { 0 };
    let priority = (KIND << KIND_SHIFT)
        + ((attributes as u64) << ATTRIBUTES_SHIFT)
        + ((header_count as u64) << HEADERS_SHIFT)
        + bit(plain_hosts, PLAIN_HOSTS)
        + bit(has_pattern, PATTERN)
        + bit(is_exact, EXACT)
        + longest.unwrap_or_default().min(LONGEST) as u64;
    let operands = [
        predicates::hosts(&hosts),
        Expression::any(predicates),
        match of_headers(&headers, reading.as_kong) {
            Ok(headers) => headers,
            Err(reason) => {
                context.say(
                    object,
                    "metadata.annotations[konghq.com/headers.*]",
                    format!("{reason}; the routes of the Ingress are left out"),
                    "correct the annotation",
                );
                return None;
            }
        },
        predicates::methods(&methods),
        predicates::snis(&snis),
    ];
    Expression::all(operands.into_iter().flatten()).map(|expression| (expression, priority))
}

/// All of some headers, each with one of its values; an error says what cannot be said.
fn of_headers(
    headers: &BTreeMap<String, Vec<String>>,
    as_kong: bool,
) -> Result<Option<Expression>, String> {
    let mut all = Vec::new();
    for (name, values) in headers {
        if name.eq_ignore_ascii_case("host") {
            // It is compared as the host.
            continue;
        }
        let name = HeaderName::new(name).map_err(|error| error.to_string())?;
        let mut any = Vec::new();
        for value in values {
            let test = match value.strip_prefix(PATTERN_VALUE) {
                Some(pattern) => {
                    let pattern = Pattern::new(pattern).map_err(|error| error.to_string())?;
                    TextTest::Matches(pattern)
                }
                None => TextTest::Equals(value.clone()),
            };
            let mut subject = Text::from(TextField::Header(name.clone()));
            // Of a header that is sent several times one value is enough.
            subject.any = !as_kong;
            any.push(Expression::text(subject, test));
        }
        all.extend(Expression::any(any));
    }
    Ok(Expression::all(all))
}
