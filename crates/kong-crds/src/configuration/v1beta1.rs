//! Kinds of `configuration.konghq.com/v1beta1`. One file a kind.

mod kong_consumer_group;
mod kong_upstream_policy;

pub use kong_consumer_group::*;
pub use kong_upstream_policy::*;
