//! One request from its arrival to its answer: who asks, in which region, what stands in the way, and what
//! is noted of it.
//!
//! [`Konnect::visit`] is for servers, which know of a request where it came in and how its body read;
//! [`Konnect::handle`] is the same for whoever has only a request.

use std::sync::Arc;

use kong_model::{Collection, Host, Method, Request, Response, Shape};
use serde_json::Value;

use crate::Konnect;
use crate::fault::{Effect, Fault, FaultId, Moment};
use crate::log::{Entry, NO_ANSWER};
use crate::organisation::{Allowance, DEFAULT, HOME};
use crate::place::Place;
use crate::refusal::{Refusal, Style, scripted};
use crate::serve::Desk;
use crate::time::Millis;

/// The path of the user behind a token: like the organisation, but no collection of ours.
const USER: &str = "/v3/users/me";

/// The region of what all regions have in common.
const GLOBAL: &str = "global";

/// A request as a server gets it.
#[derive(Clone, Copy, Debug)]
pub struct Visit<'a> {
    /// When it came.
    pub now: Millis,
    /// The region whose host was asked, such as `eu`; [`HOME`] where the host names none.
    pub region: &'a str,
    /// The bearer token; empty if there was none.
    pub token: &'a str,
    /// What is asked.
    pub request: &'a Request,
    /// Why the body could not be read as JSON, if that is so.
    pub unreadable: Option<&'a str>,
}

/// What became of a request.
#[derive(Clone, Debug, PartialEq)]
pub struct Served {
    /// The answer; without one the connection ends.
    pub response: Option<Response>,
    /// For how many milliseconds a fault holds it back.
    pub delay: u64,
    /// The fault that made it so.
    pub fault: Option<FaultId>,
    /// Names the request, as the `instance` of a problem does.
    pub trace: String,
    /// What the organisation may still ask.
    pub allowance: Option<Allowance>,
}

impl Konnect {
    /// The answer to a request that comes at `now` with `token` to the region [`HOME`]. Where the
    /// connection would be cut the status is [`NO_ANSWER`].
    pub fn handle(&mut self, now: Millis, token: &str, request: &Request) -> Response {
        let served = self.visit(&Visit {
            now,
            region: HOME,
            token,
            request,
            unreadable: None,
        });
        served
            .response
            .unwrap_or_else(|| Response::new(NO_ANSWER, Value::Null))
    }

    /// What becomes of a request.
    pub fn visit(&mut self, visit: &Visit<'_>) -> Served {
        let trace = self.next_trace();
        let struck = self.faults.strike(visit.now, visit.request);
        let response = match &struck {
            Some((_, fault)) => self.hindered(visit, fault, &trace),
            None => Some(self.answer(visit, Some(visit.token), &trace)),
        };
        let status = response.as_ref().map_or(NO_ANSWER, |answer| answer.status);
        self.note(Entry::new(visit.now, visit.request, status, false));
        Served {
            response,
            delay: struck.as_ref().map_or(0, |(_, fault)| fault.delay),
            fault: struck.map(|(id, _)| id),
            trace,
            allowance: self.allowance(visit.now, visit.token),
        }
    }

    /// What a fault leaves of the answer to a request.
    fn hindered(&mut self, visit: &Visit<'_>, fault: &Fault, trace: &str) -> Option<Response> {
        let served = match (fault.moment, &fault.effect) {
            (Moment::After, _) | (Moment::Before, Effect::Nothing) => {
                Some(self.answer(visit, Some(visit.token), trace))
            }
            (Moment::Before, Effect::Answer(_) | Effect::Status { .. } | Effect::Cut) => None,
        };
        match &fault.effect {
            Effect::Answer(response) => Some(response.clone()),
            Effect::Status {
                status,
                retry_after,
            } => {
                let place = Place::of(&visit.request.path);
                let style = Style::of(place.map(|place| place.collection));
                Some(scripted(*status, *retry_after, style, trace))
            }
            Effect::Cut => None,
            Effect::Nothing => served,
        }
    }

