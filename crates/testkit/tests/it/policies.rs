//! What is done about drift, and what stays when its object goes: `konduit/drift` and
//! `konduit/deletion-policy`.
#![expect(
    clippy::needless_pass_by_value,
    clippy::unwrap_used,
    reason = "tests stop where something is not as it has to be, and write their JSON where it is used"
)]

use kong_crds::Kind;
use kong_crds::names::DRIFT_ANNOTATION;
use kong_driver::{ReplicaId, Schedule};
use kong_model::Collection;
use kong_resolve::Key;
use serde_json::{Value, json};
use testkit::act::{Elsewhere, apply, delete};
use testkit::document::{self as d, NAMESPACE};
use testkit::sweep::sound;
use testkit::{Act, Scene};

/// A sync period and a little.
const PERIOD: u64 = 62_000;
const ID: &str = "aaaaaaaa-1111-4111-8111-111111111111";

fn key(kind: Kind, name: &str) -> Key {
    Key::new(kind, NAMESPACE, name)
}

fn service(name: &str) -> Key {
    key(Kind::KongService, name)
}

fn scene(objects: impl IntoIterator<Item = Value>) -> Scene {
    let mut scene = Scene::new(Schedule::calm(), sound);
    let base = [Value::from(d::auth("auth")), d::plane("cp").into()];
    scene.act(&apply(base.into_iter().chain(objects))).unwrap();
    assert!(scene.settle());
    scene.clear_logs();
    scene
}

fn change(scene: &mut Scene, at: Collection, name: &str, members: Value) {
    let name = name.to_owned();
    let change = Elsewhere::Change { at, name, members };
    scene.act(&Act::Elsewhere(change)).unwrap();
}

fn delete_in_konnect(scene: &mut Scene, at: Collection, name: &str) {
    let name = name.to_owned();
    scene
        .act(&Act::Elsewhere(Elsewhere::Delete { at, name }))
        .unwrap();
}

fn annotate(scene: &mut Scene, key: &Key, name: &str, value: Value) {
    scene
        .edit(key, json!({"metadata": {"annotations": {name: value}}}))
        .unwrap();
}

/// Reason and message of a condition that is True; nothing without one.
fn warns(scene: &Scene, key: &Key, kind: &str) -> Option<(String, String)> {
    let condition = scene.condition(key, kind);
    let text = |name: &str| condition[name].as_str().unwrap_or_default().to_owned();
    (condition["status"] == "True").then(|| (text("reason"), text("message")))
}

fn host(scene: &Scene, name: &str) -> Value {
    scene.find(Collection::Services, name).unwrap().0["host"].clone()
}

fn stats(scene: &Scene) -> (u64, u64) {
    let stats = scene.driver.engine(ReplicaId(0)).unwrap().stats();
    (stats.drift, stats.drift_left)
}

#[track_caller]
fn assert_well(scene: &Scene) {
    let broken = &scene.watchdog.violations;
    assert!(broken.is_empty(), "{broken:?}");
}

#[test]
fn drift_is_mended_left_with_a_warning_or_left_in_silence() {
    let mut scene = scene([
        d::service("a").into(),
        d::service("b").on_drift("warn").into(),
        d::service("c").on_drift("ignore").into(),
    ]);
    for name in ["a", "b", "c"] {
        change(
            &mut scene,
            Collection::Services,
            name,
            json!({"host": "evil.test", "retries": 9}),
        );
    }
    scene.run_for(PERIOD);
    assert_eq!(
        [host(&scene, "a"), host(&scene, "b"), host(&scene, "c")],
        ["a.test", "evil.test", "evil.test"]
    );
    let id = scene.id(&service("b")).unwrap();
    let (reason, message) = warns(&scene, &service("b"), "Drifted").unwrap();
    assert_eq!(reason, "Changed");
    let start =
        format!("the entity with ID {id} in services is not as it was left: host, retries; ");
    assert!(message.starts_with(&start), "{message}");
    for name in ["a", "b", "c"] {
        assert!(scene.is_programmed(&service(name)));
    }
    assert_eq!(
        (
            warns(&scene, &service("a"), "Drifted"),
            warns(&scene, &service("c"), "Drifted")
        ),
        (None, None)
    );
    assert_eq!(stats(&scene), (1, 1));
    // One healed; one condition. Nothing more, ever, and nothing after a restart.
    assert_eq!(scene.writes(), (1, 1));
    scene.run_for(3 * PERIOD);
    scene.act(&Act::Restart).unwrap();
    assert!(scene.settle());
    scene.run_for(3 * PERIOD);
    assert_eq!(scene.writes(), (1, 1));
    assert_eq!(
        warns(&scene, &service("b"), "Drifted"),
        Some((reason, message))
    );
    assert_well(&scene);
}

