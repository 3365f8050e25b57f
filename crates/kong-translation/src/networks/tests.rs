use std::sync::Arc;

use kong_resolve::{Dep, Intent, Output, Truth, Verdict};
use serde_json::{Value, json};

use super::*;
use crate::testing::{
    Cluster, body, claims, condition, configuration, control_plane, control_plane_ref,
    control_plane_with, failing, ready,
};

const ID: &str = "11111111-0000-4000-8000-000000000001";
const OTHER: &str = "11111111-0000-4000-8000-000000000002";
const SHOWN: &str = "KonnectCloudGatewayNetwork <konnectID:11111111-0000-4000-8000-000000000001>";

fn id(id: &str) -> Value {
    json!({"type": "konnectID", "konnectID": id})
}

fn name() -> Value {
    json!({"type": "namespacedRef", "namespacedRef": {"name": "network"}})
}

/// A configuration with a group in each of these networks.
fn groups(cluster: &mut Cluster, networks: impl IntoIterator<Item = Value>) -> Key {
    let group = |network| {
        json!({
            "provider": "aws", "region": "eu-west-1", "networkRef": network,
            "autoscale": {"type": "autopilot", "autopilot": {"base_rps": 10}},
        })
    };
    let groups: Vec<Value> = networks.into_iter().map(group).collect();
    cluster.apply(json!({
        "apiVersion": "konnect.konghq.com/v1alpha1",
        "kind": "KonnectCloudGatewayDataPlaneGroupConfiguration",
        "metadata": {"name": "groups"},
        "spec": {
            "version": "3.12", "api_access": "private", "controlPlaneRef": control_plane_ref(),
            "dataplane_groups": groups,
        },
    }))
}

fn there(state: &str) -> Sight {
    Sight::There {
        state: Some(Arc::from(state)),
    }
}

fn forbidden() -> Sight {
    Sight::Unreadable {
        why: Arc::from("Konnect refuses it; give the token the role that it needs in Konnect"),
        passing: false,
    }
}

/// The verdict on a configuration with a network of which this is seen.
fn seen(sight: Sight) -> Verdict {
    let mut cluster = Cluster::with_control_plane();
    cluster.show(Collection::Networks, ID, sight);
    let key = groups(&mut cluster, [id(ID)]);
    cluster.judge(&key)
}

fn spot(id: &str) -> Dep {
    Dep::Sight(Box::new(Spot {
        configuration: configuration(),
        at: Collection::Networks,
        id: RemoteId::from(id),
    }))
}

#[test]
fn a_network_that_konnect_shows_to_be_ready_is_used() {
    let verdict = seen(there("ready"));
    assert_eq!(failing(&verdict), []);
    let said = condition(&verdict, NETWORK_REFS_VALID);
    assert_eq!((said.reason, &*said.message), (VALID, ALL_READY));
    let group = &body(&claims(&verdict)[0])["dataplane_groups"][0];
    assert_eq!(group["cloud_gateway_network_id"], ID);
    assert!(!verdict.unseen);
}

#[test]
fn what_konnect_shows_not_to_be_usable_keeps_things_as_they_are() {
    let not_ready = |state: &str| {
        format!("Referenced {SHOWN}: is not ready yet, current state: {state}; {PATIENCE}")
    };
    let missing = format!(
        "Could not get the referenced {SHOWN}: there is none with this ID in the organisation of \
         {}; correct spec.dataplane_groups[0].networkRef.konnectID or use a token of the \
         organisation that has it",
        configuration(),
    );
    for (sight, message, waits) in [
        (there("initializing"), not_ready("initializing"), true),
        (Sight::There { state: None }, not_ready("unknown"), true),
        (Sight::Missing, missing, false),
    ] {
        let verdict = seen(sight);
        assert_eq!(
            failing(&verdict),
            [(NETWORK_REFS_VALID, INVALID, &*message)]
        );
        assert_eq!(verdict.output, Output::KeepLastGood);
        assert!(!verdict.is_passing() && !verdict.refs_hold() && !verdict.unseen);
        assert_eq!(verdict.cleanup, waits);
    }
}

#[test]
fn until_somebody_could_look_nothing_is_written_and_nothing_unsaid() {
    let why = "Konnect refuses it; give the token the role that it needs in Konnect";
    for (sight, message, passing) in [
        (
            Sight::Unseen,
            format!("Referenced {SHOWN} has not been looked up in Konnect yet"),
            true,
        ),
        (
            forbidden(),
            format!("Could not get the referenced {SHOWN}: {why}"),
            false,
        ),
    ] {
        let verdict = seen(sight);
        assert_eq!(
            failing(&verdict),
            [(NETWORK_REFS_VALID, INVALID, &*message)]
        );
        let said = condition(&verdict, NETWORK_REFS_VALID);
        assert_eq!(said.unless_settled, Some((VALID, ALL_READY.to_owned())));
        assert_eq!(said.passing, passing);
        // What is wanted is known, so that it can be compared with what is there.
        assert!(matches!(claims(&verdict)[0].intent, Intent::Present(_)));
        assert!(verdict.unseen && !verdict.cleanup);
    }
}

