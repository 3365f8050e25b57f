//! Creating and changing objects.
//!
//! Follows `k8s.io/apiserver/pkg/registry` and the strategies of custom resources: a main write never
//! touches the status where that is a subresource, a status write touches nothing else, and a write
//! that changes nothing is none. May depend on every module of the crate. Start reading at
//! [`Cluster::create`].

use std::sync::Arc;

use serde_json::Value;

use super::{Cluster, identity};
use crate::{
    field::{FieldError, quote},
    kinds::{Kind, Kinds, Shape, Version},
    metadata,
    request::{ObjectId, UnknownFields, WriteOptions},
    schema::Half,
    secret,
    status::{Reason, Status},
};

/// Whether a writer must say which version it has seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unversioned {
    Allowed,
    Refused,
}

impl Cluster {
    pub(super) fn create(
        &mut self,
        now: i64,
        mut document: Value,
        options: WriteOptions,
    ) -> Result<Arc<Value>, Status> {
        let kinds = Arc::clone(&self.kinds);
        let (kind, version) = kinds.of_document(&document)?;
        read(kind, version, &mut document, options.unknown_fields)?;
        match metadata::version(&document) {
            Ok(0) => {}
            Ok(_) => {
                return Err(internal(
                    "resourceVersion should not be set on objects to be created",
                ));
            }
            Err(why) => return Err(internal(&why)),
        }
        self.name(kind, &mut document);
        let namespace = metadata::text(&document, "namespace").to_owned();
        let name = metadata::text(&document, "name").to_owned();
        let incarnation = self
            .shelves
            .get(&kind.resource)
            .map_or(0, |shelf| shelf.incarnations(&namespace, &name));
        let fields = metadata::of_mut(&mut document);
        for field in [
            "deletionTimestamp",
            "deletionGracePeriodSeconds",
            "generation",
        ] {
            fields.remove(field);
        }
        fields.insert(
            "creationTimestamp".to_owned(),
            identity::timestamp(now).into(),
        );
        let api_version = &kind.stored().api_version;
        let uid = identity::uid(api_version, &kind.name, &namespace, &name, incarnation);
        fields.insert("uid".to_owned(), uid.into());
        match kind.shape {
            Shape::Custom => {
                fields.insert("generation".to_owned(), Value::from(1));
                if version.status_subresource {
                    remove(&mut document, "status");
                }
            }
            Shape::Secret => secret::default(&mut document, None),
        }
        let mut errors = metadata::check_new(&document, kind.namespaced);
        match &version.schema {
            Some(schema) => errors.extend(schema.check_new(&document)),
            None => errors.extend(secret::check(&document, None)),
        }
        refuse(kind, &name, &errors)?;
        let id = id(kind, namespace, name);
        if self.get(&id).is_some() {
            return Err(Status::already_exists(&kind.resource.to_string(), &id.name));
        }
        let stored = self.to_stored(kind, document)?;
        if options.dry_run {
            return self.view(kind, version, &Arc::new(stored));
        }
        let stored = self.put(&id, stored);
        self.view(kind, version, &stored)
    }

    pub(super) fn replace(
        &mut self,
        mut document: Value,
        options: WriteOptions,
    ) -> Result<Arc<Value>, Status> {
        let kinds = Arc::clone(&self.kinds);
        let (kind, version) = kinds.of_document(&document)?;
        read(kind, version, &mut document, options.unknown_fields)?;
        let id = named(kind, &document)?;
        let old = self.view(kind, version, self.stored(&id)?)?;
        check_uid(kind, &id, &document, &old)?;
        let unversioned = match kind.shape {
            Shape::Custom => Unversioned::Refused,
            Shape::Secret => Unversioned::Allowed,
        };
        check_version(&id, &mut document, &old, unversioned)?;
        self.change(kind, version, &id, document, &old, options.dry_run)
    }

