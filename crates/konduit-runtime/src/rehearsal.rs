//! What a replica that may not write would do if it might: played through on a copy of the engine.
//!
//! A copy takes office and is told that each of its writes succeeded, so that what follows from a write is
//! seen too: the service after the control plane, the route after the service. What it asks of Konnect is
//! answered from what Konnect answered to the engine itself. Nothing leaves the process. Start with
//! [`Rehearsal::play`].

mod archive;
mod pretence;

use std::{
    collections::{BTreeSet, HashMap},
    fmt,
};

use kong_crds::Observed;
use kong_engine::{Action, Engine, Input, Lane, Mono, Now, OpId, Outcome, Role};
use kong_model::Call;
use kong_resolve::{Key, Uid};
use serde_json::Value;

use self::archive::Archive;

/// Milliseconds that are played through: longer than the engine holds anything back, shorter than a period
/// of lists.
const HORIZON: u64 = 30_000;
/// Steps after which a play ends: who does more goes round in circles.
const LONGEST: usize = 1_000_000;

/// Where intentions go, one line each.
pub(crate) type Sink = Box<dyn FnMut(&str) + Send>;

/// What is kept for plays, and what they have shown.
pub(crate) struct Rehearsal {
    objects: HashMap<Key, Observed>,
    archive: Archive,
    /// What was told before is not told again while it stands.
    told: BTreeSet<String>,
    sink: Sink,
}

impl fmt::Debug for Rehearsal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rehearsal").finish_non_exhaustive()
    }
}

impl Rehearsal {
    pub(crate) fn new(sink: Sink) -> Self {
        Self {
            objects: HashMap::new(),
            archive: Archive::default(),
            told: BTreeSet::new(),
            sink,
        }
    }

    /// The engine is told this.
    pub(crate) fn told(&mut self, input: &Input) {
        match input {
            Input::Seen(observed) => {
                if let Some(key) = Key::of(observed) {
                    self.objects.insert(key, Observed::clone(observed));
                }
            }
            Input::Gone(key, uid) => {
                let same = |observed: &Observed| {
                    observed.meta.uid.as_deref().map(Uid::from).as_ref() == Some(uid)
                };
                if self.objects.get(key).is_some_and(same) {
                    self.objects.remove(key);
                }
            }
            Input::Synced(_) | Input::Role(_) | Input::Done(..) => {}
        }
    }

    /// Konnect has answered the engine.
    pub(crate) fn answered(&mut self, action: &Action, outcome: &Outcome) {
        if let (Action::Konnect { call, .. }, Outcome::Konnect(result)) = (action, outcome) {
            self.archive.keep(call, result);
        }
    }

    /// Plays through what the engine would do now, and tells what has not been told.
    pub(crate) fn play(&mut self, engine: &Engine, now: Now) {
        let intentions: BTreeSet<String> = self.intentions(engine, now).into_iter().collect();
        for intention in intentions.difference(&self.told) {
            (self.sink)(intention);
        }
        self.told = intentions;
    }

    fn intentions(&self, engine: &Engine, mut now: Now) -> Vec<String> {
        let mut engine = engine.clone();
        let mut objects = HashMap::new();
        let mut intentions = Vec::new();
        let role = Role::Leader {
            term: 1,
            fence: Mono(u64::MAX),
        };
        engine.handle(now, Input::Role(role));
        let end = now.mono.after(HORIZON);
        for _ in 0..LONGEST {
            let lanes = engine.lanes();
            let effect = lanes.iter().find_map(|lane: &Lane| engine.poll(now, lane));
            let Some(effect) = effect else {
                match engine.deadline().filter(|time| *time <= end) {
                    Some(time) => now.mono = time.max(now.mono.after(1)),
                    None => break,
                }
                continue;
            };
            if effect.action.is_write() {
                intentions.push(describe(&effect.action));
            }
            self.pretend(&mut engine, &mut objects, now, effect.op, &effect.action);
        }
        intentions
    }

    /// Tells a copy of the engine that what it does succeeds.
    fn pretend(
        &self,
        engine: &mut Engine,
        objects: &mut HashMap<Key, Observed>,
        now: Now,
        op: OpId,
        action: &Action,
    ) {
        let (outcome, gone) = match action {
            Action::Konnect { call, .. } => {
                let result = pretence::written(call).unwrap_or_else(|| self.archive.answer(call));
                (Outcome::Konnect(result), None)
            }
            // What would be in it nobody knows, so what would follow from it is not played.
            Action::Mint(_) => (Outcome::Stored(None), None),
            Action::Status { object, .. } | Action::Finalizers { object, .. } => {
                let before = objects.get(object).or_else(|| self.objects.get(object));
                match before.and_then(|before| pretence::stored(before, action)) {
                    Some(after) if pretence::is_over(&after) => {
                        let uid = Uid::from(after.meta.uid.as_deref().unwrap_or_default());
                        (
                            Outcome::Stored(Some(Box::new(after))),
                            Some((object.clone(), uid)),
                        )
                    }
                    Some(after) => {
                        objects.insert(object.clone(), after.clone());
                        (Outcome::Stored(Some(Box::new(after))), None)
                    }
                    None => (Outcome::Stored(None), None),
                }
            }
        };
        engine.handle(now, Input::Done(op, outcome));
        if let Some((key, uid)) = gone {
            engine.handle(now, Input::Gone(key, uid));
        }
    }
}

/// An intention as a line: the same as long as it is the same.
fn describe(action: &Action) -> String {
    match action {
        Action::Status { object, patch, .. } => {
            format!("status {object} {}", without_times(patch.clone()))
        }
        Action::Finalizers {
            object, finalizers, ..
        } => {
            format!("finalizers {object} {finalizers:?}")
        }
        Action::Mint(mint) => format!("mint {} for {}", mint.secret, mint.owner),
        Action::Konnect { call, .. } => {
            let request = call.request();
            let line = format!("{} {}", request.method, request.path);
            match call {
                Call::Put { body, .. } | Call::Post { body, .. } | Call::Patch { body, .. } => {
                    format!("{line} {}", body.redacted())
                }
                Call::WhoAmI | Call::List { .. } | Call::Get { .. } | Call::Remove { .. } => line,
            }
        }
    }
}

fn without_times(mut patch: Value) -> Value {
    for condition in patch["conditions"].as_array_mut().into_iter().flatten() {
        if let Some(condition) = condition.as_object_mut() {
            condition.remove("lastTransitionTime");
        }
    }
    if patch["conditions"].is_null()
        && let Some(patch) = patch.as_object_mut()
    {
        patch.remove("conditions");
    }
    patch
}
