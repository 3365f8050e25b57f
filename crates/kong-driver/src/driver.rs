//! Engines, a cluster and a Konnect under one clock.
//!
//! Time is virtual: it moves only when nothing is left to do at the present moment. One [`Driver::step`]
//! tells one engine one thing, or performs one effect; between steps anything may be looked at or
//! changed, which is how tests inject faults and check invariants, and how a folder of manifests plays
//! the user.

use std::collections::VecDeque;

use serde_json::Value;

use cluster_sim::{Cluster, Request, Status};
use kong_engine::{Action, Effect, Engine, Input, Mono, Now, Outcome, Role};
use kong_model::{Call, Failure, Reply};
use kong_resolve::Access;
use konnect_sim::Konnect;

use crate::forge::Forge;
use crate::machine::Machine;
use crate::perform::{Fault, Sent, Servers, answer, perform};
use crate::replica::{Replica, ReplicaId};
use crate::schedule::Schedule;

/// How the actors other than the engines are called in the operation log.
const USER: &str = "user";

/// What a run begins with.
pub struct Setup<M> {
    /// The cluster.
    pub cluster: Cluster,
    /// Konnect.
    pub konnect: Konnect,
    /// Delays and mishaps.
    pub schedule: Schedule,
    /// Unix time, in seconds, at the beginning.
    pub wall: i64,
    /// A fresh engine.
    pub machine: fn() -> M,
}

impl<M> std::fmt::Debug for Setup<M> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Setup")
            .field("schedule", &self.schedule)
            .finish_non_exhaustive()
    }
}

/// What one step did.
#[derive(Clone, Debug)]
pub enum Step {
    /// An engine was told something.
    Told(Told),
    /// An effect was performed, or failed to be.
    Sent(Box<Sent>),
    /// Nothing was left to do, so time went on.
    Waited(Mono),
}

/// Something that an engine was told.
#[derive(Clone, Debug)]
pub struct Told {
    /// Which engine.
    pub replica: ReplicaId,
    /// What.
    pub input: Input,
}

/// Decides what goes wrong with the next effect.
type Plan = Box<dyn FnMut(ReplicaId, u64, &Effect) -> Option<Fault>>;

/// Hears every call before Konnect does: it may put something there first, or answer itself.
type Source = Box<dyn FnMut(&mut Konnect, &Access, &Call) -> Option<Result<Reply, Failure>>>;

/// Engines, a cluster and a Konnect under one clock.
pub struct Driver<M> {
    /// The cluster; change it as its user through [`Driver::apply`] and its like.
    pub cluster: Cluster,
    /// Konnect.
    pub konnect: Konnect,
    /// Delays and mishaps.
    pub schedule: Schedule,
    machine: fn() -> M,
    replicas: Vec<Replica<M>>,
    clock: Mono,
    wall: i64,
    effects: u64,
    forge: Forge,
    /// Processes that a fault has ended.
    crashes: u64,
    plan: Option<Plan>,
    source: Option<Source>,
}

impl<M> std::fmt::Debug for Driver<M> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Driver")
            .field("clock", &self.clock)
            .field("effects", &self.effects)
            .finish_non_exhaustive()
    }
}

impl<M: Machine> Driver<M> {
    /// One engine, which may write.
    pub fn new(setup: Setup<M>) -> Self {
        let mut driver = Self::without_replicas(setup);
        let replica = driver.add_replica();
        driver.elect(replica, 1, Mono(u64::MAX));
        driver
    }

    /// No engine yet.
    pub fn without_replicas(setup: Setup<M>) -> Self {
        Self {
            cluster: setup.cluster,
            konnect: setup.konnect,
            schedule: setup.schedule,
            machine: setup.machine,
            replicas: Vec::new(),
            clock: Mono(0),
            wall: setup.wall,
            effects: 0,
            forge: Forge::default(),
            crashes: 0,
            plan: None,
            source: None,
        }
    }

    /// Starts one more engine, which may not write yet.
    pub fn add_replica(&mut self) -> ReplicaId {
        let id = ReplicaId(self.replicas.len());
        self.replicas
            .push(Replica::new((self.machine)(), format!("konduit-{}", id.0)));
        id
    }

    /// Lets an engine write until a time.
    pub fn elect(&mut self, replica: ReplicaId, term: u64, fence: Mono) {
        self.tell(replica, Input::Role(Role::Leader { term, fence }));
    }

