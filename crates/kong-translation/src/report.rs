//! What is said of an object: from its verdict and the state of its entities to conditions, status
//! fields and the standing that others see.
//!
//! `Programmed` (of some kinds `Ready`) is derived here and nowhere else: it is True only if every reference is
//! good and Konnect confirmed every entity in its present form. Credentials that are refused after that change
//! nothing about it. Start with [`report`].

mod extension;
mod fields;
mod policies;

use std::sync::Arc;

use serde_json::{Map, Value};

use kong_crds::conditions as c;
use kong_model::{Collection, RemoteId};
use kong_resolve::{
    Account, Condition, DriftPolicy, Endpoints, Frame, Intent, Key, Meta, Output, Readiness,
    Standing, Truth, Verdict,
};

use self::fields::{fields, organization};
use self::policies::{adopted, drifted};

/// Whether an entity is in Konnect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// Nobody has looked yet.
    Unknown,
    /// It is not.
    Absent,
    /// It is, under the id given.
    Present,
}

/// Why an entity is not as wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What was tried.
    pub attempt: Attempt,
    /// Why it failed, and what to do where we know.
    pub text: String,
    /// Whether trying again may help without anybody doing anything.
    pub transient: bool,
}

/// What was tried with an entity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// To read it.
    Read,
    /// To create it.
    Create,
    /// To change it.
    Update,
    /// To delete it.
    Delete,
    /// To take it over; with the reason of `Adopted`. The text says what was tried.
    Adopt(&'static str),
    /// Any of these, but Konnect could not be reached.
    Reach,
}

/// How an entity in Konnect is other than it was left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Drift {
    /// These members are others.
    Changed(Vec<String>),
    /// It is not there.
    Gone,
}

/// One entity of an object, as far as its status is concerned.
#[derive(Clone, Copy, Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "facts that do not depend on each other"
)]
pub struct State<'a> {
    /// Where it lives.
    pub at: Collection,
    /// Whether the object itself stands for it.
    pub main: bool,
    /// What is to become of it; `None` if nobody wants it any more.
    pub intent: Option<&'a Intent>,
    /// Its id.
    pub id: Option<&'a RemoteId>,
    /// Whether it is there.
    pub presence: Presence,
    /// Whether something is under way with it: it may be there in a moment.
    pub under_way: bool,
    /// Whether it is in its present form what Konnect confirmed.
    pub confirmed: bool,
    /// Why it is not as wanted.
    pub problem: Option<&'a Problem>,
    /// Whether it was taken over, which its object asked for.
    pub adopted: bool,
    /// How it has drifted, if it is to be left so.
    pub drift: Option<&'a Drift>,
    /// Whether only the status says so far that it is there.
    pub unseen: bool,
    /// Whether nothing but its identity, or its user, says where it is to be, and nobody has looked there.
    pub guessed: bool,
    /// What Konnect says of it beside what we wrote.
    pub facts: &'a Value,
}

/// What is said of an object.
#[derive(Clone, Debug)]
pub struct Report {
    /// All its conditions.
    pub conditions: Vec<Condition>,
    /// The fields of its status beside the conditions.
    pub fields: Map<String, Value>,
    /// How urgent it is to say so.
    pub urgency: Urgency,
    /// What it is worth to others.
    pub standing: Standing,
}

/// Whether a report is worth a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Urgency {
    /// It is final as things stand.
    Now,
    /// Something is wrong that may be right in a moment: objects are applied one after the other.
    Soon,
    /// It gives way by itself, or the object goes the way of what it refers to: worth a write only if it
    /// lasts.
    Late,
    /// Work is under way and nothing is wrong: not worth a write.
    Never,
}

