//! Objects that many tests and benches use: credentials, a control plane, an upstream with targets.

use serde_json::{Value, json};

/// Where they are.
pub const NAMESPACE: &str = "shop";

/// Credentials that Konnect accepts.
pub fn credentials() -> Value {
    json!({
        "apiVersion": "konnect.konghq.com/v1alpha1", "kind": "KonnectAPIAuthConfiguration",
        "metadata": {"name": "auth", "namespace": NAMESPACE},
        "spec": {"type": "token", "token": "kpat_shop", "serverURL": "us.api.konghq.com"},
    })
}

/// A control plane with these credentials.
pub fn control_plane() -> Value {
    json!({
        "apiVersion": "konnect.konghq.com/v1alpha2", "kind": "KonnectGatewayControlPlane",
        "metadata": {"name": "cp", "namespace": NAMESPACE},
        "spec": {"createControlPlaneRequest": {"name": "shop"}, "konnect": {"authRef": {"name": "auth"}}},
    })
}

/// How objects say that they belong to it.
pub fn of_control_plane() -> Value {
    json!({"type": "konnectNamespacedRef", "konnectNamespacedRef": {"name": "cp"}})
}

/// An object of `configuration.konghq.com/v1alpha1`.
pub fn object(kind: &str, name: &str, spec: &Value) -> Value {
    json!({
        "apiVersion": "configuration.konghq.com/v1alpha1", "kind": kind,
        "metadata": {"name": name, "namespace": NAMESPACE}, "spec": spec,
    })
}

/// An upstream.
pub fn upstream(name: &str) -> Value {
    object(
        "KongUpstream",
        name,
        &json!({"name": format!("{name}.example"), "controlPlaneRef": of_control_plane()}),
    )
}

/// A target of an upstream, with an address of its own.
pub fn target(upstream: &str, number: usize) -> Value {
    let address = format!(
        "10.{}.{}.{}:80",
        number >> 16,
        (number >> 8) & 255,
        number & 255
    );
    object(
        "KongTarget",
        &format!("{upstream}-{number}"),
        &json!({"upstreamRef": {"name": upstream}, "target": address, "weight": 100}),
    )
}

/// A service.
pub fn service(name: &str) -> Value {
    object(
        "KongService",
        name,
        &json!({"name": name, "host": format!("{name}.example"), "controlPlaneRef": of_control_plane()}),
    )
}
