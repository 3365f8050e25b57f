//! The objects of a cluster with many HTTPRoutes.

use kong_resolve::{Entry, Key, Name, World};
use serde_json::{Value, json};

/// HTTPRoutes of a namespace.
const OF_NAMESPACE: usize = 50;
/// HTTPRoutes of a host.
const OF_HOST: usize = 10;

fn object(api: &str, kind: &str, namespace: Option<&str>, name: &str, more: Value) -> Value {
    let mut object = json!({
        "apiVersion": api, "kind": kind,
        "metadata": {"name": name, "uid": format!("{kind}-{name}"), "creationTimestamp": "2026-01-01T00:00:00Z"},
    });
    if let Some(namespace) = namespace {
        object["metadata"]["namespace"] = json!(namespace);
    }
    if let (Value::Object(object), Value::Object(more)) = (&mut object, more) {
        object.extend(more);
    }
    object
}

fn namespace(route: usize) -> String {
    format!("team-{}", route / OF_NAMESPACE)
}

/// An HTTPRoute; `path` tells a changed one from the one before.
pub(crate) fn route(number: usize, path: &str) -> Value {
    let services = namespace(number);
    let service = |nth: usize| {
        let first = number - number % OF_NAMESPACE;
        format!(
            "service-{}",
            first / 2 + (number + nth * 7) % OF_NAMESPACE / 2
        )
    };
    object(
        "gateway.networking.k8s.io/v1",
        "HTTPRoute",
        Some(&services),
        &format!("route-{number}"),
        json!({"spec": {
            "parentRefs": [{"name": "gateway", "namespace": "gateways"}],
            "hostnames": [format!("app-{}.example.com", number / OF_HOST)],
            "rules": [
                {
                    "matches": [{"path": {"type": "PathPrefix", "value": format!("/{path}/{}", number % OF_HOST)}}],
                    "backendRefs": [{"name": service(0), "port": 80}],
                },
                {
                    "matches": [{
                        "path": {"type": "Exact", "value": format!("/{path}/{}/status", number % OF_HOST)},
                        "headers": [{"name": "x-version", "value": "2"}],
                    }],
                    "filters": [{
                        "type": "RequestHeaderModifier",
                        "requestHeaderModifier": {"set": [{"name": "x-team", "value": services}]},
                    }],
                    "backendRefs": [
                        {"name": service(1), "port": 80, "weight": 90},
                        {"name": service(2), "port": 80, "weight": 10},
                    ],
                },
            ],
        }}),
    )
}

/// An EndpointSlice; the `last` of its addresses tells a changed one from the one before.
pub(crate) fn slice(number: usize, last: &str) -> Value {
    let service = format!("service-{number}");
    let address = |nth: usize| format!("10.{}.{}.{}", number >> 8, number & 255, nth);
    let mut slice = object(
        "discovery.k8s.io/v1",
        "EndpointSlice",
        Some(&namespace(number * 2)),
        &format!("{service}-x"),
        json!({
            "addressType": "IPv4",
            "ports": [{"port": 8080, "protocol": "TCP"}],
            "endpoints": [
                {"addresses": [address(1)]}, {"addresses": [address(2)]}, {"addresses": [last]},
            ],
        }),
    );
    slice["metadata"]["labels"] = json!({"kubernetes.io/service-name": service});
    slice
}

/// Puts an object in its place.
pub(crate) fn insert(world: &mut World, object: Value) -> Key {
    let observed = kong_crds::read_manifest(object).expect("the objects of the bench can be read");
    let key = Key {
        kind: observed.kind,
        name: Name {
            namespace: observed.meta.namespace.as_deref().map(Into::into),
            name: observed.meta.name.as_deref().unwrap_or_default().into(),
        },
    };
    world.insert(key.clone(), Entry::of(observed));
    key
}

/// A cluster with so many HTTPRoutes.
pub(crate) fn filled(routes: usize) -> World {
    let mut world = World::default();
    insert(
        &mut world,
        object(
            "gateway.networking.k8s.io/v1",
            "GatewayClass",
            None,
            "kong",
            json!({"spec": {"controllerName": "konghq.com/gateway-operator"}}),
        ),
    );
    let all = json!({"namespaces": {"from": "All"}});
    insert(
        &mut world,
        object(
            "gateway.networking.k8s.io/v1",
            "Gateway",
            Some("gateways"),
            "gateway",
            json!({"spec": {"gatewayClassName": "kong", "listeners": [
                {"name": "http", "port": 80, "protocol": "HTTP", "allowedRoutes": all},
            ]}}),
        ),
    );
    for number in 0..routes.div_ceil(2) {
        let name = format!("service-{number}");
        insert(
            &mut world,
            object(
                "v1",
                "Service",
                Some(&namespace(number * 2)),
                &name,
                json!({"spec": {"ports": [{"port": 80}]}}),
            ),
        );
        insert(&mut world, slice(number, "10.255.0.1"));
    }
    for number in 0..routes {
        insert(&mut world, route(number, "v1"));
    }
    world
}
