//! Translations of whole sets of manifests.

mod as_kong;
mod gateway;
mod golden;
mod grpc_route;
mod ingress;
mod stream_route;
