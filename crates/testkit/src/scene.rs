//! A world with an engine in it, watched: what tests act on and look at.
//!
//! A [`Scene`] is a driver, a [`Watchdog`] that looks at every step, and short words for what users do.
//! Start with [`Scene::new`], [`Scene::act`] and [`Scene::settle`].

mod elsewhere;

pub use elsewhere::held;
pub(crate) use elsewhere::is_emptied;

use std::sync::LazyLock;

use cluster_sim::{
    Cluster, Preconditions, Propagation, Request, ResourceId, Status, Subresource, WriteOptions,
};
use kong_crds::Kind;
pub use kong_driver::object_id;
use kong_driver::{Driver, Machine, ReplicaId, Schedule, Sent, Setup, Step};
use kong_engine::{Engine, Mono, Outcome, Role};
use kong_model::{Call, Collection};
use kong_resolve::Key;
use konnect_sim::Konnect;
use serde_json::{Value, json};

use crate::act::Act;
use crate::document::key_of;
use crate::faults::{FaultLog, FaultPlan};
use crate::trace::{Trace, brief};
use crate::watchdog::{By, Watchdog};

/// What the ids that Konnect chooses are drawn from.
pub(crate) const KONNECT_SEED: u64 = 1;
/// Unix time at which scenes begin.
const WALL: i64 = 1_700_000_000;
/// How long [`Act::Settle`] waits at most: longer than the longest first retry, 75 s.
const PATIENCE: u64 = 150_000;

/// No small world has so much to do before it comes to rest: who does more goes round in circles.
const MOST_EFFECTS: u64 = 3_000;

/// Reading the definitions and compiling their rules takes longer than most runs.
static EMPTY: LazyLock<Cluster> = LazyLock::new(|| {
    Cluster::new(&kong_crds::crd_documents())
        .expect("our own definitions compile")
        .with_conversion(|document, version| {
            let version = version.rsplit('/').next().unwrap_or(version);
            kong_crds::convert(document, version).map_err(|error| error.to_string())
        })
});

/// A world with an engine in it.
#[derive(Debug)]
pub struct Scene<M = Engine> {
    /// The world.
    pub driver: Driver<M>,
    /// What looks at every step.
    pub watchdog: Watchdog,
    /// What went wrong by plan.
    pub faults: FaultLog,
    /// What happened, if somebody wants to know.
    pub trace: Option<Trace>,
    /// How many effects may be needed before the world comes to rest.
    pub most_effects: u64,
}

impl<M: Machine> Scene<M> {
    /// An empty cluster, an empty Konnect and one engine that may write.
    pub fn new(schedule: Schedule, machine: fn() -> M) -> Self {
        let mut scene = Self::without_leader(schedule, machine);
        let replica = scene.driver.add_replica();
        scene.elect(replica, 1, Mono(u64::MAX));
        scene
    }

    /// No engine yet.
    pub fn without_leader(schedule: Schedule, machine: fn() -> M) -> Self {
        let driver = Driver::without_replicas(Setup {
            cluster: EMPTY.clone(),
            konnect: Konnect::new(KONNECT_SEED),
            schedule,
            wall: WALL,
            machine,
        });
        Self {
            driver,
            watchdog: Watchdog::default(),
            faults: FaultLog::default(),
            trace: None,
            most_effects: MOST_EFFECTS,
        }
    }

    /// Puts a plan of faults in force.
    pub fn plan(&mut self, plan: FaultPlan) {
        plan.govern(&mut self.driver, &self.faults);
    }

    /// Lets an engine write until a time.
    pub fn elect(&mut self, replica: ReplicaId, term: u64, fence: Mono) {
        self.watchdog.elected(replica, term, fence);
        self.driver.elect(replica, term, fence);
    }

    /// Kills an engine and starts it again with an empty memory, in the role that it had.
    pub fn restart(&mut self, replica: ReplicaId) {
        let role = self.driver.engine(replica).and_then(Engine::role);
        self.watchdog.forget(replica);
        self.driver.restart(replica, role.unwrap_or(Role::Standby));
    }

    /// Lets a stalled engine go on.
    pub fn resume(&mut self, replica: ReplicaId) {
        for sent in self.driver.resume(replica) {
            self.sent(Box::new(sent));
        }
    }

    /// Does the next thing, whenever it is; `None` if there is none before `until`.
    pub fn step(&mut self, until: Mono) -> Option<()> {
        let step = self.driver.step(until)?;
        self.follow(step);
        Some(())
    }

