//! `cargo xtask crds diff DIR`: in what our definitions differ from others of the same names, by
//! meaning. For a new release of Kong's resources: run it against theirs, and mend what it lists.

use std::{fs, path::Path};

use anyhow::{Context as _, Result, bail};
use kong_crds::schema_diff::{self, Comparison, Difference};
use serde_json::Value;

use crate::{Outcome, crds};

/// Differences that are meant: definition, path, and the reason in a comment. Keep it short.
const ACCEPTED: &[(&str, &str)] = &[
    // Upstream's operator reads them and leaves it to others to install their definition.
    (
        "kongservicefacades.incubator.ingress-controller.konghq.com",
        "$",
    ),
];

/// Prints every difference that is not accepted, one a line.
pub(crate) fn run(directory: &Path) -> Result<Outcome> {
    let theirs = read(directory)?;
    if theirs.is_empty() {
        bail!(
            "{} holds no custom resource definition",
            directory.display()
        );
    }
    let Comparison {
        differences,
        unserved,
    } = schema_diff::compare(&kong_crds::crd_documents(), &theirs);
    let differences = unaccepted(differences, ACCEPTED);
    for difference in &differences {
        println!("{difference}");
    }
    eprintln!(
        "{} differences; {unserved} definitions there that we do not serve",
        differences.len()
    );
    Ok(if differences.is_empty() {
        Outcome::Well
    } else {
        Outcome::Findings
    })
}

fn unaccepted(differences: Vec<Difference>, accepted: &[(&str, &str)]) -> Vec<Difference> {
    let known = |it: &Difference| {
        accepted
            .iter()
            .any(|(definition, path)| it.definition == *definition && it.path == *path)
    };
    differences.into_iter().filter(|it| !known(it)).collect()
}

/// Every definition in the YAML files of a folder. A file may hold several documents, and others.
fn read(directory: &Path) -> Result<Vec<Value>> {
    if !directory.is_dir() {
        bail!("{} is not a folder", directory.display());
    }
    let mut definitions = Vec::new();
    for name in crds::yaml_files(directory)? {
        let path = directory.join(name);
        let text =
            fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let documents: Vec<Value> = serde_yaml::from_multiple(&text)
            .with_context(|| format!("{} is not YAML", path.display()))?;
        definitions.extend(
            documents
                .into_iter()
                .filter(|it| it["kind"] == "CustomResourceDefinition"),
        );
    }
    Ok(definitions)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERVICES: &str = "configuration.konghq.com_kongservices.yaml";

    /// Our own definitions in a folder, one of them changed.
    fn planted(from: &str, to: &str) -> tempfile::TempDir {
        let directory = tempfile::tempdir().expect("there is room for temporary files");
        crds::write(directory.path()).expect("the folder can be written");
        let path = directory.path().join(SERVICES);
        let text = fs::read_to_string(&path).expect("the file has just been written");
        assert!(text.contains(from), "nothing to plant");
        fs::write(&path, text.replace(from, to)).expect("the file can be written");
        directory
    }

    #[test]
    fn our_own_files_do_not_differ() {
        let directory = planted("maxItems: 20", "maxItems: 20");
        assert_eq!(run(directory.path()).unwrap(), Outcome::Well);
    }

    #[test]
    fn a_planted_difference_is_found() {
        for (from, to) in [
            ("maxItems: 20", "maxItems: 30"),
            ("KIC is not supported", "KIC is supported"),
            ("scope: Namespaced", "scope: Cluster"),
            ("    - kong\n", "    - kongs\n"),
            ("    name: Programmed\n", "    name: Ready\n"),
            ("maxLength: 253", "maxLength: 254"),
            ("default: kic\n", "default: none\n"),
            ("subresources:\n      status: {}\n", ""),
        ] {
            let directory = planted(from, to);
            assert_eq!(run(directory.path()).unwrap(), Outcome::Findings, "{to}");
        }
    }

    #[test]
    fn a_missing_definition_is_a_difference() {
        let directory = planted("maxItems: 20", "maxItems: 20");
        fs::remove_file(directory.path().join(SERVICES)).unwrap();
        assert_eq!(run(directory.path()).unwrap(), Outcome::Findings);
    }

    #[test]
    fn several_documents_in_a_file_are_read_and_other_kinds_passed_over() {
        let directory = tempfile::tempdir().unwrap();
        let text: Vec<String> = kong_crds::crd_documents()
            .iter()
            .chain([&serde_json::json!({"kind": "Namespace"})])
            .map(|document| format!("---\n{}", serde_yaml::to_string(document).unwrap()))
            .collect();
        fs::write(directory.path().join("all.yaml"), text.join("\n")).unwrap();
        assert_eq!(run(directory.path()).unwrap(), Outcome::Well);
    }

    #[test]
    fn a_folder_without_definitions_is_an_error() {
        let directory = tempfile::tempdir().unwrap();
        assert!(
            run(directory.path())
                .unwrap_err()
                .to_string()
                .contains("no custom resource")
        );
        assert!(
            run(&directory.path().join("none"))
                .unwrap_err()
                .to_string()
                .contains("folder")
        );
    }

    #[test]
    fn only_the_accepted_path_is_passed_over() {
        let difference = |path: &str| Difference {
            definition: "things.example.com".to_owned(),
            path: path.to_owned(),
            ours: None,
            theirs: None,
        };
        let left = unaccepted(
            vec![difference("$.scope"), difference("$.group")],
            &[
                ("things.example.com", "$.scope"),
                ("others.example.com", "$.group"),
            ],
        );
        assert_eq!(left, [difference("$.group")]);
    }
}
