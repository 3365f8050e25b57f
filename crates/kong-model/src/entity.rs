//! Entities as types, for those who write them by hand: one structure a collection, with the members that
//! Konnect has.
//!
//! Everything else here works on [`Body`], which knows no kinds. An [`Entity`] turns into one and is read
//! from what Konnect answers, and back it goes with whatever members Konnect has and this crate does not
//! know, so that reading, changing and writing loses nothing.

mod certificate;
mod control_plane;
mod http;
mod plugin;
mod secret;
mod upstream;

use std::fmt;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::api::RemoteId;
use crate::body::{Body, Node};
use crate::collection::Collection;
use crate::sealed::Sealed;

pub use certificate::Certificate;
pub use control_plane::{
    AuthType, ClusterType, ControlPlane, Endpoints, GroupMembers, Organisation, ProxyUrl,
};
pub use http::{Address, PathHandling, Protocol, Route, Service, TlsNames};
pub use plugin::{Ordering, Partial, Phases, Plugin};
pub use upstream::{
    Active, ActiveHealthy, ActiveUnhealthy, Algorithm, HashOn, HealthcheckType, Healthchecks,
    Passive, PassiveHealthy, PassiveUnhealthy, Target, Upstream,
};

/// Members that only Konnect writes, and that are no part of an entity.
const KEPT: [&str; 3] = ["id", "created_at", "updated_at"];

/// Members that this crate knows nothing of. They may be secret, so only their names are printed.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Members(pub Map<String, Value>);

impl fmt::Debug for Members {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// The kind of things that a collection holds.
///
/// Serialising an entity shows no secret; [`Entity::body`] has them.
pub trait Entity: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// Where they live.
    const COLLECTION: Collection;

    /// The members that are secret, and what they hold.
    fn secrets(&self) -> Vec<(&'static str, &Sealed)> {
        Vec::new()
    }

    /// The body that is sent.
    fn body(&self) -> Body {
        let value = serde_json::to_value(self).expect("the members of entities have names");
        let mut body = Body::from_wire(Self::COLLECTION, &value);
        for (field, secret) in self.secrets() {
            body.set(field, Node::Secret(secret.clone()));
        }
        body
    }
}

/// An entity that Konnect has.
#[derive(Clone, Debug, PartialEq)]
pub struct Stored<E> {
    /// Its id.
    pub id: RemoteId,
    /// The entity.
    pub entity: E,
}

/// An answer that is not the entity that was asked for. It does not repeat what was answered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an answer about {collection} cannot be read: \"{field}\" is missing or of another type")]
pub struct Unreadable {
    /// What was asked for.
    pub collection: Collection,
    /// Path of the field at which reading ended.
    pub field: String,
}

impl Unreadable {
    fn at(collection: Collection, field: &str) -> Self {
        Self {
            collection,
            field: field.to_owned(),
        }
    }
}

impl<E: Entity> Stored<E> {
    /// Reads what Konnect answers about an entity.
    pub fn read(answer: Value) -> Result<Self, Unreadable> {
        let (id, members) = take_apart(E::COLLECTION, answer)?;
        let entity = typed(members)?;
        Ok(Self { id, entity })
    }
}

impl Stored<Body> {
    /// Reads what Konnect answers about an entity of any collection, also of one without a type.
    pub fn of(collection: Collection, answer: Value) -> Result<Self, Unreadable> {
        let (id, members) = take_apart(collection, answer)?;
        let entity = Body::from_wire(collection, &Value::Object(members));
        Ok(Self { id, entity })
    }

    /// The same with the type of its collection.
    pub fn typed<E: Entity>(&self) -> Result<Stored<E>, Unreadable> {
        let Value::Object(members) = self.entity.wire() else {
            return Err(Unreadable::at(E::COLLECTION, ""));
        };
        let entity = typed(members)?;
        let id = self.id.clone();
        Ok(Stored { id, entity })
    }
}

/// The id in an answer, and its members as requests have them.
fn take_apart(
    collection: Collection,
    answer: Value,
) -> Result<(RemoteId, Map<String, Value>), Unreadable> {
    let Value::Object(mut members) = answer else {
        return Err(Unreadable::at(collection, ""));
    };
    let id = match members.get("id") {
        Some(Value::String(id)) => RemoteId::from(id),
        Some(_) | None => return Err(Unreadable::at(collection, "id")),
    };
    members.retain(|field, _| !KEPT.contains(&field.as_str()));
    raise(collection, &mut members);
    Ok((id, members))
}

fn typed<E: Entity>(members: Map<String, Value>) -> Result<E, Unreadable> {
    let mut required = E::COLLECTION.schema()["required"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str);
    if let Some(missing) = required.find(|field| !members.contains_key(*field)) {
        return Err(Unreadable::at(E::COLLECTION, missing));
    }
    serde_path_to_error::deserialize(Value::Object(members))
        .map_err(|error| Unreadable::at(E::COLLECTION, &error.path().to_string()))
}

