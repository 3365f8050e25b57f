//! Consumers in groups.

use kong_crds::Kind;
use kong_crds::conditions::{
    CONSUMER_GROUP_REFS_VALID, FAILED_TO_ATTACH_CONSUMER_TO_CONSUMER_GROUP, PROGRAMMED,
};
use kong_model::{Collection, RemoteId, Site};
use kong_resolve::{Intent, Key, Readiness, Standing};
use serde_json::json;

use super::super::tests::{consumer, of};
use crate::testing::{
    Cluster, body, claims, condition, control_plane_with, failing, ready, site, standing,
};

fn group(name: &str) -> Key {
    Key::new(Kind::KongConsumerGroup, "ns", name)
}

#[test]
fn a_consumer_is_in_each_of_its_groups() {
    let mut cluster = Cluster::with_control_plane();
    let key = consumer(&mut cluster, json!({"consumerGroups": ["gold", "silver"]}));
    for name in ["gold", "silver"] {
        cluster.stand(&group(name), ready(&format!("{name}-id")));
    }
    let verdict = cluster.judge(&key);
    let at = Collection::ConsumerGroupMembers;
    let members = of(&verdict, at);
    assert_eq!(members.len(), 2);
    for (member, parent) in members.iter().zip(["gold-id", "silver-id"]) {
        let parent = Some(RemoteId::from(parent));
        let home = site(at);
        assert_eq!(member.site, Site { parent, ..home });
        assert_eq!(member.specified, Some(RemoteId::from("consumer-id")));
        assert_eq!(body(member), json!({"consumer": "consumer-id"}));
    }
    assert_ne!(members[0].identity, members[1].identity);
    assert_eq!(failing(&verdict), []);
}

#[test]
fn a_group_that_cannot_be_had_costs_that_membership_alone() {
    let mut cluster = Cluster::with_control_plane();
    let names = json!(["gold", "absent", "waits", "stuck", "far"]);
    let key = consumer(&mut cluster, json!({"consumerGroups": names}));
    cluster.stand(&group("gold"), ready("gold-id"));
    cluster.stand(&group("waits"), standing(Readiness::Pending));
    cluster.stand(&group("stuck"), standing(Readiness::Blocked));
    let far = control_plane_with(|home| {
        home.control_plane = Key::new(Kind::KonnectGatewayControlPlane, "ns", "second");
        home.id = Some(RemoteId::from("second-id"));
    });
    let far = Standing {
        id: Some(RemoteId::from("far-id")),
        ..far
    };
    cluster.stand(&group("far"), far);
    let verdict = cluster.judge(&key);
    assert!(matches!(claims(&verdict)[0].intent, Intent::Present(_)));
    assert_eq!(of(&verdict, Collection::ConsumerGroupMembers).len(), 1);
    let said = condition(&verdict, CONSUMER_GROUP_REFS_VALID);
    let start = "Invalid ConsumerGroup references: absent: NotFound, far: InAnotherControlPlane, \
                 stuck: NotCreatedInKonnect, waits: NotCreatedInKonnect; absent: create it or";
    assert!(said.message.starts_with(start), "{said:?}");
    assert!(!said.passing);
    let programmed = condition(&verdict, PROGRAMMED);
    assert_eq!(
        programmed.reason,
        FAILED_TO_ATTACH_CONSUMER_TO_CONSUMER_GROUP
    );
}

#[test]
fn a_group_that_is_on_its_way_is_waited_for() {
    let mut cluster = Cluster::with_control_plane();
    let key = consumer(&mut cluster, json!({"consumerGroups": ["gold"]}));
    cluster.stand(&group("gold"), standing(Readiness::Pending));
    let verdict = cluster.judge(&key);
    assert!(verdict.is_passing());
}

#[test]
fn a_consumer_that_is_not_there_yet_is_in_no_group_and_leaves_none() {
    let mut cluster = Cluster::with_control_plane();
    let key = consumer(&mut cluster, json!({"consumerGroups": ["gold"]}));
    cluster.stand(&group("gold"), ready("gold-id"));
    cluster.stand(&key, standing(Readiness::Pending));
    let verdict = cluster.judge(&key);
    let members = of(&verdict, Collection::ConsumerGroupMembers);
    assert_eq!(members[0].intent, Intent::Keep);
}
