//! What probes and Prometheus ask over HTTP: is it alive, is it ready, what has it counted.
//!
//! A standby is ready too: it has seen everything and could lead at once.

use std::{fmt::Write as _, io, net::TcpListener, sync::Arc};

use axum::{
    Router,
    extract::State,
    http::{StatusCode, header},
    middleware,
    response::IntoResponse,
    routing::get,
};
use axum_server::tls_rustls::RustlsConfig;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::{
    access::{self, Gate},
    clock::Timeline,
    event_loop::{HEARTBEAT, Pulse},
    metrics::Metrics,
    watches::Progress,
    webhook::Serving,
};

/// How many heartbeats may be missing: after a long list the loop may judge for a while.
const BEATS: u32 = 12;
/// The media type of OpenMetrics text.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// What probes are about.
#[derive(Clone, Debug)]
pub(crate) struct Health {
    pub(crate) timeline: Timeline,
    pub(crate) pulse: Arc<Pulse>,
    pub(crate) progress: Arc<Progress>,
    /// Whether the webhook is served, if it is to be.
    pub(crate) webhook: Option<Serving>,
    pub(crate) ending: CancellationToken,
}

/// What a probe is answered.
type Answer = (StatusCode, String);

impl Health {
    /// Whether the loop comes round.
    fn live(&self) -> Answer {
        let age = u128::from(self.pulse.age(self.timeline.mono()));
        if age > (HEARTBEAT * BEATS).as_millis() {
            let text = format!("the loop has not come round for {age} ms\n");
            (StatusCode::SERVICE_UNAVAILABLE, text)
        } else {
            (StatusCode::OK, "ok\n".to_owned())
        }
    }

    /// Whether everything has been seen.
    fn ready(&self) -> Answer {
        if self.ending.is_cancelled() {
            return (StatusCode::SERVICE_UNAVAILABLE, "ending\n".to_owned());
        }
        let mut text = String::new();
        for (kind, trouble) in self.progress.waiting() {
            let trouble = trouble.unwrap_or_else(|| "the list has not come yet".to_owned());
            // Writing to a string does not fail.
            let _ = writeln!(text, "{kind}: {trouble}");
        }
        if self
            .webhook
            .as_ref()
            .is_some_and(|serving| !serving.is_up())
        {
            text.push_str("conversion webhook: it has no certificate yet\n");
        }
        if text.is_empty() {
            (StatusCode::OK, "ok\n".to_owned())
        } else {
            (StatusCode::SERVICE_UNAVAILABLE, text)
        }
    }
}

/// Answers probes: `/healthz` and `/readyz`.
pub(crate) fn probes(health: Health) -> Router {
    Router::new()
        .route(
            "/healthz",
            get(async |State(health): State<Health>| health.live()),
        )
        .route(
            "/readyz",
            get(async |State(health): State<Health>| health.ready()),
        )
        .with_state(health)
}

/// Answers Prometheus: `/metrics`.
pub(crate) fn measurements(metrics: Arc<Metrics>) -> Router {
    async fn text(State(metrics): State<Arc<Metrics>>) -> impl IntoResponse {
        ([(header::CONTENT_TYPE, OPEN_METRICS)], metrics.text())
    }
    Router::new()
        .route(access::PATH, get(text))
        .with_state(metrics)
}

/// The same for those whom the API server permits.
pub(crate) fn guarded(router: Router, gate: Gate) -> Router {
    router.layer(middleware::from_fn_with_state(gate, Gate::check))
}

/// Serves over HTTPS.
pub(crate) fn serve_tls(
    tasks: &mut JoinSet<()>,
    listener: TcpListener,
    certificate: RustlsConfig,
    router: Router,
) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    let server = axum_server::from_tcp_rustls(listener, certificate)?;
    tasks.spawn(async move {
        if let Err(error) = server.serve(router.into_make_service()).await {
            tracing::error!(%error, "a server has ended");
        }
    });
    Ok(())
}

/// Serves over plain HTTP.
pub(crate) fn serve(
    tasks: &mut JoinSet<()>,
    listener: TcpListener,
    router: Router,
) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    let listener = tokio::net::TcpListener::from_std(listener)?;
    tasks.spawn(async move {
        if let Err(error) = axum::serve(listener, router).await {
            tracing::error!(%error, "a server has ended");
        }
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use kong_crds::Kind;

    use super::*;
    use crate::clock::SystemClock;

    fn health() -> Health {
        Health {
            timeline: Timeline::new(Arc::new(SystemClock)),
            pulse: Arc::default(),
            progress: Arc::default(),
            webhook: None,
            ending: CancellationToken::new(),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_loop_that_does_not_come_round_is_not_alive() {
        let health = health();
        tokio::time::advance(Duration::from_secs(59)).await;
        assert_eq!(health.live().0, StatusCode::OK);
        tokio::time::advance(Duration::from_secs(2)).await;
        assert_eq!(health.live().0, StatusCode::SERVICE_UNAVAILABLE);
        health.pulse.beat(health.timeline.mono());
        assert_eq!(health.live().0, StatusCode::OK);
    }

    #[tokio::test(start_paused = true)]
    async fn it_is_ready_when_every_kind_has_been_seen_and_says_which_has_not() {
        let health = health();
        health.progress.expect(Kind::KongRoute, 1);
        let waiting = "KongRoute: the list has not come yet\n".to_owned();
        assert_eq!(health.ready(), (StatusCode::SERVICE_UNAVAILABLE, waiting));
        health.progress.failed(Kind::KongRoute, "forbidden");
        let broken = "KongRoute: forbidden\n".to_owned();
        assert_eq!(health.ready(), (StatusCode::SERVICE_UNAVAILABLE, broken));
        health.progress.listed(Kind::KongRoute);
        assert_eq!(health.ready(), (StatusCode::OK, "ok\n".to_owned()));
        health.ending.cancel();
        assert_eq!(health.ready().0, StatusCode::SERVICE_UNAVAILABLE);
    }
}
