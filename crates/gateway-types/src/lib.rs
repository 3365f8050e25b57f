#![doc = include_str!("../README.md")]

#[cfg(feature = "definitions")]
mod definitions;
mod filter;
mod gateway;
mod gateway_class;
mod grpc_route;
mod http_route;
pub mod kubernetes;
mod listener;
mod listener_set;
mod policy;
mod reference;
mod reference_grant;
mod route;
mod stream_route;
mod wire;

#[cfg(feature = "definitions")]
pub use definitions::DEFINITIONS;
pub use filter::*;
pub use gateway::*;
pub use gateway_class::*;
pub use grpc_route::*;
pub use http_route::*;
pub use k8s_openapi::apimachinery::pkg::{
    apis::meta::v1::{Condition, LabelSelector, ObjectMeta},
    util::intstr::IntOrString,
};
pub use listener::*;
pub use listener_set::*;
pub use policy::*;
pub use reference::*;
pub use reference_grant::*;
pub use route::*;
pub use stream_route::*;

/// API group of the Gateway API: the default of references to Gateways.
pub const GROUP: &str = "gateway.networking.k8s.io";
