//! Watches that break, lists that are long, kinds that are not there, objects that cannot be read.

use std::time::Duration;

use cluster_sim::{ObjectId, ResourceId};
use kong_model::Collection;
use serde_json::{Value, json};

use crate::world::{World, object, with_quickstart};

fn service() -> ObjectId {
    object("kongservices", "service")
}

fn host(world: &World) -> String {
    let konnect = world.konnect.lock();
    let service = konnect.entities(Collection::Services, None).next();
    service.map_or_else(String::new, |(_, entity)| {
        entity["host"].as_str().unwrap().to_owned()
    })
}

#[tokio::test(start_paused = true)]
async fn a_watch_that_is_cut_goes_on() {
    let (world, operator) = with_quickstart().await;
    for host_name in ["one.test", "two.test"] {
        world.api.cut_watches();
        world.patch(&service(), json!({"spec": {"host": host_name}}));
        world
            .until("the new host is in Konnect", |world| {
                host(world) == host_name
            })
            .await;
    }
    operator.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_was_deleted_while_the_history_was_lost_is_gone_after_the_next_list() {
    let (world, operator) = with_quickstart().await;
    world.api.set_down(true);
    world.api.cut_watches();
    tokio::time::sleep(Duration::from_secs(1)).await;
    // Somebody forces it out, without the operator seeing how.
    let credentials = object("konnectapiauthconfigurations", "konnect-api-auth");
    world.patch(&credentials, json!({"metadata": {"finalizers": null}}));
    world.delete(&credentials);
    world.api.forget_history();
    world.api.set_down(false);
    let plane = object("konnectgatewaycontrolplanes", "gateway-control-plane");
    world
        .until("the control plane misses its credentials", |world| {
            world.condition(&plane, "APIAuthResolvedRef") == "False"
        })
        .await;
    operator.stop().await;
}

#[tokio::test(start_paused = true)]
async fn an_api_server_that_was_away_is_found_again() {
    let (world, operator) = with_quickstart().await;
    world.api.set_down(true);
    world.api.cut_watches();
    tokio::time::sleep(Duration::from_secs(30)).await;
    world.patch(&service(), json!({"spec": {"host": "later.test"}}));
    world.api.set_down(false);
    world
        .until("the new host is in Konnect", |world| {
            host(world) == "later.test"
        })
        .await;
    operator.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_kind_that_is_not_installed_does_not_hold_up_the_others_and_is_served_once_it_is() {
    let world = World::new();
    world.apply_example("quickstart");
    world.api.uninstall("kongroutes");
    let operator = world.start();
    world.until_programmed(&service()).await;
    let route = object("kongroutes", "route-with-service");
    assert_eq!(world.condition(&route, "Programmed"), "Unknown");
    world.api.install("kongroutes");
    world.until_programmed(&route).await;
    operator.stop().await;
}

#[tokio::test(start_paused = true)]
async fn nothing_is_written_while_a_kind_that_is_installed_cannot_be_listed() {
    let world = World::new();
    world.apply_example("quickstart");
    world.api.forbid("kongroutes");
    let operator = world.start();
    tokio::time::sleep(Duration::from_secs(60)).await;
    let writes = |world: &World| {
        let cluster = world.api.lock();
        cluster
            .log()
            .iter()
            .filter(|entry| entry.is_write() && &*entry.actor == "konduit")
            .count()
    };
    assert_eq!(writes(&world), 0);
    world.api.permit("kongroutes");
    world
        .until_programmed(&object("kongroutes", "route-with-service"))
        .await;
    operator.stop().await;
}

#[tokio::test(start_paused = true)]
async fn an_object_that_cannot_be_read_says_so_and_costs_nobody_else() {
    let world = World::new();
    world.apply_example("quickstart");
    let planted = world.api.lock().plant(json!({
        "apiVersion": "configuration.konghq.com/v1alpha1", "kind": "KongService",
        "metadata": {"name": "odd", "namespace": "kong"},
        "spec": {"host": ["not", "a", "host"]},
    }));
    planted.unwrap();
    let operator = world.start();
    world.until_programmed(&service()).await;
    let odd = object("kongservices", "odd");
    world
        .until("it says what is wrong", |world| {
            world.condition(&odd, "Programmed") == "False"
        })
        .await;
    operator.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_long_list_is_read_to_its_end() {
    /// More than one page of kube's watcher.
    const SERVICES: usize = 520;
    let world = World::new();
    world.apply_example("quickstart");
    for number in 0..SERVICES {
        world.api.create(json!({
            "apiVersion": "configuration.konghq.com/v1alpha1", "kind": "KongService",
            "metadata": {"name": format!("s{number}"), "namespace": "kong"},
            "spec": {
                "name": format!("s{number}"), "host": "example.test",
                "controlPlaneRef": {
                    "type": "konnectNamespacedRef",
                    "konnectNamespacedRef": {"name": "gateway-control-plane"},
                },
            },
        }));
    }
    let operator = world.start();
    world
        .until("all services are in Konnect", |world| {
            world.entities(Collection::Services).len() == SERVICES + 1
        })
        .await;
    operator.stop().await;
}

/// Credentials whose token is in a Secret with or without the label of Kong's operator.
fn token_secret(label: Option<&str>) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Secret",
        "metadata": {"name": "token", "namespace": "kong", "labels": {
            "konghq.com/credential": "konnect", "konghq.com/secret": label,
        }},
        "stringData": {"token": "kpat_secret"},
    })
}

