//! Which files there are, and what stands in them.
//!
//! The only module that reads the file system. Changes are found by looking: a notification service of
//! the system would save nothing that matters here, and misses changes on network and container mounts.
//! `find` walks through the folders. Start with [`Paths::look`].

mod find;

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use anyhow::{Context as _, Result, bail};

use self::find::{Search, identity};
use crate::findings::{Finding, Place};

/// How messages call standard input.
const STDIN: &str = "<stdin>";

/// What a file is called on the command line that stands for standard input.
const DASH: &str = "-";

/// A file whose time is not older than this may change again without a new time: file systems count in
/// steps, some of them of two seconds.
const STEP: Duration = Duration::from_secs(3);

/// What stands in a file, or why it cannot be read.
pub(crate) type Text = Result<Arc<str>, String>;

/// All files at a moment, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Snapshot {
    /// Name and text.
    pub(crate) files: BTreeMap<Arc<str>, Text>,
    /// Paths that do not exist any more, or folders that cannot be listed.
    pub(crate) findings: Vec<Finding>,
}

/// The paths that the user gave.
#[derive(Debug)]
pub(crate) struct Paths {
    given: Vec<Given>,
    /// A file that is written here, and therefore never read.
    written: Option<PathBuf>,
    known: BTreeMap<PathBuf, (Stamp, Text)>,
}

/// A path that the user gave.
#[derive(Debug)]
enum Given {
    /// A file or folder, which may change.
    Watched(PathBuf),
    /// Standard input, or a pipe: what came out of it, once.
    Read(Arc<str>, Text),
}

/// How a dump begins. A file of ours may be written again.
const DUMP: &str = "_format_version";

/// What tells that a file has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    length: u64,
    modified: SystemTime,
}

impl Paths {
    /// Takes paths as they are given; reads standard input and pipes that are among them.
    ///
    /// # Errors
    ///
    /// If a path does not exist: that is a typing error, not an empty folder.
    pub(crate) fn new(paths: Vec<PathBuf>, input: &mut dyn Read) -> Result<Self> {
        let mut given = Vec::with_capacity(paths.len());
        let mut stdin = Some(input);
        for path in paths {
            if path.as_os_str() == DASH {
                if let Some(input) = stdin.take() {
                    given.push(Given::Read(Arc::from(STDIN), text(read_all(input))));
                }
                continue;
            }
            let found = fs::metadata(&path)
                .with_context(|| format!("cannot read \"{}\"", path.display()))?;
            given.push(if found.is_file() || found.is_dir() {
                Given::Watched(path)
            } else {
                // Such as `<(helm template shop)`: a second look would find nothing in it.
                Given::Read(name(&path), text(fs::read(&path)))
            });
        }
        Ok(Self {
            given,
            written: None,
            known: BTreeMap::new(),
        })
    }

    /// Keeps away from a file that is about to be written.
    ///
    /// # Errors
    ///
    /// If it holds a manifest of the user, which would be lost.
    pub(crate) fn leave_out(&mut self, file: &Path) -> Result<()> {
        let Some(written) = identity(file) else {
            return Ok(());
        };
        let search = self.search(None);
        let manifest = search.files().find(|(_, known)| **known == *written);
        if let Some((path, _)) = manifest
            && fs::read_to_string(path)
                .is_ok_and(|text| !text.trim().is_empty() && !text.starts_with(DUMP))
        {
            bail!(
                "--dump would overwrite \"{}\", which is one of the manifests",
                path.display()
            );
        }
        self.written = Some(written);
        Ok(())
    }

    fn search(&self, written: Option<&Path>) -> Search {
        let mut search = Search::without(written);
        for path in &self.given {
            if let Given::Watched(path) = path {
                search.walk(path);
            }
        }
        search
    }

