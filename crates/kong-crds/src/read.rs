//! From a document to an [`Observed`] object.
//!
//! The reading is as forgiving as the schemas: whatever an API server admits in any served version
//! is read, unknown fields are passed over. An object that cannot be read all the same is a value
//! too, so that it can be reported and never blocks others. Start with [`read`].

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{AnyParts, ConversionError, Kind, Observed, convert};

/// A document is none of our objects, or cannot be told apart from others.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// The document has no `apiVersion` and `kind`.
    #[error("document has no \"{0}\"")]
    Untyped(&'static str),
    /// We do not read objects of this kind.
    #[error("kind \"{kind}\" of \"{api_version}\" is not known")]
    UnknownKind {
        /// Group and version, as in the document.
        api_version: String,
        /// The kind, as in the document.
        kind: String,
    },
    /// The kind is ours, but not in this version.
    #[error(transparent)]
    UnknownVersion(#[from] ConversionError),
    /// The metadata is malformed.
    #[error("{kind} has malformed metadata: {unreadable}")]
    Metadata {
        /// The kind of the object.
        kind: Kind,
        /// What is wrong with it.
        unreadable: Unreadable,
    },
    /// The metadata lacks what identifies an object.
    #[error("{kind} \"{name}\" has no \"{field}\"")]
    Anonymous {
        /// The kind of the object.
        kind: Kind,
        /// Its name, as far as it has one.
        name: String,
        /// The field that is missing.
        field: &'static str,
    },
}

/// Why the spec or the status of an object could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {reason}")]
pub struct Unreadable {
    /// The field, as kubectl prints it: `spec.port`.
    pub path: String,
    /// What is wrong with it.
    pub reason: String,
}

/// Reads a document of any served version of a kind, converting it to the version that we work in.
///
/// Fails only if the object cannot be told apart from others: its kind is unknown, or it has no
/// name, uid or (in a namespaced kind) namespace. Whatever else is wrong is in
/// [`Observed::parts`].
pub fn read(document: Value) -> Result<Observed, ReadError> {
    let observed = read_manifest(document)?;
    if missing(observed.meta.uid.as_ref()) {
        return Err(ReadError::Anonymous {
            kind: observed.kind,
            name: observed.meta.name.unwrap_or_default(),
            field: "metadata.uid",
        });
    }
    Ok(observed)
}

/// The same for a document that no API server has seen: it may lack a UID.
pub fn read_manifest(mut document: Value) -> Result<Observed, ReadError> {
    let kind = kind_of(&document)?;
    if document["apiVersion"] != kind.api_version() {
        document = convert(document, kind.version())?;
    }
    let meta = read_meta(kind, &mut document)?;
    let parts = AnyParts::read(kind, &mut document);
    let unread_status = match (&parts, document.get_mut("status")) {
        (Err(_), Some(status)) => status.take(),
        (Ok(_), _) | (Err(_), None) => Value::Null,
    };
    Ok(Observed {
        kind,
        meta,
        parts,
        unread_status,
    })
}

/// The kind of a document, whatever its version.
pub(crate) fn kind_of(document: &Value) -> Result<Kind, ReadError> {
    let text = |field: &'static str| {
        document
            .get(field)
            .and_then(Value::as_str)
            .ok_or(ReadError::Untyped(field))
    };
    let (api_version, kind) = (text("apiVersion")?, text("kind")?);
    let group = api_version.split_once('/').map_or("", |(group, _)| group);
    Kind::from_api(group, kind).ok_or_else(|| ReadError::UnknownKind {
        api_version: api_version.to_owned(),
        kind: kind.to_owned(),
    })
}

fn missing(value: Option<&String>) -> bool {
    value.is_none_or(String::is_empty)
}

fn read_meta(kind: Kind, document: &mut Value) -> Result<ObjectMeta, ReadError> {
    if let Some(meta) = document.get_mut("metadata").and_then(Value::as_object_mut) {
        // Often longer than the object itself, and nothing we judge by.
        meta.remove("managedFields");
    }
    let meta: ObjectMeta = optional_field(document, "metadata")
        .map_err(|unreadable| ReadError::Metadata { kind, unreadable })?
        .unwrap_or_default();
    let field = if missing(meta.name.as_ref()) {
        "metadata.name"
    } else if kind.namespaced() && missing(meta.namespace.as_ref()) {
        "metadata.namespace"
    } else {
        return Ok(meta);
    };
    Err(ReadError::Anonymous {
        kind,
        name: meta.name.unwrap_or_default(),
        field,
    })
}

/// Takes a field out of a document and reads it. Null is taken for absent, as by the API server.
pub(crate) fn optional_field<T: DeserializeOwned>(
    document: &mut Value,
    field: &str,
) -> Result<Option<T>, Unreadable> {
    match document.get_mut(field).map(Value::take) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => read_value(value, field).map(Some),
    }
}

/// As [`optional_field`], for a field without which there is no object.
pub(crate) fn required_field<T: DeserializeOwned>(
    document: &mut Value,
    field: &str,
) -> Result<T, Unreadable> {
    optional_field(document, field)?.ok_or_else(|| Unreadable {
        path: field.to_owned(),
        reason: MISSING.to_owned(),
    })
}

/// Reads a value that stands at `field` of its document; `field` is empty for the whole of it.
pub(crate) fn read_value<T: DeserializeOwned>(value: Value, field: &str) -> Result<T, Unreadable> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let mut path = field.to_owned();
        let inner = error.path().to_string();
        // The library writes "." for the value itself.
        if inner != "." {
            extend(&mut path, &inner);
        }
        let mut reason = error.inner().to_string();
        // kubectl names the field that is missing, serde the object that it is missing from.
        let missing = reason
            .strip_prefix("missing field `")
            .and_then(|it| it.strip_suffix('`'));
        if let Some(missing) = missing {
            extend(&mut path, missing);
            MISSING.clone_into(&mut reason);
        }
        Unreadable { path, reason }
    })
}

/// The reason when a field is not there.
const MISSING: &str = "required value";

fn extend(path: &mut String, inner: &str) {
    if !path.is_empty() && !inner.starts_with('[') {
        path.push('.');
    }
    path.push_str(inner);
}
