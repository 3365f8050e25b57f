//! Taking over what is there already (`spec.adopt`), through both simulators.
#![expect(
    clippy::unwrap_used,
    reason = "tests stop where something is not as it has to be, and write their JSON where it is used"
)]

use kong_crds::Kind;
use kong_driver::Schedule;
use kong_model::{Collection, Method, Response};
use kong_resolve::Key;
use konnect_sim::Fault;
use serde_json::{Value, json};
use testkit::act::{Elsewhere, apply, delete};
use testkit::document::{self as d, NAMESPACE};
use testkit::sweep::sound;
use testkit::{Act, Scene};

pub(crate) const ID: &str = "aaaaaaaa-1111-4111-8111-111111111111";
pub(crate) const OTHER: &str = "aaaaaaaa-2222-4222-8222-222222222222";

fn key(name: &str) -> Key {
    Key::new(Kind::KongService, NAMESPACE, name)
}

/// A control plane with what somebody else made in it.
pub(crate) fn scene(theirs: &[(Collection, &str, Value)]) -> Scene {
    let mut scene = Scene::new(Schedule::calm(), sound);
    let base = [Value::from(d::auth("auth")), d::plane("cp").into()];
    scene.act(&apply(base)).unwrap();
    assert!(scene.settle());
    for (at, id, body) in theirs {
        let add = Elsewhere::Add {
            plane: "cp".to_owned(),
            at: *at,
            id: (*id).to_owned(),
            body: body.clone(),
        };
        scene.act(&Act::Elsewhere(add)).unwrap();
    }
    scene.clear_logs();
    scene
}

fn with_service(id: &str, body: &Value) -> Scene {
    scene(&[(Collection::Services, id, body.clone())])
}

pub(crate) fn settle(scene: &mut Scene, documents: impl IntoIterator<Item = impl Into<Value>>) {
    scene.act(&apply(documents)).unwrap();
    assert!(scene.settle());
}

/// Status, reason and message of a condition.
pub(crate) fn said(scene: &Scene, key: &Key, kind: &str) -> (String, String, String) {
    let condition = scene.condition(key, kind);
    let text = |name: &str| condition[name].as_str().unwrap_or_default().to_owned();
    (text("status"), text("reason"), text("message"))
}

/// What was asked of Konnect about services: method and the end of the path.
fn asked(scene: &Scene) -> Vec<String> {
    let log = scene.driver.konnect.log().iter();
    log.filter(|entry| !entry.foreign && entry.path.contains("/services"))
        .map(|entry| {
            let end = entry.path.rsplit('/').next().unwrap_or_default();
            let end = end.split('?').next().unwrap_or_default();
            format!("{} {end}", entry.method)
        })
        .collect()
}

fn service(scene: &Scene, id: &str) -> Value {
    scene.find(Collection::Services, id).unwrap().0
}

#[track_caller]
pub(crate) fn assert_well(scene: &Scene) {
    let broken = &scene.watchdog.violations;
    assert!(broken.is_empty(), "{broken:?}");
}

#[test]
fn what_matches_is_taken_over_without_a_write_and_the_next_edit_writes_everything() {
    let mut scene = with_service(
        ID,
        &json!({"name": "a", "host": "a.test", "tags": ["theirs"]}),
    );
    let before = service(&scene, ID);
    settle(&mut scene, [d::service("a").adopting(ID, "match")]);
    assert_eq!(service(&scene, ID), before);
    assert_eq!(asked(&scene), ["GET services"]);
    assert_eq!(scene.id(&key("a")).as_deref(), Some(ID));
    let (status, reason, message) = said(&scene, &key("a"), "Adopted");
    assert_eq!((&*status, &*reason, &*message), ("True", "Adopted", ""));
    assert!(scene.is_programmed(&key("a")));
    // Finalizer and status.
    assert_eq!(scene.writes_to(&key("a")), 2);

    // Lists and restarts change nothing, neither here nor there.
    scene.run_for(130_000);
    scene.act(&Act::Restart).unwrap();
    assert!(scene.settle());
    scene.run_for(130_000);
    assert_eq!(service(&scene, ID), before);
    assert_eq!(scene.writes_to(&key("a")), 2);

    scene.clear_logs();
    scene
        .edit(&key("a"), json!({"spec": {"retries": 1}}))
        .unwrap();
    assert!(scene.settle());
    let after = service(&scene, ID);
    assert_eq!(after["retries"], 1);
    let tags = after["tags"].to_string();
    assert!(
        tags.contains("k8s-uid:") && !tags.contains("theirs"),
        "{tags}"
    );
    assert_eq!(scene.writes(), (1, 1));
    assert_eq!(said(&scene, &key("a"), "Adopted").0, "True");

    scene.act(&delete([key("a")])).unwrap();
    assert!(scene.settle());
    assert_eq!(scene.entities(Collection::Services), Vec::<Value>::new());
    assert_well(&scene);
}

