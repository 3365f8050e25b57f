//! Two replicas and one lease.

use std::time::Duration;

use cluster_sim::{ObjectId, ResourceId};
use konduit_runtime::{Builder, Election, LEASE_NAME, Leadership};
use kong_model::Collection;
use serde_json::json;
use tokio::time::Instant;

use crate::world::{Running, World, object, run};

fn candidate(world: &World, name: &str) -> Builder {
    let election = Election {
        identity: name.to_owned(),
        ..Election::new("kong-system", name)
    };
    world
        .operator(name)
        .leadership(Leadership::Elected(election))
}

fn holder(world: &World) -> String {
    let id = ObjectId::namespaced(
        ResourceId::new("coordination.k8s.io", "leases"),
        "kong-system",
        LEASE_NAME,
    );
    let cluster = world.api.lock();
    let holder = cluster
        .get(&id)
        .map(|lease| lease["spec"]["holderIdentity"].clone());
    holder
        .and_then(|holder| holder.as_str().map(str::to_owned))
        .unwrap_or_default()
}

fn service() -> ObjectId {
    object("kongservices", "service")
}

/// How many requests changed the objects of Kong, and who sent them.
fn writes_of(world: &World, name: &str) -> usize {
    let cluster = world.api.lock();
    let kongs = |group: &str| group.ends_with("konghq.com");
    cluster
        .log()
        .iter()
        .filter(|entry| entry.is_write() && &*entry.actor == name && kongs(&entry.resource.group))
        .count()
}

async fn two_replicas() -> (World, Running, Running) {
    let world = World::new();
    world.apply_example("quickstart");
    let leader = run(candidate(&world, "first"));
    world
        .until_programmed(&object("kongroutes", "route-with-service"))
        .await;
    let standby = run(candidate(&world, "second"));
    tokio::time::sleep(Duration::from_secs(20)).await;
    assert_eq!(holder(&world), "first");
    (world, leader, standby)
}

async fn until_edited(world: &World, host: &str) -> Duration {
    let began = Instant::now();
    world.patch(&service(), json!({"spec": {"host": host}}));
    world
        .until("the edit is in Konnect", |world| {
            let konnect = world.konnect.lock();
            konnect
                .entities(Collection::Services, None)
                .any(|(_, entity)| entity["host"] == host)
        })
        .await;
    began.elapsed()
}

#[tokio::test(start_paused = true)]
async fn a_standby_writes_nothing() {
    let (world, leader, standby) = two_replicas().await;
    assert_eq!(writes_of(&world, "second"), 0);
    assert_eq!(world.konnect.writes_of("second"), 0);
    assert!(world.konnect.requests_of("second") > 0, "it reads along");
    leader.stop().await;
    standby.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_leader_that_ends_gives_the_lease_back() {
    let (world, leader, standby) = two_replicas().await;
    leader.stop().await;
    assert_eq!(holder(&world), "");
    let took = until_edited(&world, "second.test").await;
    assert!(took < Duration::from_secs(4), "{took:?}");
    assert_eq!(holder(&world), "second");
    standby.stop().await;
    assert_eq!(holder(&world), "");
}

#[tokio::test(start_paused = true)]
async fn a_leader_that_dies_is_followed_when_its_lease_has_run_out() {
    let (world, leader, standby) = two_replicas().await;
    leader.kill().await;
    let took = until_edited(&world, "second.test").await;
    // The lease, of which the standby may have seen the last renewal a retry late, and then the edit's way.
    assert!(took > Duration::from_secs(10), "{took:?}");
    assert!(took < Duration::from_secs(18), "{took:?}");
    assert_eq!(holder(&world), "second");
    standby.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_leader_that_loses_the_api_server_stops_writing_before_another_begins() {
    let (world, first, second) = two_replicas().await;
    let before = world.konnect.writes_of("first");
    world.api.disconnect("first");
    // It is told of nothing any more, but somebody meddles in Konnect, which it would mend.
    world.konnect.meddle();
    world
        .until("the other one leads", |world| holder(world) == "second")
        .await;
    let (last, began) = (world.konnect.last_write_of("first"), Instant::now());
    assert!(last.is_none_or(|last| began > last + Duration::from_secs(2)));
    until_edited(&world, "second.test").await;
    let after = world.konnect.writes_of("first");
    tokio::time::sleep(Duration::from_secs(180)).await;
    assert_eq!(world.konnect.writes_of("first"), after);
    assert!(after <= before + 1);

    world.api.reconnect("first");
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(holder(&world), "second");
    assert_eq!(world.konnect.writes_of("first"), after);
    first.stop().await;
    second.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_replica_that_may_never_write_does_not() {
    let world = World::new();
    world.apply_example("quickstart");
    let operator = run(world.operator("reader").leadership(Leadership::Never));
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(writes_of(&world, "reader"), 0);
    assert_eq!(world.konnect.writes_of("reader"), 0);
    operator.stop().await;
}
