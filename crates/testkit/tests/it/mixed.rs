//! A load of many kinds at once costs one request to Konnect and two writes in the cluster for each object, and nothing else.

use std::collections::BTreeMap;

use cluster_sim::Subresource;
use kong_driver::{ReplicaId, Schedule};
use kong_model::Method;
use serde_json::Value;
use testkit::document as d;
use testkit::load::{Bill, Good, mixed};
use testkit::sweep::sound;
use testkit::{Act, Scene};

/// A tenth of the load of the bench.
const SERVICES: usize = 100;
const PERIOD: u64 = 60_000;

/// What the engine has asked for since the logs were cleared.
fn sent(scene: &Scene) -> Bill {
    let mut bill = Bill::default();
    for entry in scene.driver.cluster.log() {
        if entry.is_write() && *entry.actor != *"user" {
            let is_status = entry.subresource == Subresource::Status;
            bill.add_write(&entry.resource.plural, &entry.name, is_status);
        }
    }
    for entry in scene.driver.konnect.log() {
        if entry.is_write() && !entry.foreign {
            bill.add_request(entry.method.as_str(), &entry.path);
        }
    }
    bill
}

/// What has been read of Konnect since: lists by their last segment.
fn lists(scene: &Scene) -> BTreeMap<String, usize> {
    let mut lists = BTreeMap::new();
    let log = scene.driver.konnect.log().iter();
    for entry in log.filter(|entry| entry.method == Method::Get) {
        let path = entry.path.split('?').next().unwrap_or_default();
        let last = path.rsplit('/').next().unwrap_or_default();
        *lists.entry(last.to_owned()).or_default() += 1;
    }
    lists
}

fn documents(goods: &[Good], dice: &mut Schedule) -> Vec<Value> {
    let mut documents: Vec<Value> = goods.iter().map(|good| good.document.clone()).collect();
    for at in (1..documents.len()).rev() {
        let other = usize::try_from(dice.below(at as u64 + 1)).unwrap_or(0);
        documents.swap(at, other);
    }
    documents
}

#[test]
fn a_mixed_load_costs_what_is_due_in_any_order_and_nothing_after_it() {
    let goods = mixed(SERVICES);
    let due = Bill::due(&goods);
    for seed in 0..3 {
        let mut scene = Scene::new(Schedule::calm(), sound);
        scene.most_effects = 10 * goods.len() as u64;
        let plane: [Value; 2] = [d::auth("auth").into(), d::plane("cp").into()];
        scene.act(&Act::Apply(plane.to_vec())).unwrap();
        assert!(scene.settle());

        scene.clear_logs();
        let documents = documents(&goods, &mut Schedule::wild(seed));
        scene.act(&Act::Apply(documents)).unwrap();
        assert!(scene.settle(), "the world never rests");
        let complaints = sent(&scene).complaints(&due);
        assert!(complaints.is_empty(), "{}", complaints.join("\n"));
        for good in goods.iter().filter(|good| good.at.is_some()) {
            let key = good.key();
            assert!(scene.is_programmed(&key), "{key}: {}", scene.status(&key));
        }
        assert_eq!(lists(&scene), BTreeMap::new());

        scene.clear_logs();
        scene.run_for(2 * PERIOD);
        scene.restart(ReplicaId(0));
        scene.run_for(2 * PERIOD);
        assert_eq!(sent(&scene), Bill::default());
        assert!(
            scene.watchdog.violations.is_empty(),
            "{:?}",
            scene.watchdog.violations
        );
    }
}
