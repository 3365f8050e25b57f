//! What is applied: a control plane with its credentials, and upstreams with ten targets each.

use clustertest::{World, object, shop};
use kong_crds::Kind;
use serde_json::Value;

/// Targets of an upstream.
pub(crate) const EACH: usize = 10;

/// So many targets, and the upstreams they are of, in the order in which a person would apply them.
pub(crate) fn goods(targets: usize) -> Vec<Value> {
    let mut all = Vec::with_capacity(targets + targets / EACH);
    for number in 0..targets / EACH {
        let name = format!("upstream-{number}");
        all.push(shop::upstream(&name));
        let first = number * EACH;
        all.extend((first..first + EACH).map(|number| shop::target(&name, number)));
    }
    all
}

/// Applies credentials and a control plane.
pub(crate) async fn open(world: &World) {
    world.namespace(shop::NAMESPACE).await;
    world
        .apply_all(&[shop::credentials(), shop::control_plane()])
        .await;
}

/// Waits until the control plane is programmed.
pub(crate) async fn opened(world: &World) {
    world
        .until_all(Kind::KonnectGatewayControlPlane, 1, object::is_programmed)
        .await;
}