#[test]
fn an_edit_of_the_object_is_written_whatever_has_drifted() {
    for policy in ["warn", "ignore"] {
        let mut scene = scene([d::service("a").on_drift(policy).into()]);
        change(
            &mut scene,
            Collection::Services,
            "a",
            json!({"host": "evil.test"}),
        );
        scene.run_for(PERIOD);
        assert_eq!(host(&scene, "a"), "evil.test");
        scene
            .edit(&service("a"), json!({"spec": {"retries": 7}}))
            .unwrap();
        assert!(scene.settle());
        assert_eq!(host(&scene, "a"), "a.test");
        assert_eq!(warns(&scene, &service("a"), "Drifted"), None);
        // Also one that was made while nobody was there.
        change(
            &mut scene,
            Collection::Services,
            "a",
            json!({"host": "evil.test"}),
        );
        scene.run_for(PERIOD);
        scene
            .edit(&service("a"), json!({"spec": {"retries": 8}}))
            .unwrap();
        scene.act(&Act::Restart).unwrap();
        assert!(scene.settle());
        assert_eq!(host(&scene, "a"), "a.test", "{policy}");
        assert_well(&scene);
    }
}

#[test]
fn what_was_deleted_comes_back_with_the_next_edit_or_another_policy() {
    for policy in ["warn", "ignore"] {
        let mut scene = scene([
            d::service("a").on_drift(policy).into(),
            d::service("b").on_drift(policy).into(),
        ]);
        let ids = [scene.id(&service("a")), scene.id(&service("b"))];
        delete_in_konnect(&mut scene, Collection::Services, "a");
        delete_in_konnect(&mut scene, Collection::Services, "b");
        scene.run_for(2 * PERIOD);
        assert_eq!(scene.entities(Collection::Services), Vec::<Value>::new());
        assert_eq!([scene.id(&service("a")), scene.id(&service("b"))], ids);
        let warning = warns(&scene, &service("a"), "Drifted").map(|(reason, _)| reason);
        assert_eq!(warning.as_deref(), (policy == "warn").then_some("Gone"));
        scene.act(&Act::Restart).unwrap();
        assert!(scene.settle());
        scene.run_for(PERIOD);
        assert_eq!(scene.writes().1, 0);

        scene
            .edit(&service("a"), json!({"spec": {"retries": 7}}))
            .unwrap();
        annotate(&mut scene, &service("b"), DRIFT_ANNOTATION, Value::Null);
        assert!(scene.settle());
        assert_eq!(scene.entities(Collection::Services).len(), 2, "{policy}");
        assert_eq!([scene.id(&service("a")), scene.id(&service("b"))], ids);
        assert_eq!(warns(&scene, &service("a"), "Drifted"), None);
        assert_well(&scene);
    }
}

#[test]
fn what_is_gone_and_left_so_can_be_deleted_and_is_named_to_those_who_need_it() {
    let mut scene = scene([
        d::service("a").on_drift("ignore").into(),
        d::service("b").on_drift("warn").into(),
    ]);
    delete_in_konnect(&mut scene, Collection::Services, "a");
    delete_in_konnect(&mut scene, Collection::Services, "b");
    scene.run_for(PERIOD);
    scene.act(&apply([d::route("a")])).unwrap();
    scene.act(&delete([service("b")])).unwrap();
    assert!(scene.settle());
    assert_eq!(scene.object(&service("b")), None);
    let route = key(Kind::KongRoute, "a");
    let said = scene.condition(&route, "Programmed");
    let start =
        "failed to create KongRoute shop/a: KongService shop/a is gone from Konnect and stays so";
    assert!(
        said["message"].as_str().unwrap().starts_with(start),
        "{said}"
    );
    annotate(
        &mut scene,
        &service("a"),
        DRIFT_ANNOTATION,
        json!("enforce"),
    );
    assert!(scene.settle());
    assert!(scene.is_programmed(&route));
    assert_well(&scene);
}

