//! The listener: starts, stops, goes down and comes back. Connections are axum-server's; what this adds is that
//! an answer may be no answer, and that the simulator outlives its socket.

use std::convert::Infallible;
use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use axum::response::Response;
use axum_server::Handle;
use axum_server::accept::NoDelayAcceptor;
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use konnect_sim::Konnect;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tower::Layer as _;
use tower::make::Shared;
use tower::util::MapResultLayer;

use crate::api::Cut;
use crate::control;
use crate::simulator::{Bodies, Simulator};
use crate::tls::Tls;

/// How long requests in flight may take when the server stops.
const GRACE: Duration = Duration::from_secs(5);
/// How often, and after how long, a port is tried again that has only just been given up.
const RETURN: (u32, Duration) = (50, Duration::from_millis(20));

/// What is served, and where.
#[derive(Debug)]
pub struct Settings {
    /// The address; port 0 is any that is free.
    pub listen: SocketAddr,
    /// The certificate; without one the server speaks plain HTTP.
    pub tls: Option<Tls>,
    /// The simulator.
    pub konnect: Konnect,
    /// How long every answer is held back.
    pub latency: Duration,
    /// Whether the simulator remembers the bodies of requests.
    pub bodies: Bodies,
}

impl Default for Settings {
    /// An empty Konnect that takes any token, on a free port of the loopback interface, without TLS.
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            tls: None,
            konnect: Konnect::new(1),
            latency: Duration::ZERO,
            bodies: Bodies::Kept,
        }
    }
}

/// Why a server did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address cannot be had.
    #[error("cannot listen on \"{address}\"")]
    Listen {
        /// The address that was asked for.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
}

/// A server that runs in the background of the runtime that it was started in, until it is stopped or
/// dropped.
pub struct Server {
    address: SocketAddr,
    tls: Option<Tls>,
    simulator: Simulator,
    running: Option<Running>,
}

struct Running {
    handle: Handle<SocketAddr>,
    task: JoinHandle<io::Result<()>>,
}

/// A connection ends without an answer because a fault says so.
#[derive(Debug, thiserror::Error)]
#[error("the connection is cut")]
struct NoAnswer;

impl From<Infallible> for NoAnswer {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

impl Server {
    /// Listens, and begins to serve. Clients may connect as soon as this returns.
    pub async fn start(settings: Settings) -> Result<Self, StartError> {
        let Settings {
            listen,
            tls,
            konnect,
            latency,
            bodies,
        } = settings;
        let (listener, address) = bind(listen).await?;
        let mut server = Self {
            address,
            tls,
            simulator: Simulator::new(konnect, bodies, latency),
            running: None,
        };
        server.running = Some(server.run(listener));
        Ok(server)
    }

    fn run(&self, listener: TcpListener) -> Running {
        let router = control::router(self.simulator.clone());
        let service = MapResultLayer::new(|answer: Result<Response, Infallible>| {
            let Ok(response) = answer;
            match response.extensions().get::<Cut>() {
                Some(Cut) => Err(NoAnswer),
                None => Ok(response),
            }
        })
        .layer(router);
        let handle = Handle::new();
        let server = axum_server::Server::from_listener(listener).handle(handle.clone());
        let task = match &self.tls {
            None => tokio::spawn(server.acceptor(NoDelayAcceptor).serve(Shared::new(service))),
            Some(tls) => {
                let acceptor = RustlsAcceptor::new(RustlsConfig::from_config(tls.server()))
                    .acceptor(NoDelayAcceptor);
                tokio::spawn(server.acceptor(acceptor).serve(Shared::new(service)))
            }
        };
        Running { handle, task }
    }

    /// The address, with the port that was chosen.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What a client on this machine calls it: `http://127.0.0.1:4711`.
    pub fn url(&self) -> String {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        let mut address = self.address;
        if address.ip().is_unspecified() {
            address.set_ip(Ipv4Addr::LOCALHOST.into());
        }
        format!("{scheme}://{address}")
    }

    /// The certificate and its authority, if it speaks TLS.
    pub fn tls(&self) -> Option<&Tls> {
        self.tls.as_ref()
    }

    /// The simulator, also while the server is down or when it has stopped.
    pub fn simulator(&self) -> &Simulator {
        &self.simulator
    }

    /// An outage: cuts every connection and refuses new ones. What Konnect holds stays.
    pub async fn go_down(&mut self) {
        if let Some(Running { handle, task }) = self.running.take() {
            handle.shutdown();
            // It ends without an error, or with one that nobody can act on.
            let _ = task.await;
        }
    }

    /// Ends an outage, on the same address.
    pub async fn come_back(&mut self) -> Result<(), StartError> {
        if self.running.is_some() {
            return Ok(());
        }
        let (times, pause) = RETURN;
        for _ in 0..times {
            if let Ok((listener, _)) = bind(self.address).await {
                self.running = Some(self.run(listener));
                return Ok(());
            }
            tokio::time::sleep(pause).await;
        }
        let (listener, _) = bind(self.address).await?;
        self.running = Some(self.run(listener));
        Ok(())
    }

    /// Refuses new connections, lets requests in flight end, and stops; whoever is not done after some
    /// seconds is cut off.
    pub async fn stop(mut self) {
        self.simulator.part();
        if let Some(Running { handle, task }) = self.running.take() {
            handle.graceful_shutdown(Some(GRACE));
            // As above.
            let _ = task.await;
        }
    }
}

async fn bind(address: SocketAddr) -> Result<(TcpListener, SocketAddr), StartError> {
    let failed = |source| StartError::Listen { address, source };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    Ok((listener, address))
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(Running { handle, .. }) = self.running.take() {
            handle.shutdown();
        }
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("address", &self.address)
            .field("tls", &self.tls)
            .field("up", &self.running.is_some())
            .finish_non_exhaustive()
    }
}
