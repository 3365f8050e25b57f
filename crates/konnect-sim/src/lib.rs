#![doc = include_str!("../README.md")]
//!
//! Where to start: [`Konnect::handle`], or [`Konnect::visit`] for a server. What they answer is decided in
//! `serve`, by the table of collections in `kong_model`; `refusal` has the ways to say no.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use kong_model::{Collection, RemoteId, Response, Shape, Site};
use serde_json::Value;

mod check;
mod dump;
mod fault;
mod ids;
#[cfg(test)]
mod invariants;
mod list;
mod log;
mod members;
mod organisation;
mod place;
mod refusal;
mod serve;
mod store;
mod time;
mod visit;

pub use fault::{Effect, Fault, FaultId, Moment};
pub use list::PARAMETERS;
pub use log::{Entry, NO_ANSWER};
pub use organisation::{Allowance, HOME};
pub use time::Millis;
pub use visit::{Served, Visit};

use fault::Faults;
use ids::Ids;
use organisation::{DEFAULT, Limit, Organisation, Tokens};

/// Milliseconds until a network, or what it reaches others by, is ready.
const PROVISIONING: u64 = 30_000;

/// Konnect, in memory: requests in, answers out. A copy is a snapshot, and cheap.
///
/// Every token that does not begin with `kpat_bad` is accepted and belongs to one organisation, until
/// tokens are registered, revoked or forbidden something. What an organisation has in one region is not
/// there in another; its tokens and its rate limit are the same in all.
#[derive(Clone)]
pub struct Konnect {
    ids: Ids,
    tokens: Tokens,
    organisations: BTreeMap<Arc<str>, Organisation>,
    limit: Option<Limit>,
    faults: Faults,
    /// Requests so far: their numbers are their traces.
    served: u64,
    log: Arc<Vec<Entry>>,
    /// Texts that dumps do not show.
    concealed: Arc<BTreeSet<String>>,
    /// Milliseconds until what is provisioned is ready.
    provisioning: u64,
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
            provisioning: PROVISIONING,
        };
        konnect.found(DEFAULT);
        konnect
    }

    /// From now on networks, and what they reach others by, are ready as soon as they are made.
    pub fn provision_at_once(&mut self) {
        self.provisioning = 0;
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

    /// From now on accepts registered tokens only.
    pub fn close_to_strangers(&mut self) {
        self.tokens.close_to_strangers();
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

    /// How much the organisation of a token may still ask at `now`; `None` without a limit or for a token
    /// that is not accepted.
    pub fn allowance(&self, now: Millis, token: &str) -> Option<Allowance> {
        let name = self.tokens.organisation(token)?;
        Some(self.organisations.get(&name)?.allowance(now, self.limit?))
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

    /// The faults in force at `now`, the oldest first; `times` is how often each will still strike.
    pub fn faults(&self, now: Millis) -> impl Iterator<Item = (FaultId, &Fault)> {
        self.faults.active(now)
    }

    /// Forgets all entities, faults and requests. Tokens and the limit stay, and no id is given twice.
    pub fn reset(&mut self) {
        self.organisations
            .values_mut()
            .for_each(Organisation::reset);
        self.clear_faults();
        self.clear_log();
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
    /// without one, of all and of the organisations themselves, in all regions.
    pub fn entities<'a>(
        &'a self,
        collection: Collection,
        control_plane: Option<&'a str>,
    ) -> impl Iterator<Item = (&'a str, &'a Value)> {
        let stores = self.organisations.values().flat_map(Organisation::stores);
        stores.flat_map(move |store| {
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

    /// Puts an entity there as it is, in place of what was there under its id: what another Konnect holds, of
    /// which this one is to be a copy. It belongs to the organisation of the token and to `region`; nothing is
    /// checked and nothing is logged. The members of a group are one entity, under the id of the group; a membership of
    /// a consumer has the id `group/consumer`.
    ///
    /// False if the token is not accepted, the control plane is not there, or the entity has no id.
    pub fn plant(&mut self, token: &str, region: &str, site: &Site, entity: Value) -> bool {
        let Some(name) = self.tokens.organisation(token) else {
            return false;
        };
        let Some(organisation) = self.organisations.get_mut(&name) else {
            return false;
        };
        let store = organisation.store_mut(visit::region(site.at, region));
        let plane = site.control_plane.as_ref().map(RemoteId::as_str);
        let id = match site.at.shape() {
            Shape::Membership => plane,
            Shape::Identity | Shape::Numbered | Shape::Core | Shape::Linked | Shape::Wrapped => {
                entity["id"].as_str()
            }
        };
        let Some(id) = id.map(Arc::from) else {
            return false;
        };
        if site.at == Collection::ControlPlanes {
            store.open(Arc::clone(&id));
        }
        let Some(scope) = store.scope_mut(plane) else {
            return false;
        };
        scope.put((site.at, id), entity);
        true
    }

    /// This text is a secret wherever it stands: dumps do not show it. Which members of an entity are
    /// secret the table of collections says; what is secret in a free form, such as the configuration of
    /// a plugin, only the sender knows.
    pub fn conceal(&mut self, text: &str) {
        if !text.is_empty() && !self.concealed.contains(text) {
            Arc::make_mut(&mut self.concealed).insert(text.to_owned());
        }
    }

    /// What is there as decK writes it: a list with one document a control plane, sorted by region and name,
    /// without times, defaults and secrets.
    pub fn dump(&self) -> Value {
        let organisations = self.organisations.values();
        organisations
            .flat_map(Organisation::stores)
            .flat_map(dump::documents)
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
