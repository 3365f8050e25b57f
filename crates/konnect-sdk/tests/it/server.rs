//! A server on this machine that answers as it is told and remembers what it was asked.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, Response, StatusCode, Uri, Version};
use axum::routing::any;
use kong_model::{Call, Collection, Filter, Sealed, ServerUrl, Site};
use konnect_sdk::{Client, ClientBuilder, Konnect};
use serde_json::Value;
use url::Url;

pub(crate) const TOKEN: &str = "kpat_canary";
pub(crate) const PLANE: &str = "2f0b44a1-8bd1-45e0-9fd2-a2e0a3c1b0d7";

/// A request as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) headers: HeaderMap,
    pub(crate) version: Version,
    pub(crate) body: Bytes,
}

impl Asked {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

type Answer = dyn Fn(&Asked) -> Response<Body> + Send + Sync;

#[derive(Clone)]
struct Shared {
    answer: Arc<Answer>,
    log: Arc<Mutex<Vec<Asked>>>,
}

/// A server that is up.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    log: Arc<Mutex<Vec<Asked>>>,
}

/// A port of this machine, and somebody listening to it.
pub(crate) fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

impl Server {
    /// A server that answers every request like this.
    pub(crate) fn new(answer: impl Fn(&Asked) -> Response<Body> + Send + Sync + 'static) -> Self {
        let (listener, address) = listen();
        let (router, log) = router(answer);
        let server = axum_server::from_tcp(listener).unwrap();
        tokio::spawn(server.serve(router.into_make_service()));
        Self { address, log }
    }

    /// A server that answers every request with this status and body.
    pub(crate) fn answering(status: u16, body: &Value) -> Self {
        let body = body.to_string();
        Self::new(move |_| answer(status, body.clone()))
    }

    pub(crate) fn log(&self) -> Vec<Asked> {
        self.log.lock().unwrap().clone()
    }

    pub(crate) fn url(&self) -> Url {
        Url::parse(&format!("http://{}/", self.address)).unwrap()
    }

    /// A client that asks nobody else.
    pub(crate) fn client(&self) -> Client {
        self.builder().build().unwrap()
    }

    pub(crate) fn builder(&self) -> ClientBuilder {
        Client::builder().endpoint(self.url())
    }

    pub(crate) fn konnect(&self) -> Konnect {
        Konnect::new(self.client(), server_url(), TOKEN)
    }
}

/// What answers, and what it was asked.
pub(crate) fn router(
    answer: impl Fn(&Asked) -> Response<Body> + Send + Sync + 'static,
) -> (Router, Arc<Mutex<Vec<Asked>>>) {
    let log = Arc::<Mutex<Vec<Asked>>>::default();
    let shared = Shared {
        answer: Arc::new(answer),
        log: Arc::clone(&log),
    };
    (Router::new().fallback(any(handle)).with_state(shared), log)
}

async fn handle(
    State(shared): State<Shared>,
    method: Method,
    uri: Uri,
    version: Version,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let asked = Asked {
        method,
        uri,
        headers,
        version,
        body,
    };
    shared.log.lock().unwrap().push(asked.clone());
    (shared.answer)(&asked)
}

pub(crate) fn answer(status: u16, body: impl Into<Body>) -> Response<Body> {
    let mut response = Response::new(body.into());
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    response
}

pub(crate) fn server_url() -> ServerUrl {
    ServerUrl::parse("eu.api.konghq.com").unwrap()
}

pub(crate) fn token() -> Sealed {
    Sealed::new(TOKEN)
}

/// A call as good as any.
pub(crate) fn list() -> Call {
    Call::List {
        site: Site::of_control_plane(Collection::Services, PLANE.into()),
        filter: Filter::All,
        cursor: None,
    }
}