    /// Lets an engine write no longer.
    pub fn depose(&mut self, replica: ReplicaId) {
        self.tell(replica, Input::Role(Role::Standby));
    }

    /// Kills an engine and starts it again with an empty memory, in the role given.
    pub fn restart(&mut self, replica: ReplicaId, role: Role) {
        let machine = (self.machine)();
        if let Some(replica) = self.replicas.get_mut(replica.0) {
            replica.restart(machine);
        }
        self.tell(replica, Input::Role(role));
    }

    /// Kills an engine for good.
    pub fn kill(&mut self, replica: ReplicaId) {
        if let Some(replica) = self.replicas.get_mut(replica.0) {
            replica.alive = false;
        }
    }

    /// The process hangs: what it takes out of the engine is not sent until it goes on.
    pub fn stall(&mut self, replica: ReplicaId) {
        if let Some(replica) = self.replicas.get_mut(replica.0) {
            replica.stalled.get_or_insert_default();
        }
    }

    /// The process goes on: what it held back is sent, as far as its deadline allows.
    pub fn resume(&mut self, replica: ReplicaId) -> Vec<Sent> {
        let held = self
            .replicas
            .get_mut(replica.0)
            .and_then(|replica| replica.stalled.take());
        let mut sent = Vec::new();
        for effect in held.into_iter().flatten() {
            let crashes = self.crashes;
            sent.push(self.send(replica, effect));
            if self.crashes > crashes {
                // The rest went with the process.
                break;
            }
        }
        sent
    }

    /// Whether news of the cluster reach an engine.
    pub fn partition(&mut self, replica: ReplicaId, cut_off: bool) {
        if let Some(replica) = self.replicas.get_mut(replica.0) {
            replica.cut_off = cut_off;
        }
    }

    /// Lets a plan decide what goes wrong with each effect, by its number.
    pub fn set_plan(
        &mut self,
        plan: impl FnMut(ReplicaId, u64, &Effect) -> Option<Fault> + 'static,
    ) {
        self.plan = Some(Box::new(plan));
    }

    /// Nothing goes wrong any more.
    pub fn clear_plan(&mut self) {
        self.plan = None;
    }

    /// Lets somebody hear every call before Konnect does: what stands behind this Konnect, such as a real one of
    /// which it holds a part. An answer of theirs is the answer.
    pub fn set_source(
        &mut self,
        source: impl FnMut(&mut Konnect, &Access, &Call) -> Option<Result<Reply, Failure>> + 'static,
    ) {
        self.source = Some(Box::new(source));
    }

    /// The time.
    pub fn now(&self) -> Now {
        let seconds = i64::try_from(self.clock.0 / 1_000).unwrap_or(i64::MAX);
        Now {
            mono: self.clock,
            wall: self.wall.saturating_add(seconds),
        }
    }

    /// Time goes on, as a real clock says.
    pub fn advance_to(&mut self, time: Mono) {
        self.clock = self.clock.max(time);
    }

    /// How many effects were taken out so far.
    pub fn effects(&self) -> u64 {
        self.effects
    }

    /// An engine.
    pub fn engine(&self, replica: ReplicaId) -> Option<&Engine> {
        self.replicas
            .get(replica.0)
            .map(|replica| replica.machine.engine())
    }

    /// A request of the user to the API server.
    pub fn request(&mut self, request: Request) -> Result<Value, Status> {
        let wall = self.now().wall;
        self.cluster
            .handle(wall, USER, request)
            .map(|object| Value::clone(&object))
    }

    /// Tells an engine something at once.
    pub fn tell(&mut self, replica: ReplicaId, input: Input) {
        let now = self.now();
        if let Some(replica) = self
            .replicas
            .get_mut(replica.0)
            .filter(|replica| replica.alive)
        {
            replica.machine.handle(now, input);
        }
    }

    /// Does the next thing that is to be done at the present moment, if there is one.
    pub fn step_now(&mut self) -> Option<Step> {
        let now = self.now();
        for index in 0..self.replicas.len() {
            let replica = &mut self.replicas[index];
            if !replica.alive {
                continue;
            }
            replica.pull(&self.cluster, now.mono, &mut self.schedule);
            if replica.stalled.is_none()
                && let Some(input) = replica.next_input(&self.cluster, now.mono, &mut self.schedule)
            {
                replica.machine.handle(now, input.clone());
                return Some(Step::Told(Told {
                    replica: ReplicaId(index),
                    input,
                }));
            }
        }
        for index in 0..self.replicas.len() {
            let id = ReplicaId(index);
            let replica = &mut self.replicas[index];
            if !replica.alive {
                continue;
            }
            let lanes = replica.machine.lanes();
            let Some(effect) = lanes
                .iter()
                .find_map(|lane| replica.machine.poll(now, lane))
            else {
                continue;
            };
            if let Some(held) = &mut replica.stalled {
                VecDeque::push_back(held, effect);
                continue;
            }
            return Some(Step::Sent(Box::new(self.send(id, effect))));
        }
        None
    }

