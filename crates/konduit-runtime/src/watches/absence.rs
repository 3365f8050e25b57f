//! Whether the definition of a kind is installed.
//!
//! A list that is answered with 404 does not say so alone: an API server that has just started may not
//! serve a kind yet whose objects are there, and to take them for gone would let things be deleted. The
//! definition itself is asked for instead.

use kong_crds::Kind;
use kube::{
    Api, Client,
    core::{ApiResource, DynamicObject, GroupVersionKind},
};
use serde_json::Value;

use crate::cluster::describe;

/// What is known of the definition of a kind.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Presence {
    /// It is there, with the version that we work in.
    Present,
    /// It is there, but serves other versions only.
    OtherVersions(Vec<String>),
    /// It is not there.
    Absent,
    /// Nobody answered.
    Unknown,
}

/// The API of definitions.
pub(crate) fn definitions(client: Client) -> Api<DynamicObject> {
    let names = GroupVersionKind::gvk("apiextensions.k8s.io", "v1", "CustomResourceDefinition");
    let resource = ApiResource::from_gvk_with_plural(&names, "customresourcedefinitions");
    Api::all_with(client, &resource)
}

/// The name of the definition of a kind.
pub(crate) fn definition_name(kind: Kind) -> String {
    format!("{}.{}", kind.plural(), kind.group())
}

/// Looks for the definition of a kind.
pub(crate) async fn presence(client: &Client, kind: Kind) -> Presence {
    if kind.group().is_empty() {
        return Presence::Present;
    }
    let name = definition_name(kind);
    match definitions(client.clone()).get(&name).await {
        Ok(definition) => judge(kind, &definition.data),
        Err(kube::Error::Api(status)) if status.code == 404 => Presence::Absent,
        // Who may not look at definitions has to believe the list.
        Err(kube::Error::Api(status)) if status.code == 403 => Presence::Absent,
        Err(error) => {
            tracing::debug!(%kind, error = describe(&error), "its definition cannot be read");
            Presence::Unknown
        }
    }
}

fn judge(kind: Kind, definition: &Value) -> Presence {
    let served: Vec<String> = definition["spec"]["versions"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|version| version["served"] == true)
        .filter_map(|version| version["name"].as_str())
        .map(str::to_owned)
        .collect();
    if served.iter().any(|version| version == kind.version()) {
        Presence::Present
    } else {
        Presence::OtherVersions(served)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_definition_counts_if_it_serves_the_version_that_we_work_in() {
        let definition = |served: bool| {
            json!({"spec": {"versions": [
                {"name": "v1alpha1", "served": true}, {"name": "v1alpha2", "served": served},
            ]}})
        };
        let kind = Kind::KonnectGatewayControlPlane;
        assert_eq!(judge(kind, &definition(true)), Presence::Present);
        assert_eq!(
            judge(kind, &definition(false)),
            Presence::OtherVersions(vec!["v1alpha1".to_owned()])
        );
    }
}