/// Puts together what is said of an object. `before` is the status it has.
pub fn report(
    frame: Frame,
    key: &Key,
    meta: &Meta,
    verdict: &Verdict,
    states: &[State<'_>],
    before: &Value,
) -> Report {
    if verdict.foreign && states.is_empty() {
        return of_somebody_else(meta);
    }
    let progress = Progress::of(verdict, states);
    let settled = progress == Progress::Settled;
    let mut conditions: Vec<Condition> = verdict
        .conditions
        .iter()
        .map(|condition| {
            condition
                .clone()
                .when(settled, &before["conditions"], meta.generation)
        })
        .collect();
    let problem = states
        .iter()
        .find_map(|state| Some((state, state.problem?)));
    match (frame, problem) {
        // What was asked with a token that is no longer there says nothing any more.
        (Frame::Account, Some(_)) if conditions.iter().any(|it| it.kind == c::API_AUTH_VALID) => {}
        (Frame::Account, Some((_, problem))) => {
            let text = problem.text.clone();
            let failed = Condition::fails(c::API_AUTH_VALID, c::INVALID, text);
            conditions.push(failed.passing(problem.transient));
        }
        (Frame::Account, None) => {}
        (Frame::Native | Frame::Konnect | Frame::Extension, Some((state, problem))) => {
            let failed = match frame {
                Frame::Extension => extension::failure(key, problem),
                Frame::Native | Frame::Konnect | Frame::Account => failure(key, state, problem),
            };
            // There is one condition of a type, and what Konnect said is said nowhere else.
            conditions.retain(|it| failed.iter().all(|failed| failed.kind != it.kind));
            conditions.extend(failed);
            if frame == Frame::Extension {
                extension::name_certificate(&mut conditions, states, before);
            }
        }
        (Frame::Native | Frame::Konnect | Frame::Extension, None) => {
            if frame == Frame::Extension {
                extension::name_certificate(&mut conditions, states, before);
            }
            let summary = summary(frame, meta, verdict, settled, &conditions);
            conditions.extend(summary);
        }
    }
    if settled {
        conditions.extend(verdict.confirmed.iter().cloned());
    }
    conditions.extend(adopted(&conditions, states, before));
    let drift = drifted(states, before).filter(|_| verdict.drift == DriftPolicy::Warn);
    let has_drifted = drift.is_some();
    conditions.extend(drift);
    let failing = conditions
        .iter()
        .any(|condition| condition.truth != Truth::True);
    let passing = conditions
        .iter()
        .filter(|condition| condition.truth != Truth::True)
        .all(|condition| condition.passing);
    // What was said of an entity still stands until its heir has it.
    let waits_for_heir = verdict.heir.is_some() && states.is_empty();
    let urgency = match (failing, passing, progress) {
        (true, true, _) => Urgency::Late,
        // Whether credentials are good depends on nothing that could still be on its way.
        (true, false, _) if frame == Frame::Account => Urgency::Now,
        (true, false, _)
            // Families go one after the other.
            if problem.is_none()
                && verdict.is_bereft()
                && confirmed_generation(frame.summary(), before) == Some(meta.generation) =>
        {
            Urgency::Late
        }
        (true, false, _) => Urgency::Soon,
        // What was said stands until somebody has looked.
        (false, _, _) if verdict.unseen && !settled => Urgency::Never,
        (false, _, Progress::UnderWay) => Urgency::Never,
        (false, _, Progress::Settled | Progress::Stuck) if waits_for_heir => Urgency::Never,
        // A deletion that goes well is over soon, and then there is nothing to write to.
        (false, _, Progress::Settled) if meta.deleting => Urgency::Late,
        // The next list may tell what else is gone.
        (false, _, Progress::Settled | Progress::Stuck) if has_drifted => Urgency::Soon,
        (false, _, Progress::Settled | Progress::Stuck) => Urgency::Now,
    };
    let fields = fields(frame, verdict, states, before);
    Report {
        standing: Standing {
            endpoints: endpoints(frame, &fields),
            ..standing(frame, meta, verdict, states, before, problem.is_some())
        },
        fields,
        conditions,
        urgency,
    }
}

/// Nothing, and nobody can refer to it here.
fn of_somebody_else(meta: &Meta) -> Report {
    Report {
        conditions: Vec::new(),
        fields: Map::new(),
        urgency: Urgency::Never,
        standing: Standing {
            uid: meta.uid.clone(),
            deleting: meta.deleting,
            readiness: Readiness::Blocked,
            id: None,
            home: None,
            lost: None,
            account: None,
            region: None,
            endpoints: None,
            retained: false,
            guessed: false,
            state: None,
        },
    }
}

/// What is said of an object with whose entities nothing is wrong; nothing while work is under way.
fn summary(
    frame: Frame,
    meta: &Meta,
    verdict: &Verdict,
    settled: bool,
    conditions: &[Condition],
) -> Option<Condition> {
    let fails = |condition: &Condition| condition.truth != Truth::True;
    // The verdict may have said it already: of an object that cannot be read.
    if conditions.iter().any(|it| it.kind == frame.summary()) {
        return None;
    }
    // What matters only when there is work does not make undone what was done.
    if conditions.iter().any(fails) && !(settled && verdict.refs_hold()) {
        return Some(match frame {
            Frame::Extension => {
                let mut failing = conditions.iter().filter(|it| fails(it));
                extension::not_ready().passing(failing.all(|it| it.passing))
            }
            Frame::Native | Frame::Konnect | Frame::Account => {
                let message = "Some conditions have status set to False";
                let reason = c::CONDITION_WITH_STATUS_FALSE_EXISTS;
                Condition::fails(c::PROGRAMMED, reason, message).passing(verdict.is_passing())
            }
        });
    }
    (settled && !meta.deleting).then(|| match frame {
        Frame::Extension => extension::ready(),
        Frame::Native | Frame::Konnect | Frame::Account => {
            Condition::holds(c::PROGRAMMED, c::PROGRAMMED, "")
        }
    })
}

/// How far an object has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Progress {
    /// Konnect has confirmed everything.
    Settled,
    /// There is work to do.
    UnderWay,
    /// There is nothing that could be done: a reference is not good.
    Stuck,
}

