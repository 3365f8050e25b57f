//! `cargo xtask assets`: etcd, kube-apiserver and, if asked for, kubectl and helm, for the tests that want a real API server.
//!
//! They are looked for in the folder that `KUBEBUILDER_ASSETS` names, as everywhere around Kubernetes, then in a
//! cache of ours; what is in neither is built once, with Go, from the modules in `xtask/assets`. The folder is all
//! that goes to standard output, so that `export KUBEBUILDER_ASSETS=$(cargo xtask assets)` works. `tools` says what
//! there is, `workshop` builds. Start with [`provide`].

mod tools;
mod workshop;

use std::{
    env,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use etcetera::BaseStrategy as _;

use self::{
    tools::{HELM, KUBECTL, SERVERS, Tool},
    workshop::Workshop,
};
use crate::{Outcome, workspace};

/// The variable that names a folder with these programs; that the tests read it, too, is its point.
pub(crate) const VARIABLE: &str = "KUBEBUILDER_ASSETS";

/// What is wanted besides a real API server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// kubectl, which the tests of the whole operator use.
    pub(crate) kubectl: bool,
    /// Helm. Only tests of the chart want it, and it takes another minute to build.
    pub(crate) helm: bool,
}

impl Wanted {
    fn tools(self) -> Vec<Tool> {
        let further = [(self.kubectl, KUBECTL), (self.helm, HELM)];
        let further = further.into_iter().filter(|(wanted, _)| *wanted);
        let servers = SERVERS.iter().copied();
        servers.chain(further.map(|(_, tool)| tool)).collect()
    }
}

/// Prints the folder.
pub(crate) fn run(wanted: Wanted) -> Result<Outcome> {
    println!("{}", provide(wanted)?.display());
    Ok(Outcome::Well)
}

/// A folder that holds what is wanted, built if need be.
pub(crate) fn provide(wanted: Wanted) -> Result<PathBuf> {
    let named = env::var_os(VARIABLE)
        .filter(|value| !value.is_empty())
        .map(PathBuf::from);
    let base = etcetera::choose_base_strategy().context("no folder for caches")?;
    let workshop = Workshop {
        go: vec!["go".into()],
        modules: workspace::root().join("xtask/assets"),
        cache: base.cache_dir().join("konduit/assets"),
    };
    let cached = workshop.folder()?;
    let tools = wanted.tools();
    match find(named.as_deref(), &cached, &tools) {
        Some(folder) => Ok(folder),
        None => workshop.fill(&tools),
    }
}

/// The first of the two folders that holds all that is wanted.
fn find(named: Option<&Path>, cached: &Path, wanted: &[Tool]) -> Option<PathBuf> {
    if let Some(named) = named {
        match missing(wanted, named).next() {
            None => return Some(named.to_owned()),
            Some(tool) => eprintln!(
                "assets: {VARIABLE} is \"{}\", where there is no {}; looking further",
                named.display(),
                tool.name
            ),
        }
    }
    missing(wanted, cached)
        .next()
        .is_none()
        .then(|| cached.to_owned())
}

/// What of these is not in a folder.
fn missing<'a>(wanted: &'a [Tool], folder: &Path) -> impl Iterator<Item = &'a Tool> {
    wanted.iter().filter(|tool| !tool.file(folder).is_file())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{tools::ALL, *};

    /// A folder that holds these programs.
    fn folder(of: &[Tool]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for tool in of {
            fs::write(tool.file(folder.path()), "").unwrap();
        }
        folder
    }

    #[test]
    fn a_folder_that_somebody_names_goes_before_the_cache() {
        let (named, cached) = (folder(SERVERS), folder(SERVERS));
        let found = find(Some(named.path()), cached.path(), SERVERS);
        assert_eq!(found.as_deref(), Some(named.path()));
    }

    #[test]
    fn a_folder_that_lacks_something_is_passed_over() {
        let (named, cached) = (folder(SERVERS), folder(ALL));
        let found = find(Some(named.path()), cached.path(), ALL);
        assert_eq!(found.as_deref(), Some(cached.path()));
    }

    #[test]
    fn a_cache_that_lacks_something_has_to_be_filled() {
        assert_eq!(find(None, folder(SERVERS).path(), ALL), None);
        assert_eq!(find(None, Path::new("/no/such/folder"), SERVERS), None);
    }
}
