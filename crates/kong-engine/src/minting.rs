//! Secrets that are made for objects: certificates with their keys.
//!
//! A verdict names the Secrets that are to be there (its [`Child`]ren). Here is when one is made, and when it is
//! filled anew because its certificate is about to end; what is in it is made by whoever performs the effect,
//! since keys need randomness. A name follows from its object and a Secret is only ever created, never
//! overwritten, so whoever is slower learns that it is there: neither a crash nor two engines make two of it.
//! Start with [`Engine::check_mint`].

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use kong_crds::SecretLabel;
use kong_crds::names::CERTIFICATE_EXPIRY_ANNOTATION;
use kong_model::Sealed;
use kong_resolve::{Child, Dep, Key, Uid};

use crate::cluster::{WATCH_PATIENCE, pause, timestamp};
use crate::engine::{Engine, Subject, Wake};
use crate::input::{Action, Effect, KubeFailure, Mono, OpId, Outcome};

/// After so many failures in a row the object says so: what passes at once is not worth it.
const WORTH_SAYING: u32 = 3;
/// Seconds that clocks may differ by: a certificate is good from before it was made.
const SKEW: i64 = 3_600;

/// A Secret that is to be made, or filled anew, with a new certificate and its key.
#[derive(Clone, PartialEq, Eq)]
pub struct Mint {
    /// The Secret.
    pub secret: Key,
    /// Which incarnation and version of it is to be filled anew; `None` if it is to be created.
    pub replaces: Option<(Uid, Arc<str>)>,
    /// The object that owns it.
    pub owner: Key,
    /// Its incarnation.
    pub owner_uid: Uid,
    /// The common name of the certificate, and the name that it is good for.
    pub common_name: String,
    /// Labels of the Secret, without the one by which Secrets are selected.
    pub labels: Vec<(&'static str, String)>,
    /// From when the certificate is good, in seconds of Unix time.
    pub not_before: i64,
    /// Until when.
    pub not_after: i64,
}

impl fmt::Debug for Mint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match &self.replaces {
            Some((_, version)) => format!("at {version} anew"),
            None => "anew".to_owned(),
        };
        write!(
            f,
            "mint {} {what} for {}, good until {}",
            self.secret,
            self.owner,
            timestamp(self.not_after)
        )
    }
}

/// What was made for a [`Mint`], in PEM.
#[derive(Clone, Debug)]
pub struct Minted {
    /// The certificate of who signed it.
    pub authority: String,
    /// The certificate.
    pub certificate: String,
    /// Its key.
    pub key: Sealed,
}

impl Mint {
    /// What is sent to the API server: the whole Secret to be created, or the merge patch that fills the one
    /// that is there. `label` is what Secrets are selected by.
    pub fn document(&self, minted: &Minted, label: &SecretLabel) -> Value {
        let mut labels: Map<String, Value> = self
            .labels
            .iter()
            .map(|(name, value)| ((*name).to_owned(), json!(value)))
            .collect();
        labels.extend(
            label
                .mark()
                .map(|(name, value)| (name.to_owned(), json!(value))),
        );
        let mut document = json!({
            "apiVersion": self.secret.kind.api_version(), "kind": self.secret.kind.as_str(),
            "metadata": {
                "labels": labels,
                "annotations": {CERTIFICATE_EXPIRY_ANNOTATION: timestamp(self.not_after)},
            },
            "stringData": {
                "ca.crt": minted.authority, "tls.crt": minted.certificate,
                "tls.key": minted.key.reveal(),
            },
        });
        let meta = &mut document["metadata"];
        if let Some((uid, version)) = &self.replaces {
            meta["uid"] = json!(uid.to_string());
            meta["resourceVersion"] = json!(&**version);
        } else {
            meta["name"] = json!(&*self.secret.name.name);
            meta["namespace"] = json!(self.secret.name.namespace.as_deref());
            meta["ownerReferences"] = json!([{
                "apiVersion": self.owner.kind.api_version(), "kind": self.owner.kind.as_str(),
                "name": &*self.owner.name.name, "uid": self.owner_uid.to_string(),
                "controller": true, "blockOwnerDeletion": true,
            }]);
            document["type"] = json!("kubernetes.io/tls");
        }
        document
    }
}

