//! What would be done is told, and nothing is done.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use serde_json::json;

use crate::world::{Running, World, object, run, with_quickstart};

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<String>>>);

impl Lines {
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

fn rehearse(world: &World) -> (Running, Lines) {
    let lines = Lines::default();
    let sink = lines.clone();
    let builder = world.operator("reader");
    let running = run(builder.rehearse(move |line| sink.0.lock().unwrap().push(line.to_owned())));
    (running, lines)
}

#[tokio::test(start_paused = true)]
async fn everything_up_to_the_last_route_is_told_and_nothing_is_written() {
    let world = World::new();
    world.apply_example("quickstart");
    let before = world.api.lock().version();
    let (operator, lines) = rehearse(&world);
    tokio::time::sleep(Duration::from_secs(30)).await;
    let told = lines.take();
    for begin in [
        "finalizers KongRoute kong/route-with-service [",
        "POST /v2/control-planes {",
        "PUT /v2/control-planes/",
        "status KongRoute kong/route-with-service {",
    ] {
        assert!(
            told.iter().any(|line| line.starts_with(begin)),
            "{begin}\n{told:#?}"
        );
    }
    let programmed = told
        .iter()
        .filter(|line| {
            line.starts_with("status Kong") && line.contains("\"reason\":\"Programmed\"")
        })
        .count();
    assert_eq!(programmed, 5, "{told:#?}");
    assert!(told.iter().all(|line| !line.contains("kpat_")), "{told:#?}");

    tokio::time::sleep(Duration::from_secs(300)).await;
    assert_eq!(
        lines.take(),
        Vec::<String>::new(),
        "what stands is told once"
    );
    assert_eq!(world.api.lock().version(), before);
    assert_eq!(world.konnect.writes_of("reader"), 0);
    operator.stop().await;
}

#[tokio::test(start_paused = true)]
async fn where_all_is_as_it_should_be_only_what_is_edited_is_told() {
    let (world, operator) = with_quickstart().await;
    world
        .until_programmed(&object("kongtargets", "target-b"))
        .await;
    operator.stop().await;
    let (operator, lines) = rehearse(&world);
    tokio::time::sleep(Duration::from_secs(30)).await;
    assert_eq!(lines.take(), Vec::<String>::new());
    let service = object("kongservices", "service");
    world.patch(&service, json!({"spec": {"host": "edited.test"}}));
    tokio::time::sleep(Duration::from_secs(30)).await;
    let told = lines.take();
    assert_eq!(told.len(), 2, "{told:#?}");
    assert!(
        told[0].starts_with("PUT ") && told[0].contains("edited.test"),
        "{told:#?}"
    );
    assert!(
        told[1].starts_with("status KongService kong/service"),
        "{told:#?}"
    );
    operator.stop().await;
}
