//! Tokens that are wrong, revoked and rotated: the credentials say so within a second of the fact, what is in
//! Konnect is left alone, and work resumes without anybody touching it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use clustertest::{Settings, World, object};
use kong_crds::{
    Kind,
    names::{CREDENTIAL_LABEL, SECRET_LABEL},
};
use konnect_sim::Konnect;
use serde_json::{Value, json};

use crate::{
    facts::{self, Time},
    shop::{self, NAMESPACE},
    world,
};

/// How long it may take from a fact to the condition that tells of it, in milliseconds.
const SOON: Time = 1_000;
/// How many services stand for all that is there and should be left alone.
const SERVICES: usize = 20;
/// So short that several of them pass while a token is wrong.
const SYNC_PERIOD: &str = "--konnect-sync-period=2s";
/// Long enough for several of these periods.
const WHILE: Duration = Duration::from_secs(5);

/// A Konnect that knows two tokens of one organisation and no others.
fn strict() -> Settings {
    let mut konnect = Konnect::new(1);
    konnect.register_token("kpat_shop", "shop");
    konnect.register_token("kpat_next", "shop");
    konnect.close_to_strangers();
    Settings::konnect(konnect)
}

fn now() -> Time {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Time::try_from(since.as_millis()).unwrap()
}

/// A control plane and services, all of them in Konnect.
async fn stock(world: &World) {
    world.apply_one(&shop::control_plane()).await;
    let services: Vec<Value> = (0..SERVICES)
        .map(|number| shop::service(&format!("service-{number}")))
        .collect();
    world.apply_all(&services).await;
}

async fn until_stocked(world: &World, services: usize) {
    world
        .until_all(Kind::KongService, services, object::is_programmed)
        .await;
    world.rest(Duration::from_secs(2)).await;
}

