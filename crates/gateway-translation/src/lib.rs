#![doc = include_str!("../README.md")]
//!
//! Where to start: [`translate`] takes a [`World`] of objects and gives a [`Translation`]. Each kind of route has a
//! module that makes [drafts](draft) of services of it; `services` turns them into services and upstreams; what is
//! bound to those by name comes after. Nothing in here reads a clock, performs I/O or remembers anything.

mod acceptance;
mod attributes;
mod backend_refs;
mod ca_certificates;
mod certificates;
mod class;
mod consumer_groups;
mod consumers;
mod context;
mod custom_entities;
mod document;
mod draft;
mod fallback;
mod grpc_route;
mod http_route;
mod ingress;
mod licenses;
mod lint;
mod listeners;
mod origin;
mod plugins;
mod predicates;
mod refused;
mod route_annotations;
mod route_base;
mod services;
mod settings;
mod stream_route;
mod url_path;
mod vaults;

use kong_resolve::{View, World};

use crate::context::Context;

pub use context::Problem;
pub use document::{
    DeclaredPlugin, DeclaredRoute, DeclaredService, DeclaredUpstream, Document, Members,
};
pub use lint::{Level, Lint, Rule, lint};
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
    let left = (!settings.without.is_empty()).then(|| fallback::without(world, settings));
    let view = View::new(left.as_ref().unwrap_or(world));
    let context = Context::new(&view, settings);
    let mut drafts = ingress::drafts(&context);
    drafts.extend(grpc_route::drafts(&context));
    drafts.extend(stream_route::drafts(&context));
    drafts.extend(http_route::drafts(&context));
    if !settings.as_kong_does() {
        refused::leave_out(&context, &mut drafts);
    }
    let built = services::build(&context, drafts);
    let document = bind(&context, built);
    Translation {
        document,
        problems: context.into_problems(),
    }
}

/// Puts everything around services and their routes.
fn bind(context: &Context<'_, '_>, built: services::Built) -> Document {
    let services::Built {
        mut services,
        upstreams,
        bindings,
    } = built;
    let ca_certificates = ca_certificates::all(context);
    ca_certificates::keep_known(context, &ca_certificates, &mut services);
    let certificates = certificates::all(context, &bindings, &mut services);
    let groups = consumer_groups::all(context);
    let authorities = ca_certificates::ids(&ca_certificates);
    let consumers = consumers::all(context, &groups, &authorities);
    let relations = plugins::Relations::gather(context, &bindings, &consumers, &groups);
    Document {
        plugins: plugins::all(context, &relations, &services),
        others: custom_entities::all(context, &relations),
        consumer_group_consumers: consumers::memberships(context, &consumers),
        consumers: consumers.into_iter().map(|it| it.members).collect(),
        consumer_groups: groups.into_iter().map(|it| it.members).collect(),
        vaults: vaults::all(context),
        licenses: licenses::all(context),
        services,
        upstreams,
        certificates,
        ca_certificates,
    }
}
