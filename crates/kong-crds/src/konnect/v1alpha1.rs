//! Kinds of `konnect.konghq.com/v1alpha1`. One file a kind.

mod konnect_api_auth_configuration;
mod konnect_cloud_gateway_data_plane_group_configuration;
mod konnect_cloud_gateway_network;
mod konnect_cloud_gateway_transit_gateway;
mod konnect_config_store;
mod konnect_extension;
mod konnect_gateway_control_plane;

pub use konnect_api_auth_configuration::*;
pub use konnect_cloud_gateway_data_plane_group_configuration::*;
pub use konnect_cloud_gateway_network::*;
pub use konnect_cloud_gateway_transit_gateway::*;
pub use konnect_config_store::*;
pub use konnect_extension::*;
pub use konnect_gateway_control_plane::*;
