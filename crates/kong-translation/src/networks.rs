//! References to KonnectCloudGatewayNetworks (konnect.md 2.9): the network has to be there and to be ready.
//!
//! Says `KonnectNetworkRefsValid`. Networks are of the own namespace; one that is named by its id is Konnect's
//! to find.

use kong_crds::Kind;
use kong_crds::conditions::{INVALID, NETWORK_REFS_VALID, VALID};
use kong_crds::reference::{ObjectRef, ObjectRefType};
use kong_model::RemoteId;
use kong_resolve::{Condition, Key, Readiness, Standing};

use crate::case::{Case, not_found};

/// The state of a network that can be used.
const READY: &str = "ready";

/// A network, once it can be used: its id, and how it is unless only its id is known.
pub(crate) struct Network<'w> {
    pub(crate) id: Option<RemoteId>,
    pub(crate) standing: Option<&'w Standing>,
    pub(crate) missing: bool,
    problem: Option<Condition>,
}

/// Looks at a network; nothing is said yet.
pub(crate) fn look<'w>(case: &Case<'_, 'w>, field: &str, reference: &ObjectRef) -> Network<'w> {
    let nonsense = |message: String| Network {
        id: None,
        standing: None,
        missing: false,
        problem: Some(Condition::fails(NETWORK_REFS_VALID, INVALID, message)),
    };
    match (
        reference.type_,
        &reference.namespaced_ref,
        &reference.konnect_id,
    ) {
        (ObjectRefType::NamespacedRef, Some(target), _) => named(case, field, &target.name),
        (ObjectRefType::KonnectId, _, Some(id)) => Network {
            id: Some(RemoteId::from(id)),
            standing: None,
            missing: false,
            problem: None,
        },
        (ObjectRefType::NamespacedRef, None, _) => nonsense(format!(
            "when type is namespacedRef, namespacedRef must be set; set {field}.namespacedRef"
        )),
        (ObjectRefType::KonnectId, _, None) => nonsense(format!(
            "when type is konnectID, konnectID must be set; set {field}.konnectID"
        )),
        (ObjectRefType::Unknown, _, _) => nonsense(format!(
            "{field}.type is neither namespacedRef nor konnectID; correct it"
        )),
    }
}

fn named<'w>(case: &Case<'_, 'w>, field: &str, name: &str) -> Network<'w> {
    let key = Key {
        kind: Kind::KonnectCloudGatewayNetwork,
        name: case.key.name.sibling(None, name),
    };
    let failed = |message: String| Condition::fails(NETWORK_REFS_VALID, INVALID, message);
    let Some(standing) = case.view.standing(&key) else {
        let message = format!(
            "{}; create it in namespace \"{}\" or correct {field}",
            not_found(&key),
            key.name.namespace(),
        );
        return Network {
            id: None,
            standing: None,
            missing: true,
            problem: Some(failed(message).bereft()),
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
        // Konnect takes half an hour for it: no passing matter, and nobody has to do anything.
        (Some(_), Readiness::Ready, state) => Some(
            failed(format!(
                "Referenced {key}: is not ready yet, current state: {}; wait until Konnect has made it ready, \
                 which takes a while",
                state.unwrap_or("unknown")
            ))
            .waiting(true),
        ),
    };
    Network {
        id: standing.id.clone(),
        standing: Some(standing),
        missing: false,
        problem,
    }
}

/// Says how the networks are.
pub(crate) fn tell(case: &mut Case<'_, '_>, networks: &[Network<'_>]) {
    let problems: Vec<Condition> = networks
        .iter()
        .filter_map(|it| it.problem.clone())
        .collect();
    let said = if problems.is_empty() {
        let message = "Referenced KonnectCloudGatewayNetwork(s) are valid and programmed";
        Condition::holds(NETWORK_REFS_VALID, VALID, message)
    } else {
        crate::parents::all_of(NETWORK_REFS_VALID, &problems)
    };
    case.say(said);
}