    pub(super) fn patch(
        &mut self,
        id: &ObjectId,
        version: Option<&str>,
        patch: Value,
    ) -> Result<Arc<Value>, Status> {
        let kinds = Arc::clone(&self.kinds);
        let (kind, version) = target(&kinds, id, version, &patch)?;
        let old = self.view(kind, version, self.stored(id)?)?;
        let mut document = Value::clone(&old);
        merge(&mut document, patch);
        metadata::decode(&mut document).map_err(|why| unpatchable(&document, &why))?;
        match kind.shape {
            Shape::Custom => {
                if let Some(schema) = &version.schema {
                    schema.complete(&mut document);
                }
            }
            Shape::Secret => {
                secret::decode(&mut document).map_err(|why| unpatchable(&document, &why))?;
            }
        }
        for (field, expected) in [
            ("name", id.name.as_str()),
            ("namespace", id.namespace.as_deref().unwrap_or_default()),
        ] {
            let found = metadata::text(&document, field);
            if found != expected {
                return Err(Status::bad_request(format!(
                    "the {field} of the object ({found}) does not match the {field} on the URL \
                     ({expected})"
                )));
            }
        }
        check_type(kind, version, &document)?;
        check_version(id, &mut document, &old, Unversioned::Refused)?;
        self.change(kind, version, id, document, &old, false)
    }

    pub(super) fn replace_status(&mut self, mut document: Value) -> Result<Arc<Value>, Status> {
        let kinds = Arc::clone(&self.kinds);
        let (kind, version) = kinds.of_document(&document)?;
        if !version.status_subresource {
            return Err(Status::no_resource());
        }
        read(kind, version, &mut document, UnknownFields::Drop)?;
        let id = named(kind, &document)?;
        let old = self.view(kind, version, self.stored(&id)?)?;
        check_uid(kind, &id, &document, &old)?;
        check_version(&id, &mut document, &old, Unversioned::Refused)?;
        let status = document.get_mut("status").map(Value::take);
        self.change_status(kind, version, &id, status, &old)
    }

    pub(super) fn patch_status(
        &mut self,
        id: &ObjectId,
        version: Option<&str>,
        patch: &Value,
    ) -> Result<Arc<Value>, Status> {
        let kinds = Arc::clone(&self.kinds);
        let (kind, version) = target(&kinds, id, version, patch)?;
        if !version.status_subresource {
            return Err(Status::no_resource());
        }
        let old = self.view(kind, version, self.stored(id)?)?;
        // Of the metadata only the precondition counts here, of the rest only the status.
        let mut document = serde_json::json!({
            "apiVersion": old["apiVersion"],
            "kind": old["kind"],
            "metadata": {"resourceVersion": old["metadata"]["resourceVersion"]},
            "status": old["status"],
        });
        let mut half = serde_json::Map::new();
        for member in ["apiVersion", "kind", "status"] {
            if let Some(value) = patch.get(member) {
                half.insert(member.to_owned(), value.clone());
            }
        }
        if let Some(version) = patch["metadata"].get("resourceVersion") {
            let precondition = serde_json::json!({"resourceVersion": version});
            half.insert("metadata".to_owned(), precondition);
        }
        merge(&mut document, Value::Object(half));
        metadata::decode(&mut document).map_err(|why| unpatchable(&document, &why))?;
        check_type(kind, version, &document)?;
        check_version(id, &mut document, &old, Unversioned::Refused)?;
        let status = document
            .get_mut("status")
            .map(Value::take)
            .filter(|status| !status.is_null());
        self.change_status(kind, version, id, status, &old)
    }

    /// Completes, checks and stores a changed object.
    fn change(
        &mut self,
        kind: &Kind,
        version: &Version,
        id: &ObjectId,
        mut document: Value,
        old: &Arc<Value>,
        dry_run: bool,
    ) -> Result<Arc<Value>, Status> {
        match kind.shape {
            Shape::Custom => {
                if version.status_subresource {
                    match old.get("status") {
                        Some(status) => document["status"] = status.clone(),
                        None => remove(&mut document, "status"),
                    }
                }
            }
            Shape::Secret => secret::default(&mut document, Some(old)),
        }
        keep_system_fields(&mut document, old);
        if let Some(generation) = old["metadata"]["generation"].as_i64() {
            let bump = i64::from(!same_content(&document, old));
            let fields = metadata::of_mut(&mut document);
            fields.insert("generation".to_owned(), (generation + bump).into());
        }
        let mut errors = metadata::check_change(&document, old);
        match &version.schema {
            Some(schema) => errors.extend(schema.check_change(Half::Whole, &document, old)),
            None => errors.extend(secret::check(&document, Some(old))),
        }
        refuse(kind, &id.name, &errors)?;
        if dry_run {
            return Ok(Arc::new(document));
        }
        if metadata::is_deleting(&document) && metadata::finalizers(&document).next().is_none() {
            let last = self.to_stored(kind, document.clone())?;
            self.remove(id, last);
            return Ok(Arc::new(document));
        }
        self.put_change(kind, version, id, document, old)
    }

