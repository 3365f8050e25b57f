//! The control plane of an entity: named by the entity itself or inherited from its parent.
//!
//! Says `ControlPlaneRefValid`, `APIAuthResolvedRef` and `APIAuthValid` (konnect.md 2.2, 2.4, 2.9) and
//! gives the [`Place`]. Credentials follow from the control plane; whether it may refer to them was
//! judged there.

use std::sync::Arc;

use kong_crds::Kind;
use kong_crds::conditions::{
    API_AUTH_RESOLVED_REF, API_AUTH_VALID, CONTROL_PLANE_REF_VALID, INVALID, NOT_PROGRAMMED,
    REF_NOT_FOUND, REF_NOT_PERMITTED, RESOLVED_REF, VALID,
};
use kong_crds::reference::{
    AuthRef, ControlPlaneRef, ControlPlaneRefType, NamespacedRef, ObjectRef, ObjectRefType,
};
use kong_resolve::{
    Condition, CredentialState, Credentials, Endpoints, Home, Key, LostControlPlane, Readiness,
    Standing, grants,
};

use crate::case::{Case, not_found, with_grant_hint};

/// Where the entities of an object live.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Place {
    /// In this control plane, usable or not.
    Known(Arc<Home>),
    /// Below something that no longer exists, so they went with it: this control plane, or a parent.
    Gone(Option<Arc<LostControlPlane>>),
    /// In a control plane that says nothing of itself.
    Unreadable,
    /// Nobody can tell.
    Unclear,
}

impl Place {
    /// The control plane, if it exists.
    pub(crate) fn home(&self) -> Option<&Home> {
        match self {
            Self::Known(home) => Some(home),
            Self::Gone(_) | Self::Unreadable | Self::Unclear => None,
        }
    }
}

/// How messages speak of a control plane.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Words {
    /// As Kong's operator does of `spec.controlPlaneRef`.
    ControlPlane,
    /// As it does where any object could be a parent.
    Object,
    /// As it does of the control plane of a KonnectExtension.
    Extension,
}

impl Words {
    fn name(self, key: &Key) -> String {
        match self {
            Self::ControlPlane | Self::Extension => format!("ControlPlane {}", key.name),
            Self::Object => key.to_string(),
        }
    }
}

/// What an object may be attached to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Groups {
    /// Only to what holds entities.
    Refused,
    /// Also to a group of control planes.
    Welcome,
}

/// The reference to a control plane in Konnect, for kinds whose objects may also be of a gateway without
/// Konnect: `None` if this one is.
pub(crate) fn in_konnect(reference: Option<&ControlPlaneRef>) -> Option<&ControlPlaneRef> {
    reference.filter(|it| it.type_ != ControlPlaneRefType::Kic)
}

/// Follows `spec.controlPlaneRef`.
pub(crate) fn named(case: &mut Case<'_, '_>, reference: &ControlPlaneRef) -> Place {
    named_as(case, reference, Groups::Refused)
}

/// The same for what may belong to a group of control planes.
pub(crate) fn named_or_group(case: &mut Case<'_, '_>, reference: &ControlPlaneRef) -> Place {
    named_as(case, reference, Groups::Welcome)
}

/// Follows a reference to any sort of object, which has to be a control plane (konnect.md 2.5).
pub(crate) fn by_object(case: &mut Case<'_, '_>, reference: &ObjectRef) -> Place {
    match (reference.type_, &reference.namespaced_ref) {
        (ObjectRefType::NamespacedRef, Some(target)) => {
            let key = key(case, target);
            let shown = key.name.to_string();
            let granted =
                format!("KongReferenceGrants allow access to KonnectGatewayControlPlane {shown}");
            let denied = format!(
                "KongReferenceGrants do not allow access to KonnectGatewayControlPlane {shown}"
            );
            if case.may_follow(&key, &granted, denied) {
                look_up(case, key, shown, Words::Object, Groups::Refused)
            } else {
                Place::Unclear
            }
        }
        (ObjectRefType::NamespacedRef, None) => unsupported(
            case,
            "when type is namespacedRef, namespacedRef must be set",
        ),
        (ObjectRefType::KonnectId, _) => unsupported(
            case,
            "unsupported ref type \"konnectID\"; name a KonnectGatewayControlPlane in \
             spec.controlPlaneRef.namespacedRef",
        ),
        (ObjectRefType::Unknown, _) => unsupported(
            case,
            "unsupported ref type; set spec.controlPlaneRef.type to namespacedRef",
        ),
    }
}

