//! A record as it stands in its file. Depends on serde alone; start with [`Record`].

use std::collections::BTreeSet;
use std::time::Duration;

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

impl Step {
    /// The answers that are given in Konnect's place.
    pub fn answers(&self) -> impl Iterator<Item = &Answer> {
        let outside = self.konnect.iter();
        outside.filter_map(|outside| match outside {
            Outside::Answer { answer } => Some(answer),
            Outside::Request { .. } => None,
        })
    }
}

impl Answer {
    /// Whether it is about what belongs to a control plane, not about control planes themselves.
    pub(crate) fn is_within(&self) -> bool {
        !self.path.trim_start_matches('^').starts_with("/v")
    }
}

impl Record {
    /// Whether every kind of object that the steps touch is one that we serve.
    pub fn is_served(&self) -> bool {
        self.kinds()
            .iter()
            .all(|(api_version, kind)| known(api_version, kind).is_some() || is_plain(kind))
    }

    /// Whether requests about control planes themselves are answered in Konnect's place, whoever asks.
    pub fn disturbs_others(&self) -> bool {
        self.steps
            .iter()
            .flat_map(Step::answers)
            // A limit on requests is one on those of everybody.
            .any(|answer| !answer.is_within() || answer.status == 429)
    }

    /// The sync period; `None` if it is not written as Go writes durations.
    pub fn sync_period(&self) -> Option<Duration> {
        let (mut total, mut rest) = (Duration::ZERO, &*self.sync_period);
        while !rest.is_empty() {
            let digits = rest.find(|character: char| !character.is_ascii_digit())?;
            let number: u32 = rest[..digits].parse().ok()?;
            rest = &rest[digits..];
            let units = [("ms", 1), ("h", 3_600_000), ("m", 60_000), ("s", 1_000)];
            let (unit, factor) = units.into_iter().find(|(unit, _)| rest.starts_with(unit))?;
            total += Duration::from_millis(factor) * number;
            rest = &rest[unit.len()..];
        }
        Some(total)
    }

    /// The kinds of objects that the steps touch, as far as we serve them.
    pub fn served_kinds(&self) -> BTreeSet<Kind> {
        let kinds = self.kinds().into_iter();
        kinds
            .filter_map(|(api_version, kind)| known(api_version, kind))
            .collect()
    }

    /// The namespaces in which the objects are that the steps touch.
    pub fn namespaces(&self) -> BTreeSet<&str> {
        let documents = self.steps.iter().flat_map(|step| &step.apply);
        let documents = documents.filter_map(|document| document["metadata"]["namespace"].as_str());
        let edits = self
            .steps
            .iter()
            .flat_map(|step| step.edit.iter().chain(&step.delete));
        documents
            .chain(edits.filter_map(|edit| edit.namespace.as_deref()))
            .collect()
    }

    /// The names of the control planes in Konnect that the steps speak of: those that objects ask for, and
    /// those that others make there. No two records share one.
    pub fn control_planes(&self) -> BTreeSet<&str> {
        let asked = self.steps.iter().flat_map(|step| &step.apply);
        let asked = asked
            .filter_map(|document| document["spec"]["createControlPlaneRequest"]["name"].as_str());
        let made = self.steps.iter().flat_map(|step| &step.konnect);
        let made = made.filter_map(|outside| match outside {
            Outside::Request {
                path,
                body: Some(body),
                ..
            } if path.ends_with("/control-planes") => body["name"].as_str(),
            Outside::Request { .. } | Outside::Answer { .. } => None,
        });
        asked.chain(made).collect()
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
    Kind::from_api(group, kind).filter(|kind| kind.is_served())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn record(sync_period: &str, steps: &Value) -> Record {
        let record = json!({
            "name": "r", "summary": "", "syncPeriod": sync_period,
            "steps": steps, "after": [],
        });
        serde_json::from_value(record).unwrap()
    }

    #[test]
    fn periods_are_read_as_go_writes_them() {
        let period = |text: &str| record(text, &json!([])).sync_period();
        assert_eq!(period("1m30s"), Some(Duration::from_secs(90)));
        assert_eq!(period("250ms"), Some(Duration::from_millis(250)));
        for unreadable in ["15", "15 s", "s", "1d"] {
            assert_eq!(period(unreadable), None, "{unreadable}");
        }
    }

    #[test]
    fn answers_about_control_planes_are_for_everybody() {
        let answering = |path: &str| {
            let answer = json!({"method": "DELETE", "match": path, "status": 500});
            record("1h", &json!([{"konnect": [{"answer": answer}]}]))
        };
        assert!(!answering("/core-entities/services/").disturbs_others());
        assert!(answering("/v2/control-planes/").disturbs_others());
        assert!(!record("1h", &json!([])).disturbs_others());
    }

    #[test]
    fn a_record_tells_what_is_its_own() {
        let control_plane = json!({
            "apiVersion": "konnect.konghq.com/v1alpha2", "kind": "KonnectGatewayControlPlane",
            "metadata": {"name": "cp", "namespace": "r"},
            "spec": {"createControlPlaneRequest": {"name": "of-an-object"}},
        });
        let steps = json!([
            {"apply": [control_plane, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "n"}}]},
            {"konnect": [
                {"method": "POST", "path": "/v2/control-planes", "body": {"name": "of-somebody"}},
                {"method": "POST", "path": "/v2/control-planes/i/core-entities/services", "body": {"name": "s"}},
            ]},
        ]);
        let record = record("1h", &steps);
        assert_eq!(
            record.control_planes(),
            ["of-an-object", "of-somebody"].into()
        );
        assert_eq!(
            record.served_kinds(),
            [Kind::KonnectGatewayControlPlane].into()
        );
        assert_eq!(record.namespaces(), ["r"].into());
    }
}