#[test]
fn the_worst_network_of_several_decides() {
    let mut cluster = Cluster::with_control_plane();
    let network = Key::new(Kind::KonnectCloudGatewayNetwork, "ns", "network");
    let named = Standing {
        state: Some(Arc::from("initializing")),
        ..ready("network-id")
    };
    cluster.stand(&network, named.clone());
    cluster.show(Collection::Networks, OTHER, there("ready"));
    let key = groups(&mut cluster, [id(OTHER), id(ID), name()]);
    let verdict = cluster.judge(&key);
    let said = condition(&verdict, NETWORK_REFS_VALID);
    assert_eq!(
        said.message,
        format!(
            "Referenced {SHOWN} has not been looked up in Konnect yet; Referenced {network}: is not \
             ready yet, current state: initializing; {PATIENCE}"
        )
    );
    // What is said of the first will be something else in a moment.
    assert!(said.passing && said.unless_settled.is_none());
    assert_eq!(verdict.output, Output::KeepLastGood);
    assert!(!verdict.unseen);
    cluster.stand(
        &network,
        Standing {
            state: Some(Arc::from(READY)),
            ..named
        },
    );
    assert!(cluster.judge(&key).unseen);
    cluster.show(Collection::Networks, ID, there("ready"));
    assert_eq!(failing(&cluster.judge(&key)), []);
}

#[test]
fn nobody_looks_with_credentials_that_may_not_be_used_or_are_not_there() {
    let looks = |state: CredentialState| {
        let mut cluster = Cluster::new();
        let plane = control_plane_with(|home| home.credentials.state = state);
        cluster.stand(&control_plane(), plane);
        let key = groups(&mut cluster, [id(ID)]);
        let verdict = cluster.judge(&key);
        let mut conditions = verdict.conditions.iter();
        let said = conditions.any(|it| it.kind == NETWORK_REFS_VALID);
        let looks = cluster.reads(&key).contains(&spot(ID));
        assert_eq!(said, looks);
        looks
    };
    assert!(!looks(CredentialState::Missing));
    assert!(!looks(CredentialState::NotPermitted));
    assert!(looks(CredentialState::Unproven));
    // What was seen before the token was refused still stands.
    assert!(looks(CredentialState::Invalid));
    let mut nowhere = Cluster::new();
    let key = groups(&mut nowhere, [id(ID)]);
    assert!(!nowhere.reads(&key).contains(&spot(ID)));
    let verdict = nowhere.judge(&key);
    let mut conditions = verdict.conditions.iter();
    assert!(conditions.all(|it| it.kind != NETWORK_REFS_VALID));
}

#[test]
fn a_deletion_asks_for_no_network() {
    let mut cluster = Cluster::with_control_plane();
    let key = groups(&mut cluster, [id(ID)]);
    cluster.delete(&key);
    let verdict = cluster.judge(&key);
    assert_eq!(claims(&verdict)[0].intent, Intent::Absent);
    assert_eq!(failing(&verdict), []);
    assert!(!cluster.reads(&key).contains(&spot(ID)));
}

#[test]
fn a_transit_gateway_needs_an_object() {
    let mut cluster = Cluster::new();
    cluster.show(Collection::Networks, ID, there("ready"));
    let key = cluster.apply(json!({
        "apiVersion": "konnect.konghq.com/v1alpha1", "kind": "KonnectCloudGatewayTransitGateway",
        "metadata": {"name": "transit"},
        "spec": {
            "networkRef": id(ID), "type": "AWSTransitGateway",
            "awsTransitGateway": {
                "name": "aws", "cidr_blocks": ["10.0.0.0/8"],
                "attachment_config": {"ram_share_arn": "arn", "transit_gateway_id": "tgw"},
            },
        },
    }));
    let verdict = cluster.judge(&key);
    let said = condition(&verdict, NETWORK_REFS_VALID);
    assert_eq!(said.truth, Truth::False);
    assert_eq!(
        said.message,
        "only namespacedRef is supported currently; set spec.networkRef.type to namespacedRef"
    );
    assert!(!cluster.reads(&key).contains(&spot(ID)));
}
