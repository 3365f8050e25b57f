#![doc = include_str!("../README.md")]

mod balancing;
mod config;
mod derive;
pub mod expression;
mod identity;
mod matcher;
mod plugins;
mod priority;
mod request;
mod rewrite;
mod router;
mod rules;
mod target;

pub use balancing::{Balancing, Choice, HashInput, Hashing, Share};
pub use config::{Config, Declared, Unreadable, Untyped};
pub use derive::{Demand, Origin, Underivable};
pub use identity::of_entity as id_of_entity;
pub use matcher::{BadExpression, Subsystem};
pub use plugins::{Applied, Scope};
pub use priority::{EndTraits, HttpTraits, Priority, of_stream as stream_priority};
pub use request::{HttpRequest, NoRequest, Request, Scheme, StreamRequest, Transport};
pub use router::{
    Answer, Candidate, Explanation, Loss, Miss, RoutePart, Router, Session, Unroutable, Warning,
};
pub use rules::{
    Certified, Dialect, Edition, Finding, Problem, Reader, check_authority, check_pair,
    check_public_key, validate,
};

/// How a gateway routes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Flavor {
    /// Routes have attributes, and Kong makes expressions of them.
    #[default]
    TraditionalCompatible,
    /// Routes have expressions; those with attributes work, too.
    Expressions,
}
