//! Creating and changing objects.
//!
//! Follows `k8s.io/apiserver/pkg/registry` and the strategies of custom resources: a main write never
//! touches the status where that is a subresource, a status write touches nothing else, and a write
//! that changes nothing is none. May depend on every module of the crate. Start reading at
//! [`Cluster::create`].

use std::sync::Arc;

use serde_json::Value;

use super::{
    Cluster,
    admission::{
        Unversioned, check_status_subresource, check_type, check_uid, check_version, id, internal,
        keep_system_fields, merge, named, read, refuse, remove, same_content, target, unpatchable,
    },
    identity,
};
use crate::{
    kinds::{Kind, Shape, Version},
    metadata,
    request::{ObjectId, UnknownFields, WriteOptions},
    schema::Half,
    secret,
    status::Status,
};

impl Cluster {
    /// What the server would make of a new object of a custom kind, defaults included, as far as the object alone
    /// decides that. Nothing is stored; what the server puts into the metadata is not there, and the status stays.
    ///
    /// # Errors
    ///
    /// Whatever the schema and the rules of the kind refuse, in the words of a real server.
    pub fn admit(&self, document: &Value) -> Result<Value, Status> {
        let (kind, version) = self.kinds.of_document(document)?;
        let mut admitted = document.clone();
        let status = document
            .get("status")
            .filter(|_| version.status_subresource);
        if status.is_some() {
            remove(&mut admitted, "status");
        }
        read(kind, version, &mut admitted, UnknownFields::Refuse)?;
        let mut errors = metadata::check_new(&admitted, kind.namespaced);
        if let Some(schema) = &version.schema {
            schema.check_new(&admitted, &mut errors);
        }
        refuse(kind, metadata::text(&admitted, "name"), &errors)?;
        if let Some(members) = admitted.as_object_mut() {
            let kept = [("metadata", document.get("metadata")), ("status", status)];
            for (member, value) in kept {
                members.extend(value.map(|value| (member.to_owned(), value.clone())));
            }
        }
        Ok(admitted)
    }

