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

use testkit::records::{self, BEGIN, ROWS, Record};

fn fixtures() -> Vec<Record> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/operator-behaviour");
    let files = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> = files.filter(|path| path.extension().is_some()).collect();
    files.sort();
    let read = |path: &PathBuf| {
        let text = fs::read_to_string(path).unwrap();
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    };
    files.iter().map(read).collect()
}

#[test]
fn we_differ_from_kongs_operator_only_as_the_table_says() {
    let chosen = env::var("RECORD").ok();
    let mut used = BTreeSet::new();
    let (mut replayed, mut clean, mut unwanted) = (0, 0, Vec::new());
    let served = fixtures().into_iter().filter(Record::is_served);
    for record in served.filter(|record| chosen.as_ref().is_none_or(|name| *name == record.name)) {
        replayed += 1;
        let differences = records::differences(&record)
            .unwrap_or_else(|error| panic!("{} cannot be replayed: {error}", record.name));
        clean += usize::from(differences.is_empty());
        for difference in differences {
            let row = ROWS.iter().position(|row| row.covers(&difference));
            match row {
                Some(row) => drop(used.insert(row)),
                None => unwanted.push(difference.to_string()),
            }
        }
    }
    println!("{replayed} records replayed, {clean} without any difference");
    assert!(
        unwanted.is_empty(),
        "{} differences:\n{}",
        unwanted.len(),
        unwanted.join("\n")
    );
    if chosen.is_none() {
        let dead: Vec<_> = (0..ROWS.len()).filter(|row| !used.contains(row)).collect();
        let dead: Vec<_> = dead
            .iter()
            .map(|row| format!("{:#?}", ROWS[*row]))
            .collect();
        assert!(
            dead.is_empty(),
            "no record needs these rows:\n{}",
            dead.join("\n")
        );
        assert!(replayed > 0);
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
