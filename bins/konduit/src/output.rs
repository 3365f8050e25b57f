//! Objects, definitions and the state of Konnect as documents on a writer.
//!
//! The only module that writes documents; everything goes through redaction first. Start with [`list`]
//! and [`dump`].

use std::fs;
use std::io::Write;
use std::path::Path;

use anyhow::{Context as _, Result};
use cluster_sim::{Cluster, ResourceId};
use kong_crds::Kind;
use konnect_sim::Konnect;
use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use crate::secrets::{self, Vault};

/// The language of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    /// As kubectl indents it.
    Json,
    /// YAML.
    Yaml,
}

/// How far kubectl indents JSON.
const INDENT: &[u8] = b"    ";

/// All objects with their status, as `kubectl get -o json` lists them, without secrets.
pub(crate) fn list(cluster: &Cluster) -> Value {
    let mut items = Vec::new();
    for kind in Kind::served() {
        let resource = ResourceId::new(kind.group(), kind.plural());
        for object in cluster.list(&resource, None) {
            let mut object = Value::clone(object);
            secrets::redact(&mut object);
            items.push(object);
        }
    }
    json!({"apiVersion": "v1", "kind": "List", "metadata": {"resourceVersion": ""}, "items": items})
}

/// Writes one document.
pub(crate) fn document(out: &mut dyn Write, language: Language, document: &Value) -> Result<()> {
    match language {
        Language::Json => {
            let format = serde_json::ser::PrettyFormatter::with_indent(INDENT);
            let mut writer = serde_json::Serializer::with_formatter(&mut *out, format);
            document.serialize(&mut writer)?;
            out.write_all(b"\n")?;
        }
        Language::Yaml => out.write_all(yaml(document)?.as_bytes())?,
    }
    Ok(())
}

/// One document of YAML.
pub(crate) fn yaml(document: &Value) -> Result<String> {
    let text = serde_yaml::to_string(document)?;
    Ok(format!("{}\n", text.trim_end()))
}

/// An object as people write it: what it is comes first, then what it is called, then all else.
struct Written<'d>(&'d Value);

impl Serialize for Written<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Some(members) = self.0.as_object() else {
            return self.0.serialize(serializer);
        };
        let first = ["apiVersion", "kind", "metadata"];
        let head = first.iter().filter_map(|name| members.get_key_value(*name));
        let rest = members
            .iter()
            .filter(|(name, _)| !first.contains(&name.as_str()));
        serializer.collect_map(head.chain(rest))
    }
}

fn yaml_documents(documents: &[Value]) -> Result<String> {
    let texts: Result<Vec<String>> = documents.iter().map(yaml).collect();
    Ok(texts?.join("---\n"))
}

/// Manifests for `kubectl apply`.
pub(crate) fn manifests(out: &mut dyn Write, documents: &[Value]) -> Result<()> {
    manifests_with(out, documents, |_| Vec::new())
}

/// Manifests for `kubectl apply`, each below the lines that are said of it.
pub(crate) fn manifests_with(
    out: &mut dyn Write,
    documents: &[Value],
    said: impl Fn(&Value) -> Vec<String>,
) -> Result<()> {
    for (index, document) in documents.iter().enumerate() {
        if index > 0 {
            out.write_all(b"---\n")?;
        }
        for line in said(document).iter().flat_map(|text| text.lines()) {
            writeln!(out, "# {line}")?;
        }
        let text = serde_yaml::to_string(&Written(document))?;
        writeln!(out, "{}", text.trim_end())?;
    }
    Ok(())
}

/// What Konnect holds, as decK writes it: one YAML document a control plane.
pub(crate) fn dump(konnect: &Konnect, vault: &Vault) -> Result<String> {
    let mut dump = konnect.dump();
    vault.redact_plugins(&mut dump);
    yaml_documents(dump.as_array().map_or(&[][..], Vec::as_slice))
}

/// Writes a text to a file in one piece: whoever reads it never sees half of it.
pub(crate) fn replace_file(path: &Path, text: &str) -> Result<()> {
    let failed = || format!("cannot write \"{}\"", path.display());
    // A device or a pipe cannot be replaced.
    let is_special = fs::metadata(path).is_ok_and(|found| !found.is_file());
    if is_special {
        return fs::write(path, text).with_context(failed);
    }
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.tmp", std::process::id()));
    let beside = path.with_file_name(name);
    fs::write(&beside, text)
        .and_then(|()| fs::rename(&beside, path))
        .inspect_err(|_| {
            // The error that matters is the first one.
            let _ = fs::remove_file(&beside);
        })
        .with_context(failed)
}

/// The definitions, on the writer or as files in a folder, each named as upstream names it.
pub(crate) fn definitions(out: &mut dyn Write, folder: Option<&Path>) -> Result<()> {
    let documents = kong_crds::crd_documents();
    let Some(folder) = folder else {
        return Ok(out.write_all(yaml_documents(&documents)?.as_bytes())?);
    };
    fs::create_dir_all(folder).with_context(|| format!("cannot make \"{}\"", folder.display()))?;
    for document in &documents {
        let word = |path: &str| {
            document
                .pointer(path)
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        let name = format!(
            "{}_{}.yaml",
            word("/spec/group"),
            word("/spec/names/plural")
        );
        let path = folder.join(name);
        replace_file(&path, &yaml(document)?)?;
        writeln!(out, "{}", path.display())?;
    }
    Ok(())
}
