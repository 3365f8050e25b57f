//! What simulations pay: they make a million writes.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::{cluster, condition, create, patch_status, service, service_id};

#[test]
fn a_thousand_objects_are_created_and_reported_on_well_within_seconds_even_unoptimised() {
    let mut cluster = cluster();
    let start = Instant::now();
    for number in 0..1_000 {
        create(&mut cluster, service(&format!("s{number}"))).unwrap();
    }
    let created = start.elapsed();
    let start = Instant::now();
    for number in 0..1_000 {
        let status = json!({"status": {"conditions": [condition("Programmed", "True")]}});
        patch_status(&mut cluster, service_id(&format!("s{number}")), status).unwrap();
    }
    let reported = start.elapsed();
    // Ten times what two slow cores need: the test is for a change of order, not of percent.
    let limit = Duration::from_secs(3);
    assert!(created < limit, "1,000 creates took {created:?}");
    assert!(reported < limit, "1,000 status writes took {reported:?}");
}

#[test]
fn a_snapshot_costs_no_more_with_many_objects_than_with_few() {
    let mut cluster = cluster();
    for number in 0..200 {
        create(&mut cluster, service(&format!("s{number}"))).unwrap();
    }
    let snapshot = cluster.clone();
    let shared = snapshot.get(&service_id("s7")).unwrap();
    assert!(std::sync::Arc::ptr_eq(
        shared,
        cluster.get(&service_id("s7")).unwrap()
    ));
}
