//! HTTPRoutes: which services and Kong routes they become.
//!
//! Start with [`drafts`]. Rules are grouped into services ([`grouping`]); the matches of a group become Kong routes in
//! one of three ways: with [expressions], [as Kong's controller does](merged) or [one by one](single), which is how
//! the traditional flavour is served right; [`order`] says which is tried first. Filters become plugins in [`filters`] and [`redirect`].

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
use kong_resolve::Key;

use crate::context::Context;
use crate::draft::{Draft, DraftRoute, WithoutBackends};
use crate::origin::{self, Provenance};
use crate::route_annotations;

use filters::Filtered;
use grouping::Group;
use source::{Rule, Source};

/// The services to be of all HTTPRoutes.
pub(crate) fn drafts(context: &Context<'_, '_>) -> Vec<Draft> {
    let sources = source::all(context);
    let rules = source::rules(context, &sources);
    let groups = grouping::groups(context, &rules);
    if context.settings.expressions() {
        let order = priority::Order::of(&rules);
        let routes = |group: &Group<'_>| expressions::routes(context, group, &order);
        return made(context, groups, routes);
    }
    if context.settings.as_kong_does() {
        let ranks = priority::Ranks::of(&rules);
        let routes = |group: &Group<'_>| merged::routes(context, group, &ranks);
        return made(context, groups, routes);
    }
    let mut drafts = made(context, groups, |group| Ok(single::routes(context, group)));
    order::put(context, &rules, &mut drafts);
    drafts
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
