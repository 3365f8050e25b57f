//! What is applied: credentials, a control plane, upstreams with ten targets each.

use clustertest::{World, object};
use kong_crds::Kind;
use serde_json::{Value, json};

/// Where all of it is.
pub(crate) const NAMESPACE: &str = "bench";
/// Targets of an upstream.
pub(crate) const EACH: usize = 10;

/// An object of `configuration.konghq.com/v1alpha1`.
fn object(kind: &str, name: &str, spec: &Value) -> Value {
    json!({
        "apiVersion": "configuration.konghq.com/v1alpha1", "kind": kind,
        "metadata": {"name": name, "namespace": NAMESPACE}, "spec": spec,
    })
}

fn of_control_plane() -> Value {
    json!({"type": "konnectNamespacedRef", "konnectNamespacedRef": {"name": "cp"}})
}

/// An upstream.
pub(crate) fn upstream(name: &str) -> Value {
    let spec = json!({"name": format!("{name}.example"), "controlPlaneRef": of_control_plane()});
    object("KongUpstream", name, &spec)
}

/// A target at an address.
pub(crate) fn target(upstream: &str, name: &str, address: &str) -> Value {
    let spec = json!({"upstreamRef": {"name": upstream}, "target": address, "weight": 100});
    object("KongTarget", name, &spec)
}

/// A service.
pub(crate) fn service(name: &str) -> Value {
    let spec = json!({
        "name": name, "host": format!("{name}.example"), "controlPlaneRef": of_control_plane()});
    object("KongService", name, &spec)
}

/// So many targets, and the upstreams they are of, in the order in which a person would apply them.
pub(crate) fn goods(targets: usize) -> Vec<Value> {
    let mut all = Vec::with_capacity(targets + targets / EACH);
    for number in 0..targets / EACH {
        let name = format!("upstream-{number}");
        all.push(upstream(&name));
        for place in 0..EACH {
            let address = format!("10.{}.{}.{place}:80", number >> 8, number & 255);
            all.push(target(&name, &format!("target-{number}-{place}"), &address));
        }
    }
    all
}

/// Applies credentials and a control plane.
pub(crate) async fn open(world: &World) {
    world.namespace(NAMESPACE).await;
    let credentials = json!({
        "apiVersion": "konnect.konghq.com/v1alpha1", "kind": "KonnectAPIAuthConfiguration",
        "metadata": {"name": "auth", "namespace": NAMESPACE},
        "spec": {"type": "token", "token": "kpat_bench", "serverURL": "us.api.konghq.com"},
    });
    let control_plane = json!({
        "apiVersion": "konnect.konghq.com/v1alpha2", "kind": "KonnectGatewayControlPlane",
        "metadata": {"name": "cp", "namespace": NAMESPACE},
        "spec": {"createControlPlaneRequest": {"name": "bench"}, "konnect": {"authRef": {"name": "auth"}}},
    });
    world.apply_all(&[credentials, control_plane]).await;
}

/// Waits until the control plane is programmed.
pub(crate) async fn opened(world: &World) {
    world
        .until_all(Kind::KonnectGatewayControlPlane, 1, object::is_programmed)
        .await;
}