impl Progress {
    fn of(verdict: &Verdict, states: &[State<'_>]) -> Self {
        let done = |state: &State<'_>| match state.intent {
            Some(Intent::Present(_) | Intent::Observe(_)) => state.confirmed,
            Some(Intent::Keep) => true,
            Some(Intent::Absent | Intent::Release(_)) | None => state.presence == Presence::Absent,
        };
        match &verdict.output {
            Output::KeepLastGood => Self::Stuck,
            Output::Want(claims) if claims.is_empty() && states.is_empty() => {
                if verdict.refs_hold() {
                    Self::Settled
                } else {
                    Self::Stuck
                }
            }
            Output::Want(_) if states.iter().all(done) => Self::Settled,
            Output::Want(_) => Self::UnderWay,
        }
    }
}

/// What an entity that is not as wanted means for its object.
fn failure(key: &Key, state: &State<'_>, problem: &Problem) -> Vec<Condition> {
    let (reason, operation) = match problem.attempt {
        Attempt::Create | Attempt::Read => (c::FAILED_TO_CREATE, "create"),
        Attempt::Update => (c::FAILED_TO_UPDATE, "update"),
        Attempt::Delete => (c::KONNECT_API_OP_FAILED, "delete"),
        Attempt::Adopt(reason) => {
            let fails = |kind, reason| {
                Condition::fails(kind, reason, &problem.text).passing(problem.transient)
            };
            return vec![
                fails(c::ADOPTED, reason),
                fails(c::PROGRAMMED, c::FAILED_TO_ADOPT),
            ];
        }
        Attempt::Reach => (c::KONNECT_API_OP_FAILED, "reach Konnect for"),
    };
    let programmed = |reason, message: String| {
        Condition::fails(c::PROGRAMMED, reason, message).passing(problem.transient)
    };
    if state.at == Collection::ConsumerGroupMembers && problem.attempt != Attempt::Reach {
        let text = format!("failed to change the groups of {key}: {}", problem.text);
        return vec![programmed(
            c::FAILED_TO_ATTACH_CONSUMER_TO_CONSUMER_GROUP,
            text,
        )];
    }
    if state.at == Collection::GroupMemberships {
        let text = format!(
            "failed to set members on control plane group {}: {}",
            key.name, problem.text
        );
        return vec![
            Condition::fails(
                c::MEMBERS_REFERENCE_RESOLVED,
                c::SET_GROUP_MEMBER_FAILED,
                &text,
            )
            .passing(problem.transient),
            programmed(c::FAILED_TO_SET_CONTROL_PLANE_GROUP_MEMBERS, text),
        ];
    }
    if let Some(Intent::Observe(_)) = state.intent {
        return vec![
            Condition::fails(c::MIRRORED, c::FAILED, &problem.text).passing(problem.transient),
            programmed(reason, problem.text.clone()),
        ];
    }
    let what = if state.main {
        key.to_string()
    } else {
        format!("a {} of {key}", state.at.name().trim_end_matches('s'))
    };
    vec![programmed(
        reason,
        format!("failed to {operation} {what}: {}", problem.text),
    )]
}