    /// A request of somebody else in the organisation and region whose control plane it is about, or in the
    /// default ones: not limited, met by no fault, marked in the log.
    pub fn third_party(&mut self, now: Millis, request: &Request) -> Response {
        let trace = self.next_trace();
        let (_, region) = self.owner(Place::of(&request.path));
        let visit = Visit {
            now,
            region: &region,
            token: "",
            request,
            unreadable: None,
        };
        let response = self.answer(&visit, None, &trace);
        self.note(Entry::new(now, request, response.status, true));
        response
    }

    fn next_trace(&mut self) -> String {
        self.served += 1;
        format!("{:032x}", self.served)
    }

    fn note(&mut self, entry: Entry) {
        Arc::make_mut(&mut self.log).push(entry);
    }

    fn answer(&mut self, visit: &Visit<'_>, token: Option<&str>, trace: &str) -> Response {
        let place = Place::of(&visit.request.path);
        let style = Style::of(place.map(|place| place.collection));
        self.respond(visit, token, place)
            .unwrap_or_else(|refusal| refusal.response(style, trace))
    }

    fn respond(
        &mut self,
        visit: &Visit<'_>,
        token: Option<&str>,
        place: Option<Place<'_>>,
    ) -> Result<Response, Refusal> {
        let request = visit.request;
        let name = match token {
            Some(token) => self
                .tokens
                .organisation(token)
                .ok_or(Refusal::Unauthorized)?,
            None => self.owner(place).0,
        };
        let organisation = self
            .organisations
            .get_mut(&name)
            .ok_or(Refusal::Unauthorized)?;
        if let Some(token) = token {
            organisation
                .take(visit.now, self.limit)
                .map_err(|retry_after| Refusal::Limited { retry_after })?;
            if self.tokens.is_forbidden(token, &request.path) {
                return Err(Refusal::Forbidden);
            }
        }
        if request.path == USER && request.method == Method::Get {
            return Ok(Response::new(200, organisation.describe_user()));
        }
        let place = place.ok_or(Refusal::NotFound)?;
        if place.collection.shape() == Shape::Identity && request.method == Method::Get {
            return Ok(Response::new(200, organisation.describe()));
        }
        if let Some(why) = visit.unreadable {
            return Err(Refusal::Unreadable(why.to_owned()));
        }
        if place.collection.narrowed().is_some()
            && let Some(plane) = request.body.as_ref().map(|body| &body["control_plane_id"])
            && let Some(plane) = plane.as_str()
            && organisation.region_of(plane).is_none()
        {
            return Err(Refusal::NotFound);
        }
        let region = region(place.collection, visit.region);
        let mut desk = Desk {
            store: organisation.store_mut(region),
            ids: &mut self.ids,
            region,
            now: visit.now,
            provisioning: self.provisioning,
        };
        let served = desk.serve(&place, request)?;
        if let (Collection::ControlPlanes, Method::Delete, Some(id)) =
            (place.collection, request.method, place.id)
        {
            organisation.store_mut(GLOBAL).forget_beside(id);
        }
        Ok(served)
    }

    /// The organisation and the region that have what a path is about.
    fn owner(&self, place: Option<Place<'_>>) -> (Arc<str>, Arc<str>) {
        let id = place.and_then(|place| place.control_plane.or(place.id));
        let mut organisations = self.organisations.iter();
        let found = id.and_then(|id| {
            organisations.find_map(|(name, organisation)| {
                Some((Arc::clone(name), organisation.region_of(id)?))
            })
        });
        found.unwrap_or_else(|| (Arc::from(DEFAULT), Arc::from(HOME)))
    }
}

/// Where a collection is that is asked for in a region: what all regions have in common is in one of its own, whatever
/// host a proxy was asked by.
pub(crate) fn region(at: Collection, asked: &str) -> &str {
    match at.host() {
        Host::Region => asked,
        Host::Global => GLOBAL,
    }
}
