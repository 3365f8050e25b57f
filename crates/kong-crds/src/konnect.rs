//! Kinds of the group `konnect.konghq.com`: what exists in Konnect alone.

pub mod v1alpha1;
pub mod v1alpha2;
