//! `cargo xtask crds`: the custom resource definitions as files, one a kind, named as upstream names
//! them.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::Path,
};

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::Outcome;

/// Stands at the top of every file.
const HEADER: &str =
    "# Written by `cargo xtask crds`. Change the types in crates/kong-crds instead.\n---\n";

/// Writes every definition, and removes those of kinds that are no more.
pub(crate) fn write(directory: &Path) -> Result<Outcome> {
    let files = render()?;
    fs::create_dir_all(directory)
        .with_context(|| format!("cannot make {}", directory.display()))?;
    for name in stale(directory, &files)? {
        let path = directory.join(&name);
        match files.get(&name) {
            Some(text) => fs::write(&path, text),
            None => fs::remove_file(&path),
        }
        .with_context(|| format!("cannot write {}", path.display()))?;
        println!("{}", path.display());
    }
    Ok(Outcome::Well)
}

/// Lists the files that [`write()`] would change.
pub(crate) fn check(directory: &Path) -> Result<Outcome> {
    let stale = stale(directory, &render()?)?;
    if stale.is_empty() {
        return Ok(Outcome::Well);
    }
    for name in stale {
        println!("{} is stale", directory.join(name).display());
    }
    eprintln!("run `cargo xtask crds`");
    Ok(Outcome::Findings)
}

/// Text of every file by its name.
fn render() -> Result<BTreeMap<String, String>> {
    kong_crds::crd_documents()
        .iter()
        .map(|document| Ok((file_name(document), text(document)?)))
        .collect()
}

fn file_name(document: &Value) -> String {
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let spec = &document["spec"];
    format!(
        "{}_{}.yaml",
        word(&spec["group"]),
        word(&spec["names"]["plural"])
    )
}

fn text(document: &Value) -> Result<String> {
    let yaml = serde_yaml::to_string(document)
        .with_context(|| format!("{} has no YAML form", file_name(document)))?;
    Ok(format!("{HEADER}{}\n", yaml.trim_end()))
}

/// Names of the files that differ, are missing, or should not be there.
fn stale(directory: &Path, files: &BTreeMap<String, String>) -> Result<BTreeSet<String>> {
    let mut stale = BTreeSet::new();
    for (name, text) in files {
        let path = directory.join(name);
        match fs::read_to_string(&path) {
            Ok(found) if found == *text => {}
            Ok(_) => {
                stale.insert(name.clone());
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                stale.insert(name.clone());
            }
            Err(error) => {
                return Err(error).with_context(|| format!("cannot read {}", path.display()));
            }
        }
    }
    let extra = yaml_files(directory)?
        .into_iter()
        .filter(|name| !files.contains_key(name));
    stale.extend(extra);
    Ok(stale)
}

/// Names of the YAML files in a folder, in order; none if there is no such folder.
pub(crate) fn yaml_files(directory: &Path) -> Result<BTreeSet<String>> {
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeSet::new()),
        Err(error) => {
            return Err(error).with_context(|| format!("cannot list {}", directory.display()));
        }
    };
    let mut names = BTreeSet::new();
    for entry in entries {
        let entry = entry.with_context(|| format!("cannot list {}", directory.display()))?;
        let path = entry.path();
        let extension = path.extension().unwrap_or_default();
        if extension == "yaml" || extension == "yml" {
            names.insert(entry.file_name().to_string_lossy().into_owned());
        }
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_passes_the_check_until_somebody_edits_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path();
        assert_eq!(check(path).unwrap(), Outcome::Findings);
        write(path).unwrap();
        assert_eq!(check(path).unwrap(), Outcome::Well);

        let service = path.join("configuration.konghq.com_kongservices.yaml");
        let text = fs::read_to_string(&service).unwrap();
        fs::write(&service, text.replace("maxItems: 20", "maxItems: 21")).unwrap();
        let files = render().unwrap();
        let expected = BTreeSet::from(["configuration.konghq.com_kongservices.yaml".to_owned()]);
        assert_eq!(stale(path, &files).unwrap(), expected);
    }

    #[test]
    fn a_definition_of_a_kind_that_is_no_more_is_removed() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path();
        write(path).unwrap();
        let left_over = path.join("example.com_things.yaml");
        fs::write(&left_over, "kind: CustomResourceDefinition\n").unwrap();
        assert_eq!(check(path).unwrap(), Outcome::Findings);
        write(path).unwrap();
        assert!(!left_over.exists());
        assert_eq!(check(path).unwrap(), Outcome::Well);
    }

    #[test]
    fn a_file_reads_back_as_the_document_it_was_written_from() {
        for document in kong_crds::crd_documents() {
            let read: Value = serde_yaml::from_str(&text(&document).unwrap()).unwrap();
            assert_eq!(read, document, "{}", file_name(&document));
        }
    }
}
