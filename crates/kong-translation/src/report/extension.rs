//! What is said of a KonnectExtension, which is Ready and not Programmed (konnect.md 6.7).
//!
//! Its status has no field for the id of its certificate in Konnect, and without that nobody would find the
//! certificate again once the Secret holds another one. So the message of `DataPlaneCertificateProvisioned`
//! names it, whether that holds or not.

use kong_crds::conditions::{
    DATA_PLANE_CERTIFICATE_PROVISIONED, KONNECT_API_OP_FAILED, PROVISIONED, PROVISIONING, READY,
};
use kong_model::RemoteId;
use kong_resolve::{Condition, Intent, Key};
use serde_json::Value;

use super::{Attempt, Presence, Problem, State, main_state};

/// What stands before the id.
const MARK: &str = " has the ID ";

/// What is wrong with the certificate in Konnect.
pub(super) fn failure(key: &Key, problem: &Problem) -> Vec<Condition> {
    let operation = match problem.attempt {
        Attempt::Read => "read",
        Attempt::Create | Attempt::Update | Attempt::Adopt(_) => "create",
        Attempt::Delete => "delete",
        Attempt::Reach => "reach Konnect for",
    };
    let text = format!(
        "failed to {operation} the data plane client certificate of {key}: {}",
        problem.text
    );
    let kind = DATA_PLANE_CERTIFICATE_PROVISIONED;
    let failed = Condition::fails(kind, KONNECT_API_OP_FAILED, text);
    vec![
        failed.passing(problem.transient),
        not_ready().passing(problem.transient),
    ]
}

/// Something is still missing; other conditions say what.
pub(super) fn not_ready() -> Condition {
    let message = "provisioning in progress; the other conditions say what is missing";
    Condition::fails(READY, PROVISIONING, message)
}

/// All is there.
pub(super) fn ready() -> Condition {
    Condition::holds(READY, READY, "KonnectExtension is ready")
}

/// Says which certificate is in Konnect: as long as one that was replaced is there, that one, since nothing else
/// tells that it is to go. What nobody has looked at yet is believed as it stands in the status before.
pub(super) fn name_certificate(
    conditions: &mut Vec<Condition>,
    states: &[State<'_>],
    before: &Value,
) {
    let main = main_state(states);
    let mut others = states.iter().filter(|state| !state.main);
    let replaced = others.find(|state| state.presence != Presence::Absent);
    let named = replaced.or_else(|| main.filter(|main| main.presence == Presence::Present));
    let unseen = main.is_none_or(|main| main.presence == Presence::Unknown);
    let id = match named {
        Some(named) => named.id.cloned(),
        None => recorded_id(before).filter(|_| unseen),
    };
    let Some(id) = id else {
        return;
    };
    let kind = DATA_PLANE_CERTIFICATE_PROVISIONED;
    let mut said = conditions.iter_mut();
    if let Some(failed) = said.find(|said| said.kind == kind) {
        let before = format!("; in Konnect the one before{MARK}{id}");
        failed.message.push_str(&before);
        return;
    }
    let as_wanted = main.is_none_or(|main| match main.intent {
        Some(Intent::Present(_)) => main.confirmed || unseen,
        Some(Intent::Keep | Intent::Absent | Intent::Observe(_) | Intent::Release(_)) | None => {
            true
        }
    });
    conditions.push(if as_wanted && replaced.is_none() {
        let provisioned = "DataPlane client certificate provisioned successfully; in Konnect it";
        Condition::holds(kind, PROVISIONED, format!("{provisioned}{MARK}{id}"))
    } else {
        let replacing = "DataPlane client certificate is provisioning; in Konnect the one before";
        Condition::fails(kind, PROVISIONING, format!("{replacing}{MARK}{id}")).passing(true)
    });
}

/// The id of the certificate in a status.
pub(super) fn recorded_id(status: &Value) -> Option<RemoteId> {
    // Without a control plane it is not known where that would be.
    status["konnect"]["controlPlaneID"].as_str()?;
    let mut conditions = status["conditions"].as_array()?.iter();
    let said = conditions.find(|it| it["type"] == DATA_PLANE_CERTIFICATE_PROVISIONED)?;
    let (_, id) = said["message"].as_str()?.rsplit_once(MARK)?;
    Some(RemoteId::from(id))
}