/// Waits until the credentials say this, and gives the message.
async fn until_said(world: &World, said: &str, about: &str) -> String {
    let found = world
        .until(&shop::credentials(), said, |auth| {
            let condition = object::condition(auth, "APIAuthValid");
            object::said(auth, "APIAuthValid") == said
                && condition.is_some_and(|condition| {
                    condition["observedGeneration"] == auth["metadata"]["generation"]
                        && condition["message"].as_str().unwrap().contains(about)
                })
        })
        .await;
    let condition = object::condition(&found, "APIAuthValid").unwrap();
    condition["message"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_revoked_token_is_said_at_once_and_nothing_that_is_in_konnect_is_touched() {
    let world = world!(strict());
    let operator = world.operator().with(SYNC_PERIOD).start().await;
    world.namespace(NAMESPACE).await;
    world.apply_one(&shop::credentials()).await;
    stock(&world).await;
    until_stocked(&world, SERVICES).await;
    let before = facts::versions(&world, Kind::KongService).await;

    let mark = world.servers.audit().mark().await.unwrap();
    let asked = facts::asked(&world);
    world
        .simulator()
        .with(|konnect| konnect.revoke_token("kpat_shop"));
    let message = until_said(&world, "False Invalid", "").await;
    assert!(message.contains("; put a valid token into"), "{message}");
    let answers = world.simulator().log_after(asked);
    let first = answers.iter().find(|record| record.status == 401).unwrap();
    let first = facts::came(first);
    let took = facts::status_written(&world, mark, "auth").await - first;
    println!("a revoked token is said {took} ms after the first refusal");
    assert!(took <= SOON, "{took} ms after the first refusal");

    // What has to be written waits, and all else stays as it is.
    world.apply_one(&shop::service("late")).await;
    let edited = shop::service("service-0");
    let edit = json!({"spec": {"retries": 7}});
    world.edit(&edited, &edit).await;
    let deleted = shop::service("service-1");
    world.delete(&deleted).await;
    let asked = facts::asked(&world);
    tokio::time::sleep(WHILE).await;
    let refused = world.simulator().log_after(asked);
    println!("{} requests while the token is wrong", refused.len());
    assert!(
        refused
            .iter()
            .all(|record| record.path.ends_with("/organizations/me")),
        "nothing but whether the token is good again is asked: {refused:?}"
    );
    assert!(refused.len() <= 5, "{refused:?}");
    let writes = facts::writes(&world, mark).await;
    let names = facts::names(&writes);
    println!("written while the token is wrong: {names:?}");
    assert_eq!(names.get("auth"), Some(&1), "{writes:#?}");
    assert!(names["late"] <= 2 && names["service-0"] <= 1, "{writes:#?}");
    assert!(names["service-1"] <= 1, "{writes:#?}");
    assert_eq!(names.len(), 4, "{writes:#?}");
    for waiting in [&shop::service("late"), &edited, &deleted] {
        let found = world.get(waiting).await.unwrap();
        assert_eq!(
            object::said(&found, "APIAuthValid"),
            "False Invalid",
            "{found:#}"
        );
    }

    let puts = world.konnect_writes();
    let asked = facts::asked(&world);
    let (out_for, registered) = (now() - first, now());
    world
        .simulator()
        .with(|konnect| konnect.register_token("kpat_shop", "shop"));
    until_said(&world, "True Valid", "").await;
    // One more and one less.
    until_stocked(&world, SERVICES).await;
    let answers = world.simulator().log_after(asked);
    let accepted = answers.iter().find(|record| record.status == 200).unwrap();
    let took = facts::came(accepted) - registered;
    println!("work resumes {took} ms after a token is good again that was not for {out_for} ms");
    // Each pause is twice the one before, and up to a quarter longer.
    assert!(took <= out_for * 5 / 4 + SOON, "{took} ms");
    assert_eq!(world.konnect_writes() - puts, 3, "one for each that waited");
    for (name, version) in facts::versions(&world, Kind::KongService).await {
        if name != "late" && name != "service-0" {
            assert_eq!(before.get(&name), Some(&version), "{name} was written");
        }
    }
    assert_eq!(operator.stop().await, 0);
}

#[tokio::test]
async fn every_change_of_a_token_is_said_at_once() {
    let world = world!(strict());
    let operator = world.operator().start().await;
    world.namespace(NAMESPACE).await;
    let inline = shop::credentials();
    world.apply_one(&inline).await;
    stock(&world).await;
    until_stocked(&world, SERVICES).await;
    let before = facts::versions(&world, Kind::KongService).await;

    for (token, said) in [
        ("kpat_wrong", "False Invalid"),
        ("kpat_next", "True Valid"),
        ("kpat_mistyped", "False Invalid"),
        ("kpat_shop", "True Valid"),
    ] {
        let mark = world.servers.audit().mark().await.unwrap();
        let edit = json!({"spec": {"token": token}});
        world.edit(&inline, &edit).await;
        until_said(&world, said, "").await;
        assert_told_soon(&world, mark, "auth", token).await;
    }
    // Whoever waits for a good token goes on as soon as there is one.
    world
        .edit(&inline, &json!({"spec": {"token": "kpat_wrong"}}))
        .await;
    until_said(&world, "False Invalid", "").await;
    world.apply_one(&shop::service("late")).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let mark = world.servers.audit().mark().await.unwrap();
    world
        .edit(&inline, &json!({"spec": {"token": "kpat_next"}}))
        .await;
    until_stocked(&world, SERVICES + 1).await;
    let wrote = facts::person_wrote(&world, mark, "auth").await;
    let took = facts::status_written(&world, mark, "late").await - wrote;
    println!("what waited is there {took} ms after the token was put right");
    assert!(took <= 2 * SOON, "{took} ms");

    for (name, version) in facts::versions(&world, Kind::KongService).await {
        if name != "late" {
            assert_eq!(before.get(&name), Some(&version), "{name} was written");
        }
    }
    assert_eq!(operator.stop().await, 0);
}

/// What somebody does to the Secret.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// Makes it, with these labels.
    Make(&'static [&'static str]),
    /// Gives it or takes from it a label.
    Label(&'static str, Option<&'static str>),
    /// Puts another token there.
    Rotate(&'static str),
    /// Deletes it, whoever still holds on to it.
    Delete,
}

#[tokio::test]
async fn whatever_becomes_of_a_secret_is_said_at_once() {
    const LABELS: &[&str] = &[SECRET_LABEL, CREDENTIAL_LABEL];
    let world = world!(strict());
    let operator = world.operator().start().await;
    world.namespace(NAMESPACE).await;
    let mut auth = shop::credentials();
    auth["spec"] = json!({
        "type": "secretRef", "secretRef": {"name": "token"}, "serverURL": "us.api.konghq.com",
    });
    world.apply_one(&auth).await;
    stock(&world).await;
    until_said(&world, "False Invalid", "failed to get Secret").await;

    let steps = [
        // Without the label that says what it is for.
        (Step::Make(&[SECRET_LABEL]), "does not have label"),
        (Step::Label(CREDENTIAL_LABEL, Some("konnect")), ""),
        (Step::Rotate("kpat_wrong"), "put a valid token into"),
        (Step::Rotate("kpat_next"), ""),
        (Step::Label(SECRET_LABEL, None), "failed to get Secret"),
        (Step::Label(SECRET_LABEL, Some("true")), ""),
        (Step::Delete, "failed to get Secret"),
        (Step::Make(LABELS), ""),
    ];
    let mut before = None;
    for (step, problem) in steps {
        let mark = world.servers.audit().mark().await.unwrap();
        perform(&world, step).await;
        let said = if problem.is_empty() {
            "True Valid"
        } else {
            "False Invalid"
        };
        until_said(&world, said, problem).await;
        assert_told_soon(&world, mark, "token", &format!("{step:?}")).await;
        if before.is_none() && problem.is_empty() {
            until_stocked(&world, SERVICES).await;
            before = Some(facts::versions(&world, Kind::KongService).await);
        }
    }
    world.rest(Duration::from_secs(2)).await;
    let after = facts::versions(&world, Kind::KongService).await;
    assert_eq!(before, Some(after), "services were written");
    assert_eq!(operator.stop().await, 0);
}

async fn perform(world: &World, step: Step) {
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "token", "namespace": NAMESPACE},
    });
    match step {
        Step::Make(labels) => {
            let mut made = secret;
            for label in labels {
                let value = if *label == CREDENTIAL_LABEL {
                    "konnect"
                } else {
                    "true"
                };
                made["metadata"]["labels"][*label] = json!(value);
            }
            made["stringData"] = json!({"token": "kpat_shop"});
            world.apply_one(&made).await;
        }
        Step::Label(label, value) => {
            let edit = json!({"metadata": {"labels": {label: value}}});
            world.edit(&secret, &edit).await;
        }
        Step::Rotate(token) => {
            world
                .edit(&secret, &json!({"stringData": {"token": token}}))
                .await;
        }
        Step::Delete => {
            world.delete(&secret).await;
            // It is in use, and says so by a finalizer.
            let edit = json!({"metadata": {"finalizers": null}});
            world.edit(&secret, &edit).await;
        }
    }
}

async fn assert_told_soon(world: &World, mark: envtest::audit::Mark, wrote_to: &str, what: &str) {
    let wrote = facts::person_wrote(world, mark, wrote_to).await;
    let took = facts::status_written(world, mark, "auth").await - wrote;
    println!("{what}: said after {took} ms");
    assert!(took <= SOON, "{what}: said after {took} ms");
}
