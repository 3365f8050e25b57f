//! What the translation of a route gives: services to be, with their routes, before anybody has looked at the
//! backends.
//!
//! A draft says which backends it wants, in the words of the route; `services` resolves them, applies what their
//! annotations and policies say, and makes the upstream.

use kong_crds::annotations::PluginName;
use kong_model::entity::{Plugin, Route, Service};
use kong_resolve::{Key, Name};
use kong_router::expression::Expression;

use crate::origin::Provenance;

/// A service to be.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Draft {
    /// The service. Its name is set, its host is the name of its upstream.
    pub(crate) service: Service,
    /// The objects that it is made for, the first gives its tags if there is more than one backend.
    pub(crate) parents: Vec<Key>,
    /// The backends, as written, whether they can be resolved or not.
    pub(crate) backends: Vec<Backend>,
    /// The routes.
    pub(crate) routes: Vec<DraftRoute>,
    /// Plugins that are part of it.
    pub(crate) plugins: Vec<Plugin>,
    /// What becomes of it if none of its backends can be resolved.
    pub(crate) without_backends: WithoutBackends,
    /// What it comes from.
    pub(crate) from: Vec<Provenance>,
}

/// What becomes of a service without a backend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WithoutBackends {
    /// It answers 500, and its host is one that does not exist.
    Fails,
    /// It answers 500, and its host stays as it is.
    FailsInPlace,
    /// It is as it is, with an upstream without targets.
    Stays,
    /// It is as it is, with a host that does not exist: its routes answer themselves.
    Invalid,
}

/// A backend of a route, as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Backend {
    /// Who refers to it.
    pub(crate) referrer: Key,
    /// Where the reference stands: `spec.rules[0].backendRefs[1]`.
    pub(crate) field: String,
    /// What it is.
    pub(crate) target: BackendTarget,
    /// The port of it.
    pub(crate) port: BackendPort,
    /// Its weight, if there is one.
    pub(crate) weight: Option<i64>,
}

/// What a backend is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum BackendTarget {
    /// A Service.
    Service(Name),
    /// A KongServiceFacade.
    Facade(Name),
    /// Something that cannot be a backend: its group and kind.
    Unsupported {
        group: String,
        kind: String,
        name: Name,
    },
}

/// A port of a Service.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum BackendPort {
    /// By number.
    Number(i64),
    /// By name.
    Name(String),
    /// None was named.
    None,
}

/// A route to be.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct DraftRoute {
    /// The object that it is made from: its annotations count, its tags are the route's.
    pub(crate) object: Key,
    /// The route, annotations applied; its name and its tags are set.
    pub(crate) route: Route,
    /// The expression, in the flavour that has them.
    pub(crate) expression: Option<(Expression, u64)>,
    /// Plugins that are part of it: what filters became.
    pub(crate) plugins: Vec<Plugin>,
    /// Plugins that filters refer to, beside those of the object's annotation.
    pub(crate) referred: Vec<PluginName>,
    /// What it comes from.
    pub(crate) from: Vec<Provenance>,
}
