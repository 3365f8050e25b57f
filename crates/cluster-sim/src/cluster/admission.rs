//! What a write must satisfy before its contents are looked at, and what it may not decide: the parts
//! of creating and changing objects that need no cluster.
//!
//! May depend on kinds, metadata and refusals. Start reading at [`read`].

use serde_json::Value;

use crate::{
    field::{FieldError, quote},
    kinds::{Kind, Kinds, Shape, Version},
    metadata,
    request::{ObjectId, UnknownFields},
    secret,
    status::{Reason, Status},
};

/// Whether a writer must say which version it has seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unversioned {
    Allowed,
    Refused,
}

/// Reads a document: metadata, defaults, unknown fields.
pub(super) fn read(
    kind: &Kind,
    version: &Version,
    document: &mut Value,
    unknown_fields: UnknownFields,
) -> Result<(), Status> {
    let unreadable = |why: &str| Status::unreadable(&kind.name, &version.name, why);
    let mut unknown =
        metadata::decode(document, kind.shape.metadata_place()).map_err(|why| unreadable(&why))?;
    unknown.extend(match &version.schema {
        Some(schema) => schema.complete(document),
        None => secret::decode(document).map_err(|why| unreadable(&why))?,
    });
    match unknown_fields {
        UnknownFields::Refuse if !unknown.is_empty() => {
            let list: Vec<String> = unknown
                .iter()
                .map(|field| format!("unknown field {}", quote(field)))
                .collect();
            Err(unreadable(&format!(
                "strict decoding error: {}",
                list.join(", ")
            )))
        }
        UnknownFields::Refuse | UnknownFields::Drop => Ok(()),
    }
}

/// What a patch is for: the patch must be an object, its target of a served kind and version.
pub(super) fn target<'k>(
    kinds: &'k Kinds,
    id: &ObjectId,
    version: Option<&str>,
    patch: &Value,
) -> Result<(&'k Kind, &'k Version), Status> {
    let kind = kinds.resource(&id.resource)?;
    let version = kind.version_or_stored(version)?;
    let found = match patch {
        Value::Object(_) => return Ok((kind, version)),
        Value::Array(_) => "array",
        Value::String(_) => "string",
        Value::Number(_) => "number",
        Value::Bool(_) => "bool",
        Value::Null => "null",
    };
    Err(Status::bad_request(format!(
        "error decoding patch: json: cannot unmarshal {found} into Go value of type \
         map[string]interface {{}}"
    )))
}

/// A custom kind without the subresource answers as if the object did not exist.
pub(super) fn check_status_subresource(
    kind: &Kind,
    version: &Version,
    id: &ObjectId,
) -> Result<(), Status> {
    if version.status_subresource {
        return Ok(());
    }
    match kind.shape {
        Shape::Custom => Err(Status::not_found(&id.resource.to_string(), &id.name)),
        Shape::Secret => Err(Status::no_resource()),
    }
}

/// A patch whose result cannot be read is reported under no kind and no name.
pub(super) fn unpatchable(document: &Value, why: &str) -> Status {
    let error = FieldError::invalid("patch".to_owned(), document.to_string(), why);
    Status::invalid("", "", &[error])
}

pub(super) fn internal(message: &str) -> Status {
    Status {
        code: 500,
        reason: Reason::InternalError,
        message: message.to_owned(),
        causes: Vec::new(),
    }
}

pub(super) fn refuse(kind: &Kind, name: &str, errors: &[FieldError]) -> Result<(), Status> {
    if errors.is_empty() {
        return Ok(());
    }
    Err(Status::invalid(&kind.qualified_name(), name, errors))
}

pub(super) fn id(kind: &Kind, namespace: String, name: String) -> ObjectId {
    let namespace = kind.namespaced.then_some(namespace);
    ObjectId {
        resource: kind.resource.clone(),
        namespace,
        name,
    }
}

/// The name of a document that must have one.
pub(super) fn named(kind: &Kind, document: &Value) -> Result<ObjectId, Status> {
    let text = |field| metadata::text(document, field).to_owned();
    let id = id(kind, text("namespace"), text("name"));
    if id.name.is_empty() {
        return Err(Status::bad_request("name must be provided"));
    }
    Ok(id)
}

