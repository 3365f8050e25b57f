//! From manifests to Programmed and back to nothing.

use kong_model::Collection;

use crate::world::{World, object};

#[tokio::test(start_paused = true)]
async fn the_quickstart_becomes_programmed() {
    let world = World::new();
    world.apply_example("quickstart");
    let operator = world.start();
    for (plural, name) in [
        ("konnectgatewaycontrolplanes", "gateway-control-plane"),
        ("kongservices", "service"),
        ("kongroutes", "route-with-service"),
        ("kongupstreams", "upstream"),
        ("kongtargets", "target-a"),
        ("kongtargets", "target-b"),
    ] {
        world.until_programmed(&object(plural, name)).await;
    }
    assert_eq!(world.entities(Collection::Services), ["service"]);
    assert_eq!(
        world.entities(Collection::Targets),
        ["10.0.0.1:80", "10.0.0.2:80"]
    );
    operator.stop().await;
}
