//! What becomes of an effect: a request to one of the simulators, and what its answer means. Faults
//! are put in here.

use serde_json::{Value, json};

use cluster_sim::{Cluster, ObjectId, Reason, Request, Status, Subresource, WriteOptions};
use kong_crds::SecretLabel;
use kong_engine::{Action, KubeFailure, Mono, Now, Outcome};
use kong_model::{Call, Failure, Response};
use kong_resolve::{Key, Uid};
use konnect_sim::{Konnect, Millis, Visit};

use crate::forge::Forge;
use crate::replica::{ReplicaId, resource};

/// What goes wrong with an effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It never reaches the server, and the caller learns only that there was no answer.
    NotSent,
    /// It is done, but the answer is lost.
    ReplyLost,
    /// It is done, and then the process crashes.
    Crash,
    /// The process crashes before it is sent.
    CrashBefore,
    /// The server answers this status without doing anything; with `Retry-After` in seconds.
    Refused(u16, Option<u32>),
}

/// An effect that was performed, or was not.
#[derive(Clone, Debug)]
pub struct Sent {
    /// Whose.
    pub replica: ReplicaId,
    /// Its number among all effects of the run, from 0.
    pub index: u64,
    /// What was to be done.
    pub action: Action,
    /// When.
    pub at: Mono,
    /// Whether it reached the server.
    pub reached: bool,
    /// What came of it, also where the answer was lost.
    pub outcome: Outcome,
}

/// What actions are performed on.
pub(crate) struct Servers<'a> {
    pub(crate) cluster: &'a mut Cluster,
    pub(crate) konnect: &'a mut Konnect,
    pub(crate) forge: &'a mut Forge,
}

/// Performs an action on the simulators.
pub(crate) fn perform(
    servers: &mut Servers<'_>,
    now: Now,
    actor: &str,
    action: &Action,
) -> Outcome {
    let Servers {
        cluster,
        konnect,
        forge,
    } = servers;
    let wall = now.wall;
    match action {
        Action::Status {
            object,
            uid,
            version,
            patch,
        } => {
            let patch = json!({"metadata": {"resourceVersion": &**version}, "status": patch});
            store(
                cluster,
                wall,
                actor,
                object,
                uid,
                patch,
                Subresource::Status,
            )
        }
        Action::Finalizers {
            object,
            uid,
            version,
            finalizers,
        } => {
            let finalizers: Vec<&str> = finalizers.iter().map(|name| &**name).collect();
            let patch = json!({"metadata": {
                "resourceVersion": &**version, "finalizers": finalizers,
            }});
            store(cluster, wall, actor, object, uid, patch, Subresource::Main)
        }
        Action::Mint(mint) => {
            let document = mint.document(&forge.make(mint), &SecretLabel::default());
            let request = if mint.replaces.is_some() {
                Request::Patch {
                    object: object_id(&mint.secret),
                    version: None,
                    patch: document,
                    subresource: Subresource::Main,
                }
            } else {
                let options = WriteOptions::STRICT;
                Request::Create { document, options }
            };
            let outcome = send(cluster, wall, actor, request);
            if let Outcome::Stored(_) = outcome {
                forge.stored(mint);
            }
            outcome
        }
        Action::Konnect { access, call } => {
            if let Call::Put { body, .. } | Call::Post { body, .. } | Call::Patch { body, .. } =
                call
            {
                body.secrets()
                    .into_iter()
                    .for_each(|secret| konnect.conceal(secret.reveal()));
            }
            let served = konnect.visit(&Visit {
                now: Millis(now.mono.0),
                region: access.server.region(),
                token: access.token.reveal(),
                request: &call.request(),
                unreadable: None,
            });
            let cut = || Failure::Transport("the connection was cut".to_owned());
            Outcome::Konnect(
                served
                    .response
                    .ok_or_else(cut)
                    .and_then(|response| call.interpret(response)),
            )
        }
    }
}

fn store(
    cluster: &mut Cluster,
    wall: i64,
    actor: &str,
    object: &Key,
    uid: &Uid,
    patch: Value,
    subresource: Subresource,
) -> Outcome {
    // The version belongs to one incarnation, so it guards the UID too.
    debug_assert!(!uid.is_empty(), "an object that was seen has a UID");
    let request = Request::Patch {
        object: object_id(object),
        version: None,
        patch,
        subresource,
    };
    send(cluster, wall, actor, request)
}

/// What an object is called by the simulated API server.
pub fn object_id(object: &Key) -> ObjectId {
    ObjectId {
        resource: resource(object.kind),
        namespace: object.name.namespace.as_deref().map(str::to_owned),
        name: object.name.name.to_string(),
    }
}

fn send(cluster: &mut Cluster, wall: i64, actor: &str, request: Request) -> Outcome {
    match cluster.handle(wall, actor, request) {
        Ok(document) => match kong_crds::read(Value::clone(&document)) {
            Ok(observed) => Outcome::Stored(Some(Box::new(observed))),
            Err(_) => Outcome::Stored(None),
        },
        Err(status) => Outcome::NotStored(kube_failure(&status)),
    }
}

fn kube_failure(status: &Status) -> KubeFailure {
    match status.reason {
        Reason::Conflict | Reason::AlreadyExists => KubeFailure::Conflict,
        Reason::NotFound => KubeFailure::NotFound,
        _ => KubeFailure::Refused(status.to_string()),
    }
}

/// What the engine hears of a fault.
pub(crate) fn answer(action: &Action, fault: Fault) -> Outcome {
    match (action, fault) {
        (Action::Konnect { call, .. }, Fault::Refused(status, retry_after)) => {
            let body = json!({"status": status, "title": "injected", "detail": "injected"});
            Outcome::Konnect(call.interpret(Response {
                retry_after,
                ..Response::new(status, body)
            }))
        }
        (
            Action::Konnect { .. },
            Fault::NotSent | Fault::ReplyLost | Fault::Crash | Fault::CrashBefore,
        ) => Outcome::Konnect(Err(Failure::Transport("connection closed".to_owned()))),
        (_, Fault::Refused(409, _)) => Outcome::NotStored(KubeFailure::Conflict),
        (_, Fault::Refused(status, _)) => {
            Outcome::NotStored(KubeFailure::Unknown(format!("status {status}")))
        }
        (_, Fault::NotSent | Fault::ReplyLost | Fault::Crash | Fault::CrashBefore) => {
            Outcome::NotStored(KubeFailure::Unknown("connection closed".to_owned()))
        }
    }
}
