//! Objects that are not as they should be, as findings: the message of their condition with the file and
//! the line it is about.
//!
//! Start with [`of`].

use crate::findings::{Finding, path_in};
use crate::folder::Folder;
use crate::table::{Row, State};

/// One finding an object that is not as it should be.
pub(crate) fn of(rows: &[Row], folder: &Folder) -> Vec<Finding> {
    rows.iter().filter_map(|row| problem(row, folder)).collect()
}

fn problem(row: &Row, folder: &Folder) -> Option<Finding> {
    let words = match row.state {
        State::Good | State::Silent => return None,
        State::Bad => row.failure().to_owned(),
        State::Unknown => format!("{} yet", row.failure()),
        State::Leaving => "not gone yet".to_owned(),
    };
    let message = match row.waits_for.as_str() {
        "" => words,
        reason => format!("{words}: {reason}"),
    };
    let manifest = folder.manifest(&row.id);
    Some(Finding {
        place: manifest.map(|manifest| manifest.place(path_in(&row.waits_for))),
        object: Some(row.title()),
        field: None,
        message,
        remedy: None,
    })
}
