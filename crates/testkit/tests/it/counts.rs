//! Write counts, read from the simulators' logs: what a thousand objects cost.

use std::collections::BTreeMap;

use kong_crds::Kind;
use kong_driver::{ReplicaId, Schedule};
use kong_model::{Collection, Method};
use kong_resolve::Key;
use serde_json::{Value, json};
use testkit::document::{self as d, NAMESPACE};
use testkit::sweep::sound;
use testkit::{Act, Elsewhere, Scene};

const TARGETS: usize = 1_000;
const PERIOD: u64 = 60_000;

fn name(number: usize) -> String {
    format!("t{number:04}")
}

fn key(kind: Kind, name: &str) -> Key {
    Key::new(kind, NAMESPACE, name)
}

/// Targets and their upstream in an order that no loop would choose, then what they need.
fn shuffled_targets(count: usize) -> Vec<Value> {
    let mut dice = Schedule::wild(4);
    let mut documents: Vec<Value> = (0..count)
        .map(|number| {
            let address = format!("10.{}.{}.1:80", number / 250, number % 250);
            d::target(&name(number), "u", &address).into()
        })
        .collect();
    documents.push(d::upstream("u").into());
    documents.push(d::plane("cp").into());
    documents.push(d::auth("auth").into());
    for at in (1..documents.len()).rev() {
        let other = usize::try_from(dice.below(at as u64 + 1)).unwrap_or(0);
        documents.swap(at, other);
    }
    documents
}

/// Kubernetes writes by object, Konnect writes by method, of engines only.
fn tally(scene: &Scene) -> (BTreeMap<String, usize>, BTreeMap<Method, usize>) {
    let mut objects = BTreeMap::new();
    for entry in scene.driver.cluster.log() {
        if entry.is_write() && *entry.actor != *"user" {
            let object = format!("{}/{}", entry.resource.plural, entry.name);
            *objects.entry(object).or_default() += 1;
        }
    }
    let mut methods = BTreeMap::new();
    for entry in scene.driver.konnect.log() {
        if entry.is_write() && !entry.foreign {
            *methods.entry(entry.method).or_default() += 1;
        }
    }
    (objects, methods)
}

fn world(count: usize) -> Scene {
    let mut scene = Scene::new(Schedule::calm(), sound);
    scene.most_effects = 10 * count as u64;
    scene
        .act(&Act::Apply(shuffled_targets(count)))
        .expect("the manifests are valid");
    assert!(scene.settle_within(3_600_000));
    assert!(
        scene.watchdog.violations.is_empty(),
        "{:?}",
        scene.watchdog.violations
    );
    scene
}

fn lists(scene: &Scene) -> BTreeMap<String, usize> {
    let mut lists = BTreeMap::new();
    for entry in scene.driver.konnect.log() {
        assert_eq!(entry.method, Method::Get, "{entry:?}");
        let path = entry.path.split('?').next().unwrap_or_default();
        let collection = path.rsplit('/').next().unwrap_or_default();
        *lists.entry(collection.to_owned()).or_default() += 1;
    }
    lists
}

#[test]
fn an_object_costs_two_writes_in_the_cluster_and_one_in_konnect() {
    let mut scene = world(TARGETS);
    let (objects, methods) = tally(&scene);
    // Credentials have no entity, and so no status and finalizer of one: theirs says that they are in use.
    let expected: BTreeMap<String, usize> = (0..TARGETS)
        .map(|number| format!("kongtargets/{}", name(number)))
        .chain(
            [
                "kongupstreams/u",
                "konnectgatewaycontrolplanes/cp",
                "konnectapiauthconfigurations/auth",
            ]
            .map(str::to_owned),
        )
        .map(|object| (object, 2))
        .collect();
    assert_eq!(objects, expected);
    assert_eq!(
        methods,
        BTreeMap::from([(Method::Post, 1), (Method::Put, TARGETS + 1)])
    );
    for number in 0..TARGETS {
        assert!(scene.is_programmed(&key(Kind::KongTarget, &name(number))));
    }

    scene.clear_logs();
    let changed = key(Kind::KongTarget, &name(7));
    scene
        .act(&Act::Edit(changed.clone(), json!({"spec": {"weight": 5}})))
        .unwrap();
    assert!(scene.settle());
    let (objects, methods) = tally(&scene);
    assert_eq!(
        objects,
        BTreeMap::from([("kongtargets/t0007".to_owned(), 1)])
    );
    assert_eq!(methods, BTreeMap::from([(Method::Put, 1)]));
    assert!(scene.is_programmed(&changed));

    scene.clear_logs();
    scene.act(&Act::Delete(vec![changed.clone()])).unwrap();
    assert!(scene.settle());
    let (objects, methods) = tally(&scene);
    assert_eq!(
        objects,
        BTreeMap::from([("kongtargets/t0007".to_owned(), 1)])
    );
    assert_eq!(methods, BTreeMap::from([(Method::Delete, 1)]));
    assert_eq!(scene.object(&changed), None);
    assert_eq!(scene.entities(Collection::Targets).len(), TARGETS - 1);
}