fn named_as(case: &mut Case<'_, '_>, reference: &ControlPlaneRef, groups: Groups) -> Place {
    match (reference.type_, &reference.konnect_namespaced_ref) {
        (ControlPlaneRefType::KonnectNamespacedRef, Some(target)) => follow(case, target, groups),
        (ControlPlaneRefType::KonnectNamespacedRef, None) => unsupported(
            case,
            "referenced ControlPlaneRef names no control plane; set \
             spec.controlPlaneRef.konnectNamespacedRef",
        ),
        (ControlPlaneRefType::Kic, _) => unsupported(case, &unsupported_type("kic")),
        (ControlPlaneRefType::Unknown, _) => unsupported(case, &unsupported_type("unknown")),
    }
}

fn unsupported_type(name: &str) -> String {
    format!(
        "referenced ControlPlaneRef <{name}> is unsupported; set spec.controlPlaneRef.type to \
         konnectNamespacedRef"
    )
}

pub(crate) fn unsupported(case: &mut Case<'_, '_>, message: &str) -> Place {
    case.say(Condition::fails(CONTROL_PLANE_REF_VALID, INVALID, message));
    Place::Unclear
}

fn key(case: &Case<'_, '_>, target: &NamespacedRef) -> Key {
    let name = &case.key.name;
    Key {
        kind: Kind::KonnectGatewayControlPlane,
        name: name.sibling(target.namespace.as_deref(), &target.name),
    }
}

fn follow(case: &mut Case<'_, '_>, target: &NamespacedRef, groups: Groups) -> Place {
    let key = key(case, target);
    let shown = shown(target);
    let granted = format!("KongReferenceGrants allow access to KonnectGatewayControlPlane {shown}");
    let denied =
        format!("KongReferenceGrants do not allow access to KonnectGatewayControlPlane {shown}");
    if case.may_follow(&key, &granted, denied) {
        look_up(case, key, shown, Words::ControlPlane, groups)
    } else {
        Place::Unclear
    }
}

/// The control plane of the parent: nothing has to be granted again.
pub(crate) fn inherited(case: &mut Case<'_, '_>, parent: &Standing) -> Place {
    match (&parent.home, &parent.lost) {
        (Some(home), _) => {
            let shown = format!("<konnectNamespacedRef:{}>", home.control_plane.name);
            inherit(case, home.control_plane.clone(), shown)
        }
        (None, Some(lost)) => inherit(case, lost.control_plane.clone(), lost.shown.clone()),
        // The parent says why it has none.
        (None, None) => Place::Unclear,
    }
}

fn inherit(case: &mut Case<'_, '_>, key: Key, shown: String) -> Place {
    look_up(case, key, shown, Words::ControlPlane, Groups::Refused)
}

fn look_up(
    case: &mut Case<'_, '_>,
    key: Key,
    shown: String,
    words: Words,
    groups: Groups,
) -> Place {
    let Some(standing) = case.view.standing(&key) else {
        case.say(missing(&key, &shown, words));
        return Place::Gone(Some(Arc::new(LostControlPlane {
            control_plane: key,
            shown,
        })));
    };
    let Some(home) = standing.as_home() else {
        case.say(not_programmed(&key, Readiness::Blocked, words));
        return Place::Unreadable;
    };
    case.say(state_of(&home, words, groups));
    for condition in credentials(&home.credentials, &home.control_plane) {
        case.say(condition);
    }
    Place::Known(Arc::new(home))
}

