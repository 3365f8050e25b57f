//! Translations of whole sets of manifests.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests are tests"
)]

mod as_kong;
mod certificates;
mod features;
mod gateway;
mod golden;
mod golden_right;
mod grpc_route;
mod http_order;
mod http_route;
mod ingress;
mod isolation;
mod limits;
mod properties;
mod rest;
mod specification;
mod status;
mod stream_route;
mod work;
