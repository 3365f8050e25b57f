//! The custom resource definitions, as they are installed.
//!
//! The derives give a definition per version; here they become one document a kind, in the form that
//! controller-gen gives upstream's: what the API server would refuse or warn about is taken out, what
//! every definition has in common is put in. Start with [`crd_documents`].

pub(crate) mod blocks;
pub(crate) mod rules;
mod tidy;

pub use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use serde_json::{Value, json};

use crate::Object;

/// The release of Kong's resources that these definitions are equal to. Their tools ask for it.
const UPSTREAM_VERSION: &str = "v2.3.0-rc.3";

/// Every custom resource definition, one document a kind with all its versions: the kinds of
/// [`kinds!`](crate::kinds), parents before children, but for those that others define. This is what `crds/`
/// holds and what is installed, also of kinds that nobody watches yet.
pub fn crd_documents() -> Vec<Value> {
    let mut documents = Vec::new();
    macro_rules! collect {
        ($($kind:ident: $type:path => $class:ident;)*) => {
            $(documents.extend(document(<$type as Object>::definitions()));)*
        };
    }
    crate::kinds!(collect);
    documents
}

/// One document of the definitions of all versions of a kind; the last is the one that is stored.
fn document(versions: Vec<CustomResourceDefinition>) -> Option<Value> {
    let (mut stored, mut older) = (None, Vec::new());
    for definition in versions {
        older.extend(stored.replace(definition));
    }
    let mut stored = stored?;
    let mut versions = Vec::new();
    for mut version in older
        .into_iter()
        .flat_map(|definition| definition.spec.versions)
    {
        version.storage = false;
        versions.push(version);
    }
    versions.append(&mut stored.spec.versions);
    stored.spec.versions = versions;
    stored.spec.names.list_kind = Some(format!("{}List", stored.spec.names.kind));
    stored.metadata.annotations = Some(
        [
            (
                "kubernetes-configuration.konghq.com/channels",
                "kong-operator",
            ),
            (
                "kubernetes-configuration.konghq.com/version",
                UPSTREAM_VERSION,
            ),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into(),
    );

    let mut document =
        serde_json::to_value(stored).expect("a definition has string keys throughout");
    for version in document["spec"]["versions"]
        .as_array_mut()
        .into_iter()
        .flatten()
    {
        let schema = &mut version["schema"]["openAPIV3Schema"];
        tidy::tidy(schema);
        type_meta(&mut schema["properties"]);
        if version["subresources"].is_null() {
            // Upstream spells out that there are none.
            version["subresources"] = json!({});
        }
    }
    Some(document)
}

/// The properties that every object has, which the derives leave out.
fn type_meta(properties: &mut Value) {
    properties["apiVersion"] = json!({
        "description": "Group and version of the schema that the object is written in.",
        "type": "string",
    });
    properties["kind"] = json!({
        "description": "Kind of the object.",
        "type": "string",
    });
    properties["metadata"] = json!({"type": "object"});
}

/// The definition with `spec` not required, as upstream's types without the marker have it.
pub(crate) fn with_optional_spec(definition: CustomResourceDefinition) -> CustomResourceDefinition {
    with_required(definition, &[])
}

/// The definition with other fields of an object required than the derives have it.
pub(crate) fn with_required(
    mut definition: CustomResourceDefinition,
    fields: &[&str],
) -> CustomResourceDefinition {
    for version in &mut definition.spec.versions {
        let schema = version
            .schema
            .as_mut()
            .and_then(|schema| schema.open_api_v3_schema.as_mut());
        if let Some(schema) = schema {
            schema.required = Some(fields.iter().map(|field| (*field).to_owned()).collect());
        }
    }
    definition
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Kind;

    fn kind_of(document: &Value) -> Kind {
        let kind = document["spec"]["names"]["kind"].as_str().unwrap();
        kind.parse().unwrap()
    }

    #[test]
    fn every_custom_resource_of_kong_has_a_document_and_no_other_kind_has() {
        let kinds: Vec<Kind> = crd_documents().iter().map(kind_of).collect();
        let expected: Vec<Kind> = Kind::ALL
            .iter()
            .copied()
            .filter(|kind| kind.group().ends_with("konghq.com"))
            .collect();
        assert_eq!(kinds, expected);
    }

    #[test]
    fn exactly_the_version_that_we_work_in_is_stored() {
        for document in crd_documents() {
            let kind = kind_of(&document);
            let stored: Vec<_> = document["spec"]["versions"]
                .as_array()
                .unwrap()
                .iter()
                .filter(|version| version["storage"] == true)
                .map(|version| version["name"].clone())
                .collect();
            assert_eq!(stored, [kind.version()], "{kind}");
        }
    }
}
