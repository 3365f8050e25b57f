//! An object as the API server sends it, whatever it holds.
//!
//! Typed objects make a whole list fail when one of them cannot be read. A [`Document`] always can be: it
//! is JSON, and what it says is found out by [`kong_crds::read`]. What nobody reads, and what may repeat a
//! secret, is dropped before the rest of the page is even parsed.

use std::{borrow::Cow, sync::Arc};

use kong_crds::{Kind, ObjectMeta, Observed, ReadError};
use kong_resolve::{Key, Name, Uid};
use kube::{
    Api, Client, Resource,
    core::{ApiResource, DynamicResourceScope, GroupVersionKind},
};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

/// The annotation in which `kubectl apply` keeps the object once more, with all its values.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// An object that has not been read yet.
#[derive(Clone)]
pub(crate) struct Document {
    /// The names of the object and its version, for the watch.
    meta: ObjectMeta,
    body: Value,
}

/// Objects may hold secrets: only the name is printed.
impl std::fmt::Debug for Document {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}/{:?}", self.meta.namespace, self.meta.name)
    }
}

impl<'de> Deserialize<'de> for Document {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Value::deserialize(deserializer).map(Self::from)
    }
}

/// As it is sent: all of it.
impl Serialize for Document {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.body.serialize(serializer)
    }
}

impl From<Value> for Document {
    fn from(mut body: Value) -> Self {
        if let Some(meta) = body.get_mut("metadata").and_then(Value::as_object_mut) {
            meta.remove("managedFields");
            if let Some(annotations) = meta.get_mut("annotations").and_then(Value::as_object_mut) {
                annotations.remove(LAST_APPLIED);
            }
        }
        let text = |field: &str| body["metadata"][field].as_str().map(str::to_owned);
        let meta = ObjectMeta {
            name: text("name"),
            namespace: text("namespace"),
            uid: text("uid"),
            resource_version: text("resourceVersion"),
            ..ObjectMeta::default()
        };
        Self { meta, body }
    }
}

impl Document {
    /// Reads what it says. Items of lists of core kinds do not say what they are.
    pub(crate) fn read(mut self, kind: Kind) -> Result<Observed, ReadError> {
        if let Some(body) = self.body.as_object_mut() {
            for (field, value) in [("apiVersion", kind.api_version()), ("kind", kind.as_str())] {
                body.entry(field).or_insert_with(|| Value::from(value));
            }
        }
        kong_crds::read(self.body)
    }

    /// What it is called, and which incarnation it is; `None` if the server did not say.
    pub(crate) fn name(&self, kind: Kind) -> Option<(Key, Uid)> {
        let name = Name {
            namespace: self.meta.namespace.as_deref().map(Arc::from),
            name: Arc::from(self.meta.name.as_deref()?),
        };
        Some((Key { kind, name }, Uid::from(self.meta.uid.as_deref()?)))
    }
}

impl Resource for Document {
    type DynamicType = ApiResource;
    type Scope = DynamicResourceScope;

    fn kind(resource: &ApiResource) -> Cow<'_, str> {
        resource.kind.as_str().into()
    }

    fn group(resource: &ApiResource) -> Cow<'_, str> {
        resource.group.as_str().into()
    }

    fn version(resource: &ApiResource) -> Cow<'_, str> {
        resource.version.as_str().into()
    }

    fn plural(resource: &ApiResource) -> Cow<'_, str> {
        resource.plural.as_str().into()
    }

    fn meta(&self) -> &ObjectMeta {
        &self.meta
    }

    fn meta_mut(&mut self) -> &mut ObjectMeta {
        &mut self.meta
    }
}

/// The API of a kind, in one namespace or in all.
pub(crate) fn api(client: Client, kind: Kind, namespace: Option<&str>) -> Api<Document> {
    let names = GroupVersionKind::gvk(kind.group(), kind.version(), kind.as_str());
    let resource = ApiResource::from_gvk_with_plural(&names, kind.plural());
    match namespace {
        Some(namespace) => Api::namespaced_with(client, namespace, &resource),
        None => Api::all_with(client, &resource),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_nobody_reads_is_dropped_at_once() {
        let document = Document::from(json!({"metadata": {
            "name": "a", "namespace": "n", "uid": "u", "resourceVersion": "7",
            "managedFields": [{"manager": "kubectl"}],
            "annotations": {LAST_APPLIED: "{\"data\":{\"token\":\"c2VjcmV0\"}}", "konghq.com/tags": "x"},
        }}));
        assert_eq!(
            document.body["metadata"],
            json!({"name": "a", "namespace": "n", "uid": "u", "resourceVersion": "7",
                "annotations": {"konghq.com/tags": "x"}})
        );
        assert_eq!(document.meta.resource_version.as_deref(), Some("7"));
    }

    #[test]
    fn an_item_of_a_list_of_secrets_is_read_although_it_does_not_say_what_it_is() {
        let document = Document::from(json!({
            "metadata": {"name": "a", "namespace": "n", "uid": "u"}, "data": {"token": "dA=="},
        }));
        let observed = document.read(Kind::Secret).unwrap();
        assert_eq!(observed.kind, Kind::Secret);
        assert!(observed.parts.is_ok());
    }

    #[test]
    fn printing_a_document_shows_its_name_alone() {
        let document = Document::from(json!({
            "metadata": {"name": "a", "namespace": "n"}, "stringData": {"token": "hunter2"},
        }));
        assert_eq!(format!("{document:?}"), "Some(\"n\")/Some(\"a\")");
    }
}