#[test]
fn the_policy_of_a_control_plane_is_for_all_in_it_that_has_none_of_its_own() {
    let limit = || d::plugin("limit");
    let mut scene = Scene::new(Schedule::calm(), sound);
    let objects: Vec<Value> = vec![
        d::auth("auth").into(),
        d::plane("cp").on_drift("warn").into(),
        limit().into(),
        d::service("a").using_plugins("limit").into(),
        d::service("b").on_drift("enforce").into(),
    ];
    scene.act(&apply(objects)).unwrap();
    assert!(scene.settle());
    change(
        &mut scene,
        Collection::Services,
        "a",
        json!({"host": "evil.test"}),
    );
    change(
        &mut scene,
        Collection::Services,
        "b",
        json!({"host": "evil.test"}),
    );
    change(
        &mut scene,
        Collection::Plugins,
        "rate-limiting",
        json!({"config": {"minute": 9}}),
    );
    let plane = key(Kind::KonnectGatewayControlPlane, "cp");
    change(
        &mut scene,
        Collection::ControlPlanes,
        "cp",
        json!({"description": "evil"}),
    );
    scene.run_for(2 * PERIOD);
    assert_eq!(
        [host(&scene, "a"), host(&scene, "b")],
        ["evil.test", "b.test"]
    );
    let (_, message) = warns(&scene, &service("a"), "Drifted").unwrap();
    assert!(
        message.contains("in services is not as it was left: host"),
        "{message}"
    );
    assert!(
        message.contains("in plugins is not as it was left: config"),
        "{message}"
    );
    assert!(
        warns(&scene, &plane, "Drifted").is_none(),
        "a description that we do not set is not ours"
    );

    // What the plugin says is an edit of its own, also if nobody was there to see it.
    scene
        .edit(
            &Key::new(Kind::KongPlugin, NAMESPACE, "limit"),
            json!({"config": {"minute": 6}}),
        )
        .unwrap();
    scene.act(&Act::Restart).unwrap();
    assert!(scene.settle());
    let plugin = scene.find(Collection::Plugins, "rate-limiting").unwrap().0;
    assert_eq!(plugin["config"]["minute"], 6);

    annotate(&mut scene, &plane, DRIFT_ANNOTATION, json!("sometimes"));
    assert!(scene.settle());
    assert_eq!(host(&scene, "a"), "a.test");
    let (reason, message) = warns(&scene, &plane, "PolicyUnknown").unwrap();
    assert_eq!(reason, "UnknownValue");
    assert!(
        message.contains("konduit/drift") && message.contains("enforce, warn, ignore"),
        "{message}"
    );
    assert!(scene.is_programmed(&plane));
    assert_eq!(warns(&scene, &service("a"), "Drifted"), None);
    assert_well(&scene);
}

