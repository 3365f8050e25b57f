//! References to KonnectCloudGatewayNetworks (konnect.md 2.9): the network has to be there and to be ready.
//!
//! Says `KonnectNetworkRefsValid`. Networks are of the own namespace; one that is named by its id is looked up in
//! Konnect. Start with [`look`] and [`tell`].

use kong_crds::Kind;
use kong_crds::conditions::{INVALID, NETWORK_REFS_VALID, VALID};
use kong_crds::reference::{ObjectRef, ObjectRefType};
use kong_model::{Collection, RemoteId};
use kong_resolve::{
    Condition, CredentialState, Credentials, Home, Key, Readiness, Sight, Spot, Standing,
};

use crate::case::{Case, not_found};

/// The state of a network that can be used.
const READY: &str = "ready";
/// What is said where all is well.
const ALL_READY: &str = "Referenced KonnectCloudGatewayNetwork(s) are valid and programmed";
/// What helps against a network that is not ready.
const PATIENCE: &str = "wait until Konnect has made it ready, which takes a while";

/// A network: its id, once it is known, and how it is unless only its id is known.
pub(crate) struct Network<'w> {
    pub(crate) id: Option<RemoteId>,
    pub(crate) standing: Option<&'w Standing>,
    pub(crate) missing: bool,
    finding: Finding,
}

/// How a network is.
enum Finding {
    /// It can be used.
    Ready,
    /// Nobody can look, for reasons that are told elsewhere.
    Untold,
    /// It is in Konnect alone, where nobody could look yet.
    Unseen(Condition),
    /// It cannot be used.
    Wrong(Condition),
}

/// Looks at a network; nothing is said yet. Konnect is asked in the organisation of this control plane.
pub(crate) fn look<'w>(
    case: &Case<'_, 'w>,
    field: &str,
    reference: &ObjectRef,
    home: Option<&Home>,
) -> Network<'w> {
    match (reference.type_, &reference.konnect_id) {
        (ObjectRefType::KonnectId, Some(id)) => {
            let id = RemoteId::from(id);
            let finding = by_id(case, field, &id, home.map(|home| &home.credentials));
            Network {
                id: Some(id),
                ..unknown(finding)
            }
        }
        (ObjectRefType::KonnectId, None) => nonsense(format!(
            "when type is konnectID, konnectID must be set; set {field}.konnectID"
        )),
        (ObjectRefType::Unknown, _) => nonsense(format!(
            "{field}.type is neither namespacedRef nor konnectID; correct it"
        )),
        (ObjectRefType::NamespacedRef, _) => object(case, field, reference),
    }
}

/// The same for a network that has to be an object.
pub(crate) fn object<'w>(case: &Case<'_, 'w>, field: &str, reference: &ObjectRef) -> Network<'w> {
    match (reference.type_, &reference.namespaced_ref) {
        (ObjectRefType::NamespacedRef, Some(target)) => named(case, field, &target.name),
        (ObjectRefType::NamespacedRef, None) => nonsense(format!(
            "when type is namespacedRef, namespacedRef must be set; set {field}.namespacedRef"
        )),
        (ObjectRefType::KonnectId | ObjectRefType::Unknown, _) => nonsense(format!(
            "only namespacedRef is supported currently; set {field}.type to namespacedRef"
        )),
    }
}

/// A network of which nothing but this is known.
fn unknown<'w>(finding: Finding) -> Network<'w> {
    Network {
        id: None,
        standing: None,
        missing: false,
        finding,
    }
}

fn failed(message: String) -> Condition {
    Condition::fails(NETWORK_REFS_VALID, INVALID, message)
}

fn nonsense<'w>(message: String) -> Network<'w> {
    unknown(Finding::Wrong(failed(message)))
}

