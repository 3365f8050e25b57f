//! The lane of the cluster: writes of statuses and finalizers, and what the answers mean.
//!
//! Both are merge patches that name the version they were computed from, so that the API server refuses
//! them when the object has changed since. Start with [`store`].

use kong_engine::{KubeFailure, Outcome};
use kong_resolve::{Key, Uid};
use kube::{
    Client,
    api::{Patch, PatchParams},
};
use serde_json::{Value, json};

use crate::document;

/// As whom the API server records our writes.
pub(crate) const FIELD_MANAGER: &str = "konduit";

/// Which half of an object is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part<'a> {
    /// A merge patch of the status.
    Status(&'a Value),
    /// All finalizers.
    Finalizers(&'a [std::sync::Arc<str>]),
}

/// Writes a part of an object of this incarnation and version.
pub(crate) async fn store(
    client: &Client,
    object: &Key,
    uid: &Uid,
    version: &str,
    part: Part<'_>,
) -> Outcome {
    let api = document::api(
        client.clone(),
        object.kind,
        object.name.namespace.as_deref(),
    );
    let parameters = PatchParams {
        field_manager: Some(FIELD_MANAGER.to_owned()),
        ..PatchParams::default()
    };
    let mut patch = json!({"metadata": {"resourceVersion": version, "uid": uid.to_string()}});
    let answer = match part {
        Part::Status(status) => {
            patch["status"] = status.clone();
            let patch = Patch::Merge(&patch);
            api.patch_status(&object.name.name, &parameters, &patch)
                .await
        }
        Part::Finalizers(finalizers) => {
            patch["metadata"]["finalizers"] =
                finalizers.iter().map(|name| Value::from(&**name)).collect();
            let patch = Patch::Merge(&patch);
            api.patch(&object.name.name, &parameters, &patch).await
        }
    };
    match answer {
        Ok(document) => match document.read(object.kind) {
            Ok(observed) => Outcome::Stored(Some(Box::new(observed))),
            // It is stored, and the watch will show how.
            Err(error) => {
                tracing::warn!(%object, %error, "the API server's answer to a write cannot be read");
                Outcome::Stored(None)
            }
        },
        Err(error) => Outcome::NotStored(failure(&error)),
    }
}

/// What an error means for the write that met it.
pub(crate) fn failure(error: &kube::Error) -> KubeFailure {
    let kube::Error::Api(status) = error else {
        return KubeFailure::Unknown(describe(error));
    };
    match status.code {
        404 => KubeFailure::NotFound,
        409 => KubeFailure::Conflict,
        // Of these each may be otherwise in a moment: a token is renewed, an API server that has just started
        // reads its roles, a queue is shorter.
        401 | 403 | 408 | 429 => KubeFailure::Unknown(describe(error)),
        400..500 => KubeFailure::Refused(describe(error)),
        _ => KubeFailure::Unknown(describe(error)),
    }
}

/// An error in words, once: kube prints what the API server says twice.
pub(crate) fn describe(error: &kube::Error) -> String {
    match error {
        kube::Error::Api(status) if status.message.is_empty() => format!("status {}", status.code),
        kube::Error::Api(status) => format!("{} (status {})", status.message, status.code),
        // The text of what could not be parsed may hold anything.
        kube::Error::SerdeError(_) => "the answer is not what it should be".to_owned(),
        other => {
            let mut text = other.to_string();
            let mut source = std::error::Error::source(other);
            while let Some(cause) = source {
                let cause_text = cause.to_string();
                if !text.contains(&cause_text) {
                    text.push_str(": ");
                    text.push_str(&cause_text);
                }
                source = cause.source();
            }
            text
        }
    }
}

#[cfg(test)]
mod tests {
    use kube::core::Status;

    use super::*;

    fn refused(code: u16) -> KubeFailure {
        let status = Status::failure("no", "Because").with_code(code);
        failure(&kube::Error::Api(status.boxed()))
    }

    #[test]
    fn every_answer_has_its_meaning() {
        let unknown = |code| KubeFailure::Unknown(format!("no (status {code})"));
        let never = |code| KubeFailure::Refused(format!("no (status {code})"));
        assert_eq!(refused(404), KubeFailure::NotFound);
        assert_eq!(refused(409), KubeFailure::Conflict);
        for code in [401, 403, 408, 429, 500, 503, 504] {
            assert_eq!(refused(code), unknown(code));
        }
        for code in [400, 413, 422] {
            assert_eq!(refused(code), never(code));
        }
    }

    #[test]
    fn no_answer_leaves_open_whether_it_was_stored() {
        let error = kube::Error::Service("connection refused".into());
        assert!(
            matches!(failure(&error), KubeFailure::Unknown(text) if text.contains("connection refused"))
        );
    }
}
