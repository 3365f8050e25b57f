//! The server itself: it takes requests, keeps objects and remembers what happened.
//!
//! Reading and the operation log are here; `write` creates and updates what `admission` lets in, `delete` deletes, `garbage`
//! follows owner references, `store` keeps objects and their history, `identity` makes uids, names and
//! times. May depend on every other module of the crate. Start reading at [`Cluster::handle`].

mod admission;
mod delete;
mod garbage;
mod identity;
mod store;
mod write;

use std::{collections::BTreeMap, fmt, sync::Arc};

use serde_json::{Value, json};

use self::store::Shelf;
use crate::{
    kinds::{Kind, Kinds, SchemaError, Version, split_api_version},
    metadata,
    request::{Event, ObjectId, Operation, Request, ResourceId, Subresource, Verb},
    status::{Expired, Status},
};

/// Converts an object to an `apiVersion`, as a conversion webhook does.
pub type Conversion = Arc<dyn Fn(Value, &str) -> Result<Value, String> + Send + Sync>;

/// A Kubernetes API server in memory.
///
/// A clone is a snapshot: it shares all objects, and each side copies only what it changes.
#[derive(Clone)]
pub struct Cluster {
    kinds: Arc<Kinds>,
    conversion: Option<Conversion>,
    shelves: BTreeMap<ResourceId, Arc<Shelf>>,
    version: u64,
    /// Events before this version are gone.
    history: u64,
    log: Arc<Vec<Operation>>,
    actors: Vec<Arc<str>>,
}

impl fmt::Debug for Cluster {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Cluster")
            .field("version", &self.version)
            .field(
                "objects",
                &self
                    .shelves
                    .values()
                    .map(|shelf| shelf.len())
                    .sum::<usize>(),
            )
            .finish_non_exhaustive()
    }
}

impl Cluster {
    /// An empty cluster that knows these custom resource definitions and the core Secret.
    ///
    /// # Errors
    ///
    /// If a document is no definition, or its schema, patterns or rules do not compile.
    pub fn new(crds: &[Value]) -> Result<Self, SchemaError> {
        Ok(Self {
            kinds: Arc::new(Kinds::new(crds)?),
            conversion: None,
            shelves: BTreeMap::new(),
            version: 0,
            history: 0,
            log: Arc::default(),
            actors: Vec::new(),
        })
    }

    /// Converts between versions with this function. Without one, only `apiVersion` changes and what
    /// the other version does not know is lost.
    #[must_use]
    pub fn with_conversion(
        mut self,
        conversion: impl Fn(Value, &str) -> Result<Value, String> + Send + Sync + 'static,
    ) -> Self {
        self.conversion = Some(Arc::new(conversion));
        self
    }

    /// Answers a request, at a time in Unix seconds, from someone who is named in the log.
    ///
    /// The answer is the object as it now is; for a list a `List` document; for an object that is
    /// gone at once a `Status` document that says `Success`.
    ///
    /// # Errors
    ///
    /// Whatever a real server refuses, in its words.
    pub fn handle(
        &mut self,
        now: i64,
        actor: &str,
        request: Request,
    ) -> Result<Arc<Value>, Status> {
        let mut operation = self.describe(actor, &request);
        let answer = match request {
            Request::Get { object, version } => self.read(&object, version.as_deref()),
            Request::List {
                resource,
                namespace,
                version,
            } => self.read_list(&resource, namespace.as_deref(), version.as_deref()),
            Request::Create { document, options } => self.create(now, document, options),
            Request::Replace { document, options } => self.replace(document, options),
            Request::Patch {
                object,
                version,
                patch,
                subresource,
            } => match subresource {
                Subresource::Main => self.patch(&object, version.as_deref(), patch),
                Subresource::Status => self.patch_status(&object, version.as_deref(), &patch),
            },
            Request::ReplaceStatus { document } => self.replace_status(document),
            Request::Delete {
                object,
                preconditions,
                propagation,
            } => self.delete(now, &object, &preconditions, propagation),
        };
        operation.code = match (&answer, operation.verb) {
            (Ok(_), Verb::Create) => 201,
            (Ok(_), _) => 200,
            (Err(status), _) => status.code,
        };
        if let (Ok(object), true) = (&answer, operation.name.is_empty()) {
            metadata::text(object, "name").clone_into(&mut operation.name);
        }
        operation.version = self.version;
        Arc::make_mut(&mut self.log).push(operation);
        answer
    }

