//! The one task that owns the engine.
//!
//! It tells the engine what watches and effects bring, asks every lane for what is next, and sleeps until
//! the engine wants to be asked again. It performs nothing itself and waits for nothing else, so an edit is
//! never behind a request. Start with [`EventLoop::run`].

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use kong_crds::Observed;
use kong_engine::{Action, Engine, Input, Lane, Mono, Outcome, Role};
use kong_resolve::{Key, Uid};
use tokio::{
    sync::{mpsc, watch},
    task::{JoinError, JoinSet},
    time::{Instant, MissedTickBehavior, interval, sleep_until, timeout_at},
};
use tokio_util::sync::CancellationToken;

use crate::{
    clock::Timeline,
    events::Mailbox,
    hands::{Errand, Hands, Performed},
    metrics::Metrics,
    milestones::Milestones,
    rehearsal::Rehearsal,
};

/// Writes to the API server at once: what its fair queueing gives one client without making it wait.
const KUBE_AT_ONCE: usize = 32;
/// Inputs that are taken before lanes are asked again, so that a long list does not hold up effects.
const INPUTS_AT_ONCE: usize = 256;
/// How long it has to be quiet before it is told what would be done.
const PAUSE: Duration = Duration::from_secs(1);
/// How often the loop shows that it is alive though nothing happens.
pub(crate) const HEARTBEAT: Duration = Duration::from_secs(5);

/// When the loop last came round.
#[derive(Debug, Default)]
pub(crate) struct Pulse(AtomicU64);

impl Pulse {
    pub(crate) fn beat(&self, now: Mono) {
        self.0.store(now.0, Ordering::Relaxed);
    }

    /// Milliseconds since the loop last came round.
    pub(crate) fn age(&self, now: Mono) -> u64 {
        now.since(Mono(self.0.load(Ordering::Relaxed)))
    }
}

/// The loop with everything that it holds.
pub(crate) struct EventLoop {
    pub(crate) engine: Engine,
    pub(crate) timeline: Timeline,
    pub(crate) hands: Arc<Hands>,
    pub(crate) inputs: mpsc::Receiver<Input>,
    pub(crate) roles: watch::Receiver<Role>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) pulse: Arc<Pulse>,
    pub(crate) milestones: Milestones,
    /// Where events are left, if they are wanted.
    pub(crate) mailbox: Option<Mailbox>,
    /// What tells what would be done, if nothing is.
    pub(crate) rehearsal: Option<Rehearsal>,
    /// When it is to be told next.
    pub(crate) curtain: Option<Instant>,
    /// How long what is in flight may take after the loop was told to stop.
    pub(crate) grace: Duration,
    pub(crate) tasks: JoinSet<Performed>,
    pub(crate) in_flight: BTreeMap<Lane, usize>,
}

impl EventLoop {
    /// Runs until it is told to stop, and then until nothing is in flight any more.
    ///
    /// # Errors
    ///
    /// If a task panicked: what came of its effect is not known, so only a new start is sure to be right.
    pub(crate) async fn run(mut self, stop: CancellationToken) -> Result<(), JoinError> {
        let mut heartbeat = interval(HEARTBEAT);
        heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut inputs = Vec::with_capacity(INPUTS_AT_ONCE);
        while !stop.is_cancelled() {
            self.dispatch();
            self.measure();
            let alarm = self.alarm();
            tokio::select! {
                () = stop.cancelled() => {}
                Some(performed) = self.tasks.join_next() => {
                    self.performed(performed?);
                    while let Some(performed) = self.tasks.try_join_next() {
                        self.performed(performed?);
                    }
                }
                count @ 1.. = self.inputs.recv_many(&mut inputs, INPUTS_AT_ONCE) => {
                    tracing::trace!(count, "news of the cluster");
                    for input in inputs.drain(..) {
                        self.tell(input);
                    }
                }
                Ok(()) = self.roles.changed() => {
                    let role = *self.roles.borrow_and_update();
                    self.metrics.leads(matches!(role, Role::Leader { .. }));
                    self.tell(Input::Role(role));
                }
                () = sleep_until(alarm.unwrap_or_else(Instant::now)), if alarm.is_some() => {}
                () = sleep_until(self.curtain.unwrap_or_else(Instant::now)), if self.curtain.is_some() => {
                    self.rehearse();
                }
                _ = heartbeat.tick() => {}
            }
            self.pulse.beat(self.timeline.mono());
        }
        self.drain().await
    }