    pub(super) fn create(
        &mut self,
        now: i64,
        mut document: Value,
        options: WriteOptions,
    ) -> Result<Arc<Value>, Status> {
        let kinds = Arc::clone(&self.kinds);
        let (kind, version) = kinds.of_document(&document)?;
        read(kind, version, &mut document, options.unknown_fields)?;
        // One that cannot be read is overlooked, as in a real server.
        if metadata::version(&document).is_ok_and(|version| version != 0) {
            return Err(internal(
                "resourceVersion should not be set on objects to be created",
            ));
        }
        self.name(kind, &mut document);
        let namespace = metadata::text(&document, "namespace").to_owned();
        let name = metadata::text(&document, "name").to_owned();
        let uid = self.uid(kind, &namespace, &name);
        let fields = metadata::of_mut(&mut document);
        for field in [
            "deletionTimestamp",
            "deletionGracePeriodSeconds",
            "generation",
            "resourceVersion",
        ] {
            fields.remove(field);
        }
        fields.insert(
            "creationTimestamp".to_owned(),
            identity::timestamp(now).into(),
        );
        fields.insert("uid".to_owned(), uid.into());
        match kind.shape {
            Shape::Custom => {
                fields.insert("generation".to_owned(), Value::from(1));
                if version.status_subresource {
                    remove(&mut document, "status");
                }
            }
            Shape::Secret => secret::default(&mut document),
        }
        let mut errors = metadata::check_new(&document, kind.namespaced);
        match &version.schema {
            Some(schema) => schema.check_new(&document, &mut errors),
            None => errors.extend(secret::check(&document, None)),
        }
        refuse(kind, &name, &errors)?;
        let id = id(kind, namespace, name);
        if let Some(old) = self.get(&id) {
            let deleting = metadata::is_deleting(old);
            return Err(Status::already_exists(
                &kind.resource.to_string(),
                &id.name,
                deleting,
            ));
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
        metadata::decode(&mut document, kind.shape.metadata_place())
            .map_err(|why| unpatchable(&document, &why))?;
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
        let name = metadata::text(&document, "name");
        if name != id.name {
            return Err(Status::bad_request(format!(
                "the name of the object ({name}) does not match the name on the URL ({})",
                id.name
            )));
        }
        if metadata::text(&document, "namespace") != id.namespace.as_deref().unwrap_or_default() {
            return Err(Status::bad_request(
                "the namespace of the provided object does not match the namespace sent on the \
                 request",
            ));
        }
        check_type(kind, version, &document)?;
        check_version(id, &mut document, &old, Unversioned::Refused)?;
        self.change(kind, version, id, document, &old, false)
    }

    pub(super) fn replace_status(&mut self, mut document: Value) -> Result<Arc<Value>, Status> {
        let kinds = Arc::clone(&self.kinds);
        let (kind, version) = kinds.of_document(&document)?;
        read(kind, version, &mut document, UnknownFields::Drop)?;
        let id = named(kind, &document)?;
        check_status_subresource(kind, version, &id)?;
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
        check_status_subresource(kind, version, id)?;
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
        metadata::decode(&mut document, kind.shape.metadata_place())
            .map_err(|why| unpatchable(&document, &why))?;
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
            Shape::Secret => secret::default(&mut document),
        }
        keep_system_fields(&mut document, old);
        if let Some(generation) = old["metadata"]["generation"].as_i64() {
            let bump = i64::from(!same_content(&document, old));
            let fields = metadata::of_mut(&mut document);
            fields.insert("generation".to_owned(), (generation + bump).into());
        }
        let mut errors = metadata::check_change(&document, old);
        match &version.schema {
            Some(schema) => schema.check_change(Half::Whole, &document, old, &mut errors),
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
            let mut errors = Vec::new();
            schema.check_change(Half::Status, &document, old, &mut errors);
            refuse(kind, &id.name, &errors)?;
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
        let kept = self.shelves.entry(id.resource.clone()).or_default();
        Arc::make_mut(kept).put(namespace, &id.name, &object, self.version);
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
        let kept = self.shelves.entry(id.resource.clone()).or_default();
        Arc::make_mut(kept).remove(namespace, &id.name, Arc::new(last), self.version);
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
        metadata::decode(&mut object, kind.shape.metadata_place())
            .map_err(|why| Status::unreadable(&kind.name, &version.name, &why))?;
        let id = named(kind, &object)?;
        let namespace = id.namespace.as_deref().unwrap_or_default();
        let old = self.get(&id).map(Arc::clone);
        if let Some(old) = &old {
            keep_system_fields(&mut object, old);
        } else {
            let uid = self.uid(kind, namespace, &id.name);
            let fields = metadata::of_mut(&mut object);
            fields.insert("uid".to_owned(), uid.into());
            fields
                .entry("creationTimestamp")
                .or_insert_with(|| identity::timestamp(0).into());
        }
        if kind.shape == Shape::Custom {
            metadata::of_mut(&mut object)
                .entry("generation")
                .or_insert_with(|| 1.into());
        }
        let stored = self.to_stored(kind, object)?;
        Ok(self.put(&id, stored))
    }

    /// Stores an object as it was read out of another cluster: with the uid, the generation, the deletion and the
    /// status that it has there. Like [`Cluster::plant`] otherwise.
    ///
    /// # Errors
    ///
    /// If its kind is unknown, its metadata cannot be read, or it has no name.
    pub fn transplant(&mut self, object: Value) -> Result<Arc<Value>, Status> {
        let theirs = object["metadata"].clone();
        let planted = self.plant(object)?;
        let mut planted = Value::clone(&planted);
        let fields = metadata::of_mut(&mut planted);
        for field in [
            "uid",
            "generation",
            "creationTimestamp",
            "deletionTimestamp",
        ] {
            if !theirs[field].is_null() {
                fields.insert(field.to_owned(), theirs[field].clone());
            }
        }
        let id = self.id_of(&planted).expect("what is planted has a kind");
        Ok(self.put(&id, planted))
    }

    /// The uid of the next object of this name.
    fn uid(&self, kind: &Kind, namespace: &str, name: &str) -> String {
        let incarnation = self
            .shelves
            .get(&kind.resource)
            .map_or(0, |shelf| shelf.incarnations(namespace, name));
        identity::uid(
            &kind.stored().full_name,
            &kind.name,
            namespace,
            name,
            incarnation,
        )
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
