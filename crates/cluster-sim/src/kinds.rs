//! The kinds the server knows: those of its custom resource definitions, and the core Secret.
//!
//! May depend on schemas and requests. Start reading at [`Kinds::new`].

use std::collections::BTreeMap;

use serde_json::Value;

use crate::{
    request::ResourceId,
    schema::{Schema, SchemaProblem},
    status::Status,
};

/// Why a custom resource definition cannot be served.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SchemaError {
    /// The document is something else.
    #[error("not a CustomResourceDefinition: kind is \"{kind}\"")]
    NotADefinition {
        /// What it says it is.
        kind: String,
    },
    /// A member is missing or has the wrong type.
    #[error("CustomResourceDefinition \"{definition}\" has no usable \"{member}\"")]
    Missing {
        /// Name of the definition.
        definition: String,
        /// Path of the member.
        member: &'static str,
    },
    /// Two definitions have the same group and kind.
    #[error("CustomResourceDefinition \"{definition}\" is given twice")]
    Twice {
        /// Name of the definition.
        definition: String,
    },
    /// The schema of a version cannot be used.
    #[error("CustomResourceDefinition \"{definition}\", version \"{version}\": {problem}")]
    Schema {
        /// Name of the definition.
        definition: String,
        /// The version.
        version: String,
        /// What is wrong with the schema.
        problem: SchemaProblem,
    },
}

/// How objects of a kind are treated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    Custom,
    Secret,
}

impl Shape {
    /// How complaints call the metadata.
    pub(crate) const fn metadata_place(self) -> &'static str {
        match self {
            Self::Custom => "ObjectMeta",
            Self::Secret => "ObjectMeta.metadata",
        }
    }
}

/// A kind of objects.
#[derive(Debug)]
pub(crate) struct Kind {
    pub(crate) resource: ResourceId,
    pub(crate) name: String,
    pub(crate) list_name: String,
    pub(crate) namespaced: bool,
    pub(crate) shape: Shape,
    storage: usize,
    versions: Vec<Version>,
}

/// A version of a kind.
#[derive(Debug)]
pub(crate) struct Version {
    pub(crate) name: String,
    /// With the group, as objects carry it.
    pub(crate) full_name: String,
    pub(crate) status_subresource: bool,
    /// None for Secrets, which are checked by code.
    pub(crate) schema: Option<Schema>,
    served: bool,
}

impl Kind {
    /// The version objects are stored in.
    pub(crate) fn stored(&self) -> &Version {
        &self.versions[self.storage]
    }

    /// A served version by name.
    pub(crate) fn version(&self, name: &str) -> Option<&Version> {
        self.versions
            .iter()
            .find(|version| version.served && version.name == name)
    }

    /// A served version; the stored one if none is named.
    pub(crate) fn version_or_stored(&self, name: Option<&str>) -> Result<&Version, Status> {
        match name {
            None => Ok(self.stored()),
            Some(name) => self.version(name).ok_or_else(Status::no_resource),
        }
    }

    /// `KongService.configuration.konghq.com`, as messages name a kind.
    pub(crate) fn qualified_name(&self) -> String {
        if self.resource.group.is_empty() {
            self.name.clone()
        } else {
            format!("{}.{}", self.name, self.resource.group)
        }
    }

    fn secret() -> Self {
        Self {
            resource: ResourceId::new("", "secrets"),
            name: "Secret".to_owned(),
            list_name: "SecretList".to_owned(),
            namespaced: true,
            shape: Shape::Secret,
            storage: 0,
            versions: vec![Version {
                name: "v1".to_owned(),
                full_name: "v1".to_owned(),
                status_subresource: false,
                schema: None,
                served: true,
            }],
        }
    }

