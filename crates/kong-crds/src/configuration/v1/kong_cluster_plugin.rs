//! KongClusterPlugin: configuration of a plugin, for whatever refers to it in any namespace.

use kube::CustomResource;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{KongPluginStatus, Ordering, Protocol, RunOn};
use crate::object::object;
#[cfg(feature = "schema")]
use crate::schema::blocks;

/// Configuration of a plugin, for whatever refers to it in any namespace; for everything, with the label
/// `global: "true"`. Its fields stand at the top of the document, beside the metadata.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(not(feature = "schema"), kube(schema = "disabled"))]
#[kube(
    group = "configuration.konghq.com",
    version = "v1",
    kind = "KongClusterPlugin",
    no_spec,
    status = "KongPluginStatus",
    derive = "PartialEq",
    doc = "Configuration of a plugin, for whatever refers to it in any namespace.",
    shortname = "kcp",
    category = "kong",
    printcolumn(name = "Plugin-Type", type_ = "string", json_path = ".plugin"),
    printcolumn(
        name = "Age",
        type_ = "date",
        json_path = ".metadata.creationTimestamp"
    ),
    printcolumn(
        name = "Disabled",
        type_ = "boolean",
        json_path = ".disabled",
        priority = 1
    ),
    printcolumn(name = "Config", type_ = "string", json_path = ".config", priority = 1),
    printcolumn(
        name = "Programmed",
        type_ = "string",
        json_path = r#".status.conditions[?(@.type=="Programmed")].status"#
    )
)]
#[cfg_attr(
    feature = "schema",
    kube(
        validation = Rule::new("!(has(self.config) && has(self.configFrom))")
            .message("Using both config and configFrom fields is not allowed."),
        validation = Rule::new("!(has(self.configFrom) && has(self.configPatches))")
            .message("Using both configFrom and configPatches fields is not allowed."),
        validation = Rule::new("self.plugin == oldSelf.plugin")
            .message("The plugin field is immutable"),
    )
)]
pub struct KongClusterPluginSpec {
    /// Name of the plugin. Cannot be changed.
    pub plugin: String,
    /// Configuration of the plugin, as the plugin defines it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(schema_with = "blocks::free_form"))]
    pub config: Option<Map<String, Value>>,
    /// The Secret that holds the whole configuration; not with config.
    #[serde(rename = "configFrom", skip_serializing_if = "Option::is_none")]
    pub config_from: Option<NamespacedConfigSource>,
    /// Values to put into the configuration from Secrets.
    #[serde(rename = "configPatches", skip_serializing_if = "Option::is_none")]
    pub config_patches: Option<Vec<NamespacedConfigPatch>>,
    /// The consumer that the plugin is for. Not used.
    #[serde(rename = "consumerRef", skip_serializing_if = "Option::is_none")]
    pub consumer_ref: Option<String>,
    /// Whether the plugin is switched off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disabled: Option<bool>,
    /// Name of this use of the plugin.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance_name: Option<String>,
    /// Plugins that run earlier or later.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ordering: Option<Ordering>,
    /// Protocols of the requests that the plugin is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub protocols: Option<Vec<Protocol>>,
    /// On which nodes of a service mesh the plugin runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run_on: Option<RunOn>,
    /// Tags of the plugin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(schema_with = "blocks::tags"))]
    pub tags: Option<Vec<String>>,
}

/// Where configuration comes from, in whatever namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct NamespacedConfigSource {
    /// The key of the Secret.
    #[serde(rename = "secretKeyRef")]
    pub secret_key_ref: NamespacedSecretKeyRef,
}

/// A key of a Secret, in whatever namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct NamespacedSecretKeyRef {
    /// Namespace of the Secret.
    pub namespace: String,
    /// Name of the Secret.
    pub name: String,
    /// The key; its value is JSON or YAML.
    pub key: String,
}

/// A value to put into the configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct NamespacedConfigPatch {
    /// Where to put it: a JSON pointer.
    pub path: String,
    /// Where it comes from.
    #[serde(rename = "valueFrom")]
    pub value_from: NamespacedConfigSource,
}

object!(
    KongClusterPlugin,
    fields: KongClusterPluginSpec,
    status: KongPluginStatus,
    conditions: [PROGRAMMED],
);
