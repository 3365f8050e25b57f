//! A translation that is kept, so that a change costs what depends on it and no more.
//!
//! Everything is computed by [units](graph::Unit): the routes of an object, the services of a name, a plugin. Each
//! notes what it reads of the world, as whoever judges objects does; what an object's change makes due follows from
//! that. What one unit gives to another is kept here; where it is the same as before, nobody else is bothered. Start
//! with [`Translator::apply`]. To translate everything is to apply that everything has changed.

mod compute;
mod delta;
mod graph;
mod routes;
mod services;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use kong_resolve::{Key, Map, View, World};
use uuid::Uuid;

use crate::Translation;
use crate::ca_certificates;
use crate::certificates::{Certificates, Wish};
use crate::consumer_groups::Group;
use crate::consumers::{self, Consumer};
use crate::context::{Context, Problem};
use crate::document::{DeclaredPlugin, DeclaredService, Document, Members};
use crate::fallback;
use crate::plugins::{self, PluginKey, Relations};
use crate::settings::Settings;
use crate::status::{self, Statuses};

pub use delta::{Delta, Work};
use graph::{Graph, Sort, Unit};
use routes::Routes;
use services::{MadeService, Services};

/// A translation that is kept up to date.
pub struct Translator {
    settings: Arc<Settings>,
    graph: Graph,
    routes: Routes,
    services: Services,
    /// The certificates that services are to show, by the name of their parts.
    wishes: BTreeMap<Arc<str>, Vec<Wish>>,
    /// What is said of plugins, by who says it.
    relations: Map<Unit, Relations>,
    /// Who says something of a plugin.
    relating: BTreeMap<PluginKey, BTreeSet<Unit>>,
    plugins: BTreeMap<PluginKey, Vec<plugins::Made>>,
    global_plugins: Vec<plugins::Made>,
    /// Names of plugins that entities of other collections belong to.
    parents: BTreeSet<String>,
    rest: Rest,
    delta: Delta,
    work: Work,
}

/// What there are few of, each collection as a whole.
#[derive(Default)]
struct Rest {
    authorities: Vec<Members>,
    /// The ids of the authorities.
    known: BTreeSet<String>,
    /// The ids under which authorities are there of which services know another one.
    aliases: BTreeMap<String, String>,
    groups: Vec<Group>,
    consumers: Vec<Consumer>,
    memberships: Vec<Members>,
    certificates: Certificates,
    vaults: Vec<Members>,
    licenses: Vec<Members>,
    others: BTreeMap<String, Vec<Members>>,
}

impl fmt::Debug for Translator {
    /// It holds secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = self.graph.len();
        f.debug_struct("Translator")
            .field("units", &units)
            .finish_non_exhaustive()
    }
}

impl Translator {
    /// Of a world in which there is nothing yet.
    pub fn new(settings: Settings) -> Self {
        let as_kong = settings.as_kong_does();
        let mut graph = Graph::default();
        let mut singles = vec![
            Unit::Routes(Sort::Ingress),
            Unit::Routes(Sort::Stream),
            Unit::Authorities,
            Unit::Groups,
            Unit::Vaults,
            Unit::Licenses,
            Unit::Consumers,
            Unit::Certificates,
            Unit::GlobalPlugins,
            Unit::Others,
        ];
        if as_kong {
            singles.extend([Unit::Routes(Sort::Grpc), Unit::Routes(Sort::Http)]);
        } else {
            singles.push(Unit::Routes(Sort::Guards));
        }
        for unit in singles {
            graph.call(unit);
        }
        Self {
            settings: Arc::new(settings),
            graph,
            routes: Routes::new(as_kong),
            services: Services::default(),
            wishes: BTreeMap::new(),
            relations: Map::default(),
            relating: BTreeMap::new(),
            plugins: BTreeMap::new(),
            global_plugins: Vec::new(),
            parents: BTreeSet::new(),
            rest: Rest::default(),
            delta: Delta::default(),
            work: Work::default(),
        }
    }

    /// Takes in that objects have changed, have come or have gone: what a world says now. Statuses are of no account,
    /// except in the way of Kong's controller.
    pub fn apply(&mut self, world: &World, changed: &[Key]) -> Delta {
        if !self.settings.without.is_empty() {
            return self.apply_without(world);
        }
        self.work = Work::default();
        for key in changed {
            self.graph.changed(world, key);
            if let Some(unit) = self.unit_of(key) {
                self.graph.call(unit);
            }
        }
        self.compute(world);
        std::mem::take(&mut self.delta)
    }

    /// Takes in a world as if it were new.
    pub(crate) fn apply_all(&mut self, world: &World) -> Delta {
        let all: Vec<Key> = world.entries().map(|(key, _)| key.clone()).collect();
        self.apply(world, &all)
    }

    /// What objects are left when some are not to be used depends on all of them, so all is done anew. That is for the
    /// time in which a gateway refuses the configuration.
    fn apply_without(&mut self, world: &World) -> Delta {
        let left = fallback::without(world, &self.settings);
        let mut settings = Settings::clone(&self.settings);
        let without = std::mem::take(&mut settings.without);
        let mut anew = Self::new(settings.clone());
        let mut delta = anew.apply_all(&left);
        // What was there before may be gone.
        let before = self.services.values().flat_map(|it| it.made.names());
        delta.services.extend(before);
        delta
            .plugins
            .extend(self.made_plugins().map(|made| made.plugin.id));
        delta.collections.extend(self.rest_collections());
        settings.without = without;
        anew.settings = Arc::new(settings);
        *self = anew;
        delta
    }

