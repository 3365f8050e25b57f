//! The table of rules: for every CEL rule of every kind an object, or a change of one, that it refuses, and one as
//! close to it as can be that it lets through. Data in `tests/fixtures/rules`; this reads them and makes requests
//! of them.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use serde::Deserialize;
use serde_json::{Value, json};

use crate::kinds;

/// A row: a rule, and what it has to say to whom.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Row {
    /// Where the rule sits, as refusals write it.
    pub(crate) at: String,
    /// Its words.
    pub(crate) message: String,
    /// The kinds that have it, with the version where there are several.
    pub(crate) of: Vec<String>,
    /// For a rule about changes: what has to be merged into the base to get the object as it was.
    before: Option<Value>,
    /// The status that it then had.
    status: Option<Value>,
    /// What is taken: merged into the base, or the change.
    good: Value,
    /// What is refused, likewise.
    bad: Value,
    /// What the refusal says besides the words of the rule.
    #[serde(default)]
    also: Vec<String>,
    /// What the refusal says in place of them, where the schema forbids the same before any rule is asked.
    instead: Option<Vec<String>>,
}

/// What a server has to do with a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Expected {
    /// Do what it asks.
    Taken,
    /// Refuse it for exactly these causes, each with its field.
    Refused(BTreeSet<String>),
}

/// A request as fixtures write it, and what has to come of it.
#[derive(Clone, Debug)]
pub(crate) struct Trial {
    pub(crate) request: Value,
    pub(crate) expected: Expected,
}

/// The trials of one row for one kind, in order, with a name for people.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) trials: Vec<Trial>,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/rules")
}

fn read<T: serde::de::DeserializeOwned>(path: &Path) -> T {
    let text = fs::read_to_string(path).unwrap();
    serde_yaml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// All rows.
pub(crate) fn rows() -> Vec<Row> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| !path.ends_with("bases.yaml"))
        .collect();
    files.sort();
    files
        .iter()
        .flat_map(|file| read::<Vec<Row>>(file))
        .collect()
}

/// All cases.
pub(crate) fn cases() -> Vec<Case> {
    let mut bases: BTreeMap<String, Value> = read(&folder().join("bases.yaml"));
    let cluster_wide = kinds::cluster_wide();
    for (kind, base) in &mut bases {
        base["metadata"] = if cluster_wide.contains(kind) {
            json!({"name": "object"})
        } else {
            json!({"namespace": "default", "name": "object"})
        };
    }
    rows()
        .iter()
        .flat_map(|row| row.of.iter().map(|kind| (row, kind)).collect::<Vec<_>>())
        .map(|(row, kind)| {
            let base = bases
                .get(kind)
                .unwrap_or_else(|| panic!("{kind} has no base"));
            Case {
                name: format!("{kind}, {}: {}", row.at, row.message),
                trials: row.trials(base),
            }
        })
        .collect()
}

impl Row {
    fn trials(&self, base: &Value) -> Vec<Trial> {
        match &self.before {
            None => [
                (&self.bad, self.refusal()),
                (&self.good, Expected::Taken),
            ]
            .map(|(change, expected)| Trial {
                request: json!({"verb": "create", "dryRun": true, "document": object(base, change)}),
                expected,
            })
            .into(),
            Some(before) => {
                let patch = |change: &Value| {
                    json!({"verb": "patch", "apiVersion": base["apiVersion"], "kind": base["kind"],
                        "namespace": base["metadata"]["namespace"],
                        "name": base["metadata"]["name"], "patch": change})
                };
                let mut requests =
                    vec![json!({"verb": "create", "document": object(base, before)})];
                if let Some(status) = &self.status {
                    let mut request = patch(&json!({"status": status}));
                    request["subresource"] = "status".into();
                    requests.push(request);
                }
                let mut trials: Vec<Trial> = requests
                    .into_iter()
                    .map(|request| Trial {
                        request,
                        expected: Expected::Taken,
                    })
                    .collect();
                trials.push(Trial {
                    request: patch(&self.bad),
                    expected: self.refusal(),
                });
                trials.push(Trial {
                    request: patch(&self.good),
                    expected: Expected::Taken,
                });
                trials
            }
        }
    }

    fn refusal(&self) -> Expected {
        let causes = if let Some(causes) = &self.instead {
            causes.iter().cloned().collect()
        } else {
            // A text that is wrong is quoted.
            let pointer = format!("/{}", self.at.replace('.', "/"));
            let value = match self.bad.pointer(&pointer) {
                Some(Value::String(text)) => format!("{text:?}: "),
                _ => String::new(),
            };
            let rule = format!("{}: Invalid value: {value}{}", self.at, self.message);
            self.also.iter().cloned().chain([rule]).collect()
        };
        Expected::Refused(causes)
    }
}

/// An object of the table: a base with something merged into it.
fn object(base: &Value, change: &Value) -> Value {
    let mut object = base.clone();
    json_patch::merge(&mut object, change);
    object
}

/// What a server has done, from its answer.
pub(crate) fn outcome(answer: &Value) -> Expected {
    match answer["causes"].as_array() {
        Some(causes) => {
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            Expected::Refused(
                causes
                    .iter()
                    .map(|cause| format!("{}: {}", text(&cause["field"]), text(&cause["message"])))
                    .collect(),
            )
        }
        None if answer["object"].is_object() => Expected::Taken,
        None => Expected::Refused([answer.to_string()].into()),
    }
}
