//! The wrong engines.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use kong_crds::adopt::AdoptMode;
use kong_crds::names::{DELETION_POLICY_ANNOTATION, DRIFT_ANNOTATION, KONNECT_CLEANUP_FINALIZER};
use kong_crds::{AnyParts, Kind, Observed};
use kong_driver::Machine;
use kong_engine::{Action, Effect, Engine, Input, Lane, Mono, Now, OpId, Outcome, Role};
use kong_model::{Call, Collection, Failure, Items, RemoteId, Reply};
use kong_resolve::Key;
use serde_json::{Value, json};
use testkit::Rule;
use testkit::sweep::sound;

/// What is wrong with an engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flaw {
    /// Believes that finalizers are stored without storing them.
    FinalizerOnPaper,
    /// Believes that what it deletes is gone without deleting it.
    DeletionOnPaper,
    /// Believes that what it writes is there without writing it.
    WriteOnPaper,
    /// Takes every first list for empty.
    NoLists,
    /// Never hears that a grant is gone.
    GrantsForEver,
    /// Says that a newer generation is programmed than the one that is.
    AheadOfItself,
    /// Sends whatever it once wanted to send, however late.
    NoDeadline,
    /// Does not wait when Konnect asks it to.
    Impatient,
    /// Writes every entity a second time under another id.
    Doubled,
    /// Erases the id from statuses that it writes.
    Forgetful,
    /// Takes everything in Konnect for its own.
    Greedy,
    /// Tells the token in a message.
    Gossip,
    /// Sees in lists what it wrote, not what is there.
    BlindToDrift,
    /// Writes once more what is there already.
    Restless,
    /// Never hears that an object is to be deleted.
    Deaf,
    /// Takes over whatever it is asked to look at.
    Grasping,
    /// Never hears what is to be done about drift.
    Tidy,
    /// Never hears that something is to stay.
    Thorough,
}

/// Where a wrong engine shows itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Where {
    /// In a story without faults.
    Stories,
    /// In a story with one fault.
    Faults,
    /// In a random story.
    Seeds,
}

/// A wrong engine, the rule that it breaks, where, and the engine itself.
pub(super) type Row = (Flaw, Rule, Where, fn() -> Flawed);

/// The wrong engines.
pub(super) const ALL: [Row; 18] = [
    (
        Flaw::FinalizerOnPaper,
        Rule::FinalizerFirst,
        Where::Stories,
        || Flawed::new(Flaw::FinalizerOnPaper),
    ),
    (
        Flaw::DeletionOnPaper,
        Rule::FinalizerLast,
        Where::Stories,
        || Flawed::new(Flaw::DeletionOnPaper),
    ),
    (Flaw::WriteOnPaper, Rule::Programmed, Where::Stories, || {
        Flawed::new(Flaw::WriteOnPaper)
    }),
    (Flaw::NoLists, Rule::IdStays, Where::Stories, || {
        Flawed::new(Flaw::NoLists)
    }),
    (Flaw::GrantsForEver, Rule::Granted, Where::Stories, || {
        Flawed::new(Flaw::GrantsForEver)
    }),
    (
        Flaw::AheadOfItself,
        Rule::Programmed,
        Where::Stories,
        || Flawed::new(Flaw::AheadOfItself),
    ),
    (Flaw::NoDeadline, Rule::Lease, Where::Seeds, || {
        Flawed::new(Flaw::NoDeadline)
    }),
    (Flaw::Impatient, Rule::RetryAfter, Where::Faults, || {
        Flawed::new(Flaw::Impatient)
    }),
    (Flaw::Doubled, Rule::OneEntity, Where::Stories, || {
        Flawed::new(Flaw::Doubled)
    }),
    (Flaw::Forgetful, Rule::IdStays, Where::Stories, || {
        Flawed::new(Flaw::Forgetful)
    }),
    (Flaw::Greedy, Rule::NotOurs, Where::Stories, || {
        Flawed::new(Flaw::Greedy)
    }),
    (Flaw::Gossip, Rule::Secret, Where::Stories, || {
        Flawed::new(Flaw::Gossip)
    }),
    (Flaw::BlindToDrift, Rule::SameEnd, Where::Stories, || {
        Flawed::new(Flaw::BlindToDrift)
    }),
    (Flaw::Restless, Rule::Quiet, Where::Stories, || {
        Flawed::new(Flaw::Restless)
    }),
    (Flaw::Deaf, Rule::SameEnd, Where::Stories, || {
        Flawed::new(Flaw::Deaf)
    }),
    (Flaw::Grasping, Rule::NotOurs, Where::Stories, || {
        Flawed::new(Flaw::Grasping)
    }),
    (Flaw::Tidy, Rule::SameEnd, Where::Stories, || {
        Flawed::new(Flaw::Tidy)
    }),
    (Flaw::Thorough, Rule::SameEnd, Where::Stories, || {
        Flawed::new(Flaw::Thorough)
    }),
];

