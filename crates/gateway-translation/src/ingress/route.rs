//! The route of an Ingress for one host and one place.

use kong_crds::annotations::route::HOST_ALIASES;
use kong_model::entity::Route;
use kong_router::expression::Expression;

use super::paths::{Path, Rank, Reading};
use super::{Place, Source, expression};
use crate::attributes;
use crate::context::Context;
use crate::draft::DraftRoute;
use crate::origin::{self, Provenance};
use crate::route_annotations;
use crate::route_base;

/// What every route of an Ingress is like, whatever requests it is for.
pub(super) fn base(context: &Context<'_, '_>, source: &Source<'_>, name: String) -> Route {
    let tags = origin::tags(&source.object, source.meta, &[]);
    let mut route = route_base::route(context, name, tags);
    route.strip_path = Some(false);
    route.preserve_host = Some(true);
    route.request_buffering = Some(true);
    route.response_buffering = Some(true);
    if !context.settings.expressions() {
        route.regex_priority = Some(0);
    }
    route
}

/// Paths of a place that go into one route.
struct Group<'p> {
    /// What its name ends in, beside what the names of all routes of the place have.
    suffix: Option<String>,
    paths: Vec<&'p Path>,
    /// `regex_priority`: patterns for whole paths come before others.
    priority: i64,
}

/// The routes of a place. Kong's controller makes one, which in a gateway with expressions has the priority of its
/// longest path for all of them; so paths get a route for each rank. Without expressions Kong sees to prefixes
/// itself.
pub(super) fn all_of(
    context: &Context<'_, '_>,
    source: &Source<'_>,
    place: &Place,
    reading: Reading<'_>,
) -> Vec<DraftRoute> {
    let expressions = context.settings.expressions();
    let mut groups: Vec<(Option<Rank>, Group<'_>)> = Vec::new();
    for path in &place.paths {
        let rank = (!reading.as_kong)
            .then(|| path.rank(reading))
            .filter(|rank| expressions || *rank == Rank::Exact);
        if let Some((_, group)) = groups.iter_mut().find(|(known, _)| *known == rank) {
            group.paths.push(path);
            continue;
        }
        let suffix = rank.map_or_else(|| "other".to_owned(), Rank::suffix);
        let group = Group {
            suffix: (!groups.is_empty()).then_some(suffix),
            paths: vec![path],
            priority: i64::from(rank.is_some()),
        };
        groups.push((rank, group));
    }
    let groups = groups.into_iter();
    groups
        .filter_map(|(_, group)| of(context, source, place, reading, &group))
        .collect()
}

/// The route of a group; `None`, and a problem, if none of its paths can be one.
fn of(
    context: &Context<'_, '_>,
    source: &Source<'_>,
    place: &Place,
    reading: Reading<'_>,
    group: &Group<'_>,
) -> Option<DraftRoute> {
    let mut name = place
        .destination
        .route_name(&source.object.name, &place.host);
    if let Some(suffix) = &group.suffix {
        name = format!("{name}.{suffix}");
    }
    let mut route = base(context, source, name);
    let expressions = context.settings.expressions();
    let expression = if expressions {
        let paths = usable(context, source, place, group, |path| {
            path.in_expression(reading)
        })?;
        let (paths, predicates): (Vec<&Path>, Vec<Expression>) = paths.into_iter().unzip();
        Some(expression::of(
            context, source, place, reading, &paths, predicates,
        )?)
    } else {
        route.regex_priority = Some(group.priority);
        let paths = usable(context, source, place, group, |path| path.in_route(reading))?;
        let mut all: Vec<String> = Vec::new();
        for path in paths.into_iter().flat_map(|(_, paths)| paths) {
            if reading.as_kong || !all.contains(&path) {
                all.push(path);
            }
        }
        route.paths = (!all.is_empty()).then_some(all);
        route.hosts = (!place.host.is_empty()).then(|| vec![place.host.clone()]);
        None
    };
    route_annotations::apply(
        context,
        &source.object,
        source.meta,
        &mut route,
        expressions,
    );
    if !reading.as_kong && !expressions {
        if place.host.is_empty() && route.hosts.take().is_some() {
            say_that_aliases_are_needless(context, source, place);
        }
        attributes::keep_buildable(context, &source.object, &mut route);
    }
    Some(DraftRoute {
        object: source.object.clone(),
        route,
        expression,
        plugins: Vec::new(),
        referred: Vec::new(),
        from: vec![Provenance::of(&source.object, place.rule)],
    })
}

/// A rule without a host is for all hosts already: aliases would take hosts away from it.
pub(super) fn say_that_aliases_are_needless(
    context: &Context<'_, '_>,
    source: &Source<'_>,
    place: &Place,
) {
    context.warn(
        &source.object,
        format!("metadata.annotations[{}]", HOST_ALIASES.name()),
        format!(
            "spec.rules[{}] has no host and so is for all: the aliases have no effect on it",
            place.rule
        ),
        "take the annotation away, or give the rule a host",
    );
}

/// The paths that can be what they are to be; `None` if there is none.
fn usable<'p, T>(
    context: &Context<'_, '_>,
    source: &Source<'_>,
    place: &Place,
    group: &Group<'p>,
    turn: impl Fn(&Path) -> Result<T, String>,
) -> Option<Vec<(&'p Path, T)>> {
    let mut usable = Vec::new();
    for path in group.paths.iter().copied() {
        match turn(path) {
            Ok(turned) => usable.push((path, turned)),
            Err(reason) => context.say(
                &source.object,
                format!("spec.rules[{}].http.paths", place.rule),
                format!("{reason}; the path is left out"),
                "correct the path",
            ),
        }
    }
    (!usable.is_empty()).then_some(usable)
}
