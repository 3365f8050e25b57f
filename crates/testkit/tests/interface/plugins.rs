//! Plugins that an annotation asks for, when nobody is there to see it change.

use kong_crds::Kind;
use kong_driver::{ReplicaId, Schedule};
use kong_model::{Collection, Method};
use kong_resolve::Key;
use serde_json::{Value, json};
use testkit::Scene;
use testkit::act::{apply, delete};
use testkit::document::{self as d, NAMESPACE};
use testkit::sweep::sound;

fn annotated() -> (Scene, Key) {
    let mut scene = Scene::new(Schedule::calm(), sound);
    let documents = [
        Value::from(d::auth("auth")),
        d::plane("cp").into(),
        d::plugin("limit").into(),
        d::service("a").using_plugins("limit").into(),
    ];
    scene.act(&apply(documents)).unwrap();
    assert!(scene.settle());
    assert_eq!(scene.entities(Collection::Plugins).len(), 1);
    (scene, Key::new(Kind::KongService, NAMESPACE, "a"))
}

#[test]
fn an_annotation_that_went_while_nobody_looked_leaves_no_plugin() {
    let (mut scene, service) = annotated();
    let nothing = json!({"metadata": {"annotations": {"konghq.com/plugins": null}}});
    scene.edit(&service, nothing).unwrap();
    scene.restart(ReplicaId(0));
    assert!(scene.settle());
    assert_eq!(scene.entities(Collection::Plugins), Vec::<Value>::new());
    assert!(scene.is_programmed(&service));
    assert!(scene.watchdog.violations.is_empty());
}

#[test]
fn a_plugin_is_found_again_by_its_tags_wherever_it_is() {
    let (mut scene, service) = annotated();
    let (mut plugin, id) = scene.find(Collection::Plugins, "rate-limiting").unwrap();
    let (_, plane) = scene.find(Collection::ControlPlanes, "cp").unwrap();
    let path = |id: &str| format!("/v2/control-planes/{plane}/core-entities/plugins/{id}");
    let other = "5a5a5a5a-0000-4000-8000-000000000002";
    plugin["id"] = json!(other);
    let gone = scene.third_party(Method::Delete, &path(&id), None);
    let there = scene.third_party(Method::Put, &path(other), Some(plugin));
    assert_eq!((gone.status, there.status), (204, 200));
    scene.clear_logs();
    scene.restart(ReplicaId(0));
    assert!(scene.settle());
    assert_eq!(scene.writes(), (0, 0));
    let plugins = scene.entities(Collection::Plugins);
    assert_eq!((plugins.len(), &plugins[0]["id"]), (1, &json!(other)));
    assert!(scene.is_programmed(&service));
}

#[test]
fn an_annotation_that_goes_after_a_start_with_a_service_on_its_way_out_leaves_no_plugin() {
    let mut scene = Scene::new(Schedule::calm(), sound);
    let route = || d::route("a").using_plugins("limit");
    let documents = [
        Value::from(d::auth("auth")),
        d::plane("cp").into(),
        d::plugin("limit").into(),
        d::service("a").into(),
        d::service("b").into(),
        route().into(),
    ];
    scene.act(&apply(documents)).unwrap();
    assert!(scene.settle());
    // The service has to stay while the route refers to it, and the route cannot be judged anew.
    let service = Key::new(Kind::KongService, NAMESPACE, "a");
    scene.act(&delete([service.clone()])).unwrap();
    scene.settle();
    scene.restart(ReplicaId(0));
    scene.run_for(70_000);
    assert_eq!(scene.entities(Collection::Plugins).len(), 1);
    let other = json!({
        "metadata": {"annotations": {"konghq.com/plugins": null}},
        "spec": {"serviceRef": {"namespacedRef": {"name": "b"}}},
    });
    scene.edit(&route().key(), other).unwrap();
    // No list is due in this time.
    scene.run_for(5_000);
    assert_eq!(scene.entities(Collection::Plugins), Vec::<Value>::new());
    assert_eq!(scene.object(&service), None);
    assert!(scene.is_programmed(&route().key()));
    assert!(scene.watchdog.violations.is_empty());
}
