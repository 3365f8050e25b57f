//! Every row of the table of refused objects, as it happens: the exact words, nothing else hurt, and all well once
//! it is mended; and the page of the book that shows the table.

use std::collections::BTreeSet;
use std::path::Path;
use std::{env, fs};

use kong_crds::Kind;
use testkit::examples::is_judged;
use testkit::refused::{self, Refusal, Row, Said, Trial};

/// What is wrong with a row.
fn complaints(row: &Row) -> Vec<String> {
    let (mut trial, said) = Trial::of(row);
    let mut complaints = match (row.refusal(), &said) {
        (Refusal::Server(expected), Said::Refused(found)) if expected == found => vec![],
        (Refusal::Condition(expected), Said::Told(found)) if found.contains(expected) => vec![],
        _ => vec![format!("said {said:#?}")],
    };
    complaints.extend(trial.damage());
    if let Refusal::Condition(told) = row.refusal() {
        if !told.message.contains(&row.remedy) {
            complaints.push(format!("the message does not say: {}", row.remedy));
        }
        if row.has_fix() {
            trial.mend(row);
            let left = trial.told();
            if !left.is_empty() || !trial.is_well() {
                complaints.push(format!("not mended: {left:#?}"));
            }
            complaints.extend(trial.damage());
        }
    }
    complaints.iter().map(|it| format!("{row}: {it}")).collect()
}

#[test]
fn every_row_is_refused_in_its_words_and_hurts_nothing_else() {
    let chosen = env::var("REFUSED").unwrap_or_default();
    let rows = refused::rows();
    let rows = rows.iter().filter(|row| row.to_string().contains(&chosen));
    let complaints: Vec<String> = rows.flat_map(complaints).collect();
    let number = complaints.len();
    assert!(
        number == 0,
        "{number} complaints:\n{}",
        complaints.join("\n")
    );
}

#[test]
fn the_table_has_every_kind_and_no_row_twice() {
    let rows = refused::rows();
    let told = |row: &&Row| matches!(row.refusal(), Refusal::Condition(_));
    let conditions: Vec<&Row> = rows.iter().filter(told).collect();
    assert!(rows.len() >= 150, "{} rows", rows.len());
    assert!(conditions.len() >= 80, "{} conditions", conditions.len());
    let fixed = conditions.iter().filter(|row| row.has_fix()).count();
    assert!(2 * fixed >= conditions.len(), "{fixed} say how to mend it");
    let kinds = |rows: &[&Row]| {
        rows.iter()
            .map(|row| row.kind())
            .collect::<BTreeSet<Kind>>()
    };
    let (all, judged) = (kinds(&rows.iter().collect::<Vec<_>>()), kinds(&conditions));
    for kind in Kind::served() {
        assert!(all.contains(&kind), "{kind} has no row");
        assert!(
            !is_judged(kind) || judged.contains(&kind),
            "{kind} has no condition"
        );
    }
    let names: BTreeSet<String> = rows.iter().map(Row::to_string).collect();
    assert_eq!(names.len(), rows.len(), "two rows have the same name");
}

/// The page of the book is written anew with `UPDATE_DOCS=1`.
#[test]
fn the_book_shows_the_table() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/refused.md");
    let page = refused::page(&refused::rows());
    if env::var("UPDATE_DOCS").is_ok() {
        fs::write(&path, &page).unwrap();
    }
    let shown = fs::read_to_string(&path).unwrap();
    assert_eq!(shown, page, "run again with UPDATE_DOCS=1");
}
