//! Translations of whole sets of manifests.

mod golden;
mod http_route;
mod http_order;
