//! Names and everything at once: what Konnect never has to refuse.

use kong_crds::Kind;
use kong_driver::Schedule;
use kong_model::Collection;
use kong_resolve::Key;
use konnect_sim::Entry;
use serde_json::{Value, json};
use testkit::act::{Elsewhere, apply, delete};
use testkit::document::{self as d, NAMESPACE, key_of};
use testkit::sweep::sound;
use testkit::{Act, Scene};

fn key(name: &str) -> Key {
    Key::new(Kind::KongService, NAMESPACE, name)
}

fn shop(services: impl IntoIterator<Item = Value>) -> Scene {
    let mut scene = Scene::new(Schedule::calm(), sound);
    let base = [Value::from(d::auth("auth")), d::plane("cp").into()];
    scene
        .act(&apply(base.into_iter().chain(services)))
        .expect("the manifests are valid");
    assert!(scene.settle());
    scene.clear_logs();
    scene
}

/// What Konnect refused.
fn refusals(scene: &Scene) -> Vec<&Entry> {
    let log = scene.driver.konnect.log().iter();
    log.filter(|entry| entry.status >= 400).collect()
}

fn names(scene: &Scene) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let services = scene.entities(Collection::Services);
    let mut names: Vec<_> = services
        .iter()
        .map(|service| (text(&service["name"]), text(&service["host"])))
        .collect();
    names.sort();
    names
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = |(name, host): &(&str, &str)| ((*name).to_owned(), (*host).to_owned());
    pairs.iter().map(owned).collect()
}

#[test]
fn a_name_can_be_had_again_in_the_same_breath() {
    let mut scene = shop([d::service("a").called("shop").host("old.test").into()]);
    scene.act(&delete([key("a")])).unwrap();
    scene
        .act(&apply([d::service("b").called("shop").host("new.test")]))
        .unwrap();
    assert!(scene.settle());
    assert_eq!(names(&scene), pairs(&[("shop", "new.test")]));
    assert!(scene.is_programmed(&key("b")));
    assert_eq!(refusals(&scene), Vec::<&Entry>::new());

    // The same object once more, and its next incarnation right behind it.
    scene.act(&delete([key("b")])).unwrap();
    while scene.object(&key("b")).is_some() {
        assert!(scene.step(kong_engine::Mono(u64::MAX)).is_some());
    }
    scene
        .act(&apply([d::service("b").called("shop").host("third.test")]))
        .unwrap();
    assert!(scene.settle());
    assert_eq!(names(&scene), pairs(&[("shop", "third.test")]));
    assert!(scene.is_programmed(&key("b")));
    assert_eq!(refusals(&scene), Vec::<&Entry>::new());
    assert!(
        scene.watchdog.violations.is_empty(),
        "{:?}",
        scene.watchdog.violations
    );
}

#[test]
fn two_and_three_services_swap_their_names_in_one_apply() {
    for cycle in [&["a", "b"][..], &["a", "b", "c"]] {
        let own = |name: &&str| Value::from(d::service(name).host(&format!("{name}.test")));
        let mut scene = shop(cycle.iter().map(own));
        let next = |at: usize| cycle[(at + 1) % cycle.len()];
        let swapped = cycle.iter().enumerate().map(|(at, name)| {
            let service = d::service(name).called(next(at));
            service.host(&format!("{name}.test"))
        });
        scene.act(&apply(swapped)).unwrap();
        assert!(scene.settle());
        let mut expected: Vec<(String, String)> = cycle
            .iter()
            .enumerate()
            .map(|(at, name)| (next(at).to_owned(), format!("{name}.test")))
            .collect();
        expected.sort();
        assert_eq!(names(&scene), expected);
        assert_eq!(refusals(&scene), Vec::<&Entry>::new());
        for name in cycle {
            assert!(scene.is_programmed(&key(name)), "{name}");
        }
        // One of the ring steps aside, which is one write more.
        assert_eq!(scene.writes().1, cycle.len() + 1);
        assert!(
            scene.watchdog.violations.is_empty(),
            "{:?}",
            scene.watchdog.violations
        );
    }
}

