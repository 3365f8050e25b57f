//! One engine with its watches: what it has been told, and what it is about to be told.
//!
//! A watch delivers the changes of one kind in order, late or twice if the schedule says so. A watch that
//! is cut lists anew, and what the list lacks is gone. An engine that crashes starts again with nothing. As in a
//! cluster, only Secrets with Kong's label are watched: one that loses it is gone, and back when it has it again.

use std::collections::{BTreeMap, VecDeque};

use serde_json::Value;

use cluster_sim::{Cluster, EventKind, ResourceId};
use kong_crds::{Kind, SecretLabel};
use kong_engine::{Effect, Input, Mono, OpId, Outcome};
use kong_resolve::{Key, Name, Uid};

use crate::schedule::Schedule;

/// Which engine: the first is 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReplicaId(pub usize);

/// News on its way.
#[derive(Clone, Debug)]
struct Parcel {
    due: Mono,
    version: u64,
    news: News,
}

#[derive(Clone, Debug)]
enum News {
    Event(EventKind, std::sync::Arc<Value>),
    Synced,
}

/// The watch of one kind.
#[derive(Clone, Debug, Default)]
struct Watch {
    /// What has been taken from the history, whether told or on its way; `None` before the first list.
    taken: Option<u64>,
    /// What has been told.
    told: u64,
    on_its_way: VecDeque<Parcel>,
    known: BTreeMap<Key, Uid>,
    synced: bool,
}

/// One engine and what surrounds it.
#[derive(Clone, Debug)]
pub(crate) struct Replica<M> {
    pub(crate) machine: M,
    /// How it is called in the operation log.
    pub(crate) actor: String,
    pub(crate) alive: bool,
    /// Effects that were taken out but not sent: the process hangs.
    pub(crate) stalled: Option<VecDeque<Effect>>,
    /// A partition keeps news of the cluster away.
    pub(crate) cut_off: bool,
    watches: BTreeMap<Kind, Watch>,
    answers: BTreeMap<(Mono, OpId), Outcome>,
}

/// The resource of a kind.
pub(crate) fn resource(kind: Kind) -> ResourceId {
    ResourceId::new(kind.group(), kind.plural())
}

/// Whether an object is one that the watch of its kind is about.
fn is_watched(kind: Kind, object: &Value) -> bool {
    kind != Kind::Secret || SecretLabel::default().selects(object)
}

impl<M> Replica<M> {
    pub(crate) fn new(machine: M, actor: String) -> Self {
        Self {
            machine,
            actor,
            alive: true,
            stalled: None,
            cut_off: false,
            watches: Kind::served()
                .map(|kind| (kind, Watch::default()))
                .collect(),
            answers: BTreeMap::new(),
        }
    }

    /// The process is gone; another one with this machine takes its place.
    pub(crate) fn restart(&mut self, machine: M) {
        *self = Self {
            alive: true,
            ..Self::new(machine, std::mem::take(&mut self.actor))
        };
    }

    pub(crate) fn answer_at(&mut self, time: Mono, op: OpId, outcome: Outcome) {
        self.answers.insert((time, op), outcome);
    }

    /// Puts on its way what the cluster has to tell.
    pub(crate) fn pull(&mut self, cluster: &Cluster, now: Mono, schedule: &mut Schedule) {
        if self.cut_off {
            return;
        }
        for (kind, watch) in &mut self.watches {
            let resource = resource(*kind);
            if watch.taken.is_some() && schedule.cut.0 != 0 {
                let news = watch.taken.is_some_and(|taken| taken < cluster.version());
                if news && schedule.happens(schedule.cut) {
                    watch.break_off();
                }
            }
            let last = watch
                .on_its_way
                .back()
                .map_or(now, |parcel| parcel.due.max(now));
            let Some(taken) = watch.taken else {
                watch.list(cluster, *kind, now, last, schedule);
                continue;
            };
            if taken == cluster.version() {
                continue;
            }
            let Ok(events) = cluster.events_since(&resource, taken) else {
                // The history is compacted: the server answers 410.
                watch.break_off();
                continue;
            };
            let mut last = last;
            for event in events {
                last = last.max(now.after(schedule.draw(schedule.watch)));
                watch.on_its_way.push_back(Parcel {
                    due: last,
                    version: event.version,
                    news: News::Event(event.kind, std::sync::Arc::clone(&event.object)),
                });
            }
            watch.taken = Some(cluster.version());
        }
    }

