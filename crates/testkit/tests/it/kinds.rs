//! What must hold for every kind, from its example: a kind is covered once it has a row and a file.

mod across;
mod ledger;
mod left_alone;
mod taking_over;
mod trial;

use kong_crds::Kind;
use kong_driver::{ReplicaId, Schedule};
use kong_model::Collection;
use kong_resolve::Key;
use serde_json::Value;
use testkit::examples::{Examples, is_judged};
use testkit::scenario::{self, Scenario};
use testkit::sweep::{Care, finish, sound};
use testkit::{Act, Elsewhere, Scene};

use ledger::Ledger;

const PERIOD: u64 = 60_000;
/// Orders in which everything comes and goes.
const SEEDS: u64 = 60;
/// All examples at once are more than a small world.
const MOST_EFFECTS: u64 = 20_000;

#[test]
fn every_served_kind_has_an_example_and_says_how_it_is_edited() {
    let complaints = Examples::get().complaints();
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

/// The life of a kind as the sweep tells it, for all kinds.
fn lives() -> impl Iterator<Item = (Kind, &'static Scenario)> {
    Kind::served().filter_map(|kind| Some((kind, scenario::find(&format!("{kind}-life"))?)))
}

/// The world before the example comes.
fn ground(story: &Scenario) -> Scene {
    let mut scene = Scene::new(Schedule::calm(), sound);
    scene.most_effects = MOST_EFFECTS;
    for act in &story.acts[..story.ground] {
        scene.act(act).expect("the examples are valid");
    }
    assert!(scene.settle(), "{}: the world never rests", story.name);
    scene
}

/// What an act has to cost, and what must be so after it.
fn hold_to(scene: &mut Scene, kind: Kind, act: &Act) -> Vec<String> {
    let key = &Examples::get().of(kind).expect("it has a story").key;
    let before = Ledger::of(scene);
    scene.clear_logs();
    scene.act(act).expect("the examples are valid");
    let after_act = Ledger::of(scene);
    match act {
        Act::Elsewhere(_) => {
            // Not longer than it takes: what takes its time in Konnect may change again by itself.
            for _ in 0..=PERIOD / 1_000 {
                scene.run_for(1_000);
                if Ledger::of(scene).is_like(&before) {
                    break;
                }
            }
            scene.run_for(1_000);
        }
        Act::Restart => scene.run_for(PERIOD / 2),
        _ => {
            let rests = scene.settle();
            assert!(rests, "{kind}, {act:?}: the world never rests");
        }
    }
    let after = Ledger::of(scene);
    let (mut complaints, writes) = (Vec::new(), scene.writes_to(key));
    let mut ask = |holds: bool, what: &str| {
        if !holds {
            complaints.push(format!("{kind}, {act:?}: {what}"));
        }
    };
    let has_entity = scene.id(key).is_some();
    match act {
        Act::Apply(_) if is_judged(kind) => {
            ask(writes == 2 || !has_entity, "not two writes to the object");
            ask(ledger::is_well(scene, key), "it is not programmed");
        }
        Act::Edit(..) if is_judged(kind) => {
            ask(ledger::is_well(scene, key), "it is not programmed");
            ask(
                !has_entity || !after.changed_entities(&before).is_empty(),
                "nothing changes in Konnect; choose an edit that the entity shows",
            );
        }
        Act::Apply(_) | Act::Edit(..) => {
            for user in Examples::get().users(key) {
                let user_is_well = ledger::is_well(scene, &user);
                ask(user_is_well, &format!("{user} is not programmed"));
                if let (Act::Edit(..), Some(uid)) = (act, ledger::uid(scene, &user)) {
                    let reached = after.changed_entities(&before);
                    let mut marks = reached.iter().map(|entity| entity["tags"].to_string());
                    let reached = marks.any(|marks| marks.contains(&uid));
                    ask(reached, &format!("it does not reach the entity of {user}"));
                }
            }
        }
        Act::Elsewhere(elsewhere) => {
            ask(after_act != before, "nothing is different in Konnect");
            let mended = ledger::is_well(scene, key) && after.is_like(&before);
            ask(mended, "it is not mended within a sync period");
            if let Elsewhere::ChangeOf { .. } = elsewhere {
                ask(scene.writes() == (0, 1), "mending takes not one write");
            }
        }
        Act::Restart => ask(scene.writes() == (0, 0), "a restart writes"),
        Act::Delete(keys) => {
            let gone = keys.iter().all(|key| scene.object(key).is_none());
            ask(gone || !is_judged(kind), "it is still there");
        }
        _ => {}
    }
    let bill = after.bill(&before, &after_act, scene);
    complaints.extend(bill.into_iter().map(|it| format!("{kind}, {act:?}: {it}")));
    complaints
}

#[test]
fn each_kind_costs_what_it_has_to_and_not_a_write_more() {
    let mut complaints = Vec::new();
    for (kind, story) in lives() {
        let mut scene = ground(story);
        let pauses = |act: &&Act| !matches!(act, Act::Settle | Act::Wait(_));
        for act in story.acts[story.ground..].iter().filter(pauses) {
            complaints.extend(hold_to(&mut scene, kind, act));
            if scenario::ripens(kind) {
                let before = Ledger::of(&scene);
                scene.clear_logs();
                scene.run_for(2 * PERIOD);
                let bill = Ledger::of(&scene).bill(&before, &before, &scene);
                complaints.extend(
                    bill.into_iter()
                        .map(|it| format!("{kind}, after {act:?}: {it}")),
                );
            }
            scene.clear_logs();
            scene.run_for(2 * PERIOD);
            if scene.writes() != (0, 0) {
                complaints.push(format!("{kind}, after {act:?}: writes without a reason"));
            }
        }
        let broken = scene.watchdog.violations.iter();
        complaints.extend(broken.map(|it| format!("{kind}: {it}")));
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

fn shuffled<T>(mut things: Vec<T>, dice: &mut Schedule) -> Vec<T> {
    for at in (1..things.len()).rev() {
        let other = usize::try_from(dice.below(at as u64 + 1)).unwrap_or(0);
        things.swap(at, other);
    }
    things
}

#[test]
fn all_examples_come_and_go_in_any_order() {
    let examples = Examples::get();
    let keys: Vec<Key> = examples.keys().cloned().collect();
    let mut complaints = Vec::new();
    for seed in 0..SEEDS {
        let mut dice = Schedule::wild(seed);
        let mut scene = Scene::new(Schedule::wild(seed), sound);
        scene.most_effects = MOST_EFFECTS;
        let documents: Vec<Value> = examples.documents().cloned().collect();
        for document in shuffled(documents, &mut dice) {
            let applied = scene.act(&Act::Apply(vec![document]));
            applied.expect("the examples are valid");
            scene.run_for(dice.below(400));
        }
        // Until what Konnect takes its time for is ready, too.
        scene.run_for(2 * PERIOD);
        assert!(scene.settle_within(10 * PERIOD), "seed {seed}");
        let unwell = keys.iter().filter(|key| is_judged(key.kind));
        let unwell = unwell.filter(|key| !ledger::is_well(&scene, key));
        complaints.extend(unwell.map(|key| format!("seed {seed}: {key}: {}", scene.status(key))));
        if seed % 3 == 0 {
            scene.restart(ReplicaId(0));
        }
        for key in shuffled(keys.clone(), &mut dice) {
            let deleted = scene.act(&Act::Delete(vec![key]));
            deleted.expect("everything may be deleted");
            scene.run_for(dice.below(400));
        }
        finish(&mut scene, Care::QUICK);
        let wall = scene.driver.now().wall;
        scene.driver.cluster.collect_garbage(wall);
        let left: Vec<String> = scene.objects().iter().map(Value::to_string).collect();
        complaints.extend(
            left.iter()
                .map(|it| format!("seed {seed}: it is left: {it}")),
        );
        for at in Collection::all() {
            let left = scene.entities(at);
            complaints.extend(
                left.iter()
                    .map(|it| format!("seed {seed}: it is left: {it}")),
            );
        }
        let broken = scene.watchdog.violations.iter();
        complaints.extend(broken.map(|it| format!("seed {seed}: {it}")));
        assert!(complaints.is_empty(), "{}", complaints.join("\n"));
    }
}

#[test]
fn what_nobody_wrote_down_goes_with_its_object() {
    let mut complaints = Vec::new();
    for (kind, story) in lives() {
        let at = kong_translation::collection(kind);
        let Some(at) = at.filter(|at| *at != Collection::Identity) else {
            continue;
        };
        let key = &Examples::get().of(kind).expect("it has a story").key;
        let mut scene = ground(story);
        let before = scene.entities(at).len();
        scene.act(&story.acts[story.ground]).expect("it is valid");
        while scene.entities(at).len() == before {
            let stepped = scene.step(kong_engine::Mono(u64::MAX));
            assert!(stepped.is_some(), "{kind}: it never comes to Konnect");
        }
        assert_eq!(scene.id(key), None, "{kind}: it has been written down");
        // It is there, and before anybody hears of that the object is deleted and the engine dies.
        scene
            .act(&Act::Delete(vec![key.clone()]))
            .expect("it is there");
        scene.restart(ReplicaId(0));
        scene.run_for(2 * PERIOD);
        if scene.object(key).is_some() || scene.entities(at).len() != before {
            complaints.push(format!("{kind}: {:?}", scene.entities(at)));
        }
        let broken = &scene.watchdog.violations;
        complaints.extend(broken.iter().map(|it| format!("{kind}: {it:?}")));
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}