#[test]
fn of_two_objects_with_one_name_the_older_has_it_and_the_other_says_so() {
    let mut scene = shop([]);
    scene.act(&apply([d::service("z").called("shop")])).unwrap();
    // Ages count in seconds.
    scene
        .driver
        .advance_to(scene.driver.now().mono.after(1_500));
    scene.act(&apply([d::service("a").called("shop")])).unwrap();
    scene.settle();
    assert!(scene.is_programmed(&key("z")));
    let condition = scene.condition(&key("a"), "Programmed");
    assert_eq!(condition["status"], "False");
    let message = condition["message"].as_str().unwrap();
    assert!(message.contains("shop/z"), "{message}");
    assert_eq!(scene.entities(Collection::Services).len(), 1);
    assert_eq!(refusals(&scene), Vec::<&Entry>::new());

    scene.act(&delete([key("z")])).unwrap();
    assert!(scene.settle());
    assert!(scene.is_programmed(&key("a")));
    assert_eq!(names(&scene), pairs(&[("shop", "a.test")]));
    assert_eq!(refusals(&scene), Vec::<&Entry>::new());
    assert!(
        scene.watchdog.violations.is_empty(),
        "{:?}",
        scene.watchdog.violations
    );
}

#[test]
fn in_a_row_that_waits_for_names_everybody_says_who_is_in_the_way() {
    let mut scene = shop(["a", "b", "c"].map(|name| Value::from(d::service(name))));
    let foreign = Elsewhere::Add {
        plane: "cp".to_owned(),
        at: Collection::Services,
        id: "5a5a5a5a-0000-4000-8000-000000000001".to_owned(),
        body: json!({"name": "x", "host": "x.test"}),
    };
    scene.act(&Act::Elsewhere(foreign)).unwrap();
    scene.run_for(70_000);
    scene.clear_logs();
    // Each wants the name of the one before, and the first one that of somebody else.
    let row = [("a", "x"), ("b", "a"), ("c", "b")];
    scene
        .act(&apply(row.map(|(own, name)| d::service(own).called(name))))
        .unwrap();
    scene.run_for(5_000);
    for (own, name) in row {
        let said = scene.condition(&key(own), "Programmed");
        assert_eq!(said["reason"], "FailedToUpdate", "{own}: {said}");
        let taken = format!("name \"{name}\" is taken by ");
        assert!(said["message"].as_str().unwrap().contains(&taken), "{said}");
    }
    let gone = Elsewhere::Delete {
        at: Collection::Services,
        name: "x".to_owned(),
    };
    scene.act(&Act::Elsewhere(gone)).unwrap();
    scene.run_for(70_000);
    for (own, _) in row {
        assert!(scene.is_programmed(&key(own)), "{own}");
    }
    assert_eq!(refusals(&scene), Vec::<&Entry>::new());
    assert!(
        scene.watchdog.violations.is_empty(),
        "{:?}",
        scene.watchdog.violations
    );
}

#[test]
fn one_command_deletes_credentials_and_all_that_needs_them() {
    let documents: Vec<Value> = vec![
        d::token_secret("token", "kpat_canary_drain").into(),
        d::auth_from_secret("auth", "token").into(),
        d::plane("cp").into(),
        d::tls_secret("pair", "one").into(),
        d::certificate_from("c", "pair").into(),
        d::plugin("limit").into(),
        d::service("a").showing("c").using_plugins("limit").into(),
        d::route("a").using_plugins("limit").into(),
        d::upstream("u").showing("c").into(),
        d::target("t1", "u", "10.0.0.1:80").into(),
        d::target("t2", "u", "10.0.0.2:80").into(),
        d::plane("member").into(),
        d::group("all", &["member"]).into(),
    ];
    let keys: Vec<Key> = documents.iter().filter_map(key_of).collect();
    // In the order of the manifests, and the other way round.
    for backwards in [false, true] {
        let mut scene = Scene::new(Schedule::calm(), sound);
        scene.act(&Act::Apply(documents.clone())).unwrap();
        assert!(scene.settle());
        let bound = |key: &&Key| {
            !matches!(
                key.kind,
                Kind::Secret | Kind::KongPlugin | Kind::KonnectAPIAuthConfiguration
            )
        };
        for key in keys.iter().filter(bound) {
            assert!(scene.is_programmed(key), "{key}: {}", scene.status(key));
        }
        scene.clear_logs();
        let mut order = keys.clone();
        if backwards {
            order.reverse();
        }
        scene.act(&delete(order)).unwrap();
        assert!(scene.settle());
        assert_eq!(scene.objects(), Vec::<Value>::new());
        for at in Collection::all() {
            assert_eq!(scene.entities(at), Vec::<Value>::new());
        }
        assert_eq!(refusals(&scene), Vec::<&Entry>::new());
        // One deletion an entity: nine in "cp" and three control planes; plugins may go with what they
        // are for.
        let deletions = scene.writes().1;
        assert!((8..=12).contains(&deletions), "{deletions}");
        assert!(
            scene.watchdog.violations.is_empty(),
            "{:?}",
            scene.watchdog.violations
        );
    }
}
