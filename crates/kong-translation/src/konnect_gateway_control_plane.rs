//! KonnectGatewayControlPlane: a control plane that is made here (Origin) or only read (Mirror), and
//! the members of a group (konnect.md 2.9, 3.5, 6.2).

use std::sync::Arc;

use kong_crds::Kind;
use kong_crds::conditions::{
    MEMBERS_REFERENCE_RESOLVED, MIRRORED, RESOLVED, SOME_MEMBER_NOT_RESOLVED,
};
use kong_crds::konnect::v1alpha2::{
    CreateControlPlaneRequest, EntitySource, KonnectGatewayControlPlane,
};
use kong_model::{Body, Collection, RemoteId, Site};
use kong_resolve::{
    Claim, Condition, CredentialState, Credentials, Frame, Home, Intent, Key, Me, Output,
    Permission, Readiness, Verdict, View, identity, part,
};
use serde_json::json;
use uuid::Uuid;

use crate::bodies::{members, origin};
use crate::case::{Case, Findings};
use crate::control_plane;
use crate::kind::Judge;

/// The cluster type of groups.
const GROUP: &str = "CLUSTER_TYPE_CONTROL_PLANE_GROUP";

impl Judge for KonnectGatewayControlPlane {
    const FRAME: Frame = Frame::Native;

    fn judge(me: Me<'_, Self>, view: &View<'_>) -> Verdict {
        let mut case = Case::of(me, view);
        let credentials = credentials(&mut case, me);
        for condition in control_plane::credentials(&credentials, me.key) {
            case.say(condition);
        }
        let mut confirmed = Vec::new();
        let claims = match me.spec.source {
            EntitySource::Origin => original(&mut case, me, &credentials, &mut confirmed),
            EntitySource::Mirror => mirrored(&mut case, me, &credentials, &mut confirmed),
            EntitySource::Unknown => {
                case.say_nonsense("spec.source is neither Origin nor Mirror; correct it");
                None
            }
        };
        let resolved = match credentials.state {
            CredentialState::Missing | CredentialState::NotPermitted => false,
            CredentialState::Unproven | CredentialState::Invalid | CredentialState::Valid(_) => {
                true
            }
        };
        let output = match claims {
            Some(claims) if resolved || me.meta.deleting => Output::Want(claims),
            Some(_) | None => Output::KeepLastGood,
        };
        let Findings {
            conditions,
            ids,
            pins,
        } = case.into_findings();
        Verdict {
            conditions,
            output,
            pins,
            cleanup: resolved,
            ids,
            home: Some(Home {
                control_plane: me.key.clone(),
                id: None,
                readiness: Readiness::Pending,
                deleting: me.meta.deleting,
                group: is_group(me),
                credentials,
            }),
            access: None,
            confirmed,
        }
    }
}

fn is_group(me: Me<'_, KonnectGatewayControlPlane>) -> bool {
    let request = me.spec.create_control_plane_request.as_ref();
    me.spec.source == EntitySource::Origin
        && request.and_then(|request| request.cluster_type.as_deref()) == Some(GROUP)
}

/// Follows `spec.konnect.authRef`.
fn credentials(case: &mut Case<'_, '_>, me: Me<'_, KonnectGatewayControlPlane>) -> Credentials {
    // Without a reference there is none of the empty name, which is what Kong says of it too.
    let reference = me.spec.konnect.clone().unwrap_or_default().auth_ref;
    let configuration = Key {
        kind: Kind::KonnectAPIAuthConfiguration,
        name: me
            .key
            .name
            .sibling(reference.namespace.as_deref(), &reference.name),
    };
    let state = match case.permission(&configuration) {
        Permission::Denied => CredentialState::NotPermitted,
        Permission::Own | Permission::Granted => state(case, &configuration),
    };
    Credentials {
        configuration,
        state,
    }
}

fn state(case: &mut Case<'_, '_>, configuration: &Key) -> CredentialState {
    let Some(standing) = case.view.standing(configuration) else {
        return CredentialState::Missing;
    };
    case.pins.push(configuration.clone());
    match (&standing.account, standing.readiness) {
        (Some(account), _) => CredentialState::Valid(account.clone()),
        (None, Readiness::Blocked) => CredentialState::Invalid,
        (None, Readiness::Ready | Readiness::Pending) => CredentialState::Unproven,
    }
}

