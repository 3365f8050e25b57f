//! What an operator at rest costs: requests and processor time over five sync periods.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::{goods, mebibytes, watching};

const TARGETS: usize = 10_000;
/// Shorter than the minute it is by default, so that five of them are over soon.
const PERIOD: Duration = Duration::from_secs(20);
const PERIODS: u32 = 5;

/// Measures and prints.
pub(crate) async fn measure() {
    let world = crate::world().await;
    let period = format!("--konnect-sync-period={}s", PERIOD.as_secs());
    let operator = world.operator().with(period).start().await;
    goods::open(&world).await;
    goods::opened(&world).await;
    let goods = goods::goods(TARGETS);
    let done = watching::programmed(&world, &goods).await;
    goods::apply(&world, &goods, None).await;
    done.await.unwrap();
    world.rest(Duration::from_secs(3)).await;

    let (asked, busy) = (world.simulator().log().len(), operator.processor_time());
    let mark = world.servers.audit().mark().await.unwrap();
    tokio::time::sleep(PERIOD * PERIODS).await;
    let busy = operator.processor_time().saturating_sub(busy);
    println!("\n## At rest, {TARGETS} targets, {PERIODS} sync periods of {PERIOD:?}\n");
    println!(
        "processor time: {busy:?}, {:.2} % of one core",
        busy.as_secs_f64() * 100.0 / (PERIOD * PERIODS).as_secs_f64()
    );
    println!("resident: {:.1} MiB", mebibytes(operator.memory().0));
    let mut konnect: BTreeMap<String, usize> = BTreeMap::new();
    for record in world.simulator().log().iter().skip(asked) {
        let path = record.path.split(['?']).next().unwrap_or_default();
        let collection = path.rsplit('/').next().unwrap_or_default();
        *konnect
            .entry(format!("{} {collection}", record.method))
            .or_default() += 1;
    }
    println!("requests to Konnect: {konnect:?}");
    let records = world.servers.audit().since(mark).await.unwrap();
    let mut cluster: BTreeMap<String, usize> = BTreeMap::new();
    for record in records
        .iter()
        .filter(|record| record.user == world.account().name)
    {
        let target = record.target.as_ref().map(|target| target.resource.clone());
        *cluster
            .entry(format!("{} {}", record.verb, target.unwrap_or_default()))
            .or_default() += 1;
    }
    println!("requests to the API server: {cluster:?}");
    assert!(
        konnect.keys().all(|key| key.starts_with("GET ")),
        "something was written"
    );
    assert!(
        cluster
            .keys()
            .all(|key| key.starts_with("watch ") || key.ends_with(" leases")),
        "{cluster:?}"
    );
    assert_eq!(operator.stop().await, 0);
}
