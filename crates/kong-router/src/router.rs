//! Where a request goes: Kong's router over a configuration, and what Kong does around it.
//!
//! [`Router::answer`] says what a client gets and a service sees; [`Router::explain`] also says why, and why not
//! otherwise. Matching itself is done by Kong's own engine; what is here gives it what Kong gives it, and does
//! with its result what Kong does.

mod answer;
mod http;
mod loss;
mod order;
mod session;
mod stream;
mod warnings;

use std::collections::BTreeSet;

use kong_model::entity::{Protocol, Route, Service};
use uuid::Uuid;

use crate::derive::{self, Part, Underivable};
use crate::matcher::{Facts, Key, Matched, Subsystem};
use crate::plugins;
use crate::{Config, Flavor, Priority, Request};

pub use answer::{Answer, Candidate, Explanation, Miss};
pub use loss::Loss;
pub use session::Session;
pub use warnings::Warning;

/// A router over a configuration.
#[derive(Debug)]
pub struct Router {
    config: Config,
    flavor: Flavor,
    routes: Vec<Known>,
    http: Table,
    stream: Table,
    unroutable: Vec<Unroutable>,
}

/// The routes of one half of the gateway, those that are tried first at the beginning.
#[derive(Debug)]
struct Table {
    subsystem: Subsystem,
    entries: Vec<Entry>,
    fields: BTreeSet<String>,
}

#[derive(Debug)]
struct Entry {
    part: Part,
    /// Number of the route in the router.
    route: usize,
}

/// A route that the router knows.
#[derive(Debug)]
struct Known {
    /// Number in the configuration.
    number: usize,
    label: String,
    place: String,
    /// Whether its id is the same each time that the configuration is loaded.
    has_id: bool,
    route: Route,
    protocols: Vec<String>,
    service: Option<KnownService>,
}

#[derive(Debug)]
struct KnownService {
    number: usize,
    label: String,
    service: Service,
    protocol: String,
}

/// A route that the router leaves out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unroutable {
    /// Where it stands in the configuration.
    pub place: String,
    /// Why.
    pub reason: String,
}

/// What the router runs for a route: one of the parts that the route is split into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoutePart {
    /// The name of the route, else its id, else its place.
    pub route: String,
    /// Its own id.
    pub id: Uuid,
    /// Its expression.
    pub expression: String,
    /// Its priority.
    pub priority: Priority,
    /// The paths of the route that are in it.
    pub paths: Vec<String>,
}

/// An entry that holds for a request.
#[derive(Clone, Debug)]
struct Hit<'a> {
    entry: &'a Entry,
    matched: Matched,
}

impl Router {
    /// Builds the router of a gateway with this flavour. What Kong would refuse is left out.
    pub fn new(config: &Config, flavor: Flavor) -> Self {
        let mut router = Self {
            config: config.clone(),
            flavor,
            routes: Vec::new(),
            http: Table::new(Subsystem::Http),
            stream: Table::new(Subsystem::Stream),
            unroutable: Vec::new(),
        };
        for (number, _) in config.of("routes") {
            if let Err(reason) = router.add(number) {
                let place = config.entities()[number].place.clone();
                router.unroutable.push(Unroutable { place, reason });
            }
        }
        router.http.order();
        router.stream.order();
        router
    }

    fn add(&mut self, number: usize) -> Result<(), String> {
        let declared = &self.config.entities()[number];
        let route: Route = declared.typed().map_err(|error| error.reason)?;
        let service = match declared.links.get("service") {
            None => None,
            Some(None) => return Err("its service does not exist".to_owned()),
            Some(Some(service)) => Some(self.service(*service)?),
        };
        if let Some(known) = &service
            && known.service.enabled == Some(false)
        {
            return Err("its service is not enabled".to_owned());
        }
        // Without an id Kong makes one up; one that follows from the place stands for it.
        let id = declared.id();
        let stand_in = || crate::identity::of_entity("routes", &declared.place);
        let subsystem = derive::subsystem(&route);
        let parts = derive::parts(&route, id.unwrap_or_else(stand_in), self.flavor)
            .map_err(|error: Underivable| error.to_string())?;
        let known = Known {
            number,
            label: declared.label().to_owned(),
            place: declared.place.clone(),
            has_id: id.is_some(),
            protocols: derive::protocols(&route),
            route,
            service,
        };
        let table = match subsystem {
            Subsystem::Http => &mut self.http,
            Subsystem::Stream => &mut self.stream,
        };
        for part in parts {
            table
                .fields
                .extend(part.compiled.fields().map(str::to_owned));
            let route = self.routes.len();
            table.entries.push(Entry { part, route });
        }
        self.routes.push(known);
        Ok(())
    }

