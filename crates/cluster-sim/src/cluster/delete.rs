//! Deleting objects: at once, or when the last finalizer goes.
//!
//! May depend on every module of the crate. Start reading at [`Cluster::delete`].

use std::sync::Arc;

use serde_json::{Value, json};

use super::{Cluster, garbage::ORPHAN, identity};
use crate::{
    metadata,
    request::{ObjectId, Preconditions, Propagation},
    status::Status,
};

impl Cluster {
    pub(super) fn delete(
        &mut self,
        now: i64,
        id: &ObjectId,
        preconditions: &Preconditions,
        propagation: Propagation,
    ) -> Result<Arc<Value>, Status> {
        let kinds = Arc::clone(&self.kinds);
        let kind = kinds.resource(&id.resource)?;
        let old = Arc::clone(self.stored(id)?);
        let uid = metadata::text(&old, "uid");
        let version = metadata::text(&old, "resourceVersion");
        for (expected, found, what, consequence) in [
            (&preconditions.uid, uid, "UID", "deleted and then recreated"),
            (
                &preconditions.resource_version,
                version,
                "ResourceVersion",
                "modified",
            ),
        ] {
            if let Some(expected) = expected
                && expected != found
            {
                let why = format!(
                    "the {what} in the precondition ({expected}) does not match the {what} in \
                     record ({found}). The object might have been {consequence}"
                );
                return Err(Status::conflict(&kind.qualified_name(), &id.name, &why));
            }
        }
        let orphan = propagation == Propagation::Orphan
            && metadata::finalizers(&old).all(|finalizer| finalizer != ORPHAN);
        if metadata::finalizers(&old).next().is_none() && !orphan {
            let mut details = json!({"name": id.name, "kind": id.resource.plural, "uid": uid});
            if !id.resource.group.is_empty() {
                details["group"] = Value::from(id.resource.group.as_str());
            }
            self.remove(id, Value::clone(&old));
            return Ok(Arc::new(json!({
                "apiVersion": "v1", "kind": "Status", "metadata": {}, "status": "Success",
                "details": details,
            })));
        }
        let mut object = Value::clone(&old);
        let fields = metadata::of_mut(&mut object);
        if !metadata::is_deleting(&old) {
            fields.insert(
                "deletionTimestamp".to_owned(),
                identity::timestamp(now).into(),
            );
            if let Some(generation) = old["metadata"]["generation"].as_i64() {
                fields.insert("generation".to_owned(), (generation + 1).into());
            }
        }
        fields.insert("deletionGracePeriodSeconds".to_owned(), 0.into());
        if orphan {
            let finalizers = fields.entry("finalizers").or_insert_with(|| json!([]));
            if let Some(finalizers) = finalizers.as_array_mut() {
                finalizers.push(Value::from(ORPHAN));
            }
        }
        if object == *old {
            return Ok(old);
        }
        Ok(self.put(id, object))
    }
}