#[test]
fn a_control_plane_that_is_gone_is_left_gone_with_everything_in_it() {
    let mut scene = Scene::new(Schedule::calm(), sound);
    let objects: Vec<Value> = vec![
        d::auth("auth").into(),
        d::plane("cp").on_drift("warn").into(),
        d::service("a").into(),
    ];
    scene.act(&apply(objects)).unwrap();
    assert!(scene.settle());
    let plane = key(Kind::KonnectGatewayControlPlane, "cp");
    let id = scene.id(&plane);
    delete_in_konnect(&mut scene, Collection::ControlPlanes, "cp");
    scene.clear_logs();
    scene.run_for(3 * PERIOD);
    assert_eq!(scene.id(&plane), id);
    for key in [&plane, &service("a")] {
        assert_eq!(
            warns(&scene, key, "Drifted")
                .map(|(reason, _)| reason)
                .as_deref(),
            Some("Gone")
        );
    }
    scene.act(&apply([d::service("b")])).unwrap();
    assert!(scene.settle());
    let said = scene.condition(&service("b"), "Programmed");
    assert!(
        said["message"]
            .as_str()
            .unwrap()
            .contains("KonnectGatewayControlPlane shop/cp is gone"),
        "{said}"
    );
    assert_eq!(scene.writes().1, 0);
    scene.act(&Act::Restart).unwrap();
    assert!(scene.settle());
    scene.run_for(PERIOD);
    assert_eq!(scene.writes().1, 0);

    annotate(&mut scene, &plane, DRIFT_ANNOTATION, Value::Null);
    assert!(scene.settle());
    for key in [&plane, &service("a"), &service("b")] {
        assert!(scene.is_programmed(key), "{key}: {}", scene.status(key));
    }
    assert_ne!(scene.id(&plane), id);
    assert_well(&scene);
}

#[test]
fn a_retained_entity_stays_with_its_plugins_and_costs_one_write() {
    let mut scene = scene([
        d::plugin("limit").into(),
        d::service("a").retained().using_plugins("limit").into(),
    ]);
    let before = (
        scene.entities(Collection::Services),
        scene.entities(Collection::Plugins),
    );
    scene.act(&delete([service("a")])).unwrap();
    assert!(scene.settle());
    assert_eq!(scene.object(&service("a")), None);
    // Finalizers of the service and of the plugin that it had.
    assert_eq!(scene.writes(), (2, 0));
    scene.run_for(2 * PERIOD);
    assert_eq!(
        (
            scene.entities(Collection::Services),
            scene.entities(Collection::Plugins)
        ),
        before
    );
    assert_well(&scene);
}

#[test]
fn what_was_retained_is_met_by_name_and_can_be_taken_over_by_the_object_made_anew() {
    for mode in ["override", "match"] {
        let mut scene = scene([d::service("a").with_id(ID).retained().into()]);
        scene.act(&delete([service("a")])).unwrap();
        assert!(scene.settle());
        scene.act(&apply([d::service("a")])).unwrap();
        assert!(scene.settle());
        let said = scene.condition(&service("a"), "Programmed");
        let message = said["message"].as_str().unwrap();
        assert!(
            message.contains("name \"a\" is taken by") && message.contains("spec.adopt"),
            "{message}"
        );

        scene.act(&delete([service("a")])).unwrap();
        assert!(scene.settle());
        scene.clear_logs();
        scene
            .act(&apply([d::service("a").adopting(ID, mode)]))
            .unwrap();
        assert!(scene.settle());
        assert!(
            scene.is_programmed(&service("a")),
            "{}",
            scene.status(&service("a"))
        );
        assert_eq!(scene.writes().1, usize::from(mode == "override"));
        scene.run_for(2 * PERIOD);
        scene.act(&Act::Restart).unwrap();
        assert!(scene.settle());
        scene.run_for(2 * PERIOD);
        assert!(scene.is_programmed(&service("a")));
        // It is like any other from now on.
        scene.act(&delete([service("a")])).unwrap();
        assert!(scene.settle());
        assert_eq!(
            scene.entities(Collection::Services),
            Vec::<Value>::new(),
            "{mode}"
        );
        assert_well(&scene);
    }
}

#[test]
fn what_was_retained_is_not_taken_over_by_an_object_of_another_name() {
    let mut scene = scene([d::service("a").with_id(ID).retained().into()]);
    scene.act(&delete([service("a")])).unwrap();
    assert!(scene.settle());
    scene
        .act(&apply([d::service("b")
            .called("a")
            .adopting(ID, "override")]))
        .unwrap();
    assert!(scene.settle());
    let said = scene.condition(&service("b"), "Adopted");
    assert_eq!(said["reason"], "UIDConflict");
    let message = said["message"].as_str().unwrap();
    assert!(
        message.contains("that was KongService shop/a and is not here"),
        "{message}"
    );
    assert_well(&scene);
}

