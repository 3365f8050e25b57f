//! The state machine itself: inputs in, effects out.
//!
//! Everything the engine knows is in one value. `handle` takes a fact in and follows its consequences
//! to the end; `poll` gives the next thing to do in a lane; `deadline` says when to poll again although
//! nothing happened. There is no clock, no I/O and no randomness in here, so a run is determined by its
//! inputs.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use kong_crds::Kind;
use kong_resolve::{Access, Condition, Dep, Home, Key, Map, Uid, World};

use crate::entities::Entities;
use crate::input::{Effect, Input, Lane, Mono, Now, OpId, Org, Outcome, Role};
use crate::judging::Unit;
use crate::listing::{Listings, Scope};
use crate::minting::Mints;
use crate::objects::{Grave, Record};
use crate::pool::Pool;
use crate::queue::Queue;
use crate::recall::Recorded;
use crate::sights::Sights;

/// Periods and limits. Times in milliseconds where nothing else is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// How often what Konnect holds is listed.
    pub sync_period: u64,
    /// How long a request may take.
    pub request_timeout: u64,
    /// How long a failure has to last before it is written into a status: objects that are applied
    /// together arrive one after the other.
    pub hold_back: u64,
    /// Likewise for what gives way by itself, such as a parent that is being created.
    pub patience: u64,
    /// How long certificates are good for that are made here, in seconds.
    pub certificate_life: i64,
    /// How long before its end a certificate is made anew, in seconds; at most a third of its life.
    pub certificate_margin: i64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            sync_period: 60_000,
            request_timeout: 10_000,
            hold_back: 1_000,
            patience: 10_000,
            certificate_life: 87_600 * 3_600,
            certificate_margin: 168 * 3_600,
        }
    }
}

/// What the engine has counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Objects judged.
    pub judged: u64,
    /// Entities found in Konnect other than they were believed to be.
    pub drift: u64,
    /// Entities found other than they were left that stay so, which their objects say.
    pub drift_left: u64,
}

/// A reason to look at something at a certain time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Wake {
    /// An entity may be tried again.
    Entity(Uuid),
    /// A list is due.
    List(Scope),
    /// An object has waited long enough for its status or for the watch.
    Object(Key),
    /// A Secret is to be made, or filled anew.
    Mint(Key),
}

/// What an effect in flight is about.
#[derive(Clone, Debug)]
pub(crate) enum Subject {
    Object(Key),
    Entity(Uuid),
    List(Scope),
    Mint(Key),
}

/// The engine.
#[derive(Clone, Debug, Default)]
pub struct Engine {
    pub(crate) settings: Settings,
    pub(crate) now: Mono,
    pub(crate) wall: i64,
    pub(crate) role: Option<Role>,
    pub(crate) synced: BTreeSet<Kind>,

    // The cluster.
    pub(crate) world: World,
    /// Boxed, like all that is large and numerous: a table of them has room for many more than it holds.
    pub(crate) records: Map<Key, Box<Record>>,
    pub(crate) by_uid: Map<Uid, Key>,
    /// Incarnations that are gone: late news of them are dropped.
    pub(crate) graves: BTreeMap<Uid, Grave>,
    pub(crate) kube_queue: BTreeSet<Key>,
    pub(crate) mints: Mints,
    pub(crate) recorded: Recorded,

    // Judgement.
    pub(crate) units: Map<Key, Box<Unit>>,
    pub(crate) readers: Map<Dep, BTreeSet<Key>>,
    pub(crate) pinned: Map<Key, BTreeSet<Key>>,
    /// Entities that take the place of what these objects had.
    pub(crate) heirs: BTreeMap<Uuid, BTreeSet<Key>>,
    pub(crate) dirty: BTreeSet<Key>,
    pub(crate) stale: BTreeSet<Key>,
    /// What is said of many objects in the same words.
    pub(crate) findings: Pool<[Condition]>,
    pub(crate) homes: Pool<Home>,
    /// What stands in many statuses and bodies.
    pub(crate) texts: Pool<str>,

    // Konnect.
    pub(crate) entities: Entities,
    pub(crate) unexamined: BTreeSet<Uuid>,
    pub(crate) listings: Listings,
    pub(crate) sights: Sights,
    pub(crate) lanes: BTreeMap<Org, Queue>,
    /// The organisation that each configuration was last known to open.
    pub(crate) orgs: BTreeMap<Key, Org>,

