//! Objects that are there for nothing.

use std::collections::{BTreeMap, BTreeSet};

use kong_crds::Kind;
use kong_crds::annotations::PLUGINS;
use kong_crds::annotations::service::UPSTREAM_POLICY;
use kong_crds::configuration::v1::KongConsumer;
use kong_crds::configuration::v1alpha1::{KongPluginBinding, KongRoute, KongService, PluginKind};
use kong_crds::configuration::v1beta1::KongConsumerGroup;
use kong_crds::gateway::Service;
use kong_crds::incubator::v1alpha1::KongServiceFacade;
use kong_crds::names::{CREDENTIAL_LABEL, GLOBAL_LABEL};
use kong_crds::reference::{ControlPlaneRef, ControlPlaneRefType};
use kong_resolve::{Key, Meta, Name};

use super::{Lint, Rule};
use crate::Translation;
use crate::context::{Context, key};

const NOTHING: &str = "nothing refers to it";

/// The kinds whose objects name plugins in an annotation.
const NAMERS: [Kind; 9] = [
    Kind::Service,
    Kind::HTTPRoute,
    Kind::GRPCRoute,
    Kind::TLSRoute,
    Kind::TCPRoute,
    Kind::UDPRoute,
    Kind::Ingress,
    Kind::KongConsumer,
    Kind::KongConsumerGroup,
];

/// Looks for objects that nothing refers to, and for plugins to which only something refers that is not in use itself.
pub(super) fn find(context: &Context<'_, '_>, translation: &Translation, found: &mut Vec<Lint>) {
    let mut tell = |object: Key, message: String, remedy: &str| {
        found.push(Lint {
            object: Some(object),
            field: String::new(),
            rule: Rule::Unused,
            message,
            remedy: remedy.to_owned(),
        });
    };
    let referring = namers(context);
    let used: BTreeSet<&Key> = translation
        .document
        .plugins
        .iter()
        .flat_map(|plugin| &plugin.from)
        .map(|from| &from.object)
        .collect();
    // An object with a problem of its own has been told of it.
    let told: BTreeSet<&Key> = translation.problems.iter().map(|it| &it.object).collect();
    let in_konnect = used_in_konnect(context);
    for kind in [Kind::KongPlugin, Kind::KongClusterPlugin] {
        for name in context.view.of_kind(kind) {
            let object = key(kind, name);
            if used.contains(&object) || told.contains(&object) || in_konnect.contains(&object) {
                continue;
            }
            let by = referring.get(&(object.name.namespace().to_owned(), name.name.to_string()));
            let (message, remedy) = in_vain(context, &object, by);
            tell(object, message, remedy);
        }
    }
    let mut say = |object, remedy: &str| tell(object, NOTHING.to_owned(), remedy);
    let policies: BTreeSet<Name> = named_policies(context);
    for name in context.view.of_kind(Kind::KongUpstreamPolicy) {
        if !policies.contains(name) {
            say(
                key(Kind::KongUpstreamPolicy, name),
                "name it in konghq.com/upstream-policy of a Service, or remove it",
            );
        }
    }
    let credentials: BTreeSet<Name> = context
        .all::<KongConsumer>()
        .into_iter()
        .flat_map(|(consumer, _, spec)| {
            let names = spec.credentials.iter().flatten();
            names.map(|name| consumer.sibling(None, name))
        })
        .collect();
    for name in context.view.of_kind(Kind::Secret) {
        let object = key(Kind::Secret, name);
        let is_credential = context.view.meta(&object).is_some_and(|meta| {
            meta.label(CREDENTIAL_LABEL)
                .is_some_and(|it| it != "konnect")
        });
        if is_credential && !credentials.contains(name) {
            say(
                object,
                "name it in credentials of a KongConsumer, or remove it",
            );
        }
    }
}

