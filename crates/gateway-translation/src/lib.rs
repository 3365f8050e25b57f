#![doc = include_str!("../README.md")]
//!
//! Where to start: [`translate`] takes a [`World`] of objects and gives a [`Translation`]; a [`Translator`] keeps one
//! and takes in changes. Each kind of route has a module that makes [drafts](draft) of services of it; `services`
//! turns them into services and upstreams; what is bound to those by name comes after. `translator` says what of that
//! is done when. Nothing in here reads a clock or performs I/O.

mod acceptance;
mod attributes;
mod backend_refs;
mod backend_tls;
mod ca_certificates;
mod certificates;
mod class;
mod class_parameters;
mod consumer_groups;
mod consumers;
mod context;
mod custom_entities;
mod document;
mod draft;
mod entrance;
mod fallback;
mod grpc_route;
mod guards;
mod http_route;
mod ingress;
mod isolation;
mod licenses;
mod lint;
mod listeners;
mod origin;
mod part;
mod plain;
mod plugins;
mod predicates;
mod refused;
mod regex_priority;
mod route_annotations;
mod route_base;
mod services;
mod settings;
pub mod status;
mod stream_route;
mod translator;
mod unheard;
mod url_path;
mod vaults;

use std::collections::BTreeMap;

use kong_resolve::{Key, World};
use serde_json::Value;

pub use context::Problem;
pub use document::{
    DeclaredPlugin, DeclaredRoute, DeclaredService, DeclaredUpstream, Document, Members,
};
pub use entrance::{Entrance, entrance};
pub use lint::{Level, Lint, Rule, lint};
pub use origin::Provenance;
pub use settings::{BadVersion, Compat, Features, KongVersion, Settings};
pub use translator::{Delta, Translator, Work};

/// What became of the objects.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Translation {
    /// The declarative configuration.
    pub document: Document,
    /// What is wrong, sorted by object.
    pub problems: Vec<Problem>,
    /// The whole status that objects ought to have, of those of which something is to be said; see [`status`]. There
    /// are none in the way of Kong's controller, and none of objects that are not used.
    pub statuses: BTreeMap<Key, Value>,
    /// Where the statuses wait for a gateway to take the configuration; see [`Translation::record`].
    pub awaiting: Vec<status::Awaiting>,
}

/// Translates everything there is.
pub fn translate(world: &World, settings: &Settings) -> Translation {
    let mut translator = Translator::new(settings.clone());
    translator.apply_all(world);
    let said = translator.statuses(world);
    Translation {
        statuses: said.statuses,
        awaiting: said.awaiting,
        ..translator.translation()
    }
}
