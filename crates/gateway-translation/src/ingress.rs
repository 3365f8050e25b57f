//! Ingresses: paths of hosts, each to a port of a Service or to a KongServiceFacade.
//!
//! All paths of an Ingress for one host that lead to the same port become one route, or, where Kong would not tell
//! them apart as it should, a few; all routes that lead to a port share a service. Start with [`drafts`].

mod backend;
mod default_backend;
mod expression;
mod paths;
mod rewrite;
mod route;

use std::collections::{BTreeMap, BTreeSet};

use gateway_types::kubernetes::IngressSpec;
use kong_crds::Kind;
use kong_crds::annotations::route::REGEX_PREFIX;
use kong_crds::gateway::Ingress;
use kong_resolve::{Key, Meta};

use crate::class::Class;
use crate::class_parameters;
use crate::context::{Context, key};
use crate::draft::{Draft, DraftRoute};
use crate::route_annotations::{self, as_kong_compares};

use backend::Destination;
use paths::{MARKER, Path, Reading};

/// What the path of Ingress services is, in front of that of requests.
const SERVICE_PATH: &str = "/";

/// An Ingress that is taken.
#[derive(Debug)]
struct Source<'w> {
    object: Key,
    meta: &'w Meta,
    spec: &'w IngressSpec,
    /// What marks patterns among its paths.
    marker: String,
}

/// Paths of an Ingress for one host that lead to one place.
#[derive(Debug)]
struct Place {
    /// The host; empty for all.
    host: String,
    destination: Destination,
    paths: Vec<Path>,
    /// Where the first of them is written.
    field: String,
    /// The rule of it.
    rule: usize,
}

/// The services of all Ingresses.
pub(crate) fn drafts(context: &Context<'_, '_>) -> Vec<Draft> {
    let parameters = class_parameters::of(context);
    let legacy = parameters.enable_legacy_regex_detection == Some(true);
    let sources = sources(context);
    let mut services = Services::default();
    for source in &sources {
        let reading = Reading {
            marker: &source.marker,
            legacy,
            as_kong: context.settings.as_kong_does(),
        };
        let rewrite = rewrite::of(context, source);
        for place in places(context, source, reading) {
            services.add(context, source, &place, reading, &rewrite);
        }
    }
    services.remove_refused();
    if let Some((draft, route)) = default_backend::of(context, &sources) {
        let name = draft.service.name.clone().unwrap_or_default();
        let draft = services.drafts.entry(name).or_insert(draft);
        draft.routes.push(route);
    }
    services.drafts.into_values().collect()
}

/// The Ingresses that are taken, from the oldest to the youngest.
fn sources<'w>(context: &Context<'_, 'w>) -> Vec<Source<'w>> {
    let class = Class::of(context);
    let mut sources = Vec::new();
    for (name, meta, spec) in context.all::<Ingress>() {
        if !class.has_ingress(meta, spec) {
            continue;
        }
        let object = key(Kind::Ingress, name);
        let marker = route_annotations::said(context, &object, meta, &REGEX_PREFIX);
        sources.push(Source {
            object,
            meta,
            spec,
            marker: marker.unwrap_or_else(|| MARKER.to_owned()),
        });
    }
    sources
}

/// The paths of an Ingress, by host and by where they lead.
fn places(context: &Context<'_, '_>, source: &Source<'_>, reading: Reading<'_>) -> Vec<Place> {
    let mut places: Vec<Place> = Vec::new();
    for (rule, written) in source.spec.rules.iter().enumerate() {
        let host = written.host.clone().unwrap_or_default();
        let host = as_kong_compares(context, host);
        let paths = written.http.iter().flat_map(|http| &http.paths);
        for (number, written) in paths.enumerate() {
            let field = format!("spec.rules[{rule}].http.paths[{number}]");
            let path = Path::of(written, reading);
            let destination = match Destination::of(context, &source.object, &written.backend) {
                Ok(destination) => destination,
                Err(nowhere) => {
                    context.say(
                        &source.object,
                        format!("{field}.backend"),
                        format!(
                            "failed to get backend for ingress path \"{}\": {}; the path is left out",
                            written.path.as_deref().unwrap_or("/"),
                            nowhere.message
                        ),
                        nowhere.remedy,
                    );
                    continue;
                }
            };
            let same = |place: &&mut Place| {
                place.host == host && place.destination.service_name() == destination.service_name()
            };
            match places.iter_mut().find(same) {
                Some(place) => place.paths.push(path),
                None => places.push(Place {
                    host: host.clone(),
                    destination,
                    paths: vec![path],
                    field: format!("{field}.backend"),
                    rule,
                }),
            }
        }
    }
    places
}

/// The services that Ingresses lead to, by name.
#[derive(Debug, Default)]
struct Services {
    drafts: BTreeMap<String, Draft>,
    /// Names of routes: in one namespace different parts can make the same name.
    routes: BTreeSet<String>,
    /// Services that Kong's controller leaves out with all their routes.
    refused: BTreeSet<String>,
}

impl Services {
    /// Adds the routes of a place to the service that it leads to.
    fn add(
        &mut self,
        context: &Context<'_, '_>,
        source: &Source<'_>,
        place: &Place,
        reading: Reading<'_>,
        rewrite: &rewrite::Wanted,
    ) {
        let service = place.destination.service_name();
        let plugins = match rewrite {
            rewrite::Wanted::Nothing => Vec::new(),
            rewrite::Wanted::Path(uri) => vec![rewrite::plugin(uri)],
            // Kong's controller leaves out the service, and with it every other Ingress that leads there.
            rewrite::Wanted::Refused if reading.as_kong => {
                self.refused.insert(service);
                return;
            }
            rewrite::Wanted::Refused => return,
        };
        let mut routes = route::all_of(context, source, place, reading);
        if routes.is_empty() {
            return;
        }
        for route in &mut routes {
            self.name_apart(route);
            route.plugins.clone_from(&plugins);
        }
        let draft = self.drafts.entry(service).or_insert_with(|| {
            let path = Some(SERVICE_PATH.to_owned());
            place
                .destination
                .draft(context, &source.object, place.field.clone(), path)
        });
        if !draft.parents.contains(&source.object) {
            draft.parents.push(source.object.clone());
        }
        for from in routes.iter().flat_map(|route| &route.from) {
            if !draft.from.contains(from) {
                draft.from.push(from.clone());
            }
        }
        draft.routes.extend(routes);
    }

    /// Gives a route another name if its own is taken, since Kong refuses two of one name.
    fn name_apart(&mut self, route: &mut DraftRoute) {
        let name = route.route.name.clone().unwrap_or_default();
        let mut names =
            std::iter::once(name.clone()).chain((2..).map(|nth| format!("{name}.{nth}")));
        if let Some(free) = names.find(|name| !self.routes.contains(name)) {
            self.routes.insert(free.clone());
            route.route.name = Some(free);
        }
    }

    fn remove_refused(&mut self) {
        for service in &self.refused {
            self.drafts.remove(service);
        }
    }
}
