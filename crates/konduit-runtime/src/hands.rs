//! What performs effects: each in a task of its own, in the lane that it belongs to.

use std::{sync::Arc, time::Duration};

use kong_crds::SecretLabel;
use kong_engine::{Action, Effect, KubeFailure, Lane, Mono, OpId, Outcome, Purpose};
use kong_model::Failure;
use kube::Client;
use tokio::time::Instant;

use crate::{
    clock::Timeline,
    cluster::{self, Part},
    cutoff,
    konnect::{self, Execute},
    minting::{self, Authority},
};

/// Everything that effects need.
pub(crate) struct Hands {
    pub(crate) client: Client,
    pub(crate) konnect: Arc<dyn Execute>,
    /// Who signs certificates that are made here.
    pub(crate) authority: Authority,
    /// What Secrets are selected by.
    pub(crate) secret_label: SecretLabel,
    pub(crate) timeline: Timeline,
    /// How long an effect may take.
    pub(crate) patience: Duration,
    /// How long after the last moment at which an effect may be sent its answer may come.
    pub(crate) safety: Duration,
}

/// An effect on its way.
#[derive(Debug)]
pub(crate) struct Errand {
    pub(crate) lane: Lane,
    pub(crate) effect: Effect,
    pub(crate) purpose: Option<Purpose>,
}

/// An effect that was performed, or was not.
#[derive(Debug)]
pub(crate) struct Performed {
    pub(crate) op: OpId,
    pub(crate) lane: Lane,
    pub(crate) action: Action,
    pub(crate) purpose: Option<Purpose>,
    pub(crate) outcome: Outcome,
    pub(crate) took: Duration,
}

impl Hands {
    /// Performs an effect, unless it is too late for that.
    pub(crate) async fn perform(self: Arc<Self>, errand: Errand) -> Performed {
        let Errand {
            lane,
            effect:
                Effect {
                    op,
                    not_after,
                    action,
                },
            purpose,
        } = errand;
        let began = Instant::now();
        let outcome = if self.timeline.mono() > not_after {
            Outcome::NotSent
        } else {
            self.send(&action, not_after).await
        };
        tracing::debug!(op = op.0, ?action, outcome = summary(&outcome), "performed");
        Performed {
            op,
            lane,
            action,
            purpose,
            outcome,
            took: began.elapsed(),
        }
    }

    async fn send(&self, action: &Action, not_after: Mono) -> Outcome {
        let last = self.timeline.instant(not_after) + self.safety;
        let cutoff = last.min(Instant::now() + self.patience);
        let request = async {
            match action {
                Action::Status {
                    object,
                    uid,
                    version,
                    patch,
                } => {
                    let part = Part::Status(patch);
                    cluster::store(&self.client, object, uid, version, part).await
                }
                Action::Finalizers {
                    object,
                    uid,
                    version,
                    finalizers,
                } => {
                    let part = Part::Finalizers(finalizers);
                    cluster::store(&self.client, object, uid, version, part).await
                }
                Action::Mint(mint) => {
                    minting::perform(&self.client, &self.authority, &self.secret_label, mint).await
                }
                Action::Konnect { access, call } => {
                    konnect::ask(&*self.konnect, access, call).await
                }
            }
        };
        cutoff::before(cutoff, request).await.unwrap_or_else(|| {
            let words = "it took too long".to_owned();
            match action {
                Action::Status { .. } | Action::Finalizers { .. } | Action::Mint(_) => {
                    Outcome::NotStored(KubeFailure::Unknown(words))
                }
                Action::Konnect { .. } => Outcome::Konnect(Err(Failure::Transport(words))),
            }
        })
    }
}

/// An outcome for the log, without what objects and entities hold.
fn summary(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Stored(_) => "stored".to_owned(),
        Outcome::NotStored(failure) => failure.to_string(),
        Outcome::Konnect(Ok(reply)) => format!("{reply:?}"),
        Outcome::Konnect(Err(failure)) => failure.to_string(),
        Outcome::NotSent => "not sent".to_owned(),
    }
}