    /// Lets every lane do what may be done now.
    fn dispatch(&mut self) {
        for lane in self.engine.lanes() {
            loop {
                let under_way = self.in_flight.get(&lane).copied().unwrap_or_default();
                if lane == Lane::Kube && under_way >= KUBE_AT_ONCE {
                    break;
                }
                let Some(effect) = self.engine.poll(self.timeline.now(), &lane) else {
                    break;
                };
                let purpose = self.engine.purpose(effect.op);
                *self.in_flight.entry(lane.clone()).or_default() += 1;
                let errand = Errand {
                    lane: lane.clone(),
                    effect,
                    purpose,
                };
                self.tasks.spawn(Arc::clone(&self.hands).perform(errand));
            }
        }
    }

    fn tell(&mut self, input: Input) {
        if let Some(rehearsal) = &mut self.rehearsal {
            rehearsal.told(&input);
            self.curtain = Some(Instant::now() + PAUSE);
        }
        match &input {
            Input::Seen(observed) | Input::Done(_, Outcome::Stored(Some(observed))) => {
                self.note(observed);
            }
            Input::Gone(_, uid) => self.milestones.gone(uid),
            Input::Synced(kind) => {
                tracing::debug!(%kind, "all objects have been seen");
                self.metrics.kind_synced();
            }
            Input::Role(_)
            | Input::Done(
                _,
                Outcome::Stored(None)
                | Outcome::NotStored(_)
                | Outcome::Konnect(_)
                | Outcome::NotSent,
            ) => {}
        }
        self.engine.handle(self.timeline.now(), input);
    }

    /// Takes note of what has changed with an object. What a leader sees it has done itself.
    fn note(&mut self, observed: &Observed) {
        let Some(milestone) = self.milestones.seen(observed, self.timeline.mono()) else {
            return;
        };
        if !matches!(self.engine.role(), Some(Role::Leader { .. })) {
            return;
        }
        if let Some(waited) = milestone.waited {
            self.metrics.programmed(observed.kind, waited);
        }
        if let (Some(news), Some(mailbox)) = (milestone.news, &self.mailbox)
            && let Some(key) = Key::of(observed)
        {
            let uid = Uid::from(observed.meta.uid.as_deref().unwrap_or_default());
            mailbox.leave(&key, &uid, news);
        }
    }

    fn performed(&mut self, performed: Performed) {
        let Performed {
            op,
            lane,
            action,
            purpose,
            outcome,
            took,
        } = performed;
        if let Some(count) = self.in_flight.get_mut(&lane) {
            *count = count.saturating_sub(1);
        }
        if let Some(rehearsal) = &mut self.rehearsal {
            rehearsal.answered(&action, &outcome);
        }
        match (&action, &outcome) {
            (_, Outcome::NotSent) => self.metrics.not_sent(),
            (Action::Konnect { access, call }, Outcome::Konnect(result)) => {
                self.metrics
                    .konnect(&access.server, call, purpose, result, took);
            }
            (Action::Status { object, .. }, outcome) => {
                self.metrics.write(object.kind, "status", outcome);
            }
            (Action::Finalizers { object, .. }, outcome) => {
                self.metrics.write(object.kind, "finalizers", outcome);
            }
            (Action::Mint(mint), outcome) => {
                self.metrics.write(mint.secret.kind, "certificate", outcome);
            }
            (Action::Konnect { .. }, Outcome::Stored(_) | Outcome::NotStored(_)) => {}
        }
        self.tell(Input::Done(op, outcome));
    }

    /// Tells what would be done, unless answers are still to come that say more.
    fn rehearse(&mut self) {
        self.curtain = None;
        if !self.tasks.is_empty() {
            self.curtain = Some(Instant::now() + PAUSE);
        } else if let Some(rehearsal) = &mut self.rehearsal {
            rehearsal.play(&self.engine, self.timeline.now());
        }
    }

    /// When to come round although nothing happened. What was due before now was looked at just now.
    fn alarm(&self) -> Option<Instant> {
        let deadline = self.engine.deadline()?;
        let next = self.timeline.mono().after(1);
        Some(self.timeline.instant(deadline.max(next)))
    }

    fn measure(&mut self) {
        self.metrics.engine(self.engine.stats());
        let lanes = self.engine.lanes();
        for lane in &lanes {
            let in_flight = self.in_flight.get(lane).copied().unwrap_or_default();
            self.metrics.lane(lane, self.engine.depth(lane), in_flight);
        }
        self.in_flight.retain(|lane, count| {
            let stays = *count > 0 || lanes.contains(lane);
            if !stays {
                self.metrics.lane_is_gone(lane);
            }
            stays
        });
    }

    /// Waits for what is in flight, within bounds. Nothing new is begun.
    async fn drain(mut self) -> Result<(), JoinError> {
        let limit = Instant::now() + self.grace;
        while let Ok(Some(performed)) = timeout_at(limit, self.tasks.join_next()).await {
            self.performed(performed?);
        }
        if !self.tasks.is_empty() {
            tracing::warn!(count = self.tasks.len(), "requests are given up");
        }
        self.tasks.shutdown().await;
        Ok(())
    }
}