#[test]
fn what_is_overridden_costs_one_write_also_without_a_mode() {
    for mode in ["override", ""] {
        let mut scene = with_service(
            ID,
            &json!({"name": "old", "host": "old.test", "retries": 9}),
        );
        settle(&mut scene, [d::service("a").adopting(ID, mode)]);
        let held = service(&scene, ID);
        assert_eq!(
            (&held["name"], &held["host"], &held["retries"]),
            (&json!("a"), &json!("a.test"), &json!(5))
        );
        assert_eq!(
            asked(&scene),
            ["GET services".to_owned(), format!("PUT {ID}")]
        );
        assert_eq!(said(&scene, &key("a"), "Adopted").0, "True");
        assert!(scene.is_programmed(&key("a")));
        assert_eq!(scene.writes(), (2, 1));
        assert_well(&scene);
    }
}

#[test]
fn what_differs_is_named_without_being_touched_and_is_taken_over_once_it_matches() {
    let theirs = json!({"name": "a", "host": "b.test", "path": "/x"});
    let mut scene = with_service(ID, &theirs);
    let before = service(&scene, ID);
    settle(&mut scene, [d::service("a").adopting(ID, "match")]);
    let text = format!(
        "Konnect entity (ID: {ID}) does not match the spec of the object when adopting in match mode: \
         it differs in host, path; correct the spec, change the entity in Konnect, or set \
         spec.adopt.mode to override"
    );
    let (status, reason, message) = said(&scene, &key("a"), "Adopted");
    assert_eq!(
        (&*status, &*reason, &*message),
        ("False", "NotMatch", &*text)
    );
    let (status, reason, message) = said(&scene, &key("a"), "Programmed");
    assert_eq!(
        (&*status, &*reason, &*message),
        ("False", "FailedToAdopt", &*text)
    );
    assert_eq!(
        (scene.id(&key("a")), service(&scene, ID)),
        (None, before.clone())
    );

    // A third party comes half of the way, the user the other half.
    let change = Elsewhere::Change {
        at: Collection::Services,
        name: ID.to_owned(),
        members: json!({"host": "a.test"}),
    };
    scene.act(&Act::Elsewhere(change)).unwrap();
    scene.run_for(62_000);
    assert!(
        said(&scene, &key("a"), "Adopted")
            .2
            .contains("it differs in path;")
    );
    scene.clear_logs();
    scene
        .edit(&key("a"), json!({"spec": {"path": "/x"}}))
        .unwrap();
    assert!(scene.settle());
    assert!(scene.is_programmed(&key("a")));
    assert_eq!(scene.writes(), (1, 0));
    assert_well(&scene);
}

#[test]
fn the_mode_can_be_changed_where_match_fails() {
    let mut scene = with_service(ID, &json!({"name": "a", "host": "b.test"}));
    settle(&mut scene, [d::service("a").adopting(ID, "match")]);
    assert_eq!(said(&scene, &key("a"), "Adopted").1, "NotMatch");
    let patch = json!({"spec": {"adopt": {"mode": "override"}}});
    scene.act(&Act::Edit(key("a"), patch)).unwrap();
    assert!(scene.settle());
    assert!(scene.is_programmed(&key("a")));
    assert_eq!(service(&scene, ID)["host"], "a.test");
    assert_well(&scene);
}

