#![doc = include_str!("../README.md")]
//!
//! Where to start: [`Konnect::handle`]. What it answers is decided in `serve`, by the table of
//! collections in `kong_model`; `refusal` has the ways to say no.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use kong_model::{Collection, Method, Request, Response, Shape};
use serde_json::Value;

mod check;
mod dump;
mod fault;
mod ids;
#[cfg(test)]
mod invariants;
mod list;
mod log;
mod organisation;
mod place;
mod refusal;
mod serve;
mod store;
mod time;

pub use fault::{Fault, FaultId, Moment};
pub use list::PARAMETERS;
pub use log::Entry;
pub use time::Millis;

use fault::Faults;
use ids::Ids;
use organisation::{DEFAULT, Limit, Organisation, Tokens};
use place::Place;
use refusal::{Refusal, Style};
use serve::Desk;

/// The path of the user behind a token: like the organisation, but no collection of ours.
const USER: &str = "/v3/users/me";

/// Konnect, in memory: requests in, answers out. A copy is a snapshot, and cheap.
///
/// Every token that does not begin with `kpat_bad` is accepted and belongs to one organisation, until
/// tokens are registered, revoked or forbidden something.
#[derive(Clone)]
pub struct Konnect {
    ids: Ids,
    tokens: Tokens,
    organisations: BTreeMap<Arc<str>, Organisation>,
    limit: Option<Limit>,
    faults: Faults,
    /// Requests so far: problems name it as their trace.
    served: u64,
    log: Arc<Vec<Entry>>,
    /// Texts that dumps do not show.
    concealed: Arc<BTreeSet<String>>,
}

impl Konnect {
    /// An empty Konnect. The ids that it will choose depend on `seed` and on what is asked, nothing else.
    pub fn new(seed: u64) -> Self {
        let mut konnect = Self {
            ids: Ids::new(seed),
            tokens: Tokens::default(),
            organisations: BTreeMap::new(),
            limit: None,
            faults: Faults::default(),
            served: 0,
            log: Arc::default(),
            concealed: Arc::default(),
        };
        konnect.found(DEFAULT);
        konnect
    }

    /// The answer to a request that comes at `now` with `token`.
    pub fn handle(&mut self, now: Millis, token: &str, request: &Request) -> Response {
        let response = match self.faults.strike(request) {
            Some((Moment::Before, response)) => response,
            Some((Moment::After, response)) => {
                self.answer(now, Some(token), request);
                response
            }
            None => self.answer(now, Some(token), request),
        };
        self.note(now, request, &response, false);
        response
    }

    /// A request of somebody else in the organisation whose control plane it is about, or in the default
    /// one: not limited, met by no fault, marked in the log.
    pub fn third_party(&mut self, now: Millis, request: &Request) -> Response {
        let response = self.answer(now, None, request);
        self.note(now, request, &response, true);
        response
    }

    fn note(&mut self, now: Millis, request: &Request, response: &Response, foreign: bool) {
        let entry = Entry::new(now, request, response.status, foreign);
        Arc::make_mut(&mut self.log).push(entry);
    }

    fn answer(&mut self, now: Millis, token: Option<&str>, request: &Request) -> Response {
        self.served += 1;
        let place = Place::of(&request.path);
        let style = Style::of(place.map(|place| place.collection));
        self.respond(now, token, place, request)
            .unwrap_or_else(|refusal| refusal.response(style, self.served))
    }

