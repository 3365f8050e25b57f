//! Who refers to which plugin: Services and routes, consumers and their groups, by an annotation or by a filter.

use std::collections::BTreeMap;

use kong_crds::Kind;
use kong_crds::annotations::{PLUGINS, PluginName};
use kong_resolve::{Key, Meta, Name, grants};
use uuid::Uuid;

use crate::consumer_groups::Group;
use crate::consumers::Consumer;
use crate::context::{Context, key};
use crate::document::DeclaredService;
use crate::origin;
use crate::part::PartRoute;

/// A plugin as it is referred to: the namespace of the referrer, or the one that is named, and the name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct PluginKey {
    pub(crate) namespace: String,
    pub(crate) name: String,
}

/// An entity that a plugin is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entity {
    /// By what others refer to it.
    pub(crate) name: String,
    /// Its id, if it has one.
    pub(crate) id: Option<Uuid>,
    /// Of a route, the service that it leads to.
    pub(crate) service: Option<String>,
    /// The object that asks for the plugin.
    pub(crate) by: Key,
}

/// What a plugin is for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Related {
    pub(crate) services: Vec<Entity>,
    pub(crate) routes: Vec<Entity>,
    pub(crate) consumers: Vec<Entity>,
    pub(crate) consumer_groups: Vec<Entity>,
}

impl Related {
    /// The objects that ask for the plugin, some more than once.
    pub(crate) fn referrers(&self) -> impl Iterator<Item = &Key> {
        let first = self.services.iter().chain(&self.routes);
        let then = self.consumers.iter().chain(&self.consumer_groups);
        first.chain(then).map(|entity| &entity.by)
    }
}

impl Related {
    /// Adds what others say that the plugin is for.
    pub(crate) fn add(&mut self, more: &Self) {
        self.services.extend(more.services.iter().cloned());
        self.routes.extend(more.routes.iter().cloned());
        self.consumers.extend(more.consumers.iter().cloned());
        let groups = more.consumer_groups.iter().cloned();
        self.consumer_groups.extend(groups);
    }
}

/// What plugins are for, as far as somebody says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Relations(BTreeMap<PluginKey, Related>);

/// Which of the lists an entity belongs to.
type List = fn(&mut Related) -> &mut Vec<Entity>;

impl Relations {
    /// A service and its routes: plugins of the objects behind it, and those of each route.
    pub(crate) fn add_service<'r>(
        &mut self,
        context: &Context<'_, '_>,
        service: &DeclaredService,
        backends: &[Key],
        routes: impl IntoIterator<Item = &'r PartRoute>,
    ) {
        for backend in backends {
            let plugins = referred(context, backend, &[]);
            let entity = || Entity {
                name: service.name().to_owned(),
                id: Some(service.id),
                service: None,
                by: backend.clone(),
            };
            self.relate(context, &plugins, |related| &mut related.services, entity);
        }
        for route in routes {
            let entity = || Entity {
                name: route.route.name().to_owned(),
                id: Some(route.route.id),
                service: Some(service.name().to_owned()),
                by: route.object.clone(),
            };
            let list: List = |related| &mut related.routes;
            self.relate(context, &route.plugins, list, entity);
        }
    }

    /// Consumers.
    pub(crate) fn of_consumers(context: &Context<'_, '_>, consumers: &[Consumer]) -> Self {
        let mut relations = Self::default();
        for consumer in consumers {
            let plugins = referred(context, &consumer.object, &[]);
            let entity = || Entity {
                name: consumer.reference.clone(),
                id: consumer.id,
                service: None,
                by: consumer.object.clone(),
            };
            let list: List = |related| &mut related.consumers;
            relations.relate(context, &plugins, list, entity);
        }
        relations
    }

    /// Consumer groups.
    pub(crate) fn of_groups(context: &Context<'_, '_>, groups: &[Group]) -> Self {
        let mut relations = Self::default();
        for group in groups {
            let plugins = referred(context, &group.object, &[]);
            let entity = || Entity {
                name: group.name().to_owned(),
                id: Some(origin::id("consumergroups", group.name())),
                service: None,
                by: group.object.clone(),
            };
            let list: List = |related| &mut related.consumer_groups;
            relations.relate(context, &plugins, list, entity);
        }
        relations
    }

    fn relate(
        &mut self,
        context: &Context<'_, '_>,
        plugins: &[PluginKey],
        list: List,
        entity: impl Fn() -> Entity,
    ) {
        for plugin in plugins {
            let entities = list(self.0.entry(plugin.clone()).or_default());
            let entity = entity();
            // Kong takes no plugin twice. Whatever an entity refers to stands together.
            let again = entities.last().is_some_and(|last| last.name == entity.name);
            if context.settings.as_kong_does() || !again {
                entities.push(entity);
            }
        }
    }

    /// Adds what others say of a plugin.
    pub(crate) fn add(&mut self, plugin: &PluginKey, related: &Related) {
        self.0.entry(plugin.clone()).or_default().add(related);
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&PluginKey, &Related)> {
        self.0.iter()
    }

    /// What a plugin is for, in the words of referrers of one namespace.
    pub(crate) fn of(&self, plugin: &PluginKey) -> Option<&Related> {
        self.0.get(plugin)
    }
}

