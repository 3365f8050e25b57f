//! From apply to all programmed, with many kinds at once: the operator against the bare client, in turns. It fails if either
//! sends a request for a change more or less than is due.

use testkit::load::{Bill, mixed, models};

use crate::{mebibytes, median, race};

/// How many services there are if nobody says how many; all else follows from that.
const SERVICES: usize = 1_000;
/// How often both run.
const TURNS: usize = 3;

/// Measures and prints.
pub(crate) async fn measure(services: Option<usize>) {
    let services = services.unwrap_or(SERVICES);
    let load = mixed(services);
    let (konnect, cluster) = Bill::due(&load).totals();
    println!("\n## Many kinds at once\n");
    println!(
        "{} objects for {services} services: {konnect} requests for a change to Konnect and {cluster} to the API server, \
         by the operator and by the bare client\n",
        load.len()
    );
    println!("| operator | bare client | ratio | resident (most) | processor |");
    println!("| --- | --- | --- | --- | --- |");
    let mut ratios = Vec::new();
    for _ in 0..TURNS {
        let run = race::operator(&load).await;
        race::check("the operator", &run.sent, &load);
        let (floor, sent) = race::bare(&load, &models()).await;
        race::check("the bare client", &sent, &load);
        let ratio = run.took.as_secs_f64() / floor.as_secs_f64();
        println!(
            "| {:.1} s | {:.1} s | {ratio:.2} | {:.1} MiB ({:.1}) | {:.1} s |",
            run.took.as_secs_f64(),
            floor.as_secs_f64(),
            mebibytes(run.resident),
            mebibytes(run.most),
            run.busy.as_secs_f64(),
        );
        ratios.push(ratio);
    }
    println!("median ratio of {TURNS}: {:.2}", median(ratios));
}
