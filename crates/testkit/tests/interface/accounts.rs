//! Credentials: several for one organisation, and those that Konnect refuses.

use kong_crds::Kind;
use kong_driver::{ReplicaId, Schedule};
use kong_model::{Collection, Method, Response};
use kong_resolve::Key;
use konnect_sim::Fault;
use serde_json::{Value, json};
use testkit::act::{apply, delete};
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

#[test]
fn a_control_plane_has_no_finalizer_before_its_token_is_good() {
    let plane = key(Kind::KonnectGatewayControlPlane, "cp");
    let mut scene = Scene::new(Schedule::calm(), sound);
    scene.driver.konnect.revoke_token(d::TOKEN);
    scene
        .act(&apply([
            Value::from(d::auth("auth")),
            d::plane("cp").into(),
        ]))
        .unwrap();
    scene.settle();
    let finalizers =
        |scene: &Scene| scene.object(&plane).unwrap()["metadata"]["finalizers"].clone();
    assert_eq!(finalizers(&scene), Value::Null);
    assert_eq!(scene.condition(&plane, "APIAuthValid")["status"], "False");
    scene.act(&Act::Accept(d::TOKEN.to_owned())).unwrap();
    scene.run_for(150_000);
    assert_eq!(
        finalizers(&scene),
        json!(["gateway.konghq.com/konnect-cleanup"])
    );
    assert!(scene.is_programmed(&plane));
    assert!(scene.watchdog.violations.is_empty());
}

#[test]
fn a_write_that_konnect_does_not_authorise_is_told_although_the_token_is_good() {
    let service = key(Kind::KongService, "a");
    let mut scene = scene([Value::from(d::auth("auth")), d::plane("cp").into()]);
    let body = json!({"message": "Unauthorized", "status": 401});
    let refusal = Response::new(401, body);
    let fault = Fault::new(Some(Method::Put), "/services/", refusal);
    let fault = scene.driver.konnect.script(fault);
    scene.act(&apply([d::service("a")])).unwrap();
    scene.run_for(60_000);
    let said = scene.condition(&service, "Programmed");
    assert_eq!(said["reason"], "FailedToCreate");
    let message = said["message"].as_str().unwrap();
    let expected = "failed to create KongService shop/a: Konnect does not accept the token; put a valid \
                    token into KonnectAPIAuthConfiguration shop/auth";
    assert_eq!(message, expected);
    scene.driver.konnect.unscript(fault);
    scene.run_for(150_000);
    assert!(scene.is_programmed(&service));
}

#[test]
fn without_a_good_token_nothing_is_said_that_only_konnect_could_tell_again() {
    let (first, second) = (key(Kind::KongService, "a"), key(Kind::KongService, "b"));
    let mut scene = scene([
        Value::from(d::token_secret("token", "kpat_canary_cut_off")),
        d::auth_from_secret("auth", "token").into(),
        d::plane("cp").into(),
        d::service("a").called("shop").into(),
        d::service("b").called("shop").into(),
    ]);
    let said = |scene: &Scene, key| scene.condition(key, "Programmed")["message"].clone();
    let taken = said(&scene, &second);
    assert!(
        taken.as_str().unwrap().contains("name \"shop\" is taken"),
        "{taken}"
    );
    let secret = key(Kind::Secret, "token");
    let finalizers = json!({"metadata": {"finalizers": null}});
    scene.edit(&secret, finalizers).unwrap();
    scene.act(&delete([secret])).unwrap();
    scene.run_for(60_000);
    let general = Value::from("Some conditions have status set to False");
    assert_eq!(said(&scene, &second), general);
    scene.clear_logs();
    scene.restart(ReplicaId(0));
    scene.run_for(60_000);
    assert_eq!(scene.writes(), (0, 0));
    scene
        .act(&apply([d::token_secret("token", "kpat_canary_cut_off")]))
        .unwrap();
    scene.run_for(150_000);
    assert!(scene.is_programmed(&first));
    assert_eq!(said(&scene, &second), taken);
}