/// The control plane that data planes connect with, and where: always in the namespace of who names it, and a
/// group will do (konnect.md 6.7).
pub(crate) fn of_data_planes(
    case: &mut Case<'_, '_>,
    name: &str,
) -> (Place, Option<Arc<Endpoints>>) {
    let key = Key {
        kind: Kind::KonnectGatewayControlPlane,
        name: case.key.name.sibling(None, name),
    };
    let endpoints = case.view.standing(&key);
    let endpoints = endpoints.and_then(|standing| standing.endpoints.clone());
    let shown = format!("<konnectNamespacedRef:{name}>");
    let place = look_up(case, key, shown, Words::Extension, Groups::Welcome);
    (place, endpoints)
}

/// Whether two entities are in one control plane of Konnect, under whatever names.
pub(crate) fn is_shared(one: &Home, other: &Home) -> bool {
    one.control_plane == other.control_plane || (one.id.is_some() && one.id == other.id)
}

/// As Kong writes a reference in messages.
fn shown(target: &NamespacedRef) -> String {
    match target.namespace.as_deref().filter(|it| !it.is_empty()) {
        Some(namespace) => format!("<konnectNamespacedRef:{namespace}/{}>", target.name),
        None => format!("<konnectNamespacedRef:{}>", target.name),
    }
}

fn state_of(home: &Home, words: Words, groups: Groups) -> Condition {
    let key = &home.control_plane;
    if home.group && groups == Groups::Refused {
        group(key)
    } else if home.deleting {
        being_deleted(key, words)
    } else if home.readiness == Readiness::Ready && home.id.is_some() {
        programmed(key, words)
    } else {
        not_programmed(key, home.readiness, words)
    }
}

fn missing(key: &Key, shown: &str, words: Words) -> Condition {
    const ANOTHER: &str = " or let controlPlaneRef name another one";
    let (subject, remedy) = match words {
        Words::ControlPlane => {
            let subject = format!("referenced Control Plane \"{shown}\" does not exist: ");
            (subject, ANOTHER)
        }
        Words::Object => (
            format!("referenced object {shown} does not exist: "),
            ANOTHER,
        ),
        Words::Extension => (String::new(), ", the only one where it is looked for"),
    };
    let remedy = if key.name.namespace().is_empty() {
        // Whoever refers to it is in no namespace, so that there is none to look in.
        "say in which namespace it is, in spec.controlPlaneRef.konnectNamespacedRef.namespace"
            .to_owned()
    } else {
        format!(
            "create it in namespace \"{}\"{remedy}",
            key.name.namespace()
        )
    };
    let message = format!("{subject}{}; {remedy}", not_found(key));
    Condition::fails(CONTROL_PLANE_REF_VALID, INVALID, message).bereft()
}

fn group(key: &Key) -> Condition {
    let message = format!(
        "Attaching to ControlPlane {} with cluster type CLUSTER_TYPE_CONTROL_PLANE_GROUP is not \
         supported; attach to one of its members",
        key.name
    );
    Condition::fails(CONTROL_PLANE_REF_VALID, INVALID, message)
}

/// Passing, since it is soon gone and then something else is to be said.
fn being_deleted(key: &Key, words: Words) -> Condition {
    let message = format!("Referenced {} is being deleted", words.name(key));
    Condition::fails(CONTROL_PLANE_REF_VALID, INVALID, message).passing(true)
}

fn not_programmed(key: &Key, readiness: Readiness, words: Words) -> Condition {
    let name = &key.name;
    let waiting = match words {
        // The name goes before the namespace there.
        Words::Extension => format!(
            "Konnect control plane {}/{} not programmed yet",
            name.name,
            name.namespace()
        ),
        Words::ControlPlane | Words::Object => {
            format!("Referenced {} is not programmed yet", words.name(key))
        }
    };
    let (message, passing) = match readiness {
        Readiness::Ready | Readiness::Pending => (waiting, true),
        Readiness::Blocked => (format!("{waiting}; its own conditions say why"), false),
    };
    Condition::fails(CONTROL_PLANE_REF_VALID, NOT_PROGRAMMED, message)
        .passing(passing)
        .waiting(true)
}

