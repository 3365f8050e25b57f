#![doc = include_str!("../README.md")]
//!
//! # Where to start reading
//!
//! [`Cluster::handle`] takes every [`Request`]. What a kind allows comes from its [schema](SchemaError)
//! and from the rules for metadata; what a refusal says is in [`Status`].

mod cluster;
mod field;
mod kinds;
mod metadata;
mod request;
mod schema;
mod secret;
mod status;

pub use self::{
    cluster::{Cluster, Conversion},
    kinds::SchemaError,
    request::{
        Event, EventKind, ObjectId, Operation, Preconditions, Propagation, Request, ResourceId,
        Subresource, UnknownFields, Verb, WriteOptions,
    },
    schema::SchemaProblem,
    status::{Cause, Expired, Reason, Status},
};