    fn from_definition(definition: &Value) -> Result<Self, SchemaError> {
        let kind = definition["kind"].as_str().unwrap_or_default();
        if kind != "CustomResourceDefinition" {
            return Err(SchemaError::NotADefinition {
                kind: kind.to_owned(),
            });
        }
        let name = definition["metadata"]["name"].as_str().unwrap_or_default();
        let missing = |member| SchemaError::Missing {
            definition: name.to_owned(),
            member,
        };
        let spec = &definition["spec"];
        let text = |value: &Value, member| {
            value
                .as_str()
                .map(str::to_owned)
                .ok_or_else(|| missing(member))
        };
        let group = text(&spec["group"], "spec.group")?;
        let kind = text(&spec["names"]["kind"], "spec.names.kind")?;
        let documents = spec["versions"]
            .as_array()
            .ok_or_else(|| missing("spec.versions"))?;
        let mut versions = Vec::with_capacity(documents.len());
        for document in documents {
            let version = text(&document["name"], "spec.versions[].name")?;
            let schema = &document["schema"]["openAPIV3Schema"];
            if schema.is_null() {
                return Err(missing("spec.versions[].schema.openAPIV3Schema"));
            }
            versions.push(Version {
                full_name: format!("{group}/{version}"),
                status_subresource: document["subresources"]["status"].is_object(),
                schema: Some(
                    Schema::compile(schema).map_err(|problem| SchemaError::Schema {
                        definition: name.to_owned(),
                        version: version.clone(),
                        problem,
                    })?,
                ),
                served: document["served"].as_bool().unwrap_or(false),
                name: version,
            });
        }
        Ok(Self {
            resource: ResourceId::new(group, text(&spec["names"]["plural"], "spec.names.plural")?),
            list_name: spec["names"]["listKind"]
                .as_str()
                .map_or_else(|| format!("{kind}List"), str::to_owned),
            name: kind,
            namespaced: spec["scope"].as_str() == Some("Namespaced"),
            shape: Shape::Custom,
            storage: documents
                .iter()
                .position(|document| document["storage"].as_bool() == Some(true))
                .ok_or_else(|| missing("spec.versions[].storage"))?,
            versions,
        })
    }
}

/// All kinds of a server.
#[derive(Debug)]
pub(crate) struct Kinds {
    by_resource: BTreeMap<ResourceId, Kind>,
}

impl Kinds {
    /// Reads the definitions and compiles their schemas.
    pub(crate) fn new(definitions: &[Value]) -> Result<Self, SchemaError> {
        let secret = Kind::secret();
        let mut by_resource = BTreeMap::from([(secret.resource.clone(), secret)]);
        for definition in definitions {
            let kind = Kind::from_definition(definition)?;
            let name = kind.resource.to_string();
            if by_resource.insert(kind.resource.clone(), kind).is_some() {
                return Err(SchemaError::Twice { definition: name });
            }
        }
        Ok(Self { by_resource })
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Kind> {
        self.by_resource.values()
    }

    pub(crate) fn get(&self, resource: &ResourceId) -> Option<&Kind> {
        self.by_resource.get(resource)
    }

    pub(crate) fn resource(&self, resource: &ResourceId) -> Result<&Kind, Status> {
        self.get(resource).ok_or_else(Status::no_resource)
    }

    /// The kind and version a document says it is of, whether served or not.
    pub(crate) fn find(&self, api_version: &str, kind: &str) -> Option<(&Kind, &Version)> {
        let (group, version) = split_api_version(api_version);
        let kind = self
            .iter()
            .find(|candidate| candidate.name == kind && candidate.resource.group == group)?;
        Some((
            kind,
            kind.versions
                .iter()
                .find(|candidate| candidate.name == version)?,
        ))
    }

    /// The kind and version of a document.
    pub(crate) fn of_document(&self, document: &Value) -> Result<(&Kind, &Version), Status> {
        if !document.is_object() {
            return Err(Status::bad_request(
                "the object provided is not a JSON object",
            ));
        }
        let member = |name: &str, title: &str| {
            document[name].as_str().filter(|text| !text.is_empty()).ok_or_else(|| {
                Status::bad_request(format!(
                    "the object provided is unrecognized: Object '{title}' is missing in '{document}'"
                ))
            })
        };
        let kind = member("kind", "Kind")?;
        let api_version = member("apiVersion", "apiVersion")?;
        self.find(api_version, kind)
            .filter(|(_, version)| version.served)
            .ok_or_else(|| Status::no_match(kind, api_version))
    }
}

/// Group (empty for core) and version of an `apiVersion`.
pub(crate) fn split_api_version(api_version: &str) -> (&str, &str) {
    api_version.split_once('/').unwrap_or(("", api_version))
}
