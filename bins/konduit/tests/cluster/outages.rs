//! What breaks heals: connections that are cut, a history that the API server has forgotten, the API server, Konnect. And
//! it heals cheaply: what was done already is not done again.

use std::time::{Duration, Instant};

use clustertest::{Operator, Proxy, World, object};
use envtest::audit::Mark;
use kong_crds::Kind;
use serde_json::Value;

use crate::facts;
use crate::shop::{self, NAMESPACE};
use crate::world;

/// Enough that an outage meets some of them half done.
const TARGETS: usize = 300;
/// Of what is needed, how much more an outage may cost: a fifth.
const SURCHARGE: (usize, usize) = (6, 5);
/// How long nothing is written when it is at rest.
const QUIET: Duration = Duration::from_secs(3);

async fn open(world: &World) {
    world.namespace(NAMESPACE).await;
    world.apply_one(&shop::credentials()).await;
    world.apply_one(&shop::control_plane()).await;
    world.apply_one(&shop::upstream("upstream")).await;
    world
        .until_all(Kind::KongUpstream, 1, object::is_programmed)
        .await;
}

fn targets(numbers: std::ops::Range<usize>) -> Vec<Value> {
    numbers
        .map(|number| shop::target("upstream", number))
        .collect()
}

/// An operator whose way to the API server can be cut.
async fn behind(world: &World, proxy: &Proxy) -> Operator {
    let host = format!("--apiserver-host=https://{}", proxy.address());
    world
        .operator()
        .with(host)
        .with("--no-leader-election")
        .start()
        .await
}

async fn proxy(world: &World) -> Proxy {
    let url = world.servers.url();
    let port = url.rsplit(':').next().unwrap().parse().unwrap();
    Proxy::to(port).await.unwrap()
}

/// Writes of the operator to targets since, that were done.
async fn writes(world: &World, since: Mark) -> usize {
    let writes = facts::writes(world, since).await;
    let of_targets = writes.iter().filter(|record| {
        let target = record.target.as_ref();
        target.is_some_and(|target| target.resource == "kongtargets")
    });
    of_targets.count()
}

fn at_most(found: usize, needed: usize, what: &str) {
    println!("{what}: {found}, {needed} needed");
    let (more, of) = SURCHARGE;
    assert!(
        found * of <= needed * more,
        "{what}: {found} instead of {needed}"
    );
}

fn assert_whole(world: &World, numbers: std::ops::Range<usize>) {
    let dump = world.simulator().with(|konnect| konnect.dump()).to_string();
    for target in targets(numbers) {
        let address = target["spec"]["target"].to_string();
        assert_eq!(dump.matches(&address).count(), 1, "{address}");
    }
}

#[tokio::test]
async fn watches_that_are_cut_go_on_where_they_were() {
    let world = world!();
    let proxy = proxy(&world).await;
    let operator = behind(&world, &proxy).await;
    open(&world).await;
    let (mark, sent) = (
        world.servers.audit().mark().await.unwrap(),
        world.konnect_writes(),
    );
    for (round, goods) in targets(0..TARGETS).chunks(TARGETS / 5).enumerate() {
        world.apply_all(goods).await;
        proxy.cut();
        println!("cut {round} with {} written", world.konnect_writes() - sent);
    }
    world
        .until_all(Kind::KongTarget, TARGETS, object::is_programmed)
        .await;
    world.rest(QUIET).await;
    assert_whole(&world, 0..TARGETS);
    at_most(writes(&world, mark).await, 2 * TARGETS, "writes");
    at_most(
        world.konnect_writes() - sent,
        TARGETS,
        "requests to Konnect",
    );
    assert_eq!(operator.stop().await, 0);
}

/// What the API server says to whoever wants to know what has happened since.
async fn watch_since(world: &World, version: &str) -> String {
    let path = format!(
        "/apis/configuration.konghq.com/v1alpha1/kongtargets?watch=1&timeoutSeconds=1&resourceVersion={version}"
    );
    let request = http::Request::get(path).body(Vec::new()).unwrap();
    match world.admin().request_text(request).await {
        Ok(events) => events,
        Err(error) => error.to_string(),
    }
}

