//! How many requests an organisation gets at once and a second.
//!
//! Concurrency begins small, grows by one a round trip and halves when Konnect says that there were too
//! many. From then on requests are also spaced out, a little below the rate at which Konnect last
//! answered, and the rate creeps up again: so that probing for the limit costs a refusal now and then,
//! not a burst of them. A `Retry-After` holds for everything in the lane.

use std::collections::VecDeque;

use kong_model::Failure;

use crate::input::{Mono, OpId};

/// Requests at once to begin with.
const START: f64 = 2.0;
/// Requests at once at most: what one HTTP/2 connection takes without queueing.
const MOST: f64 = 64.0;
/// Milliseconds over which answers are counted to know the rate.
const WINDOW: u64 = 2_000;
/// The share of the rate at which Konnect answered that is used after a refusal.
const CAUTION: f64 = 0.9;
/// Growth of the rate with each answer.
const GROWTH: f64 = 1.000_3;
/// Milliseconds to wait when Konnect does not say how long (konnect.md 4.1).
const DEFAULT_PAUSE: u64 = 15_000;

/// The budget of one organisation.
#[derive(Clone, Debug)]
pub(crate) struct Budget {
    in_flight: u32,
    at_once: f64,
    /// Requests a second; `None` until Konnect first said that there were too many.
    rate: Option<f64>,
    /// No request before this time.
    closed_until: Mono,
    answered: VecDeque<Mono>,
    /// Requests up to this one were sent before the last refusal was known.
    cut_at: Option<OpId>,
    last_sent: Option<OpId>,
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            in_flight: 0,
            at_once: START,
            rate: None,
            closed_until: Mono::default(),
            answered: VecDeque::new(),
            cut_at: None,
            last_sent: None,
        }
    }
}

impl Budget {
    /// Whether a request may be sent now.
    pub(crate) fn is_open(&self, now: Mono) -> bool {
        now >= self.closed_until && f64::from(self.in_flight) < self.at_once.floor()
    }

    /// When the next request may be sent; `None` if an answer has to come first.
    pub(crate) fn opens(&self, now: Mono) -> Option<Mono> {
        (f64::from(self.in_flight) < self.at_once.floor()).then(|| self.closed_until.max(now))
    }

    /// Until when nothing may be sent.
    pub(crate) fn paused_until(&self) -> Mono {
        self.closed_until
    }

    /// Nothing may be sent until a time.
    pub(crate) fn pause(&mut self, until: Mono) {
        self.closed_until = self.closed_until.max(until);
    }

    /// A request is sent.
    pub(crate) fn started(&mut self, op: OpId, now: Mono) {
        self.in_flight += 1;
        self.last_sent = Some(op);
        if let Some(rate) = self.rate {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "small and positive"
            )]
            let gap = (1_000.0 / rate).ceil() as u64;
            self.closed_until = self.closed_until.max(now.after(gap));
        }
    }

    /// A request was not sent after all.
    pub(crate) fn abandoned(&mut self) {
        self.in_flight = self.in_flight.saturating_sub(1);
    }

    /// A request was answered, or not.
    pub(crate) fn finished(&mut self, op: OpId, result: Result<(), &Failure>, now: Mono) {
        self.in_flight = self.in_flight.saturating_sub(1);
        match result {
            Err(Failure::RateLimited { after }) => {
                let pause = after.map_or(DEFAULT_PAUSE, |seconds| u64::from(seconds) * 1_000);
                self.closed_until = self.closed_until.max(now.after(pause));
                // What was sent before the refusal was known tells nothing new.
                if self.cut_at.is_none_or(|cut| op > cut) {
                    self.cut_at = self.last_sent;
                    self.at_once = (self.at_once / 2.0).max(1.0);
                    let seen = self.observed(now);
                    let rate = self
                        .rate
                        .map_or(seen, |rate| rate.min(seen.max(rate * CAUTION)));
                    self.rate = Some((rate * CAUTION).max(0.2));
                }
            }
            Err(Failure::Transport(_) | Failure::Server(_)) => {
                self.at_once = (self.at_once / 2.0).max(1.0);
            }
            Ok(())
            | Err(
                Failure::NotFound
                | Failure::Conflict(_)
                | Failure::Reference(_)
                | Failure::Invalid(_)
                | Failure::Unauthorized
                | Failure::Untrusted(_)
                | Failure::Forbidden(_),
            ) => {
                self.at_once = (self.at_once + 1.0 / self.at_once).min(MOST);
                self.rate = self.rate.map(|rate| rate * GROWTH);
                self.answered.push_back(now);
                while self
                    .answered
                    .front()
                    .is_some_and(|time| now.since(*time) > WINDOW)
                {
                    self.answered.pop_front();
                }
            }
        }
    }

    /// Answers a second, lately.
    fn observed(&self, now: Mono) -> f64 {
        let Some(first) = self.answered.front() else {
            return 1.0;
        };
        #[expect(clippy::cast_precision_loss, reason = "a few thousand at most")]
        let (count, span) = (
            self.answered.len() as f64,
            now.since(*first).max(1_000) as f64,
        );
        count * 1_000.0 / span
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_retry_after_closes_the_lane() {
        let mut budget = Budget::default();
        budget.started(OpId(1), Mono(0));
        budget.finished(
            OpId(1),
            Err(&Failure::RateLimited { after: Some(3) }),
            Mono(10),
        );
        assert!(!budget.is_open(Mono(3_009)));
        assert!(budget.is_open(Mono(3_010)));
        assert_eq!(budget.opens(Mono(10)), Some(Mono(3_010)));
    }

    #[test]
    fn concurrency_grows_by_one_a_round_trip_and_halves_once_a_burst() {
        let mut budget = Budget::default();
        for op in 0..200 {
            budget.started(OpId(op), Mono(op));
            budget.finished(OpId(op), Ok(()), Mono(op));
        }
        let before = budget.at_once;
        assert!(before > 10.0);
        for op in 200..205 {
            budget.started(OpId(op), Mono(300));
        }
        for op in 200..205 {
            let limited = Failure::RateLimited { after: Some(1) };
            budget.finished(OpId(op), Err(&limited), Mono(301));
        }
        assert!((budget.at_once - before / 2.0).abs() < 0.01);
    }
}
