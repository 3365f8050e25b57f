//! KongRoute: which requests go to a service.

use std::collections::BTreeMap;

use kube::CustomResource;
use serde::{Deserialize, Serialize};

#[cfg(feature = "schema")]
use crate::schema::{blocks, rules};
use crate::{
    adopt::Adopt,
    object::object,
    reference::{ControlPlaneRef, ServiceRef},
    status::EntityStatus,
};

/// A route: the requests that go to a service.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(kube::KubeSchema))]
#[cfg_attr(not(feature = "schema"), kube(schema = "disabled"))]
#[kube(
    group = "configuration.konghq.com",
    version = "v1alpha1",
    kind = "KongRoute",
    namespaced,
    status = "KongRouteStatus",
    derive = "PartialEq",
    doc = "A route: the requests that go to a service.",
    category = "kong",
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
        validation = Rule::new("has(self.spec.protocols) && self.spec.protocols.exists(p, p \
             == 'http') ? (has(self.spec.hosts) || has(self.spec.methods) || \
             has(self.spec.paths) || has(self.spec.paths) || has(self.spec.paths) || \
             has(self.spec.headers) ) : true")
            .message("If protocols has 'http', at least one of 'hosts', 'methods', 'paths' \
                 or 'headers' must be set"),
        validation = rules::control_plane_is_kept(),
        validation = Rule::new("(!has(self.spec) || !has(self.spec.controlPlaneRef)) ? true \
             : (!has(self.status) || !self.status.conditions.exists(c, c.type == \
             'Programmed' && c.status == 'True')) ? true : oldSelf.spec.controlPlaneRef == \
             self.spec.controlPlaneRef")
            .message("spec.controlPlaneRef is immutable when an entity is already Programmed"),
        validation = rules::id_is_immutable(),
    ),
    x_kube(
        validation = rules::control_plane_is_not_ingress_controller(),
        validation = Rule::new("!has(self.adopt) ? true : (has(self.serviceRef) || \
             (has(self.controlPlaneRef) && self.controlPlaneRef.type == \
             'konnectNamespacedRef'))")
            .message("spec.adopt is allowed only when serviceRef exists or controlPlaneRef \
                 is konnectNamespacedRef"),
        validation = rules::adopt_is_kept(),
    )
)]
pub struct KongRouteSpec {
    /// The control plane of a route without a service.
    #[serde(rename = "controlPlaneRef", skip_serializing_if = "Option::is_none")]
    pub control_plane_ref: Option<ControlPlaneRef>,
    /// The service that the requests go to; the control plane is that of the service.
    #[serde(rename = "serviceRef", skip_serializing_if = "Option::is_none")]
    pub service_ref: Option<ServiceRef>,
    /// An existing route in Konnect to take over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub adopt: Option<Adopt>,
    /// Destinations of connections, for stream protocols.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub destinations: Option<Vec<Endpoint>>,
    /// Values that headers must have.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub headers: Option<BTreeMap<String, Vec<String>>>,
    /// Hosts of requests.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hosts: Option<Vec<String>>,
    /// Status that plain HTTP is answered with when the route wants HTTPS.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub https_redirect_status_code: Option<i64>,
    /// Id of the route. Cannot be changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Methods of requests.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub methods: Option<Vec<String>>,
    /// Name of the route.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// How the paths of service, route and request are put together: `v0` or `v1`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path_handling: Option<String>,
    /// Paths of requests: prefixes, or regular expressions after `~`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub paths: Option<Vec<String>>,
    /// Whether the host of the request is kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preserve_host: Option<bool>,
    /// Protocols of requests.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub protocols: Option<Vec<String>>,
    /// Which of several matching regular expressions wins: the highest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub regex_priority: Option<i64>,
    /// Whether requests are buffered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_buffering: Option<bool>,
    /// Whether responses are buffered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response_buffering: Option<bool>,
    /// Server names of TLS connections.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub snis: Option<Vec<String>>,
    /// Sources of connections, for stream protocols.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sources: Option<Vec<Endpoint>>,
    /// Whether the matched prefix is taken off the path.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub strip_path: Option<bool>,
    /// Tags of the route.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(schema_with = "blocks::tags"))]
    pub tags: Option<Vec<String>>,
}

/// One end of a connection.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Endpoint {
    /// Address or network in CIDR notation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ip: Option<String>,
    /// Port.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<i64>,
}

/// Status of a KongRoute.
pub type KongRouteStatus = EntityStatus<RouteIds>;

/// Ids that a route belongs to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RouteIds {
    /// Id of the control plane.
    #[serde(rename = "controlPlaneID", skip_serializing_if = "Option::is_none")]
    pub control_plane_id: Option<String>,
    /// Id of the service.
    #[serde(rename = "serviceID", skip_serializing_if = "Option::is_none")]
    pub service_id: Option<String>,
}

object!(
    KongRoute,
    spec: KongRouteSpec,
    status: KongRouteStatus,
    conditions: [
        PROGRAMMED, CONTROL_PLANE_REF_VALID, RESOLVED_REFS, API_AUTH_RESOLVED_REF, API_AUTH_VALID,
        SERVICE_REF_VALID, PLUGIN_REF_VALID, ADOPTED,
    ],
);