    fn change_status(
        &mut self,
        kind: &Kind,
        version: &Version,
        id: &ObjectId,
        status: Option<Value>,
        old: &Arc<Value>,
    ) -> Result<Arc<Value>, Status> {
        if status.as_ref() == old.get("status") {
            return Ok(Arc::clone(old));
        }
        let mut document = Value::clone(old);
        match status {
            Some(status) => document["status"] = status,
            None => remove(&mut document, "status"),
        }
        if let Some(schema) = &version.schema {
            schema.complete(&mut document);
            refuse(
                kind,
                &id.name,
                &schema.check_change(Half::Status, &document, old),
            )?;
        }
        self.put_change(kind, version, id, document, old)
    }

    /// Stores a changed object, unless nothing changed.
    fn put_change(
        &mut self,
        kind: &Kind,
        version: &Version,
        id: &ObjectId,
        document: Value,
        old: &Arc<Value>,
    ) -> Result<Arc<Value>, Status> {
        if document == **old {
            return Ok(Arc::clone(old));
        }
        let stored = self.to_stored(kind, document)?;
        let stored = self.put(id, stored);
        self.view(kind, version, &stored)
    }

    /// The object as it is kept: in the stored version, with all defaults.
    fn to_stored(&self, kind: &Kind, document: Value) -> Result<Value, Status> {
        let stored = kind.stored();
        let mut document = self.convert(kind, stored, document)?;
        if let Some(schema) = &stored.schema {
            schema.complete(&mut document);
        }
        Ok(document)
    }

    /// Stores an object under the next version.
    pub(super) fn put(&mut self, id: &ObjectId, mut object: Value) -> Arc<Value> {
        self.version += 1;
        metadata::of_mut(&mut object).insert(
            "resourceVersion".to_owned(),
            self.version.to_string().into(),
        );
        let object = Arc::new(object);
        let namespace = id.namespace.as_deref().unwrap_or_default();
        let shelf = self.shelves.entry(id.resource.clone()).or_default();
        Arc::make_mut(shelf).put(namespace, &id.name, &object, self.version);
        object
    }

    /// Removes an object; the removal is a version too.
    pub(super) fn remove(&mut self, id: &ObjectId, mut last: Value) {
        self.version += 1;
        metadata::of_mut(&mut last).insert(
            "resourceVersion".to_owned(),
            self.version.to_string().into(),
        );
        let namespace = id.namespace.as_deref().unwrap_or_default();
        let shelf = self.shelves.entry(id.resource.clone()).or_default();
        Arc::make_mut(shelf).remove(namespace, &id.name, Arc::new(last), self.version);
    }

    /// Stores an object as it is, valid or not: what an older schema may have let in. It gets what
    /// every read gives it: defaults, and no unknown fields. An object of that name is replaced.
    ///
    /// # Errors
    ///
    /// If its kind is unknown, its metadata cannot be read, or it has no name.
    pub fn plant(&mut self, mut object: Value) -> Result<Arc<Value>, Status> {
        let kinds = Arc::clone(&self.kinds);
        let (kind, version) = kinds.of_document(&object)?;
        metadata::decode(&mut object)
            .map_err(|why| Status::unreadable(&kind.name, &version.name, &why))?;
        let id = named(kind, &object)?;
        let namespace = id.namespace.as_deref().unwrap_or_default();
        let old = self.get(&id).map(Arc::clone);
        match &old {
            Some(old) => keep_system_fields(&mut object, old),
            None => {
                let incarnation = self
                    .shelves
                    .get(&kind.resource)
                    .map_or(0, |shelf| shelf.incarnations(namespace, &id.name));
                let api_version = &kind.stored().api_version;
                let uid = identity::uid(api_version, &kind.name, namespace, &id.name, incarnation);
                let fields = metadata::of_mut(&mut object);
                fields.insert("uid".to_owned(), uid.into());
                fields
                    .entry("creationTimestamp")
                    .or_insert_with(|| identity::timestamp(0).into());
            }
        }
        if kind.shape == Shape::Custom {
            metadata::of_mut(&mut object)
                .entry("generation")
                .or_insert_with(|| 1.into());
        }
        let stored = self.to_stored(kind, object)?;
        Ok(self.put(&id, stored))
    }

