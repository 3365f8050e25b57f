//! What the operator tells of itself: probes, metrics, events.

use std::{
    net::TcpListener,
    sync::{Arc, Mutex},
    time::Duration,
};

use cluster_sim::{ObjectId, ResourceId};
use konduit_runtime::Readers;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::world::{World, object, run};

async fn get(port: u16, path: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

fn listener() -> (TcpListener, u16) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}

/// In real time: sockets do not know of a paused clock.
#[tokio::test]
async fn probes_and_prometheus_are_answered() {
    let world = World::new();
    world.apply_example("quickstart");
    let ((probes, probe), (measurements, prometheus)) = (listener(), listener());
    let operator = run(world
        .operator("konduit")
        .probes(probes)
        .measurements(measurements, Readers::Everybody));
    world
        .until_programmed(&object("kongroutes", "route-with-service"))
        .await;
    for path in ["/healthz", "/readyz"] {
        let answer = get(probe, path).await;
        assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    }
    let metrics = get(prometheus, "/metrics").await;
    let synced = format!("konduit_kinds_synced {}", kong_crds::Kind::SERVED);
    for line in [
        synced.as_str(),
        "konduit_kubernetes_writes_total{kind=\"KongRoute\",part=\"status\",result=\"stored\"} 1",
        "konduit_time_to_programmed_seconds_count{kind=\"KongRoute\"} 1",
        "konduit_lane_depth{lane=\"kubernetes\"} 0",
        "entity_type=\"KongRoute\",success=\"true\",status_code=\"\"} 1",
    ] {
        assert!(metrics.contains(line), "{line}\n{metrics}");
    }
    operator.stop().await;
}

fn events(world: &World) -> Vec<Value> {
    let cluster = world.api.lock();
    let events = cluster.list(&ResourceId::new("events.k8s.io", "events"), None);
    events.map(|event| Value::clone(event)).collect()
}

#[tokio::test(start_paused = true)]
async fn what_changes_with_an_object_is_an_event() {
    let world = World::new();
    world.apply_example("quickstart");
    let operator = run(world.operator("konduit").events("konduit-0"));
    let route = object("kongroutes", "route-with-service");
    world.until_programmed(&route).await;
    world.patch(
        &route,
        json!({"spec": {"serviceRef": {"namespacedRef": {"name": "none"}}}}),
    );
    world
        .until("it is not", |world| {
            world.condition(&route, "Programmed") == "False"
        })
        .await;
    tokio::time::sleep(Duration::from_secs(120)).await;
    let about: Vec<(Value, Value)> = events(&world)
        .into_iter()
        .filter(|event| event["regarding"]["name"] == "route-with-service")
        .map(|event| (event["type"].clone(), event["reason"].clone()))
        .collect();
    assert_eq!(about.len(), 2, "{about:?}");
    assert!(
        about.contains(&(json!("Normal"), json!("Programmed"))),
        "{about:?}"
    );
    assert!(about.iter().any(|(kind, _)| kind == "Warning"), "{about:?}");
    operator.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_restart_makes_no_events_and_writes_nothing() {
    let world = World::new();
    world.apply_example("quickstart");
    let operator = run(world.operator("konduit").events("konduit-0"));
    world
        .until_programmed(&object("kongroutes", "route-with-service"))
        .await;
    world
        .until_programmed(&object("kongtargets", "target-b"))
        .await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    operator.stop().await;
    let before = world.api.lock().version();
    let operator = run(world.operator("konduit").events("konduit-0"));
    tokio::time::sleep(Duration::from_secs(300)).await;
    assert_eq!(world.api.lock().version(), before);
    operator.stop().await;
}

/// What is logged, with nothing left out.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn no_secret_is_logged_whatever_is_logged() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);

    let world = World::new();
    world.apply_example("quickstart");
    world.apply_example("certificates");
    let operator = run(world.operator("konduit").events("konduit-0"));
    world
        .until_programmed(&object("kongroutes", "route-with-service"))
        .await;
    let certificate = ObjectId {
        namespace: Some("shop".to_owned()),
        ..object("kongcertificates", "shop")
    };
    world.until_programmed(&certificate).await;
    operator.stop().await;

    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(text.contains("performed"), "something is logged");
    assert!(
        text.contains("KongCertificate shop/shop"),
        "also of the certificate"
    );
    for secret in ["kpat_", "PRIVATE KEY"] {
        let line = text.lines().find(|line| line.contains(secret));
        assert_eq!(line, None);
    }
}
