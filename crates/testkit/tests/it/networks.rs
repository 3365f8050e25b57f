//! Networks of cloud gateways that are named by their ids: looked up in Konnect, waited for, and never written about
//! before anybody has looked.
#![expect(
    clippy::unwrap_used,
    reason = "tests stop where something is not as it has to be, and write their JSON where it is used"
)]

use cluster_sim::{Request, Subresource};
use kong_crds::Kind;
use kong_driver::{ReplicaId, Schedule};
use kong_engine::Mono;
use kong_model::{Collection, Method, Response};
use kong_resolve::Key;
use konnect_sim::Fault;
use serde_json::{Value, json};
use testkit::act::{apply, delete};
use testkit::document::{self as d, NAMESPACE, TOKEN};
use testkit::sweep::sound;
use testkit::{Act, Scene, object_id};

const ID: &str = "bbbbbbbb-1111-4111-8111-111111111111";
const OTHER: &str = "bbbbbbbb-2222-4222-8222-222222222222";
const NETWORKS: &str = "/v2/cloud-gateways/networks";
/// Longer than a sync period.
const PERIOD: u64 = 61_000;

fn key(name: &str) -> Key {
    let kind = Kind::KonnectCloudGatewayDataPlaneGroupConfiguration;
    Key::new(kind, NAMESPACE, name)
}

/// The data planes of a control plane, in the network with this id.
fn groups(name: &str, plane: &str, network: &str) -> Value {
    d::data_planes(name, network).in_plane(plane).into()
}

/// A control plane, and nothing else anywhere.
fn scene() -> Scene {
    let mut scene = Scene::new(Schedule::calm(), sound);
    let base = [
        Value::from(d::auth("auth")),
        d::plane("cp").into(),
        d::plane("other").into(),
    ];
    settle(&mut scene, base);
    scene.clear_logs();
    scene
}

/// The same with a network and data planes in it.
fn running() -> Scene {
    let mut scene = scene();
    show(&mut scene, ID, "ready");
    settle(&mut scene, [groups("a", "cp", ID)]);
    assert!(scene.is_programmed(&key("a")), "{}", told(&scene, "a"));
    scene.clear_logs();
    scene
}

fn settle(scene: &mut Scene, documents: impl IntoIterator<Item = Value>) {
    scene.act(&apply(documents)).unwrap();
    assert!(scene.settle());
}

/// Somebody else has a network, which is in this state until we say otherwise.
fn show(scene: &mut Scene, id: &str, state: &str) {
    let network = json!({
        "name": format!("network-{id}"), "region": "eu-west-1", "state": state,
        "cloud_gateway_provider_account_id": OTHER, "availability_zones": ["euw1-az1"],
        "cidr_block": "10.0.0.0/16", "created_at": "9999",
    });
    scene.show(Collection::Networks, id, &network);
}

