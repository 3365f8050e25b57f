//! How long a start takes with twenty thousand objects there, until it is ready, against the time in which a client reads the same lists.

use std::time::Instant;

use kong_crds::Kind;
use kube::api::ListParams;

use crate::{goods, mebibytes, watching};

const TARGETS: usize = 18_000;
const STARTS: usize = 5;

/// Measures and prints.
pub(crate) async fn measure() {
    let world = crate::world().await;
    let operator = world.operator().start().await;
    goods::open(&world).await;
    goods::opened(&world).await;
    let goods = goods::goods(TARGETS);
    let done = watching::programmed(&world, &goods).await;
    goods::apply(&world, &goods, None).await;
    done.await.unwrap();
    assert_eq!(operator.stop().await, 0);

    let mut starts = Vec::new();
    let mut reads = Vec::new();
    let mut memory = Vec::new();
    for _ in 0..STARTS {
        let began = Instant::now();
        for kind in [Kind::KongUpstream, Kind::KongTarget] {
            let api = world.all(kind);
            let mut page = ListParams::default().limit(500);
            loop {
                let list = api.list(&page).await.unwrap();
                match list.metadata.continue_.filter(|token| !token.is_empty()) {
                    Some(token) => page = page.continue_token(&token),
                    None => break,
                }
            }
        }
        reads.push(began.elapsed());
        let began = Instant::now();
        let operator = world.operator().start().await;
        starts.push(began.elapsed());
        memory.push(operator.memory().0);
        assert_eq!(operator.stop().await, 0);
    }
    let (start, read) = (crate::quantile(starts, 0.5), crate::quantile(reads, 0.5));
    println!("\n## A start with {} objects\n", goods.len());
    println!(
        "ready after {start:.2?}; a client reads the same lists in {read:.2?}: {:.2} times as long; resident {:.1} MiB",
        start.as_secs_f64() / read.as_secs_f64(),
        mebibytes(memory.into_iter().max().unwrap_or_default()),
    );
}
