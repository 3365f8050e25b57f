//! Bindings that Kong's operator made for an annotation: what they have in Konnect becomes a part of the
//! service that carries the annotation, under the id that it has.

use cluster_sim::{Request, Subresource, WriteOptions};
use kong_crds::Kind;
use kong_driver::{ReplicaId, Schedule};
use kong_engine::Engine;
use kong_model::{Collection, Method};
use kong_resolve::Key;
use serde_json::{Value, json};
use testkit::act::{apply, delete};
use testkit::document::{self as d, NAMESPACE};
use testkit::faults::{FAULTS, FaultPlan};
use testkit::picture::{Detail, Picture};
use testkit::sweep::{Care, finish, sound};
use testkit::watchdog::By;
use testkit::{Act, Rule, Scene};

/// The id that the plugin has in Konnect.
const ID: &str = "5a5a5a5a-0000-4000-8000-000000000001";

fn service() -> Key {
    Key::new(Kind::KongService, NAMESPACE, "a")
}

fn plugin() -> Key {
    Key::new(Kind::KongPlugin, NAMESPACE, "limit")
}

fn binding() -> Key {
    Key::new(Kind::KongPluginBinding, NAMESPACE, "limit-x7f2k")
}

fn annotation(names: Option<&str>) -> Value {
    json!({"metadata": {"annotations": {"konghq.com/plugins": names}}})
}

/// A world as Kong's operator leaves it: the service `a` with the annotation, the binding, the plugin in
/// Konnect. `recorded` is whether the operator still wrote the id into the status.
fn left_by_kongs_operator(recorded: bool) -> Scene<Engine> {
    let mut scene = Scene::new(Schedule::calm(), sound);
    let base = [
        Value::from(d::auth("auth")),
        d::plane("cp").into(),
        d::plugin("limit").into(),
        d::service("a").into(),
    ];
    scene.act(&apply(base)).unwrap();
    assert!(scene.settle());
    let plane = Key::new(Kind::KonnectGatewayControlPlane, NAMESPACE, "cp");
    let plane_id = scene.id(&plane).unwrap();
    let service_id = scene.id(&service()).unwrap();
    // Nothing below is seen by an engine before it starts anew.
    scene.edit(&service(), annotation(Some("limit"))).unwrap();
    let finalizers = json!([
        "gateway.konghq.com/konnect-cleanup",
        "gateway.konghq.com/cleanup-plugin-binding"
    ]);
    let marked = json!({"metadata": {"finalizers": finalizers}});
    scene.edit(&service(), marked).unwrap();
    let used = json!({"metadata": {"finalizers": ["gateway.konghq.com/plugin-in-use"]}});
    let owner = scene.edit(&plugin(), used).unwrap()["metadata"]["uid"].clone();
    let mut document = d::plugin_binding("limit-x7f2k", "limit")
        .to_service("a")
        .build();
    let reference = json!({
        "apiVersion": "configuration.konghq.com/v1", "kind": "KongPlugin", "name": "limit",
        "uid": owner, "blockOwnerDeletion": true,
    });
    document["metadata"]["generateName"] = json!("limit-");
    document["metadata"]["ownerReferences"] = json!([reference]);
    document["metadata"]["finalizers"] = json!(["gateway.konghq.com/konnect-cleanup"]);
    let options = WriteOptions::STRICT;
    let request = Request::Create { document, options };
    let made = scene.driver.request(request).unwrap();
    let uid = made["metadata"]["uid"].as_str().unwrap();
    let body = json!({
        "name": "rate-limiting", "config": {"minute": 5}, "enabled": true,
        "service": {"id": service_id},
        "tags": [
            "k8s-generation:1", "k8s-group:configuration.konghq.com", "k8s-kind:KongPluginBinding",
            "k8s-name:limit-x7f2k", format!("k8s-namespace:{NAMESPACE}"), format!("k8s-uid:{uid}"),
            "k8s-version:v1alpha1", "managed-by:kong-operator",
        ],
    });
    let path = format!("/v2/control-planes/{plane_id}/core-entities/plugins/{ID}");
    assert_eq!(
        scene.third_party(Method::Put, &path, Some(body)).status,
        200
    );
    if recorded {
        let programmed = json!({
            "type": "Programmed", "status": "True", "reason": "Programmed", "message": "",
            "observedGeneration": 1, "lastTransitionTime": "2023-11-14T22:13:20Z",
        });
        let status = json!({"status": {
            "conditions": [programmed], "konnect": {"id": ID, "controlPlaneID": plane_id},
        }});
        let request = Request::Patch {
            object: testkit::object_id(&binding()),
            version: None,
            patch: status,
            subresource: Subresource::Status,
        };
        scene.driver.request(request).unwrap();
    }
    let (cluster, konnect) = (&scene.driver.cluster, &scene.driver.konnect);
    scene.watchdog.look(cluster, konnect, By::User);
    scene.clear_logs();
    scene.restart(ReplicaId(0));
    scene
}

