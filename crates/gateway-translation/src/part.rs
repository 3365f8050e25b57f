//! What the routes of a unit become: parts of services, each with the Kong routes that lead to it.
//!
//! By default rules of different HTTPRoutes with the same backends share a service, of which each rule is a part.
//! Every other part is a service by itself.

use kong_crds::annotations::PluginName;
use kong_resolve::Key;

use crate::context::{Context, Problem};
use crate::document::DeclaredRoute;
use crate::draft::{Draft, DraftRoute};
use crate::plugins::{self, PluginKey};
use crate::services;
use crate::{grpc_route, http_route};

/// A part of a service.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Part {
    /// The service to be, as if the part were all of it. Its routes are not in here.
    pub(crate) draft: Draft,
    /// How it is joined with the other parts of the service; without it the part is all of it.
    pub(crate) joint: Option<Joint>,
    /// The routes.
    pub(crate) routes: Vec<PartRoute>,
}

/// How parts of a service are joined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Joint {
    /// By what they are put in order.
    pub(crate) place: String,
    /// How long the part lets a backend take, in milliseconds; those that differ in that are different services.
    pub(crate) timeout: u32,
}

/// A Kong route of a part.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct PartRoute {
    /// The object that it is made from.
    pub(crate) object: Key,
    /// The route. If there is a place, its priority is not in here yet.
    pub(crate) route: DeclaredRoute,
    /// Where it stands among the routes that may meet the same requests; without it it has its priority.
    pub(crate) place: Option<Place>,
    /// Plugins that are for it.
    pub(crate) plugins: Vec<PluginKey>,
}

/// Where a route stands among others of its kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Among those of HTTPRoutes.
    Http(http_route::Place),
    /// Among those of GRPCRoutes.
    Grpc(grpc_route::Place),
}

/// A host on which routes can meet, and whether it is one of GRPCRoutes, which have calls to themselves.
pub(crate) type Host = (bool, Box<str>);

/// What a route gets among those that it can meet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Rank {
    /// Its priority, if it needs one.
    pub(crate) priority: Option<i64>,
    /// What its author is told of it.
    pub(crate) problems: Vec<Problem>,
}

/// The ranks of routes that can meet.
pub(crate) fn ranks(set: &[&PartRoute]) -> Vec<Rank> {
    let (mut http, mut grpc) = (Vec::new(), Vec::new());
    for route in set {
        match &route.place {
            Some(Place::Http(place)) => http.push((place, *route)),
            Some(Place::Grpc(place)) => grpc.push((place, *route)),
            None => {}
        }
    }
    if grpc.is_empty() {
        http_route::ranks(&http)
    } else {
        grpc_route::ranks(&grpc)
    }
}

impl Part {
    /// The name of the service. Parts that are joined have the same; in the end it may say how long it waits as well.
    pub(crate) fn service(&self) -> &str {
        self.draft.service.name.as_deref().unwrap_or_default()
    }

    /// Gives back memory that nothing is in.
    pub(crate) fn shrink(&mut self) {
        self.routes.shrink_to_fit();
        self.draft.backends.shrink_to_fit();
        self.draft.parents.shrink_to_fit();
        self.draft.from.shrink_to_fit();
        for route in &mut self.routes {
            let declared = &mut route.route;
            declared.plugins.shrink_to_fit();
            declared.from.shrink_to_fit();
            let tags = declared.plugins.iter_mut().map(|plugin| &mut plugin.tags);
            for list in tags.chain([&mut declared.route.tags, &mut declared.route.paths]) {
                list.iter_mut().for_each(Vec::shrink_to_fit);
            }
        }
    }

    /// A service by itself.
    pub(crate) fn whole(context: &Context<'_, '_>, mut draft: Draft) -> Self {
        let routes = std::mem::take(&mut draft.routes);
        Self {
            draft,
            joint: None,
            routes: routes
                .into_iter()
                .map(|route| PartRoute::of(context, route, None))
                .collect(),
        }
    }
}

impl PartRoute {
    /// The hosts on which the route can meet others; none if it has its priority.
    pub(crate) fn hosts(&self) -> Vec<Host> {
        let (is_grpc, hosts) = match &self.place {
            None => return Vec::new(),
            Some(Place::Http(place)) => (false, place.hosts(&self.route.route)),
            Some(Place::Grpc(place)) => (true, place.hosts()),
        };
        hosts
            .into_iter()
            .map(|host| (is_grpc, host.into()))
            .collect()
    }

    pub(crate) fn of(context: &Context<'_, '_>, draft: DraftRoute, place: Option<Place>) -> Self {
        let referred: &[PluginName] = &draft.referred;
        Self {
            plugins: plugins::referred(context, &draft.object, referred),
            object: draft.object.clone(),
            place,
            route: services::declared(draft),
        }
    }
}
