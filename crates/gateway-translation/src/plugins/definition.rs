//! What a KongPlugin or KongClusterPlugin says: the plugin, before it is for anything.

use std::collections::BTreeMap;

use kong_crds::configuration::v1::{
    KongClusterPlugin, KongClusterPluginSpec, KongPlugin, KongPluginSpec,
};
use kong_crds::kubernetes::Secret;
use kong_crds::{Kind, configuration::v1 as crds};
use kong_model::entity::{Members, Ordering, Phases, Plugin, Protocol};
use kong_resolve::{Key, Meta, Name};
use serde_json::{Map, Value, json};

use super::PluginKey;
use super::patch::add;
use crate::acceptance;
use crate::class::Class;
use crate::context::{Context, key};
use crate::document::members;
use crate::origin;

/// A key of a Secret.
struct SecretKey<'w> {
    secret: Name,
    key: &'w str,
}

/// A KongPlugin or a KongClusterPlugin.
pub(crate) struct Definition<'w> {
    pub(crate) object: Key,
    pub(crate) meta: &'w Meta,
    plugin: &'w str,
    config: Option<&'w Map<String, Value>>,
    config_from: Option<SecretKey<'w>>,
    patches: Vec<(&'w str, SecretKey<'w>)>,
    disabled: bool,
    instance_name: Option<&'w str>,
    ordering: Option<&'w crds::Ordering>,
    protocols: &'w [crds::Protocol],
    run_on: Option<crds::RunOn>,
    tags: Option<&'w [String]>,
}

/// What is wrong with a plugin: field, message, remedy.
pub(super) struct Wrong(&'static str, String, String);

impl Wrong {
    pub(super) fn say(self, context: &Context<'_, '_>, object: &Key) {
        context.say(object, self.0, self.1, self.2);
    }
}

/// Takes over the fields that both kinds call the same.
macro_rules! definition {
    ($object:expr, $meta:expr, $spec:expr, $secret:expr) => {
        Definition {
            object: $object,
            meta: $meta,
            plugin: &$spec.plugin,
            config: $spec.config.as_ref(),
            config_from: $spec
                .config_from
                .as_ref()
                .map(|source| $secret(&source.secret_key_ref)),
            patches: $spec
                .config_patches
                .iter()
                .flatten()
                .map(|patch| {
                    (
                        patch.path.as_str(),
                        $secret(&patch.value_from.secret_key_ref),
                    )
                })
                .collect(),
            disabled: $spec.disabled.unwrap_or_default(),
            instance_name: $spec
                .instance_name
                .as_deref()
                .filter(|name| !name.is_empty()),
            ordering: $spec.ordering.as_ref(),
            protocols: $spec.protocols.as_deref().unwrap_or_default(),
            run_on: $spec.run_on,
            tags: $spec.tags.as_deref(),
        }
    };
}

/// The plugin of a name: a KongPlugin in the namespace, else a KongClusterPlugin.
pub(crate) fn find<'w>(context: &Context<'_, 'w>, plugin: &PluginKey) -> Option<Definition<'w>> {
    let name = plugin.in_namespace();
    if let Some((meta, spec)) = context.get::<KongPlugin>(&name) {
        let object = key(Kind::KongPlugin, &name);
        return Some(Definition::of_plugin(object, meta, spec));
    }
    let name = Name {
        namespace: None,
        name: plugin.name.as_str().into(),
    };
    let (meta, spec) = context.get::<KongClusterPlugin>(&name)?;
    // Kong's controller has only those of its class in its cache.
    let ours = context.settings.as_kong_does() || Class::of(context).has(meta);
    let object = key(Kind::KongClusterPlugin, &name);
    ours.then(|| Definition::of_cluster_plugin(object, meta, spec))
}

impl<'w> Definition<'w> {
    pub(crate) fn of_plugin(object: Key, meta: &'w Meta, spec: &'w KongPluginSpec) -> Self {
        let name = object.name.clone();
        let secret = |reference: &'w crds::SecretKeyRef| SecretKey {
            secret: name.sibling(None, &reference.name),
            key: &reference.key,
        };
        definition!(object, meta, spec, secret)
    }

    pub(crate) fn of_cluster_plugin(
        object: Key,
        meta: &'w Meta,
        spec: &'w KongClusterPluginSpec,
    ) -> Self {
        let secret = |reference: &'w crds::NamespacedSecretKeyRef| SecretKey {
            secret: Name::new(&reference.namespace, &reference.name),
            key: &reference.key,
        };
        definition!(object, meta, spec, secret)
    }

    /// The Secrets that it takes values from.
    pub(crate) fn secrets(&self) -> impl Iterator<Item = &Name> {
        let patches = self.patches.iter().map(|(_, source)| source);
        patches
            .chain(&self.config_from)
            .map(|source| &source.secret)
    }

    /// The plugin.
    pub(super) fn plugin(&self, context: &Context<'_, '_>) -> Result<Plugin, Wrong> {
        let right = !context.settings.as_kong_does();
        if right && self.plugin.is_empty() {
            let message = format!("Invalid {}: empty plugin property", self.object.kind);
            return Err(Wrong("plugin", message, "name a plugin".to_owned()));
        }
        let mut tags = origin::tags(&self.object, self.meta, &[]);
        if right {
            origin::add_tags(&mut tags, self.tags);
        }
        let protocols: Vec<Protocol> = self
            .protocols
            .iter()
            .filter(|protocol| **protocol != crds::Protocol::Unknown)
            .filter_map(|protocol| serde_json::from_value(json!(protocol)).ok())
            .collect();
        let mut others = Map::new();
        // Kong itself has forgotten what that is, and refuses it.
        if !right && let Some(run_on) = self.run_on {
            others.insert("run_on".to_owned(), json!(run_on));
        }
        let plugin = Plugin {
            name: self.plugin.to_owned(),
            instance_name: self.instance_name.map(str::to_owned),
            config: Some(self.configuration(context)?)
                .filter(|config| !config.is_empty())
                .map(Members),
            enabled: self.disabled.then_some(false),
            protocols: Some(protocols).filter(|protocols| !protocols.is_empty()),
            ordering: self.ordering.map(ordering),
            tags: Some(tags),
            others: Members(others),
            ..Plugin::default()
        };
        match refusal(context, &plugin) {
            Some((field, message, remedy)) => Err(Wrong(field, message, remedy)),
            None => Ok(plugin),
        }
    }

    fn configuration(&self, context: &Context<'_, '_>) -> Result<Map<String, Value>, Wrong> {
        let object = &self.object;
        let mut config = Value::Object(self.config.cloned().unwrap_or_default());
        for (path, source) in &self.patches {
            let wrong = |reason: String| {
                let message = format!("could not parse {object} config: {reason}");
                Wrong(
                    "configPatches",
                    message,
                    "correct the patch or the Secret".to_owned(),
                )
            };
            let value = source.read(context).map_err(wrong)?;
            let value = serde_json::from_str(&value).map_err(|_| {
                wrong(format!(
                    "key '{}' in secret '{}' is no JSON",
                    source.key, source.secret
                ))
            })?;
            add(&mut config, path, value)
                .map_err(|reason| wrong(format!("path {path:?}: {reason}")))?;
        }
        let Value::Object(config) = config else {
            let message = format!("could not parse {object} config: it is no object");
            return Err(Wrong(
                "configPatches",
                message,
                "patch members of the configuration".to_owned(),
            ));
        };
        let Some(source) = &self.config_from else {
            return Ok(config);
        };
        if !config.is_empty() {
            let message = format!(
                "{} '{}' has both Config and ConfigFrom set",
                object.kind, object.name
            );
            return Err(Wrong(
                "configFrom",
                message,
                "remove one of the two".to_owned(),
            ));
        }
        let wrong = |reason: String| {
            let message = format!(
                "error parsing config for {} '{}': {reason}",
                object.kind, object.name
            );
            Wrong(
                "configFrom",
                message,
                "correct the reference or the Secret".to_owned(),
            )
        };
        let text = source.read(context).map_err(wrong)?;
        let parsed = serde_json::from_str::<Option<Map<String, Value>>>(&text).ok();
        let parsed = parsed.or_else(|| serde_yaml::from_str(&text).ok());
        // The reason of the parser may quote the value.
        match parsed {
            Some(config) => Ok(config.unwrap_or_default()),
            None => Err(wrong(format!(
                "key '{}' in secret '{}' contains neither valid JSON nor valid YAML",
                source.key, source.secret
            ))),
        }
    }
}

