//! How many writes it takes, and that a crash at any moment costs no more than a repetition.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use clustertest::{World, object};
use envtest::audit::{self, Mark};
use kong_crds::Kind;
use serde_json::Value;

use crate::facts;
use crate::shop::{self, NAMESPACE};
use crate::world;

/// As many targets as the issue of the day has; enough that what is done once too often shows.
const TARGETS: usize = 1_000;

/// How long nothing is written when it is at rest; longer than the retry after any failure here.
const QUIET: Duration = Duration::from_secs(3);

/// Credentials and a control plane that is programmed.
async fn open(world: &World) {
    world.namespace(NAMESPACE).await;
    world.apply_one(&shop::credentials()).await;
    world.apply_one(&shop::control_plane()).await;
}

/// The upstream and its targets, in some order.
fn goods(seed: u64) -> Vec<Value> {
    let targets = (0..TARGETS).map(|number| shop::target("upstream", number));
    shop::shuffled(targets.chain([shop::upstream("upstream")]).collect(), seed)
}

/// How many writes of the operator each object has had since, by kind.
async fn writes(world: &World, since: Mark) -> BTreeMap<String, Vec<(String, usize)>> {
    let mut found: BTreeMap<String, Vec<(String, usize)>> = BTreeMap::new();
    for (target, writes) in audit::writes(&facts::writes(world, since).await) {
        let of_kind = found.entry(target.resource).or_default();
        of_kind.push((target.name, writes.len()));
    }
    found
}

/// Requests for a change that Konnect has had since, by method and collection, with the statuses of the answers.
fn requests(world: &World, since: usize) -> BTreeMap<String, usize> {
    let mut found = BTreeMap::new();
    let log = world.simulator().log();
    for record in log
        .iter()
        .skip(since)
        .filter(|record| record.method != "GET")
    {
        let mut segments: Vec<&str> = record.path.split('/').collect();
        if record.method != "POST" {
            segments.pop();
        }
        let collection = segments.last().copied().unwrap_or_default();
        let key = format!("{} {collection} {}", record.method, record.status);
        *found.entry(key).or_default() += 1;
    }
    found
}

/// What Konnect holds: each address once, in the one upstream.
fn assert_whole(world: &World) {
    let dump = world.simulator().with(|konnect| konnect.dump()).to_string();
    for number in 0..TARGETS {
        let address = shop::target("upstream", number)["spec"]["target"].to_string();
        assert_eq!(dump.matches(&address).count(), 1, "{address}");
    }
    assert_eq!(dump.matches("\"upstream.example\"").count(), 1);
}

fn assert_empty(world: &World) {
    let dump = world.simulator().with(|konnect| konnect.dump()).to_string();
    assert!(
        !dump.contains("\"10.0.") && !dump.contains("upstream.example"),
        "{dump}"
    );
}

#[tokio::test]
async fn an_object_costs_two_writes_and_a_put_and_its_end_one_write_and_a_delete() {
    let world = world!();
    let operator = world.operator().start().await;
    open(&world).await;
    world
        .until_all(Kind::KonnectGatewayControlPlane, 1, object::is_programmed)
        .await;
    world.rest(QUIET).await;

    let (mark, log) = (
        world.servers.audit().mark().await.unwrap(),
        world.simulator().log().len(),
    );
    let goods = goods(1);
    world.apply_all(&goods).await;
    world
        .until_all(Kind::KongTarget, TARGETS, object::is_programmed)
        .await;
    world.rest(QUIET).await;
    let found = writes(&world, mark).await;
    for kind in ["kongupstreams", "kongtargets"] {
        let wrong: Vec<_> = found[kind]
            .iter()
            .filter(|(_, count)| *count != 2)
            .collect();
        assert!(wrong.is_empty(), "not two writes: {wrong:?}");
    }
    assert_eq!(found["kongtargets"].len(), TARGETS);
    assert_eq!(
        found.len(),
        2,
        "others were written, too: {:?}",
        found.keys()
    );
    let expected = [("PUT targets 200", TARGETS), ("PUT upstreams 200", 1)];
    assert_eq!(
        requests(&world, log),
        expected.map(|(key, count)| (key.to_owned(), count)).into()
    );
    assert_whole(&world);
    println!(
        "{TARGETS} targets: resident {} KiB now, {} KiB at most",
        operator.memory().0,
        operator.memory().1
    );

    let (mark, log) = (
        world.servers.audit().mark().await.unwrap(),
        world.simulator().log().len(),
    );
    world.delete_all(&shop::shuffled(goods, 2)).await;
    world.until_all(Kind::KongTarget, 0, |_| true).await;
    world.until_all(Kind::KongUpstream, 0, |_| true).await;
    world.rest(QUIET).await;
    let found = writes(&world, mark).await;
    for kind in ["kongupstreams", "kongtargets"] {
        let wrong: Vec<_> = found[kind]
            .iter()
            .filter(|(_, count)| *count != 1)
            .collect();
        assert!(wrong.is_empty(), "not one write: {wrong:?}");
    }
    // A target that goes with its upstream, because that was deleted before it, needs no request of its own.
    let requests = requests(&world, log);
    println!("deleting took {requests:?}");
    assert!(
        requests.keys().all(|key| key.starts_with("DELETE ")),
        "{requests:?}"
    );
    assert_eq!(requests["DELETE upstreams 204"], 1);
    assert!(
        requests.values().sum::<usize>() <= TARGETS + 1,
        "{requests:?}"
    );
    assert_empty(&world);
    assert_eq!(operator.stop().await, 0);
}

#[tokio::test]
async fn a_crash_at_any_moment_leaves_no_duplicate_and_no_orphan() {
    let world = world!();
    open(&world).await;
    let options = world.operator().with("--no-leader-election");
    let goods = goods(3);
    world.apply_all(&goods).await;

    // The moments are anywhere in what a run takes; which ones, the clock decides.
    for run in 0..10_u64 {
        let operator = options.clone().start_alone().await;
        let began = Instant::now();
        let moment = Duration::from_millis(20 + (run * 7_919) % 900);
        tokio::time::sleep(moment).await;
        println!(
            "killed after {:?}, with {} writes to Konnect so far",
            began.elapsed(),
            world.konnect_writes()
        );
        operator.kill().await;
    }
    let operator = options.clone().start().await;
    world
        .until_all(Kind::KongTarget, TARGETS, object::is_programmed)
        .await;
    world
        .until_all(Kind::KongUpstream, 1, object::is_programmed)
        .await;
    world.rest(QUIET).await;
    assert_whole(&world);
    let ids: BTreeMap<String, String> = world
        .list(Kind::KongTarget)
        .await
        .iter()
        .map(|target| {
            let id = object::konnect_id(target).unwrap();
            (object::name(target).to_owned(), id.to_owned())
        })
        .collect();
    assert_eq!(operator.stop().await, 0);

    // A restart at rest reads, and writes nothing.
    let (mark, before) = (
        world.servers.audit().mark().await.unwrap(),
        world.konnect_writes(),
    );
    let operator = options.start().await;
    world.rest(QUIET).await;
    assert_eq!(writes(&world, mark).await, BTreeMap::new());
    assert_eq!(world.konnect_writes(), before);
    for target in world.list(Kind::KongTarget).await {
        assert_eq!(
            ids.get(object::name(&target)).map(String::as_str),
            object::konnect_id(&target)
        );
    }

    world.delete_all(&goods).await;
    world.until_all(Kind::KongTarget, 0, |_| true).await;
    world.until_all(Kind::KongUpstream, 0, |_| true).await;
    assert_empty(&world);
    assert_eq!(operator.stop().await, 0);
}