    fn service(&self, number: usize) -> Result<KnownService, String> {
        let declared = &self.config.entities()[number];
        let service: Service = declared.typed().map_err(|error| error.to_string())?;
        let protocol = service.protocol.as_ref().unwrap_or(&Protocol::Http);
        Ok(KnownService {
            number,
            label: declared.label().to_owned(),
            protocol: derive::word(protocol),
            service,
        })
    }

    /// The configuration that it routes by.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Its flavour.
    pub fn flavor(&self) -> Flavor {
        self.flavor
    }

    /// Routes that are left out.
    pub fn unroutable(&self) -> &[Unroutable] {
        &self.unroutable
    }

    /// Everything that it runs, in the order in which it is tried.
    pub fn parts(&self) -> impl Iterator<Item = RoutePart> {
        let entries = self.http.entries.iter().chain(&self.stream.entries);
        entries.map(|entry| RoutePart {
            route: self.routes[entry.route].label.clone(),
            id: entry.part.id,
            expression: entry.part.expression.clone(),
            priority: entry.part.priority,
            paths: entry.part.paths.clone(),
        })
    }

    /// What a request comes to that is the first one.
    pub fn answer(&self, request: &Request) -> Answer {
        self.session().answer(request)
    }

    /// What a request comes to that is the first one, and why.
    pub fn explain(&self, request: &Request) -> Explanation {
        self.session().explain(request)
    }

    /// A gateway that has just begun to route.
    pub fn session(&self) -> Session<'_> {
        Session::new(self)
    }

    fn explained(&self, answer: Answer, hits: &[Hit<'_>], misses: Vec<Miss>) -> Explanation {
        let chosen = hits.first().map(|hit| &self.routes[hit.entry.route]);
        let service = chosen.and_then(|known| known.service.as_ref());
        Explanation {
            runners_up: order::runners_up(&self.routes, hits),
            misses,
            winner: hits
                .first()
                .map(|hit| order::candidate(&self.routes, hit, None)),
            targets: service.and_then(|service| service.balancing(&self.config)),
            plugins: chosen
                .map(|known| {
                    let service = service.map(|service| service.number);
                    let applied = plugins::applied(&self.config, known.number, service);
                    applied.into_iter().map(|(_, plugin)| plugin).collect()
                })
                .unwrap_or_default(),
            answer,
        }
    }

    /// Routes that do not hold, and what of them does not.
    fn misses(&self, table: &Table, hits: &[Hit<'_>], facts: &Facts) -> Vec<Miss> {
        let mut misses = Vec::new();
        for entry in &table.entries {
            if hits.iter().any(|hit| hit.entry.part.id == entry.part.id) {
                continue;
            }
            let unmet = entry.part.demands.iter().filter(|(_, compiled)| {
                let context = facts.context(table.subsystem, compiled.fields());
                context.is_none_or(|mut context| compiled.run(&mut context).is_none())
            });
            misses.push(Miss {
                route: self.routes[entry.route].label.clone(),
                part: entry.part.id,
                paths: entry.part.paths.clone(),
                unmet: unmet.map(|(demand, _)| demand.clone()).collect(),
            });
        }
        misses
    }
}

impl Table {
    fn new(subsystem: Subsystem) -> Self {
        Self {
            subsystem,
            entries: Vec::new(),
            fields: BTreeSet::new(),
        }
    }

    fn order(&mut self) {
        self.entries.sort_by(|a, b| order::before(&a.part, &b.part));
    }

    /// All entries that hold, the winner first. Nothing at all if Kong cannot give its engine what it needs.
    fn hits(&self, facts: &Facts) -> (Option<Key>, Vec<Hit<'_>>) {
        let fields = || self.fields.iter().map(String::as_str);
        let Some(mut context) = facts.context(self.subsystem, fields()) else {
            return (None, Vec::new());
        };
        let key = Key::of(&context, fields());
        let entries = self.entries.iter();
        let hits = entries
            .filter_map(|entry| {
                let matched = entry.part.compiled.run(&mut context)?;
                Some(Hit { entry, matched })
            })
            .collect();
        (Some(key), hits)
    }
}
