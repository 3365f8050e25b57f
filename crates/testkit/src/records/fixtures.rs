//! The records that are kept here. Depends on files; start with [`recorded`].

use std::path::{Path, PathBuf};
use std::{fs, io};

use super::record::Record;

/// What was recorded of Kong's operator.
///
/// # Errors
///
/// As [`read`].
pub fn recorded() -> io::Result<Vec<Record>> {
    read(&fixtures("operator-behaviour"))
}

/// What Kong's operator does in further scenarios, after the description of how it works.
///
/// # Errors
///
/// As [`read`].
pub fn expected() -> io::Result<Vec<Record>> {
    read(&fixtures("operator-expected"))
}

/// The records in a folder, one a file, by the names of the files.
///
/// # Errors
///
/// If a file cannot be read, or is no record.
pub fn read(folder: &Path) -> io::Result<Vec<Record>> {
    let told = |path: &Path, error: io::Error| {
        io::Error::new(error.kind(), format!("\"{}\": {error}", path.display()))
    };
    let entries = fs::read_dir(folder).map_err(|error| told(folder, error))?;
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.map_err(|error| told(folder, error))?.path();
        if path.extension().is_some_and(|it| it == "json") {
            files.push(path);
        }
    }
    files.sort();
    let record = |path: &PathBuf| {
        let text = fs::read_to_string(path).map_err(|error| told(path, error))?;
        serde_json::from_str(&text).map_err(|error| told(path, error.into()))
    };
    files.iter().map(record).collect()
}

fn fixtures(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures")
        .join(folder)
}