/// The control plane, and its members if it is a group. `None` if it cannot be said what it is.
fn original(
    case: &mut Case<'_, '_>,
    me: Me<'_, KonnectGatewayControlPlane>,
    credentials: &Credentials,
    confirmed: &mut Vec<Condition>,
) -> Option<Vec<Claim>> {
    let Some(request) = &me.spec.create_control_plane_request else {
        case.say_nonsense("spec.createControlPlaneRequest must be set for type Origin");
        return None;
    };
    let identity = identity(&me.meta.uid);
    if me.meta.deleting {
        return Some(vec![itself(me, credentials, identity, Intent::Absent)]);
    }
    let body = Intent::Present(Arc::new(body(me, request)));
    let mut claims = vec![itself(me, credentials, identity, body)];
    if is_group(me) {
        let ids = member_ids(case, me, confirmed);
        // The id of the group is part of the path.
        if let Some(group) = case.view.standing(me.key).and_then(|own| own.id.clone()) {
            claims.push(membership(me, credentials, group, ids.as_deref()));
        }
    }
    Some(claims)
}

/// One that is only read. It leaves nothing behind when its object goes.
fn mirrored(
    case: &mut Case<'_, '_>,
    me: Me<'_, KonnectGatewayControlPlane>,
    credentials: &Credentials,
    confirmed: &mut Vec<Condition>,
) -> Option<Vec<Claim>> {
    let Some(mirror) = &me.spec.mirror else {
        case.say_nonsense("mirror field must be set for type Mirror");
        return None;
    };
    if me.meta.deleting {
        return Some(Vec::new());
    }
    confirmed.push(Condition::holds(MIRRORED, MIRRORED, ""));
    let intent = Intent::Observe(RemoteId::from(&mirror.konnect.id));
    Some(vec![itself(
        me,
        credentials,
        identity(&me.meta.uid),
        intent,
    )])
}

fn itself(
    me: Me<'_, KonnectGatewayControlPlane>,
    credentials: &Credentials,
    identity: Uuid,
    intent: Intent,
) -> Claim {
    Claim {
        identity,
        site: Site {
            at: Collection::ControlPlanes,
            control_plane: None,
            parent: None,
        },
        configuration: credentials.configuration.clone(),
        intent,
        specified: None,
        generation: me.meta.generation,
        main: true,
    }
}

fn body(me: Me<'_, KonnectGatewayControlPlane>, request: &CreateControlPlaneRequest) -> Body {
    let mut members = members(Collection::ControlPlanes, request);
    let user = request.labels.clone().unwrap_or_default();
    let labels = origin(me.key, me.meta).labels(&user);
    members.insert("labels".to_owned(), json!(labels));
    Body::from_wire(Collection::ControlPlanes, &members.into())
}

/// The ids of the members, sorted; `None` if not all are known.
fn member_ids(
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
                problems.push(member_without_id(me.key, &key));
            }
            None => {
                passing = false;
                problems.push(member_missing(me.key, &key));
            }
        }
    }
    if problems.is_empty() {
        confirmed.push(members_resolved());
        ids.sort();
        ids.dedup();
        return Some(ids);
    }
    case.say(members_not_resolved(&problems).passing(passing));
    None
}

fn member_missing(group: &Key, member: &Key) -> String {
    let (group, member) = (&group.name.name, &member.name.name);
    format!(
        "control plane group {group} member {member} does not exist; create it in the same \
         namespace or take it out of spec.members"
    )
}

fn member_without_id(group: &Key, member: &Key) -> String {
    let (group, member) = (&group.name.name, &member.name.name);
    format!("control plane group {group} member {member} has no Konnect ID")
}

fn members_not_resolved(problems: &[String]) -> Condition {
    let message = format!(
        "failed to set group members, some members couldn't be found: {}",
        problems.join("; ")
    );
    Condition::fails(
        MEMBERS_REFERENCE_RESOLVED,
        SOME_MEMBER_NOT_RESOLVED,
        message,
    )
}

fn members_resolved() -> Condition {
    Condition::holds(MEMBERS_REFERENCE_RESOLVED, RESOLVED, "")
}

/// The list of members, or that it stays while it is not known.
fn membership(
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
        generation: me.meta.generation,
        main: false,
    }
}
