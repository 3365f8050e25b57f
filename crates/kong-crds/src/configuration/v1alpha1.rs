//! Kinds of `configuration.konghq.com/v1alpha1`. One file a kind.

mod ingress_class_parameters;
mod kong_certificate;
mod kong_custom_entity;
mod kong_license;
mod kong_plugin_binding;
mod kong_reference_grant;
mod kong_route;
mod kong_service;
mod kong_target;
mod kong_upstream;
mod kong_vault;

pub use ingress_class_parameters::*;
pub use kong_certificate::*;
pub use kong_custom_entity::*;
pub use kong_license::*;
pub use kong_plugin_binding::*;
pub use kong_reference_grant::*;
pub use kong_route::*;
pub use kong_service::*;
pub use kong_target::*;
pub use kong_upstream::*;
pub use kong_vault::*;
