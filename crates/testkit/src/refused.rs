//! Refused objects, as a table: what is wrong with an object, who says so in which words, and what the user does.
//!
//! The rows are data, in `fixtures/refused`, one file a family of kinds. A [`Row`] is read here; [`Trial`] lets it
//! happen in a world of its own, beside a service that has to stay well; [`page`] is the table as the book shows it.
//! Documents leave out what every object of a kind has, which is in `bases.yaml`. Start with [`rows`].

#![expect(
    clippy::panic,
    reason = "fixtures of this crate: what is wrong with them is to stop the test"
)]

mod deed;
mod page;
mod trial;

use std::path::{Path, PathBuf};
use std::{fmt, fs};

use kong_crds::Kind;
use serde::Deserialize;
use serde::de::DeserializeOwned;

pub use deed::Deed;
pub use page::page;
pub use trial::{Said, Trial};

/// Where the rows are.
const FOLDER: &str = "fixtures/refused";
/// The file of what every object of a kind has.
const BASES: &str = "bases.yaml";

/// One object that is refused.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// What is wrong, in a few words.
    pub what: String,
    /// The kind of the object; it is called `object`.
    of: String,
    /// What happens before it comes.
    #[serde(default)]
    beside: Vec<Deed>,
    /// What the object has beside what every object of its kind has.
    #[serde(default)]
    object: serde_json::Value,
    /// What happens after it has come, each thing once the world is at rest.
    #[serde(default)]
    then: Vec<Deed>,
    /// What the API server has to say of the last thing that happens: each field with what is wrong with it.
    refused: Option<Vec<String>>,
    /// What a condition has to say in the end.
    condition: Option<Told>,
    /// What the user does. Of a condition, words that are in its message.
    #[serde(rename = "do")]
    pub remedy: String,
    /// What the user then does, after which all is well.
    #[serde(default)]
    fix: Vec<Deed>,
}

/// What a condition says.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Told {
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its reason.
    pub reason: String,
    /// Its message, to the letter.
    pub message: String,
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}: {}", self.kind, self.reason, self.message)
    }
}

/// Where a refusal is told.
#[derive(Clone, Copy, Debug)]
pub enum Refusal<'r> {
    /// The API server does not take it, for these causes.
    Server(&'r [String]),
    /// It is taken, and its status says this.
    Condition(&'r Told),
}

impl Row {
    /// The kind of the object.
    ///
    /// # Panics
    ///
    /// If the row names a kind that there is not.
    pub fn kind(&self) -> Kind {
        let kind = self.of.parse();
        kind.unwrap_or_else(|_| panic!("{}: there is no kind {}", self.what, self.of))
    }

    /// Where it is told.
    ///
    /// # Panics
    ///
    /// If the row says neither or both.
    pub fn refusal(&self) -> Refusal<'_> {
        match (&self.refused, &self.condition) {
            (Some(causes), None) => Refusal::Server(causes),
            (None, Some(told)) => Refusal::Condition(told),
            _ => panic!("{self}: say either `refused` or `condition`"),
        }
    }

    /// Whether the row says how to mend it.
    pub fn has_fix(&self) -> bool {
        !self.fix.is_empty()
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.of, self.what)
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(FOLDER)
}

fn read<T: DeserializeOwned>(path: &Path) -> T {
    let text = fs::read_to_string(path);
    let text = text.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_yaml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// All rows, file by file.
///
/// # Panics
///
/// If a file cannot be read.
pub fn rows() -> Vec<Row> {
    let entries = fs::read_dir(folder()).expect("the folder is part of this crate");
    let files = entries.map(|entry| entry.expect("the folder can be read").path());
    let mut files: Vec<PathBuf> = files.filter(|path| !path.ends_with(BASES)).collect();
    files.sort();
    files
        .iter()
        .flat_map(|file| read::<Vec<Row>>(file))
        .collect()
}