/// The writes of engines to plugins: method and id.
fn writes(scene: &Scene) -> Vec<(String, String)> {
    let log = scene.driver.konnect.log().iter();
    log.filter(|entry| entry.is_write() && !entry.foreign && entry.path.contains("/plugins"))
        .map(|entry| {
            let id = entry.path.rsplit('/').next().unwrap_or_default();
            (entry.method.to_string(), id.to_owned())
        })
        .collect()
}

fn wrote(method: &str) -> Vec<(String, String)> {
    vec![(method.to_owned(), ID.to_owned())]
}

/// The rules that were broken. The binding is Programmed as a part of the service, which is not what the
/// rule about Programmed looks for.
fn broken(scene: &Scene) -> Vec<String> {
    let violations = scene.watchdog.violations.iter().filter(|violation| {
        violation.rule != Rule::Programmed || !violation.how.starts_with("KongPluginBinding")
    });
    violations.map(ToString::to_string).collect()
}

fn finalizers(scene: &Scene, key: &Key) -> Value {
    scene.object(key).unwrap()["metadata"]["finalizers"].clone()
}

fn tags(scene: &Scene) -> String {
    let plugins = scene.entities(Collection::Plugins);
    assert_eq!(plugins.len(), 1, "{plugins:?}");
    assert_eq!(plugins[0]["id"], ID);
    plugins[0]["tags"].to_string()
}

#[test]
fn the_plugin_of_a_binding_becomes_the_services_own_under_its_id() {
    for recorded in [true, false] {
        let mut scene = left_by_kongs_operator(recorded);
        assert!(scene.settle());
        assert_eq!(writes(&scene), wrote("PUT"));
        let uid = scene.object(&service()).unwrap()["metadata"]["uid"].clone();
        let owner = format!("konduit-owner:{}", uid.as_str().unwrap());
        assert!(tags(&scene).contains(&owner), "{}", tags(&scene));
        assert_eq!(finalizers(&scene, &binding()), json!(null));
        let own = json!(["gateway.konghq.com/konnect-cleanup"]);
        assert_eq!(finalizers(&scene, &service()), own);
        assert!(scene.is_programmed(&service()) && scene.is_programmed(&binding()));
        let said = scene.condition(&binding(), "TargetRefsValid");
        assert_eq!(said["status"], "True");
        let message = said["message"].as_str().unwrap();
        assert!(
            message.ends_with("is not used and may be deleted"),
            "{message}"
        );
        // Whoever goes back to Kong's operator finds the id where it was.
        assert_eq!(scene.id(&binding()).as_deref(), recorded.then_some(ID));
        assert_eq!(broken(&scene), Vec::<String>::new());

        scene.clear_logs();
        scene.restart(ReplicaId(0));
        assert!(scene.settle());
        scene.run_for(150_000);
        assert_eq!(scene.writes(), (0, 0));
        let edit = json!({"config": {"minute": 9}});
        scene.edit(&plugin(), edit).unwrap();
        assert!(scene.settle());
        assert_eq!(writes(&scene), wrote("PUT"));
        assert_eq!(broken(&scene), Vec::<String>::new());
    }
}

#[test]
fn the_id_stays_when_the_binding_is_deleted_and_everything_starts_again() {
    let mut scene = left_by_kongs_operator(true);
    scene.act(&delete([binding()])).unwrap();
    assert!(scene.settle());
    assert_eq!(scene.object(&binding()), None);
    assert_eq!(writes(&scene), wrote("PUT"));
    scene.clear_logs();
    for _ in 0..2 {
        scene.restart(ReplicaId(0));
        assert!(scene.settle());
    }
    assert_eq!(scene.writes(), (0, 0));
    assert!(tags(&scene).contains("k8s-kind:KongPlugin\""));
    assert_eq!(broken(&scene), Vec::<String>::new());
}

#[test]
fn a_plugin_that_no_annotation_asks_for_any_more_goes_with_its_binding_left_to_say_so() {
    // Before the take-over, and after it.
    for settled in [false, true] {
        let mut scene = left_by_kongs_operator(true);
        if settled {
            assert!(scene.settle());
        }
        scene.clear_logs();
        scene.edit(&service(), annotation(None)).unwrap();
        assert!(scene.settle());
        assert_eq!(scene.entities(Collection::Plugins), Vec::<Value>::new());
        let deletions = writes(&scene);
        assert!(
            deletions.iter().all(|it| *it == wrote("DELETE")[0]),
            "{deletions:?}"
        );
        assert_eq!(finalizers(&scene, &binding()), json!(null));
        assert_eq!(scene.condition(&binding(), "Programmed")["status"], "False");
        let said = scene.condition(&binding(), "TargetRefsValid");
        let start = "KongService shop/a does not ask for the KongPlugin limit";
        assert!(
            said["message"].as_str().unwrap().starts_with(start),
            "{said}"
        );
        assert!(scene.is_programmed(&service()));
        scene.clear_logs();
        scene.restart(ReplicaId(0));
        assert!(scene.settle());
        assert_eq!(scene.writes(), (0, 0));

        // And back again: a new one, since the old one is gone.
        scene.edit(&service(), annotation(Some("limit"))).unwrap();
        assert!(scene.settle());
        assert_eq!(scene.entities(Collection::Plugins).len(), 1);
        assert!(scene.is_programmed(&service()));
        assert_eq!(broken(&scene), Vec::<String>::new());
    }
}

