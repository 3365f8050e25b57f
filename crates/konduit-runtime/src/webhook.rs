//! The conversion webhook: the API server asks it for objects in another version than they are stored in.
//!
//! It needs nothing but the objects that it is given, so every replica serves it from the beginning, before
//! it leads and before it has seen anything: without it the API server could not even list control planes.
//! The certificate comes from files, which are read again when they change, or is made here and written into
//! the definition. Start with [`Webhook`].

mod convert;
mod definition;
mod own;

use std::{
    io,
    net::TcpListener,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::{Json, Router, extract::DefaultBodyLimit, http::StatusCode, routing::post};
use axum_server::tls_rustls::RustlsConfig;
use kube::{Client, core::conversion::ConversionReview};
use tokio::{sync::watch, task::JoinSet, time::sleep};

use self::own::Own;
use crate::{
    clock::Timeline,
    jitter::jittered,
    tls::{self, CertificateError},
};

pub(crate) use self::definition::CONVERTED;

/// Where the API server posts reviews, the path of controller-runtime.
pub(crate) const PATH: &str = "/convert";
/// The largest review, in bytes: a page of 500 objects of the size that etcd takes would be more, but no
/// object of these kinds comes near that.
const LARGEST: usize = 32 << 20;
/// How often a certificate in a Secret is looked at: another replica may have made a new one.
const LOOK_AT_SECRET: Duration = Duration::from_secs(60 * 60);
/// How long to wait after a Secret could not be read.
const RETRY: Duration = Duration::from_secs(5);

/// The webhook.
#[derive(Debug)]
pub struct Webhook {
    /// Where it is served.
    pub listener: TcpListener,
    /// What it is served with.
    pub certificate: Certificate,
}

/// Where the certificate comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Certificate {
    /// From `tls.crt` and `tls.key` in a folder. What signs it is somebody else's business, and so is the
    /// definition.
    Files(PathBuf),
    /// It is made here and kept in a Secret, and the definition is made to trust it.
    Own {
        /// The namespace of the Secret.
        namespace: String,
        /// Its name.
        secret: String,
        /// Where the API server finds the webhook.
        endpoint: Endpoint,
    },
}

/// Where the API server finds the webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// A Service in the cluster.
    Service {
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
        /// Its port.
        port: u16,
    },
    /// A URL, for an operator that runs elsewhere.
    Url(String),
}

impl Endpoint {
    /// The names that the certificate has to be for.
    fn names(&self) -> Vec<String> {
        match self {
            Self::Service {
                namespace, name, ..
            } => {
                let name = format!("{name}.{namespace}.svc");
                vec![format!("{name}.cluster.local"), name]
            }
            Self::Url(url) => {
                let host = url.parse::<http::Uri>().ok();
                let host = host.as_ref().and_then(http::Uri::host).unwrap_or_default();
                vec![host.trim_matches(['[', ']']).to_owned()]
            }
        }
    }
}

/// Why the webhook cannot be served.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct WebhookError(#[from] Problem);

#[derive(Debug, thiserror::Error)]
enum Problem {
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    #[error("the webhook cannot listen: {0}")]
    Listen(io::Error),
}

/// Whether the webhook is served, for the readiness probe.
#[derive(Clone, Debug, Default)]
pub(crate) struct Serving(Arc<AtomicBool>);

impl Serving {
    pub(crate) fn is_up(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    fn up(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Starts the webhook.
///
/// # Errors
///
/// If it cannot listen, or if its files are not good. What the API server has to answer is waited for.
pub(crate) fn start(
    tasks: &mut JoinSet<()>,
    webhook: Webhook,
    client: &Client,
    timeline: &Timeline,
    serving: &Serving,
) -> Result<(), WebhookError> {
    let Webhook {
        listener,
        certificate,
    } = webhook;
    listener.set_nonblocking(true).map_err(Problem::Listen)?;
    match certificate {
        Certificate::Files(folder) => {
            let server = tls::from_files(tasks, "the webhook", folder).map_err(Problem::from)?;
            tasks.spawn(serve(listener, server, serving.clone()));
        }
        Certificate::Own {
            namespace,
            secret,
            endpoint,
        } => {
            let keeper = Keeper {
                client: client.clone(),
                timeline: timeline.clone(),
                namespace,
                secret,
                endpoint,
            };
            tasks.spawn(keeper.run(listener, serving.clone()));
        }
    }
    Ok(())
}

/// What sees to a certificate of our own.
struct Keeper {
    client: Client,
    timeline: Timeline,
    namespace: String,
    secret: String,
    endpoint: Endpoint,
}

impl Keeper {
    async fn run(self, listener: TcpListener, serving: Serving) {
        let mut current = self.obtain().await;
        let Ok(config) = current.pair.server() else {
            // What was obtained has been tried.
            return;
        };
        let server = RustlsConfig::from_config(config);
        let (authorities, receiver) = watch::channel(current.authorities.clone());
        let mut parts = JoinSet::new();
        parts.spawn(serve(listener, server.clone(), serving));
        for kind in CONVERTED {
            parts.spawn(definition::keep(
                self.client.clone(),
                *kind,
                self.endpoint.clone(),
                receiver.clone(),
            ));
        }
        loop {
            sleep(jittered(LOOK_AT_SECRET)).await;
            let own = self.obtain().await;
            if own != current
                && let Ok(config) = own.pair.server()
            {
                // First the API server learns whom to believe.
                authorities.send_replace(own.authorities.clone());
                server.reload_from_config(config);
                current = own;
            }
        }
    }

    /// The certificate, sooner or later.
    async fn obtain(&self) -> Own {
        loop {
            let now = self.timeline.time_of_day();
            let names = self.endpoint.names();
            let own = own::obtain(&self.client, &self.namespace, &self.secret, &names, now).await;
            match own {
                Ok(own) => return own,
                Err(error) => {
                    tracing::warn!(%error, "the webhook has no certificate and is tried again");
                    sleep(jittered(RETRY)).await;
                }
            }
        }
    }
}

async fn serve(listener: TcpListener, server: RustlsConfig, serving: Serving) {
    let router = Router::new()
        .route(PATH, post(convert))
        .layer(DefaultBodyLimit::max(LARGEST));
    let server = match axum_server::from_tcp_rustls(listener, server) {
        Ok(server) => server,
        Err(error) => {
            tracing::error!(%error, "the webhook cannot listen");
            return;
        }
    };
    serving.up();
    if let Err(error) = server.serve(router.into_make_service()).await {
        tracing::error!(%error, "the webhook has ended");
    }
}

async fn convert(
    Json(review): Json<ConversionReview>,
) -> Result<Json<ConversionReview>, (StatusCode, String)> {
    convert::answer(review)
        .map(Json)
        .map_err(|error| (StatusCode::BAD_REQUEST, error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_certificate_is_for_what_the_api_server_calls() {
        let service = Endpoint::Service {
            namespace: "kong".to_owned(),
            name: "konduit".to_owned(),
            port: 443,
        };
        assert_eq!(
            service.names(),
            ["konduit.kong.svc.cluster.local", "konduit.kong.svc"]
        );
        let url = |url: &str| Endpoint::Url(url.to_owned()).names();
        assert_eq!(url("https://127.0.0.1:9443/convert"), ["127.0.0.1"]);
        assert_eq!(url("https://[::1]:9443/convert"), ["::1"]);
    }
}
