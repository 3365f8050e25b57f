//! What translating many HTTPRoutes costs, what one change among them costs, and how much memory a route takes. Run
//! with `cargo bench -p gateway-translation`; figures are medians, and ratios are within the same run.
//!
//! Each HTTPRoute has a host that it shares with nine others, a prefix to one Service and an exact path with a header
//! and a filter to two others, by weight. There is a Service for every second route, with three endpoints.

#![expect(clippy::print_stdout, reason = "a bench prints its figures")]
#![expect(
    clippy::cast_precision_loss,
    reason = "figures are printed with three digits"
)]

use std::process::Command;
use std::time::{Duration, Instant};

use gateway_translation::{KongVersion, Settings, Translator};
use kong_resolve::{Entry, Key, Name, World};
use kong_router::Flavor;
use serde_json::{Value, json};

/// Changes that are timed, of which the median is printed.
const CHANGES: usize = 201;
/// Numbers of HTTPRoutes that are compared.
const SIZES: [usize; 3] = [1_000, 10_000, 30_000];
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
fn route(number: usize, path: &str) -> Value {
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

fn slice(number: usize, last: usize) -> Value {
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
                {"addresses": [address(1)]}, {"addresses": [address(2)]}, {"addresses": [address(last)]},
            ],
        }),
    );
    slice["metadata"]["labels"] = json!({"kubernetes.io/service-name": service});
    slice
}

fn insert(world: &mut World, object: Value) -> Key {
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
fn filled(routes: usize) -> World {
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
        insert(&mut world, slice(number, 3));
    }
    for number in 0..routes {
        insert(&mut world, route(number, "v1"));
    }
    world
}

fn settings(flavor: Flavor) -> Settings {
    Settings {
        flavor,
        ..Settings::right(KongVersion::default())
    }
}

/// Resident memory of this process, in bytes; `None` where the system does not tell.
fn resident() -> Option<usize> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    let kilobytes: usize = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kilobytes * 1_024)
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

/// The median time that changes take, each of which changes one object.
fn changes(
    translator: &mut Translator,
    world: &mut World,
    mut changed: impl FnMut(usize) -> Value,
) -> Duration {
    let times = (0..CHANGES).map(|number| {
        let key = insert(world, changed(number));
        let begin = Instant::now();
        let delta = translator.apply(world, &[key]);
        let time = begin.elapsed();
        assert!(!delta.is_empty(), "the change is one of the configuration");
        assert!(delta.services.len() < 30, "few services differ: {delta:?}");
        time
    });
    median(times.collect())
}

/// What a translation of so many HTTPRoutes holds, in a process that has done nothing else.
fn memory(flavor: Flavor) {
    let size = SIZES[1];
    let world = filled(size);
    let keys: Vec<Key> = world.entries().map(|(key, _)| key.clone()).collect();
    let before = resident();
    let mut translator = Translator::new(settings(flavor));
    translator.apply(&world, &keys);
    match (before, resident()) {
        (Some(before), Some(after)) => println!(
            "  resident memory with {size}, besides the objects: {} bytes an HTTPRoute; {:.1} units each",
            after.saturating_sub(before) / size,
            translator.units() as f64 / size as f64,
        ),
        _ => println!("  resident memory: not told by this system"),
    }
}

/// What everything costs, and what one change does, in clusters of all sizes.
fn times(flavor: Flavor) {
    let mut first: Option<(Duration, Duration, Duration)> = None;
    for size in SIZES {
        let mut world = filled(size);
        let keys: Vec<Key> = world.entries().map(|(key, _)| key.clone()).collect();
        let begin = Instant::now();
        let mut translator = Translator::new(settings(flavor));
        translator.apply(&world, &keys);
        let full = begin.elapsed();
        let step = size / CHANGES;
        let of_route = changes(&mut translator, &mut world, |number| {
            route(number * step, "v2")
        });
        let of_slice = changes(&mut translator, &mut world, |number| {
            slice(number * step / 2, 4)
        });
        assert_eq!(translator.problems(), []);
        let begin = Instant::now();
        let document = translator.document();
        let assembled = begin.elapsed();
        let begin = Instant::now();
        let text = document.to_value().to_string();
        let rendered = begin.elapsed();
        println!(
            "  {size:>6} HTTPRoutes: all {full:>8.1?}, assembled in {assembled:>8.1?}, {:.1} MiB of JSON in \
             {rendered:.1?}",
            text.len() as f64 / (1024.0 * 1024.0),
        );
        let (base_full, base_route, base_slice) = *first.get_or_insert((full, of_route, of_slice));
        println!(
            "    one HTTPRoute changes: {of_route:>8.1?}, {:.2}x of the first; one EndpointSlice: {of_slice:>8.1?}, \
             {:.2}x",
            of_route.as_secs_f64() / base_route.as_secs_f64(),
            of_slice.as_secs_f64() / base_slice.as_secs_f64(),
        );
        if size != SIZES[0] {
            let times = full.as_secs_f64() / base_full.as_secs_f64();
            let sizes = size as f64 / SIZES[0] as f64;
            println!(
                "    all grows with the power {:.3} of the number",
                times.log(sizes)
            );
        }
    }
}

fn main() {
    let flavors = [Flavor::TraditionalCompatible, Flavor::Expressions];
    let asked = std::env::args().find_map(|it| Some(it.strip_prefix("memory=")?.to_owned()));
    if let Some(asked) = asked {
        let is_asked = |flavor: &&Flavor| format!("{flavor:?}") == asked;
        flavors
            .iter()
            .filter(is_asked)
            .for_each(|flavor| memory(*flavor));
        return;
    }
    for flavor in flavors {
        println!("{flavor:?}");
        let own = std::env::current_exe().map(Command::new);
        let child = own.and_then(|mut own| own.arg(format!("memory={flavor:?}")).status());
        assert!(
            child.is_ok_and(|status| status.success()),
            "memory is measured"
        );
        times(flavor);
    }
}