/// A sound engine with a flaw.
#[derive(Debug)]
pub(super) struct Flawed {
    engine: Engine,
    flaw: Flaw,
    seen: BTreeMap<Key, Box<Observed>>,
    written: BTreeMap<RemoteId, Value>,
    lists: BTreeMap<OpId, Collection>,
    extra: VecDeque<Effect>,
    last: u64,
}

impl Flawed {
    fn new(flaw: Flaw) -> Self {
        Self {
            engine: sound(),
            flaw,
            seen: BTreeMap::new(),
            written: BTreeMap::new(),
            lists: BTreeMap::new(),
            extra: VecDeque::new(),
            last: 1 << 40,
        }
    }

    /// Remembers what goes by.
    fn note(&mut self, input: &Input) {
        if let Input::Seen(observed) | Input::Done(_, Outcome::Stored(Some(observed))) = input {
            let meta = &observed.meta;
            let namespace = meta.namespace.as_deref().unwrap_or_default();
            let name = meta.name.as_deref().unwrap_or_default();
            let key = Key::new(observed.kind, namespace, name);
            self.seen.insert(key, observed.clone());
        }
        if let Input::Done(_, Outcome::Konnect(Ok(Reply::Entity(entity)))) = input
            && let Some(id) = entity["id"].as_str()
        {
            self.written.insert(RemoteId::from(id), entity.clone());
        }
    }

    /// An object as the engine is told of it.
    fn misread(&self, observed: &mut Observed) {
        let hidden = match self.flaw {
            Flaw::Tidy => DRIFT_ANNOTATION,
            Flaw::Thorough => DELETION_POLICY_ANNOTATION,
            _ => "",
        };
        if let Some(annotations) = &mut observed.meta.annotations {
            annotations.remove(hidden);
        }
        if self.flaw == Flaw::Grasping
            && let Ok(AnyParts::KongService(parts)) = &mut observed.parts
            && let Some(adopt) = &mut Arc::make_mut(&mut parts.spec).adopt
        {
            adopt.mode = Some(AdoptMode::Override);
        }
    }

    /// What the engine is told instead.
    fn distort(&mut self, mut input: Input) -> Option<Input> {
        if let Input::Seen(observed) | Input::Done(_, Outcome::Stored(Some(observed))) = &mut input
        {
            self.misread(observed);
        }
        Some(match (self.flaw, input) {
            (Flaw::GrantsForEver, Input::Gone(key, _)) if key.kind == Kind::KongReferenceGrant => {
                return None;
            }
            (Flaw::NoLists, Input::Done(op, Outcome::Konnect(Ok(Reply::Page { .. })))) => {
                let empty = Reply::Page {
                    items: Items::from(Vec::new()),
                    next: None,
                };
                Input::Done(op, Outcome::Konnect(Ok(empty)))
            }
            (
                Flaw::Impatient,
                Input::Done(op, Outcome::Konnect(Err(Failure::RateLimited { .. }))),
            ) => Input::Done(op, Outcome::Konnect(Err(Failure::Server(500)))),
            (Flaw::NoDeadline, Input::Role(Role::Leader { term, .. })) => {
                let fence = Mono(u64::MAX);
                Input::Role(Role::Leader { term, fence })
            }
            (Flaw::Greedy, Input::Done(op, Outcome::Konnect(Ok(Reply::Page { items, next })))) => {
                let mut items = items.into_values().expect("a simulator sends values");
                let owner = self
                    .seen
                    .iter()
                    .find(|(key, _)| key.kind == Kind::KongService);
                let uid = owner.and_then(|(_, observed)| observed.meta.uid.clone());
                if self.lists.get(&op) == Some(&Collection::Services)
                    && let Some(uid) = uid
                {
                    for item in &mut items {
                        if item["tags"].is_null() {
                            item["tags"] = json!([format!("k8s-uid:{uid}")]);
                        }
                    }
                }
                let items = items.into();
                Input::Done(op, Outcome::Konnect(Ok(Reply::Page { items, next })))
            }
            (
                Flaw::BlindToDrift,
                Input::Done(op, Outcome::Konnect(Ok(Reply::Page { items, next }))),
            ) => {
                let known = |item: &Value| {
                    self.written
                        .get(&RemoteId::from(item["id"].as_str()?))
                        .cloned()
                };
                let items = items.into_values().expect("a simulator sends values");
                let items = items
                    .into_iter()
                    .map(|item| known(&item).unwrap_or(item))
                    .collect();
                Input::Done(op, Outcome::Konnect(Ok(Reply::Page { items, next })))
            }
            (Flaw::Deaf, Input::Seen(observed)) if observed.meta.deletion_timestamp.is_some() => {
                return None;
            }
            (_, input) => input,
        })
    }