    /// The next thing that the engine is to be told now.
    pub(crate) fn next_input(
        &mut self,
        cluster: &Cluster,
        now: Mono,
        schedule: &mut Schedule,
    ) -> Option<Input> {
        if let Some(((time, op), _)) = self.answers.first_key_value()
            && *time <= now
        {
            let (time, op) = (*time, *op);
            let outcome = self.answers.remove(&(time, op))?;
            return Some(Input::Done(op, outcome));
        }
        if self.cut_off {
            return None;
        }
        for (kind, watch) in &mut self.watches {
            while watch
                .on_its_way
                .front()
                .is_some_and(|parcel| parcel.due <= now)
            {
                let Some(parcel) = watch.on_its_way.pop_front() else {
                    break;
                };
                // What is repeated is not repeated again: that could go on for ever. It ends with what is told
                // now, for a watch never leaves somebody in the past.
                let is_news = parcel.version > watch.told;
                watch.told = watch.told.max(parcel.version);
                if is_news && schedule.happens(schedule.repeat) {
                    watch.repeat(cluster, &resource(*kind), now);
                }
                match parcel.news {
                    News::Synced if watch.synced => {}
                    News::Synced => {
                        watch.synced = true;
                        return Some(Input::Synced(*kind));
                    }
                    News::Event(EventKind::Deleted, object) => {
                        let Some((key, uid)) = name(*kind, &object) else {
                            continue;
                        };
                        if watch.known.remove(&key).is_some() || is_watched(*kind, &object) {
                            return Some(Input::Gone(key, uid));
                        }
                    }
                    News::Event(EventKind::Added | EventKind::Modified, object)
                        if !is_watched(*kind, &object) =>
                    {
                        let known = name(*kind, &object)
                            .filter(|(key, uid)| watch.known.get(key) == Some(uid));
                        if let Some((key, uid)) = known {
                            watch.known.remove(&key);
                            return Some(Input::Gone(key, uid));
                        }
                    }
                    News::Event(EventKind::Added | EventKind::Modified, object) => {
                        if let Some((key, uid)) = name(*kind, &object) {
                            watch.known.insert(key, uid);
                        }
                        if let Ok(observed) = kong_crds::read(Value::clone(&object)) {
                            return Some(Input::Seen(Box::new(observed)));
                        }
                    }
                }
            }
        }
        None
    }

    /// When there will be something to tell.
    pub(crate) fn next_time(&self) -> Option<Mono> {
        let answer = self.answers.first_key_value().map(|((time, _), _)| *time);
        let watches = self
            .watches
            .values()
            .filter_map(|watch| watch.on_its_way.front());
        let watch = watches
            .map(|parcel| parcel.due)
            .min()
            .filter(|_| !self.cut_off);
        [answer, watch].into_iter().flatten().min()
    }

    /// Whether everything that happened has been told.
    pub(crate) fn is_up_to_date(&self, cluster: &Cluster) -> bool {
        self.answers.is_empty()
            && self
                .watches
                .values()
                .all(|watch| watch.on_its_way.is_empty() && watch.taken == Some(cluster.version()))
    }
}

impl Watch {
    fn break_off(&mut self) {
        self.taken = None;
        self.on_its_way.clear();
    }

    /// Lists the kind: everything that is there, and the loss of everything known that is not.
    fn list(
        &mut self,
        cluster: &Cluster,
        kind: Kind,
        now: Mono,
        last: Mono,
        schedule: &mut Schedule,
    ) {
        let version = cluster.version();
        let due = last.max(now.after(schedule.draw(schedule.watch)));
        let objects: Vec<_> = cluster
            .list(&resource(kind), None)
            .filter(|object| is_watched(kind, object))
            .cloned()
            .collect();
        let present: Vec<Uid> = objects.iter().map(|object| uid(object)).collect();
        // They are known until the engine has been told: this list may be cut off, too.
        for (key, lost) in &self.known {
            if present.contains(lost) {
                continue;
            }
            let object = serde_json::json!({"metadata": {
                "name": &*key.name.name, "namespace": key.name.namespace.as_deref(),
                "uid": lost.to_string(),
            }});
            let news = News::Event(EventKind::Deleted, std::sync::Arc::new(object));
            self.on_its_way.push_back(Parcel { due, version, news });
        }
        for object in objects {
            let news = News::Event(EventKind::Modified, object);
            self.on_its_way.push_back(Parcel { due, version, news });
        }
        self.on_its_way.push_back(Parcel {
            due,
            version,
            news: News::Synced,
        });
        self.taken = Some(version);
    }

    /// Tells again what was told a while ago, and all that followed.
    fn repeat(&mut self, cluster: &Cluster, resource: &ResourceId, now: Mono) {
        /// How many versions back a watch repeats itself.
        const BACK: u64 = 12;
        let from = self.told.saturating_sub(BACK);
        let Ok(events) = cluster.events_since(resource, from) else {
            return;
        };
        let again: Vec<Parcel> = events
            .take_while(|event| event.version <= self.told)
            .map(|event| Parcel {
                due: now,
                version: event.version,
                news: News::Event(event.kind, std::sync::Arc::clone(&event.object)),
            })
            .collect();
        for parcel in again.into_iter().rev() {
            self.on_its_way.push_front(parcel);
        }
    }
}

fn uid(object: &Value) -> Uid {
    Uid::from(object["metadata"]["uid"].as_str().unwrap_or_default())
}

fn name(kind: Kind, object: &Value) -> Option<(Key, Uid)> {
    let meta = &object["metadata"];
    let name = Name {
        namespace: meta["namespace"].as_str().map(std::sync::Arc::from),
        name: std::sync::Arc::from(meta["name"].as_str()?),
    };
    Some((Key { kind, name }, uid(object)))
}
