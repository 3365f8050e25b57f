//! Kinds of `konnect.konghq.com/v1alpha1`. One file a kind.

mod konnect_api_auth_configuration;
mod konnect_gateway_control_plane;

pub use konnect_api_auth_configuration::*;
pub use konnect_gateway_control_plane::*;
