//! Records of Kong's own operator, replayed: what it wrote and sent in small scenarios, against what we
//! do in the same ones, on the two simulators.
//!
//! A [`Record`] is read from JSON; [`replay`] performs its steps and notes what came of each as a
//! [`Moment`]; [`Moment::recorded`] says the same of Kong's operator; [`compare`] lists where the two
//! differ. A difference is wanted only if a row of [`ROWS`] says so, and why. May depend on the driver
//! and the simulators. Start with [`differences`].

mod compare;
mod docs;
mod entity;
mod moment;
mod names;
mod pattern;
mod record;
mod replay;
mod rows;

pub use compare::{Difference, compare};
pub use docs::{BEGIN, END, with_table};
pub use moment::{Condition, Moment, ObjectName, Rejection, Seen, Write};
pub use record::{After, Answer, Edit, Outside, Record, Step};
pub use replay::{ReplayError, replay};
pub use rows::{ROWS, Row};

/// Where we differ from Kong's operator in the scenario of a record, step by step.
///
/// # Errors
///
/// If the record cannot be replayed: it names something that is not there.
pub fn differences(record: &Record) -> Result<Vec<Difference>, ReplayError> {
    let ours = replay(record)?;
    let mut entities = entity::Entities::default();
    let mut found = Vec::new();
    for (step, (after, ours)) in record.after.iter().zip(&ours).enumerate() {
        let theirs = Moment::recorded(after, &mut entities);
        found.extend(compare(&record.name, step, &theirs, ours));
    }
    Ok(found)
}