/// The plugins that an object refers to in its annotation, and others that it refers to.
pub(crate) fn referred(context: &Context<'_, '_>, by: &Key, more: &[PluginName]) -> Vec<PluginKey> {
    let meta = context.view.meta(by);
    let named = meta.map_or_else(Vec::new, |meta| annotated(context, by, meta));
    named
        .iter()
        .chain(more)
        .filter_map(|plugin| permitted(context, by, plugin))
        .collect()
}

/// The plugins that an object names in its annotation, each with what that refers to; `None` for those that it may not
/// refer to.
pub(crate) fn named(context: &Context<'_, '_>, by: &Key) -> Vec<(PluginName, Option<PluginKey>)> {
    let meta = context.view.meta(by);
    let named = meta.map_or_else(Vec::new, |meta| annotated(context, by, meta));
    let named = named.into_iter();
    named
        .map(|plugin| {
            let key = permitted(context, by, &plugin);
            (plugin, key)
        })
        .collect()
}

/// The plugins in an annotation. A name that is none costs only itself.
fn annotated(context: &Context<'_, '_>, by: &Key, meta: &Meta) -> Vec<PluginName> {
    let mut names = Vec::new();
    let annotation = meta.annotation(PLUGINS.name()).unwrap_or_default();
    for item in annotation.split(',') {
        match PLUGINS.parse(item) {
            Ok(name) => names.extend(name),
            Err(invalid) => context.say(
                by,
                format!("metadata.annotations[{}]", invalid.annotation),
                format!(
                    "{} annotation has invalid value: {}",
                    invalid.annotation, invalid.value
                ),
                invalid.remedy,
            ),
        }
    }
    names
}

fn permitted(context: &Context<'_, '_>, by: &Key, plugin: &PluginName) -> Option<PluginKey> {
    let Some(namespace) = &plugin.namespace else {
        return Some(PluginKey {
            namespace: by.name.namespace().to_owned(),
            name: plugin.name.clone(),
        });
    };
    let target = key(Kind::KongPlugin, &Name::new(namespace, &plugin.name));
    if context.view.permission_of_routes(by, &target).is_given() {
        return Some(PluginKey {
            namespace: namespace.clone(),
            name: plugin.name.clone(),
        });
    }
    context.say(
        by,
        format!("metadata.annotations[{}]", PLUGINS.name()),
        format!(
            "no grant found to referenced \"{namespace}:{}\" plugin in the requested remote KongPlugin bind",
            plugin.name
        ),
        grants::remedy_of_routes(by, &target),
    );
    None
}

/// One combination of what a plugin is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Relation<'r> {
    pub(crate) service: Option<&'r Entity>,
    pub(crate) route: Option<&'r Entity>,
    pub(crate) consumer: Option<&'r Entity>,
    pub(crate) consumer_group: Option<&'r Entity>,
}

/// All combinations: of consumers, else of groups, with services and routes, or each alone.
pub(crate) fn combinations(related: &Related) -> Vec<Relation<'_>> {
    let services = related.services.iter().map(|service| Relation {
        service: Some(service),
        ..Relation::default()
    });
    let routes = related.routes.iter().map(|route| Relation {
        route: Some(route),
        ..Relation::default()
    });
    let mut places: Vec<Relation<'_>> = services.chain(routes).collect();
    let of_groups = related.consumers.is_empty();
    let who = if of_groups {
        &related.consumer_groups
    } else {
        &related.consumers
    };
    if who.is_empty() {
        return places;
    }
    if places.is_empty() {
        places.push(Relation::default());
    }
    let mut combinations = Vec::new();
    for who in who {
        for place in &places {
            combinations.push(if of_groups {
                Relation {
                    consumer_group: Some(who),
                    ..*place
                }
            } else {
                Relation {
                    consumer: Some(who),
                    ..*place
                }
            });
        }
    }
    combinations
}
