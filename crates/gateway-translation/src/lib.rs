#![doc = include_str!("../README.md")]
//!
//! Where to start: [`translate`] takes a [`World`] of objects and gives a [`Translation`]. Each kind of route has a
//! module that makes [drafts](draft) of services of it; `services` turns them into services and upstreams; what is
//! bound to those by name comes after. Nothing in here reads a clock, performs I/O or remembers anything.

mod attributes;
mod backend_refs;
mod class;
mod context;
mod document;
mod draft;
mod grpc_route;
mod ingress;
mod listeners;
mod origin;
mod predicates;
mod refused;
mod route_annotations;
mod route_base;
mod services;
mod settings;
mod stream_route;
mod url_path;

use kong_resolve::{View, World};

use crate::context::Context;

pub use context::Problem;
pub use document::{
    DeclaredPlugin, DeclaredRoute, DeclaredService, DeclaredUpstream, Document, Members,
};
pub use origin::Provenance;
pub use settings::{BadVersion, Compat, Features, KongVersion, Settings};

/// What became of the objects.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Translation {
    /// The declarative configuration.
    pub document: Document,
    /// What is wrong, sorted by object.
    pub problems: Vec<Problem>,
}

/// Translates everything there is.
pub fn translate(world: &World, settings: &Settings) -> Translation {
    let view = View::new(world);
    let context = Context::new(&view, settings);
    let mut drafts = ingress::drafts(&context);
    drafts.extend(grpc_route::drafts(&context));
    drafts.extend(stream_route::drafts(&context));
    if !settings.as_kong_does() {
        refused::leave_out(&context, &mut drafts);
    }
    let built = services::build(&context, drafts);
    let document = Document {
        services: built.services,
        upstreams: built.upstreams,
        ..Document::default()
    };
    Translation {
        document,
        problems: context.into_problems(),
    }
}
