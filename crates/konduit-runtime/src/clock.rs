//! What time it is: milliseconds that never go back, and the time of day for statuses.
//!
//! The first comes from tokio, so that tests can pause it; the second from a [`Clock`], so that tests can
//! choose it. Nothing else in this crate reads a clock.

use std::{fmt, sync::Arc, time::Duration};

use jiff::Timestamp;
use kong_engine::{Mono, Now};
use tokio::time::Instant;

/// The time of day.
pub trait Clock: Send + Sync + 'static {
    /// The time of day.
    fn now(&self) -> Timestamp;
}

/// The clock of the machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// Both kinds of time, from the start of the process.
#[derive(Clone)]
pub(crate) struct Timeline {
    began: Instant,
    clock: Arc<dyn Clock>,
}

impl fmt::Debug for Timeline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timeline")
            .field("began", &self.began)
            .finish_non_exhaustive()
    }
}

impl Timeline {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            began: Instant::now(),
            clock,
        }
    }

    /// The time as the engine takes it.
    pub(crate) fn now(&self) -> Now {
        Now {
            mono: self.mono(),
            wall: self.time_of_day().as_second(),
        }
    }

    pub(crate) fn time_of_day(&self) -> Timestamp {
        self.clock.now()
    }

    /// Milliseconds since the start.
    pub(crate) fn mono(&self) -> Mono {
        self.at(Instant::now())
    }

    /// A moment as the engine counts it.
    pub(crate) fn at(&self, moment: Instant) -> Mono {
        let elapsed = moment.saturating_duration_since(self.began);
        Mono(u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX))
    }

    /// A moment as tokio counts it; one that is too far away is a year away.
    pub(crate) fn instant(&self, time: Mono) -> Instant {
        const YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);
        self.began + Duration::from_millis(time.0).min(self.began.elapsed() + YEAR)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn milliseconds_and_moments_are_two_names_of_one_time() {
        let timeline = Timeline::new(Arc::new(SystemClock));
        tokio::time::advance(Duration::from_millis(1_500)).await;
        assert_eq!(timeline.mono(), Mono(1_500));
        assert_eq!(timeline.instant(Mono(1_500)), Instant::now());
        assert_eq!(timeline.at(timeline.instant(Mono(9_000))), Mono(9_000));
    }

    #[tokio::test(start_paused = true)]
    async fn a_time_that_never_comes_is_a_moment_all_the_same() {
        let timeline = Timeline::new(Arc::new(SystemClock));
        let moment = timeline.instant(Mono(u64::MAX));
        assert!(moment > Instant::now() + Duration::from_secs(1_000_000));
    }
}
