//! Where the programs are: in the folder that `KUBEBUILDER_ASSETS` names, and nowhere else. Whoever runs the tests
//! provides it; tests build nothing.

use std::{
    env,
    ffi::OsStr,
    path::{Path, PathBuf},
};

use crate::Error;

/// The programs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Assets {
    pub(crate) etcd: PathBuf,
    pub(crate) apiserver: PathBuf,
}

impl Assets {
    pub(crate) fn from_environment() -> Result<Self, Error> {
        Self::of(env::var_os("KUBEBUILDER_ASSETS").as_deref())
    }

    /// From what the variable says.
    fn of(variable: Option<&OsStr>) -> Result<Self, Error> {
        let folder = variable
            .filter(|value| !value.is_empty())
            .map(Path::new)
            .ok_or_else(|| Error::Missing("KUBEBUILDER_ASSETS is not set".to_owned()))?;
        let program = |name: &str| {
            let path = folder.join(name);
            if path.is_file() {
                Ok(path)
            } else {
                Err(Error::Missing(format!(
                    "KUBEBUILDER_ASSETS is \"{}\", where there is no {name}",
                    folder.display()
                )))
            }
        };
        Ok(Self {
            etcd: program("etcd")?,
            apiserver: program("kube-apiserver")?,
        })
    }
}

/// Whether a test that finds no servers has failed, instead of having been skipped.
pub(crate) fn are_required() -> bool {
    env::var_os("REQUIRE_ENVTEST").is_some_and(|value| value == "1")
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn the_folder_has_to_hold_both_servers() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("etcd"), "").unwrap();
        let error = Assets::of(Some(folder.path().as_os_str())).unwrap_err();
        assert!(error.to_string().contains("no kube-apiserver"), "{error}");

        fs::write(folder.path().join("kube-apiserver"), "").unwrap();
        let assets = Assets::of(Some(folder.path().as_os_str())).unwrap();
        assert_eq!(assets.etcd, folder.path().join("etcd"));
    }

    #[test]
    fn an_empty_variable_is_none() {
        for variable in [None, Some(OsStr::new(""))] {
            let error = Assets::of(variable).unwrap_err().to_string();
            assert!(
                error.starts_with("KUBEBUILDER_ASSETS is not set"),
                "{error}"
            );
        }
    }
}
