//! How units are computed, and who is called when one of them gives something else than before.

use std::collections::BTreeSet;
use std::sync::Arc;

use kong_crds::Kind;
use kong_resolve::{Key, View, World};

use super::graph::{Sort, Unit};
use super::routes::{Age, Change};
use super::services::{self, OfOneName};
use super::{Rest, Translator};
use crate::certificates::{self, Wish};
use crate::context::Context;
use crate::part::Part;
use crate::plugins::{self, PluginKey, Related, Relations};
use crate::{
    backend_tls, ca_certificates, consumer_groups, consumers, custom_entities, grpc_route, guards,
    http_route, ingress, licenses, refused, stream_route, vaults,
};

impl Translator {
    /// The unit that is there for an object alone.
    pub(super) fn unit_of(&self, key: &Key) -> Option<Unit> {
        let own =
            matches!(key.kind, Kind::HTTPRoute | Kind::GRPCRoute) && !self.settings.as_kong_does();
        own.then(|| Unit::Route(key.clone()))
    }

    /// Computes whatever is due.
    pub(super) fn compute(&mut self, world: &World) {
        while let Some(unit) = self.graph.next() {
            // Who comes after the routes finds them settled.
            if !unit.is_of_routes() && self.routes.is_unsettled() {
                self.settle();
            } else if let Some(unit) = self.graph.take() {
                self.compute_one(world, &unit);
            }
        }
        self.settle();
    }

    fn settle(&mut self) {
        let settled = self.routes.settle();
        self.work.ordered += settled.ordered;
        for name in settled.services.iter().chain(&settled.reordered) {
            if let Some(it) = self.services.get(name.as_str()) {
                // Their routes are others, even if they are not.
                self.delta.services.extend(it.made.names());
            }
        }
        for name in settled.services {
            self.graph.call(Unit::Service(name.into()));
        }
    }

    fn compute_one(&mut self, world: &World, unit: &Unit) {
        let settings = Arc::clone(&self.settings);
        let view = View::new(world);
        let context = Context::new(&view, &settings);
        let is_left = match unit {
            Unit::Routes(sort) => {
                let parts = parts_of(&context, *sort);
                self.take_parts(unit, i64::MIN, parts);
                true
            }
            Unit::Route(key) => {
                let parts = match key.kind {
                    Kind::GRPCRoute => grpc_route::parts(&context, &key.name),
                    _ => http_route::parts(&context, &key.name),
                };
                let entry = world.entry(key);
                let created = entry.map_or(i64::MAX, |entry| entry.meta.created);
                self.take_parts(unit, created, parts);
                entry.is_some()
            }
            Unit::Service(name) => self.compute_services(&context, unit, name),
            Unit::Plugin(key) => self.compute_plugin(&context, key),
            other => {
                self.compute_single(&context, other);
                true
            }
        };
        let problems = context.into_problems();
        let reads = view.into_reads();
        self.work.units += 1;
        self.work.reads += reads.len();
        if is_left {
            self.graph.computed(unit, reads, problems);
        } else {
            self.graph.forget(unit);
        }
    }

    fn take_parts(&mut self, unit: &Unit, created: i64, parts: Vec<Part>) {
        let id = self.graph.id(unit);
        let age: Age = (created, unit.clone());
        let Change { gone, new } = self.routes.put(id, age, parts);
        for (name, _) in &gone {
            if let Some(it) = self.services.get_mut(name.as_str()) {
                it.parts.retain(|part| part.of != id);
            }
        }
        let mut names: BTreeSet<String> = gone.into_iter().map(|(name, _)| name).collect();
        for (name, part) in new {
            if !self.services.contains_key(name.as_str()) {
                self.services
                    .insert(name.as_str().into(), OfOneName::default());
            }
            if let Some(it) = self.services.get_mut(name.as_str()) {
                it.parts.push(part);
            }
            names.insert(name);
        }
        for name in names {
            if let Some(it) = self.services.get(name.as_str()) {
                // Its routes are others, even if it is not.
                self.delta.services.extend(it.made.names());
            }
            self.graph.call(Unit::Service(name.into()));
        }
    }

