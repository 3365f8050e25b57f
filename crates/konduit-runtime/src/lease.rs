//! Who writes: one replica, elected by a Lease that Kong's operator understands too.
//!
//! The name of the lease, its times and what is written into it are those of Kong's operator (konnect.md
//! 8.1), so that the two exclude each other and one can take over from the other. A leader may begin a write
//! until the renewal deadline after its last renewal, and what it has begun ends before the lease does: so
//! whoever takes the lease over meets no late writes. Start with [`Elector::run`].

mod record;

use std::time::Duration;

use k8s_openapi::api::coordination::v1::Lease;
use kong_engine::Role;
use kube::{
    Api, Client,
    api::{ObjectMeta, PostParams},
};
use tokio::{
    sync::watch,
    time::{Instant, sleep},
};
use tokio_util::sync::CancellationToken;

use self::record::{Record, Sighting, Step};
use crate::{clock::Timeline, cluster::describe, cutoff, jitter::jittered};

/// The lease of Kong's operator.
pub const LEASE_NAME: &str = "a7feedc84.konghq.com";

/// The times of an election.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timings {
    duration: Duration,
    renew_deadline: Duration,
    retry: Duration,
}

/// Times that make no election.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TimingsError {
    /// A leader would write on after others have taken over.
    #[error("the lease duration has to be longer than the renew deadline")]
    Duration,
    /// A leader would give up before it has tried twice.
    #[error("the renew deadline has to be longer than 1.2 times the retry period")]
    RenewDeadline,
    /// The API counts in seconds.
    #[error("the lease duration has to be at least a second")]
    TooShort,
}

impl Timings {
    /// How long a lease holds, how long its holder tries to renew it, and how long it waits between tries.
    ///
    /// # Errors
    ///
    /// If they contradict each other; the rules are those of client-go.
    pub fn new(
        duration: Duration,
        renew_deadline: Duration,
        retry: Duration,
    ) -> Result<Self, TimingsError> {
        if duration < Duration::from_secs(1) {
            Err(TimingsError::TooShort)
        } else if duration <= renew_deadline {
            Err(TimingsError::Duration)
        } else if renew_deadline <= retry.mul_f64(1.2) {
            Err(TimingsError::RenewDeadline)
        } else {
            Ok(Self {
                duration,
                renew_deadline,
                retry,
            })
        }
    }

    /// How long a write that was begun at the last moment may take.
    pub(crate) fn safety(self) -> Duration {
        self.duration.saturating_sub(self.renew_deadline)
    }
}

impl Default for Timings {
    /// Those of Kong's operator.
    fn default() -> Self {
        Self {
            duration: Duration::from_secs(15),
            renew_deadline: Duration::from_secs(10),
            retry: Duration::from_secs(2),
        }
    }
}

/// Which lease, and who asks for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Election {
    /// The namespace of the lease.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// What the candidate is called; no other one may have the same name.
    pub identity: String,
    /// The times.
    pub timings: Timings,
}

impl Election {
    /// An election for the lease of Kong's operator in a namespace. The candidate is called by its host and
    /// something that no other process has.
    pub fn new(namespace: impl Into<String>, host: &str) -> Self {
        Self {
            namespace: namespace.into(),
            name: LEASE_NAME.to_owned(),
            identity: format!("{host}_{}", uuid::Uuid::new_v4()),
            timings: Timings::default(),
        }
    }
}

/// A candidate, and what it knows.
pub(crate) struct Elector {
    election: Election,
    api: Api<Lease>,
    timeline: Timeline,
    roles: watch::Sender<Role>,
    sighting: Option<Sighting>,
    /// When the last renewal that succeeded was sent; `None` if we do not lead.
    renewed: Option<Instant>,
    term: u64,
}

/// What an attempt came to.
enum Attempt {
    /// The lease is ours.
    Held,
    /// The lease is ours now, and was not before.
    Taken,
    /// Somebody else has it.
    Lost,
}

