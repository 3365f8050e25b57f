//! What is served here, for those who look for something else: kinds, versions, and the fields of each.
//!
//! Built from the custom resource definitions. Only hints come from here; what is refused is decided by
//! the simulated API server. Start with [`Catalogue`].

use kong_crds::Kind;
use serde_json::Value;

use crate::suggest::nearest;

/// The definitions that are served.
#[derive(Debug)]
pub(crate) struct Catalogue {
    definitions: Vec<Value>,
}

/// Why a kind is not served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Unserved {
    /// It looks like one that is, and here is what to write.
    Misspelt(String),
    /// It is none of ours.
    Foreign,
}

/// Fields are listed if there are not more; nobody reads a longer list.
const LISTED: usize = 12;

impl Catalogue {
    /// The kinds of these definitions.
    pub(crate) fn new(definitions: Vec<Value>) -> Self {
        Self { definitions }
    }

    /// Why a document of such a kind is not served, if it is not.
    pub(crate) fn unserved(&self, api_version: &str, kind: &str) -> Option<Unserved> {
        let names = || Kind::served().map(Kind::as_str);
        let known = kind.parse::<Kind>().ok().filter(|kind| kind.is_served());
        let Some(known) = known else {
            let near = nearest(kind, names());
            return Some(near.map_or(Unserved::Foreign, |near| {
                Unserved::Misspelt(format!("did you mean \"{near}\"?"))
            }));
        };
        let versions: Vec<String> = self.versions(known);
        if versions.iter().any(|version| version == api_version) {
            return None;
        }
        Some(Unserved::Misspelt(format!(
            "write apiVersion: {}",
            versions.join(" or ")
        )))
    }

    /// The `apiVersion`s of a kind, that which we work in first.
    fn versions(&self, kind: Kind) -> Vec<String> {
        let mut versions = vec![kind.api_version().to_owned()];
        let served = self.definition(kind).into_iter().flat_map(|definition| {
            definition["spec"]["versions"]
                .as_array()
                .into_iter()
                .flatten()
        });
        for version in served.filter(|version| version["served"] == true) {
            let name = version["name"].as_str().unwrap_or_default();
            let full = format!("{}/{name}", kind.group());
            if !versions.contains(&full) {
                versions.push(full);
            }
        }
        versions
    }

    fn definition(&self, kind: Kind) -> Option<&Value> {
        self.definitions
            .iter()
            .find(|definition| definition["spec"]["names"]["kind"] == kind.as_str())
    }

    /// What to write in place of a field that a document of that kind does not have.
    pub(crate) fn field_hint(&self, document: &Value, path: &str) -> Option<String> {
        let kind: Kind = document["kind"].as_str()?.parse().ok()?;
        let mut steps: Vec<&str> = path
            .split(['.', '[', ']'])
            .filter(|step| !step.is_empty())
            .collect();
        let name = steps.pop()?;
        let parent = || self.schema_of(kind, document, &steps);
        let fields: Vec<&str> = match (steps.as_slice(), kind) {
            (["metadata"], _) => METADATA.to_vec(),
            ([], Kind::Secret) => SECRET.to_vec(),
            (_, _) => parent()?["properties"]
                .as_object()
                .map(|fields| fields.keys().map(String::as_str).collect())
                .unwrap_or_default(),
        };
        if let Some(near) = nearest(name, fields.iter().copied()) {
            return Some(format!("did you mean \"{near}\"?"));
        }
        if path == SPEC {
            return Some(format!(
                "a {kind} has none: what belongs there stands beside metadata"
            ));
        }
        if let Some(wanted) = parent().and_then(|parent| parent["type"].as_str())
            && wanted != "object"
        {
            return Some(format!("{} is of type {wanted}", steps.join(".")));
        }
        (1..=LISTED)
            .contains(&fields.len())
            .then(|| format!("fields here are {}", fields.join(", ")))
    }

