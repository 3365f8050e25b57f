//! KonnectCloudGatewayNetwork: a network that Konnect runs data planes in.

use kube::CustomResource;
use serde::{Deserialize, Serialize};

#[cfg(feature = "schema")]
use crate::schema::rules;
use crate::{
    adopt::Adopt, konnect::v1alpha2::KonnectConfiguration, object::object, status::KonnectStatus,
};

/// A network of a cloud provider that Konnect runs data planes in.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(kube::KubeSchema))]
#[cfg_attr(not(feature = "schema"), kube(schema = "disabled"))]
#[kube(
    group = "konnect.konghq.com",
    version = "v1alpha1",
    kind = "KonnectCloudGatewayNetwork",
    namespaced,
    status = "KonnectCloudGatewayNetworkStatus",
    derive = "PartialEq",
    doc = "A network of a cloud provider that Konnect runs data planes in.",
    category = "kong",
    category = "konnect",
    printcolumn(
        name = "Programmed",
        type_ = "string",
        json_path = ".status.conditions[?(@.type=='Programmed')].status"
    ),
    printcolumn(name = "State", type_ = "string", json_path = ".status.state"),
    printcolumn(name = "ID", type_ = "string", json_path = ".status.id"),
    printcolumn(name = "OrgID", type_ = "string", json_path = ".status.organizationID")
)]
#[cfg_attr(
    feature = "schema",
    kube(
        validation = rules::is_frozen("name"),
        validation = rules::is_frozen("cloud_gateway_provider_account_id"),
        validation = rules::is_frozen("region"),
        validation = rules::is_frozen("availability_zones"),
        validation = rules::is_frozen("cidr_block"),
        validation = Rule::new("(!has(self.status) || !self.status.conditions.exists(c, c.type \
             == 'Programmed' && c.status == 'True')) ? true : (!has(self.spec.state) && \
             !has(oldSelf.spec.state)) || self.spec.state == oldSelf.spec.state")
            .message("spec.state is immutable when an entity is already Programmed"),
    ),
    x_kube(validation = rules::adopt_is_kept())
)]
pub struct KonnectCloudGatewayNetworkSpec {
    /// Name of the network.
    pub name: String,
    /// Id of the account of the cloud provider, as Konnect knows it.
    pub cloud_gateway_provider_account_id: String,
    /// Region of the cloud provider, such as `eu-west-1`.
    pub region: String,
    /// Zones of the region.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 5)))]
    pub availability_zones: Vec<String>,
    /// The addresses of the network, such as `10.0.0.0/8`.
    pub cidr_block: String,
    /// The state to begin with: `initializing` or `offline`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// An existing network in Konnect to take over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub adopt: Option<Adopt>,
    /// The account of Konnect that the network belongs to.
    pub konnect: KonnectConfiguration,
}

/// Status of a KonnectCloudGatewayNetwork.
pub type KonnectCloudGatewayNetworkStatus = KonnectStatus<NetworkState>;

/// What Konnect says of a network.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct NetworkState {
    /// How far the network is: data planes can be put into it once it is `ready`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
}

object!(
    KonnectCloudGatewayNetwork,
    spec: KonnectCloudGatewayNetworkSpec,
    status: KonnectCloudGatewayNetworkStatus,
    conditions: [PROGRAMMED, RESOLVED_REFS, API_AUTH_RESOLVED_REF, API_AUTH_VALID, ADOPTED],
);
