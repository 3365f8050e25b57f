//! Consumers: in which groups they are, and passwords of which Konnect shows a hash only.
#![expect(
    clippy::unwrap_used,
    reason = "tests stop where something is not as it has to be"
)]

use kong_crds::Kind;
use kong_model::{Collection, Method, Response};
use kong_resolve::Key;
use konnect_sim::Fault;
use serde_json::{Value, json};
use testkit::act::apply;
use testkit::document::{self as d, NAMESPACE};
use testkit::{Act, Scene};

use crate::adoption::{ID, OTHER, assert_well, said, scene, settle};

/// Somebody does something to what is in the control plane, and it works.
fn by_hand(scene: &mut Scene, method: Method, path: &str, body: Option<Value>) -> Value {
    let (_, plane) = scene.find(Collection::ControlPlanes, "cp").unwrap();
    let path = format!("/v2/control-planes/{plane}/core-entities/{path}");
    let answer = scene.third_party(method, &path, body);
    assert!(answer.status < 300, "{answer:?}");
    answer.body
}

/// How often we have written to such a path.
fn writes(scene: &Scene, part: &str) -> usize {
    let log = scene.driver.konnect.log().iter();
    let ours = log.filter(|it| !it.foreign && it.is_write() && it.path.contains(part));
    ours.count()
}

/// It is not taken over, since it is other than it says in this.
#[track_caller]
fn assert_differs(scene: &Scene, key: &Key, member: &str) {
    let (status, reason, message) = said(scene, key, "Adopted");
    assert_eq!((&*status, &*reason), ("False", "NotMatch"));
    let differs = format!("it differs in {member};");
    assert!(message.contains(&differs), "{message}");
}

#[test]
fn a_consumer_matches_only_in_the_groups_that_it_names() {
    let mut scene = scene(&[(Collection::Consumers, ID, json!({"username": "anna"}))]);
    let key = Key::new(Kind::KongConsumer, NAMESPACE, "anna");
    let anna = d::consumer("anna")
        .in_groups(&["gold"])
        .adopting(ID, "match");
    settle(
        &mut scene,
        [
            Value::from(d::consumer_group("gold")),
            d::consumer_group("silver").into(),
            anna.into(),
        ],
    );
    assert_differs(&scene, &key, "consumerGroups");

    // Somebody takes the consumer into the group, and it matches.
    let (_, gold) = scene.find(Collection::ConsumerGroups, "gold").unwrap();
    let members = format!("consumer_groups/{gold}/consumers");
    by_hand(
        &mut scene,
        Method::Post,
        &members,
        Some(json!({"consumer": ID})),
    );
    scene.run_for(130_000);
    assert_eq!(said(&scene, &key, "Adopted").0, "True");
    assert!(scene.is_programmed(&key));
    assert_eq!(writes(&scene, "/consumers"), 0);
    assert_well(&scene);
}

#[test]
fn a_group_that_is_nobodys_counts_as_well_and_is_left_alone() {
    let mut scene = scene(&[(Collection::Consumers, ID, json!({"username": "anna"}))]);
    let bob = Key::new(Kind::KongConsumer, NAMESPACE, "bob");
    settle(&mut scene, [d::consumer("bob")]);
    let bob = scene.id(&bob).unwrap();
    let theirs = by_hand(
        &mut scene,
        Method::Post,
        "consumer_groups",
        Some(json!({"name": "theirs"})),
    );
    let members = format!(
        "consumer_groups/{}/consumers",
        theirs["id"].as_str().unwrap()
    );
    for id in [ID, bob.as_str()] {
        by_hand(
            &mut scene,
            Method::Post,
            &members,
            Some(json!({"consumer": id})),
        );
    }
    scene.clear_logs();
    let key = Key::new(Kind::KongConsumer, NAMESPACE, "anna");
    settle(&mut scene, [d::consumer("anna").adopting(ID, "match")]);
    scene.run_for(130_000);
    assert_differs(&scene, &key, "consumerGroups");
    let out = format!("{members}/{ID}");
    by_hand(&mut scene, Method::Delete, &out, None);
    scene.run_for(130_000);
    assert!(scene.is_programmed(&key), "{}", scene.status(&key));
    // Where others were put is none of our business.
    let there = scene
        .driver
        .konnect
        .entities(Collection::ConsumerGroupMembers, None);
    assert_eq!(there.count(), 1);
    assert_eq!(writes(&scene, "/consumers"), 0);
    assert_well(&scene);
}

