//! From apply to all programmed: the operator or the bare client with a load, each with fresh servers.

use std::time::{Duration, Instant};

use clustertest::{World, object};
use testkit::load::{Bill, Good};
use tokio::sync::mpsc;

use crate::{bare::Bare, goods, watching};

/// How long nothing is written before it counts as done: longer than a retry.
const QUIET: Duration = Duration::from_secs(3);

/// One run of the operator.
pub(crate) struct Run {
    pub(crate) took: Duration,
    /// In KiB.
    pub(crate) resident: u64,
    /// The same at its most.
    pub(crate) most: u64,
    pub(crate) busy: Duration,
    /// What it has sent, down to the last request.
    pub(crate) sent: Bill,
}

/// Everything that the account of the operator has asked for since, of both.
async fn sent(world: &World, mark: envtest::audit::Mark, asked: u64) -> Bill {
    let mut bill = Bill::default();
    let records = world.servers.audit().since(mark).await.unwrap();
    let ours = records
        .iter()
        .filter(|record| record.user == world.account().name && record.is_write());
    for target in ours.filter_map(|record| record.target.as_ref()) {
        // Heartbeats and courtesies are no part of the load, and a question about permissions changes nothing.
        if !["leases", "events"].contains(&target.resource.as_str())
            && target.group != "authorization.k8s.io"
        {
            bill.add_write(
                &target.resource,
                &target.name,
                target.subresource == "status",
            );
        }
    }
    let log = world.simulator().log_after(asked);
    for record in log.iter().filter(|record| record.method != "GET") {
        let path = record.path.split('?').next().unwrap_or_default();
        bill.add_request(&record.method, path);
    }
    bill
}

/// The number of the last request that Konnect has had.
fn asked(world: &World) -> u64 {
    let log = world.simulator().log();
    log.last().map_or(0, |record| record.number)
}

/// The operator.
pub(crate) async fn operator(load: &[Good]) -> Run {
    let world = crate::world().await;
    let operator = world.operator().start().await;
    goods::open(&world).await;
    goods::opened(&world).await;
    world.rest(QUIET).await;
    let mark = world.servers.audit().mark().await.unwrap();
    let asked = asked(&world);
    let done = watching::programmed(&world, load).await;
    let (began, busy) = (Instant::now(), operator.processor_time());
    goods::apply(&world, load, None).await;
    done.await.unwrap();
    let took = began.elapsed();
    let (resident, most) = operator.memory();
    let busy = operator.processor_time().saturating_sub(busy);
    world.rest(QUIET).await;
    let sent = sent(&world, mark, asked).await;
    assert_eq!(operator.stop().await, 0);
    Run {
        took,
        resident,
        most,
        busy,
        sent,
    }
}

/// The bare client, which has learnt from these: how long it took, and what it sent.
pub(crate) async fn bare(load: &[Good], models: &[Good]) -> (Duration, Bill) {
    let world = crate::world().await;
    let bare = Bare::learn(&world, models).await;
    let mark = world.servers.audit().mark().await.unwrap();
    let asked = asked(&world);
    let done = watching::programmed(&world, load).await;
    let (sender, receiver) = mpsc::unbounded_channel();
    let began = Instant::now();
    tokio::join!(
        goods::apply(&world, load, Some(sender)),
        bare.write(receiver, load)
    );
    done.await.unwrap();
    let took = began.elapsed();
    let last = load.last().expect("a load is not empty").key().kind;
    let of_last = |goods: &[Good]| goods.iter().filter(|good| good.key().kind == last).count();
    let programmed = world.list(last).await;
    // The models are among them.
    assert_eq!(
        programmed
            .iter()
            .filter(|object| object::is_programmed(object))
            .count(),
        of_last(load) + of_last(models)
    );
    (took, sent(&world, mark, asked).await)
}

/// Fails with what was sent more or less often than it is due.
pub(crate) fn check(who: &str, sent: &Bill, load: &[Good]) {
    let complaints = sent.complaints(&Bill::due(load));
    assert!(complaints.is_empty(), "{who}:\n{}", complaints.join("\n"));
}
