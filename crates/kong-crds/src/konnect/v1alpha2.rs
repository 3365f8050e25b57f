//! Kinds of `konnect.konghq.com/v1alpha2`. One file a kind.

mod konnect_extension;
mod konnect_gateway_control_plane;

pub use konnect_extension::*;
pub use konnect_gateway_control_plane::*;