fn programmed(key: &Key, words: Words) -> Condition {
    let message = match words {
        Words::Extension => "ControlPlaneRef is valid".to_owned(),
        Words::ControlPlane | Words::Object => {
            format!("Referenced {} is programmed", words.name(key))
        }
    };
    Condition::holds(CONTROL_PLANE_REF_VALID, VALID, message)
}

/// Follows `spec.konnect.authRef` of a control plane, or of what else lives in no control plane.
pub(crate) fn own_credentials(case: &mut Case<'_, '_>, reference: &AuthRef) -> Credentials {
    let name = &case.key.name;
    let configuration = Key {
        kind: Kind::KonnectAPIAuthConfiguration,
        name: name.sibling(reference.namespace.as_deref(), &reference.name),
    };
    let (state, region) = if case.permission(&configuration).is_given() {
        let state = credential_state(case, &configuration);
        let standing = case.view.standing(&configuration);
        (state, standing.and_then(|it| it.region.clone()))
    } else {
        (CredentialState::NotPermitted, None)
    };
    Credentials {
        configuration,
        state,
        region,
    }
}

fn credential_state(case: &mut Case<'_, '_>, configuration: &Key) -> CredentialState {
    let Some(standing) = case.view.standing(configuration) else {
        return CredentialState::Missing;
    };
    case.pins.push(configuration.clone());
    match (&standing.account, standing.readiness) {
        (Some(account), _) => CredentialState::Valid((**account).clone()),
        (None, Readiness::Blocked) => CredentialState::Invalid,
        (None, Readiness::Ready | Readiness::Pending) => CredentialState::Unproven,
    }
}

/// What is to be said of the credentials of a control plane, by itself and by what lives in it.
pub(crate) fn credentials(credentials: &Credentials, control_plane: &Key) -> Vec<Condition> {
    let configuration = &credentials.configuration;
    match &credentials.state {
        CredentialState::Missing => vec![credentials_missing(configuration, control_plane)],
        CredentialState::NotPermitted => {
            vec![credentials_not_permitted(configuration, control_plane)]
        }
        CredentialState::Unproven => vec![
            credentials_resolved(configuration),
            credentials_invalid(configuration).passing(true),
        ],
        CredentialState::Invalid => vec![
            credentials_resolved(configuration),
            credentials_invalid(configuration),
        ],
        CredentialState::Valid(_) => vec![
            credentials_resolved(configuration),
            Condition::holds(API_AUTH_VALID, VALID, valid(configuration)),
        ],
    }
}

fn credentials_missing(configuration: &Key, control_plane: &Key) -> Condition {
    let remedy = if configuration.name.name.is_empty() {
        "name one in"
    } else {
        "create it or correct"
    };
    let message = format!(
        "Referenced KonnectAPIAuthConfiguration {} not found; {remedy} \
         spec.konnect.authRef of {control_plane}",
        configuration.name
    );
    Condition::fails(API_AUTH_RESOLVED_REF, REF_NOT_FOUND, message)
}

fn credentials_not_permitted(configuration: &Key, control_plane: &Key) -> Condition {
    let denial = grants::denial(control_plane, configuration);
    let message = with_grant_hint(denial, control_plane, configuration);
    Condition::fails(API_AUTH_RESOLVED_REF, REF_NOT_PERMITTED, message)
}

fn credentials_resolved(configuration: &Key) -> Condition {
    let message = format!(
        "KonnectAPIAuthConfiguration reference {} is resolved",
        configuration.name
    );
    Condition::holds(API_AUTH_RESOLVED_REF, RESOLVED_REF, message)
}

/// Matters only where there is something to write: a token that is refused changes nothing in Konnect.
fn credentials_invalid(configuration: &Key) -> Condition {
    let message = format!(
        "referenced KonnectAPIAuthConfiguration {} is invalid; its own conditions say why",
        configuration.name
    );
    Condition::fails(API_AUTH_VALID, INVALID, message).unless_settled(VALID, valid(configuration))
}

fn valid(configuration: &Key) -> String {
    format!(
        "referenced KonnectAPIAuthConfiguration {} is valid",
        configuration.name
    )
}
