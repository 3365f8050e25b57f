//! Translations of whole sets of manifests.

mod as_kong;
mod golden;
mod grpc_route;
mod ingress;
mod right;
mod stream_route;