/// Somebody else takes a network away, and everything in it.
fn take_away(scene: &mut Scene, id: &str) {
    for configuration in scene.entities(Collection::DataPlaneGroupConfigurations) {
        let emptied = json!({
            "control_plane_id": configuration["control_plane_id"],
            "control_plane_geo": configuration["control_plane_geo"],
            "version": configuration["version"], "dataplane_groups": [],
        });
        let path = "/v2/cloud-gateways/configurations";
        let answer = scene.third_party(Method::Put, path, Some(emptied));
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    let answer = scene.third_party(Method::Delete, &format!("{NETWORKS}/{id}"), None);
    assert_eq!(answer.status, 204, "{answer:?}");
    for at in [
        Collection::DataPlaneGroupConfigurations,
        Collection::Networks,
    ] {
        scene.watchdog.disturbed(at, &scene.driver.konnect);
    }
}

/// Every list of networks fails like this from now on.
fn fail(scene: &mut Scene, status: u16) {
    let response = Response::new(status, json!({"message": "out of order"}));
    let fault = Fault::new(Some(Method::Get), NETWORKS, response);
    scene.driver.konnect.script(fault);
}

/// What is said about the networks: the status of the condition and its message.
fn told(scene: &Scene, name: &str) -> String {
    let said = scene.condition(&key(name), "KonnectNetworkRefsValid");
    let text = |member: &str| said[member].as_str().unwrap_or("?").to_owned();
    format!("{}: {}", text("status"), text("message"))
}

const NOT_THERE: &str = "False: Could not get the referenced KonnectCloudGatewayNetwork \
    <konnectID:bbbbbbbb-1111-4111-8111-111111111111>: there is none with this ID in the organisation of \
    KonnectAPIAuthConfiguration shop/auth; correct spec.dataplane_groups[0].networkRef.konnectID or use a token of \
    the organisation that has it";
const NOT_READY: &str = "False: Referenced KonnectCloudGatewayNetwork \
    <konnectID:bbbbbbbb-1111-4111-8111-111111111111>: is not ready yet, current state: initializing; wait until \
    Konnect has made it ready, which takes a while";
const WELL: &str = "True: Referenced KonnectCloudGatewayNetwork(s) are valid and programmed";

/// How often networks were listed.
fn lists(scene: &Scene) -> usize {
    let log = scene.driver.konnect.log().iter();
    let lists = log.filter(|it| it.path.split('?').next() == Some(NETWORKS) && !it.foreign);
    lists
        .inspect(|it| assert_eq!(it.method, Method::Get))
        .count()
}

/// Which configurations are in Konnect.
fn configurations(scene: &Scene) -> Vec<Value> {
    let all = scene.entities(Collection::DataPlaneGroupConfigurations);
    all.into_iter()
        .map(|mut it| it["dataplane_group_config"][0]["cloud_gateway_network_id"].take())
        .collect()
}

fn unharmed(scene: &Scene) {
    let violations = &scene.watchdog.violations;
    assert!(violations.is_empty(), "{violations:?}");
}

#[test]
fn a_network_is_waited_for_until_it_is_there_and_ready() {
    let mut scene = scene();
    settle(&mut scene, [groups("a", "cp", ID)]);
    let rests = |scene: &mut Scene, said: &str| {
        scene.run_for(PERIOD);
        assert_eq!(told(scene, "a"), said);
        let programmed = scene.condition(&key("a"), "Programmed");
        assert_eq!(programmed["reason"], "ConditionWithStatusFalseExists");
        assert_eq!(configurations(scene), [Value::Null; 0]);
        assert_eq!(scene.writes().1, 0, "nothing is written to Konnect");
    };
    rests(&mut scene, NOT_THERE);
    show(&mut scene, ID, "initializing");
    rests(&mut scene, NOT_READY);
    let writes = scene.writes_to(&key("a"));
    scene.run_for(3 * PERIOD);
    assert_eq!(
        scene.writes_to(&key("a")),
        writes,
        "the same is not said again"
    );
    show(&mut scene, ID, "ready");
    scene.run_for(PERIOD);
    assert_eq!(told(&scene, "a"), WELL);
    assert!(scene.is_programmed(&key("a")));
    assert_eq!(configurations(&scene), [json!(ID)]);
    assert_eq!(scene.writes().1, 1);
    unharmed(&scene);
}

#[test]
fn a_network_that_is_no_longer_ready_holds_up_edits_alone() {
    let mut scene = running();
    show(&mut scene, ID, "initializing");
    scene.run_for(PERIOD);
    assert_eq!(told(&scene, "a"), NOT_READY);
    assert!(!scene.is_programmed(&key("a")));
    let edit = json!({"spec": {"version": "3.13"}});
    scene.act(&Act::Edit(key("a"), edit)).unwrap();
    scene.run_for(PERIOD);
    assert_eq!(scene.writes().1, 0);
    assert_eq!(configurations(&scene), [json!(ID)]);
    show(&mut scene, ID, "ready");
    scene.run_for(PERIOD);
    assert!(scene.is_programmed(&key("a")));
    let held = scene.entities(Collection::DataPlaneGroupConfigurations);
    assert_eq!(held[0]["version"], "3.13");
    assert_eq!(scene.writes().1, 1);
    unharmed(&scene);
}

#[test]
fn what_somebody_took_away_with_its_network_comes_again_with_it() {
    let mut scene = running();
    take_away(&mut scene, ID);
    scene.run_for(2 * PERIOD);
    assert_eq!(told(&scene, "a"), NOT_THERE);
    assert!(!scene.is_programmed(&key("a")));
    assert_eq!(
        scene.writes().1,
        0,
        "nothing is created in a network that is gone"
    );
    show(&mut scene, ID, "ready");
    scene.run_for(2 * PERIOD);
    assert!(scene.is_programmed(&key("a")));
    assert_eq!(configurations(&scene), [json!(ID)]);
    unharmed(&scene);
}

#[test]
fn a_list_that_cannot_be_read_says_why_and_all_goes_on_once_it_can() {
    let unreadable = |scene: &mut Scene, why: &str| {
        settle_or_wait(scene, [groups("a", "cp", ID)]);
        let start = format!(
            "False: Could not get the referenced KonnectCloudGatewayNetwork <konnectID:{ID}>: "
        );
        let said = told(scene, "a");
        assert!(said.starts_with(&start) && said.ends_with(why), "{said}");
        assert!(!scene.is_programmed(&key("a")));
        assert_eq!(scene.writes().1, 0);
    };
    let recovers = |scene: &mut Scene| {
        scene.run_for(2 * PERIOD);
        assert!(scene.is_programmed(&key("a")), "{}", told(scene, "a"));
        assert_eq!(told(scene, "a"), WELL);
        unharmed(scene);
    };
    let mut refused = scene();
    show(&mut refused, ID, "ready");
    refused.driver.konnect.forbid(TOKEN, NETWORKS);
    unreadable(
        &mut refused,
        "give the token the role that it needs in Konnect",
    );
    refused.driver.konnect.permit(TOKEN);
    recovers(&mut refused);

    let mut broken = scene();
    show(&mut broken, ID, "ready");
    fail(&mut broken, 500);
    unreadable(&mut broken, "it is tried again");
    broken.driver.konnect.clear_faults();
    recovers(&mut broken);

    // What was seen before stands, as what is known of our own entities does.
    fail(&mut broken, 500);
    broken.clear_logs();
    broken.run_for(5 * PERIOD);
    assert!(broken.is_programmed(&key("a")));
    assert_eq!(broken.writes(), (0, 0));
}

/// Applies, and gives everything that lasts the time to be said.
fn settle_or_wait(scene: &mut Scene, documents: impl IntoIterator<Item = Value>) {
    scene.act(&apply(documents)).unwrap();
    scene.run_for(PERIOD);
}

#[test]
fn a_restart_writes_nothing_whatever_the_lists_say() {
    let calm: fn(&mut Scene) = |_| {};
    let forbidden: fn(&mut Scene) = |scene| scene.driver.konnect.forbid(TOKEN, NETWORKS);
    let broken: fn(&mut Scene) = |scene| fail(scene, 500);
    let refused: fn(&mut Scene) = |scene| scene.driver.konnect.revoke_token(TOKEN);
    for disturb in [calm, forbidden, broken, refused] {
        let mut scene = running();
        let before = scene.status(&key("a"));
        disturb(&mut scene);
        scene.restart(ReplicaId(0));
        scene.run_for(3 * PERIOD);
        assert_eq!(scene.status(&key("a")), before);
        assert_eq!(scene.writes_to(&key("a")), 0);
        assert_eq!(scene.writes().1, 0);
        unharmed(&scene);
    }
    let mut waiting = scene();
    show(&mut waiting, ID, "initializing");
    settle_or_wait(&mut waiting, [groups("a", "cp", ID)]);
    let mut bereft = scene();
    settle_or_wait(&mut bereft, [groups("a", "cp", ID)]);
    for (mut scene, said) in [(running(), WELL), (waiting, NOT_READY), (bereft, NOT_THERE)] {
        assert_eq!(told(&scene, "a"), said);
        scene.clear_logs();
        scene.restart(ReplicaId(0));
        scene.run_for(3 * PERIOD);
        assert_eq!(scene.writes(), (0, 0), "{said}");
        assert!(lists(&scene) > 0, "it looks all the same");
    }
}

#[test]
fn a_token_that_is_refused_changes_nothing_about_what_is_there() {
    let mut scene = running();
    let before = scene.status(&key("a"));
    scene.driver.konnect.revoke_token(TOKEN);
    scene.run_for(3 * PERIOD);
    assert_eq!(scene.status(&key("a")), before);
    scene.driver.konnect.register_token(TOKEN, "default");
    scene.run_for(3 * PERIOD);
    assert_eq!(scene.status(&key("a")), before);
    assert_eq!(scene.writes_to(&key("a")), 0);
    assert_eq!(scene.writes().1, 0);
    unharmed(&scene);
}

#[test]
fn an_edit_that_nobody_saw_waits_after_a_restart_until_somebody_has_looked() {
    let mut scene = running();
    scene.driver.kill(ReplicaId(0));
    let edit = json!({"spec": {"version": "3.13"}});
    scene.act(&Act::Edit(key("a"), edit)).unwrap();
    scene.driver.konnect.forbid(TOKEN, NETWORKS);
    scene.restart(ReplicaId(0));
    scene.run_for(PERIOD);
    assert_eq!(scene.writes().1, 0);
    assert!(!scene.is_programmed(&key("a")));
    assert!(told(&scene, "a").starts_with("False: Could not get the referenced"));
    scene.driver.konnect.permit(TOKEN);
    scene.run_for(2 * PERIOD);
    assert!(scene.is_programmed(&key("a")));
    assert_eq!(scene.writes().1, 1);
    unharmed(&scene);
}

#[test]
fn one_list_a_period_tells_everybody_and_nobody_when_nobody_asks() {
    let mut scene = scene();
    show(&mut scene, ID, "ready");
    show(&mut scene, OTHER, "ready");
    scene.run_for(2 * PERIOD);
    assert_eq!(lists(&scene), 0, "nobody asks for networks");
    settle(
        &mut scene,
        [groups("a", "cp", ID), groups("b", "other", ID)],
    );
    assert_eq!(lists(&scene), 1);
    scene.clear_logs();
    scene.run_for(3 * PERIOD);
    assert_eq!(lists(&scene), 3);
    scene.clear_logs();
    // Another one is looked at when it is asked for, and not when the period is over.
    let edit = json!({"spec": groups("b", "other", OTHER)["spec"]});
    scene.act(&Act::Edit(key("b"), edit)).unwrap();
    scene.run_for(1_000);
    assert_eq!(lists(&scene), 1);
    assert!(scene.is_programmed(&key("b")));
    scene.act(&delete([key("a"), key("b")])).unwrap();
    assert!(scene.settle());
    scene.clear_logs();
    scene.run_for(5 * PERIOD);
    assert_eq!(lists(&scene), 0);
    unharmed(&scene);
}

#[test]
fn a_list_that_nobody_needs_any_more_is_not_tried_again() {
    let mut scene = scene();
    scene.driver.konnect.forbid(TOKEN, NETWORKS);
    settle_or_wait(&mut scene, [groups("a", "cp", ID)]);
    assert!(lists(&scene) > 1);
    scene.act(&delete([key("a")])).unwrap();
    assert!(scene.settle(), "there is nothing left to do");
    assert!(scene.object(&key("a")).is_none());
    scene.clear_logs();
    scene.run_for(5 * PERIOD);
    assert_eq!(lists(&scene), 0);
    unharmed(&scene);
}

#[test]
fn a_network_of_an_object_can_be_named_by_its_id() {
    let mut scene = scene();
    settle(&mut scene, [d::network("mine").into()]);
    let network = Key::new(Kind::KonnectCloudGatewayNetwork, NAMESPACE, "mine");
    let id = scene.id(&network).unwrap();
    settle_or_wait(&mut scene, [groups("a", "cp", &id)]);
    scene.run_for(PERIOD);
    assert!(scene.is_programmed(&key("a")), "{}", told(&scene, "a"));
    assert_eq!(configurations(&scene), [json!(id)]);
    // Both go, the network after what is in it.
    scene.act(&delete([network.clone(), key("a")])).unwrap();
    scene.run_for(2 * PERIOD);
    assert!(scene.object(&network).is_none() && scene.object(&key("a")).is_none());
    assert_eq!(scene.entities(Collection::Networks), [Value::Null; 0]);
    unharmed(&scene);
}

#[test]
fn a_deletion_waits_for_no_network() {
    let gone: fn(&mut Scene) = |scene| take_away(scene, ID);
    let forbidden: fn(&mut Scene) = |scene| scene.driver.konnect.forbid(TOKEN, NETWORKS);
    let broken: fn(&mut Scene) = |scene| fail(scene, 500);
    for disturb in [gone, forbidden, broken] {
        for restarts in [false, true] {
            let mut scene = running();
            disturb(&mut scene);
            if restarts {
                scene.restart(ReplicaId(0));
            }
            scene.run_for(PERIOD);
            scene.act(&delete([key("a")])).unwrap();
            scene.run_for(10_000);
            assert!(scene.object(&key("a")).is_none());
            let held = scene.entities(Collection::DataPlaneGroupConfigurations);
            assert_eq!(held, [Value::Null; 0]);
            unharmed(&scene);
        }
    }
}

#[test]
fn what_is_emptied_is_looked_at_first_also_in_a_control_plane_that_was_just_made() {
    let mut scene = running();
    let plane = Key::new(Kind::KonnectGatewayControlPlane, NAMESPACE, "cp");
    let id = scene.id(&key("a")).unwrap();
    scene.act(&delete([plane.clone()])).unwrap();
    scene.run_for(PERIOD);
    assert!(scene.object(&plane).is_none());
    show(&mut scene, ID, "initializing");
    scene.run_for(PERIOD);
    scene.restart(ReplicaId(0));
    scene.act(&apply([d::plane("cp")])).unwrap();
    scene.run_for(5_000);
    assert!(scene.is_programmed(&plane));
    // The new control plane has nothing in it. Somebody puts an old status back, which says otherwise.
    assert_eq!(scene.id(&key("a")), None);
    let patched = scene.driver.request(Request::Patch {
        object: object_id(&key("a")),
        version: None,
        patch: json!({"status": {"id": id}}),
        subresource: Subresource::Status,
    });
    patched.unwrap();
    scene.run_for(1_000);
    scene.act(&delete([plane.clone(), key("a")])).unwrap();
    scene.run_for(PERIOD);
    assert!(scene.object(&key("a")).is_none());
    assert!(scene.object(&plane).is_none());
    unharmed(&scene);
}

#[test]
fn who_takes_over_looks_for_itself() {
    let mut scene = running();
    let standby = scene.driver.add_replica();
    scene.run_for(PERIOD);
    scene.driver.kill(ReplicaId(0));
    show(&mut scene, ID, "initializing");
    scene.elect(standby, 2, Mono(u64::MAX));
    scene.run_for(10_000);
    assert_eq!(told(&scene, "a"), NOT_READY);
    assert_eq!(scene.writes().1, 0);
    show(&mut scene, ID, "ready");
    scene.run_for(PERIOD);
    assert!(scene.is_programmed(&key("a")));
    unharmed(&scene);
}
