//! What stands in a Lease, and what follows from it.
//!
//! The rules are those of client-go: a lease runs out when it has not changed for its duration by the
//! clock of who looks at it, never by the times that stand in it.

use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::{api::coordination::v1::LeaseSpec, apimachinery::pkg::apis::meta::v1::MicroTime};
use tokio::time::Instant;

/// Seconds that a lease holds that nobody has; client-go writes the same.
const RELEASED: i32 = 1;

/// What stands in a Lease.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Record(pub(super) LeaseSpec);

/// A record as it was seen.
#[derive(Clone, Debug)]
pub(super) struct Sighting {
    pub(super) record: Record,
    /// The resourceVersion.
    pub(super) version: String,
    /// When it was seen first.
    pub(super) since: Instant,
}

impl Sighting {
    /// When it may be taken, unless it changes before.
    pub(super) fn runs_out(&self) -> Instant {
        self.since + self.record.duration()
    }
}

/// What a candidate does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// It has the lease and renews it.
    Renew,
    /// Nobody has the lease, or it has run out.
    Take,
    /// Somebody else has it.
    Wait,
}

impl Step {
    pub(super) fn of(sighting: Option<&Sighting>, me: &str, now: Instant) -> Self {
        let Some(sighting) = sighting else {
            return Self::Take;
        };
        match sighting.record.holder() {
            None => Self::Take,
            Some(_) if sighting.record.is_held_by(me) => Self::Renew,
            Some(_) if now >= sighting.runs_out() => Self::Take,
            Some(_) => Self::Wait,
        }
    }
}

impl Record {
    fn holder(&self) -> Option<&str> {
        self.0
            .holder_identity
            .as_deref()
            .filter(|holder| !holder.is_empty())
    }

    pub(super) fn is_held_by(&self, me: &str) -> bool {
        self.holder() == Some(me)
    }

    fn duration(&self) -> Duration {
        let seconds = self.0.lease_duration_seconds.unwrap_or_default();
        Duration::from_secs(u64::try_from(seconds).unwrap_or_default())
    }

    /// The record of who takes the lease over.
    pub(super) fn taken(old: Option<&Self>, me: &str, duration: Duration, now: Timestamp) -> Self {
        let transitions = old.map_or(0, |old| old.0.lease_transitions.unwrap_or_default() + 1);
        let now = MicroTime(now);
        Self(LeaseSpec {
            holder_identity: Some(me.to_owned()),
            lease_duration_seconds: Some(i32::try_from(duration.as_secs()).unwrap_or(i32::MAX)),
            acquire_time: Some(now.clone()),
            renew_time: Some(now),
            lease_transitions: Some(transitions),
            ..LeaseSpec::default()
        })
    }

    /// The record of who keeps it.
    pub(super) fn renewed(&self, now: Timestamp) -> Self {
        Self(LeaseSpec {
            renew_time: Some(MicroTime(now)),
            ..self.0.clone()
        })
    }

    /// The record of who gives it back.
    pub(super) fn released(&self, now: Timestamp) -> Self {
        let now = MicroTime(now);
        Self(LeaseSpec {
            holder_identity: Some(String::new()),
            lease_duration_seconds: Some(RELEASED),
            acquire_time: Some(now.clone()),
            renew_time: Some(now),
            ..self.0.clone()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEASE: Duration = Duration::from_secs(15);

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    fn seen(record: Record) -> Sighting {
        Sighting {
            record,
            version: "1".to_owned(),
            since: Instant::now(),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_lease_of_somebody_else_is_taken_when_it_has_not_changed_for_its_duration() {
        // Their clock is far ahead of ours, which means nothing.
        let theirs = seen(Record::taken(None, "them", LEASE, at(9_000_000_000)));
        let now = Instant::now();
        let step = |seconds| Step::of(Some(&theirs), "me", now + Duration::from_secs(seconds));
        assert_eq!(step(0), Step::Wait);
        assert_eq!(step(14), Step::Wait);
        assert_eq!(step(15), Step::Take);
    }

    #[tokio::test(start_paused = true)]
    async fn what_nobody_has_is_taken_at_once_and_what_we_have_is_renewed() {
        let ours = Record::taken(None, "me", LEASE, at(0));
        let now = Instant::now();
        assert_eq!(Step::of(None, "me", now), Step::Take);
        assert_eq!(Step::of(Some(&seen(ours.clone())), "me", now), Step::Renew);
        assert_eq!(
            Step::of(Some(&seen(ours.released(at(1)))), "you", now),
            Step::Take
        );
        assert_eq!(
            Step::of(Some(&seen(Record(LeaseSpec::default()))), "me", now),
            Step::Take
        );
    }

    #[test]
    fn every_change_of_hands_is_counted_and_no_renewal_is() {
        let first = Record::taken(None, "a", LEASE, at(0));
        let renewed = first.renewed(at(2));
        let second = Record::taken(Some(&renewed), "b", LEASE, at(20));
        let third = Record::taken(Some(&second.released(at(30))), "a", LEASE, at(31));
        let transitions =
            [&first, &renewed, &second, &third].map(|record| record.0.lease_transitions.unwrap());
        assert_eq!(transitions, [0, 0, 1, 2]);
        assert_eq!(renewed.0.acquire_time, first.0.acquire_time);
        assert_ne!(renewed.0.renew_time, first.0.renew_time);
    }
}