    fn follow(&mut self, step: Step) {
        match step {
            Step::Sent(sent) => self.sent(sent),
            step @ Step::Told(_) => self.took(&step),
            step @ Step::Waited(_) => {
                if let Some(trace) = &mut self.trace {
                    trace.note(&step);
                }
            }
        }
    }

    fn sent(&mut self, sent: Box<Sent>) {
        // What is too late is not sent, and then nothing goes wrong with it either.
        let late = matches!(sent.outcome, Outcome::NotSent);
        let crashed = !late
            && matches!(
                self.faults.of(sent.index),
                Some(kong_driver::Fault::Crash | kong_driver::Fault::CrashBefore)
            );
        let replica = sent.replica;
        self.took(&Step::Sent(sent));
        if crashed {
            self.watchdog.forget(replica);
        }
    }

    fn took(&mut self, step: &Step) {
        if let Some(trace) = &mut self.trace {
            trace.note(step);
        }
        if self.watchdog.reads_everything {
            self.watchdog.search("a line of a trace", &brief(step));
        }
        let now = self.driver.now();
        let before = self.watchdog.violations.len();
        self.watchdog
            .took(step, now.mono, &self.driver.cluster, &self.driver.konnect);
        if let Some(trace) = &mut self.trace {
            for violation in &self.watchdog.violations[before..] {
                trace.say(&format!("HERE {violation}"));
            }
        }
    }

    /// Steps for so many milliseconds.
    pub fn run_for(&mut self, milliseconds: u64) {
        let until = self.driver.now().mono.after(milliseconds);
        let enough = self.driver.effects() + self.most_effects;
        while self.driver.effects() < enough && self.step(until).is_some() {}
        self.driver.advance_to(until);
    }

    /// Steps until there is nothing left to do; false if that takes longer than so many milliseconds.
    pub fn settle_within(&mut self, milliseconds: u64) -> bool {
        let until = self.driver.now().mono.after(milliseconds);
        let enough = self.driver.effects() + self.most_effects;
        loop {
            while let Some(step) = self.driver.step_now() {
                self.follow(step);
            }
            if self.driver.effects() > enough {
                return false;
            }
            if self.driver.is_quiet() {
                return true;
            }
            if self.step(until).is_none() {
                self.driver.advance_to(until);
                return self.driver.is_quiet();
            }
        }
    }

    /// Steps until there is nothing left to do, or for [`Act::Settle`]'s patience.
    pub fn settle(&mut self) -> bool {
        self.settle_within(PATIENCE)
    }

    /// Lets something happen.
    ///
    /// # Errors
    ///
    /// What the API server refused; deletions of what is not there are no error.
    pub fn act(&mut self, act: &Act) -> Result<(), Status> {
        self.watchdog.learn(act);
        let done = self.perform(act);
        self.watchdog
            .look(&self.driver.cluster, &self.driver.konnect, By::User);
        done
    }

    fn perform(&mut self, act: &Act) -> Result<(), Status> {
        match act {
            Act::Apply(documents) => documents
                .iter()
                .try_for_each(|document| self.apply(document.clone()).map(drop)),
            Act::Edit(key, patch) => self.edit(key, patch.clone()).map(drop),
            Act::Delete(keys) => {
                for key in keys {
                    match self.delete(key) {
                        Err(status) if status.code != 404 => return Err(status),
                        Ok(_) | Err(_) => {}
                    }
                }
                Ok(())
            }
            Act::WipeId(key) => {
                let patch = json!({"status": {"id": null, "konnect": {"id": null}}});
                let patch = match key.kind {
                    Kind::KonnectGatewayControlPlane => json!({"status": {"id": null}}),
                    _ => patch,
                };
                self.patch(key, patch, Subresource::Status).map(drop)
            }
            Act::Plant(document) => self.driver.cluster.plant(document.clone()).map(drop),
            Act::Elsewhere(elsewhere) => {
                self.elsewhere(elsewhere);
                Ok(())
            }
            Act::Revoke(token) => {
                self.driver.konnect.revoke_token(token);
                Ok(())
            }
            Act::Accept(token) => {
                self.driver.konnect.register_token(token, "default");
                Ok(())
            }
            Act::Collect => {
                let now = self.driver.now().wall;
                self.driver.cluster.collect_garbage(now);
                Ok(())
            }
            Act::Restart => {
                self.restart(ReplicaId(0));
                Ok(())
            }
            Act::Wait(milliseconds) => {
                self.run_for(*milliseconds);
                Ok(())
            }
            Act::Settle => {
                self.settle();
                Ok(())
            }
        }
    }