    /// The collections of the rest that are not empty.
    fn rest_collections(&self) -> BTreeSet<String> {
        let rest = Document {
            services: Vec::new(),
            upstreams: Vec::new(),
            plugins: Vec::new(),
            ..self.document()
        };
        let document = rest.to_value();
        let collections = document.as_object().into_iter().flat_map(|it| it.keys());
        collections
            .filter(|name| !name.starts_with('_'))
            .cloned()
            .collect()
    }

    fn made_plugins(&self) -> impl Iterator<Item = &plugins::Made> {
        self.plugins.values().flatten().chain(&self.global_plugins)
    }

    /// How many units there are, which is what memory goes to.
    pub fn units(&self) -> usize {
        self.graph.len()
    }

    /// How much there was to do for what was taken in last.
    pub fn work(&self) -> Work {
        self.work
    }

    /// The configuration, and what is wrong with the objects; the [statuses](Self::statuses) are not in it.
    pub fn translation(&self) -> Translation {
        Translation {
            document: self.document(),
            problems: self.problems(),
            statuses: BTreeMap::new(),
            awaiting: Vec::new(),
        }
    }

    /// The statuses that objects of a world ought to have, which has to be the one that was taken in last.
    pub fn statuses(&self, world: &World) -> Statuses {
        let left =
            (!self.settings.without.is_empty()).then(|| fallback::without(world, &self.settings));
        let view = View::new(left.as_ref().unwrap_or(world));
        let context = Context::new(&view, &self.settings);
        let made = self.services.values().flat_map(|it| &it.made.services);
        let backends = made
            .flat_map(|made| &made.built.backends)
            .cloned()
            .collect();
        status::all(&context, &self.document(), &backends, &self.problems())
    }

    /// What is wrong with the objects, sorted by them.
    pub fn problems(&self) -> Vec<Problem> {
        let mut problems: Vec<Problem> = self.graph.problems().cloned().collect();
        problems.extend(self.routes.problems());
        if !self.settings.as_kong_does() {
            problems.extend(self.distinct_plugins().1);
        }
        problems.sort();
        problems.dedup();
        problems
    }

    /// The configuration.
    pub fn document(&self) -> Document {
        let made = || self.services.values().flat_map(|it| &it.made.services);
        Document {
            services: made().filter_map(|it| self.service(it)).collect(),
            upstreams: made().filter_map(|it| it.built.upstream.clone()).collect(),
            plugins: self.declared_plugins(),
            consumers: self
                .rest
                .consumers
                .iter()
                .map(|it| it.members.clone())
                .collect(),
            consumer_groups: self
                .rest
                .groups
                .iter()
                .map(|it| it.members.clone())
                .collect(),
            consumer_group_consumers: self.rest.memberships.clone(),
            certificates: self.rest.certificates.members.clone(),
            ca_certificates: self.rest.authorities.clone(),
            vaults: self.rest.vaults.clone(),
            licenses: self.rest.licenses.clone(),
            others: self.rest.others.clone(),
        }
    }

    /// A service with its routes, and with what follows from certificates.
    fn service(&self, made: &MadeService) -> Option<DeclaredService> {
        let mut declared = made.built.service.clone()?;
        let as_kong = self.settings.as_kong_does();
        if let Some(wish) = &made.wish {
            // Without a certificate none is shown; Kong's controller gives an empty id.
            let id = self.rest.certificates.shown.get(&wish.secret).cloned();
            let id = id.or_else(|| as_kong.then(String::new));
            declared.service.client_certificate = id.map(Into::into);
        }
        if !as_kong {
            let wanted = declared.service.ca_certificates.iter_mut().flatten();
            for id in wanted {
                if let Some(other) = self.rest.aliases.get(id) {
                    id.clone_from(other);
                }
            }
            ca_certificates::keep_known(&self.rest.known, &mut declared.service);
        }
        let routes = made
            .parts
            .iter()
            .flat_map(|part| self.routes.declared(*part));
        declared.routes = routes.collect();
        for route in &mut declared.routes {
            let mut from = route.from.iter().map(|from| &from.object);
            if from.any(|object| made.built.renamed.contains(object)) {
                route.route.preserve_host = Some(false);
            }
        }
        Some(declared)
    }

    fn declared_plugins(&self) -> Vec<DeclaredPlugin> {
        if self.settings.as_kong_does() {
            return self
                .made_plugins()
                .map(|made| made.plugin.clone())
                .collect();
        }
        self.distinct_plugins().0
    }

    fn distinct_plugins(&self) -> (Vec<DeclaredPlugin>, Vec<Problem>) {
        let services = self.services.values().flat_map(|it| &it.made.services);
        let built_in: BTreeSet<Uuid> = services.flat_map(|it| &it.built_in).copied().collect();
        plugins::distinct(self.made_plugins().collect(), &built_in)
    }

    fn memberships(&self, settings: &Settings) -> Vec<Members> {
        consumers::memberships(settings, &self.rest.consumers)
    }
}