/// What Kong refuses of a plugin apart from its configuration, of which this gateway may know more than is known here.
fn refusal(context: &Context<'_, '_>, plugin: &Plugin) -> Option<(&'static str, String, String)> {
    for field in ["instance_name", "tags"] {
        let mut members = members(plugin);
        members.retain(|member, _| member == field || member == "name");
        if let Some((member, reason, remedy)) = acceptance::refusal(context, "plugins", &members)
            && member.starts_with(field)
        {
            return Some((
                field,
                format!("{member}: {reason}: the plugin is left out"),
                remedy,
            ));
        }
    }
    None
}

impl SecretKey<'_> {
    fn read(&self, context: &Context<'_, '_>) -> Result<String, String> {
        let Some((_, secret)) = context.get::<Secret>(&self.secret) else {
            return Err(format!(
                "error fetching plugin configuration secret '{}': Secret not found",
                self.secret
            ));
        };
        let Some(value) = secret.data.get(self.key) else {
            return Err(format!("no key '{}' in secret '{}'", self.key, self.secret));
        };
        String::from_utf8(value.clone())
            .map_err(|_| format!("key '{}' in secret '{}' is no text", self.key, self.secret))
    }
}

/// Before and after which others a plugin runs. Kong knows of one phase.
fn ordering(ordering: &crds::Ordering) -> Ordering {
    let phases = |phases: &BTreeMap<String, Vec<String>>| Phases {
        access: phases.get("access").cloned(),
    };
    Ordering {
        before: ordering.before.as_ref().map(phases),
        after: ordering.after.as_ref().map(phases),
    }
}
