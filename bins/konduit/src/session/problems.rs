//! Objects that are not as they should be, as findings: the message of their condition with the file and
//! the line it is about. So is a Secret that is there and yet not seen.
//!
//! Start with [`of`].

use kong_crds::{Kind, SecretLabel, names::SECRET_LABEL};
use kong_driver::{Driver, ReplicaId};
use kong_engine::Engine;
use kong_resolve::Key;

use crate::findings::{Finding, path_in};
use crate::folder::Folder;
use crate::table::{Row, State};

/// One finding an object that is not as it should be.
pub(crate) fn of(rows: &[Row], folder: &Folder, driver: &Driver<Engine>) -> Vec<Finding> {
    let problems = rows.iter().filter_map(|row| problem(row, folder));
    let unseen = rows.iter().filter_map(|row| unseen(row, folder, driver));
    problems.chain(unseen).collect()
}

/// A Secret that something refers to and that lacks the label, so that it counts as not there.
fn unseen(row: &Row, folder: &Folder, driver: &Driver<Engine>) -> Option<Finding> {
    if row.kind != Kind::Secret || SecretLabel::default().selects(driver.cluster.get(&row.id)?) {
        return None;
    }
    let key = Key::new(row.kind, &row.namespace, &row.name);
    let reader = driver.engine(ReplicaId(0))?.readers(&key).next()?;
    let field = "metadata.labels";
    Some(Finding {
        place: folder.manifest(&row.id).map(|it| it.place(field)),
        object: Some(row.title()),
        field: Some(field.to_owned()),
        message: format!("without the label {SECRET_LABEL} it counts as not there for {reader}"),
        remedy: Some(format!("add {SECRET_LABEL}: \"true\"")),
    })
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
