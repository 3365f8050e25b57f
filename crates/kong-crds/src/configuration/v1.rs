//! Kinds of `configuration.konghq.com/v1`. One file a kind.

mod kong_plugin;

pub use kong_plugin::*;