#[test]
fn a_plugin_takes_its_binding_along_once_nothing_asks_for_it() {
    let mut scene = left_by_kongs_operator(true);
    scene.act(&delete([plugin()])).unwrap();
    assert!(scene.settle());
    // The service still asks for it.
    assert!(scene.object(&plugin()).is_some());
    assert_eq!(scene.entities(Collection::Plugins).len(), 1);
    scene.edit(&service(), annotation(None)).unwrap();
    assert!(scene.settle());
    assert_eq!(scene.object(&plugin()), None);
    let now = scene.driver.now().wall;
    assert_eq!(scene.driver.cluster.collect_garbage(now), 1);
    assert_eq!(scene.object(&binding()), None);
    assert!(scene.settle());
    assert_eq!(scene.entities(Collection::Plugins), Vec::<Value>::new());
    assert_eq!(broken(&scene), Vec::<String>::new());
}

#[test]
fn bindings_that_users_made_are_bindings() {
    let mut scene = left_by_kongs_operator(true);
    let unowned = json!({"metadata": {"ownerReferences": null}});
    scene.edit(&binding(), unowned).unwrap();
    scene.edit(&service(), annotation(None)).unwrap();
    assert!(scene.settle());
    assert_eq!(scene.entities(Collection::Plugins).len(), 1);
    assert!(tags(&scene).contains("k8s-kind:KongPluginBinding"));
    let own = json!(["gateway.konghq.com/konnect-cleanup"]);
    assert_eq!(finalizers(&scene, &binding()), own);
    assert_eq!(broken(&scene), Vec::<String>::new());
}

#[test]
fn a_service_that_goes_takes_the_plugin_of_the_binding_along() {
    for everything in [false, true] {
        let mut scene = left_by_kongs_operator(true);
        let plane = Key::new(Kind::KonnectGatewayControlPlane, NAMESPACE, "cp");
        let auth = Key::new(Kind::KonnectAPIAuthConfiguration, NAMESPACE, "auth");
        let mut gone = vec![service()];
        if everything {
            gone.extend([binding(), plugin(), plane, auth]);
        }
        scene.act(&delete(gone)).unwrap();
        assert!(scene.settle());
        assert_eq!(scene.object(&service()), None);
        assert_eq!(scene.entities(Collection::Plugins), Vec::<Value>::new());
        if everything {
            assert_eq!(scene.objects(), Vec::<Value>::new());
        } else {
            assert_eq!(scene.condition(&binding(), "Programmed")["status"], "False");
            scene.act(&delete([binding()])).unwrap();
            assert!(scene.settle());
            assert_eq!(scene.object(&binding()), None);
        }
        assert_eq!(broken(&scene), Vec::<String>::new());
    }
}

/// A story after Kong's operator has left, with one effect gone wrong; how the world looks in the end.
fn tell(acts: &[Act], plan: FaultPlan) -> (Picture, Vec<String>) {
    let mut scene = left_by_kongs_operator(true);
    scene.plan(plan);
    for act in acts {
        scene.act(act).unwrap();
    }
    finish(&mut scene, Care::QUICK);
    let mut broken = broken(&scene);
    let log = scene.driver.konnect.log().iter();
    let created = log.filter(|entry| {
        entry.is_write()
            && !entry.foreign
            && entry.path.contains("/plugins/")
            && !entry.path.ends_with(ID)
    });
    broken.extend(created.map(|entry| format!("another plugin: {entry:?}")));
    (Picture::of(&scene, Detail::All), broken)
}

#[test]
fn nothing_is_lost_or_doubled_whatever_goes_wrong_with_one_effect() {
    let stories = [
        vec![],
        vec![Act::Settle, delete([binding()])],
        vec![Act::Settle, Act::Edit(service(), annotation(None))],
        vec![delete([service(), binding()])],
    ];
    for acts in &stories {
        let start = left_by_kongs_operator(true).driver.effects();
        let (expected, broken) = tell(acts, FaultPlan::Nothing);
        assert_eq!(broken, Vec::<String>::new());
        let mut scene = left_by_kongs_operator(true);
        for act in acts {
            scene.act(act).unwrap();
        }
        scene.settle();
        for index in start..scene.driver.effects() {
            for (name, fault) in FAULTS {
                let (end, mut broken) = tell(acts, FaultPlan::At(index, fault));
                broken.extend(end.difference(&expected));
                assert!(
                    broken.is_empty(),
                    "{acts:?} with {name} at {index}:\n{}",
                    broken.join("\n")
                );
            }
        }
    }
}