    fn compute_services(
        &mut self,
        context: &Context<'_, '_>,
        unit: &Unit,
        name: &Arc<str>,
    ) -> bool {
        let Some(it) = self.services.get_mut(name) else {
            return false;
        };
        let made = services::make(context, &self.routes, &it.parts);
        let is_left = !it.parts.is_empty();
        let old = std::mem::replace(&mut it.made, made.clone());
        if !is_left {
            self.services.remove(name);
        }
        if old.services != made.services {
            self.delta.services.extend(old.names().chain(made.names()));
        }
        // Of plugins that are part of something else the others have to give way.
        let (built_in, before) = (made.built_in(), old.built_in());
        let changed = built_in.symmetric_difference(&before);
        self.delta.plugins.extend(changed);
        self.take_wishes(name, made.wishes().cloned().collect());
        self.take_relations(unit, made.relations);
        is_left
    }

    fn take_wishes(&mut self, name: &Arc<str>, wishes: Vec<Wish>) {
        let old = self.wishes.remove(name).unwrap_or_default();
        if old != wishes {
            self.graph.call(Unit::Certificates);
        }
        if !wishes.is_empty() {
            self.wishes.insert(Arc::clone(name), wishes);
        }
    }

    /// Somebody says this of plugins from now on.
    fn take_relations(&mut self, unit: &Unit, new: Relations) {
        let none = Relations::default();
        let old = self.relations.remove(unit).unwrap_or_default();
        if old == new {
            if old != none {
                self.relations.insert(unit.clone(), old);
            }
            return;
        }
        let both = old.iter().chain(new.iter()).map(|(key, _)| key);
        let both: BTreeSet<&PluginKey> = both.collect();
        for key in both {
            if old.of(key) == new.of(key) {
                continue;
            }
            let relating = self.relating.entry(key.clone()).or_default();
            if new.of(key).is_some() {
                relating.insert(unit.clone());
            } else {
                relating.remove(unit);
            }
            if relating.is_empty() {
                self.relating.remove(key);
            }
            self.graph.call(Unit::Plugin(key.clone()));
            if self.parents.contains(&key.name) {
                self.graph.call(Unit::Others);
            }
        }
        if new != none {
            self.relations.insert(unit.clone(), new);
        }
    }

    /// What a plugin is for, as everybody together says.
    fn related(&self, key: &PluginKey) -> Related {
        let mut related = Related::default();
        for unit in self.relating.get(key).into_iter().flatten() {
            if let Some(more) = self.relations.get(unit).and_then(|it| it.of(key)) {
                related.add(more);
            }
        }
        related
    }

    fn compute_plugin(&mut self, context: &Context<'_, '_>, key: &PluginKey) -> bool {
        let is_left = self.relating.contains_key(key);
        let made = if is_left {
            plugins::referred_to(context, key, &self.related(key))
        } else {
            Vec::new()
        };
        let old = if made.is_empty() {
            self.plugins.remove(key).unwrap_or_default()
        } else {
            let old = self.plugins.insert(key.clone(), made);
            old.unwrap_or_default()
        };
        let new = self.plugins.get(key).map_or(&[][..], Vec::as_slice);
        if old != new {
            let ids = old.iter().chain(new).map(|made| made.plugin.id);
            self.delta.plugins.extend(ids);
        }
        is_left
    }

