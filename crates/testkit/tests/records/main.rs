//! Every record whose kinds are all served, replayed: we differ from Kong's operator only where the
//! table of differences says so, and the book shows that table.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "fixtures of this crate: what is wrong with them is to stop the test"
)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::{env, fs};

use testkit::records::{self, BEGIN, Record, rows};

/// What was recorded of Kong's operator.
const RECORDED: &str = "operator-behaviour";
/// What it does in further scenarios, after the description of how it works.
const EXPECTED: &str = "operator-expected";

fn read(folder: &Path) -> Vec<Record> {
    let files = fs::read_dir(folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.unwrap().path());
    let is_record = |path: &PathBuf| path.extension().is_some_and(|it| it == "json");
    let mut files: Vec<PathBuf> = files.filter(is_record).collect();
    files.sort();
    let read = |path: &PathBuf| {
        let text = fs::read_to_string(path).unwrap();
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    };
    files.iter().map(read).collect()
}

fn fixtures(folder: &str) -> Vec<Record> {
    read(
        &Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("fixtures")
            .join(folder),
    )
}

/// The records that are asked for in the environment: one by its name, those of another folder.
fn chosen(folder: &str) -> Vec<Record> {
    let mut all = match env::var_os("RECORDS") {
        Some(other) if folder == RECORDED => read(Path::new(&other)),
        Some(_) => Vec::new(),
        None => fixtures(folder),
    };
    if let Ok(name) = env::var("RECORD") {
        all.retain(|record| record.name == name);
    }
    all
}

fn is_everything() -> bool {
    env::var_os("RECORDS").is_none() && env::var_os("RECORD").is_none()
}

/// Which rows the records of a folder need, and how many records there are; fails if the rows do not
/// suffice.
fn needed(folder: &str) -> (BTreeSet<usize>, String) {
    let mut used = BTreeSet::new();
    let (mut replayed, mut clean, mut unwanted) = (0, 0, Vec::new());
    for record in chosen(folder).into_iter().filter(Record::is_served) {
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
    let summary = format!("{folder}: {replayed} records replayed, {clean} without any difference");
    (used, summary)
}

#[test]
fn we_differ_from_kongs_operator_only_as_the_table_says() {
    let (recorded, of_recorded) = needed(RECORDED);
    let (expected, of_expected) = needed(EXPECTED);
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
