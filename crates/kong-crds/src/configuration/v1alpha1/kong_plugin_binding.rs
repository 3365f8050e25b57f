//! KongPluginBinding: a KongPlugin in use, for a service, a route, a consumer or everybody.

use kube::CustomResource;
use serde::{Deserialize, Serialize};

#[cfg(feature = "schema")]
use crate::schema::{blocks, rules};
use crate::{
    adopt::Adopt,
    object::object,
    reference::ControlPlaneRef,
    status::{ControlPlaneId, EntityStatus},
};

/// Puts a KongPlugin into use: for a service, a route, a consumer, or a whole control plane.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(kube::KubeSchema))]
#[cfg_attr(not(feature = "schema"), kube(schema = "disabled"))]
#[kube(
    group = "configuration.konghq.com",
    version = "v1alpha1",
    kind = "KongPluginBinding",
    namespaced,
    status = "KongPluginBindingStatus",
    derive = "PartialEq",
    doc = "Puts a KongPlugin into use: for a service, a route, a consumer, or a whole control plane.",
    category = "kong",
    printcolumn(
        name = "Plugin-kind",
        type_ = "string",
        json_path = ".spec.pluginRef.kind"
    ),
    printcolumn(
        name = "Plugin-name",
        type_ = "string",
        json_path = ".spec.pluginRef.name"
    ),
    printcolumn(
        name = "Programmed",
        type_ = "string",
        json_path = ".status.conditions[?(@.type=='Programmed')].status"
    ),
    printcolumn(
        name = "Age",
        type_ = "date",
        json_path = ".metadata.creationTimestamp"
    )
)]
#[cfg_attr(
    feature = "schema",
    kube(
        validation = rules::control_plane_is_kept(),
        validation = rules::control_plane_is_frozen(),
    ),
    x_kube(
        validation = Rule::new("self.scope == 'OnlyTargets' ? has(self.targets) && \
             (has(self.targets.routeRef) || has(self.targets.serviceRef) || \
             has(self.targets.consumerRef) || has(self.targets.consumerGroupRef)) : true")
            .message("At least one target reference must be set when scope is 'OnlyTargets'"),
        validation = Rule::new("self.scope == 'GlobalInControlPlane' ? !has(self.targets) : true")
            .message("No targets must be set when scope is 'GlobalInControlPlane'"),
        validation = rules::adopt_needs_control_plane(),
        validation = rules::adopt_is_kept(),
    )
)]
#[serde(rename_all = "camelCase")]
pub struct KongPluginBindingSpec {
    /// The control plane that the plugin is used in.
    pub control_plane_ref: ControlPlaneRef,
    /// The plugin.
    pub plugin_ref: PluginRef,
    /// For whom the plugin is.
    #[serde(default)]
    pub scope: PluginScope,
    /// What the plugin is for; required with scope OnlyTargets, in the namespace of the binding.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub targets: Option<PluginTargets>,
    /// An existing plugin in Konnect to take over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub adopt: Option<Adopt>,
    /// Not used: the plugin gets the tags in the annotation `konghq.com/tags` of the KongPlugin and
    /// of the binding.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(schema_with = "blocks::tags"))]
    pub tags: Option<Vec<String>>,
}

/// Names the plugin that is put into use.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(kube::KubeSchema))]
#[cfg_attr(
    feature = "schema",
    x_kube(
        validation = Rule::new("self.name != ''").message("pluginRef name must be set"),
        validation = Rule::new("self.kind == 'KongPlugin' || !has(self.__namespace__)")
            .message("Namespace can be set only when kind is 'KongPlugin'"),
    )
)]
pub struct PluginRef {
    /// The kind of the plugin.
    #[serde(default)]
    pub kind: PluginKind,
    /// Name of the plugin.
    pub name: String,
    /// Namespace of the KongPlugin; without one, that of the binding. Another namespace needs a
    /// KongReferenceGrant there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
}

/// The kinds that hold configuration of plugins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum PluginKind {
    /// A KongPlugin.
    #[default]
    KongPlugin,
    /// A KongClusterPlugin.
    KongClusterPlugin,
    /// A value that is not known here.
    #[serde(other)]
    #[cfg_attr(feature = "schema", schemars(skip))]
    Unknown,
}