/// The plugins that what is in a control plane of Konnect refers to: they are in use, though not by a gateway.
fn used_in_konnect(context: &Context<'_, '_>) -> BTreeSet<Key> {
    let cluster_wide = |name: &str| {
        let name = Name {
            namespace: None,
            name: name.into(),
        };
        key(Kind::KongClusterPlugin, &name)
    };
    let bound = context.all::<KongPluginBinding>().into_iter();
    let bound = bound.map(|(name, _, spec)| {
        let plugin = &spec.plugin_ref;
        match plugin.kind {
            PluginKind::KongClusterPlugin => cluster_wide(&plugin.name),
            PluginKind::KongPlugin | PluginKind::Unknown => {
                let plugin = name.sibling(plugin.namespace.as_deref(), &plugin.name);
                key(Kind::KongPlugin, &plugin)
            }
        }
    });
    let mut namers: Vec<(&Name, &Meta)> = Vec::new();
    let in_konnect = |reference: Option<&ControlPlaneRef>| {
        reference.is_some_and(|it| it.type_ == ControlPlaneRefType::KonnectNamespacedRef)
    };
    let services = context.all::<KongService>().into_iter();
    namers.extend(services.map(|(name, meta, _)| (name, meta)));
    let routes = context.all::<KongRoute>().into_iter();
    namers.extend(routes.map(|(name, meta, _)| (name, meta)));
    let consumers = context.all::<KongConsumer>().into_iter();
    namers.extend(consumers.filter_map(|(name, meta, spec)| {
        let reference = spec.spec.as_ref()?.control_plane_ref.as_ref();
        in_konnect(reference).then_some((name, meta))
    }));
    let groups = context.all::<KongConsumerGroup>().into_iter();
    namers.extend(groups.filter_map(|(name, meta, spec)| {
        in_konnect(spec.control_plane_ref.as_ref()).then_some((name, meta))
    }));
    let named = namers.into_iter().flat_map(|(name, meta)| {
        meta.plugins().into_iter().flat_map(move |plugin| {
            let (namespace, plugin) = match plugin.split_once(':') {
                Some((namespace, plugin)) => (Some(namespace), plugin),
                None => (None, plugin),
            };
            let own = key(Kind::KongPlugin, &name.sibling(namespace, plugin));
            let shared = namespace.is_none().then(|| cluster_wide(plugin));
            [Some(own), shared].into_iter().flatten()
        })
    });
    bound.chain(named).collect()
}

/// The policies that Services and KongServiceFacades name.
fn named_policies(context: &Context<'_, '_>) -> BTreeSet<Name> {
    let services = context
        .all::<Service>()
        .into_iter()
        .map(|(name, meta, _)| (name, meta));
    let facades = context
        .all::<KongServiceFacade>()
        .into_iter()
        .map(|(name, meta, _)| (name, meta));
    services
        .chain(facades)
        .filter_map(|(name, meta)| {
            let policy = UPSTREAM_POLICY.of(&meta.annotations).ok().flatten()?;
            Some(name.sibling(None, &policy))
        })
        .collect()
}

/// Why a plugin is bound to nothing, and what to do about it.
fn in_vain(context: &Context<'_, '_>, plugin: &Key, by: Option<&Key>) -> (String, &'static str) {
    let meta = context.view.meta(plugin);
    let is_global = meta.is_some_and(|meta| meta.label(GLOBAL_LABEL) == Some("true"));
    match (is_global, plugin.kind, by) {
        (true, Kind::KongPlugin, _) => (
            "the label \"global\" has no effect on a KongPlugin, and nothing else refers to it"
                .to_owned(),
            "make it a KongClusterPlugin",
        ),
        (true, ..) => (
            "it is global, and of another ingress class or of none".to_owned(),
            "give it the annotation kubernetes.io/ingress.class with the class of the gateway",
        ),
        (false, _, Some(by)) => (
            format!("only {by} refers to it, which is not in use itself"),
            "send requests there, or remove both",
        ),
        (false, _, None) => (
            NOTHING.to_owned(),
            "name it in konghq.com/plugins of a Service, a route, a consumer or a group, in an ExtensionRef, or remove it",
        ),
    }
}

/// Who names plugins in an annotation, by the namespace and the name of the plugin; of several the first. KongClusterPlugins
/// have no namespace, and are named as what is in that of who names them.
fn namers(context: &Context<'_, '_>) -> BTreeMap<(String, String), Key> {
    let mut namers = BTreeMap::new();
    for kind in NAMERS {
        for name in context.view.of_kind(kind) {
            let by = key(kind, name);
            let Some(meta) = context.view.meta(&by) else {
                continue;
            };
            for plugin in PLUGINS
                .of(&meta.annotations)
                .ok()
                .flatten()
                .unwrap_or_default()
            {
                let own = plugin.namespace.is_none();
                let namespace = plugin
                    .namespace
                    .unwrap_or_else(|| name.namespace().to_owned());
                if own {
                    let cluster = (String::new(), plugin.name.clone());
                    namers.entry(cluster).or_insert_with(|| by.clone());
                }
                let namespaced = (namespace, plugin.name);
                namers.entry(namespaced).or_insert_with(|| by.clone());
            }
        }
    }
    namers
}