    fn compute_single(&mut self, context: &Context<'_, '_>, unit: &Unit) {
        match unit {
            Unit::Authorities => {
                let mut authorities = ca_certificates::all(context);
                let aliases = backend_tls::add(context, &mut authorities);
                let known = ca_certificates::ids(&authorities);
                if self.rest.known != known || self.rest.aliases != aliases {
                    self.rest.known = known;
                    self.rest.aliases = aliases;
                    self.graph.call(Unit::Consumers);
                    self.say_services_changed(|service| {
                        let service = service.built.service.as_ref();
                        service.is_some_and(|it| it.service.ca_certificates.is_some())
                    });
                }
                self.set("ca_certificates", authorities, |rest| &mut rest.authorities);
            }
            Unit::Groups => {
                let groups = consumer_groups::all(context);
                let relations = Relations::of_groups(context, &groups);
                self.take_relations(unit, relations);
                if self.set("consumer_groups", groups, |rest| &mut rest.groups) {
                    self.graph.call(Unit::Consumers);
                }
            }
            Unit::Consumers => {
                let all = consumers::all(context, &self.rest.groups, &self.rest.known);
                let relations = Relations::of_consumers(context, &all);
                self.take_relations(unit, relations);
                if self.set("consumers", all, |rest| &mut rest.consumers) {
                    let memberships = self.memberships(context.settings);
                    let collection = "consumer_group_consumers";
                    self.set(collection, memberships, |rest| &mut rest.memberships);
                }
            }
            Unit::Certificates => {
                let clients = self.wishes.values().flatten().cloned().collect();
                let all = certificates::all(context, clients);
                if self.set("certificates", all, |rest| &mut rest.certificates) {
                    self.say_services_changed(|service| service.wish.is_some());
                }
            }
            Unit::Vaults => {
                self.set("vaults", vaults::all(context), |rest| &mut rest.vaults);
            }
            Unit::Licenses => {
                let licenses = licenses::all(context);
                self.set("licenses", licenses, |rest| &mut rest.licenses);
            }
            Unit::GlobalPlugins => {
                let made = plugins::global(context);
                let old = std::mem::replace(&mut self.global_plugins, made);
                if old != self.global_plugins {
                    let ids = old.iter().chain(&self.global_plugins);
                    let ids = ids.map(|made| made.plugin.id);
                    self.delta.plugins.extend(ids);
                }
            }
            Unit::Others => self.compute_others(context),
            Unit::Routes(_) | Unit::Route(_) | Unit::Service(_) | Unit::Plugin(_) => {
                unreachable!("there are many of these, and they are computed elsewhere")
            }
        }
    }

    fn compute_others(&mut self, context: &Context<'_, '_>) {
        self.parents = custom_entities::parents(context);
        let mut relations = Relations::default();
        let keys = self.relating.keys();
        for key in keys.filter(|key| self.parents.contains(&key.name)) {
            relations.add(key, &self.related(key));
        }
        let others = custom_entities::all(context, &relations);
        let old = std::mem::replace(&mut self.rest.others, others);
        let new = &self.rest.others;
        let collections: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
        let changed = collections
            .into_iter()
            .filter(|name| old.get(*name) != new.get(*name));
        self.delta.collections.extend(changed.cloned());
    }

    /// Services of a sort are others, since what they refer to is.
    fn say_services_changed(&mut self, which: fn(&super::MadeService) -> bool) {
        let all = self.services.values().flat_map(|it| &it.made.services);
        let names = all
            .filter(|service| which(service))
            .map(|it| it.name.clone());
        self.delta.services.extend(names);
    }

    /// A collection is this from now on; whether that is news.
    fn set<T: PartialEq>(
        &mut self,
        collection: &str,
        new: T,
        place: fn(&mut Rest) -> &mut T,
    ) -> bool {
        let place = place(&mut self.rest);
        if *place == new {
            return false;
        }
        *place = new;
        self.delta.collections.insert(collection.to_owned());
        true
    }
}

/// The routes of a sort.
fn parts_of(context: &Context<'_, '_>, sort: Sort) -> Vec<Part> {
    let mut drafts = match sort {
        Sort::Ingress => ingress::drafts(context),
        Sort::Grpc => grpc_route::drafts(context),
        Sort::Stream => stream_route::drafts(context),
        Sort::Http => http_route::drafts(context),
        Sort::Guards => guards::drafts(context),
    };
    if !context.settings.as_kong_does() {
        refused::leave_out(context, &mut drafts);
    }
    let drafts = drafts.into_iter();
    drafts.map(|draft| Part::whole(context, draft)).collect()
}