/// For whom a plugin is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum PluginScope {
    /// For its targets.
    #[default]
    OnlyTargets,
    /// For every request in the control plane.
    GlobalInControlPlane,
    /// A value that is not known here.
    #[serde(other)]
    #[cfg_attr(feature = "schema", schemars(skip))]
    Unknown,
}

/// What a plugin is for: requests that all of these have to do with.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(kube::KubeSchema))]
#[cfg_attr(
    feature = "schema",
    x_kube(
        validation = Rule::new("(has(self.consumerRef) ? !has(self.consumerGroupRef) : true)")
            .message("Cannot set Consumer and ConsumerGroup at the same time"),
        validation = Rule::new("(has(self.routeRef) && self.routeRef.kind == 'KongRoute') ? \
             (!has(self.serviceRef) || self.serviceRef.kind == 'KongService') : true")
            .message("KongRoute can be used only when serviceRef is unset or set to KongService"),
        validation = Rule::new("(has(self.serviceRef) && self.serviceRef.kind == 'KongService') ? \
             (!has(self.routeRef) || self.routeRef.kind == 'KongRoute') : true")
            .message("KongService can be used only when routeRef is unset or set to KongRoute"),
    )
)]
pub struct PluginTargets {
    /// A route.
    #[serde(rename = "routeRef", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "schema",
        schemars(extend("x-kubernetes-validations" = [route_target()]))
    )]
    pub route: Option<PluginTarget>,
    /// A service.
    #[serde(rename = "serviceRef", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "schema",
        schemars(extend("x-kubernetes-validations" = [service_target()]))
    )]
    pub service: Option<PluginTarget>,
    /// A KongConsumer.
    #[serde(rename = "consumerRef", skip_serializing_if = "Option::is_none")]
    pub consumer: Option<ConsumerTarget>,
    /// A KongConsumerGroup.
    #[serde(rename = "consumerGroupRef", skip_serializing_if = "Option::is_none")]
    pub consumer_group: Option<ConsumerTarget>,
}

/// Names a route or a service. Group and kind stay text: which of them can be used is not a matter
/// of reading.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PluginTarget {
    /// Its API group.
    #[cfg_attr(
        feature = "schema",
        schemars(extend("enum" = [
            "", "core", "networking.k8s.io", "gateway.networking.k8s.io",
            "configuration.konghq.com",
        ]))
    )]
    pub group: String,
    /// Its kind; only KongRoute and KongService can be used.
    #[cfg_attr(
        feature = "schema",
        schemars(extend("enum" = [
            "Service", "Ingress", "HTTPRoute", "GRPCRoute", "KongService", "KongRoute",
        ]))
    )]
    pub kind: String,
    /// Its name.
    pub name: String,
}

/// Names a consumer or a group of consumers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ConsumerTarget {
    /// Its name.
    pub name: String,
}

#[cfg(feature = "schema")]
fn route_target() -> kube::core::Rule {
    kube::core::Rule::new(
        "(self.kind == 'KongRoute' && self.group == 'configuration.konghq.com') || (self.kind == \
         'Ingress' && self.group == 'networking.k8s.io') || (self.kind == 'HTTPRoute' && \
         self.group == 'gateway.networking.k8s.io') || (self.kind == 'GRPCRoute' && self.group == \
         'gateway.networking.k8s.io')",
    )
    .message("group/kind not allowed for the routeRef")
}

#[cfg(feature = "schema")]
fn service_target() -> kube::core::Rule {
    kube::core::Rule::new(
        "(self.kind == 'KongService' && self.group == 'configuration.konghq.com') || (self.kind \
         == 'Service' && (self.group == '' || self.group == 'core'))",
    )
    .message("group/kind not allowed for the serviceRef")
}

/// Status of a KongPluginBinding.
pub type KongPluginBindingStatus = EntityStatus<ControlPlaneId>;

object!(
    KongPluginBinding,
    spec: KongPluginBindingSpec,
    status: KongPluginBindingStatus,
    conditions: [
        PROGRAMMED, CONTROL_PLANE_REF_VALID, RESOLVED_REFS, API_AUTH_RESOLVED_REF, API_AUTH_VALID,
        PLUGIN_REF_VALID, TARGET_REFS_VALID, ADOPTED,
    ],
);