#[test]
fn what_is_not_there_is_waited_for_and_its_object_goes_without_a_trace() {
    let mut scene = scene(&[]);
    settle(
        &mut scene,
        [
            d::service("a").adopting(ID, "override"),
            d::service("b").adopting(OTHER, "match"),
        ],
    );
    for (name, id) in [("a", ID), ("b", OTHER)] {
        let start = format!(
            "failed to fetch Konnect entity (ID: {id}) for adoption: there is none among the services"
        );
        let (status, reason, message) = said(&scene, &key(name), "Adopted");
        assert_eq!((&*status, &*reason), ("False", "FetchFailed"));
        assert!(message.starts_with(&start), "{message}");
        assert_eq!(said(&scene, &key(name), "Programmed").1, "FailedToAdopt");
    }
    // One list for both.
    assert_eq!(asked(&scene), ["GET services"]);
    let add = Elsewhere::Add {
        plane: "cp".to_owned(),
        at: Collection::Services,
        id: ID.to_owned(),
        body: json!({"name": "late", "host": "late.test"}),
    };
    scene.act(&Act::Elsewhere(add)).unwrap();
    scene.run_for(62_000);
    assert!(scene.is_programmed(&key("a")));
    scene.act(&delete([key("b")])).unwrap();
    assert!(scene.settle());
    assert_eq!(scene.object(&key("b")), None);
    assert_eq!(scene.entities(Collection::Services).len(), 1);
    assert_well(&scene);
}

#[test]
fn an_object_that_took_nothing_over_deletes_nothing() {
    let mut scene = with_service(ID, &json!({"name": "a", "host": "b.test"}));
    settle(&mut scene, [d::service("a").adopting(ID, "match")]);
    scene.act(&Act::Restart).unwrap();
    scene.act(&delete([key("a")])).unwrap();
    assert!(scene.settle());
    assert_eq!(scene.object(&key("a")), None);
    assert_eq!(service(&scene, ID)["host"], "b.test");
    assert_eq!(scene.writes().1, 0);
    assert_well(&scene);
}

#[test]
fn what_has_the_tag_of_another_object_is_left_to_that() {
    let uid = "aaaaaaaa-bbbb-4ccc-8ddd-000000000009";
    let tags = json!([format!("k8s-uid:{uid}")]);
    let mut scene = with_service(ID, &json!({"name": "a", "host": "a.test", "tags": tags}));
    for mode in ["match", "override"] {
        settle(
            &mut scene,
            [d::service(mode).called("a").adopting(ID, mode)],
        );
        let start =
            format!("Konnect entity (ID: {ID}) is managed by another k8s object with UID {uid}; ");
        let (status, reason, message) = said(&scene, &key(mode), "Adopted");
        assert_eq!((&*status, &*reason), ("False", "UIDConflict"));
        assert!(message.starts_with(&start), "{message}");
        scene.act(&delete([key(mode)])).unwrap();
        assert!(scene.settle());
    }
    assert_eq!(scene.writes().1, 0);
    assert_well(&scene);
}

#[test]
fn of_two_objects_that_ask_for_one_entity_the_older_has_it_whatever_it_was_taken_over_by() {
    for mode in ["match", "override"] {
        let mut scene = with_service(ID, &json!({"name": "x", "host": "x.test"}));
        let object = |name: &str| {
            d::service(name)
                .called("x")
                .host("x.test")
                .adopting(ID, mode)
        };
        settle(&mut scene, [object("z")]);
        settle(&mut scene, [object("a")]);
        assert!(scene.is_programmed(&key("z")));
        let uid = scene.object(&key("z")).unwrap()["metadata"]["uid"].clone();
        let (_, reason, message) = said(&scene, &key("a"), "Adopted");
        assert_eq!(reason, "UIDConflict", "{mode}: {message}");
        assert!(message.contains(uid.as_str().unwrap()), "{message}");
        scene.act(&Act::Restart).unwrap();
        assert!(scene.settle());
        scene.run_for(130_000);
        assert!(scene.is_programmed(&key("z")));
        assert_eq!(said(&scene, &key("a"), "Adopted").1, "UIDConflict");
        assert_well(&scene);
    }
}

