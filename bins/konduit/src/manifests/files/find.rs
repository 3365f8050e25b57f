//! Manifests at and below paths, each once however many ways lead to it.
//!
//! Links are followed; a circle of them ends where it closes. What cannot be listed costs only itself.
//! Start with [`Search::walk`].

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Names of files in folders that hold manifests.
const EXTENSIONS: [&str; 3] = ["yaml", "yml", "json"];

/// What has been found so far.
#[derive(Debug, Default)]
pub(super) struct Search {
    /// Each file as the user would call it, and what tells it from others.
    files: Vec<(PathBuf, PathBuf)>,
    failures: Vec<(PathBuf, io::Error)>,
    /// Files and folders that have been met, by what tells them from others.
    met: BTreeSet<PathBuf>,
}

/// What tells a file from others whatever path leads to it, if that much of the path exists.
pub(super) fn identity(file: &Path) -> Option<PathBuf> {
    file.canonicalize().ok().or_else(|| {
        let folder = match file.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            Some(_) | None => Path::new("."),
        };
        Some(folder.canonicalize().ok()?.join(file.file_name()?))
    })
}

impl Search {
    /// A search that does not see this file.
    pub(super) fn without(file: Option<&Path>) -> Self {
        Self {
            met: file.map(Path::to_owned).into_iter().collect(),
            ..Self::default()
        }
    }

    /// The files, with what tells each from others.
    pub(super) fn files(&self) -> impl Iterator<Item = (&Path, &Path)> {
        self.files
            .iter()
            .map(|(file, identity)| (file.as_path(), identity.as_path()))
    }

    /// What could not be looked at.
    pub(super) fn failures(&self) -> impl Iterator<Item = (&Path, &io::Error)> {
        self.failures
            .iter()
            .map(|(place, error)| (place.as_path(), error))
    }

    /// Manifests at and below a path: a file whatever its name, of a folder those with the right names
    /// that are not hidden.
    pub(super) fn walk(&mut self, path: &Path) {
        let looked = fs::metadata(path).and_then(|found| Ok((found, path.canonicalize()?)));
        match looked {
            Ok((found, identity)) if found.is_dir() => self.folder(path, &identity),
            Ok((_, identity)) => self.file(path.to_owned(), identity),
            Err(error) => self.failures.push((path.to_owned(), error)),
        }
    }

    fn file(&mut self, path: PathBuf, identity: PathBuf) {
        if self.met.insert(identity.clone()) {
            self.files.push((path, identity));
        }
    }

    fn folder(&mut self, path: &Path, identity: &Path) {
        if !self.met.insert(identity.to_owned()) {
            return;
        }
        let names = match names(path) {
            Ok(names) => names,
            Err(error) => {
                self.failures.push((path.to_owned(), error));
                return;
            }
        };
        for name in names {
            let entry = path.join(&name);
            // What vanishes between the list and the look is gone, and so is what a link no longer finds.
            let Ok(found) = fs::metadata(&entry) else {
                continue;
            };
            let is_wanted = found.is_dir() || found.is_file() && is_manifest(&entry);
            if !is_wanted {
                continue;
            }
            // Only a link can lead somewhere else; to resolve every path at every look is much work.
            let is_link = fs::symlink_metadata(&entry).is_ok_and(|it| it.file_type().is_symlink());
            let entry_identity = if is_link {
                entry.canonicalize().ok()
            } else {
                Some(identity.join(&name))
            };
            match entry_identity {
                Some(identity) if found.is_dir() => self.folder(&entry, &identity),
                Some(identity) => self.file(entry, identity),
                None => {}
            }
        }
    }
}

/// The names in a folder that are not hidden, in order.
fn names(folder: &Path) -> io::Result<BTreeSet<OsString>> {
    let mut names = BTreeSet::new();
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name();
        if !name.to_string_lossy().starts_with('.') {
            names.insert(name);
        }
    }
    Ok(names)
}

fn is_manifest(file: &Path) -> bool {
    let extension = file.extension().unwrap_or_default();
    EXTENSIONS
        .iter()
        .any(|known| extension.eq_ignore_ascii_case(known))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(search: &Search, folder: &Path) -> Vec<String> {
        search
            .files()
            .map(|(file, _)| {
                let file = file.strip_prefix(folder).expect("it is below the folder");
                file.to_string_lossy().into_owned()
            })
            .collect()
    }

    #[test]
    fn a_file_is_found_once_whatever_leads_to_it() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir(at("below")).unwrap();
        fs::write(at("below/a.yaml"), "").unwrap();
        let mut search = Search::default();
        for path in ["below/a.yaml", "below", "below/../below/a.yaml", ""] {
            search.walk(&at(path));
        }
        assert_eq!(found(&search, folder.path()), ["below/a.yaml"]);
    }

    #[test]
    fn what_is_written_is_not_seen() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("a.yaml"), "").unwrap();
        let written = identity(&at("dump.yaml")).unwrap();
        fs::write(&written, "").unwrap();
        let mut search = Search::without(Some(&written));
        search.walk(folder.path());
        assert_eq!(found(&search, folder.path()), ["a.yaml"]);
    }

    #[cfg(unix)]
    #[test]
    fn links_in_a_circle_end_and_pipes_are_passed_over() {
        use std::os::unix::{fs::symlink, net::UnixListener};

        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("a.yaml"), "").unwrap();
        symlink(".", at("loop")).unwrap();
        symlink("a.yaml", at("link.yaml")).unwrap();
        symlink("nowhere", at("dangling.yaml")).unwrap();
        let _socket = UnixListener::bind(at("socket.yaml")).unwrap();
        let mut search = Search::default();
        search.walk(folder.path());
        assert_eq!(found(&search, folder.path()), ["a.yaml"]);
        assert_eq!(search.failures().count(), 0);
    }

    #[test]
    fn what_cannot_be_looked_at_costs_only_itself() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a.yaml"), "").unwrap();
        let mut search = Search::default();
        search.walk(&folder.path().join("missing"));
        search.walk(folder.path());
        assert_eq!(found(&search, folder.path()), ["a.yaml"]);
        assert_eq!(search.failures().count(), 1);
    }
}