    fn respond(
        &mut self,
        now: Millis,
        token: Option<&str>,
        place: Option<Place<'_>>,
        request: &Request,
    ) -> Result<Response, Refusal> {
        let name = match token {
            Some(token) => self
                .tokens
                .organisation(token)
                .ok_or(Refusal::Unauthorized)?,
            None => self.owner(place),
        };
        let organisation = self
            .organisations
            .get_mut(&name)
            .ok_or(Refusal::Unauthorized)?;
        if let Some(token) = token {
            organisation
                .take(now, self.limit)
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
        let mut desk = Desk {
            store: &mut organisation.store,
            ids: &mut self.ids,
            now,
        };
        desk.serve(&place, request)
    }

    /// The organisation that has what a path is about.
    fn owner(&self, place: Option<Place<'_>>) -> Arc<str> {
        let id = place.and_then(|place| place.control_plane.or(place.id));
        let mut organisations = self.organisations.iter();
        let found = organisations.find(|(_, organisation)| {
            id.is_some_and(|id| organisation.store.scope(Some(id)).is_some())
        });
        found.map_or_else(|| Arc::from(DEFAULT), |(name, _)| Arc::clone(name))
    }

    fn found(&mut self, organisation: &str) {
        let new = || Organisation::new(organisation, &self.ids);
        self.organisations
            .entry(Arc::from(organisation))
            .or_insert_with(new);
    }

    /// Accepts a token, whatever it begins with, for an organisation that is made if it is new.
    pub fn register_token(&mut self, token: &str, organisation: &str) {
        self.found(organisation);
        self.tokens.register(token, organisation);
    }

    /// Answers 401 to a token until it is registered again.
    pub fn revoke_token(&mut self, token: &str) {
        self.tokens.revoke(token);
    }

    /// Answers 403 to a token on paths that match a pattern (see [`Fault::path`]).
    pub fn forbid(&mut self, token: &str, path: &str) {
        self.tokens.forbid(token, path);
    }

    /// Takes back everything that a token was forbidden.
    pub fn permit(&mut self, token: &str) {
        self.tokens.permit(token);
    }

    /// The id of the organisation of a token, if it is accepted.
    pub fn organisation_id(&self, token: &str) -> Option<&str> {
        let name = self.tokens.organisation(token)?;
        self.organisations.get(&name).map(Organisation::id)
    }

    /// Limits every organisation to so many requests a second and `burst` at once; what is more is
    /// answered with 429 and `Retry-After` in seconds.
    pub fn limit(&mut self, requests_per_second: u32, burst: u32, retry_after_seconds: u32) {
        self.limit = Some(Limit {
            per_second: requests_per_second,
            burst,
            retry_after: retry_after_seconds,
        });
    }

    /// Lifts the limit.
    pub fn unlimit(&mut self) {
        self.limit = None;
    }

    /// Puts a fault in force; of several that match a request the oldest strikes.
    pub fn script(&mut self, fault: Fault) -> FaultId {
        self.faults.add(fault)
    }

    /// Answers the next request like this, whatever it is, without serving it.
    pub fn fail_next(&mut self, response: Response) -> FaultId {
        self.faults.add(Fault::new(None, "", response).times(1))
    }

    /// Removes a fault; one that is used up is gone already.
    pub fn unscript(&mut self, fault: FaultId) {
        self.faults.remove(fault);
    }

    /// Removes all faults.
    pub fn clear_faults(&mut self) {
        self.faults.clear();
    }

    /// Every request so far, the oldest first.
    pub fn log(&self) -> &[Entry] {
        &self.log
    }

    /// Forgets the log.
    pub fn clear_log(&mut self) {
        self.log = Arc::default();
    }

    /// The entities of a collection with their ids, as they are answered: those of one control plane or,
    /// without one, of all and of the organisations themselves.
    pub fn entities<'a>(
        &'a self,
        collection: Collection,
        control_plane: Option<&'a str>,
    ) -> impl Iterator<Item = (&'a str, &'a Value)> {
        self.organisations.values().flat_map(move |organisation| {
            let store = &organisation.store;
            let own = store.scope(None).filter(|_| control_plane.is_none());
            let others = store
                .scopes()
                .filter(move |(id, _)| control_plane.is_none_or(|wanted| wanted == &***id))
                .map(|(_, scope)| scope);
            own.into_iter()
                .chain(others)
                .flat_map(move |scope| scope.all(collection))
                .map(|(id, value)| (&**id, &**value))
        })
    }

    /// This text is a secret wherever it stands: dumps do not show it. Which members of an entity are
    /// secret the table of collections says; what is secret in a free form, such as the configuration of
    /// a plugin, only the sender knows.
    pub fn conceal(&mut self, text: &str) {
        if !text.is_empty() && !self.concealed.contains(text) {
            Arc::make_mut(&mut self.concealed).insert(text.to_owned());
        }
    }

    /// What is there as decK writes it: a list with one document a control plane, sorted, without times,
    /// defaults and secrets.
    pub fn dump(&self) -> Value {
        let stores = self.organisations.values();
        stores
            .flat_map(|organisation| dump::documents(&organisation.store))
            .map(|(_, mut document)| {
                dump::conceal(&mut document, &self.concealed);
                document
            })
            .collect()
    }
}

impl fmt::Debug for Konnect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Konnect")
            .field("served", &self.served)
            .field("faults", &self.faults)
            .finish_non_exhaustive()
    }
}