/// All Secrets that are to be there because of objects.
#[derive(Clone, Debug, Default)]
pub(crate) struct Mints {
    children: BTreeMap<Key, State>,
    queue: BTreeSet<Key>,
}

#[derive(Clone, Debug)]
struct State {
    owner: Key,
    child: Child,
    in_flight: Option<OpId>,
    failures: u32,
    not_before: Mono,
    alarm: Option<Mono>,
}

impl Mints {
    /// Whether nothing is queued or tried again.
    pub(crate) fn is_quiet(&self) -> bool {
        self.queue.is_empty() && self.children.values().all(|state| state.failures == 0)
    }

    /// How many wait for their turn.
    pub(crate) fn depth(&self) -> usize {
        self.queue.len()
    }
}

impl Engine {
    /// The Secrets of an object are to be these.
    pub(crate) fn take_children(&mut self, owner: &Key, old: &[Child], new: &[Child]) {
        let gone = |child: &&Child| !new.iter().any(|new| new.key == child.key);
        for child in old.iter().filter(gone) {
            let state = self.mints.children.get(&child.key);
            if state.is_some_and(|state| state.owner == *owner) {
                self.set_mint_alarm(&child.key, None);
                self.mints.children.remove(&child.key);
                self.mints.queue.remove(&child.key);
                self.refuse_child(&child.key, None);
            }
        }
        for child in new {
            if let Some(state) = self.mints.children.get_mut(&child.key) {
                if state.child != *child {
                    // It is not as it was when that failed.
                    state.failures = 0;
                    state.not_before = Mono::default();
                }
                state.child = child.clone();
                state.owner = owner.clone();
            } else {
                let state = State {
                    owner: owner.clone(),
                    child: child.clone(),
                    in_flight: None,
                    failures: 0,
                    not_before: Mono::default(),
                    alarm: None,
                };
                self.mints.children.insert(child.key.clone(), state);
            }
            self.check_mint(&child.key);
        }
    }

    pub(crate) fn check_mints(&mut self) {
        let keys: Vec<Key> = self.mints.children.keys().cloned().collect();
        for key in keys {
            self.check_mint(&key);
        }
    }

    /// Whether a Secret is to be made now; if so it is lined up.
    pub(crate) fn check_mint(&mut self, key: &Key) {
        let Some(state) = self.mints.children.get(key) else {
            return;
        };
        if state.in_flight.is_some() {
            return;
        }
        let due = self.time_to_mint(state);
        let time = due.max(state.not_before);
        if due > self.now {
            // It is there, whatever was heard of the attempt to make it.
            self.mint_succeeded(key);
        }
        if time > self.now {
            self.mints.queue.remove(key);
            self.set_mint_alarm(key, Some(time));
        } else {
            self.set_mint_alarm(key, None);
            self.mints.queue.insert(key.clone());
        }
    }

    fn mint_succeeded(&mut self, key: &Key) {
        if let Some(state) = self.mints.children.get_mut(key) {
            state.failures = 0;
        }
        self.refuse_child(key, None);
    }

    /// When the certificate in a Secret is to be another one.
    fn time_to_mint(&self, state: &State) -> Mono {
        let Some(good_until) = state.child.good_until else {
            return Mono::default();
        };
        let life = self.settings.certificate_life;
        // However short a life is, a certificate is used for most of it.
        let margin = self.settings.certificate_margin.min(life / 3);
        let seconds = good_until.saturating_sub(margin).saturating_sub(self.wall);
        match u64::try_from(seconds) {
            Ok(0) | Err(_) => Mono::default(),
            Ok(seconds) => self.now.after(seconds.saturating_mul(1_000)),
        }
    }