#[test]
fn a_restart_and_ten_idle_periods_write_nothing_and_list_page_by_page() {
    let mut scene = world(TARGETS + 1);
    scene.clear_logs();
    scene.restart(ReplicaId(0));
    scene.run_for(PERIOD / 2);
    assert_eq!(scene.writes(), (0, 0));

    scene.clear_logs();
    scene.run_for(10 * PERIOD);
    assert_eq!(scene.writes(), (0, 0));
    // 1,001 targets are two pages of a thousand. What nothing of ours is in is not listed.
    assert_eq!(
        lists(&scene),
        BTreeMap::from([
            ("control-planes".to_owned(), 10),
            ("upstreams".to_owned(), 10),
            ("targets".to_owned(), 20),
        ])
    );
    assert!(
        scene.watchdog.violations.is_empty(),
        "{:?}",
        scene.watchdog.violations
    );
}

#[test]
fn a_wiped_id_comes_back_without_a_creation() {
    let mut scene = Scene::new(Schedule::calm(), sound);
    let own = "44444444-4444-4444-8444-444444444444";
    let documents: Vec<Value> = vec![
        d::auth("auth").into(),
        d::plane("cp").into(),
        d::service("a").with_id(own).into(),
        d::service("b").into(),
    ];
    scene.act(&Act::Apply(documents)).unwrap();
    assert!(scene.settle());
    let (a, b) = (key(Kind::KongService, "a"), key(Kind::KongService, "b"));
    assert_eq!(scene.id(&a).as_deref(), Some(own));
    let before = [scene.id(&a), scene.id(&b)];
    for restart in [false, true] {
        scene.clear_logs();
        for key in [&a, &b] {
            scene.act(&Act::WipeId(key.clone())).unwrap();
            assert_eq!(scene.id(key), None);
        }
        if restart {
            scene.restart(ReplicaId(0));
        }
        assert!(scene.settle());
        assert_eq!([scene.id(&a), scene.id(&b)], before);
        assert_eq!(scene.writes(), (2, 0));
    }
}

#[test]
fn the_id_of_somebody_else_is_refused_with_a_condition() {
    let mut scene = Scene::new(Schedule::calm(), sound);
    let theirs = "55555555-5555-4555-8555-555555555555";
    scene
        .act(&testkit::act::apply([
            Value::from(d::auth("auth")),
            d::plane("cp").into(),
        ]))
        .unwrap();
    assert!(scene.settle());
    scene
        .act(&Act::Elsewhere(Elsewhere::Add {
            plane: "cp".to_owned(),
            at: Collection::Services,
            id: theirs.to_owned(),
            body: json!({"name": "theirs", "host": "theirs.test"}),
        }))
        .unwrap();
    let before = scene.find(Collection::Services, theirs);
    // By then a list has been read: nobody can know what is added the moment before.
    scene.run_for(2 * PERIOD);
    scene
        .act(&testkit::act::apply([d::service("a").with_id(theirs)]))
        .unwrap();
    scene.settle();
    let key = key(Kind::KongService, "a");
    let condition = scene.condition(&key, "Programmed");
    assert_eq!(condition["status"], "False");
    let message = condition["message"].as_str().unwrap();
    assert!(message.contains(theirs), "{message}");
    assert_eq!(scene.find(Collection::Services, theirs), before);
    scene.act(&Act::Delete(vec![key.clone()])).unwrap();
    scene.settle();
    assert_eq!(scene.object(&key), None);
    assert_eq!(scene.find(Collection::Services, theirs), before);
    assert!(
        scene.watchdog.violations.is_empty(),
        "{:?}",
        scene.watchdog.violations
    );
}

#[test]
fn drift_is_healed_within_a_period_and_what_is_foreign_stays() {
    let mut scene = Scene::new(Schedule::calm(), sound);
    let documents: Vec<Value> = vec![
        d::auth("auth").into(),
        d::plane("cp").into(),
        d::service("a").into(),
        d::service("b").into(),
        d::service("c").into(),
    ];
    scene.act(&Act::Apply(documents)).unwrap();
    assert!(scene.settle());
    let foreign = "66666666-6666-4666-8666-666666666666";
    scene
        .act(&Act::Elsewhere(Elsewhere::Add {
            plane: "cp".to_owned(),
            at: Collection::Services,
            id: foreign.to_owned(),
            body: json!({"name": "theirs", "host": "theirs.test"}),
        }))
        .unwrap();
    let services = |scene: &Scene| {
        let mut services = scene.entities(Collection::Services);
        for service in &mut services {
            service["updated_at"] = Value::Null;
            service["created_at"] = Value::Null;
        }
        services
    };
    let well = services(&scene);
    let change = Elsewhere::Change {
        at: Collection::Services,
        name: "a".to_owned(),
        members: json!({"host": "evil.test"}),
    };
    let delete = Elsewhere::Delete {
        at: Collection::Services,
        name: "b".to_owned(),
    };
    scene.clear_logs();
    scene.act(&Act::Elsewhere(change)).unwrap();
    scene.act(&Act::Elsewhere(delete)).unwrap();
    assert_ne!(services(&scene), well);
    scene.run_for(PERIOD + 1_000);
    assert_eq!(services(&scene), well);
    let (_, methods) = tally(&scene);
    assert_eq!(methods, BTreeMap::from([(Method::Put, 2)]));
    assert_eq!(scene.driver.engine(ReplicaId(0)).unwrap().stats().drift, 2);
    assert!(
        scene.watchdog.violations.is_empty(),
        "{:?}",
        scene.watchdog.violations
    );
}
