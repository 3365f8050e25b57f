//! KonnectCloudGatewayDataPlaneGroupConfiguration: the data planes that Konnect runs for a control plane.

use kube::CustomResource;
use serde::{Deserialize, Serialize};

#[cfg(feature = "schema")]
use crate::schema::rules;
use crate::{
    adopt::Adopt,
    object::object,
    reference::{ControlPlaneRef, ObjectRef},
    status::KonnectStatus,
};

/// The data planes that Konnect runs for a control plane: where, how many, and of which version.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(kube::KubeSchema))]
#[cfg_attr(not(feature = "schema"), kube(schema = "disabled"))]
#[kube(
    group = "konnect.konghq.com",
    version = "v1alpha1",
    kind = "KonnectCloudGatewayDataPlaneGroupConfiguration",
    namespaced,
    status = "KonnectCloudGatewayDataPlaneGroupConfigurationStatus",
    derive = "PartialEq",
    doc = "The data planes that Konnect runs for a control plane: where, how many, and of which version.",
    category = "kong",
    category = "konnect",
    printcolumn(
        name = "Programmed",
        type_ = "string",
        json_path = ".status.conditions[?(@.type=='Programmed')].status"
    ),
    printcolumn(name = "ID", type_ = "string", json_path = ".status.id"),
    printcolumn(
        name = "ControlPlaneID",
        type_ = "string",
        json_path = ".status.controlPlaneID"
    ),
    printcolumn(name = "OrgID", type_ = "string", json_path = ".status.organizationID"),
    printcolumn(
        name = "Age",
        type_ = "date",
        json_path = ".metadata.creationTimestamp"
    )
)]
#[cfg_attr(
    feature = "schema",
    x_kube(
        validation = rules::adopt_needs_control_plane(),
        validation = rules::adopt_is_kept(),
    )
)]
pub struct KonnectCloudGatewayDataPlaneGroupConfigurationSpec {
    /// The control plane that the data planes belong to.
    #[serde(rename = "controlPlaneRef")]
    #[cfg_attr(
        feature = "schema",
        schemars(extend("x-kubernetes-validations" = [
            rules::named_control_plane_is_set(),
            rules::ingress_controller_is_not_named(),
            rules::untyped_control_plane_is_not_named(),
        ]))
    )]
    pub control_plane_ref: ControlPlaneRef,
    /// The version of Kong Gateway that they run, such as `3.13`.
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    pub version: String,
    /// From where they can be reached.
    #[serde(default)]
    pub api_access: ApiAccess,
    /// The groups of data planes, each in a network.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dataplane_groups: Option<Vec<DataPlaneGroup>>,
    /// An existing configuration in Konnect to take over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub adopt: Option<Adopt>,
}

/// From where data planes can be reached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum ApiAccess {
    /// From networks that theirs is connected with.
    Private,
    /// From everywhere.
    Public,
    /// From both, under a name each.
    #[default]
    #[serde(rename = "private+public")]
    PrivateAndPublic,
    /// A value that is not known here.
    #[serde(other)]
    #[cfg_attr(feature = "schema", schemars(skip))]
    Unknown,
}

/// Data planes in one network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct DataPlaneGroup {
    /// Name of the cloud provider, such as `aws`.
    pub provider: String,
    /// Region of the cloud provider.
    pub region: String,
    /// The KonnectCloudGatewayNetwork that they are in, in the same namespace, or its id in Konnect.
    #[serde(rename = "networkRef")]
    pub network_ref: ObjectRef,
    /// How many they are.
    pub autoscale: Autoscale,
    /// Environment variables of Kong Gateway.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment: Option<Vec<EnvironmentVariable>>,
}

/// How many data planes there are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(kube::KubeSchema))]
#[cfg_attr(
    feature = "schema",
    x_kube(
        validation = Rule::new("!(has(self.autopilot) && has(self.static))")
            .message("can't provide both autopilot and static configuration"),
        validation = Rule::new("self.type == 'static' ? has(self.static) : true")
            .message("static is required when type is static"),
        validation = Rule::new("self.type == 'autopilot' ? has(self.autopilot) : true")
            .message("autopilot is required when type is autopilot"),
    )
)]
pub struct Autoscale {
    /// Who decides that.
    #[serde(rename = "type")]
    pub type_: AutoscaleType,
    /// As many as the requests need; required with type autopilot.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub autopilot: Option<Autopilot>,
    /// A number that does not change; required with type static. Deprecated.
    #[serde(rename = "static", skip_serializing_if = "Option::is_none")]
    pub static_: Option<StaticScale>,
}

/// Who decides how many data planes there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum AutoscaleType {
    /// The object. Deprecated.
    Static,
    /// Konnect, by the number of requests.
    Autopilot,
    /// A value that is not known here.
    #[serde(other)]
    #[cfg_attr(feature = "schema", schemars(skip))]
    Unknown,
}

/// Data planes for a number of requests.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Autopilot {
    /// The requests a second that there is always room for.
    pub base_rps: i64,
    /// The requests a second that there is room for at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_rps: Option<i64>,
}

/// A number of data planes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct StaticScale {
    /// How large each is: `small`, `medium` or `large`.
    pub instance_type: String,
    /// How many there are.
    pub requested_instances: i64,
}

/// An environment variable of Kong Gateway.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct EnvironmentVariable {
    /// Its name, which begins with `KONG_`.
    #[cfg_attr(
        feature = "schema",
        schemars(length(min = 1, max = 63), regex(pattern = "^KONG_."))
    )]
    pub name: String,
    /// Its value.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 63)))]
    pub value: String,
}

/// Status of a KonnectCloudGatewayDataPlaneGroupConfiguration.
pub type KonnectCloudGatewayDataPlaneGroupConfigurationStatus = KonnectStatus<DataPlaneGroups>;

/// What Konnect says of the groups of data planes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct DataPlaneGroups {
    /// Id of the control plane.
    #[serde(rename = "controlPlaneID", skip_serializing_if = "Option::is_none")]
    pub control_plane_id: Option<String>,
    /// The groups as they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dataplane_groups: Option<Vec<DataPlaneGroupState>>,
}

/// A group of data planes as it is in Konnect.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct DataPlaneGroupState {
    /// Id of the group.
    pub id: String,
    /// Id of the network.
    pub cloud_gateway_network_id: String,
    /// Name of the cloud provider.
    pub provider: String,
    /// Region of the cloud provider.
    pub region: String,
    /// How far the group is, such as `initializing` or `ready`.
    pub state: String,
    /// Addresses that its requests come from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub egress_ip_addresses: Option<Vec<String>>,
    /// Addresses that it has in its network.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub private_ip_addresses: Option<Vec<String>>,
}

object!(
    KonnectCloudGatewayDataPlaneGroupConfiguration,
    spec: KonnectCloudGatewayDataPlaneGroupConfigurationSpec,
    status: KonnectCloudGatewayDataPlaneGroupConfigurationStatus,
    conditions: [
        PROGRAMMED, CONTROL_PLANE_REF_VALID, RESOLVED_REFS, API_AUTH_RESOLVED_REF, API_AUTH_VALID,
        NETWORK_REFS_VALID, ADOPTED,
    ],
);
