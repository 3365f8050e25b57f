//! Kinds of the group `configuration.konghq.com`: Kong's own configuration.

pub mod v1;
pub mod v1alpha1;
pub mod v1beta1;