#[tokio::test(start_paused = true)]
async fn a_secret_is_seen_as_long_as_it_has_the_label() {
    let world = World::new();
    world.api.create(token_secret(None));
    world.api.create(json!({
        "apiVersion": "konnect.konghq.com/v1alpha1", "kind": "KonnectAPIAuthConfiguration",
        "metadata": {"name": "auth", "namespace": "kong"},
        "spec": {"type": "secretRef", "secretRef": {"name": "token"}, "serverURL": "us.api.konghq.com"},
    }));
    let operator = world.start();
    let auth = object("konnectapiauthconfigurations", "auth");
    let becomes = async |status: &str| {
        let what = format!("the credentials are valid: {status}");
        world
            .until(&what, |world| {
                world.condition(&auth, "APIAuthValid") == status
            })
            .await;
    };
    becomes("False").await;
    let secret = ObjectId::namespaced(ResourceId::new("", "secrets"), "kong", "token");
    let label = |value: Option<&str>| json!({"metadata": {"labels": {"konghq.com/secret": value}}});
    for _ in 0..2 {
        world.patch(&secret, label(Some("true")));
        becomes("True").await;
        world.patch(&secret, label(None));
        becomes("False").await;
    }
    operator.stop().await;
}

#[tokio::test(start_paused = true)]
async fn other_namespaces_than_those_asked_for_are_left_alone() {
    let world = World::new();
    world.apply_example("quickstart");
    let operator = crate::world::run(world.operator("konduit").selection(
        konduit_runtime::Selection {
            namespaces: vec!["kong".to_owned(), "empty".to_owned()],
            ..konduit_runtime::Selection::default()
        },
    ));
    world.api.create(json!({
        "apiVersion": "konnect.konghq.com/v1alpha1", "kind": "KonnectAPIAuthConfiguration",
        "metadata": {"name": "auth", "namespace": "elsewhere"},
        "spec": {"type": "token", "token": "kpat_example", "serverURL": "us.api.konghq.com"},
    }));
    world.until_programmed(&service()).await;
    let elsewhere = ObjectId {
        namespace: Some("elsewhere".to_owned()),
        ..object("konnectapiauthconfigurations", "auth")
    };
    assert_eq!(world.condition(&elsewhere, "APIAuthValid"), "");
    operator.stop().await;
}