    /// An object in its stored version. Nothing is logged.
    pub fn get(&self, object: &ObjectId) -> Option<&Arc<Value>> {
        self.shelves.get(&object.resource)?.get(
            object.namespace.as_deref().unwrap_or_default(),
            &object.name,
        )
    }

    /// The objects of a kind in their stored version, by namespace and name. Nothing is logged.
    pub fn list<'a>(
        &'a self,
        resource: &ResourceId,
        namespace: Option<&'a str>,
    ) -> impl Iterator<Item = &'a Arc<Value>> + use<'a> {
        self.shelves
            .get(resource)
            .into_iter()
            .flat_map(move |shelf| shelf.iter(namespace))
    }

    /// The kinds this server knows.
    pub fn resources(&self) -> impl Iterator<Item = &ResourceId> {
        self.kinds.iter().map(|kind| &kind.resource)
    }

    /// The kind a document is of, from its `apiVersion` and `kind`.
    pub fn resource_of(&self, document: &Value) -> Option<ResourceId> {
        let (kind, _) = self
            .kinds
            .find(document["apiVersion"].as_str()?, document["kind"].as_str()?)?;
        Some(kind.resource.clone())
    }

    /// The name of a document: its kind, namespace and name.
    pub fn id_of(&self, document: &Value) -> Option<ObjectId> {
        let resource = self.resource_of(document)?;
        let namespace = self
            .kinds
            .get(&resource)?
            .namespaced
            .then(|| metadata::text(document, "namespace").to_owned());
        let name = metadata::text(document, "name").to_owned();
        Some(ObjectId {
            resource,
            namespace,
            name,
        })
    }

    /// What happened to objects of a kind after a version, oldest first. The caller is the watch: it
    /// lags by not asking, repeats by asking from an older version, and breaks off by stopping.
    ///
    /// # Errors
    ///
    /// If the history has been compacted past that version; the watcher must list again.
    pub fn events_since(
        &self,
        resource: &ResourceId,
        version: u64,
    ) -> Result<impl Iterator<Item = &Event> + use<'_>, Expired> {
        if version.saturating_add(1) < self.history {
            return Err(Expired {
                asked: version,
                oldest: self.history - 1,
            });
        }
        Ok(self
            .shelves
            .get(resource)
            .into_iter()
            .flat_map(move |shelf| shelf.events_after(version)))
    }

    /// Forgets the events of versions before this one.
    pub fn compact(&mut self, before: u64) {
        // Events that are still to come cannot be forgotten.
        let before = before.min(self.version + 1);
        self.history = self.history.max(before);
        for shelf in self.shelves.values_mut() {
            if shelf.has_events_before(before) {
                Arc::make_mut(shelf).forget_events_before(before);
            }
        }
    }

    /// The version of the cluster: it grows by one with every change to any object.
    pub const fn version(&self) -> u64 {
        self.version
    }

    /// All requests since the last [`Cluster::clear_log`], in order.
    pub fn log(&self) -> &[Operation] {
        &self.log
    }

    /// Empties the log.
    pub fn clear_log(&mut self) {
        self.log = Arc::default();
    }

    fn describe(&mut self, actor: &str, request: &Request) -> Operation {
        let of_object = |object: &ObjectId| {
            (
                object.resource.clone(),
                object.namespace.clone(),
                object.name.clone(),
            )
        };
        let of_document = |document: &Value| {
            let text =
                |field| Some(metadata::text(document, field)).filter(|text| !text.is_empty());
            let resource = self.resource_of(document).unwrap_or_else(|| {
                let (group, _) = split_api_version(document["apiVersion"].as_str().unwrap_or(""));
                ResourceId::new(group, document["kind"].as_str().unwrap_or(""))
            });
            (
                resource,
                text("namespace").map(str::to_owned),
                text("name").map(str::to_owned).unwrap_or_default(),
            )
        };
        let (verb, (resource, namespace, name)) = match request {
            Request::Get { object, .. } => (Verb::Get, of_object(object)),
            Request::List {
                resource,
                namespace,
                ..
            } => (
                Verb::List,
                (resource.clone(), namespace.clone(), String::new()),
            ),
            Request::Create { document, .. } => (Verb::Create, of_document(document)),
            Request::Replace { document, .. } | Request::ReplaceStatus { document } => {
                (Verb::Update, of_document(document))
            }
            Request::Patch { object, .. } => (Verb::Patch, of_object(object)),
            Request::Delete { object, .. } => (Verb::Delete, of_object(object)),
        };
        let subresource = match request {
            Request::Patch { subresource, .. } => *subresource,
            Request::ReplaceStatus { .. } => Subresource::Status,
            Request::Get { .. }
            | Request::List { .. }
            | Request::Create { .. }
            | Request::Replace { .. }
            | Request::Delete { .. } => Subresource::Main,
        };
        let actor = self.actor(actor);
        Operation {
            actor,
            verb,
            resource,
            subresource,
            namespace,
            name,
            code: 0,
            version: 0,
        }
    }

    /// The name of an actor, shared by all its operations.
    fn actor(&mut self, name: &str) -> Arc<str> {
        if let Some(known) = self.actors.iter().find(|known| &***known == name) {
            return Arc::clone(known);
        }
        let name: Arc<str> = Arc::from(name);
        self.actors.push(Arc::clone(&name));
        name
    }

    fn read(&self, object: &ObjectId, version: Option<&str>) -> Result<Arc<Value>, Status> {
        let kind = self.kinds.resource(&object.resource)?;
        let version = kind.version_or_stored(version)?;
        self.view(kind, version, self.stored(object)?)
    }

    fn read_list(
        &self,
        resource: &ResourceId,
        namespace: Option<&str>,
        version: Option<&str>,
    ) -> Result<Arc<Value>, Status> {
        let kind = self.kinds.resource(resource)?;
        let version = kind.version_or_stored(version)?;
        let mut items = Vec::new();
        for object in self.list(resource, namespace) {
            items.push(Value::clone(&*self.view(kind, version, object)?));
        }
        Ok(Arc::new(json!({
            "apiVersion": version.full_name,
            "kind": kind.list_name,
            "metadata": {"resourceVersion": self.version.to_string()},
            "items": items,
        })))
    }

    fn stored(&self, object: &ObjectId) -> Result<&Arc<Value>, Status> {
        self.get(object)
            .ok_or_else(|| Status::not_found(&object.resource.to_string(), &object.name))
    }

    /// A stored object in another version.
    fn view(
        &self,
        kind: &Kind,
        version: &Version,
        stored: &Arc<Value>,
    ) -> Result<Arc<Value>, Status> {
        if version.full_name == kind.stored().full_name {
            return Ok(Arc::clone(stored));
        }
        self.convert(kind, version, Value::clone(stored))
            .map(Arc::new)
    }

    /// Converts to a version. As in a real server the conversion has no say over names and versions,
    /// and what the target's schema does not know is dropped.
    fn convert(&self, kind: &Kind, version: &Version, mut object: Value) -> Result<Value, Status> {
        if object["apiVersion"] == *version.full_name {
            return Ok(object);
        }
        let mut original = object["metadata"].clone();
        let from = object["apiVersion"].as_str().unwrap_or_default().to_owned();
        if let Some(conversion) = &self.conversion {
            object = conversion(object, &version.full_name).map_err(|why| {
                let (group, version) = split_api_version(&from);
                Status::conversion(group, version, &kind.name, &why)
            })?;
        }
        for changeable in ["labels", "annotations"] {
            original[changeable] = object["metadata"][changeable].take();
        }
        object["metadata"] = original;
        object["apiVersion"] = Value::from(version.full_name.as_str());
        object["kind"] = Value::from(kind.name.as_str());
        metadata::decode(&mut object, kind.shape.metadata_place())
            .map_err(|why| Status::unreadable(&kind.name, &version.name, &why))?;
        if let Some(schema) = &version.schema {
            schema.complete(&mut object);
        }
        Ok(object)
    }
}