fn main_state<'s, 'a>(states: &'s [State<'a>]) -> Option<&'s State<'a>> {
    states.iter().find(|state| state.main)
}

/// The id of the entity that an object stands for in a status of it, if there is one.
pub fn recorded_id(frame: Frame, status: &Value) -> Option<RemoteId> {
    let id = match frame {
        Frame::Konnect => &status["konnect"]["id"],
        Frame::Native => &status["id"],
        Frame::Account => &Value::Null,
        Frame::Extension => return extension::recorded_id(status),
    };
    id.as_str().filter(|id| !id.is_empty()).map(RemoteId::from)
}

/// The generation for which a condition of this type is True in a status.
pub fn confirmed_generation(kind: &str, status: &Value) -> Option<i64> {
    let mut conditions = status["conditions"].as_array()?.iter();
    let condition = conditions.find(|condition| condition["type"] == kind)?;
    (condition["status"] == "True").then(|| condition["observedGeneration"].as_i64())?
}

/// Where data planes of a control plane connect to, as its status says.
fn endpoints(frame: Frame, fields: &Map<String, Value>) -> Option<Arc<Endpoints>> {
    if frame != Frame::Native {
        return None;
    }
    let text = |value: &Value| value.as_str().map(Arc::from);
    let endpoints = fields.get("konnectEndpoints")?;
    Some(Arc::new(Endpoints {
        cluster_type: text(fields.get("clusterType")?)?,
        control_plane: text(&endpoints["controlPlane"])?,
        telemetry: text(&endpoints["telemetry"])?,
    }))
}

fn standing(
    frame: Frame,
    meta: &Meta,
    verdict: &Verdict,
    states: &[State<'_>],
    before: &Value,
    failing: bool,
) -> Standing {
    let main = main_state(states);
    let present = main.filter(|state| state.presence == Presence::Present);
    let refused = main.is_some_and(|state| state.problem.is_some_and(|problem| !problem.transient));
    let readiness = match (present, verdict.refs_hold()) {
        (Some(state), true) if frame != Frame::Account || state.confirmed => Readiness::Ready,
        (_, holds)
            if (holds && main.is_some() && !refused)
                || (!holds && verdict.is_passing() && !failing) =>
        {
            Readiness::Pending
        }
        (None | Some(_), _) => Readiness::Blocked,
    };
    let account = match (frame, readiness, &verdict.access) {
        (Frame::Account, Readiness::Ready, Some(access)) => {
            let organization = organization(verdict, states, before);
            Some(Account {
                organization: organization
                    .and_then(|id| id.as_str().map(str::to_owned))
                    .unwrap_or_default(),
                server: access.server.clone(),
            })
        }
        _ => None,
    };
    Standing {
        uid: meta.uid.clone(),
        deleting: meta.deleting,
        retained: kong_resolve::is_retained(meta),
        guessed: main.is_some_and(|state| state.guessed),
        readiness,
        id: match main {
            // An id that was recorded is good for finding what is to be deleted, before anybody has
            // looked.
            Some(state) => state
                .id
                .filter(|_| state.presence != Presence::Absent)
                .cloned(),
            // What cannot be judged is what it was: the same after a restart as before.
            None if verdict.output == Output::KeepLastGood => recorded_id(frame, before),
            None => None,
        },
        home: verdict.home.clone(),
        lost: verdict.lost.clone(),
        account: account.map(Box::new),
        region: verdict.region.clone(),
        endpoints: None,
        state: state(main, before),
    }
}

/// The state that Konnect tells of an entity that takes its time.
fn state(main: Option<&State<'_>>, before: &Value) -> Option<Arc<str>> {
    let told = main.and_then(|main| main.facts["state"].as_str());
    told.or_else(|| before["state"].as_str()).map(Arc::from)
}

#[cfg(test)]
mod tests;
