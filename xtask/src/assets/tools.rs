//! The programs that can be provided, and what names the folder they are cached in.
//!
//! Each has a small Go module under `xtask/assets`: its `go.mod` is where the version is pinned, its `go.sum`
//! pins everything below it. Nothing here runs anything.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use sha2::{Digest as _, Sha256};

/// A program that is built from a pinned Go module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tool {
    /// The program's name, which is that of its file, too.
    pub(crate) name: &'static str,
    /// The folder of its module, in `xtask/assets`.
    pub(crate) folder: &'static str,
    /// The Go module whose version is the program's.
    module: &'static str,
    /// The package that is its command.
    pub(crate) package: &'static str,
    /// The variable that the linker has to set to the version. A kube-apiserver that lacks it reports a
    /// version that clients take for a development build.
    stamp: Option<&'static str>,
}

/// The store below the API server.
const ETCD: Tool = Tool {
    name: "etcd",
    folder: "etcd",
    module: "go.etcd.io/etcd/server/v3",
    package: "go.etcd.io/etcd/server/v3",
    stamp: None,
};

/// The API server.
const KUBE_APISERVER: Tool = Tool {
    name: "kube-apiserver",
    folder: "kubernetes",
    module: "k8s.io/kubernetes",
    package: "k8s.io/kubernetes/cmd/kube-apiserver",
    stamp: Some("k8s.io/component-base/version.gitVersion"),
};

/// What people ask the API server with.
pub(crate) const KUBECTL: Tool = Tool {
    name: "kubectl",
    folder: "kubernetes",
    module: "k8s.io/kubernetes",
    package: "k8s.io/kubernetes/cmd/kubectl",
    stamp: Some("k8s.io/component-base/version.gitVersion"),
};

/// What renders charts.
pub(crate) const HELM: Tool = Tool {
    name: "helm",
    folder: "helm",
    module: "helm.sh/helm/v3",
    package: "helm.sh/helm/v3/cmd/helm",
    stamp: Some("helm.sh/helm/v3/internal/version.version"),
};

/// What a real API server takes; the one that is built sooner comes first.
pub(crate) const SERVERS: &[Tool] = &[ETCD, KUBE_APISERVER];

/// All of it; the key of the folder depends on it.
pub(crate) const ALL: &[Tool] = &[ETCD, KUBE_APISERVER, KUBECTL, HELM];

impl Tool {
    /// The file of the program in a folder.
    pub(crate) fn file(&self, folder: &Path) -> PathBuf {
        folder.join(format!("{}{}", self.name, env::consts::EXE_SUFFIX))
    }

    /// The version that is pinned by the `go.mod` of its module.
    pub(crate) fn version(&self, modules: &Path) -> Result<String> {
        let path = modules.join(self.folder).join("go.mod");
        let text = fs::read_to_string(&path)
            .with_context(|| format!("\"{}\" cannot be read", path.display()))?;
        required(&text, self.module)
            .map(str::to_owned)
            .with_context(|| format!("\"{}\" requires no {}", path.display(), self.module))
    }

    /// What the linker is told: no symbols, which nobody reads here, and the version.
    pub(crate) fn linker_flags(&self, version: &str) -> String {
        match self.stamp {
            Some(variable) => format!("-s -w -X {variable}={version}"),
            None => "-s -w".to_owned(),
        }
    }
}

/// The version of a module in the text of a `go.mod`.
fn required<'a>(text: &'a str, module: &str) -> Option<&'a str> {
    text.lines().find_map(|line| {
        let line = line.trim_start();
        let mut words = line
            .strip_prefix("require ")
            .unwrap_or(line)
            .split_whitespace();
        (words.next()? == module).then(|| words.next()).flatten()
    })
}

/// The name of the folder for what these modules pin. It changes with any version, checksum or linker flag,
/// so that what is in a folder of that name never has to be built again.
pub(crate) fn key(modules: &Path) -> Result<String> {
    // A home may be shared by machines of several kinds.
    let mut parts = vec![env::consts::OS.to_owned(), env::consts::ARCH.to_owned()];
    let mut digest = Sha256::new();
    for tool in ALL {
        let version = tool.version(modules)?;
        parts.push(format!("{}-{version}", tool.name));
        digest.update(tool.linker_flags(&version));
        for file in ["go.mod", "go.sum"] {
            let path = modules.join(tool.folder).join(file);
            let content = fs::read(&path)
                .with_context(|| format!("\"{}\" cannot be read", path.display()))?;
            digest.update(content.len().to_le_bytes());
            digest.update(content);
        }
    }
    // Enough to tell checksums apart that differ by accident.
    let digest = digest.finalize();
    let start = digest.first_chunk().expect("SHA-256 has 32 bytes");
    parts.push(format!("{:016x}", u64::from_be_bytes(*start)));
    Ok(parts.join("-"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace;

    fn modules() -> PathBuf {
        workspace::root().join("xtask/assets")
    }

    #[test]
    fn every_program_has_its_version_pinned() {
        for tool in ALL {
            let version = tool.version(&modules()).unwrap();
            assert!(version.starts_with('v'), "{}: {version}", tool.name);
        }
    }

    #[test]
    fn a_version_is_found_alone_and_in_a_list() {
        assert_eq!(required("require a.b/c v1.2.3\n", "a.b/c"), Some("v1.2.3"));
        let list = "require (\n\ta.b/c/d v9.9.9\n\ta.b/c v1.2.3 // indirect\n)\n";
        assert_eq!(required(list, "a.b/c"), Some("v1.2.3"));
        assert_eq!(required("module a.b/c\n", "a.b"), None);
    }

    #[test]
    fn another_checksum_gives_another_folder() {
        let copy = tempfile::tempdir().unwrap();
        for tool in ALL {
            let folder = copy.path().join(tool.folder);
            fs::create_dir_all(&folder).unwrap();
            for file in ["go.mod", "go.sum"] {
                fs::copy(modules().join(tool.folder).join(file), folder.join(file)).unwrap();
            }
        }
        let before = key(copy.path()).unwrap();
        assert_eq!(before, key(&modules()).unwrap());
        let sums = copy.path().join("etcd/go.sum");
        let text = fs::read_to_string(&sums).unwrap();
        fs::write(&sums, text.replacen("h1:", "h2:", 1)).unwrap();
        assert_ne!(key(copy.path()).unwrap(), before);
    }

    #[test]
    fn a_server_is_told_its_version() {
        let flags = KUBE_APISERVER.linker_flags("v1.2.3");
        assert!(flags.ends_with("-X k8s.io/component-base/version.gitVersion=v1.2.3"));
        assert!(!ETCD.linker_flags("v1.2.3").contains("-X"));
    }
}
