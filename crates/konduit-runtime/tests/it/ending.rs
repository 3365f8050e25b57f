//! How the operator ends: what is under way is finished, nothing new is begun.

use std::time::Duration;

use kong_model::Collection;
use tokio::time::Instant;

use crate::world::{World, object, run, with_quickstart};

#[tokio::test(start_paused = true)]
async fn what_is_under_way_is_finished_and_nothing_is_begun() {
    let world = World::new();
    world.apply_example("quickstart");
    world.konnect.take(Duration::from_secs(3));
    let operator = world.start();
    world
        .until("a write is on its way", |world| {
            world.konnect.writes_of("konduit") > world.konnect.answered_writes_of("konduit")
        })
        .await;
    let begun = world.konnect.requests_of("konduit");
    let asked = Instant::now();
    operator.stop().await;
    assert!(
        asked.elapsed() >= Duration::from_secs(1),
        "{:?}",
        asked.elapsed()
    );
    assert_eq!(world.konnect.requests_of("konduit"), begun);
    assert_eq!(
        world.konnect.answered_writes_of("konduit"),
        world.konnect.writes_of("konduit")
    );
}

#[tokio::test(start_paused = true)]
async fn what_hangs_holds_up_the_end_for_a_while_only() {
    let (world, operator) = with_quickstart().await;
    world.konnect.take(Duration::from_secs(3_600));
    tokio::time::sleep(Duration::from_secs(61)).await;
    let asked = Instant::now();
    operator.stop().await;
    assert!(
        asked.elapsed() <= Duration::from_secs(15),
        "{:?}",
        asked.elapsed()
    );
}

#[tokio::test(start_paused = true)]
async fn however_often_it_ends_in_between_the_end_is_the_same() {
    let world = World::new();
    world.apply_example("quickstart");
    for milliseconds in (0..600).step_by(45) {
        let operator = run(world.operator("konduit"));
        tokio::time::sleep(Duration::from_millis(milliseconds)).await;
        operator.kill().await;
    }
    let operator = world.start();
    for (plural, name) in [
        ("kongroutes", "route-with-service"),
        ("kongtargets", "target-a"),
        ("kongtargets", "target-b"),
    ] {
        world.until_programmed(&object(plural, name)).await;
    }
    assert_eq!(
        world.entities(Collection::ControlPlanes),
        ["gateway-control-plane"]
    );
    assert_eq!(world.entities(Collection::Services), ["service"]);
    assert_eq!(world.entities(Collection::Routes), ["route-with-service"]);
    assert_eq!(
        world.entities(Collection::Targets),
        ["10.0.0.1:80", "10.0.0.2:80"]
    );
    operator.stop().await;
}