#[test]
fn a_list_that_was_read_before_is_read_once_more_for_all_that_are_applied_together() {
    let mut scene = with_service(ID, &json!({"name": "a", "host": "a.test"}));
    settle(&mut scene, [d::service("own")]);
    scene.run_for(62_000);
    scene.clear_logs();
    let many = (0..20).map(|n| {
        d::service(&format!("s{n}")).adopting(&format!("aaaaaaaa-3333-4333-8333-{n:012}"), "match")
    });
    settle(
        &mut scene,
        many.chain([d::service("a").adopting(ID, "match")]),
    );
    assert!(scene.is_programmed(&key("a")));
    let lists = asked(&scene)
        .into_iter()
        .filter(|it| it == "GET services")
        .count();
    assert!(lists <= 2, "{lists}");
    assert_well(&scene);
}

#[test]
fn a_target_is_looked_for_below_its_upstream() {
    let mut scene = scene(&[]);
    settle(
        &mut scene,
        [Value::from(d::upstream("u")), d::upstream("v").into()],
    );
    let upstream = |name: &str| {
        scene
            .id(&Key::new(Kind::KongUpstream, NAMESPACE, name))
            .unwrap()
    };
    let plane = scene
        .id(&Key::new(Kind::KonnectGatewayControlPlane, NAMESPACE, "cp"))
        .unwrap();
    let path = format!(
        "/v2/control-planes/{plane}/core-entities/upstreams/{}/targets/{ID}",
        upstream("u")
    );
    let body = json!({"target": "10.0.0.1:80", "weight": 100});
    let made = scene.third_party(Method::Put, &path, Some(body));
    assert_eq!(made.status, 200, "{made:?}");
    scene
        .watchdog
        .disturbed(Collection::Targets, &scene.driver.konnect);
    settle(
        &mut scene,
        [
            d::target("right", "u", "10.0.0.1:80").adopting(ID, "match"),
            d::target("wrong", "v", "10.0.0.1:80").adopting(ID, "match"),
        ],
    );
    let target = |name: &str| Key::new(Kind::KongTarget, NAMESPACE, name);
    assert!(scene.is_programmed(&target("right")));
    let (_, reason, message) = said(&scene, &target("wrong"), "Adopted");
    assert_eq!(reason, "FetchFailed", "{message}");
    assert_well(&scene);
}

#[test]
fn a_certificate_from_a_secret_is_compared_by_what_konnect_shows() {
    let (cert, key_text) = d::pair("one");
    let body = json!({"cert": cert, "key": key_text});
    let mut scene = scene(&[(Collection::Certificates, ID, body)]);
    let objects: Vec<Value> = vec![
        d::tls_secret("pair", "one").into(),
        d::tls_secret("other", "two").into(),
        d::certificate_from("c", "pair")
            .adopting(ID, "match")
            .into(),
    ];
    settle(&mut scene, objects);
    let certificate = |name: &str| Key::new(Kind::KongCertificate, NAMESPACE, name);
    assert!(
        scene.is_programmed(&certificate("c")),
        "{:?}",
        scene.status(&certificate("c"))
    );
    assert_eq!(scene.writes().1, 0);
    scene.act(&delete([certificate("c")])).unwrap();
    assert!(scene.settle());
    assert_well(&scene);
}

#[test]
fn a_certificate_that_differs_says_so_without_its_key() {
    let (cert, key_text) = d::pair("one");
    let body = json!({"cert": cert, "key": key_text});
    let mut scene = scene(&[(Collection::Certificates, ID, body)]);
    let objects: Vec<Value> = vec![
        d::tls_secret("pair", "two").into(),
        d::certificate_from("c", "pair")
            .adopting(ID, "match")
            .into(),
    ];
    settle(&mut scene, objects);
    let certificate = Key::new(Kind::KongCertificate, NAMESPACE, "c");
    let (_, reason, message) = said(&scene, &certificate, "Adopted");
    assert_eq!(reason, "NotMatch");
    assert!(message.contains("it differs in cert"), "{message}");
    assert_well(&scene);
}

