//! HTTP in front of the simulated cluster: lists with pages and selectors, watches that last, can be cut
//! and can be too old, kinds that are not installed, a server that is down.

mod definitions;
mod reviews;
mod route;
mod watch;

use std::{
    collections::BTreeSet,
    sync::{Arc, LazyLock, Mutex, MutexGuard},
};

use axum::{Json, Router, body::Body, extract::State, http::StatusCode, response::Response};
use axum::{body::to_bytes, http::Request as HttpRequest, response::IntoResponse as _};
use cluster_sim::{
    Cluster, Preconditions, Propagation, Request, Status, Subresource, WriteOptions,
};
use jiff::{SignedDuration, Timestamp};
use konduit_runtime::Clock;
use kube::Client;
use serde_json::{Value, json};
use tokio::time::Instant;

use self::{route::Route, watch::Stream};

/// Unix time at which tests begin.
const WALL: i64 = 1_700_000_000;

/// Compiling all schemas takes longer than most tests.
static EMPTY: LazyLock<Cluster> = LazyLock::new(|| {
    let mut documents = kong_crds::crd_documents();
    documents.extend(definitions::of_kubernetes());
    Cluster::new(&documents)
        .unwrap()
        .with_conversion(|document, version| {
            let version = version.rsplit('/').next().unwrap();
            kong_crds::convert(document, version).map_err(|error| error.to_string())
        })
});

/// An API server.
#[derive(Clone)]
pub(crate) struct ApiServer(Arc<Shared>);

struct Shared {
    cluster: Mutex<Cluster>,
    faults: Mutex<Faults>,
    /// Tells watches that something has changed.
    changed: tokio::sync::watch::Sender<()>,
    clock: PausedClock,
    /// What was asked, in the words of RBAC.
    asked: Mutex<BTreeSet<Asked>>,
}

/// A request in the words of RBAC.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Asked {
    pub(crate) verb: &'static str,
    pub(crate) group: String,
    /// With the subresource.
    pub(crate) resource: String,
    pub(crate) namespace: Option<String>,
    /// The name, also where a selector has it.
    pub(crate) name: Option<String>,
}

/// What is wrong with the server now.
#[derive(Default)]
struct Faults {
    /// Kinds, by plural, that are not installed.
    missing: BTreeSet<&'static str>,
    /// Kinds, by plural, that nobody may list.
    forbidden: BTreeSet<&'static str>,
    down: bool,
    /// Clients that get no answer.
    disconnected: BTreeSet<String>,
    /// How often all watches have been cut.
    cuts: u64,
}

/// The time of day that follows tokio's clock.
#[derive(Clone, Copy)]
pub(crate) struct PausedClock(Instant);

impl Clock for PausedClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_second(WALL).unwrap() + SignedDuration::try_from(self.0.elapsed()).unwrap()
    }
}

impl ApiServer {
    pub(crate) fn new() -> Self {
        let server = Self(Arc::new(Shared {
            cluster: Mutex::new(EMPTY.clone()),
            faults: Mutex::default(),
            changed: tokio::sync::watch::Sender::new(()),
            clock: PausedClock(Instant::now()),
            asked: Mutex::default(),
        }));
        for document in kong_crds::crd_documents() {
            server.create(document);
        }
        server.lock().clear_log();
        server
    }

    pub(crate) fn clock(&self) -> PausedClock {
        self.0.clock
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Cluster> {
        self.0.cluster.lock().unwrap()
    }

    fn faults(&self) -> MutexGuard<'_, Faults> {
        self.0.faults.lock().unwrap()
    }

    /// A request of the user.
    pub(crate) fn request(&self, request: Request) -> Result<Arc<Value>, Status> {
        self.answer("user", request)
    }

    pub(crate) fn create(&self, document: Value) {
        let options = WriteOptions::default();
        self.request(Request::Create { document, options }).unwrap();
    }

    fn answer(&self, actor: &str, request: Request) -> Result<Arc<Value>, Status> {
        let answer = self
            .lock()
            .handle(self.0.clock.now().as_second(), actor, request);
        self.0.changed.send_replace(());
        answer
    }

    /// A client that appears in the log under this name.
    pub(crate) fn client(&self, name: &str) -> Client {
        let router = Router::new()
            .fallback(serve)
            .with_state((self.clone(), Arc::from(name)));
        Client::new(router, "konduit")
    }

    /// Breaks all watches off.
    pub(crate) fn cut_watches(&self) {
        self.faults().cuts += 1;
        self.0.changed.send_replace(());
    }

    /// Whoever resumes a watch from before now is told to list anew.
    pub(crate) fn forget_history(&self) {
        let version = self.lock().version();
        self.lock().compact(version + 1);
    }

    pub(crate) fn set_down(&self, down: bool) {
        self.faults().down = down;
    }

    /// Cuts a client off: what it sends is lost, and so are its watches.
    pub(crate) fn disconnect(&self, actor: &str) {
        self.faults().disconnected.insert(actor.to_owned());
        self.cut_watches();
    }

    pub(crate) fn reconnect(&self, actor: &str) {
        self.faults().disconnected.remove(actor);
    }

    /// Takes the definition of a kind away.
    pub(crate) fn uninstall(&self, plural: &'static str) {
        self.faults().missing.insert(plural);
    }

    /// Gives it back.
    pub(crate) fn install(&self, plural: &'static str) {
        self.faults().missing.remove(plural);
    }

