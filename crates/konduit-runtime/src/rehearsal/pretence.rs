//! Answers to writes that are not sent: what they would be if all went well.

use std::sync::Arc;

use kong_crds::{AnyParts, Observed, Parts};
use kong_engine::Action;
use kong_model::{Call, Failure, Reply};
use serde_json::{Value, json};
use uuid::Uuid;

/// What Konnect would answer to a write; `None` for a question.
pub(super) fn written(call: &Call) -> Option<Result<Reply, Failure>> {
    match call {
        Call::Put { id, body, .. } | Call::Patch { id, body, .. } => {
            let mut entity = body.wire();
            entity["id"] = json!(id.as_str());
            Some(Ok(Reply::Entity(entity)))
        }
        Call::Post { body, .. } => {
            let mut entity = body.wire();
            // Always the same, so that what refers to it is the same each time, too.
            let id = Uuid::new_v5(&Uuid::NAMESPACE_OID, body.redacted().to_string().as_bytes());
            entity["id"] = json!(id.to_string());
            Some(Ok(Reply::Entity(entity)))
        }
        Call::Remove { .. } => Some(Ok(Reply::Done)),
        Call::WhoAmI | Call::List { .. } | Call::Get { .. } => None,
    }
}

/// What an object would be after a write; `None` if the write is not about an object, or if its status
/// would not be one.
pub(super) fn stored(before: &Observed, action: &Action) -> Option<Observed> {
    let mut after = before.clone();
    match action {
        Action::Finalizers { finalizers, .. } => {
            after.meta.finalizers = Some(finalizers.iter().map(ToString::to_string).collect());
        }
        Action::Status { patch, .. } => match &mut after.parts {
            Ok(parts) => *parts = with_status(parts, patch)?,
            Err(_) => merge(&mut after.unread_status, patch),
        },
        Action::Konnect { .. } | Action::Mint(_) => return None,
    }
    let version: u64 = before.meta.resource_version.as_deref()?.parse().ok()?;
    after.meta.resource_version = Some((version + 1).to_string());
    Some(after)
}

/// Whether an object goes once it is like this.
pub(super) fn is_over(observed: &Observed) -> bool {
    let kept = observed
        .meta
        .finalizers
        .as_ref()
        .is_some_and(|names| !names.is_empty());
    observed.meta.deletion_timestamp.is_some() && !kept
}

fn with_status(parts: &AnyParts, patch: &Value) -> Option<AnyParts> {
    macro_rules! patched {
        ($($kind:ident: $type:path => $class:ident;)*) => {
            match parts {
                $(AnyParts::$kind(parts) => {
                    let mut status = serde_json::to_value(&parts.status).ok()?;
                    merge(&mut status, patch);
                    AnyParts::from(Parts::<$type> {
                        spec: Arc::clone(&parts.spec),
                        status: serde_json::from_value(status).ok()?,
                    })
                })*
            }
        };
    }
    Some(kong_crds::kinds!(patched))
}

/// A JSON merge patch (RFC 7396).
fn merge(document: &mut Value, patch: &Value) {
    json_patch::merge(document, patch);
}

#[cfg(test)]
mod tests {
    use kong_crds::Kind;
    use kong_resolve::{Key, Name, Uid};

    use super::*;

    fn service() -> Observed {
        kong_crds::read(json!({
            "apiVersion": "configuration.konghq.com/v1alpha1", "kind": "KongService",
            "metadata": {"name": "a", "namespace": "n", "uid": "u", "resourceVersion": "7",
                "finalizers": ["x"], "deletionTimestamp": "2026-01-01T00:00:00Z"},
            "spec": {"host": "example.test", "controlPlaneRef": {
                "type": "konnectNamespacedRef", "konnectNamespacedRef": {"name": "plane"},
            }},
            "status": {"konnect": {"id": "1"}},
        }))
        .unwrap()
    }

    fn key() -> Key {
        Key {
            kind: Kind::KongService,
            name: Name::new("n", "a"),
        }
    }

    #[test]
    fn a_status_is_merged_and_the_version_moves() {
        let action = Action::Status {
            object: key(),
            uid: Uid::from("u"),
            version: "7".into(),
            patch: json!({"konnect": {"serverURL": "https://us.api.konghq.com"}}),
        };
        let after = stored(&service(), &action).unwrap();
        assert_eq!(after.meta.resource_version.as_deref(), Some("8"));
        let Ok(AnyParts::KongService(parts)) = after.parts else {
            panic!("it is a service")
        };
        let status = serde_json::to_value(parts.status).unwrap();
        assert_eq!(
            status["konnect"],
            json!({"id": "1", "serverURL": "https://us.api.konghq.com"})
        );
    }

    #[test]
    fn an_object_that_is_being_deleted_goes_with_its_last_finalizer() {
        assert!(!is_over(&service()));
        let action = Action::Finalizers {
            object: key(),
            uid: Uid::from("u"),
            version: "7".into(),
            finalizers: Vec::new(),
        };
        assert!(is_over(&stored(&service(), &action).unwrap()));
    }
}
