//! KongPlugin: configuration of a plugin, for whatever refers to it.

use std::collections::BTreeMap;

use kube::CustomResource;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

#[cfg(feature = "schema")]
use crate::schema::blocks;
use crate::{Condition, object::object, status::Status};

/// Configuration of a plugin. Its fields stand at the top of the document, beside the metadata.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(not(feature = "schema"), kube(schema = "disabled"))]
#[kube(
    group = "configuration.konghq.com",
    version = "v1",
    kind = "KongPlugin",
    namespaced,
    no_spec,
    status = "KongPluginStatus",
    derive = "PartialEq",
    doc = "Configuration of a plugin, for whatever refers to it.",
    shortname = "kp",
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
pub struct KongPluginSpec {
    /// Name of the plugin. Cannot be changed.
    pub plugin: String,
    /// Configuration of the plugin, as the plugin defines it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(schema_with = "blocks::free_form"))]
    pub config: Option<Map<String, Value>>,
    /// The Secret that holds the whole configuration; not with config.
    #[serde(rename = "configFrom", skip_serializing_if = "Option::is_none")]
    pub config_from: Option<ConfigSource>,
    /// Values to put into the configuration from Secrets.
    #[serde(rename = "configPatches", skip_serializing_if = "Option::is_none")]
    pub config_patches: Option<Vec<ConfigPatch>>,
    /// The consumer that the plugin is for. Not used with Konnect.
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
    /// On which nodes of a service mesh the plugin runs. Not used with Konnect.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run_on: Option<RunOn>,
    /// Tags of the plugin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(schema_with = "blocks::tags"))]
    pub tags: Option<Vec<String>>,
}

/// Where configuration comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ConfigSource {
    /// The key of the Secret.
    #[serde(rename = "secretKeyRef")]
    pub secret_key_ref: SecretKeyRef,
}

/// A key of a Secret in the plugin's namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SecretKeyRef {
    /// Name of the Secret.
    pub name: String,
    /// The key; its value is JSON or YAML.
    pub key: String,
}

/// A value to put into the configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ConfigPatch {
    /// Where to put it: a JSON pointer.
    pub path: String,
    /// Where it comes from.
    #[serde(rename = "valueFrom")]
    pub value_from: ConfigSource,
}

/// Plugins that run earlier or later, by phase.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Ordering {
    /// Plugins that run earlier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<BTreeMap<String, Vec<String>>>,
    /// Plugins that run later.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<BTreeMap<String, Vec<String>>>,
}

/// A protocol that plugins can be limited to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// HTTP.
    Http,
    /// HTTP over TLS.
    Https,
    /// gRPC.
    Grpc,
    /// gRPC over TLS.
    Grpcs,
    /// TCP.
    Tcp,
    /// TLS.
    Tls,
    /// UDP.
    Udp,
    /// A value that is not known here.
    #[serde(other)]
    #[cfg_attr(feature = "schema", schemars(skip))]
    Unknown,
}

/// On which nodes of a service mesh a plugin runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum RunOn {
    /// On the first.
    First,
    /// On the second.
    Second,
    /// On all.
    All,
    /// A value that is not known here.
    #[serde(other)]
    #[cfg_attr(feature = "schema", schemars(skip))]
    Unknown,
}

/// Status of a KongPlugin.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct KongPluginStatus {
    /// What is right or wrong with the plugin.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(
        feature = "schema",
        schemars(schema_with = "blocks::programmed_conditions")
    )]
    pub conditions: Vec<Condition>,
}

impl Status for KongPluginStatus {
    fn conditions(&self) -> &[Condition] {
        &self.conditions
    }
}

object!(
    KongPlugin,
    fields: KongPluginSpec,
    status: KongPluginStatus,
    conditions: [PROGRAMMED],
);
