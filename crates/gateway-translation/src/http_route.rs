//! HTTPRoutes: which services and Kong routes they become.
//!
//! Start with [`parts`], which is about one HTTPRoute; in the way of Kong's controller with [`drafts`], which is about
//! all of them, since there each counts the others. Rules are grouped into services ([`grouping`]); the matches of a
//! group become Kong routes in one of three ways: with [expressions], [as Kong's controller does](merged) or [one by
//! one](single), which is how the traditional flavour is served right; [`order`] says which is tried first. Filters
//! become plugins in [`filters`] and [`redirect`].

mod duration;
mod expressions;
mod filters;
mod grouping;
mod matching;
mod merged;
mod order;
mod priority;
mod redirect;
mod single;
mod source;
mod support;
mod transformer;

use kong_model::entity::{Protocol, Route, Service};
use kong_resolve::{Key, Name};

use crate::context::Context;
use crate::draft::{Draft, DraftRoute, WithoutBackends};
use crate::origin::{self, Provenance};
use crate::part::{self, Part, PartRoute};
use crate::refused;
use crate::route_annotations;

use filters::Filtered;
use grouping::Group;
pub(crate) use grouping::name_of_shared;
pub(crate) use order::{Place, ranks};
use source::{Rule, Source};

/// The services to be of all HTTPRoutes, as Kong's controller makes them.
pub(crate) fn drafts(context: &Context<'_, '_>) -> Vec<Draft> {
    let sources = source::all(context);
    let rules = source::rules(context, &sources);
    let groups = grouping::groups(context, &rules);
    if context.settings.expressions() {
        let order = priority::Order::of(&rules);
        let routes = |group: &Group<'_>| expressions::routes(context, group, &order);
        return made(context, groups, routes);
    }
    let ranks = priority::Ranks::of(&rules);
    let routes = |group: &Group<'_>| merged::routes(context, group, &ranks);
    made(context, groups, routes)
}

/// The parts of services that come from one HTTPRoute. What decides between its routes and those of others is in
/// their [places](Place).
pub(crate) fn parts(context: &Context<'_, '_>, name: &Name) -> Vec<Part> {
    let Some(source) = source::of(context, name) else {
        return Vec::new();
    };
    let rules = source::rules(context, std::slice::from_ref(&source));
    let mut parts = Vec::new();
    for (group, joint) in grouping::of_one(context, &rules) {
        let mut routes = Vec::new();
        for rule in &group.rules {
            let of_rule = if context.settings.expressions() {
                expressions::of_rule(context, rule)
            } else {
                single::of_rule(context, rule)
            };
            for (mut route, place) in of_rule {
                if refused::accept(context, &mut route) {
                    // What an annotation says stays.
                    let place = route.route.regex_priority.is_none().then_some(place);
                    let place = place.map(part::Place::Http);
                    routes.push(PartRoute::of(context, route, place));
                }
            }
        }
        // A service that nothing leads to is of no use to anybody.
        if !routes.is_empty() {
            parts.push(Part {
                draft: draft(context, &group, Vec::new()),
                joint,
                routes,
            });
        }
    }
    parts
}

/// The drafts of groups. A group whose routes cannot be made is left out, and all of its HTTPRoutes are told.
fn made(
    context: &Context<'_, '_>,
    groups: Vec<Group<'_>>,
    routes: impl Fn(&Group<'_>) -> Result<Vec<DraftRoute>, Refusal>,
) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for group in groups {
        match routes(&group) {
            // A service that nothing leads to is of no use to anybody.
            Ok(routes) if routes.is_empty() => {}
            Ok(routes) => drafts.push(draft(context, &group, routes)),
            Err(refusal) => {
                for source in group.sources() {
                    context.leave_out(
                        &source.key,
                        &refusal.field,
                        format!("HTTPRoute can't be routed: {}", refusal.message),
                        &refusal.remedy,
                    );
                }
            }
        }
    }
    drafts
}

/// Why something cannot be translated.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Refusal {
    field: String,
    message: String,
    remedy: String,
}

impl Refusal {
    fn new(
        field: impl Into<String>,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            field: field.into(),
            message: message.into(),
            remedy: remedy.into(),
        }
    }

    /// Tells the author, and what it costs.
    fn say(&self, context: &Context<'_, '_>, object: &Key, cost: &str) {
        let message = format!("{}; {cost}", self.message);
        context.leave_out(object, &self.field, message, &self.remedy);
    }
}

fn draft(context: &Context<'_, '_>, group: &Group<'_>, routes: Vec<DraftRoute>) -> Draft {
    let timeout = group.timeout;
    let redirects = group.rules.iter().any(Rule::redirects);
    let backends = group.backends();
    let without_backends = if !redirects || !context.settings.as_kong_does() {
        WithoutBackends::Fails
    } else if backends.is_empty() {
        WithoutBackends::Stays
    } else {
        WithoutBackends::Invalid
    };
    Draft {
        service: Service {
            name: Some(group.name.clone()),
            host: group.name.clone(),
            protocol: Some(Protocol::Http),
            connect_timeout: timeout,
            read_timeout: timeout,
            write_timeout: timeout,
            ..Service::default()
        },
        parents: group.sources().map(|source| source.key.clone()).collect(),
        backends,
        routes,
        plugins: Vec::new(),
        without_backends,
        from: group.rules.iter().map(Rule::provenance).collect(),
    }
}

/// What a Kong route of rules has whatever they match, before its annotations are applied.
fn plain(name: String, tags: Vec<String>, protocols: &[Protocol]) -> Route {
    Route {
        name: Some(name),
        protocols: Some(protocols.to_vec()).filter(|protocols| !protocols.is_empty()),
        preserve_host: Some(true),
        tags: Some(tags),
        ..Route::default()
    }
}

/// The tags of what is made of rules with these names.
fn tags(source: &Source<'_>, names: &[&str]) -> Vec<String> {
    origin::tags(&source.key, source.meta, names)
}

/// A Kong route with the annotations of its HTTPRoute applied and what its filters became.
fn finished(
    context: &Context<'_, '_>,
    source: &Source<'_>,
    mut route: Route,
    filtered: Filtered,
    from: Vec<Provenance>,
) -> DraftRoute {
    let expressions = context.settings.expressions();
    if let Some(paths) = filtered.paths {
        route.paths = Some(paths);
    }
    route_annotations::apply(context, &source.key, source.meta, &mut route, expressions);
    DraftRoute {
        object: source.key.clone(),
        route,
        expression: None,
        plugins: filtered.plugins,
        referred: filtered.referred,
        from,
    }
}
