//! Credentials: several for one organisation, and those that Konnect refuses.

use kong_crds::Kind;
use kong_driver::Schedule;
use kong_model::Collection;
use kong_resolve::Key;
use serde_json::{Value, json};
use testkit::act::apply;
use testkit::document::{self as d, NAMESPACE};
use testkit::sweep::sound;
use testkit::{Act, Scene};

fn key(kind: Kind, name: &str) -> Key {
    Key::new(kind, NAMESPACE, name)
}

fn scene(documents: impl IntoIterator<Item = Value>) -> Scene {
    let mut scene = Scene::new(Schedule::calm(), sound);
    scene.act(&apply(documents)).unwrap();
    scene.settle();
    scene
}

/// What an engine deleted in Konnect.
fn deletions(scene: &Scene) -> Vec<String> {
    let log = scene.driver.konnect.log().iter();
    log.filter(|entry| entry.method.as_str() == "DELETE")
        .map(|entry| entry.path.to_string())
        .collect()
}

#[test]
fn two_configurations_of_one_organisation_leave_each_others_control_planes_alone() {
    let mut scene = scene([
        d::auth("auth").into(),
        d::plane("one").into(),
        d::service("a").in_plane("one").into(),
    ]);
    let second = [
        Value::from(d::auth("second")),
        d::plane("two").opened_by("second").into(),
        d::service("b").in_plane("two").into(),
    ];
    scene.act(&apply(second)).unwrap();
    assert!(scene.settle());
    // Each list of control planes shows those of both.
    scene.run_for(150_000);
    scene.act(&Act::Restart).unwrap();
    scene.run_for(150_000);
    assert_eq!(deletions(&scene), Vec::<String>::new());
    assert_eq!(scene.entities(Collection::ControlPlanes).len(), 2);
    for name in ["one", "two"] {
        assert!(scene.is_programmed(&key(Kind::KonnectGatewayControlPlane, name)));
    }
    assert_eq!(scene.entities(Collection::Services).len(), 2);
    assert!(scene.watchdog.violations.is_empty());
}

#[test]
fn a_mirror_through_another_configuration_shares_what_is_in_its_control_plane() {
    let mut scene = scene([
        d::auth("auth").into(),
        d::auth("second").into(),
        d::plane("cp").into(),
        d::service("a").into(),
    ]);
    let id = scene
        .id(&key(Kind::KonnectGatewayControlPlane, "cp"))
        .unwrap();
    let second = [
        d::mirror("mirror", &id).opened_by("second").into(),
        Value::from(d::service("b").in_plane("mirror")),
    ];
    scene.act(&apply(second)).unwrap();
    assert!(scene.settle());
    scene.run_for(150_000);
    scene.act(&Act::Restart).unwrap();
    scene.run_for(150_000);
    assert_eq!(deletions(&scene), Vec::<String>::new());
    let names: Vec<Value> = scene
        .entities(Collection::Services)
        .iter()
        .map(|service| service["name"].clone())
        .collect();
    assert_eq!(names.len(), 2, "{names:?}");
    for name in ["a", "b"] {
        assert!(scene.is_programmed(&key(Kind::KongService, name)));
        assert!(names.contains(&json!(name)));
    }
    assert!(scene.watchdog.violations.is_empty());
}
