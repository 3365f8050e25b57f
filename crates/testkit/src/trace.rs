//! What happened, as text that can be compared: for runs that must be equal, and for reading a failure.
//!
//! Depends on nothing but the driver's steps.

use std::fmt::Write as _;

use kong_crds::Observed;
use kong_driver::Step;
use kong_engine::{Action, Input, Outcome};
use kong_model::Call;

/// The steps of a run.
#[derive(Debug)]
pub struct Trace {
    hash: u64,
    lines: Option<Vec<String>>,
    text: String,
}

impl Trace {
    /// Remembers only a number that two runs share if, as good as certainly, they are the same.
    pub fn hashed() -> Self {
        Self {
            // The offset basis of the hash of Fowler, Noll and Vo.
            hash: 0xcbf2_9ce4_8422_2325,
            lines: None,
            text: String::new(),
        }
    }

    /// Keeps every line.
    pub fn kept() -> Self {
        Self {
            lines: Some(Vec::new()),
            ..Self::hashed()
        }
    }

    /// The number.
    pub fn hash(&self) -> u64 {
        self.hash
    }

    /// The lines, if they were kept.
    pub fn lines(&self) -> &[String] {
        self.lines.as_deref().unwrap_or_default()
    }

    /// A step. Runs are compared by all of it; what is kept to be read is what tells the story.
    pub fn note(&mut self, step: &Step) {
        self.text.clear();
        let written = match step {
            Step::Sent(sent) => write!(
                self.text,
                "{} ms {:?} #{} {:?}{} -> {:?}",
                sent.at.0,
                sent.replica,
                sent.index,
                sent.action,
                if sent.reached {
                    ""
                } else {
                    " (did not arrive)"
                },
                sent.outcome
            ),
            Step::Told(told) => write!(self.text, "  {:?} told {:?}", told.replica, told.input),
            Step::Waited(time) => write!(self.text, "-- {} ms", time.0),
        };
        written.expect("writing to a String cannot fail");
        for byte in self.text.bytes() {
            self.hash = (self.hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        if let Some(lines) = &mut self.lines {
            lines.push(brief(step));
        }
    }

    /// Something from outside.
    pub fn say(&mut self, what: &str) {
        for byte in what.bytes() {
            self.hash = (self.hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        if let Some(lines) = &mut self.lines {
            lines.push(format!("== {what}"));
        }
    }
}

/// A step in a line.
pub(crate) fn brief(step: &Step) -> String {
    match step {
        Step::Sent(sent) => {
            let lost = if sent.reached {
                ""
            } else {
                " (did not arrive)"
            };
            let (at, who, index) = (sent.at.0, sent.replica.0, sent.index);
            let (what, came) = (action(&sent.action), outcome(&sent.outcome));
            format!("{at} ms [{who}] #{index} {what}{lost} -> {came}")
        }
        Step::Told(told) => {
            let news = match &told.input {
                Input::Seen(observed) => format!("seen {}", object(observed)),
                Input::Gone(key, _) => format!("gone {key}"),
                Input::Synced(kind) => format!("synced {kind}"),
                Input::Role(role) => format!("{role:?}"),
                Input::Done(op, came) => format!("op {} -> {}", op.0, outcome(came)),
            };
            format!("    [{}] {news}", told.replica.0)
        }
        Step::Waited(time) => format!("-- {} ms", time.0),
    }
}

fn action(action: &Action) -> String {
    let Action::Konnect { call, .. } = action else {
        return format!("{action:?}");
    };
    let place = |site: &kong_model::Site| {
        let parts = [&site.control_plane, &site.parent];
        let above = parts.into_iter().flatten().map(|id| format!("{id}/"));
        format!("{}{}", above.collect::<String>(), site.at.name())
    };
    match call {
        Call::WhoAmI => "who am I".to_owned(),
        Call::List { site, cursor, .. } => format!("LIST {} {cursor:?}", place(site)),
        Call::Get { site, id } => format!("GET {}/{id}", place(site)),
        Call::Put { site, id, body } => format!("PUT {}/{id} {body:?}", place(site)),
        Call::Post { site, body } => format!("POST {} {body:?}", place(site)),
        Call::Patch { site, id, body } => format!("PATCH {}/{id} {body:?}", place(site)),
        Call::Remove { site, id } => format!("DELETE {}/{id}", place(site)),
    }
}

fn outcome(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Stored(Some(observed)) => format!("stored {}", object(observed)),
        Outcome::Stored(None) => "stored, and it is gone".to_owned(),
        Outcome::Konnect(Ok(reply)) => format!("{reply:?}"),
        Outcome::Konnect(Err(failure)) => format!("{failure:?}"),
        Outcome::NotStored(_) | Outcome::NotSent => format!("{outcome:?}"),
    }
}

fn object(observed: &Observed) -> String {
    let meta = &observed.meta;
    let text = |part: &Option<String>| part.clone().unwrap_or_default();
    let leaving = if meta.deletion_timestamp.is_some() {
        ", is being deleted"
    } else {
        ""
    };
    format!(
        "{} {}/{} version {} generation {} finalizers {:?}{leaving}",
        observed.kind,
        text(&meta.namespace),
        text(&meta.name),
        text(&meta.resource_version),
        meta.generation.unwrap_or_default(),
        meta.finalizers.as_deref().unwrap_or_default(),
    )
}