    /// Refuses lists of a kind.
    pub(crate) fn forbid(&self, plural: &'static str) {
        self.faults().forbidden.insert(plural);
    }

    /// Allows them again.
    pub(crate) fn permit(&self, plural: &'static str) {
        self.faults().forbidden.remove(plural);
    }

    /// Everything that was asked over HTTP.
    pub(crate) fn asked(&self) -> BTreeSet<Asked> {
        self.0.asked.lock().unwrap().clone()
    }

    /// Why a request is refused before anybody looks at it.
    fn refuses(&self, route: &Route) -> Option<Response> {
        let faults = self.faults();
        let plural = route.resource.plural.as_str();
        let name = route.name.as_deref().unwrap_or_default();
        let asked_for = name.split('.').next().unwrap();
        if faults.down {
            Some((StatusCode::BAD_GATEWAY, "upstream is not there").into_response())
        } else if faults.missing.contains(plural) {
            Some((StatusCode::NOT_FOUND, "404 page not found").into_response())
        } else if plural == "customresourcedefinitions" && faults.missing.contains(asked_for) {
            Some(failure(404, "NotFound"))
        } else if faults.forbidden.contains(plural) {
            Some(failure(403, "Forbidden"))
        } else {
            None
        }
    }
}

fn failure(code: u16, reason: &str) -> Response {
    let status = json!({
        "apiVersion": "v1", "kind": "Status", "metadata": {}, "status": "Failure",
        "message": format!("refused: {reason}"), "reason": reason, "code": code,
    });
    (StatusCode::from_u16(code).unwrap(), Json(status)).into_response()
}

async fn serve(
    State((server, actor)): State<(ApiServer, Arc<str>)>,
    request: HttpRequest<Body>,
) -> Response {
    // The network takes its time, if only a little: without it nothing ever waits under a paused clock.
    tokio::time::sleep(std::time::Duration::from_millis(1)).await;
    let (parts, body) = request.into_parts();
    if server.faults().disconnected.contains(&*actor) {
        return std::future::pending().await;
    }
    let Some(route) = Route::of(&parts.uri) else {
        return (StatusCode::NOT_FOUND, "404 page not found").into_response();
    };
    let asked = route.asked(&parts.method);
    server.0.asked.lock().unwrap().insert(asked);
    if let Some(refusal) = server.refuses(&route) {
        return refusal;
    }
    let body = to_bytes(body, usize::MAX).await.unwrap();
    let document = || -> Value { serde_json::from_slice(&body).unwrap() };
    let answer = match (parts.method.as_str(), &route.name) {
        ("GET", None) if route.is_watch() => {
            return Body::from_stream(Stream::new(&server, route).lines()).into_response();
        }
        ("GET", None) => list(&server, &actor, &route),
        ("GET", Some(_)) => server.answer(
            &actor,
            Request::Get {
                object: route.object(),
                version: Some(route.version.clone()),
            },
        ),
        ("POST", None) => {
            let document = route.complete(document());
            if let Some(review) = reviews::answer(&route.resource.plural, &document) {
                return (StatusCode::CREATED, Json(review)).into_response();
            }
            server.answer(
                &actor,
                Request::Create {
                    document,
                    options: WriteOptions::default(),
                },
            )
        }
        ("PUT", Some(_)) => {
            let document = route.complete(document());
            server.answer(
                &actor,
                Request::Replace {
                    document,
                    options: WriteOptions::default(),
                },
            )
        }
        ("PATCH", Some(_)) => {
            let subresource = if route.status {
                Subresource::Status
            } else {
                Subresource::Main
            };
            server.answer(
                &actor,
                Request::Patch {
                    object: route.object(),
                    version: Some(route.version.clone()),
                    patch: document(),
                    subresource,
                },
            )
        }
        ("DELETE", Some(_)) => server.answer(
            &actor,
            Request::Delete {
                object: route.object(),
                preconditions: Preconditions::default(),
                propagation: Propagation::default(),
            },
        ),
        (method, name) => panic!("{method} {name:?} is not served"),
    };
    match answer {
        Ok(document) => Json(Value::clone(&document)).into_response(),
        Err(status) => refusal(&status),
    }
}

fn refusal(status: &Status) -> Response {
    let code = StatusCode::from_u16(status.code).unwrap();
    (code, Json(status.to_value())).into_response()
}

/// A page of a list. Items of core kinds do not say what they are, as those of a real server.
fn list(server: &ApiServer, actor: &str, route: &Route) -> Result<Arc<Value>, Status> {
    let request = Request::List {
        resource: route.resource.clone(),
        namespace: route.namespace.clone(),
        version: Some(route.version.clone()),
    };
    let mut list = Value::clone(&*server.answer(actor, request)?);
    let mut items = list["items"].as_array().unwrap().clone();
    items.retain(|item| route.selects(item));
    if route.resource.group.is_empty() {
        for item in &mut items {
            let item = item.as_object_mut().unwrap();
            item.remove("apiVersion");
            item.remove("kind");
        }
    }
    let from: usize = route
        .parameter("continue")
        .map_or(0, |text| text.parse().unwrap());
    let limit: usize = route
        .parameter("limit")
        .map_or(usize::MAX, |text| text.parse().unwrap());
    let rest = items.split_off(from.min(items.len()));
    if rest.len() > limit {
        list["metadata"]["continue"] = json!((from + limit).to_string());
    }
    list["items"] = rest.into_iter().take(limit).collect();
    Ok(Arc::new(list))
}
