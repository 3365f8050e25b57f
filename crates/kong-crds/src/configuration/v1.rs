//! Kinds of `configuration.konghq.com/v1`. One file a kind.

mod kong_cluster_plugin;
mod kong_consumer;
mod kong_plugin;

pub use kong_cluster_plugin::*;
pub use kong_consumer::*;
pub use kong_plugin::*;
