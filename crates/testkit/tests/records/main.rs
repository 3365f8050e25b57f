//! Every record whose kinds are all served, replayed: we differ from Kong's operator only where the
//! table of differences says so, and the book shows that table.

#![expect(
    clippy::panic,
    reason = "fixtures of this crate: what is wrong with them is to stop the test"
)]

use std::collections::BTreeSet;
use std::path::Path;
use std::{env, fs};

use testkit::records::{self, BEGIN, Record, rows};

/// Where records are from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    Recorded,
    Expected,
}

/// The records that are asked for in the environment: one by its name, those of another folder.
fn chosen(source: Source) -> Vec<Record> {
    let all = match (env::var_os("RECORDS"), source) {
        (Some(other), Source::Recorded) => records::read(Path::new(&other)),
        (Some(_), Source::Expected) => Ok(Vec::new()),
        (None, Source::Recorded) => records::recorded(),
        (None, Source::Expected) => records::expected(),
    };
    let mut all = all.unwrap_or_else(|error| panic!("{error}"));
    if let Ok(name) = env::var("RECORD") {
        all.retain(|record| record.name == name);
    }
    all
}

fn is_everything() -> bool {
    env::var_os("RECORDS").is_none() && env::var_os("RECORD").is_none()
}

/// Which rows the records of a source need, and how many records there are; fails if the rows do not
/// suffice.
fn needed(source: Source) -> (BTreeSet<usize>, String) {
    let mut used = BTreeSet::new();
    let (mut replayed, mut clean, mut unwanted) = (0, 0, Vec::new());
    for record in chosen(source).into_iter().filter(Record::is_served) {
        replayed += 1;
        match records::differences(&record) {
            Ok(differences) => {
                clean += usize::from(differences.is_empty());
                for difference in differences {
                    match rows().position(|row| row.covers(&difference)) {
                        Some(row) => drop(used.insert(row)),
                        None => unwanted.push(difference.to_string()),
                    }
                }
            }
            Err(error) => unwanted.push(format!("{} cannot be replayed: {error}", record.name)),
        }
    }
    assert!(
        unwanted.is_empty(),
        "{} differences:\n{}",
        unwanted.len(),
        unwanted.join("\n")
    );
    assert!(replayed > 0 || !is_everything());
    let summary =
        format!("{source:?}: {replayed} records replayed, {clean} without any difference");
    (used, summary)
}

#[test]
fn we_differ_from_kongs_operator_only_as_the_table_says() {
    let (recorded, of_recorded) = needed(Source::Recorded);
    let (expected, of_expected) = needed(Source::Expected);
    println!("{of_recorded}\n{of_expected}");
    if is_everything() {
        let idle = |(at, row): &(usize, &records::Row)| {
            let used = if row.recorded { &recorded } else { &expected };
            !used.contains(at)
        };
        let dead = rows().enumerate().filter(idle);
        let dead: Vec<String> = dead.map(|(_, row)| format!("{row:#?}")).collect();
        assert!(
            dead.is_empty(),
            "no record needs these rows:\n{}",
            dead.join("\n")
        );
    }
}

/// The page of the book is written anew with `UPDATE_DOCS=1`.
#[test]
fn the_book_shows_the_table() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/differences.md");
    let page = fs::read_to_string(&path).unwrap();
    let updated = records::with_table(&page).unwrap_or_else(|| panic!("no line {BEGIN}"));
    if env::var("UPDATE_DOCS").is_ok() {
        fs::write(&path, &updated).unwrap();
    }
    let page = fs::read_to_string(&path).unwrap();
    assert_eq!(page, updated, "run again with UPDATE_DOCS=1");
}
