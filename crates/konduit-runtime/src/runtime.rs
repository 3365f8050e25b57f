//! Everything put together: watches, lease, loop, servers. Start with [`Runtime::builder`].

use std::{collections::BTreeMap, fmt, future::Future, sync::Arc, time::Duration};

use kong_engine::{Engine, Role, Settings};
use kube::Client;
use tokio::{
    sync::{mpsc, watch},
    task::JoinSet,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    clock::{Clock, SystemClock, Timeline},
    event_loop::{EventLoop, Pulse},
    hands::Hands,
    konnect::Execute,
    metrics::Metrics,
    watches::{self, Progress, Selection},
};

/// Inputs that wait for the loop: a page of each of a few lists. Beyond that watches wait.
const INPUTS: usize = 1_024;
/// How long what is in flight may take once the end has come; less than the 30 s after which Kubernetes
/// kills a container, with time left to release the lease.
const GRACE: Duration = Duration::from_secs(15);

/// The operator, ready to run.
#[derive(Debug)]
pub struct Runtime(Builder);

/// What a runtime is made of.
pub struct Builder {
    client: Client,
    konnect: Arc<dyn Execute>,
    clock: Arc<dyn Clock>,
    settings: Settings,
    selection: Selection,
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("settings", &self.settings)
            .field("selection", &self.selection)
            .finish_non_exhaustive()
    }
}

/// Why the operator ended though nobody asked it to.
#[derive(Debug, thiserror::Error)]
pub enum RuntimeError {
    /// A part of it panicked.
    #[error("a part of the operator failed: {0}")]
    Panicked(#[from] tokio::task::JoinError),
}

impl Runtime {
    /// An operator that talks to this API server and to Konnect.
    pub fn builder(client: Client, konnect: Arc<dyn Execute>) -> Builder {
        Builder {
            client,
            konnect,
            clock: Arc::new(SystemClock),
            settings: Settings::default(),
            selection: Selection::default(),
        }
    }

    /// Runs until the future given ends, and then finishes what is under way.
    ///
    /// # Errors
    ///
    /// If a part of it fails.
    pub async fn run(self, shutdown: impl Future<Output = ()>) -> Result<(), RuntimeError> {
        let Builder {
            client,
            konnect,
            clock,
            settings,
            selection,
        } = self.0;
        let timeline = Timeline::new(clock);
        let metrics = Arc::new(Metrics::default());
        let progress = Arc::new(Progress::default());
        let pulse = Arc::new(Pulse::default());
        let stop = CancellationToken::new();

        let (sender, inputs) = mpsc::channel(INPUTS);
        let watching = TaskTracker::new();
        watches::start(&watching, &client, &selection, &sender, &progress, &metrics);
        let (_role, mut roles) = watch::channel(Role::Leader {
            term: 1,
            fence: kong_engine::Mono(u64::MAX),
        });
        roles.mark_changed();

        let hands = Hands {
            client,
            konnect,
            timeline: timeline.clone(),
            patience: Duration::from_millis(settings.request_timeout),
        };
        let event_loop = EventLoop {
            engine: Engine::new(settings),
            timeline,
            hands: Arc::new(hands),
            inputs,
            roles,
            metrics,
            pulse,
            grace: GRACE,
            tasks: JoinSet::new(),
            in_flight: BTreeMap::new(),
        };
        let ending = stop.clone();
        let (ended, ()) = tokio::join!(event_loop.run(stop), async {
            shutdown.await;
            ending.cancel();
        });
        ended.map_err(RuntimeError::Panicked)
    }
}

impl Builder {
    /// The time of day, if not that of the machine.
    #[must_use]
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Periods of the engine.
    #[must_use]
    pub fn settings(mut self, settings: Settings) -> Self {
        self.settings = settings;
        self
    }

    /// Which objects are watched.
    #[must_use]
    pub fn selection(mut self, selection: Selection) -> Self {
        self.selection = selection;
        self
    }

    /// The runtime.
    pub fn build(self) -> Runtime {
        Runtime(self)
    }
}