/// A network that only Konnect knows, as far as somebody could look there with these credentials.
fn by_id(
    case: &Case<'_, '_>,
    field: &str,
    id: &RemoteId,
    credentials: Option<&Credentials>,
) -> Finding {
    let configuration = credentials.and_then(|credentials| match credentials.state {
        CredentialState::Missing | CredentialState::NotPermitted => None,
        // Who is not let in now may have been, and what was seen then still stands.
        CredentialState::Unproven | CredentialState::Invalid | CredentialState::Valid(_) => {
            Some(&credentials.configuration)
        }
    });
    let Some(configuration) = configuration else {
        return Finding::Untold;
    };
    let shown = format!("KonnectCloudGatewayNetwork <konnectID:{id}>");
    let sight = case.view.sight(Spot {
        configuration: configuration.clone(),
        at: Collection::Networks,
        id: id.clone(),
    });
    match sight {
        Sight::There { state } if state.as_deref() == Some(READY) => Finding::Ready,
        Sight::There { state } => {
            let state = state.as_deref().unwrap_or("unknown");
            Finding::Wrong(not_ready(&shown, state))
        }
        Sight::Missing => Finding::Wrong(failed(format!(
            "Could not get the referenced {shown}: there is none with this ID in the organisation of \
             {configuration}; correct {field}.konnectID or use a token of the organisation that has it"
        ))),
        // Whether it exists is not known, so nothing is announced.
        Sight::Unreadable { why, passing } => {
            let message = format!("Could not get the referenced {shown}: {why}");
            Finding::Unseen(failed(message).passing(passing))
        }
        Sight::Unseen => {
            let message = format!("Referenced {shown} has not been looked up in Konnect yet");
            Finding::Unseen(failed(message).passing(true).unseen(true))
        }
    }
}

/// Konnect takes half an hour for it: no passing matter, and nobody has to do anything.
fn not_ready(shown: &str, state: &str) -> Condition {
    failed(format!(
        "Referenced {shown}: is not ready yet, current state: {state}; {PATIENCE}"
    ))
    .waiting(true)
}

fn named<'w>(case: &Case<'_, 'w>, field: &str, name: &str) -> Network<'w> {
    let key = Key {
        kind: Kind::KonnectCloudGatewayNetwork,
        name: case.key.name.sibling(None, name),
    };
    let Some(standing) = case.view.standing(&key) else {
        let message = format!(
            "{}; create it in namespace \"{}\" or correct {field}",
            not_found(&key),
            key.name.namespace(),
        );
        return Network {
            missing: true,
            ..unknown(Finding::Wrong(failed(message).bereft()))
        };
    };
    let waiting = format!("Referenced {key} is not programmed yet");
    let problem = match (&standing.id, standing.readiness, standing.state.as_deref()) {
        _ if standing.deleting => Some(
            failed(format!(
                "Referenced {key} is being deleted; delete this object too or correct {field}"
            ))
            .bereft(),
        ),
        (_, Readiness::Blocked, _) => {
            Some(failed(format!("{waiting}; its own conditions say why")).waiting(true))
        }
        (None, _, _) | (_, Readiness::Pending, _) => {
            Some(failed(waiting).passing(true).waiting(true))
        }
        (Some(_), Readiness::Ready, Some(READY)) => None,
        (Some(_), Readiness::Ready, state) => {
            Some(not_ready(&key.to_string(), state.unwrap_or("unknown")))
        }
    };
    Network {
        id: standing.id.clone(),
        standing: Some(standing),
        missing: false,
        finding: problem.map_or(Finding::Ready, Finding::Wrong),
    }
}

/// Says how the networks are. Where nothing is wrong with them but that some could not be looked at, what was said
/// of an entity that is in Konnect as wanted still stands, and nothing is written.
pub(crate) fn tell(case: &mut Case<'_, '_>, networks: &[Network<'_>]) {
    let (mut problems, mut wrong, mut passing, mut untold) = (Vec::new(), false, false, false);
    for network in networks {
        match &network.finding {
            Finding::Ready => {}
            Finding::Untold => untold = true,
            Finding::Unseen(problem) => {
                problems.push(problem.clone());
                // Something else is to be said in a moment.
                passing |= problem.passing;
            }
            Finding::Wrong(problem) => {
                problems.push(problem.clone());
                wrong = true;
            }
        }
    }
    if !problems.is_empty() {
        let said = crate::parents::all_of(NETWORK_REFS_VALID, &problems);
        let passing = passing || said.passing;
        let said = said.passing(passing);
        case.unseen = !wrong;
        case.say(if wrong {
            said
        } else {
            let unseen = problems.iter().any(|it| it.unseen);
            said.unless_settled(VALID, ALL_READY).unseen(unseen)
        });
    } else if !untold {
        case.say(Condition::holds(NETWORK_REFS_VALID, VALID, ALL_READY));
    }
}

#[cfg(test)]
mod tests;