impl Elector {
    pub(crate) fn new(
        client: Client,
        election: Election,
        timeline: Timeline,
        roles: watch::Sender<Role>,
    ) -> Self {
        Self {
            api: Api::namespaced(client, &election.namespace),
            election,
            timeline,
            roles,
            sighting: None,
            renewed: None,
            term: 0,
        }
    }

    /// Stands for election until it is told to stop, and then gives the lease back.
    pub(crate) async fn run(mut self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            self.try_once().await;
            let pause = self.pause(Instant::now());
            tokio::select! {
                () = sleep(pause) => {}
                () = stop.cancelled() => {}
            }
        }
        self.release().await;
    }

    /// How long to wait before the next attempt.
    fn pause(&self, now: Instant) -> Duration {
        let retry = self.election.timings.retry;
        if self.renewed.is_some() {
            return retry;
        }
        // Candidates do not all come at once, but none lets a lease that has run out lie until its turn.
        let turn = jittered(retry);
        match self.sighting.as_ref().map(Sighting::runs_out) {
            Some(end) if end > now => turn.min(end - now),
            _ => turn,
        }
    }

    async fn try_once(&mut self) {
        let began = Instant::now();
        // Half of the deadline, as client-go: so that there is time for another attempt.
        let limit = began + self.election.timings.renew_deadline / 2;
        match cutoff::before(limit, self.attempt()).await {
            Some(Ok(Attempt::Held)) if self.renewed.is_some() => self.lead(began),
            Some(Ok(Attempt::Held | Attempt::Taken)) => {
                self.term += 1;
                tracing::info!(
                    lease = %self.election.name, identity = %self.election.identity,
                    "this replica leads"
                );
                self.lead(began);
            }
            Some(Ok(Attempt::Lost)) => self.follow("another replica has the lease"),
            Some(Err(error)) => self.failed(&describe(&error)),
            None => self.failed("the API server does not answer"),
        }
    }

    fn lead(&mut self, began: Instant) {
        self.renewed = Some(began);
        let fence = self
            .timeline
            .at(began + self.election.timings.renew_deadline);
        self.roles.send_replace(Role::Leader {
            term: self.term,
            fence,
        });
    }

    fn follow(&mut self, why: &str) {
        if self.renewed.take().is_some() {
            tracing::warn!(lease = %self.election.name, why, "this replica does not lead any more");
            self.roles.send_replace(Role::Standby);
        }
    }

    fn failed(&mut self, why: &str) {
        tracing::warn!(lease = %self.election.name, why, "the lease could not be seen to");
        let deadline = self.election.timings.renew_deadline;
        if self
            .renewed
            .is_some_and(|renewed| renewed.elapsed() >= deadline)
        {
            self.follow("the lease could not be renewed in time");
        }
    }

    /// Takes or renews the lease if it may be had.
    async fn attempt(&mut self) -> kube::Result<Attempt> {
        if self.renewed.is_some()
            && let Some(sighting) = &self.sighting
            && sighting.record.is_held_by(&self.election.identity)
        {
            // What we wrote last is most likely still there.
            let record = sighting.record.renewed(self.timeline.time_of_day());
            let version = sighting.version.clone();
            match self.write(record, Some(version)).await {
                Ok(()) => return Ok(Attempt::Held),
                Err(kube::Error::Api(status)) if matches!(status.code, 404 | 409) => {}
                Err(error) => return Err(error),
            }
        }
        self.look().await?;
        let step = Step::of(
            self.sighting.as_ref(),
            &self.election.identity,
            Instant::now(),
        );
        let now = self.timeline.time_of_day();
        let (record, attempt) = match (step, &self.sighting) {
            (Step::Wait, _) => return Ok(Attempt::Lost),
            (Step::Renew, Some(sighting)) => (sighting.record.renewed(now), Attempt::Held),
            (Step::Take | Step::Renew, sighting) => {
                let old = sighting.as_ref().map(|sighting| &sighting.record);
                let duration = self.election.timings.duration;
                let record = Record::taken(old, &self.election.identity, duration, now);
                (record, Attempt::Taken)
            }
        };
        let version = self
            .sighting
            .as_ref()
            .map(|sighting| sighting.version.clone());
        match self.write(record, version).await {
            Ok(()) => Ok(attempt),
            // Somebody else was faster.
            Err(kube::Error::Api(status)) if status.code == 409 => Ok(Attempt::Lost),
            Err(error) => Err(error),
        }
    }

    /// Reads the lease. A record that has not changed was seen when it first was seen.
    async fn look(&mut self) -> kube::Result<()> {
        let lease = match self.api.get(&self.election.name).await {
            Ok(lease) => lease,
            Err(kube::Error::Api(status)) if status.code == 404 => {
                self.sighting = None;
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        self.see(lease);
        Ok(())
    }

    fn see(&mut self, lease: Lease) {
        let record = Record(lease.spec.unwrap_or_default());
        let since = self
            .sighting
            .as_ref()
            .filter(|sighting| sighting.record == record)
            .map_or_else(Instant::now, |sighting| sighting.since);
        self.sighting = Some(Sighting {
            record,
            version: lease.metadata.resource_version.unwrap_or_default(),
            since,
        });
    }

    /// Writes a record over the version given, or as a new lease.
    async fn write(&mut self, record: Record, version: Option<String>) -> kube::Result<()> {
        let is_new = version.is_none();
        let lease = Lease {
            metadata: ObjectMeta {
                name: Some(self.election.name.clone()),
                namespace: Some(self.election.namespace.clone()),
                resource_version: version,
                ..ObjectMeta::default()
            },
            spec: Some(record.0),
        };
        let parameters = PostParams::default();
        let lease = if is_new {
            self.api.create(&parameters, &lease).await?
        } else {
            self.api
                .replace(&self.election.name, &parameters, &lease)
                .await?
        };
        self.see(lease);
        Ok(())
    }

    /// Gives the lease back, so that nobody has to wait until it runs out.
    async fn release(mut self) {
        if self.renewed.take().is_none() {
            return;
        }
        self.roles.send_replace(Role::Standby);
        let Some(sighting) = &self.sighting else {
            return;
        };
        let record = sighting.record.released(self.timeline.time_of_day());
        let version = sighting.version.clone();
        let limit = Instant::now() + self.election.timings.renew_deadline / 2;
        match cutoff::before(limit, self.write(record, Some(version))).await {
            Some(Ok(())) => tracing::info!(lease = %self.election.name, "the lease is released"),
            Some(Err(error)) => tracing::warn!(
                lease = %self.election.name, error = describe(&error),
                "the lease could not be released and runs out by itself"
            ),
            None => tracing::warn!(
                lease = %self.election.name,
                "the lease could not be released in time and runs out by itself"
            ),
        }
    }
}

/// How a replica comes to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Leadership {
    /// It is the only one, somebody sees to that.
    Alone,
    /// It never writes.
    Never,
    /// It is elected.
    Elected(Election),
}

impl Leadership {
    /// How long a write that was begun at the last moment may take, if that is bounded.
    pub(crate) fn safety(&self) -> Option<Duration> {
        match self {
            Self::Elected(election) => Some(election.timings.safety()),
            Self::Alone | Self::Never => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_to_fit_together() {
        let seconds = Duration::from_secs;
        let new = |duration, deadline, retry| {
            Timings::new(seconds(duration), seconds(deadline), seconds(retry)).map(|_| ())
        };
        assert_eq!(new(15, 10, 2), Ok(()));
        assert_eq!(new(10, 10, 2), Err(TimingsError::Duration));
        assert_eq!(new(15, 10, 9), Err(TimingsError::RenewDeadline));
        assert_eq!(new(0, 0, 0), Err(TimingsError::TooShort));
    }

    #[test]
    fn a_write_that_was_begun_at_the_last_moment_ends_before_the_lease_does() {
        let timings = Timings::default();
        assert_eq!(timings.renew_deadline + timings.safety(), timings.duration);
    }

    #[test]
    fn no_two_candidates_have_the_same_name() {
        assert_ne!(Election::new("kong", "host"), Election::new("kong", "host"));
    }
}
