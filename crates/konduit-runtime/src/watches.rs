//! Watches: one task a kind and namespace, which tells the engine what is there and what is gone.
//!
//! Listing, paging, watching on, and starting over after a 410 is kube's watcher. What is added here: an
//! object that cannot be read is told as such and holds up nobody; deletions that a broken watch missed are
//! told after the next list; a kind whose definition is not installed counts as seen and empty, and is
//! looked for again. A watch that is broken keeps what it told: losing sight of objects is not losing them.
//!
//! Of Secrets only those with the label of Kong's operator are asked for. All Secrets of a cluster are
//! often more than everything else in it (each release of a Helm chart is one), the API server could not
//! give a permission to read just those that something refers to, and fetching them one by one when a
//! reference appears would let a certificate be judged before its Secret is there. Start with [`start`].

mod absence;
mod known;
mod progress;

use std::{sync::Arc, time::Duration};

use futures::StreamExt;
use kong_crds::{Kind, SecretLabel};
use kong_engine::Input;
use kube::{
    Client,
    runtime::{
        WatchStreamExt as _,
        watcher::{self, Error, Event},
    },
};
use tokio::{sync::mpsc, task::JoinSet};

use self::{absence::Presence, known::Known};
use crate::{cluster::describe, document, document::Document, jitter::jittered, metrics::Metrics};

pub(crate) use self::{
    absence::{definition_name, definitions},
    progress::Progress,
};

/// How often a kind is looked for whose definition is not installed. Long enough to cost nothing, short
/// enough for somebody who installs the definitions last.
const MISSING_RETRY: Duration = Duration::from_secs(5);

/// Which objects are watched.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// The namespaces; all of them if empty.
    pub namespaces: Vec<String>,
    /// Which Secrets.
    pub secret_label: SecretLabel,
}

impl Selection {
    /// The label selector of a kind.
    fn labels(&self, kind: Kind) -> Option<String> {
        self.secret_label
            .selector()
            .filter(|_| kind == Kind::Secret)
    }
}

/// Starts all watches.
pub(crate) fn start(
    tasks: &mut JoinSet<()>,
    client: &Client,
    selection: &Selection,
    inputs: &mpsc::Sender<Input>,
    progress: &Arc<Progress>,
    metrics: &Arc<Metrics>,
) {
    for kind in Kind::served() {
        let everywhere = selection.namespaces.is_empty() || !kind.namespaced();
        let namespaces: Vec<Option<&String>> = if everywhere {
            vec![None]
        } else {
            selection.namespaces.iter().map(Some).collect()
        };
        progress.expect(kind, namespaces.len());
        for namespace in namespaces {
            let watch = Watch {
                kind,
                namespace: namespace.cloned(),
                labels: selection.labels(kind),
                client: client.clone(),
                inputs: inputs.clone(),
                progress: Arc::clone(progress),
                metrics: Arc::clone(metrics),
                known: Known::new(kind),
                listed: false,
            };
            tasks.spawn(watch.run());
        }
    }
}

/// The watch of a kind, in a namespace or in all.
struct Watch {
    kind: Kind,
    namespace: Option<String>,
    labels: Option<String>,
    client: Client,
    inputs: mpsc::Sender<Input>,
    progress: Arc<Progress>,
    metrics: Arc<Metrics>,
    known: Known,
    /// Whether this watch has seen everything once.
    listed: bool,
}

/// Nobody listens any more.
struct Closed;

impl Watch {
    async fn run(mut self) {
        while self.follow().await.is_ok() {
            tokio::time::sleep(jittered(MISSING_RETRY)).await;
        }
    }

    /// Watches until the definition of the kind turns out not to be there.
    async fn follow(&mut self) -> Result<(), Closed> {
        let config = watcher::Config {
            label_selector: self.labels.clone(),
            ..watcher::Config::default()
        };
        let api = document::api(self.client.clone(), self.kind, self.namespace.as_deref());
        let mut events = std::pin::pin!(watcher::watcher(api, config).default_backoff());
        while let Some(event) = events.next().await {
            match event {
                Ok(event) => self.take(event).await?,
                Err(error) if self.is_missing(&error).await => return self.is_listed().await,
                Err(error) => self.complain(&error),
            }
        }
        Ok(())
    }

