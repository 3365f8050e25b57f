//! How much there is to do for a change: as much among many objects as among few.

use gateway_translation::{Delta, KongVersion, Settings, Translator, Work};
use kong_crds::Kind;
use kong_resolve::{Key, World};
use kong_router::Flavor;

use crate::gateway::{FLAVORS, gateway, service};
use crate::golden::world;

/// HTTPRoutes of a host, and of a Service.
const TOGETHER: usize = 5;

fn route(number: usize, path: &str) -> String {
    let shared = number / TOGETHER;
    format!(
        "
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {{name: r-{number}, namespace: default}}
spec:
  parentRefs: [{{name: gw}}]
  hostnames: [h-{shared}.test]
  rules:
  - matches: [{{path: {{type: PathPrefix, value: /{path}/{number}}}}}]
    backendRefs: [{{name: s-{shared}, port: 80}}]"
    )
}

/// So many HTTPRoutes, and what they need.
fn manifests(routes: usize) -> String {
    let services = (0..routes.div_ceil(TOGETHER)).map(|number| service(&format!("s-{number}"), 80));
    let routes = (0..routes).map(|number| route(number, "old"));
    gateway("{name: http, port: 80, protocol: HTTP}") + &services.chain(routes).collect::<String>()
}

/// What a change of some objects is and costs, in a world that was translated before.
fn change(world: &mut World, translator: &mut Translator, manifests: &str) -> (Delta, Work) {
    let changed = crate::golden::world(manifests);
    let entries = changed.entries();
    let keys = entries.map(|(key, entry)| {
        world.insert(key.clone(), entry.clone());
        key.clone()
    });
    let keys: Vec<Key> = keys.collect();
    let delta = translator.apply(world, &keys);
    (delta, translator.work())
}

/// What changes of an HTTPRoute, of an EndpointSlice and of the Gateway are and cost among so many HTTPRoutes.
fn among(routes: usize, flavor: Flavor) -> [(Delta, Work); 3] {
    let mut world = world(&manifests(routes));
    let mut translator = Translator::new(Settings {
        flavor,
        ..Settings::right(KongVersion::default())
    });
    let all: Vec<Key> = world.entries().map(|(key, _)| key.clone()).collect();
    translator.apply(&world, &all);
    let mut change = |manifests: &str| change(&mut world, &mut translator, manifests);
    [
        change(&route(7, "new")),
        change(&service("s-1", 80).replace("10.0.0.1", "10.0.0.9")),
        change(&gateway("{name: http, port: 81, protocol: HTTP}")),
    ]
}

#[test]
fn a_change_is_as_much_work_among_many_as_among_few() {
    for flavor in FLAVORS {
        let (few, many) = (among(20, flavor), among(400, flavor));
        // The HTTPRoute, then the EndpointSlice with its Service.
        for number in [0, 1] {
            let (few, many) = (&few[number], &many[number]);
            assert!(few.1.units > 0 && few.1.reads > 0, "{flavor:?}: {few:?}");
            assert!(!few.0.is_empty(), "{flavor:?}: {few:?}");
            assert_eq!(few, many, "{flavor:?}, change {number}");
        }
        assert!(few[0].1.ordered >= TOGETHER, "{flavor:?}: {few:?}");
        // What everything depends on is more where there is more.
        let (few, many) = (few[2].1, many[2].1);
        assert!(many.units > 10 * few.units, "{flavor:?}: {few:?} {many:?}");
        assert!(many.reads > 10 * few.reads, "{flavor:?}: {few:?} {many:?}");
    }
}

#[test]
fn what_says_the_same_as_before_is_less_work() {
    let mut world = world(&manifests(20));
    let mut translator = Translator::new(Settings::right(KongVersion::default()));
    let key = Key::new(Kind::HTTPRoute, "default", "r-7");
    let all: Vec<Key> = world.entries().map(|(key, _)| key.clone()).collect();
    translator.apply(&world, &all);
    let before = translator.apply(&world, &[key]);
    assert!(before.is_empty(), "it says the same as before: {before:?}");
    let same = translator.work();
    let (delta, changed) = change(&mut world, &mut translator, &route(7, "new"));
    assert!(!delta.is_empty());
    assert!(same.units < changed.units, "{same:?} {changed:?}");
    assert_eq!(same.ordered, 0, "{same:?}");
}
