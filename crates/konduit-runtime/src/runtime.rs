//! Everything put together: watches, lease, loop, servers. Start with [`Runtime::builder`].

use std::{
    collections::BTreeMap, fmt, future::Future, io, net::TcpListener, path::PathBuf, sync::Arc,
    time::Duration,
};

use kong_engine::{Engine, Mono, Role, Settings};
use kube::Client;
use tokio::{
    sync::{mpsc, watch},
    task::{JoinError, JoinSet},
};
use tokio_util::sync::CancellationToken;

use crate::{
    access::Gate,
    clock::{Clock, SystemClock, Timeline},
    event_loop::{EventLoop, Pulse},
    events,
    hands::Hands,
    health::{self, Health},
    konnect::Execute,
    lease::{Elector, Leadership},
    metrics::Metrics,
    milestones::Milestones,
    minting::Authority,
    rehearsal::{Rehearsal, Sink},
    tls::{self, CertificateError},
    watches::{self, Progress, Selection},
    webhook::{self, Serving, Webhook, WebhookError},
};

/// Inputs that wait for the loop: a page of each of a few lists. Beyond that watches wait.
const INPUTS: usize = 1_024;
/// How long what is in flight may take once the end has come; less than the 30 s after which Kubernetes
/// kills a container, with time left to release the lease.
const GRACE: Duration = Duration::from_secs(15);

/// The name in a certificate that nobody can check anyway.
const LOCALHOST: &str = "localhost";

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
    authority: Authority,
    leadership: Leadership,
    probes: Option<TcpListener>,
    measurements: Option<(TcpListener, Readers)>,
    events: Option<String>,
    webhook: Option<Webhook>,
    rehearsal: Option<Sink>,
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("settings", &self.settings)
            .field("selection", &self.selection)
            .field("leadership", &self.leadership)
            .finish_non_exhaustive()
    }
}

/// Who may read metrics.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Readers {
    /// Everybody who can connect, over plain HTTP.
    Everybody,
    /// Whom the API server permits to get `/metrics`, over HTTPS: their tokens are not for others to see.
    Permitted {
        /// A folder with `tls.crt` and `tls.key`; without it a certificate is made that nobody has signed.
        certificate: Option<PathBuf>,
    },
}