#[test]
fn a_list_that_cannot_be_read_is_what_fails_until_it_can_be() {
    let mut scene = with_service(ID, &json!({"name": "a", "host": "a.test"}));
    let refusal = Response::new(403, json!({"status": 403, "title": "Forbidden"}));
    let fault = Fault::new(Some(Method::Get), "/core-entities/services$", refusal);
    let fault = scene.driver.konnect.script(fault);
    scene
        .act(&apply([d::service("a").adopting(ID, "match")]))
        .unwrap();
    scene.run_for(5_000);
    let (_, reason, message) = said(&scene, &key("a"), "Adopted");
    let start = format!("failed to fetch Konnect entity (ID: {ID}) for adoption: ");
    assert_eq!(reason, "FetchFailed");
    assert!(
        message.starts_with(&start) && message.contains("role"),
        "{message}"
    );
    scene.driver.konnect.unscript(fault);
    scene.run_for(62_000);
    assert!(scene.is_programmed(&key("a")));
    assert_well(&scene);
}

#[test]
fn an_id_that_is_somebody_elses_is_noticed_though_the_list_was_read_before() {
    let mut scene = with_service(ID, &json!({"name": "theirs", "host": "theirs.test"}));
    settle(&mut scene, [d::service("own")]);
    scene.run_for(62_000);
    settle(&mut scene, [d::service("a").with_id(ID)]);
    let (_, reason, message) = said(&scene, &key("a"), "Programmed");
    assert_eq!(reason, "FailedToCreate");
    assert!(
        message.contains("is not managed by this object"),
        "{message}"
    );
    assert_eq!(service(&scene, ID)["host"], "theirs.test");
    assert_well(&scene);
}

#[test]
fn what_was_somebody_elses_when_it_was_listed_holds_nobody_up_once_it_was_taken_over_and_deleted() {
    let mut scene = scene(&[]);
    settle(&mut scene, [d::service("a")]);
    let service = scene.id(&key("a")).unwrap();
    let body = json!({"name": "a", "paths": ["/a"], "service": {"id": service}});
    let add = Elsewhere::Add {
        plane: "cp".to_owned(),
        at: Collection::Routes,
        id: ID.to_owned(),
        body,
    };
    scene.act(&Act::Elsewhere(add)).unwrap();
    settle(&mut scene, [d::route("a").adopting(ID, "match")]);
    let route = Key::new(Kind::KongRoute, NAMESPACE, "a");
    assert!(scene.is_programmed(&route), "{}", scene.status(&route));
    scene.act(&delete([key("a"), route.clone()])).unwrap();
    assert!(scene.settle());
    assert_eq!(
        (scene.object(&key("a")), scene.object(&route)),
        (None, None)
    );
    assert_well(&scene);
}

#[test]
fn a_route_of_another_service_does_not_match() {
    let mut scene = scene(&[]);
    settle(&mut scene, [d::service("a"), d::service("b")]);
    let service = scene.id(&key("b")).unwrap();
    let body = json!({"name": "a", "paths": ["/a"], "service": {"id": service}});
    let add = Elsewhere::Add {
        plane: "cp".to_owned(),
        at: Collection::Routes,
        id: ID.to_owned(),
        body,
    };
    scene.act(&Act::Elsewhere(add)).unwrap();
    settle(&mut scene, [d::route("a").adopting(ID, "match")]);
    let route = Key::new(Kind::KongRoute, NAMESPACE, "a");
    let (_, reason, message) = said(&scene, &route, "Adopted");
    assert_eq!(reason, "NotMatch");
    assert!(message.contains("it differs in service;"), "{message}");
    assert_well(&scene);
}