    async fn take(&mut self, event: Event<Document>) -> Result<(), Closed> {
        match event {
            Event::Init => self.known.begin(),
            Event::InitApply(document) | Event::Apply(document) => self.seen(document).await?,
            Event::Delete(document) => {
                if let Some((key, uid)) = document.name(self.kind) {
                    self.known.remove(&uid);
                    self.tell(Input::Gone(key, uid)).await?;
                }
            }
            Event::InitDone => {
                for (key, uid) in self.known.end() {
                    self.tell(Input::Gone(key, uid)).await?;
                }
                self.is_listed().await?;
            }
        }
        Ok(())
    }

    async fn seen(&mut self, document: Document) -> Result<(), Closed> {
        let Some((key, uid)) = document.name(self.kind) else {
            tracing::warn!(kind = %self.kind, ?document, "an object without a name or uid is left out");
            return Ok(());
        };
        match document.read(self.kind) {
            Ok(observed) => {
                self.known.insert(&key.name, uid);
                self.tell(Input::Seen(Box::new(observed))).await
            }
            Err(error) => {
                tracing::warn!(object = %key, %error, "an object is left out");
                Ok(())
            }
        }
    }

    /// Everything that was there has been told.
    async fn is_listed(&mut self) -> Result<(), Closed> {
        self.progress.recovered(self.kind);
        if std::mem::replace(&mut self.listed, true) {
            return Ok(());
        }
        if self.progress.listed(self.kind) {
            self.tell(Input::Synced(self.kind)).await?;
        }
        Ok(())
    }

    /// Whether a list failed since there is no such kind. Once the kind has been seen it is only out of
    /// sight: an API server that starts may not know it yet.
    async fn is_missing(&mut self, error: &Error) -> bool {
        let Error::InitialListFailed(kube::Error::Api(status)) = error else {
            return false;
        };
        if status.code != 404 || self.known.is_used() {
            return false;
        }
        match absence::presence(&self.client, self.kind).await {
            Presence::Absent => {
                if !self.listed {
                    tracing::info!(
                        kind = %self.kind,
                        "its definition is not installed; objects of it are served once it is"
                    );
                }
                true
            }
            Presence::OtherVersions(versions) => {
                if !self.listed {
                    tracing::warn!(
                        kind = %self.kind, wanted = self.kind.version(), ?versions,
                        "its definition does not have the version that we work in; update it"
                    );
                }
                true
            }
            Presence::Present | Presence::Unknown => false,
        }
    }

    fn complain(&self, error: &Error) {
        let error = match error {
            Error::InitialListFailed(error)
            | Error::WatchStartFailed(error)
            | Error::WatchFailed(error) => describe(error),
            Error::WatchError(status) if status.code == 410 => {
                tracing::debug!(kind = %self.kind, "the watch is too old and lists anew");
                return;
            }
            Error::WatchError(status) => status.message.clone(),
            Error::NoResourceVersion => error.to_string(),
        };
        self.metrics.watch_failed(self.kind);
        self.progress.failed(self.kind, &error);
        tracing::warn!(
            kind = %self.kind, namespace = self.namespace, error,
            "the watch is broken and is tried again; what it told stays"
        );
    }

    async fn tell(&self, input: Input) -> Result<(), Closed> {
        self.inputs.send(input).await.map_err(|_| Closed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_need_the_label_of_kongs_operator_and_nothing_else_does() {
        let selection = Selection::default();
        assert_eq!(
            selection.labels(Kind::Secret).as_deref(),
            Some("konghq.com/secret in (internal, true)")
        );
        assert_eq!(selection.labels(Kind::KongService), None);
    }

    #[test]
    fn an_empty_label_means_every_secret() {
        let selection = Selection {
            secret_label: SecretLabel::new(""),
            ..Selection::default()
        };
        assert_eq!(selection.labels(Kind::Secret), None);
    }
}