/// Moves the members that answers keep one level down to where requests have them.
fn raise(collection: Collection, members: &mut Map<String, Value>) {
    let Some(below) = collection.below() else {
        return;
    };
    let Some(Value::Object(mut lower)) = members.remove(below.member) else {
        return;
    };
    for field in below.fields {
        if let Some(value) = lower.remove(*field) {
            members.entry(*field).or_insert(value);
        }
    }
    members.insert(below.member.to_owned(), Value::Object(lower));
}

/// Another entity, by its id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// The id.
    pub id: RemoteId,
}

impl<T: Into<RemoteId>> From<T> for Link {
    fn from(id: T) -> Self {
        Self { id: id.into() }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_read_goes_back_as_it_came() {
        let answer = json!({
            "id": "s", "created_at": 1, "updated_at": 2, "host": "h", "protocol": "https",
            "client_certificate": {"id": "c"}, "new_in_konnect": {"a": [1]},
        });
        let stored = Stored::<Service>::read(answer).unwrap();
        assert_eq!(stored.id, "s".into());
        assert_eq!(stored.entity.protocol, Some(Protocol::Https));
        assert_eq!(stored.entity.client_certificate, Some("c".into()));
        assert_eq!(
            stored.entity.body().wire(),
            json!({
                "host": "h", "protocol": "https", "client_certificate": {"id": "c"},
                "new_in_konnect": {"a": [1]},
            })
        );
    }

    #[test]
    fn words_that_are_new_in_konnect_are_kept() {
        let answer = json!({"id": "s", "host": "h", "protocol": "quic"});
        let stored = Stored::<Service>::read(answer).unwrap();
        assert_eq!(
            stored.entity.protocol,
            Some(Protocol::Other("quic".to_owned()))
        );
        assert_eq!(stored.entity.body().text("protocol"), Some("quic"));
    }

    #[test]
    fn a_key_is_only_in_the_body() {
        let certificate = Certificate::new("cert", "canary");
        let shown = serde_json::to_string(&certificate).unwrap();
        assert!(!format!("{shown} {certificate:?}").contains("canary"));
        assert_eq!(
            certificate.body().wire(),
            json!({"cert": "cert", "key": "canary"})
        );
        let answer = json!({"id": "c", "cert": "cert", "key": "canary", "key_alt": "canary2"});
        let untyped = Stored::of(Collection::Certificates, answer.clone()).unwrap();
        let read = Stored::<Certificate>::read(answer).unwrap().entity;
        assert_eq!(untyped.typed::<Certificate>().unwrap().entity, read);
        assert_eq!(read.key, Sealed::new("canary"));
        assert_eq!(read.body().secrets().len(), 2);
    }

    #[test]
    fn what_may_be_secret_is_not_printed() {
        let answer =
            json!({"id": "p", "name": "acme", "config": {"password": "canary"}, "new": "canary"});
        let plugin = Stored::<Plugin>::read(answer).unwrap();
        let printed = format!("{plugin:?}");
        assert!(printed.contains(r#"{"password"}"#) && !printed.contains("canary"));
    }

    #[test]
    fn what_answers_keep_in_config_is_where_requests_have_it() {
        let answer = json!({
            "id": "cp", "name": "n", "description": "", "labels": {},
            "config": {
                "cluster_type": "CLUSTER_TYPE_SERVERLESS", "auth_type": "pki_client_certs",
                "control_plane_endpoint": "https://cp.test", "telemetry_endpoint": "https://tp.test",
            },
        });
        let plane = Stored::<ControlPlane>::read(answer).unwrap().entity;
        assert_eq!(plane.cluster_type, Some(ClusterType::Serverless));
        let endpoints = plane.endpoints.as_ref().unwrap();
        assert_eq!(
            endpoints.control_plane_endpoint.as_deref(),
            Some("https://cp.test")
        );
        // Only Konnect names them.
        assert!(plane.body().get("config").is_none());
        assert_eq!(plane.body().text("auth_type"), Some("pki_client_certs"));
    }

    #[test]
    fn an_answer_that_cannot_be_read_says_where_and_not_what() {
        let answer =
            json!({"id": "u", "name": "n", "healthchecks": {"active": {"timeout": "canary"}}});
        let error = Stored::<Upstream>::read(answer).unwrap_err();
        assert_eq!(error.field, "healthchecks.active.timeout");
        assert!(!error.to_string().contains("canary"));
        for (answer, field) in [
            (json!([]), ""),
            (json!({"name": "n"}), "id"),
            (json!({"id": "u"}), "name"),
            (json!({"id": "u", "name": 1}), "name"),
        ] {
            assert_eq!(Stored::<Upstream>::read(answer).unwrap_err().field, field);
        }
    }
}
