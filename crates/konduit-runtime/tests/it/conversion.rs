//! The conversion webhook over TLS, as the API server calls it. In real time: sockets do not know of a
//! paused clock.

use std::{net::TcpListener, path::Path, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use cluster_sim::{ObjectId, ResourceId};
use konduit_runtime::{Builder, Certificate, Endpoint, Leadership, Webhook};
use kube::{Client, Config};
use rustls::pki_types::pem::PemObject as _;
use serde_json::{Value, json};

use crate::world::{World, run};

fn definition() -> ObjectId {
    ObjectId::cluster_wide(
        ResourceId::new("apiextensions.k8s.io", "customresourcedefinitions"),
        "konnectgatewaycontrolplanes.konnect.konghq.com",
    )
}

fn conversion(world: &World) -> Value {
    world.api.lock().get(&definition()).unwrap()["spec"]["conversion"].clone()
}

/// Asks as the API server does that trusts these authorities.
async fn convert(url: &str, authorities: &[u8]) -> Result<Value, kube::Error> {
    let mut config = Config::new(url.parse().unwrap());
    let certificates = rustls::pki_types::CertificateDer::pem_slice_iter(authorities);
    config.root_cert = Some(certificates.map(|der| der.unwrap().to_vec()).collect());
    config.default_retry = false;
    let client = Client::try_from(config).unwrap();
    let review = json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "ConversionReview",
        "request": {
            "uid": "1", "desiredAPIVersion": "konnect.konghq.com/v1alpha2",
            "objects": [{
                "apiVersion": "konnect.konghq.com/v1alpha1", "kind": "KonnectGatewayControlPlane",
                "metadata": {"name": "plane"}, "spec": {"name": "plane"},
            }],
        },
    });
    let request = axum::http::Request::post("/convert")
        .header("content-type", "application/json")
        .body(review.to_string().into_bytes())
        .unwrap();
    client.request(request).await
}

fn is_converted(answer: &Value) -> bool {
    answer["response"]["convertedObjects"][0]["spec"]["createControlPlaneRequest"]["name"]
        == "plane"
}

/// Where the definition says that the webhook is: the same for all replicas, as a Service is.
const ENDPOINT: &str = "https://127.0.0.1/convert";

/// A replica that makes its own certificate, and never leads; and where it really is.
fn replica(world: &World, name: &str) -> (Builder, String) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let webhook = Webhook {
        listener,
        certificate: Certificate::Own {
            namespace: "kong-system".to_owned(),
            secret: "konduit-webhook".to_owned(),
            endpoint: Endpoint::Url(ENDPOINT.to_owned()),
        },
    };
    let builder = world
        .operator(name)
        .leadership(Leadership::Never)
        .webhook(webhook);
    (builder, format!("https://127.0.0.1:{port}"))
}

#[tokio::test]
async fn the_webhook_is_served_before_anything_is_seen_and_the_definition_trusts_it() {
    let world = World::new();
    world.api.forbid("kongroutes");
    let (builder, url) = replica(&world, "konduit");
    let operator = run(builder);
    world
        .until("the definition names the webhook", |world| {
            conversion(world)["strategy"] == "Webhook"
        })
        .await;
    let client = &conversion(&world)["webhook"]["clientConfig"];
    assert_eq!(client["url"], ENDPOINT);
    let authorities = STANDARD
        .decode(client["caBundle"].as_str().unwrap())
        .unwrap();
    assert!(is_converted(&convert(&url, &authorities).await.unwrap()));
    operator.stop().await;
}

#[tokio::test]
async fn replicas_share_one_certificate_and_the_second_writes_nothing() {
    let world = World::new();
    let (builder, first) = replica(&world, "first");
    let operator = run(builder);
    world
        .until("it is named", |world| {
            conversion(world)["strategy"] == "Webhook"
        })
        .await;
    let bundle = conversion(&world)["webhook"]["clientConfig"]["caBundle"].clone();
    let authorities = STANDARD.decode(bundle.as_str().unwrap()).unwrap();
    let before = world.api.lock().version();

    let (builder, second) = replica(&world, "second");
    let other = run(builder);
    tokio::time::sleep(Duration::from_secs(2)).await;
    for url in [first, second] {
        assert!(is_converted(&convert(&url, &authorities).await.unwrap()));
    }
    assert_eq!(world.api.lock().version(), before);
    operator.stop().await;
    other.stop().await;
}

#[tokio::test]
async fn a_definition_that_is_replaced_names_the_webhook_again() {
    let world = World::new();
    let (builder, _) = replica(&world, "konduit");
    let operator = run(builder);
    let named = |world: &World| conversion(world)["strategy"] == "Webhook";
    world.until("it is named", named).await;
    let nothing = json!({"spec": {"conversion": {"strategy": "None", "webhook": null}}});
    world.patch(&definition(), nothing);
    world.until("it is named again", named).await;
    operator.stop().await;
}

fn write_certificate(folder: &Path) -> Vec<u8> {
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    std::fs::write(folder.join("tls.key"), made.signing_key.serialize_pem()).unwrap();
    std::fs::write(folder.join("tls.crt"), made.cert.pem()).unwrap();
    made.cert.pem().into_bytes()
}

#[tokio::test]
async fn a_certificate_from_files_is_read_again_when_it_changes() {
    let folder = tempfile::tempdir().unwrap();
    let first = write_certificate(folder.path());
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let url = format!(
        "https://127.0.0.1:{}",
        listener.local_addr().unwrap().port()
    );
    let world = World::new();
    let certificate = Certificate::Files(folder.path().to_owned());
    let operator = run(world.operator("konduit").webhook(Webhook {
        listener,
        certificate,
    }));
    world.until("it is served", |_| true).await;
    assert!(is_converted(&convert(&url, &first).await.unwrap()));

    std::fs::write(folder.path().join("tls.crt"), "half a file").unwrap();
    tokio::time::sleep(Duration::from_secs(6)).await;
    assert!(
        is_converted(&convert(&url, &first).await.unwrap()),
        "the old one stays"
    );

    let second = write_certificate(folder.path());
    tokio::time::sleep(Duration::from_secs(6)).await;
    assert!(is_converted(&convert(&url, &second).await.unwrap()));
    assert!(convert(&url, &first).await.is_err());
    assert_eq!(
        conversion(&world),
        Value::Null,
        "the definition is somebody else's business"
    );
    operator.stop().await;
}

#[tokio::test]
async fn without_its_files_the_operator_does_not_start() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::new();
    let webhook = Webhook {
        listener: TcpListener::bind(("127.0.0.1", 0)).unwrap(),
        certificate: Certificate::Files(folder.path().to_owned()),
    };
    let runtime = world.operator("konduit").webhook(webhook).build();
    let error = runtime
        .run(std::future::pending())
        .await
        .unwrap_err()
        .to_string();
    assert!(error.contains("tls.crt\" cannot be read"), "{error}");
}
