//! Records of Kong's own operator, replayed: what it wrote and sent in small scenarios, against what we
//! do in the same ones, on the two simulators.
//!
//! A [`Record`] is read from JSON; [`replay`] performs its steps on the simulators and notes what came of each
//! as a [`Moment`], as a [`Player`] does on any other [`Stage`]; [`Moment::recorded`] says the same of Kong's
//! operator; [`compare`] lists where the two
//! differ. A difference is wanted only if one of the [`rows`] says so, and why. May depend on the driver
//! and the simulators. Start with [`differences`].

mod compare;
mod context;
mod docs;
mod entity;
mod fixtures;
mod moment;
mod names;
mod pattern;
mod player;
mod record;
mod replay;
mod rows;
mod script;

pub use compare::{Difference, compare};
pub use context::{Context, acts};
pub use docs::{BEGIN, END, with_table};
pub use fixtures::{expected, read, recorded};
pub use moment::{Condition, Moment, ObjectName, Rejection, Seen, Write};
pub use player::{Player, ReplayError, Stage};
pub use record::{After, Answer, Edit, Outside, Record, Step};
pub use replay::replay;
pub use rows::{Row, rows};

/// Where we differ from Kong's operator in the scenario of a record, step by step.
///
/// # Errors
///
/// If the record cannot be replayed: it names something that is not there.
pub fn differences(record: &Record) -> Result<Vec<Difference>, ReplayError> {
    let ours = replay(record)?;
    let mut entities = entity::Entities::default();
    let mut found = Vec::new();
    let steps = record.steps.iter().zip(&record.after).zip(&ours);
    let mut before = None;
    for (number, ((step, after), ours)) in steps.enumerate() {
        let (acts, theirs) = (acts(step), Moment::recorded(after, &mut entities));
        let context = Context {
            acts: &acts,
            theirs: &theirs,
            ours,
            before: before.replace(ours),
        };
        found.extend(compare(&record.name, number, context));
    }
    Ok(found)
}
