//! Kinds of the group `incubator.ingress-controller.konghq.com`: what Kong tries out.

pub mod v1alpha1;
