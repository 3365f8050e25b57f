//! Certificates that are made for data planes: renewed in time, and never over what somebody else has.
#![expect(
    clippy::unwrap_used,
    reason = "tests stop where something is not as it has to be, and write their JSON where it is used"
)]

use kong_crds::Kind;
use kong_driver::Schedule;
use kong_engine::{Engine, Settings};
use kong_model::Collection;
use kong_resolve::Key;
use serde_json::{Value, json};
use testkit::Scene;
use testkit::document::{NAMESPACE, auth, extension, extension_from, group, plane, tls_secret};

const HOUR: u64 = 3_600_000;

fn key(kind: Kind, name: &str) -> Key {
    Key::new(kind, NAMESPACE, name)
}

fn edge() -> Key {
    key(Kind::KonnectExtension, "edge")
}

fn secret() -> Key {
    key(Kind::Secret, "edge-konnect-cert")
}

/// Certificates are good for three hours.
fn short_lived() -> Engine {
    Engine::new(Settings {
        certificate_life: 3 * 3_600,
        ..Settings::default()
    })
}

fn begin(more: impl IntoIterator<Item = Value>) -> Scene {
    let mut scene = Scene::new(Schedule::calm(), short_lived);
    let base: [Value; 2] = [auth("auth").into(), plane("cp").into()];
    for document in base.into_iter().chain(more) {
        scene.apply(document).unwrap();
    }
    assert!(scene.settle());
    scene
}

fn certificates(scene: &Scene) -> Vec<Value> {
    let entities = scene
        .entities(Collection::DataPlaneCertificates)
        .into_iter();
    entities.map(|mut entity| entity["cert"].take()).collect()
}

fn is_ready(scene: &Scene) -> bool {
    scene.condition(&edge(), "Ready")["status"] == "True"
}

#[test]
fn a_certificate_is_made_anew_in_place_before_its_end_and_the_old_one_leaves_konnect() {
    let mut scene = begin([extension("edge").into()]);
    let first = scene.object(&secret()).unwrap();
    let [certificate] = &certificates(&scene)[..] else {
        panic!("{:?}", certificates(&scene))
    };
    assert_eq!(
        first["metadata"]["annotations"]["konghq.com/cert-expires-at"],
        "2023-11-15T01:13:20Z"
    );
    // At two thirds of a life that short.
    scene.most_effects = 10_000;
    scene.run_for(2 * HOUR - 60_000);
    assert_eq!(scene.object(&secret()).unwrap()["data"], first["data"]);
    scene.run_for(120_000);
    assert!(scene.settle());
    let second = scene.object(&secret()).unwrap();
    assert_ne!(second["data"]["tls.key"], first["data"]["tls.key"]);
    assert_eq!(second["metadata"]["uid"], first["metadata"]["uid"]);
    let [renewed] = &certificates(&scene)[..] else {
        panic!("{:?}", certificates(&scene))
    };
    assert_ne!(renewed, certificate);
    assert!(is_ready(&scene));
    let violations = &scene.watchdog.violations;
    assert!(violations.is_empty(), "{violations:?}");
}

#[test]
fn what_has_the_name_of_the_secret_already_is_not_touched_whether_it_is_seen_or_not() {
    for seen in [true, false] {
        let mut theirs: Value = tls_secret("edge-konnect-cert", "theirs").into();
        if !seen {
            theirs["metadata"]["labels"] = json!({});
        }
        let mut scene = begin([theirs]);
        let before = scene.object(&secret()).unwrap();
        scene.apply(extension("edge")).unwrap();
        scene.run_for(60_000);
        let said = scene.condition(&edge(), "DataPlaneCertificateProvisioned");
        let message = said["message"].as_str().unwrap();
        assert!(
            message.contains("Secret shop/edge-konnect-cert is there"),
            "{message}"
        );
        assert!(!is_ready(&scene));
        assert_eq!(scene.object(&secret()).unwrap(), before);
        assert_eq!(certificates(&scene), [Value::Null; 0]);
        // Once it is out of the way the Secret is made.
        scene.delete(&secret()).unwrap();
        scene.run_for(120_000);
        assert!(is_ready(&scene), "{:?}", scene.status(&edge()));
    }
}

#[test]
fn the_status_says_what_data_planes_need() {
    let scene = begin([
        group("all", &["cp"]).into(),
        tls_secret("pair", "one").into(),
        extension_from("edge", "pair").in_plane("all").into(),
    ]);
    let group = scene
        .id(&key(Kind::KonnectGatewayControlPlane, "all"))
        .unwrap();
    let status = scene.status(&edge());
    let konnect = &status["konnect"];
    assert_eq!(konnect["controlPlaneID"], group.as_str());
    assert_eq!(konnect["clusterType"], "ControlPlaneGroup");
    assert_eq!(konnect["authRef"], json!({"name": "auth"}));
    for endpoint in ["controlPlane", "telemetry"] {
        let url = konnect["endpoints"][endpoint].as_str().unwrap();
        assert!(url.starts_with("https://"), "{url}");
    }
    assert_eq!(
        status["dataPlaneClientAuth"]["certificateSecretRef"],
        json!({"name": "pair"})
    );
    let finalizers = &scene.object(&key(Kind::Secret, "pair")).unwrap()["metadata"]["finalizers"];
    assert_eq!(
        *finalizers,
        json!([
            "gateway.konghq.com/secret-in-use",
            "gateway.konghq.com/konnect-cleanup"
        ])
    );
    assert!(is_ready(&scene));
}
