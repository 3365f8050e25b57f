//! The definition that names the webhook: it is made to point here, and again if somebody changes that.
//!
//! Without the webhook an object that is stored in one version and read in another comes back empty, so a
//! definition that was replaced is mended at once and not after a while.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use futures::StreamExt as _;
use kong_crds::Kind;
use kube::{
    Api, Client,
    api::{Patch, PatchParams},
    core::DynamicObject,
    runtime::{
        WatchStreamExt as _,
        watcher::{self, Event},
    },
};
use serde_json::{Value, json};
use tokio::{
    sync::watch,
    time::{Instant, sleep},
};

use super::{Endpoint, PATH};
use crate::{
    cluster::{FIELD_MANAGER, describe},
    jitter::jittered,
    watches::{definition_name, definitions},
};

/// The kinds that are served in several versions of different shape.
pub(crate) const CONVERTED: &[Kind] = &[Kind::KonnectGatewayControlPlane];
/// How long to wait after a patch that failed.
const RETRY: Duration = Duration::from_secs(5);
/// How long to wait before a definition is mended that was mended just now, doubled each time: whoever
/// changes it may be another operator that does the same.
const PAUSE: Duration = Duration::from_secs(1);
/// The longest of these times; after as long without a change the first one is the next again.
const LONGEST_PAUSE: Duration = Duration::from_secs(300);

/// Keeps the definition of a kind pointing to an endpoint whose certificate these authorities sign.
pub(super) async fn keep(
    client: Client,
    kind: Kind,
    endpoint: Endpoint,
    mut authorities: watch::Receiver<String>,
) {
    let api = definitions(client);
    let name = definition_name(kind);
    let config = watcher::Config::default().fields(&format!("metadata.name={name}"));
    let mut events = std::pin::pin!(watcher::watcher(api.clone(), config).default_backoff());
    // What the definition says of conversion; `None` while it is not there.
    let mut found: Option<Value> = None;
    let mut peace = Peace::default();
    loop {
        let wanted = stanza(&endpoint, &authorities.borrow_and_update());
        if let Some(conversion) = &found
            && !covers(conversion, &wanted)
        {
            sleep(peace.before(Instant::now())).await;
            match point(&api, &name, &wanted).await {
                Ok(()) => found = Some(wanted),
                Err(error) => {
                    tracing::warn!(
                        definition = name,
                        error = describe(&error),
                        "the definition cannot be made to name the webhook"
                    );
                    sleep(jittered(RETRY)).await;
                }
            }
            continue;
        }
        tokio::select! {
            event = events.next() => match event {
                Some(Ok(Event::Apply(definition) | Event::InitApply(definition))) => {
                    found = Some(definition.data["spec"]["conversion"].clone());
                }
                Some(Ok(Event::Delete(_))) => found = None,
                Some(Ok(Event::Init | Event::InitDone)) => {}
                Some(Err(error)) => tracing::debug!(definition = name, %error, "it cannot be watched"),
                None => return,
            },
            changed = authorities.changed() => if changed.is_err() { return },
        }
    }
}

/// How long nobody else has changed the definition.
#[derive(Default)]
struct Peace {
    last: Option<Instant>,
    pause: Duration,
}

impl Peace {
    /// How long to wait before it is mended now.
    fn before(&mut self, now: Instant) -> Duration {
        let quiet = self.last.is_none_or(|last| now > last + LONGEST_PAUSE);
        self.pause = if quiet {
            Duration::ZERO
        } else {
            (self.pause * 2).clamp(PAUSE, LONGEST_PAUSE)
        };
        self.last = Some(now + self.pause);
        self.pause
    }
}

async fn point(api: &Api<DynamicObject>, name: &str, wanted: &Value) -> kube::Result<()> {
    let parameters = PatchParams {
        field_manager: Some(FIELD_MANAGER.to_owned()),
        ..PatchParams::default()
    };
    let patch = json!({"spec": {"conversion": wanted}});
    api.patch(name, &parameters, &Patch::Merge(&patch)).await?;
    tracing::info!(definition = name, "the definition names the webhook");
    Ok(())
}

/// What a definition is to say, as a merge patch: null where it must not say anything.
fn stanza(endpoint: &Endpoint, authorities: &str) -> Value {
    let mut client = json!({"caBundle": STANDARD.encode(authorities)});
    match endpoint {
        Endpoint::Service {
            namespace,
            name,
            port,
        } => {
            client["service"] =
                json!({"namespace": namespace, "name": name, "port": port, "path": PATH});
            client["url"] = Value::Null;
        }
        Endpoint::Url(url) => {
            client["url"] = json!(url);
            client["service"] = Value::Null;
        }
    }
    json!({
        "strategy": "Webhook",
        "webhook": {"clientConfig": client, "conversionReviewVersions": ["v1"]},
    })
}

/// Whether all that is wanted is there; more may be there, since the API server adds defaults.
fn covers(found: &Value, wanted: &Value) -> bool {
    match wanted {
        Value::Object(members) => members
            .iter()
            .all(|(name, wanted)| covers(found.get(name).unwrap_or(&Value::Null), wanted)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            found == wanted
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_with_several_versions_is_converted() {
        let several: Vec<Kind> = kong_crds::crd_documents()
            .iter()
            .filter(|definition| {
                let versions = definition["spec"]["versions"].as_array().unwrap();
                versions.iter().filter(|it| it["served"] == true).count() > 1
            })
            .map(|definition| {
                definition["spec"]["names"]["kind"]
                    .as_str()
                    .unwrap()
                    .parse()
                    .unwrap()
            })
            .collect();
        assert_eq!(several, CONVERTED);
    }

    #[test]
    fn two_who_change_it_in_turns_do_so_ever_more_slowly() {
        let (mut peace, mut now) = (Peace::default(), Instant::now());
        let mut seconds = |quiet: u64| {
            now += Duration::from_secs(quiet);
            let pause = peace.before(now);
            now += pause;
            pause.as_secs()
        };
        let pauses: Vec<u64> = (0..11).map(|_| seconds(0)).collect();
        assert_eq!(pauses, [0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 300]);
        assert_eq!(seconds(301), 0);
    }

    #[test]
    fn a_definition_that_says_all_that_is_wanted_is_left_alone() {
        let service = Endpoint::Service {
            namespace: "kong".to_owned(),
            name: "konduit".to_owned(),
            port: 443,
        };
        let wanted = stanza(&service, "PEM");
        let mut found = wanted.clone();
        found["webhook"]["clientConfig"]
            .as_object_mut()
            .unwrap()
            .remove("url");
        assert!(covers(&found, &wanted));
        assert!(!covers(&json!({"strategy": "None"}), &wanted));
        assert!(!covers(&Value::Null, &wanted));
        let elsewhere = Endpoint::Url("https://127.0.0.1:9443/convert".to_owned());
        assert!(!covers(&found, &stanza(&elsewhere, "PEM")));
        assert!(!covers(&found, &stanza(&service, "another PEM")));
    }
}
