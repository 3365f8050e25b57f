#![doc = include_str!("../README.md")]
//!
//! Where to start: [`Collection`] is the table of everything Konnect stores for us, [`Body`] is one
//! entity in it, [`Call`] is one request about it.

pub mod adoption;
pub mod api;
pub mod body;
pub mod collection;
pub mod entity;
pub mod normal;
pub mod password;
pub mod sealed;
pub mod server;
pub mod tags;

pub use api::{
    Call, Cursor, Entities, Failure, FieldProblem, Filter, Host, Items, Method, RemoteId, Reply,
    Request, Response, Site,
};
pub use body::{Body, Node};
pub use collection::{
    Below, Collection, Naming, OnDelete, OtherSide, Parent, Reference, Shape, Shorthand, UniqueKey,
    Update,
};
pub use entity::{Entity, Stored};
pub use normal::{Difference, Normal};
pub use sealed::Sealed;
pub use server::ServerUrl;
pub use tags::Origin;
