//! A record as it stands in its file. Depends on serde alone; start with [`Record`].

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::Value;

use kong_crds::Kind;

/// A scenario, and what came of it with Kong's operator.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    /// The name of the scenario, which is that of its file.
    pub name: String,
    /// What it shows.
    pub summary: String,
    /// The sync period, as Go writes durations: `1h`, `15s`.
    pub sync_period: String,
    /// What is done, one step after the other.
    pub steps: Vec<Step>,
    /// What is there after each step.
    pub after: Vec<After>,
}

/// What is done in a step, in the order of the members.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Step {
    /// What happens to Konnect from outside.
    pub konnect: Vec<Outside>,
    /// Manifests that are created, or merged into what is there.
    pub apply: Vec<Value>,
    /// JSON merge patches.
    pub edit: Vec<Edit>,
    /// Objects that are deleted.
    pub delete: Vec<Edit>,
    /// Seconds to wait.
    pub wait: Option<u64>,
}

/// Something that happens to Konnect from outside.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Outside {
    /// Until the end of the step some requests are answered like this.
    Answer {
        /// Which requests, and how.
        answer: Answer,
    },
    /// Somebody else asks for something.
    Request {
        /// The method.
        method: String,
        /// The path.
        path: String,
        /// The body.
        #[serde(default)]
        body: Option<Value>,
    },
}

/// Requests that are answered by a script.
#[derive(Clone, Debug, Deserialize)]
pub struct Answer {
    /// The method of the requests.
    pub method: String,
    /// A regular expression that their path matches.
    #[serde(rename = "match")]
    pub path: String,
    /// The status of the answer.
    pub status: u16,
    /// Its body.
    #[serde(default)]
    pub body: Value,
    /// Its headers.
    #[serde(default)]
    pub headers: std::collections::BTreeMap<String, Value>,
}

/// A change to an object, or only its name.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Edit {
    /// Group and version.
    pub api_version: String,
    /// Kind.
    pub kind: String,
    /// Namespace; none for kinds of the whole cluster.
    #[serde(default)]
    pub namespace: Option<String>,
    /// Name.
    pub name: String,
    /// A JSON merge patch.
    #[serde(default)]
    pub patch: Value,
}

/// What is there after a step.
#[derive(Clone, Debug, Deserialize)]
#[serde(default)]
pub struct After {
    /// Parts of the step that were refused.
    pub rejected: Vec<Value>,
    /// Whether the operator had come to rest.
    pub settled: bool,
    /// All objects.
    pub objects: Vec<Value>,
    /// The requests of the operator.
    pub konnect: Vec<Value>,
}

impl Default for After {
    fn default() -> Self {
        Self {
            rejected: Vec::new(),
            settled: true,
            objects: Vec::new(),
            konnect: Vec::new(),
        }
    }
}

impl Record {
    /// Whether every kind of object that the steps touch is one that we serve.
    pub fn is_served(&self) -> bool {
        self.kinds()
            .iter()
            .all(|(api_version, kind)| known(api_version, kind).is_some() || is_plain(kind))
    }

    fn kinds(&self) -> BTreeSet<(&str, &str)> {
        let manifests = self.steps.iter().flat_map(|step| &step.apply);
        let manifests = manifests.map(|manifest| {
            let text = |field: &str| manifest[field].as_str().unwrap_or_default();
            (text("apiVersion"), text("kind"))
        });
        let edits = self
            .steps
            .iter()
            .flat_map(|step| step.edit.iter().chain(&step.delete));
        manifests
            .chain(edits.map(|edit| (&*edit.api_version, &*edit.kind)))
            .collect()
    }
}

/// Whether a kind is there in every cluster and nothing that we answer for.
pub(crate) fn is_plain(kind: &str) -> bool {
    kind == "Namespace"
}

/// The kind of that `apiVersion` and name, if we serve it.
pub(crate) fn known(api_version: &str, kind: &str) -> Option<Kind> {
    let group = api_version.rsplit_once('/').map_or("", |(group, _)| group);
    Kind::from_api(group, kind)
}
