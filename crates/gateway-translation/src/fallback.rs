//! What is left of the objects when some of them are not to be used: not those that depend on them either.
//!
//! It is asked for when a gateway refuses a configuration and says whose entities are wrong: the rest is better than
//! nothing.

use std::collections::{BTreeMap, BTreeSet};

use gateway_types::BackendRef;
use gateway_types::RouteFilter;
use gateway_types::kubernetes::{IngressBackend, IngressSpec};
use kong_crds::Kind;
use kong_crds::annotations::service::UPSTREAM_POLICY;
use kong_crds::annotations::{INGRESS_CLASS, PluginName};
use kong_crds::configuration::v1::{KongClusterPlugin, KongConsumer, KongPlugin};
use kong_crds::configuration::v1alpha1::{EntityParentKind, KongCustomEntity};
use kong_crds::configuration::v1beta1::KongConsumerGroup;
use kong_crds::gateway::{GRPCRoute, HTTPRoute, Ingress, Service, TCPRoute, TLSRoute, UDPRoute};
use kong_crds::incubator::v1alpha1::KongServiceFacade;
use kong_resolve::{Key, Name, Readable, View, World};

use crate::context::{Context, key};
use crate::plugins::{Definition, find, referred};
use crate::settings::Settings;

/// The objects that are left.
pub(crate) fn without(world: &World, settings: &Settings) -> World {
    let view = View::new(world);
    // What is wrong with references is said by those who use them.
    let context = Context::new(&view, settings);
    let mut graph = Graph {
        context: &context,
        dependants: BTreeMap::new(),
    };
    graph.fill();
    let mut left = world.clone();
    let mut broken: Vec<Key> = settings.without.iter().cloned().collect();
    let mut seen: BTreeSet<Key> = BTreeSet::new();
    while let Some(object) = broken.pop() {
        broken.extend(graph.dependants.remove(&object).into_iter().flatten());
        if seen.insert(object.clone()) {
            left.remove(&object);
        }
    }
    left
}

/// Who depends on what.
struct Graph<'c, 'w> {
    context: &'c Context<'c, 'w>,
    dependants: BTreeMap<Key, Vec<Key>>,
}

