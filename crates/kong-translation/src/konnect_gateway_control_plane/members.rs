//! The members of a control plane group: one list that is set as a whole (konnect.md 6.2).

use std::sync::Arc;

use kong_crds::Kind;
use kong_crds::conditions::{
    FAILED_TO_SET_CONTROL_PLANE_GROUP_MEMBERS, MEMBERS_REFERENCE_RESOLVED, PROGRAMMED, RESOLVED,
    SOME_MEMBER_NOT_RESOLVED,
};
use kong_crds::konnect::v1alpha2::KonnectGatewayControlPlane;
use kong_model::{Body, Collection, RemoteId, Site};
use kong_resolve::{Claim, Condition, Credentials, Intent, Key, Me, Readiness, part};
use serde_json::json;

use crate::case::Case;

/// The ids of the members, sorted; `None` if not all are known.
pub(super) fn ids(
    case: &mut Case<'_, '_>,
    me: Me<'_, KonnectGatewayControlPlane>,
    confirmed: &mut Vec<Condition>,
) -> Option<Vec<RemoteId>> {
    let mut ids = Vec::new();
    let mut problems = Vec::new();
    let mut passing = true;
    for member in me.spec.members.iter().flatten() {
        let key = Key {
            kind: Kind::KonnectGatewayControlPlane,
            name: me.key.name.sibling(None, &member.name),
        };
        let standing = case.view.standing(&key);
        match standing.map(|standing| (&standing.id, standing.readiness)) {
            Some((Some(id), _)) => ids.push(id.clone()),
            Some((None, readiness)) => {
                passing &= readiness != Readiness::Blocked;
                problems.push(without_id(me.key, &key, readiness));
            }
            None => {
                passing = false;
                problems.push(missing(me.key, &key));
            }
        }
    }
    if problems.is_empty() {
        confirmed.push(resolved());
        ids.sort();
        ids.dedup();
        return Some(ids);
    }
    for condition in not_resolved(&problems) {
        case.say(condition.passing(passing));
    }
    None
}

fn missing(group: &Key, member: &Key) -> String {
    let (group, member) = (&group.name.name, &member.name.name);
    format!(
        "control plane group {group} member {member} does not exist; create it in the same \
         namespace or take it out of spec.members"
    )
}

fn without_id(group: &Key, member: &Key, readiness: Readiness) -> String {
    let (group, member) = (&group.name.name, &member.name.name);
    let waiting = format!("control plane group {group} member {member} has no Konnect ID");
    match readiness {
        Readiness::Blocked => waiting + "; its own conditions say why",
        Readiness::Ready | Readiness::Pending => waiting,
    }
}

fn not_resolved(problems: &[String]) -> [Condition; 2] {
    let message = format!(
        "failed to set group members, some members couldn't be found: {}",
        problems.join("; ")
    );
    [
        Condition::fails(
            MEMBERS_REFERENCE_RESOLVED,
            SOME_MEMBER_NOT_RESOLVED,
            message.clone(),
        ),
        Condition::fails(
            PROGRAMMED,
            FAILED_TO_SET_CONTROL_PLANE_GROUP_MEMBERS,
            message,
        ),
    ]
}

pub(super) fn resolved() -> Condition {
    Condition::holds(MEMBERS_REFERENCE_RESOLVED, RESOLVED, "")
}

/// The list of members, or that it stays while it is not known.
pub(super) fn claim(
    me: Me<'_, KonnectGatewayControlPlane>,
    credentials: &Credentials,
    group: RemoteId,
    ids: Option<&[RemoteId]>,
) -> Claim {
    let at = Collection::GroupMemberships;
    let intent = match ids {
        None => Intent::Keep,
        Some(ids) => {
            let members: Vec<_> = ids.iter().map(|id| json!({"id": id.as_str()})).collect();
            let body = Body::from_wire(at, &json!({"members": members}));
            Intent::Present(Arc::new(body))
        }
    };
    Claim {
        identity: part(&me.meta.uid, "members"),
        site: Site {
            at,
            control_plane: Some(group),
            parent: None,
        },
        configuration: credentials.configuration.clone(),
        intent,
        specified: None,
        adopt: None,
        known_by: Vec::new(),
        generation: me.meta.generation,
        main: false,
        content: None,
    }
}