    /// Does the next thing, whenever it is; `None` if nothing will ever be left to do, or not before
    /// `until`.
    pub fn step(&mut self, until: Mono) -> Option<Step> {
        if let Some(step) = self.step_now() {
            return Some(step);
        }
        let next = self.next_time().filter(|time| *time <= until)?;
        // A deadline in the past is one that was looked at just now.
        self.clock = next.max(self.clock.after(1));
        Some(Step::Waited(self.clock))
    }

    /// When there will be something to do.
    pub fn next_time(&self) -> Option<Mono> {
        self.replicas
            .iter()
            .filter(|replica| replica.alive)
            .flat_map(|replica| {
                let told = replica.next_time().filter(|_| replica.stalled.is_none());
                [told, replica.machine.deadline()]
            })
            .flatten()
            .min()
    }

    /// Steps until a time; time is `until` afterwards.
    pub fn run_until(&mut self, until: Mono) {
        while self.step(until).is_some() {}
        self.advance_to(until);
    }

    /// Whether every engine knows everything and has nothing to do but its periodic lists.
    pub fn is_quiet(&self) -> bool {
        self.replicas
            .iter()
            .filter(|replica| replica.alive)
            .all(|replica| {
                replica.is_up_to_date(&self.cluster) && replica.machine.engine().is_quiet()
            })
    }

    /// Steps until all is quiet; false if it is not before `limit`.
    pub fn settle(&mut self, limit: Mono) -> bool {
        loop {
            if self.step_now().is_some() {
                continue;
            }
            if self.is_quiet() {
                return true;
            }
            if self.step(limit).is_none() {
                return false;
            }
        }
    }

    /// What the source answers to a call.
    fn ask_source(&mut self, action: &Action) -> Option<Result<Reply, Failure>> {
        match action {
            Action::Konnect { access, call } => {
                let source = self.source.as_mut()?;
                source(&mut self.konnect, access, call)
            }
            Action::Status { .. } | Action::Finalizers { .. } | Action::Mint(_) => None,
        }
    }

    fn send(&mut self, id: ReplicaId, effect: Effect) -> Sent {
        let index = self.effects;
        self.effects += 1;
        let now = self.now();
        let fault = self.plan.as_mut().and_then(|plan| plan(id, index, &effect));
        let late = now.mono > effect.not_after;
        let reached = !late && matches!(fault, None | Some(Fault::ReplyLost | Fault::Crash));
        let delay = match effect.action {
            kong_engine::Action::Konnect { .. } => self.schedule.draw(self.schedule.konnect),
            kong_engine::Action::Status { .. }
            | kong_engine::Action::Finalizers { .. }
            | kong_engine::Action::Mint(_) => self.schedule.draw(self.schedule.kube),
        };
        let actor = self.replicas[id.0].actor.clone();
        let outcome = if late {
            Outcome::NotSent
        } else if let (true, Some(answer)) = (reached, self.ask_source(&effect.action)) {
            Outcome::Konnect(answer)
        } else if reached {
            let mut servers = Servers {
                cluster: &mut self.cluster,
                konnect: &mut self.konnect,
                forge: &mut self.forge,
            };
            perform(&mut servers, now, &actor, &effect.action)
        } else {
            answer(&effect.action, fault.unwrap_or(Fault::NotSent))
        };
        let heard = match fault {
            Some(fault @ Fault::ReplyLost) if reached => answer(&effect.action, fault),
            _ => outcome.clone(),
        };
        match fault {
            Some(Fault::Crash | Fault::CrashBefore) if !late => {
                let role = self.replicas[id.0].machine.engine().role();
                self.crashes += 1;
                self.restart(id, role.unwrap_or(Role::Standby));
            }
            _ => self.replicas[id.0].answer_at(now.mono.after(delay), effect.op, heard),
        }
        Sent {
            replica: id,
            index,
            action: effect.action,
            at: now.mono,
            reached,
            outcome,
        }
    }
}
