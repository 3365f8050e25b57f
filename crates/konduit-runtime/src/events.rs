//! Kubernetes events about what changes with objects: `kubectl describe` shows them.
//!
//! Events are a courtesy. They never hold anything up: what does not fit into the channel, or comes faster
//! than the API server should be asked to keep, is dropped and counted. What repeats itself within minutes is
//! one event with a count, which kube's recorder sees to. Only who leads publishes: what a replica has left to tell
//! when its time is over is dropped, too.

use std::{sync::Arc, time::Duration};

use k8s_openapi::api::core::v1::ObjectReference;
use kong_engine::Role;
use kong_resolve::{Key, Uid};
use kube::{
    Client,
    runtime::events::{Event, EventType, Recorder, Reporter},
};
use tokio::{
    sync::{mpsc, watch},
    time::Instant,
};

use crate::{clock::Timeline, cluster::describe, cutoff, metrics::Metrics, milestones::Headline};

/// What reports.
const CONTROLLER: &str = "konduit";
/// What was done to the object, in the words of the events API.
const ACTION: &str = "Sync";
/// Events that wait to be published.
const WAITING: usize = 256;
/// Events that may be published at once; a small world is told of in full.
const BURST: f64 = 100.0;
/// Events a second after that: a sixth of what client-go lets an operator publish about one object each
/// five minutes, since here are thousands of objects.
const RATE: f64 = 5.0;
/// How long publishing one may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// The longest note that the API takes, in bytes.
const LONGEST_NOTE: usize = 1024;

/// News about an object.
#[derive(Debug)]
struct News {
    object: Key,
    uid: Uid,
    headline: Headline,
}

/// Where news are left.
#[derive(Clone, Debug)]
pub(crate) struct Mailbox {
    sender: mpsc::Sender<News>,
    metrics: Arc<Metrics>,
}

impl Mailbox {
    /// Leaves news, unless there are too many already.
    pub(crate) fn leave(&self, object: &Key, uid: &Uid, headline: Headline) {
        let news = News {
            object: object.clone(),
            uid: uid.clone(),
            headline,
        };
        if self.sender.try_send(news).is_err() {
            self.metrics.event_dropped();
        }
    }
}

/// What publishes news.
pub(crate) struct Publisher {
    news: mpsc::Receiver<News>,
    recorder: Recorder,
    bucket: Bucket,
    roles: watch::Receiver<Role>,
    timeline: Timeline,
    metrics: Arc<Metrics>,
}

/// A mailbox, and what empties it.
pub(crate) fn publisher(
    client: Client,
    instance: String,
    roles: watch::Receiver<Role>,
    timeline: Timeline,
    metrics: &Arc<Metrics>,
) -> (Mailbox, Publisher) {
    let (sender, news) = mpsc::channel(WAITING);
    let reporter = Reporter {
        controller: CONTROLLER.to_owned(),
        instance: Some(instance),
    };
    let mailbox = Mailbox {
        sender,
        metrics: Arc::clone(metrics),
    };
    let publisher = Publisher {
        news,
        recorder: Recorder::new(client, reporter),
        bucket: Bucket::new(Instant::now()),
        roles,
        timeline,
        metrics: Arc::clone(metrics),
    };
    (mailbox, publisher)
}

impl Publisher {
    /// Publishes until nobody leaves news any more.
    pub(crate) async fn run(mut self) {
        while let Some(news) = self.news.recv().await {
            let now = Instant::now();
            let Some(cutoff) = self.cutoff(now).filter(|_| self.bucket.take(now)) else {
                self.metrics.event_dropped();
                continue;
            };
            match cutoff::before(cutoff, self.publish(&news)).await {
                Some(Ok(())) => {}
                Some(Err(error)) => {
                    self.metrics.event_dropped();
                    tracing::debug!(object = %news.object, error = describe(&error), "an event is lost");
                }
                None => {
                    self.metrics.event_dropped();
                    tracing::debug!(object = %news.object, "an event is lost: it took too long");
                }
            }
        }
    }

    /// Until when an event may be under way; not at all if somebody else leads, or may lead.
    fn cutoff(&self, now: Instant) -> Option<Instant> {
        let Role::Leader { fence, .. } = *self.roles.borrow() else {
            return None;
        };
        let latest = self.timeline.at(now + PATIENCE).min(fence);
        let latest = self.timeline.instant(latest);
        (latest > now).then_some(latest)
    }

    async fn publish(&self, news: &News) -> kube::Result<()> {
        let (event, reference) = (event(&news.headline), reference(&news.object, &news.uid));
        self.recorder.publish(&event, &reference).await
    }
}

fn event(headline: &Headline) -> Event {
    Event {
        type_: if headline.good {
            EventType::Normal
        } else {
            EventType::Warning
        },
        reason: headline.reason.clone(),
        note: Some(note(headline)),
        action: ACTION.to_owned(),
        secondary: None,
    }
}

/// What the condition says, as far as the API takes it.
fn note(headline: &Headline) -> String {
    let status = if headline.good { "True" } else { "False" };
    let mut note = format!("{} is {status}", headline.condition);
    if !headline.message.is_empty() {
        note.push_str(": ");
        note.push_str(&headline.message);
    }
    let mut end = note.len().min(LONGEST_NOTE);
    while !note.is_char_boundary(end) {
        end -= 1;
    }
    note.truncate(end);
    note
}

fn reference(object: &Key, uid: &Uid) -> ObjectReference {
    ObjectReference {
        api_version: Some(object.kind.api_version().to_owned()),
        kind: Some(object.kind.as_str().to_owned()),
        namespace: object.name.namespace.as_deref().map(str::to_owned),
        name: Some(object.name.name.to_string()),
        uid: Some(uid.to_string()),
        ..ObjectReference::default()
    }
}

/// A token bucket.
#[derive(Debug)]
struct Bucket {
    tokens: f64,
    filled: Instant,
}

impl Bucket {
    fn new(now: Instant) -> Self {
        Self {
            tokens: BURST,
            filled: now,
        }
    }

    fn take(&mut self, now: Instant) -> bool {
        let elapsed = now.saturating_duration_since(self.filled).as_secs_f64();
        self.tokens = (self.tokens + elapsed * RATE).min(BURST);
        self.filled = now;
        let open = self.tokens >= 1.0;
        if open {
            self.tokens -= 1.0;
        }
        open
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headline(message: &str) -> Headline {
        Headline {
            condition: "Programmed",
            good: false,
            reason: "Refused".to_owned(),
            message: message.to_owned(),
            generation: 1,
        }
    }

    #[test]
    fn a_bad_headline_is_a_warning_in_the_words_of_the_condition() {
        let event = event(&headline("failed to create service: no host"));
        assert_eq!(event.type_, EventType::Warning);
        assert_eq!(event.reason, "Refused");
        assert_eq!(
            event.note.as_deref(),
            Some("Programmed is False: failed to create service: no host")
        );
    }

    #[test]
    fn a_note_is_cut_where_the_api_would_refuse_it() {
        let note = note(&headline(&"ä".repeat(2_000)));
        assert!(note.len() <= LONGEST_NOTE && note.len() > LONGEST_NOTE - 2);
    }

    #[tokio::test(start_paused = true)]
    async fn after_a_burst_events_are_few() {
        let mut bucket = Bucket::new(Instant::now());
        let mut taken = |seconds| {
            let now = Instant::now() + Duration::from_secs(seconds);
            (0..1_000).filter(|_| bucket.take(now)).count()
        };
        assert_eq!(taken(0), 100);
        assert_eq!(taken(2), 10);
        assert_eq!(taken(3_600), 100);
    }
}