    fn set_mint_alarm(&mut self, key: &Key, time: Option<Mono>) {
        let Some(state) = self.mints.children.get_mut(key) else {
            return;
        };
        if let Some(old) = std::mem::replace(&mut state.alarm, time) {
            self.timers.remove(&(old, Wake::Mint(key.clone())));
        }
        if let Some(time) = time {
            self.wake_at(time, Wake::Mint(key.clone()));
        }
    }

    /// The next Secret to be made.
    pub(crate) fn next_mint(&mut self, fence: Mono) -> Option<Effect> {
        while let Some(key) = self.mints.queue.pop_first() {
            let Some(mint) = self.mint(&key) else {
                continue;
            };
            let op = self.start(Subject::Mint(key.clone()), None);
            if let Some(state) = self.mints.children.get_mut(&key) {
                state.in_flight = Some(op);
            }
            return Some(Effect {
                op,
                not_after: self.now.after(self.settings.request_timeout).min(fence),
                action: Action::Mint(Box::new(mint)),
            });
        }
        None
    }

    fn mint(&self, key: &Key) -> Option<Mint> {
        let state = self.mints.children.get(key)?;
        let owner = self.records.get(&state.owner)?;
        let secret = self.records.get(key);
        let replaces = match (state.child.exists, secret) {
            (true, Some(secret)) => Some((secret.uid.clone(), Arc::clone(&secret.version))),
            (false, None) => None,
            // What is there has changed, and the object is judged again.
            (true, None) | (false, Some(_)) => return None,
        };
        Some(Mint {
            secret: key.clone(),
            replaces,
            owner: state.owner.clone(),
            owner_uid: owner.uid.clone(),
            common_name: state.child.common_name.clone(),
            labels: state.child.labels.clone(),
            not_before: self.wall.saturating_sub(SKEW),
            not_after: self.wall.saturating_add(self.settings.certificate_life),
        })
    }

    /// What came of making a Secret.
    pub(crate) fn mint_done(&mut self, key: &Key, op: OpId, outcome: Outcome) {
        let now = self.now;
        let state = self.mints.children.get_mut(key);
        let state = state.filter(|state| state.in_flight == Some(op));
        // Whoever asked for it is gone, and takes what was made along.
        let Some(state) = state else {
            if let Outcome::Stored(Some(observed)) = outcome {
                self.seen(*observed);
            }
            return;
        };
        state.in_flight = None;
        let mut refusal = None;
        match &outcome {
            Outcome::Stored(_) => {
                state.failures = 0;
                // The watch will say what it is, if the answer does not.
                state.not_before = now.after(WATCH_PATIENCE);
            }
            Outcome::NotStored(failure) => {
                state.failures += 1;
                state.not_before = now.after(pause(failure, state.failures));
                let refused = matches!(failure, KubeFailure::Refused(_));
                if refused || state.failures >= WORTH_SAYING {
                    refusal = Some(match failure {
                        KubeFailure::Conflict => format!(
                            "a {key} is there that is not seen here; delete it, or give it its label"
                        ),
                        KubeFailure::NotFound
                        | KubeFailure::Refused(_)
                        | KubeFailure::Unknown(_) => format!("{key} cannot be made: {failure}"),
                    });
                }
            }
            Outcome::NotSent | Outcome::Konnect(_) => {}
        }
        let stored = matches!(outcome, Outcome::Stored(_));
        if stored || refusal.is_some() {
            self.refuse_child(key, refusal.as_deref());
        }
        if let Outcome::Stored(Some(observed)) = outcome {
            self.seen(*observed);
        }
        self.check_mint(key);
    }

    /// What is known against making a Secret is a fact like any other.
    fn refuse_child(&mut self, key: &Key, refusal: Option<&str>) {
        if self.world.set_refusal(key, refusal) {
            self.touch(&Dep::Refusal(key.clone()));
        }
    }
}