impl<'w> Graph<'_, 'w> {
    fn fill(&mut self) {
        self.each::<Service>(|graph, object, _| graph.backend(object));
        self.each::<KongServiceFacade>(|graph, object, _| graph.backend(object));
        self.each::<Ingress>(Self::ingress);
        self.each::<HTTPRoute>(|graph, object, spec| {
            let rules = &spec.rules;
            let filters = rules.iter().flat_map(|rule| &rule.filters);
            graph.route(object, filters);
            for backend in rules.iter().flat_map(|rule| &rule.backend_refs) {
                graph.backend_ref(object, &backend.backend);
            }
        });
        self.each::<GRPCRoute>(|graph, object, spec| {
            let rules = &spec.rules;
            let filters = rules.iter().flat_map(|rule| &rule.filters);
            graph.route(object, filters);
            for backend in rules.iter().flat_map(|rule| &rule.backend_refs) {
                graph.backend_ref(object, &backend.backend);
            }
        });
        macro_rules! streams {
            ($($kind:ty),*) => {$(
                self.each::<$kind>(|graph, object, spec| {
                    graph.plugins(object, &[]);
                    for backend in spec.rules.iter().flat_map(|rule| &rule.backend_refs) {
                        graph.backend_ref(object, backend);
                    }
                });
            )*};
        }
        streams!(TLSRoute, TCPRoute, UDPRoute);
        self.each::<KongPlugin>(|graph, object, spec| {
            if let Some((meta, _)) = graph.context.get::<KongPlugin>(&object.name) {
                let definition = Definition::of_plugin(object.clone(), meta, spec);
                graph.secrets(object, &definition);
            }
        });
        self.each::<KongClusterPlugin>(|graph, object, spec| {
            if let Some((meta, _)) = graph.context.get::<KongClusterPlugin>(&object.name) {
                let definition = Definition::of_cluster_plugin(object.clone(), meta, spec);
                graph.secrets(object, &definition);
            }
        });
        self.each::<KongConsumer>(|graph, object, fields| {
            graph.plugins(object, &[]);
            for secret in fields.credentials.iter().flatten() {
                graph.depends(
                    object,
                    key(Kind::Secret, &object.name.sibling(None, secret)),
                );
            }
        });
        self.each::<KongConsumerGroup>(|graph, object, _| graph.plugins(object, &[]));
        self.each::<KongCustomEntity>(|graph, object, spec| {
            let Some(parent) = &spec.parent_ref else {
                return;
            };
            let plugin = match parent.kind {
                Some(EntityParentKind::KongClusterPlugin) => cluster_plugin(&parent.name),
                Some(EntityParentKind::KongPlugin | EntityParentKind::Unknown) | None => key(
                    Kind::KongPlugin,
                    &object
                        .name
                        .sibling(parent.namespace.as_deref(), &parent.name),
                ),
            };
            graph.depends(object, plugin);
        });
    }

    fn each<K: Readable>(&mut self, look: fn(&mut Self, &Key, &'w K::Spec)) {
        for (name, _, spec) in self.context.all::<K>() {
            look(self, &key(K::KIND, name), spec);
        }
    }

    fn depends(&mut self, object: &Key, on: Key) {
        self.dependants.entry(on).or_default().push(object.clone());
    }

    fn plugins(&mut self, object: &Key, more: &[PluginName]) {
        for plugin in referred(self.context, object, more) {
            if let Some(definition) = find(self.context, &plugin) {
                self.depends(object, definition.object);
            }
        }
    }

    fn upstream_policy(&mut self, object: &Key) {
        let meta = self.context.view.meta(object);
        let policy = meta.and_then(|meta| UPSTREAM_POLICY.of(&meta.annotations).ok().flatten());
        if let Some(policy) = policy {
            let policy = object.name.sibling(None, &policy);
            self.depends(object, key(Kind::KongUpstreamPolicy, &policy));
        }
    }

    fn backend(&mut self, object: &Key) {
        self.plugins(object, &[]);
        self.upstream_policy(object);
    }

    /// Plugins of a route. Kong's controller does not think of those in filters.
    fn route<'f>(&mut self, object: &Key, filters: impl Iterator<Item = &'f RouteFilter>) {
        let in_filters: Vec<PluginName> = filters
            .filter_map(|filter| filter.extension_ref.as_ref())
            .map(|reference| PluginName {
                namespace: None,
                name: reference.name.clone(),
            })
            .collect();
        let counted = if self.context.settings.as_kong_does() {
            &[]
        } else {
            in_filters.as_slice()
        };
        self.plugins(object, counted);
    }

    fn backend_ref(&mut self, object: &Key, backend: &BackendRef) {
        let reference = &backend.object;
        let service = object
            .name
            .sibling(reference.namespace.as_deref(), &reference.name);
        self.depends(object, key(Kind::Service, &service));
    }

    fn ingress(&mut self, object: &Key, spec: &IngressSpec) {
        self.plugins(object, &[]);
        self.upstream_policy(object);
        let meta = self.context.view.meta(object);
        let annotated = meta.and_then(|meta| meta.annotation(INGRESS_CLASS.name()));
        let class = spec.ingress_class_name.as_deref().or(annotated);
        if let Some(class) = class.filter(|class| !class.is_empty()) {
            self.depends(object, key(Kind::IngressClass, &in_cluster(class)));
        }
        let paths = spec.rules.iter().filter_map(|rule| rule.http.as_ref());
        let backends = paths.flat_map(|http| &http.paths).map(|path| &path.backend);
        for backend in backends.chain(&spec.default_backend) {
            self.ingress_backend(object, backend);
        }
    }

    fn ingress_backend(&mut self, object: &Key, backend: &IngressBackend) {
        if let Some(service) = &backend.service {
            let service = object.name.sibling(None, &service.name);
            self.depends(object, key(Kind::Service, &service));
        }
        if let Some(facade) = &backend.resource {
            let facade = object.name.sibling(None, &facade.name);
            self.depends(object, key(Kind::KongServiceFacade, &facade));
        }
    }

    fn secrets(&mut self, object: &Key, definition: &Definition<'_>) {
        for secret in definition.secrets() {
            self.depends(object, key(Kind::Secret, secret));
        }
    }
}

fn in_cluster(name: &str) -> Name {
    Name {
        namespace: None,
        name: name.into(),
    }
}

fn cluster_plugin(name: &str) -> Key {
    key(Kind::KongClusterPlugin, &in_cluster(name))
}