    /// Looks at everything.
    pub(crate) fn look(&mut self) -> Snapshot {
        let mut snapshot = Snapshot::default();
        let mut known = std::mem::take(&mut self.known);
        for path in &self.given {
            if let Given::Read(name, text) = path {
                snapshot.files.insert(Arc::clone(name), text.clone());
            }
        }
        let search = self.search(self.written.as_deref());
        for (place, error) in search.failures() {
            let finding = Finding::new(
                Place::file(&name(place)),
                format!("cannot be read: {error}"),
            );
            snapshot.findings.push(finding);
            // What is only out of sight is taken to be as it was.
            if error.kind() == io::ErrorKind::NotFound {
                continue;
            }
            for (file, (stamp, text)) in known.iter().filter(|(file, _)| file.starts_with(place)) {
                snapshot.files.insert(name(file), text.clone());
                self.known.insert(file.clone(), (*stamp, text.clone()));
            }
        }
        for (file, _) in search.files() {
            let Some((stamp, text)) = read(file, known.remove(file)) else {
                continue;
            };
            snapshot.files.insert(name(file), text.clone());
            self.known.insert(file.to_owned(), (stamp, text));
        }
        snapshot
    }
}

fn name(path: &Path) -> Arc<str> {
    Arc::from(path.to_string_lossy())
}

/// The text of a file, which is read only if it may have changed; `None` if the file is gone.
fn read(file: &Path, known: Option<(Stamp, Text)>) -> Option<(Stamp, Text)> {
    let stamp = match stamp(file) {
        Ok(stamp) => stamp,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
        Err(error) => {
            let unknown = Stamp {
                length: 0,
                modified: SystemTime::UNIX_EPOCH,
            };
            return Some((unknown, Err(error.to_string())));
        }
    };
    let age = SystemTime::now()
        .duration_since(stamp.modified)
        .unwrap_or_default();
    match known {
        Some((before, text)) if before == stamp && age > STEP => Some((stamp, text)),
        Some(_) | None => Some((stamp, text(fs::read(file)))),
    }
}

fn stamp(file: &Path) -> io::Result<Stamp> {
    let metadata = fs::metadata(file)?;
    Ok(Stamp {
        length: metadata.len(),
        modified: metadata.modified()?,
    })
}

fn read_all(input: &mut dyn Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    input.read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn text(bytes: io::Result<Vec<u8>>) -> Text {
    let bytes = bytes.map_err(|error| error.to_string())?;
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Arc::from(text)),
        Err(_) => Err("it is not UTF-8 text".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(paths: &[&Path]) -> Result<Paths> {
        Paths::new(
            paths.iter().map(|path| path.to_path_buf()).collect(),
            &mut io::empty(),
        )
    }

    #[test]
    fn a_folder_gives_its_manifests_in_order_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir(at("b")).unwrap();
        fs::create_dir(at(".git")).unwrap();
        for name in [
            "c.yml",
            "a.yaml",
            "b/z.json",
            "README.md",
            ".hidden.yaml",
            ".git/x.yaml",
        ] {
            fs::write(at(name), name).unwrap();
        }
        let snapshot = paths(&[folder.path()]).unwrap().look();
        let texts: Vec<_> = snapshot
            .files
            .values()
            .flatten()
            .map(|text| &**text)
            .collect();
        assert_eq!(texts, ["a.yaml", "b/z.json", "c.yml"]);
    }

    #[test]
    fn a_file_that_is_named_is_read_whatever_it_is_called() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("manifest");
        fs::write(&file, "x").unwrap();
        assert_eq!(paths(&[&file]).unwrap().look().files.len(), 1);
    }

    #[test]
    fn changes_of_any_sort_are_seen() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.yaml");
        fs::write(&file, "one").unwrap();
        let mut paths = paths(&[folder.path()]).unwrap();
        let first = paths.look();
        assert_eq!(paths.look(), first);
        // Of the same length, and perhaps in the same instant.
        fs::write(&file, "two").unwrap();
        let second = paths.look();
        assert_ne!(second, first);
        fs::remove_file(&file).unwrap();
        assert!(paths.look().files.is_empty());
    }

    #[test]
    fn a_path_that_does_not_exist_is_wrong_use() {
        let folder = tempfile::tempdir().unwrap();
        let error = paths(&[&folder.path().join("missing.yaml")]).unwrap_err();
        assert!(error.to_string().contains("missing.yaml"), "{error}");
    }

    #[test]
    fn what_is_not_text_is_said_to_be_so() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a.yaml"), [0xff, 0xfe]).unwrap();
        let snapshot = paths(&[folder.path()]).unwrap().look();
        let text = snapshot.files.values().next().unwrap();
        assert_eq!(*text, Err("it is not UTF-8 text".to_owned()));
    }
}