/// The credential of anna that adopts one if told so.
fn password(password: &str, adopts: Option<&str>) -> Value {
    let mut credential = json!({
        "apiVersion": "configuration.konghq.com/v1alpha1", "kind": "KongCredentialBasicAuth",
        "metadata": {"name": "password", "namespace": NAMESPACE},
        "spec": {"consumerRef": {"name": "anna"}, "username": "anna", "password": password},
    });
    if let Some(id) = adopts {
        credential["spec"]["adopt"] =
            json!({"from": "konnect", "mode": "match", "konnect": {"id": id}});
    }
    credential
}

#[test]
fn a_credential_matches_by_the_hash_of_its_password() {
    let mut scene = scene(&[(Collection::Consumers, OTHER, json!({"username": "anna"}))]);
    let path = format!("consumers/{OTHER}/basic-auth/{ID}");
    let body = json!({"username": "anna", "password": "correct-horse"});
    by_hand(&mut scene, Method::Put, &path, Some(body));
    let konnect = &scene.driver.konnect;
    scene.watchdog.disturbed(Collection::BasicAuths, konnect);
    let key = Key::new(Kind::KongCredentialBasicAuth, NAMESPACE, "password");
    let anna = d::consumer("anna").adopting(OTHER, "match");
    settle(
        &mut scene,
        [anna.into(), password("battery-staple", Some(ID))],
    );
    assert_differs(&scene, &key, "password");
    settle(&mut scene, [password("correct-horse", Some(ID))]);
    assert!(scene.is_programmed(&key), "{:?}", scene.status(&key));
    assert_eq!(scene.writes().1, 0);
    assert_well(&scene);
}

#[test]
fn a_password_that_changed_while_nothing_ran_is_sent_after_the_start() {
    let secret = |password: &str| {
        json!({
            "apiVersion": "v1", "kind": "Secret", "type": "Opaque",
            "metadata": {
                "name": "password", "namespace": NAMESPACE,
                "labels": {"konghq.com/credential": "basic-auth", "konghq.com/secret": "true"},
            },
            "stringData": {"username": "anna", "password": password},
        })
    };
    let anna = d::consumer("anna").with("credentials", json!(["password"]));
    let mut scene = scene(&[]);
    settle(&mut scene, [secret("correct-horse"), anna.into()]);
    let key = Key::new(Kind::KongConsumer, NAMESPACE, "anna");
    assert!(scene.is_programmed(&key), "{:?}", scene.status(&key));

    scene.clear_logs();
    scene.act(&Act::Restart).unwrap();
    assert!(scene.settle());
    assert_eq!(scene.writes(), (0, 0), "as it was left");

    scene.act(&apply([secret("battery-staple")])).unwrap();
    scene.act(&Act::Restart).unwrap();
    assert!(scene.settle());
    assert_eq!((scene.writes().1, writes(&scene, "/basic-auth")), (1, 1));
    let consumer = scene.id(&key).unwrap();
    let held = scene
        .driver
        .konnect
        .entities(Collection::BasicAuths, None)
        .next()
        .unwrap();
    let hash = kong_model::password::hash(consumer.as_str(), "battery-staple");
    assert_eq!(held.1["password"], *hash);
    scene.run_for(130_000);
    assert_eq!(writes(&scene, "/basic-auth"), 1);
    assert_well(&scene);
}

#[test]
fn a_start_before_anything_was_said_leaves_who_is_in_which_group() {
    let mut scene = scene(&[]);
    settle(
        &mut scene,
        [
            Value::from(d::consumer_group("gold")),
            d::consumer("anna").in_groups(&["gold"]).into(),
        ],
    );
    let key = Key::new(Kind::KongConsumer, NAMESPACE, "anna");
    assert!(scene.is_programmed(&key), "{}", scene.status(&key));
    // What is in Konnect is known, and nothing else was written down.
    let gold = Key::new(Kind::KongConsumerGroup, NAMESPACE, "gold");
    let plane = Key::new(Kind::KonnectGatewayControlPlane, NAMESPACE, "cp");
    for key in [key.clone(), gold, plane] {
        let mut object = scene.object(&key).unwrap();
        object["status"]["conditions"] = json!([]);
        scene.act(&Act::Plant(object)).unwrap();
    }
    // Until the control plane has been found nobody in it can be judged.
    let busy = Response::new(503, json!({"message": "busy"}));
    let fault = Fault::new(Some(Method::Get), "^/v2/control-planes$", busy);
    scene.driver.konnect.script(Fault {
        times: Some(2),
        ..fault
    });
    scene.clear_logs();
    scene.act(&Act::Restart).unwrap();
    scene.run_for(130_000);
    assert!(scene.is_programmed(&key), "{}", scene.status(&key));
    assert_eq!(scene.writes().1, 0);
    assert_well(&scene);
}