    /// Whether the engine is told that this was done although it never is.
    fn pretend(&self, action: &Action) -> Option<Outcome> {
        match (self.flaw, action) {
            (
                Flaw::FinalizerOnPaper,
                Action::Finalizers {
                    object, finalizers, ..
                },
            ) if finalizers
                .iter()
                .any(|name| **name == *KONNECT_CLEANUP_FINALIZER) =>
            {
                let mut observed = self.seen.get(object)?.clone();
                observed.meta.finalizers =
                    Some(finalizers.iter().map(ToString::to_string).collect());
                Some(Outcome::Stored(Some(observed)))
            }
            (
                Flaw::DeletionOnPaper,
                Action::Konnect {
                    call: Call::Remove { .. },
                    ..
                },
            ) => Some(Outcome::Konnect(Ok(Reply::Done))),
            (
                Flaw::WriteOnPaper,
                Action::Konnect {
                    call: Call::Put { id, body, .. },
                    ..
                },
            ) => {
                let mut entity = body.wire();
                entity["id"] = json!(id.as_str());
                Some(Outcome::Konnect(Ok(Reply::Entity(entity))))
            }
            _ => None,
        }
    }

    /// What is sent instead.
    fn twist(&mut self, effect: &mut Effect) {
        let Effect {
            not_after, action, ..
        } = effect;
        match (self.flaw, action) {
            (Flaw::NoDeadline, _) => *not_after = Mono(u64::MAX),
            (Flaw::AheadOfItself, Action::Status { patch, .. }) => {
                for condition in patch["conditions"].as_array_mut().into_iter().flatten() {
                    let generation = condition["observedGeneration"].as_i64().unwrap_or(0);
                    condition["observedGeneration"] = json!(generation + 1);
                }
            }
            (Flaw::Forgetful, Action::Status { patch, object, .. })
                if object.kind == Kind::KongService && !patch["conditions"].is_null() =>
            {
                patch["konnect"] = Value::Null;
            }
            (Flaw::Gossip, Action::Status { patch, object, .. }) => {
                let Some(Ok(AnyParts::KonnectAPIAuthConfiguration(parts))) =
                    self.seen.get(object).map(|observed| &observed.parts)
                else {
                    return;
                };
                let token = parts
                    .spec
                    .token
                    .as_ref()
                    .map(kong_crds::SecretString::expose);
                for condition in patch["conditions"].as_array_mut().into_iter().flatten() {
                    condition["message"] =
                        json!(format!("the token is {}", token.unwrap_or_default()));
                }
            }
            (
                Flaw::Doubled,
                Action::Konnect {
                    access,
                    call: Call::Put { site, id, body },
                },
            ) if site.at == Collection::Certificates => {
                let twin = Call::Put {
                    site: site.clone(),
                    id: twin_of(id),
                    body: Arc::clone(body),
                };
                let access = access.clone();
                self.once_more(Action::Konnect { access, call: twin }, effect.not_after);
            }
            (
                Flaw::Restless,
                Action::Konnect {
                    access,
                    call: Call::List { site, .. },
                },
            ) => {
                let plane = site.control_plane.clone();
                let again = self
                    .written
                    .iter()
                    .find(|(_, entity)| !entity["host"].is_null());
                if let (Some(plane), Some((id, entity))) = (plane, again) {
                    let site = kong_model::Site {
                        at: Collection::Services,
                        control_plane: Some(plane),
                        parent: None,
                    };
                    let body = Arc::new(kong_model::Body::from_wire(Collection::Services, entity));
                    let (id, access) = (id.clone(), access.clone());
                    let call = Call::Put { site, id, body };
                    self.once_more(Action::Konnect { access, call }, effect.not_after);
                }
            }
            _ => {}
        }
    }

    fn once_more(&mut self, action: Action, not_after: Mono) {
        self.last += 1;
        let op = OpId(self.last);
        self.extra.push_back(Effect {
            op,
            not_after,
            action,
        });
    }
}

/// Another id: the digits read backwards.
fn twin_of(id: &RemoteId) -> RemoteId {
    let mut digits = id.as_str().chars().rev().filter(|digit| *digit != '-');
    let mirrored = id.as_str().chars().map(|at| match at {
        '-' => '-',
        _ => digits.next().unwrap_or('0'),
    });
    RemoteId::from(mirrored.collect::<String>())
}

impl Machine for Flawed {
    fn handle(&mut self, now: Now, input: Input) {
        self.note(&input);
        if let Some(input) = self.distort(input) {
            self.engine.handle(now, input);
        }
    }

    fn poll(&mut self, now: Now, lane: &Lane) -> Option<Effect> {
        if *lane != Lane::Kube
            && let Some(effect) = self.extra.pop_front()
        {
            return Some(effect);
        }
        loop {
            let mut effect = self.engine.poll(now, lane)?;
            if let Some(outcome) = self.pretend(&effect.action) {
                self.handle(now, Input::Done(effect.op, outcome));
                continue;
            }
            if let Action::Konnect {
                call: Call::List { site, .. },
                ..
            } = &effect.action
            {
                self.lists.insert(effect.op, site.at);
            }
            self.twist(&mut effect);
            return Some(effect);
        }
    }

    fn lanes(&self) -> Vec<Lane> {
        self.engine.lanes()
    }

    fn deadline(&self) -> Option<Mono> {
        self.engine.deadline()
    }

    fn engine(&self) -> &Engine {
        &self.engine
    }
}