pub(super) fn check_type(kind: &Kind, version: &Version, document: &Value) -> Result<(), Status> {
    let mut errors = Vec::new();
    for (field, expected) in [("kind", &kind.name), ("apiVersion", &version.full_name)] {
        if document[field] != **expected {
            let found = document[field].clone();
            errors.push(FieldError::invalid(
                field.to_owned(),
                found,
                format!("must be {expected}"),
            ));
        }
    }
    if errors.is_empty() {
        return Ok(());
    }
    let named = document["kind"].as_str().unwrap_or_default();
    let group = &kind.resource.group;
    let named = if group.is_empty() {
        named.to_owned()
    } else {
        format!("{named}.{group}")
    };
    Err(Status::invalid(
        &named,
        metadata::text(document, "name"),
        &errors,
    ))
}

/// A uid in a replacement is a precondition.
pub(super) fn check_uid(
    kind: &Kind,
    id: &ObjectId,
    document: &Value,
    old: &Value,
) -> Result<(), Status> {
    let (expected, found) = (metadata::text(document, "uid"), metadata::text(old, "uid"));
    if expected.is_empty() || expected == found {
        return Ok(());
    }
    let group = match kind.resource.group.as_str() {
        "" => String::new(),
        group => format!("{group}/"),
    };
    let namespace = id
        .namespace
        .as_ref()
        .map(|namespace| format!("{namespace}/"));
    Err(Status::conflict(
        &id.resource.to_string(),
        &id.name,
        &format!(
            "StorageError: invalid object, Code: 4, Key: /registry/{group}{}/{}{}, \
             ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: \
             {expected}, UID in object meta: {found}",
            id.resource.plural,
            namespace.unwrap_or_default(),
            id.name
        ),
    ))
}

/// The version a document was made from must be the current one.
pub(super) fn check_version(
    id: &ObjectId,
    document: &mut Value,
    old: &Value,
    unversioned: Unversioned,
) -> Result<(), Status> {
    let resource = id.resource.to_string();
    let current = metadata::version(old).map_err(|why| internal(&why))?;
    match metadata::version(document) {
        Err(why) => Err(internal(&why)),
        Ok(version) if version == current => Ok(()),
        Ok(0) => match unversioned {
            Unversioned::Allowed => {
                let version = old["metadata"]["resourceVersion"].clone();
                metadata::of_mut(document).insert("resourceVersion".to_owned(), version);
                Ok(())
            }
            Unversioned::Refused => Err(Status::invalid(
                &resource,
                &id.name,
                &[FieldError::invalid(
                    "metadata.resourceVersion".to_owned(),
                    0,
                    "must be specified for an update",
                )],
            )),
        },
        Ok(_) => Err(Status::modified(&resource, &id.name)),
    }
}

/// What no writer decides.
pub(super) fn keep_system_fields(document: &mut Value, old: &Value) {
    let fields = metadata::of_mut(document);
    let old = &old["metadata"];
    if !fields.contains_key("uid") {
        fields.insert("uid".to_owned(), old["uid"].clone());
    }
    fields.insert(
        "creationTimestamp".to_owned(),
        old["creationTimestamp"].clone(),
    );
    if old.get("deletionTimestamp").is_some() {
        fields.insert(
            "deletionTimestamp".to_owned(),
            old["deletionTimestamp"].clone(),
        );
    }
    if let (Some(period), false) = (
        old.get("deletionGracePeriodSeconds"),
        fields.contains_key("deletionGracePeriodSeconds"),
    ) {
        fields.insert("deletionGracePeriodSeconds".to_owned(), period.clone());
    }
    match old.get("generation") {
        Some(generation) => fields.insert("generation".to_owned(), generation.clone()),
        None => fields.remove("generation"),
    };
}

/// Whether two objects are equal outside their metadata.
pub(super) fn same_content(left: &Value, right: &Value) -> bool {
    let members = |object: &Value| object.as_object().map_or(0, serde_json::Map::len);
    members(left) == members(right)
        && left
            .as_object()
            .into_iter()
            .flatten()
            .all(|(name, value)| name == "metadata" || right.get(name) == Some(value))
}

pub(super) fn remove(document: &mut Value, member: &str) {
    if let Some(members) = document.as_object_mut() {
        members.remove(member);
    }
}

/// JSON merge patch, RFC 7396.
pub(super) fn merge(target: &mut Value, patch: Value) {
    let Value::Object(patch) = patch else {
        *target = patch;
        return;
    };
    if !target.is_object() {
        *target = Value::Object(serde_json::Map::new());
    }
    let Some(members) = target.as_object_mut() else {
        return;
    };
    for (name, value) in patch {
        if value.is_null() {
            members.remove(&name);
        } else {
            merge(members.entry(name).or_insert(Value::Null), value);
        }
    }
}