    // Effects.
    pub(crate) in_flight: BTreeMap<OpId, (Subject, Option<Org>)>,
    pub(crate) last_op: u64,
    /// The last effect before this term in office.
    pub(crate) term_began: OpId,
    /// Since when we have been in office with all that there is before us.
    pub(crate) in_charge_since: Mono,
    pub(crate) timers: BTreeSet<(Mono, Wake)>,
    pub(crate) stats: Stats,
}

impl Engine {
    /// An engine that knows nothing.
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            ..Self::default()
        }
    }

    /// Takes a fact in and follows its consequences.
    pub fn handle(&mut self, now: Now, input: Input) {
        self.advance(now);
        match input {
            Input::Seen(observed) => self.seen(*observed),
            Input::Gone(key, uid) => self.gone(&key, &uid),
            Input::Synced(kind) => self.sync(kind),
            Input::Role(role) => self.take_role(role),
            Input::Done(op, outcome) => self.done(op, outcome),
        }
        self.settle();
    }

    /// The next thing to do in a lane; `None` if there is nothing that may be done now.
    pub fn poll(&mut self, now: Now, lane: &Lane) -> Option<Effect> {
        self.advance(now);
        self.settle();
        match lane {
            Lane::Kube => self.poll_cluster(),
            Lane::Konnect(org) => self.poll_konnect(org),
        }
    }

    /// The lanes that may have something to do.
    pub fn lanes(&self) -> Vec<Lane> {
        let konnect = self.lanes.keys().cloned().map(Lane::Konnect);
        std::iter::once(Lane::Kube).chain(konnect).collect()
    }

    /// When to poll again even if nothing happens until then.
    pub fn deadline(&self) -> Option<Mono> {
        let timer = self.timers.first().map(|(time, _)| *time);
        let lane = self
            .lanes
            .values()
            .filter_map(|queue| queue.opens(self.now))
            .min();
        [timer, lane].into_iter().flatten().min()
    }

    /// Whether this engine may write, as it was last told.
    pub fn role(&self) -> Option<Role> {
        self.role
    }

    /// What was counted so far.
    pub fn stats(&self) -> Stats {
        self.stats
    }

    /// What is known, for tables and debugging.
    pub fn world(&self) -> &World {
        &self.world
    }

    /// Who read an object when it was judged, also where there was none to be read.
    pub fn readers(&self, key: &Key) -> impl Iterator<Item = &Key> {
        let readers = self.readers.get(&Dep::Object(key.clone()));
        readers.into_iter().flatten()
    }

    /// The accesses whose tokens have been found good, by configuration.
    pub fn accesses(&self) -> impl Iterator<Item = (&Key, &Access)> {
        let units = self.units.keys();
        units.filter_map(|key| Some((key, self.access(key)?)))
    }

    /// Whether nothing is in flight, queued or waiting for anything but the next list.
    pub fn is_quiet(&self) -> bool {
        self.in_flight.is_empty()
            && self.kube_queue.is_empty()
            && self.mints.is_quiet()
            && self.lanes.values().all(Queue::is_empty)
            && self.timers.iter().all(|(_, wake)| match wake {
                Wake::List(scope) => !self.listings.has_failed(scope),
                Wake::Entity(_) | Wake::Object(_) => false,
                // What is good for years is no work.
                Wake::Mint(_) => true,
            })
    }

    pub(crate) fn is_synced(&self) -> bool {
        self.synced.len() == Kind::SERVED
    }

    /// Until when writes may be sent; `None` if they may not.
    pub(crate) fn fence(&self) -> Option<Mono> {
        match self.role {
            Some(Role::Leader { fence, .. }) if self.now < fence && self.is_synced() => Some(fence),
            Some(Role::Leader { .. } | Role::Standby) | None => None,
        }
    }

    /// The term in office, 0 without one.
    pub(crate) fn term(&self) -> u64 {
        match self.role {
            Some(Role::Leader { term, .. }) => term,
            Some(Role::Standby) | None => 0,
        }
    }

    pub(crate) fn start(&mut self, subject: Subject, org: Option<Org>) -> OpId {
        self.last_op += 1;
        let op = OpId(self.last_op);
        self.in_flight.insert(op, (subject, org));
        op
    }

    pub(crate) fn wake_at(&mut self, time: Mono, wake: Wake) {
        self.timers.insert((time, wake));
    }

    /// An object is to be looked at again at this time, and at no other.
    pub(crate) fn set_object_alarm(&mut self, key: &Key, time: Option<Mono>) {
        let Some(record) = self.records.get_mut(key) else {
            return;
        };
        if let Some(old) = std::mem::replace(&mut record.alarm, time) {
            self.timers.remove(&(old, Wake::Object(key.clone())));
        }
        if let Some(time) = time {
            self.wake_at(time, Wake::Object(key.clone()));
        }
    }

    /// An entity is to be looked at again at this time, and at no other.
    pub(crate) fn set_entity_alarm(&mut self, id: Uuid, time: Option<Mono>) {
        let Some(entity) = self.entities.get_mut(id) else {
            return;
        };
        if let Some(old) = std::mem::replace(&mut entity.alarm, time) {
            self.timers.remove(&(old, Wake::Entity(id)));
        }
        if let Some(time) = time {
            self.wake_at(time, Wake::Entity(id));
        }
    }

    fn advance(&mut self, now: Now) {
        self.now = self.now.max(now.mono);
        self.wall = now.wall;
        while let Some((time, _)) = self.timers.first() {
            if *time > self.now {
                break;
            }
            let Some((time, wake)) = self.timers.pop_first() else {
                break;
            };
            match wake {
                Wake::Entity(id) => {
                    self.unexamined.insert(id);
                }
                // A list that was given up and taken up again has another time.
                Wake::List(scope) if self.listings.is_due_at(&scope, time) => {
                    self.list_is_due(&scope);
                }
                Wake::List(_) => {}
                Wake::Object(key) => self.look_again(&key),
                Wake::Mint(key) => self.check_mint(&key),
            }
        }
    }

    fn sync(&mut self, kind: Kind) {
        let is_new = self.synced.insert(kind);
        if self.is_synced() {
            if is_new {
                self.in_charge_since = self.now;
            }
            self.check_all();
        }
    }

    fn take_role(&mut self, role: Role) {
        let term = self.term();
        self.role = Some(role);
        if self.term() != term {
            self.term_began = OpId(self.last_op);
            self.in_charge_since = self.now;
            // Somebody else may have written since the last lists.
            self.listings.forget_all();
            self.forget_sights();
            self.forget_ownerless();
            let keys: Vec<Key> = self.units.keys().cloned().collect();
            for key in keys {
                self.trust_statuses_of(&key);
                self.recall_again(&key);
                self.stale.insert(key);
            }
            for record in self.records.values_mut() {
                record.wrong_since = None;
            }
            self.unexamined.extend(self.entities.ids());
            self.check_all();
        }
    }

    fn check_all(&mut self) {
        let keys: Vec<Key> = self.records.keys().cloned().collect();
        for key in keys {
            self.check(&key);
        }
        self.check_mints();
    }

    /// Follows all consequences of what has changed. Reports before judgements, parents before
    /// children: so that everything is judged once.
    fn settle(&mut self) {
        if !self.is_synced() {
            return;
        }
        loop {
            if let Some(plane) = self.entities.pop_arrived() {
                // Who has yet to be recalled from there is judged again.
                self.dirty.extend(self.recorded.awaited(&plane));
            } else if let Some(plane) = self.entities.pop_cleared() {
                self.examine_leaving(&plane);
            } else if let Some(id) = self.unexamined.pop_first() {
                self.examine(id);
            } else if let Some(key) = self.stale.pop_first() {
                self.refresh(&key);
            } else if let Some(key) = self.dirty.pop_first() {
                self.judge(&key);
            } else {
                return;
            }
        }
    }

    fn done(&mut self, op: OpId, outcome: Outcome) {
        let Some((subject, org)) = self.in_flight.remove(&op) else {
            return;
        };
        if let (Some(org), Outcome::Konnect(result)) = (&org, &outcome) {
            let now = self.now;
            if let Some(queue) = self.lanes.get_mut(org) {
                queue.budget.finished(op, result.as_ref().map(|_| ()), now);
            }
        } else if let Some(queue) = org.as_ref().and_then(|org| self.lanes.get_mut(org)) {
            queue.budget.abandoned();
        }
        match subject {
            Subject::Object(key) => self.stored(&key, op, outcome),
            Subject::Entity(id) => self.entity_done(id, op, outcome),
            Subject::List(scope) => self.list_done(&scope, op, outcome),
            Subject::Mint(key) => self.mint_done(&key, op, outcome),
        }
    }
}