#[tokio::test]
async fn a_history_that_is_forgotten_is_made_up_for_by_a_list() {
    let mut world = world!();
    world.refusals_are_fine();
    let proxy = proxy(&world).await;
    let operator = behind(&world, &proxy).await;
    open(&world).await;
    world.apply_all(&targets(0..20)).await;
    world
        .until_all(Kind::KongTarget, 20, object::is_programmed)
        .await;
    world.rest(QUIET).await;
    let seen = world.list(Kind::KongTarget).await;
    let seen = seen
        .iter()
        .map(|target| &target["metadata"]["resourceVersion"]);
    let seen = seen.max_by_key(|version| version.as_str().unwrap().parse::<u64>().unwrap());
    let seen = seen.unwrap().as_str().unwrap().to_owned();

    // While nobody hears of it: objects come, and go, and change; and the server loses what it remembers.
    proxy.close();
    world.apply_all(&targets(20..40)).await;
    world.delete_all(&targets(0..10)).await;
    let changed = &targets(10..11)[0];
    world
        .edit(changed, &serde_json::json!({"spec": {"weight": 7}}))
        .await;
    world.servers.restart_apiserver().await.unwrap();
    let answer = watch_since(&world, &seen).await;
    assert!(
        answer.contains("\"code\":410") || answer.contains("too old resource version"),
        "not forgotten: {answer}"
    );
    let (mark, sent) = (
        world.servers.audit().mark().await.unwrap(),
        world.konnect_writes(),
    );
    proxy.open();

    world
        .until_all(Kind::KongTarget, 30, object::is_programmed)
        .await;
    world.rest(QUIET).await;
    assert_whole(&world, 10..40);
    let dump = world.simulator().with(|konnect| konnect.dump()).to_string();
    for target in targets(0..10) {
        assert!(
            !dump.contains(&target["spec"]["target"].to_string()),
            "{target}"
        );
    }
    // Twenty new ones, ten that go, one that is changed.
    at_most(writes(&world, mark).await, 2 * 20 + 10 + 1, "writes");
    at_most(
        world.konnect_writes() - sent,
        20 + 10 + 1,
        "requests to Konnect",
    );
    assert_eq!(operator.stop().await, 0);
}

#[tokio::test]
async fn a_restart_of_the_api_server_in_the_middle_of_work_costs_little() {
    let mut world = world!();
    world.refusals_are_fine();
    let operator = world.operator().start().await;
    open(&world).await;
    let (mark, sent) = (
        world.servers.audit().mark().await.unwrap(),
        world.konnect_writes(),
    );
    world.simulator().set_latency(Duration::from_millis(50));
    world.apply_all(&targets(0..TARGETS)).await;
    let done = world.konnect_writes() - sent;
    world.servers.restart_apiserver().await.unwrap();
    println!("restarted after {done} of {TARGETS}");
    world.simulator().set_latency(Duration::ZERO);
    world
        .until_all(Kind::KongTarget, TARGETS, object::is_programmed)
        .await;
    world.rest(QUIET).await;
    assert_whole(&world, 0..TARGETS);
    at_most(writes(&world, mark).await, 2 * TARGETS, "writes");
    at_most(
        world.konnect_writes() - sent,
        TARGETS,
        "requests to Konnect",
    );
    assert_eq!(operator.stop().await, 0);
}

#[tokio::test]
async fn konnect_may_be_down_for_half_a_minute() {
    let mut world = world!();
    let operator = world.operator().start().await;
    open(&world).await;
    world.rest(QUIET).await;
    // Half of the work is under way when Konnect goes, the other half comes while it is down.
    world.simulator().set_latency(Duration::from_millis(100));
    let sent = world.konnect_writes();
    world.apply_all(&targets(0..TARGETS / 2)).await;
    world.konnect.go_down().await;
    let done = world.konnect_writes() - sent;
    world.simulator().set_latency(Duration::ZERO);
    world.apply_all(&targets(TARGETS / 2..TARGETS)).await;
    tokio::time::sleep(Duration::from_secs(30)).await;
    let asked = world.simulator().log().len();
    let mark = world.servers.audit().mark().await.unwrap();
    let told = world.list(Kind::KongTarget).await;
    let told = told
        .iter()
        .filter(|target| object::said(target, "Programmed").starts_with("False"));
    println!("{done} done before, {} told of the outage", told.count());
    world.konnect.come_back().await.unwrap();
    let began = Instant::now();

    world
        .until_all(Kind::KongTarget, TARGETS, object::is_programmed)
        .await;
    println!("healed after {:?}", began.elapsed());
    assert!(began.elapsed() < Duration::from_secs(60));
    world.rest(QUIET).await;
    assert_whole(&world, 0..TARGETS);
    let log = world.simulator().log();
    let puts = log
        .iter()
        .skip(asked)
        .filter(|record| record.method == "PUT")
        .count();
    at_most(puts, TARGETS - done, "writes to Konnect after the outage");
    at_most(
        log.len() - asked,
        TARGETS - done,
        "all requests to Konnect after the outage",
    );
    // All but what was done have their finalizers, and lack the status that says that they are programmed.
    at_most(
        writes(&world, mark).await,
        TARGETS - done,
        "writes after the outage",
    );
    assert_eq!(operator.stop().await, 0);
}