#[test]
fn what_a_retained_route_keeps_from_being_deleted_names_it() {
    let mut scene = scene([d::service("a").into(), d::route("a").retained().into()]);
    let route = scene.id(&key(Kind::KongRoute, "a")).unwrap();
    scene
        .act(&delete([key(Kind::KongRoute, "a"), service("a")]))
        .unwrap();
    assert!(scene.settle());
    assert_eq!(scene.object(&key(Kind::KongRoute, "a")), None);
    let said = scene.condition(&service("a"), "Programmed");
    assert_eq!(said["reason"], "KonnectAPIOpFailed");
    let text = format!(
        "failed to delete KongService shop/a: the entity with ID {route} in routes, which belongs to \
         KongRoute shop/a with UID "
    );
    let message = said["message"].as_str().unwrap();
    assert!(
        message.starts_with(&text) && message.contains("still refers to it; delete that"),
        "{message}"
    );
    assert_eq!(scene.writes().1, 0, "Konnect would refuse it");
    delete_in_konnect(&mut scene, Collection::Routes, "a");
    scene.run_for(PERIOD);
    assert_eq!(scene.object(&service("a")), None);
    assert_well(&scene);
}

#[test]
fn who_is_below_what_stays_is_not_deleted_along_and_is_waited_for() {
    let mut scene = scene([
        d::upstream("u").retained().into(),
        d::target("t", "u", "10.0.0.1:80").into(),
    ]);
    let upstream = key(Kind::KongUpstream, "u");
    let target = key(Kind::KongTarget, "t");
    scene.act(&delete([upstream.clone()])).unwrap();
    assert!(scene.settle());
    assert_eq!(scene.entities(Collection::Targets).len(), 1);
    let said = scene.condition(&upstream, "Programmed");
    let message = said["message"].as_str().unwrap();
    assert!(
        message.contains("KongTarget shop/t still refers to it"),
        "{message}"
    );
    scene.act(&delete([target.clone()])).unwrap();
    assert!(scene.settle());
    assert_eq!(
        (scene.object(&upstream), scene.object(&target)),
        (None, None)
    );
    assert_eq!(scene.entities(Collection::Targets), Vec::<Value>::new());
    assert_eq!(scene.entities(Collection::Upstreams).len(), 1);
    assert_well(&scene);
}

#[test]
fn a_retained_control_plane_stays_and_what_is_not_retained_in_it_goes() {
    let mut scene = Scene::new(Schedule::calm(), sound);
    let objects: Vec<Value> = vec![
        d::auth("auth").into(),
        d::plane("cp").retained().into(),
        d::service("a").into(),
        d::service("b").retained().into(),
    ];
    scene.act(&apply(objects)).unwrap();
    assert!(scene.settle());
    let plane = key(Kind::KonnectGatewayControlPlane, "cp");
    let auth = key(Kind::KonnectAPIAuthConfiguration, "auth");
    scene
        .act(&delete([
            auth.clone(),
            plane.clone(),
            service("a"),
            service("b"),
        ]))
        .unwrap();
    assert!(scene.settle());
    for key in [&plane, &auth, &service("a"), &service("b")] {
        assert_eq!(scene.object(key), None, "{key}");
    }
    assert_eq!(scene.entities(Collection::ControlPlanes).len(), 1);
    let left: Vec<Value> = scene.entities(Collection::Services);
    assert_eq!(left.len(), 1);
    assert_eq!(left[0]["name"], "b");
    assert_well(&scene);
}

#[test]
fn what_is_retained_by_mistake_can_be_deleted_later_and_not_the_other_way_round() {
    let mut scene = scene([d::service("a")
        .annotated("konduit/deletion-policy", "Retain")
        .into()]);
    let (_, message) = warns(&scene, &service("a"), "PolicyUnknown").unwrap();
    assert!(
        message.ends_with("until then it counts as retain"),
        "{message}"
    );
    scene.act(&delete([service("a")])).unwrap();
    assert!(scene.settle());
    assert_eq!(scene.entities(Collection::Services).len(), 1);
    assert_well(&scene);
}
