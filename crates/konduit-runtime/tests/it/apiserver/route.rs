//! What a URL is about.

use std::collections::BTreeMap;

use axum::http::{Method, Uri};
use cluster_sim::{ObjectId, ResourceId};
use serde_json::Value;

use super::Asked;

/// A URL taken apart.
#[derive(Clone, Debug)]
pub(super) struct Route {
    pub(super) resource: ResourceId,
    pub(super) version: String,
    pub(super) namespace: Option<String>,
    pub(super) name: Option<String>,
    pub(super) status: bool,
    parameters: BTreeMap<String, String>,
}

impl Route {
    pub(super) fn of(uri: &Uri) -> Option<Self> {
        let parts: Vec<&str> = uri.path().trim_matches('/').split('/').collect();
        let (group, version, rest) = match parts.as_slice() {
            ["api", version, rest @ ..] => ("", *version, rest),
            ["apis", group, version, rest @ ..] => (*group, *version, rest),
            _ => return None,
        };
        let (namespace, rest) = match rest {
            ["namespaces", namespace, rest @ ..] if !rest.is_empty() => (Some(*namespace), rest),
            rest => (None, rest),
        };
        let parameters = uri
            .query()
            .unwrap_or_default()
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .map(|(name, value)| (name.to_owned(), decode(value)))
            .collect();
        Some(Self {
            resource: ResourceId::new(group, *rest.first()?),
            version: version.to_owned(),
            namespace: namespace.map(str::to_owned),
            name: rest.get(1).map(|name| (*name).to_owned()),
            status: rest.get(2) == Some(&"status"),
            parameters,
        })
    }

    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    pub(super) fn is_watch(&self) -> bool {
        matches!(self.parameter("watch"), Some("true" | "1"))
    }

    pub(super) fn object(&self) -> ObjectId {
        ObjectId {
            resource: self.resource.clone(),
            namespace: self.namespace.clone(),
            name: self.name.clone().unwrap(),
        }
    }

    /// The name that a field selector asks for.
    fn selected_name(&self) -> Option<&str> {
        self.parameter("fieldSelector")?
            .strip_prefix("metadata.name=")
    }

    /// The request in the words of RBAC.
    pub(super) fn asked(&self, method: &Method) -> Asked {
        let verb = match (method.as_str(), &self.name) {
            ("GET", None) if self.is_watch() => "watch",
            ("GET", None) => "list",
            ("GET", Some(_)) => "get",
            ("POST", _) => "create",
            ("PUT", _) => "update",
            ("PATCH", _) => "patch",
            (method, _) => panic!("{method} is not used"),
        };
        let status = if self.status { "/status" } else { "" };
        let name = self.name.as_deref().or_else(|| self.selected_name());
        Asked {
            verb,
            group: self.resource.group.clone(),
            resource: format!("{}{status}", self.resource.plural),
            namespace: self.namespace.clone(),
            name: name.map(str::to_owned),
        }
    }

    /// A document with the namespace of the URL, which clients leave out.
    pub(super) fn complete(&self, mut document: Value) -> Value {
        if let Some(namespace) = &self.namespace {
            document["metadata"]["namespace"] = Value::from(namespace.as_str());
        }
        document
    }

    /// Whether an object is in the namespace and has the labels that are asked for.
    pub(super) fn selects(&self, object: &Value) -> bool {
        let meta = &object["metadata"];
        let named = self.selected_name();
        if named.is_some_and(|name| meta["name"] != *name) {
            return false;
        }
        let here = self
            .namespace
            .as_deref()
            .is_none_or(|wanted| meta["namespace"] == *wanted);
        here && self.parameter("labelSelector").is_none_or(|selector| {
            let (label, values) = selector.split_once(" in ").unwrap();
            let values: Vec<&str> = values
                .trim_matches(['(', ')'])
                .split(',')
                .map(str::trim)
                .collect();
            meta["labels"][label]
                .as_str()
                .is_some_and(|value| values.contains(&value))
        })
    }
}

fn decode(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digits = [rest.next().unwrap(), rest.next().unwrap()];
                u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap()
            }
            other => other,
        });
    }
    String::from_utf8(bytes).unwrap()
}
