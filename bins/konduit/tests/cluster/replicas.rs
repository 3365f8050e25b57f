//! Two replicas: who has lost the lease without knowing it writes nothing any more.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use clustertest::{Operator, World, object};
use envtest::audit::{self, Record};
use kong_crds::Kind;
use serde_json::Value;

use crate::shop::{self, NAMESPACE};
use crate::world;

/// Enough that a leader is in the middle of them when it is stopped.
const TARGETS: usize = 300;
/// How long a lease holds unless somebody says otherwise, and how often others look at it (with its jitter).
const LEASE: Duration = Duration::from_secs(15);
const RETRY: Duration = Duration::from_millis(2_400);
/// How long anything else may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// What a loaded machine may add to what a process does at once.
const SLACK: Duration = Duration::from_secs(1);

/// Waits until an operator leads.
async fn leads(operator: &Operator) {
    for _ in 0..600 {
        if operator.metric("konduit_leader").await > 0.5 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("it never leads:\n{}", operator.log());
}

/// The time as logs write it.
fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap()
}

fn time(record: &Record) -> Duration {
    let milliseconds =
        record.time.as_millisecond() + i64::try_from(record.took.as_millis()).unwrap();
    Duration::from_millis(u64::try_from(milliseconds).unwrap())
}

fn is_about_lease(record: &Record) -> bool {
    record
        .target
        .as_ref()
        .is_some_and(|target| target.resource == "leases")
}

fn is_programmed_in(world: &World, targets: &[Value]) -> usize {
    let dump = world.simulator().with(|konnect| konnect.dump()).to_string();
    let addresses = targets
        .iter()
        .map(|target| target["spec"]["target"].to_string());
    addresses
        .filter(|address| dump.contains(address.as_str()))
        .count()
}

#[tokio::test]
async fn a_leader_that_was_stopped_writes_nothing_after_another_has_taken_over() {
    let world = world!();
    world.namespace(NAMESPACE).await;
    // Who did what is told by the name: the first may do everything, the second what is permitted.
    let first = world
        .operator_as(world.servers.administrator())
        .start()
        .await;
    leads(&first).await;
    let second = world.operator().start().await;
    world.apply_one(&shop::credentials()).await;
    world.apply_one(&shop::control_plane()).await;
    world.apply_one(&shop::upstream("upstream")).await;
    world
        .until_all(Kind::KongUpstream, 1, object::is_programmed)
        .await;

    // Slow enough that it has not come far.
    world.simulator().set_latency(Duration::from_millis(500));
    let targets: Vec<Value> = (0..TARGETS)
        .map(|number| shop::target("upstream", number))
        .collect();
    world.apply_all(&targets).await;
    let enough = async {
        while is_programmed_in(&world, &targets) < TARGETS / 10 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, enough).await.unwrap();
    first.signal("STOP");
    let stopped = now();
    let pending = TARGETS - is_programmed_in(&world, &targets);
    assert!(pending > 0, "there was nothing left to do");
    world.simulator().set_latency(Duration::ZERO);

    leads(&second).await;
    world
        .until_all(Kind::KongTarget, TARGETS, object::is_programmed)
        .await;
    let records = world.servers.audit().so_far().unwrap();
    let seconds: Vec<&Record> = records
        .iter()
        .filter(|record| {
            record.user == world.account().name && record.is_granted() && record.is_write()
        })
        .collect();
    let won = seconds
        .iter()
        .find(|record| is_about_lease(record))
        .unwrap();
    let took = time(won).saturating_sub(stopped);
    assert!(took <= LEASE + RETRY + SLACK, "taken over after {took:?}");
    let log = world.simulator().log();
    let to_konnect = log
        .iter()
        .filter(|record| record.method != "GET")
        .map(|record| Duration::from_millis(record.at.0))
        .find(|at| *at >= time(won));
    let to_cluster = seconds.iter().filter(|record| !is_about_lease(record));
    let first_write = to_cluster
        .map(|record| time(record))
        .chain(to_konnect)
        .min()
        .unwrap();
    let waited = first_write.saturating_sub(time(won));
    println!("{pending} pending; taken over after {took:?}; first write {waited:?} after that");
    assert!(
        waited <= Duration::from_secs(1),
        "the first write came {waited:?} after the lease"
    );

    world.delete(&targets[0]).await;
    world
        .until_all(Kind::KongTarget, TARGETS - 1, object::is_programmed)
        .await;
    world.rest(Duration::from_secs(2)).await;
    assert_eq!(is_programmed_in(&world, &targets), TARGETS - 1);
    let (mark, sent) = (
        world.servers.audit().mark().await.unwrap(),
        world.konnect_writes(),
    );

    first.signal("CONT");
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert!(first.metric("konduit_leader").await < 0.5);
    let records = world.servers.audit().since(mark).await.unwrap();
    let late: Vec<_> = audit::writes(&records)
        .into_iter()
        .filter(|(target, _)| target.resource != "leases")
        .collect();
    assert!(
        late.is_empty(),
        "written after the lease was lost: {late:?}"
    );
    assert_eq!(
        world.konnect_writes(),
        sent,
        "sent after the lease was lost"
    );
    assert_eq!(is_programmed_in(&world, &targets), TARGETS - 1);

    // It gives way, and is good for the next time: the lease is given back at once.
    assert_eq!(second.stop().await, 0);
    leads(&first).await;
    assert_eq!(first.stop().await, 0);
}
