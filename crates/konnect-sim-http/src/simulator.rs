//! The simulator that all connections share, and what its owner may do to it while they are served.
//!
//! Everything is behind one lock that is held for a request at a time and never across an `await`: what the
//! simulator does is quick, and requests are served in an order that the log tells.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use konnect_sim::{FaultId, Konnect, Millis, NO_ANSWER, Served, Visit};
use tokio::sync::watch;

use crate::record::Record;

/// How many requests the log holds; older ones go. Some ten megabytes, and more than any test asks.
const LOG: usize = 100_000;

/// Whether the simulator remembers what requests said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Bodies {
    /// Its own log has them, and grows until somebody clears it: for tests.
    #[default]
    Kept,
    /// Its own log is always empty: for servers that run for days.
    Forgotten,
}

/// A simulated Konnect that is served over HTTP. Copies are the same simulator.
#[derive(Clone)]
pub struct Simulator(Arc<Shared>);

struct Shared {
    state: Mutex<State>,
    news: watch::Sender<News>,
}

struct State {
    konnect: Konnect,
    bodies: Bodies,
    latency: Duration,
    log: VecDeque<Record>,
    logged: u64,
}

/// What who follows the log waits for.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct News {
    /// The number of the last request.
    pub(crate) logged: u64,
    /// Whether the server is about to stop.
    pub(crate) over: bool,
}

/// How a request came in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arrived<'a> {
    pub(crate) region: &'a str,
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
}

impl Simulator {
    pub(crate) fn new(konnect: Konnect, bodies: Bodies, latency: Duration) -> Self {
        let state = State {
            konnect,
            bodies,
            latency,
            log: VecDeque::new(),
            logged: 0,
        };
        Self(Arc::new(Shared {
            state: Mutex::new(state),
            news: watch::Sender::default(),
        }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A panic of somebody who looked at it leaves the simulator between two requests.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at the simulator, or changes it: tokens, limits, faults, entities. No request is served
    /// meanwhile. Its log knows requests with their bodies, if [`Bodies`] are kept.
    pub fn with<T>(&self, look: impl FnOnce(&mut Konnect) -> T) -> T {
        look(&mut self.state().konnect)
    }

    /// The last requests that came over HTTP, the oldest first.
    pub fn log(&self) -> Vec<Record> {
        self.log_after(0)
    }

    /// Those of them whose number is greater.
    pub fn log_after(&self, number: u64) -> Vec<Record> {
        let state = self.state();
        // Numbers go up by one, and the last record has the last of them.
        let new = state.logged.saturating_sub(number);
        let new = usize::try_from(new).unwrap_or(usize::MAX);
        let old = state.log.len().saturating_sub(new);
        state.log.iter().skip(old).cloned().collect()
    }

    /// Holds every answer back for this long.
    pub fn set_latency(&self, latency: Duration) {
        self.state().latency = latency;
    }

    /// Forgets all entities, faults and requests. Tokens and the rate limit stay; neither ids nor numbers
    /// of the log begin anew.
    pub fn reset(&self) {
        let mut state = self.state();
        state.konnect.reset();
        state.log.clear();
    }

    /// The time of the simulator, which is that of the machine.
    pub(crate) fn now() -> Millis {
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
    }

    /// Serves a request, and says how long its answer is to be held back.
    pub(crate) fn serve(&self, arrived: Arrived<'_>, visit: &Visit<'_>) -> (Served, Duration) {
        let mut state = self.state();
        let served = state.konnect.visit(visit);
        if state.bodies == Bodies::Forgotten {
            state.konnect.clear_log();
        }
        let status = served
            .response
            .as_ref()
            .map_or(NO_ANSWER, |answer| answer.status);
        self.note(&mut state, arrived, visit.now, status, served.fault);
        let delay = state.latency + Duration::from_millis(served.delay);
        (served, delay)
    }

    /// Takes note of a request that the server answers itself.
    pub(crate) fn refuse(&self, arrived: Arrived<'_>, status: u16) {
        let mut state = self.state();
        self.note(&mut state, arrived, Self::now(), status, None);
    }

    fn note(
        &self,
        state: &mut State,
        arrived: Arrived<'_>,
        at: Millis,
        status: u16,
        fault: Option<FaultId>,
    ) {
        state.logged += 1;
        if state.log.len() == LOG {
            state.log.pop_front();
        }
        state.log.push_back(Record {
            number: state.logged,
            at,
            region: arrived.region.to_owned(),
            method: arrived.method.to_owned(),
            path: arrived.path.to_owned(),
            status,
            fault,
        });
        self.0.news.send_modify(|news| news.logged = state.logged);
    }

    /// Tells of new requests.
    pub(crate) fn news(&self) -> watch::Receiver<News> {
        self.0.news.subscribe()
    }

    /// Whoever follows the log gets its last lines and then an end.
    pub(crate) fn part(&self) {
        self.0.news.send_modify(|news| news.over = true);
    }
}

impl fmt::Debug for Simulator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state();
        f.debug_struct("Simulator")
            .field("konnect", &state.konnect)
            .field("logged", &state.logged)
            .finish_non_exhaustive()
    }
}
