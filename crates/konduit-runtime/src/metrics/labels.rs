//! The labels of what is counted, and what fills them.

use kong_crds::Kind;
use kong_engine::{Lane, Purpose};
use kong_model::{Call, Collection, Failure, Reply, ServerUrl};
use prometheus_client::encoding::EncodeLabelSet;

/// Labels of Kong's operator (konnect.md 8.2).
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct EntityLabels {
    server_url: String,
    operation_type: &'static str,
    entity_type: &'static str,
    success: &'static str,
    /// The status of a refusal, 0 where there was no answer, empty for a success: as Kong's.
    status_code: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Request {
    call: &'static str,
    status_code: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Write {
    pub(super) kind: &'static str,
    pub(super) part: &'static str,
    pub(super) result: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct LaneLabels {
    lane: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct OfKind {
    pub(super) kind: &'static str,
}

impl EntityLabels {
    pub(super) fn of(
        server: &ServerUrl,
        call: &Call,
        purpose: Purpose,
        result: &Result<Reply, Failure>,
    ) -> Self {
        Self {
            server_url: server.to_string(),
            operation_type: match purpose {
                Purpose::Create => "create",
                Purpose::Update => "update",
                Purpose::Adopt => "adopt",
                Purpose::Delete => "delete",
            },
            entity_type: entity_type(call),
            success: if result.is_ok() { "true" } else { "false" },
            status_code: status_code(result),
        }
    }
}

impl Request {
    pub(super) fn of(call: &Call, result: &Result<Reply, Failure>) -> Self {
        Self {
            call: match call {
                Call::WhoAmI => "identity",
                Call::List { .. } => "list",
                Call::Get { .. } => "get",
                Call::Put { .. } => "put",
                Call::Post { .. } => "post",
                Call::Patch { .. } => "patch",
                Call::Remove { .. } => "delete",
            },
            status_code: status_code(result),
        }
    }
}

impl LaneLabels {
    pub(super) fn of(lane: &Lane) -> Self {
        let lane = match lane {
            Lane::Kube => "kubernetes".to_owned(),
            Lane::Konnect(org) => format!("konnect/{}", org.0),
        };
        Self { lane }
    }
}

/// The kind whose entities are written; for what no kind stands for by itself the collection.
fn entity_type(call: &Call) -> &'static str {
    let at = match call {
        Call::WhoAmI => Collection::Identity,
        Call::List { site, .. }
        | Call::Get { site, .. }
        | Call::Put { site, .. }
        | Call::Post { site, .. }
        | Call::Patch { site, .. }
        | Call::Remove { site, .. } => site.at,
    };
    Kind::served()
        .find(|kind| kong_translation::collection(*kind) == Some(at))
        .map_or_else(|| at.name(), |kind| kind.as_str())
}

fn status_code(result: &Result<Reply, Failure>) -> String {
    let code: u16 = match result {
        Ok(_) => return String::new(),
        Err(Failure::Invalid(_) | Failure::Reference(_)) => 400,
        Err(Failure::Unauthorized) => 401,
        Err(Failure::Forbidden(_)) => 403,
        Err(Failure::NotFound) => 404,
        Err(Failure::Conflict(_)) => 409,
        Err(Failure::RateLimited { .. }) => 429,
        Err(Failure::Server(code)) => *code,
        Err(Failure::Transport(_) | Failure::Untrusted(_)) => 0,
    };
    code.to_string()
}
