//! Kinds of `incubator.ingress-controller.konghq.com/v1alpha1`. One file a kind.

mod kong_service_facade;

pub use kong_service_facade::*;