/// Why the operator ended though nobody asked it to.
#[derive(Debug, thiserror::Error)]
pub enum RuntimeError {
    /// A part of it panicked.
    #[error("a part of the operator failed: {0}")]
    Panicked(#[from] JoinError),
    /// An address cannot be listened on.
    #[error("an address cannot be listened on: {0}")]
    Listen(#[from] io::Error),
    /// There is no certificate to serve metrics with.
    #[error("metrics cannot be served: {0}")]
    Metrics(#[from] CertificateError),
    /// The webhook cannot be served.
    #[error("the conversion webhook cannot be served: {0}")]
    Webhook(#[from] WebhookError),
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
            authority: Authority::default(),
            leadership: Leadership::Alone,
            probes: None,
            measurements: None,
            events: None,
            webhook: None,
            rehearsal: None,
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
            authority,
            leadership,
            probes,
            measurements,
            events,
            webhook,
            rehearsal,
        } = self.0;
        let timeline = Timeline::new(clock);
        let metrics = Arc::new(Metrics::default());
        let progress = Arc::new(Progress::default());
        let pulse = Arc::new(Pulse::default());
        let patience = Duration::from_millis(settings.request_timeout);
        let safety = leadership.safety().unwrap_or(patience);

        let mut background = JoinSet::new();
        let serving = webhook.is_some().then(Serving::default);
        if let (Some(webhook), Some(serving)) = (webhook, &serving) {
            webhook::start(&mut background, webhook, &client, &timeline, serving)?;
        }
        let (sender, inputs) = mpsc::channel(INPUTS);
        watches::start(
            &mut background,
            &client,
            &selection,
            &sender,
            &progress,
            &metrics,
        );
        // From here on the watches alone hold the channel.
        drop(sender);
        let stop = CancellationToken::new();
        if let Some(listener) = probes {
            let health = Health {
                timeline: timeline.clone(),
                pulse: Arc::clone(&pulse),
                progress,
                webhook: serving,
                ending: stop.clone(),
            };
            health::serve(&mut background, listener, health::probes(health))?;
        }
        if let Some((listener, readers)) = measurements {
            let router = health::measurements(Arc::clone(&metrics));
            let tasks = &mut background;
            match readers {
                Readers::Everybody => health::serve(tasks, listener, router)?,
                Readers::Permitted { certificate } => {
                    let certificate = match certificate {
                        Some(folder) => tls::from_files(tasks, "the metrics", folder)?,
                        None => tls::of_our_own(LOCALHOST)?,
                    };
                    let router = health::guarded(router, Gate::new(client.clone()));
                    health::serve_tls(tasks, listener, certificate, router)?;
                }
            }
        }
        let (roles, mut role) = watch::channel(match &leadership {
            Leadership::Alone => Role::Leader {
                term: 1,
                fence: Mono(u64::MAX),
            },
            Leadership::Never | Leadership::Elected(_) => Role::Standby,
        });
        role.mark_changed();
        let resign = CancellationToken::new();
        let mut electing = JoinSet::new();
        if let Leadership::Elected(election) = leadership {
            let elector = Elector::new(client.clone(), election, timeline.clone(), roles);
            electing.spawn(elector.run(resign.clone()));
        }

        let mailbox = events.map(|instance| {
            let (roles, timeline) = (role.clone(), timeline.clone());
            let (mailbox, publisher) =
                events::publisher(client.clone(), instance, roles, timeline, &metrics);
            background.spawn(publisher.run());
            mailbox
        });

        let hands = Hands {
            client,
            konnect,
            authority,
            secret_label: selection.secret_label,
            timeline: timeline.clone(),
            patience,
            safety,
        };
        let event_loop = EventLoop {
            engine: Engine::new(settings),
            timeline,
            hands: Arc::new(hands),
            inputs,
            roles: role,
            metrics,
            pulse,
            milestones: Milestones::default(),
            mailbox,
            rehearsal: rehearsal.map(Rehearsal::new),
            curtain: None,
            grace: GRACE,
            tasks: JoinSet::new(),
            in_flight: BTreeMap::new(),
        };
        let mut looping = std::pin::pin!(event_loop.run(stop.clone()));
        let ended = tokio::select! {
            ended = &mut looping => ended,
            () = shutdown => {
                tracing::info!("the end has come: what is under way is finished");
                stop.cancel();
                looping.await
            }
            panic = first_panic(&mut background) => Err(panic),
            panic = first_panic(&mut electing) => Err(panic),
        };
        // The lease goes last: until then nobody else may write.
        resign.cancel();
        while electing.join_next().await.is_some() {}
        ended.map_err(RuntimeError::Panicked)
    }
}

/// The first panic of a task, whenever it is. Tasks that end well have said why.
async fn first_panic(tasks: &mut JoinSet<()>) -> JoinError {
    loop {
        match tasks.join_next().await {
            Some(Ok(())) => {}
            Some(Err(panic)) => return panic,
            None => std::future::pending().await,
        }
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

    /// Who signs the certificates that are made.
    #[must_use]
    pub fn authority(mut self, authority: Authority) -> Self {
        self.authority = authority;
        self
    }

    /// How it comes to write; it is alone unless something else is said.
    #[must_use]
    pub fn leadership(mut self, leadership: Leadership) -> Self {
        self.leadership = leadership;
        self
    }

    /// Answers probes there: `/healthz` and `/readyz`.
    #[must_use]
    pub fn probes(mut self, listener: TcpListener) -> Self {
        self.probes = Some(listener);
        self
    }

    /// Answers Prometheus there: `/metrics`.
    #[must_use]
    pub fn measurements(mut self, listener: TcpListener, readers: Readers) -> Self {
        self.measurements = Some((listener, readers));
        self
    }

    /// Publishes Kubernetes events in the name of this instance.
    #[must_use]
    pub fn events(mut self, instance: impl Into<String>) -> Self {
        self.events = Some(instance.into());
        self
    }

    /// Serves the conversion webhook.
    #[must_use]
    pub fn webhook(mut self, webhook: Webhook) -> Self {
        self.webhook = Some(webhook);
        self
    }

    /// Never writes, and tells this what would be written, a line each. What stands is told once.
    #[must_use]
    pub fn rehearse(mut self, sink: impl FnMut(&str) + Send + 'static) -> Self {
        self.rehearsal = Some(Box::new(sink));
        self.leadership = Leadership::Never;
        self
    }

    /// The runtime.
    pub fn build(self) -> Runtime {
        Runtime(self)
    }
}
