//! Translations of whole sets of manifests.

mod as_kong;
mod gateway;
mod golden;
mod grpc_route;
mod http_order;
mod http_route;
mod ingress;
mod properties;
mod rest;
mod stream_route;
