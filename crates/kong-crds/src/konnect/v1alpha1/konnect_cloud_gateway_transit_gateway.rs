//! KonnectCloudGatewayTransitGateway: what connects a network in Konnect with one of your own.

use kube::CustomResource;
use serde::{Deserialize, Serialize};

use crate::{adopt::Adopt, object::object, reference::ObjectRef, status::KonnectStatus};

/// A transit gateway: what connects a network in Konnect with one of your own.
#[derive(CustomResource, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(kube::KubeSchema))]
#[cfg_attr(not(feature = "schema"), kube(schema = "disabled"))]
#[kube(
    group = "konnect.konghq.com",
    version = "v1alpha1",
    kind = "KonnectCloudGatewayTransitGateway",
    namespaced,
    status = "KonnectCloudGatewayTransitGatewayStatus",
    derive = "PartialEq",
    doc = "A transit gateway: what connects a network in Konnect with one of your own.",
    category = "kong",
    category = "konnect",
    printcolumn(
        name = "Programmed",
        type_ = "string",
        json_path = ".status.conditions[?(@.type=='Programmed')].status"
    ),
    printcolumn(name = "State", type_ = "string", json_path = ".status.state"),
    printcolumn(name = "ID", type_ = "string", json_path = ".status.id"),
    printcolumn(name = "NetworkID", type_ = "string", json_path = ".status.networkID"),
    printcolumn(name = "OrgID", type_ = "string", json_path = ".status.organizationID")
)]
#[cfg_attr(
    feature = "schema",
    kube(
        validation = Rule::new("(!has(self.status) || !self.status.conditions.exists(c, c.type \
             == 'Programmed' && c.status == 'True')) ? true : (!has(self.spec.awsTransitGateway) ? \
             true : oldSelf.spec.awsTransitGateway.name == self.spec.awsTransitGateway.name)")
            .message("spec.awsTransitGateway.name is immutable when transit gateway is already \
                 Programmed"),
        validation = Rule::new("(!has(self.status) || !self.status.conditions.exists(c, c.type \
             == 'Programmed' && c.status == 'True')) ? true : (!has(self.spec.azureTransitGateway) ? \
             true : oldSelf.spec.azureTransitGateway.name == self.spec.azureTransitGateway.name)")
            .message("spec.azureTransitGateway.name is immutable when transit gateway is already \
                 Programmed"),
    ),
    x_kube(
        validation = Rule::new("self.networkRef.type == 'namespacedRef'")
            .message("only namespacedRef is supported currently"),
        validation = Rule::new("self.type == oldSelf.type").message("spec.type is immutable"),
        validation = Rule::new("self.type == 'AWSTransitGateway' ? \
             has(self.awsTransitGateway) : true")
            .message("must set spec.awsTransitGateway when spec.type is 'AWSTransitGateway'"),
        validation = Rule::new("self.type != 'AWSTransitGateway' ? \
             !has(self.awsTransitGateway) : true")
            .message("must not set spec.awsTransitGateway when spec.type is not \
                 'AWSTransitGateway'"),
        validation = Rule::new("self.type == 'AzureTransitGateway' ? \
             has(self.azureTransitGateway) : true")
            .message("must set spec.azureTransitGateway when spec.type is 'AzureTransitGateway'"),
        validation = Rule::new("self.type != 'AzureTransitGateway' ? \
             !has(self.azureTransitGateway) : true")
            .message("must not set spec.azureTransitGateway when spec.type is not \
                 'AzureTransitGateway'"),
    )
)]
#[serde(rename_all = "camelCase")]
pub struct KonnectCloudGatewayTransitGatewaySpec {
    /// The KonnectCloudGatewayNetwork that is connected, in the same namespace; the account is that of the network.
    pub network_ref: ObjectRef,
    /// Whose transit gateway it is. Cannot be changed.
    #[serde(rename = "type")]
    pub type_: TransitGatewayType,
    /// The one of AWS; required with type AWSTransitGateway.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aws_transit_gateway: Option<AwsTransitGateway>,
    /// The one of Azure; required with type AzureTransitGateway.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub azure_transit_gateway: Option<AzureTransitGateway>,
    /// An existing transit gateway in Konnect to take over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub adopt: Option<Adopt>,
}

/// Whose transit gateways can be connected with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum TransitGatewayType {
    /// Those of AWS.
    #[serde(rename = "AWSTransitGateway")]
    Aws,
    /// Those of Azure.
    #[serde(rename = "AzureTransitGateway")]
    Azure,
    /// A value that is not known here.
    #[serde(other)]
    #[cfg_attr(feature = "schema", schemars(skip))]
    Unknown,
}

/// A transit gateway of AWS.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AwsTransitGateway {
    /// Name of the transit gateway.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 120)))]
    pub name: String,
    /// What it is attached to.
    pub attachment_config: AwsAttachment,
    /// The addresses that are reached through it.
    pub cidr_blocks: Vec<String>,
    /// Names that are asked of other DNS servers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dns_config: Option<Vec<DnsConfig>>,
}

/// What a transit gateway of AWS is attached to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AwsAttachment {
    /// ARN of the resource share with the transit gateway.
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    pub ram_share_arn: String,
    /// Id of the transit gateway at AWS.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    pub transit_gateway_id: Option<String>,
}

/// A transit gateway of Azure.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AzureTransitGateway {
    /// Name of the transit gateway.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 120)))]
    pub name: String,
    /// What it is attached to.
    pub attachment_config: AzureAttachment,
    /// Names that are asked of other DNS servers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dns_config: Option<Vec<DnsConfig>>,
}

/// What a transit gateway of Azure is attached to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AzureAttachment {
    /// Name of the resource group.
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    pub resource_group_name: String,
    /// Id of the subscription.
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    pub subscription_id: String,
    /// Id of the tenant.
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    pub tenant_id: String,
    /// Name of the virtual network.
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    pub vnet_name: String,
}

/// Names that are asked of other DNS servers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct DnsConfig {
    /// The domains.
    pub domain_proxy_list: Vec<String>,
    /// Addresses of the servers.
    pub remote_dns_server_ip_addresses: Vec<String>,
}

/// Status of a KonnectCloudGatewayTransitGateway.
pub type KonnectCloudGatewayTransitGatewayStatus = KonnectStatus<TransitGatewayState>;

/// What Konnect says of a transit gateway.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TransitGatewayState {
    /// Id of the network.
    #[serde(rename = "networkID", skip_serializing_if = "Option::is_none")]
    pub network_id: Option<String>,
    /// How far the transit gateway is, such as `initializing` or `ready`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
}

object!(
    KonnectCloudGatewayTransitGateway,
    spec: KonnectCloudGatewayTransitGatewaySpec,
    status: KonnectCloudGatewayTransitGatewayStatus,
    conditions: [
        PROGRAMMED, RESOLVED_REFS, API_AUTH_RESOLVED_REF, API_AUTH_VALID, NETWORK_REFS_VALID,
        ADOPTED,
    ],
);