    /// The schema of what stands at a path in a document.
    fn schema_of(&self, kind: Kind, document: &Value, steps: &[&str]) -> Option<&Value> {
        let version = document["apiVersion"].as_str()?.rsplit('/').next()?;
        let schema = self.definition(kind)?["spec"]["versions"]
            .as_array()?
            .iter()
            .find(|candidate| candidate["name"] == version)?
            .pointer("/schema/openAPIV3Schema")?;
        steps
            .iter()
            .try_fold(schema, |schema, step| below(schema, step))
    }
}

/// What most kinds have beside `metadata`.
const SPEC: &str = "spec";

/// The fields of the metadata that a user writes. No definition lists them.
const METADATA: &[&str] = &[
    "name",
    "namespace",
    "labels",
    "annotations",
    "finalizers",
    "ownerReferences",
];

/// The fields of a Secret, of which there is no definition.
const SECRET: &[&str] = &[
    "apiVersion",
    "kind",
    "metadata",
    "type",
    "data",
    "stringData",
    "immutable",
];

fn below<'s>(schema: &'s Value, step: &str) -> Option<&'s Value> {
    let of_list = step.parse::<usize>().ok().and_then(|_| schema.get("items"));
    of_list
        .or_else(|| schema.get("properties")?.get(step))
        .or_else(|| schema.get("additionalProperties"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn catalogue() -> Catalogue {
        Catalogue::new(kong_crds::crd_documents())
    }

    #[test]
    fn what_is_served_needs_no_hint() {
        for kind in Kind::served() {
            assert_eq!(
                catalogue().unserved(kind.api_version(), kind.as_str()),
                None
            );
        }
        let older = "konnect.konghq.com/v1alpha1";
        assert_eq!(
            catalogue().unserved(older, "KonnectGatewayControlPlane"),
            None
        );
    }

    #[test]
    fn a_kind_is_told_apart_from_a_misspelt_one() {
        let unserved = |version, kind| catalogue().unserved(version, kind);
        let group = "configuration.konghq.com/v1alpha1";
        assert_eq!(
            unserved(group, "KongServce"),
            Some(Unserved::Misspelt(
                "did you mean \"KongService\"?".to_owned()
            ))
        );
        assert_eq!(
            unserved("configuration.konghq.com/v1", "KongService"),
            Some(Unserved::Misspelt(format!("write apiVersion: {group}")))
        );
        assert_eq!(unserved("apps/v1", "Deployment"), Some(Unserved::Foreign));
        assert_eq!(unserved(group, "KongLicense"), Some(Unserved::Foreign));
    }

    #[test]
    fn a_field_is_looked_up_where_it_stands() {
        let document =
            json!({"apiVersion": "configuration.konghq.com/v1alpha1", "kind": "KongService"});
        let hint = |path| catalogue().field_hint(&document, path);
        assert_eq!(
            hint("spec.hosts"),
            Some("did you mean \"host\"?".to_owned())
        );
        assert_eq!(
            hint("spec.caCertificateRefs[0].nam"),
            Some("did you mean \"name\"?".to_owned())
        );
        assert_eq!(
            hint("spec.controlPlaneRef.konnectNamespacedRef.colour"),
            Some("fields here are name, namespace".to_owned())
        );
        assert_eq!(hint("spec.zzzzzzzz"), None);
        assert_eq!(
            hint("spec.host.name"),
            Some("spec.host is of type string".to_owned())
        );
    }

    #[test]
    fn fields_that_no_definition_lists_are_known_too() {
        let hint = |kind: &str, path: &str| {
            let api_version = kind.parse::<Kind>().unwrap().api_version();
            catalogue().field_hint(&json!({"apiVersion": api_version, "kind": kind}), path)
        };
        assert_eq!(
            hint("KongService", "metadata.lables"),
            Some("did you mean \"labels\"?".to_owned())
        );
        assert_eq!(
            hint("Secret", "stringdata"),
            Some("did you mean \"stringData\"?".to_owned())
        );
        assert_eq!(
            hint("KongPlugin", "spec"),
            Some("a KongPlugin has none: what belongs there stands beside metadata".to_owned())
        );
    }
}