    /// Makes a name from `generateName` if there is none.
    fn name(&self, kind: &Kind, document: &mut Value) {
        let prefix = metadata::text(document, "generateName");
        if prefix.is_empty() || !metadata::text(document, "name").is_empty() {
            return;
        }
        let namespace = metadata::text(document, "namespace");
        let taken = |name: &str| {
            self.shelves.get(&kind.resource).is_some_and(|shelf| {
                shelf.get(namespace, name).is_some() || shelf.incarnations(namespace, name) > 0
            })
        };
        let name = (0..u64::MAX)
            .map(|attempt| identity::generated_name(&kind.name, namespace, prefix, attempt))
            .find(|name| !taken(name));
        if let Some(name) = name {
            metadata::of_mut(document).insert("name".to_owned(), name.into());
        }
    }
}

/// Reads a document: metadata, defaults, unknown fields.
fn read(
    kind: &Kind,
    version: &Version,
    document: &mut Value,
    unknown_fields: UnknownFields,
) -> Result<(), Status> {
    let unreadable = |why: &str| Status::unreadable(&kind.name, &version.name, why);
    let mut unknown = metadata::decode(document).map_err(|why| unreadable(&why))?;
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
fn target<'k>(
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

/// A patch whose result cannot be read is reported under no kind and no name.
fn unpatchable(document: &Value, why: &str) -> Status {
    let error = FieldError::invalid("patch".to_owned(), document.to_string(), why);
    Status::invalid("", "", &[error])
}

fn internal(message: &str) -> Status {
    Status {
        code: 500,
        reason: Reason::InternalError,
        message: message.to_owned(),
        causes: Vec::new(),
    }
}

fn refuse(kind: &Kind, name: &str, errors: &[FieldError]) -> Result<(), Status> {
    if errors.is_empty() {
        return Ok(());
    }
    Err(Status::invalid(&kind.qualified_name(), name, errors))
}

fn id(kind: &Kind, namespace: String, name: String) -> ObjectId {
    let namespace = kind.namespaced.then_some(namespace);
    ObjectId {
        resource: kind.resource.clone(),
        namespace,
        name,
    }
}

/// The name of a document that must have one.
fn named(kind: &Kind, document: &Value) -> Result<ObjectId, Status> {
    let text = |field| metadata::text(document, field).to_owned();
    let id = id(kind, text("namespace"), text("name"));
    if id.name.is_empty() {
        return Err(Status::bad_request("name must be provided"));
    }
    Ok(id)
}

fn check_type(kind: &Kind, version: &Version, document: &Value) -> Result<(), Status> {
    let mut errors = Vec::new();
    for (field, expected) in [("kind", &kind.name), ("apiVersion", &version.api_version)] {
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
fn check_uid(kind: &Kind, id: &ObjectId, document: &Value, old: &Value) -> Result<(), Status> {
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
fn check_version(
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
fn keep_system_fields(document: &mut Value, old: &Value) {
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
fn same_content(left: &Value, right: &Value) -> bool {
    let members = |object: &Value| object.as_object().map_or(0, serde_json::Map::len);
    members(left) == members(right)
        && left
            .as_object()
            .into_iter()
            .flatten()
            .all(|(name, value)| name == "metadata" || right.get(name) == Some(value))
}

fn remove(document: &mut Value, member: &str) {
    if let Some(members) = document.as_object_mut() {
        members.remove(member);
    }
}

/// JSON merge patch, RFC 7396.
fn merge(target: &mut Value, patch: Value) {
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