    /// Creates an object, or replaces the one of that name.
    pub fn apply(&mut self, document: impl Into<Value>) -> Result<Value, Status> {
        let mut document = document.into();
        let there = key_of(&document).and_then(|key| self.object(&key));
        let options = WriteOptions::STRICT;
        let request = match there {
            Some(there) => {
                let meta = &there["metadata"];
                document["metadata"]["resourceVersion"] = meta["resourceVersion"].clone();
                // As `kubectl apply` does: what others own stays.
                if let Some(finalizers) = meta.get("finalizers") {
                    document["metadata"]["finalizers"] = finalizers.clone();
                }
                Request::Replace { document, options }
            }
            None => Request::Create { document, options },
        };
        self.driver.request(request)
    }

    /// Changes an object by a merge patch.
    pub fn edit(&mut self, key: &Key, patch: Value) -> Result<Value, Status> {
        self.patch(key, patch, Subresource::Main)
    }

    fn patch(
        &mut self,
        key: &Key,
        patch: Value,
        subresource: Subresource,
    ) -> Result<Value, Status> {
        self.driver.request(Request::Patch {
            object: object_id(key),
            version: None,
            patch,
            subresource,
        })
    }

    /// Deletes an object.
    pub fn delete(&mut self, key: &Key) -> Result<Value, Status> {
        self.driver.request(Request::Delete {
            object: object_id(key),
            preconditions: Preconditions::default(),
            propagation: Propagation::Background,
        })
    }

    /// An object as it is stored.
    pub fn object(&self, key: &Key) -> Option<Value> {
        let object = self.driver.cluster.get(&object_id(key))?;
        Some(Value::clone(object))
    }

    /// Its status; null without one.
    pub fn status(&self, key: &Key) -> Value {
        self.object(key)
            .map(|mut object| object["status"].take())
            .unwrap_or_default()
    }

    /// One of its conditions; null without it.
    pub fn condition(&self, key: &Key, kind: &str) -> Value {
        let status = self.status(key);
        let conditions = status["conditions"].as_array();
        let found = conditions
            .into_iter()
            .flatten()
            .find(|condition| condition["type"] == kind);
        found.cloned().unwrap_or_default()
    }

    /// Whether it is Programmed in its present generation.
    pub fn is_programmed(&self, key: &Key) -> bool {
        let generation = self
            .object(key)
            .map(|object| object["metadata"]["generation"].clone());
        let condition = self.condition(key, "Programmed");
        condition["status"] == "True"
            && Some(&condition["observedGeneration"]) == generation.as_ref()
    }

    /// The id of its entity in Konnect, as its status has it.
    pub fn id(&self, key: &Key) -> Option<String> {
        crate::watchdog::id_in(&self.status(key)).map(str::to_owned)
    }

    /// The bodies of a collection, in all control planes.
    pub fn entities(&self, at: Collection) -> Vec<Value> {
        let entities = held(&self.driver.konnect, at);
        entities.map(|(_, entity)| entity.clone()).collect()
    }

    /// How many writes of engines to an object the API server took, as the log has it.
    pub fn writes_to(&self, key: &Key) -> usize {
        let id = object_id(key);
        let log = self.driver.cluster.log().iter();
        log.filter(|entry| {
            entry.is_write()
                && *entry.actor != *"user"
                && entry.resource == id.resource
                && entry.namespace == id.namespace
                && entry.name == id.name
        })
        .count()
    }

    /// All writes of engines, to the API server and to Konnect, as the logs have them.
    pub fn writes(&self) -> (usize, usize) {
        let cluster = self.driver.cluster.log().iter();
        let konnect = self.driver.konnect.log().iter();
        (
            cluster
                .filter(|entry| entry.is_write() && *entry.actor != *"user")
                .count(),
            konnect
                .filter(|entry| entry.is_write() && !entry.foreign)
                .count(),
        )
    }

    /// Forgets what the logs have so far.
    pub fn clear_logs(&mut self) {
        self.driver.cluster.clear_log();
        self.driver.konnect.clear_log();
    }

    /// Every object in the cluster.
    pub fn objects(&self) -> Vec<Value> {
        let resources: Vec<ResourceId> = self.driver.cluster.resources().cloned().collect();
        resources
            .iter()
            .flat_map(|resource| self.driver.cluster.list(resource, None))
            .map(|object| Value::clone(object))
            .collect()
    }
}

/// The collection that a call writes to.
pub(crate) fn written(call: &Call) -> Option<&kong_model::Site> {
    match call {
        Call::WhoAmI | Call::List { .. } | Call::Get { .. } => None,
        Call::Put { site, .. }
        | Call::Post { site, .. }
        | Call::Patch { site, .. }
        | Call::Remove { site, .. } => Some(site),
    }
}
