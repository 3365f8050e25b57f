//! What must never be printed, and how it is kept out.
//!
//! Objects are redacted by the fields that their collection keeps secret, sentences of others by looking for
//! the values themselves, and so is the configuration of plugins in Konnect, which may come out of a Secret. Start with
//! [`redact`], [`Secrets`] and [`Vault`].

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cluster_sim::{Cluster, ResourceId};
use kong_crds::Kind;
use kong_model::sealed::{self, REDACTED};
use serde_json::Value;

use crate::manifests::Document;

/// Where kubectl keeps a copy of the whole object.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// Puts a mark in place of everything that is secret in an object.
pub(crate) fn redact(object: &mut Value) {
    for field in fields_of(object) {
        if let Some(value) = object.pointer_mut(&field) {
            hide(value);
        }
    }
    if let Some(copy) = object["metadata"]
        .get_mut("annotations")
        .and_then(|annotations| annotations.get_mut(LAST_APPLIED))
    {
        hide(copy);
    }
}

/// Fields with secrets, as JSON pointers: those that the collection of the kind has, and the data of Secrets. A field
/// whose value is an object hides all its members.
fn fields_of(object: &Value) -> Vec<String> {
    let kind = object["kind"].as_str().and_then(|kind| kind.parse().ok());
    if kind == Some(Kind::Secret) {
        return vec!["/data".to_owned(), "/stringData".to_owned()];
    }
    let at = kind.and_then(kong_translation::collection);
    let members = at
        .map(kong_model::Collection::secrets)
        .unwrap_or_default()
        .iter();
    members
        .map(|member| format!("/spec/{}", member.replace('.', "/")))
        .collect()
}

fn hide(value: &mut Value) {
    match value {
        Value::Object(members) => members.values_mut().for_each(hide),
        Value::Null => {}
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            *value = Value::from(REDACTED);
        }
    }
}

/// Parts of names of settings that hold secrets.
const TELLING: [&str; 11] = [
    "password",
    "passwd",
    "secret",
    "token",
    "credential",
    "private",
    "api_key",
    "apikey",
    "access_key",
    "auth_value",
    "header_value",
];

/// Ends of names of settings that are about a secret and hold none.
const INNOCENT: [&str; 12] = [
    "endpoint",
    "endpoints",
    "url",
    "uri",
    "method",
    "methods",
    "name",
    "names",
    "type",
    "types",
    "claim",
    "claims",
];

/// Whether a setting, by its name, holds a secret.
fn sounds_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase().replace('-', "_");
    let innocent = INNOCENT.iter().any(|end| {
        name.strip_suffix(end)
            .is_some_and(|rest| rest.ends_with('_'))
    });
    let telling = TELLING.iter().any(|part| name.contains(part));
    (telling && !innocent) || matches!(name.as_str(), "key" | "keys" | "jwk" | "pem")
}

/// Puts a mark in place of every text in a free-form configuration that sounds like a secret by the names on the way
/// to it: those in the path of the value, and those below. References to a vault stay.
pub(crate) fn hide_named(path: &str, value: &mut Value) {
    let secret = path.split(['.', '[', ']']).any(sounds_secret);
    hide_below(value, secret);
}

fn hide_below(value: &mut Value, secret: bool) {
    match value {
        Value::String(text) if secret && !text.is_empty() && !text.starts_with("{vault:") => {
            *value = Value::from(REDACTED);
        }
        Value::Array(items) => items.iter_mut().for_each(|item| hide_below(item, secret)),
        Value::Object(members) => {
            for (name, member) in members {
                hide_below(member, secret || sounds_secret(name));
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The secret values of one object.
#[derive(Default)]
pub(crate) struct Secrets(Vec<String>);

impl Secrets {
    /// Those of an object.
    pub(crate) fn of(object: &Value) -> Self {
        let mut values = Vec::new();
        for field in fields_of(object) {
            if let Some(value) = object.pointer(&field) {
                collect(value, &mut values);
            }
        }
        Self(values)
    }

    /// A sentence without them.
    pub(crate) fn scrub(&self, sentence: &str) -> String {
        sealed::scrub(sentence, self.0.iter().map(String::as_str))
    }
}

fn collect(value: &Value, values: &mut Vec<String>) {
    match value {
        Value::Object(members) => members.values().for_each(|value| collect(value, values)),
        Value::Array(items) => items.iter().for_each(|value| collect(value, values)),
        Value::String(text) if !text.is_empty() => values.push(text.clone()),
        Value::Number(number) => values.push(number.to_string()),
        Value::Null | Value::Bool(_) | Value::String(_) => {}
    }
}

/// The values that Secrets of plugins hold or have held, and what stands in those that are documents.
#[derive(Debug, Default)]
pub(crate) struct Vault {
    values: BTreeSet<String>,
}

impl Vault {
    /// Remembers the values of all Secrets that plugins refer to: Konnect may still hold them when they are
    /// gone. Those of other Secrets are none of theirs, and may well be an innocent `5`.
    pub(crate) fn learn(&mut self, cluster: &Cluster) {
        let list = |kind: Kind| cluster.list(&ResourceId::new(kind.group(), kind.plural()), None);
        let place = |object: &Value| object["metadata"]["namespace"].as_str().map(str::to_owned);
        let mut used = BTreeSet::new();
        for plugin in list(Kind::KongPlugin).chain(list(Kind::KongClusterPlugin)) {
            referred(plugin, place(plugin).as_deref(), &mut used);
        }
        let is_used = |secret: &Value| {
            let name = secret["metadata"]["name"].as_str().unwrap_or_default();
            used.contains(&(place(secret), name.to_owned()))
        };
        for secret in list(Kind::Secret).filter(|secret| is_used(secret)) {
            let data = secret["data"].as_object().into_iter().flatten();
            for value in data.filter_map(|(_, value)| value.as_str()) {
                let text = STANDARD
                    .decode(value)
                    .ok()
                    .and_then(|it| String::from_utf8(it).ok());
                let Some(text) = text else { continue };
                let mut values = Vec::new();
                if let Ok(document) = Document::read(&text) {
                    collect(&document.value, &mut values);
                }
                self.values.extend(values);
                self.values.insert(text.trim().to_owned());
                self.values.insert(text);
            }
        }
        self.values.remove("");
    }

    /// Puts a mark in place of everything in the configuration of plugins that stands in a Secret. What
    /// other entities hold of Secrets is known by its field, and is gone already.
    pub(crate) fn redact_plugins(&self, dump: &mut Value) {
        match dump {
            Value::Object(members) => {
                for (name, member) in members {
                    if name == "plugins" {
                        for plugin in member.as_array_mut().into_iter().flatten() {
                            self.hide_in(&mut plugin["config"]);
                        }
                    } else {
                        self.redact_plugins(member);
                    }
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.redact_plugins(item)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    fn hide_in(&self, value: &mut Value) {
        let is_secret = match &*value {
            Value::String(text) => self.values.contains(text) || self.values.contains(text.trim()),
            Value::Number(number) => self.values.contains(&number.to_string()),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => false,
        };
        match value {
            _ if is_secret => *value = Value::from(REDACTED),
            Value::Object(members) => members.values_mut().for_each(|it| self.hide_in(it)),
            Value::Array(items) => items.iter_mut().for_each(|it| self.hide_in(it)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
}

/// The Secrets that a plugin of this namespace has values from: of its own namespace or of the one that it names.
fn referred(value: &Value, home: Option<&str>, found: &mut BTreeSet<(Option<String>, String)>) {
    match value {
        Value::Object(members) => {
            for (field, member) in members {
                match member["name"].as_str() {
                    Some(name) if field == "secretKeyRef" => {
                        let namespace = member["namespace"].as_str().or(home);
                        found.insert((namespace.map(str::to_owned), name.to_owned()));
                    }
                    Some(_) | None => referred(member, home, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| referred(item, home, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use cluster_sim::{Request, WriteOptions};
    use serde_json::json;

    use super::*;

    #[test]
    fn secrets_are_replaced_and_their_names_stay() {
        let mut object =
            json!({"kind": "Secret", "data": {"token": "a2V5"}, "stringData": {"x": "y"}});
        redact(&mut object);
        assert_eq!(
            object,
            json!({"kind": "Secret", "data": {"token": "[redacted]"}, "stringData": {"x": "[redacted]"},
                "metadata": null})
        );
    }

    #[test]
    fn the_copy_that_kubectl_keeps_is_replaced_too() {
        let mut object = json!({"kind": "KongCertificate", "spec": {"cert": "public", "key": "k"},
            "metadata": {"annotations": {LAST_APPLIED: "{\"spec\":{\"key\":\"k\"}}", "a": "b"}}});
        redact(&mut object);
        assert_eq!(
            object,
            json!({"kind": "KongCertificate", "spec": {"cert": "public", "key": "[redacted]"},
                "metadata": {"annotations": {LAST_APPLIED: "[redacted]", "a": "b"}}})
        );
    }

    #[test]
    fn plugins_lose_what_stands_in_a_secret_however_deep() {
        let mut cluster = Cluster::new(&kong_crds::crd_documents()).unwrap();
        let mut create = |document| {
            let options = WriteOptions::STRICT;
            cluster
                .handle(0, "test", Request::Create { document, options })
                .unwrap();
        };
        create(json!({"apiVersion": "v1", "kind": "Secret",
            "metadata": {"name": "s", "namespace": "n"},
            "stringData": {"json": "{\"a\": {\"b\": [\"deep\"]}, \"pin\": 4711}", "plain": "word\n"}}));
        create(json!({"apiVersion": "v1", "kind": "Secret",
            "metadata": {"name": "other", "namespace": "n"}, "stringData": {"a": "shallow"}}));
        create(
            json!({"apiVersion": Kind::KongPlugin.api_version(), "kind": "KongPlugin",
            "metadata": {"name": "p", "namespace": "n"}, "plugin": "word",
            "configPatches": [{"path": "/x", "valueFrom": {"secretKeyRef": {"name": "s", "key": "json"}}}]}),
        );
        create(json!({"apiVersion": "v1", "kind": "Secret",
            "metadata": {"name": "far", "namespace": "away"}, "stringData": {"b": "distant"}}));
        create(
            json!({"apiVersion": Kind::KongClusterPlugin.api_version(), "kind": "KongClusterPlugin",
            "metadata": {"name": "c"}, "plugin": "word", "configFrom": {"secretKeyRef":
                {"namespace": "away", "name": "far", "key": "b"}}}),
        );
        let mut vault = Vault::default();
        vault.learn(&cluster);
        let mut dump = json!([{"services": [{"name": "word", "plugins": [
            {"name": "word", "config": {"x": ["deep", "distant", "shallow"], "y": {"pin": 4711, "z": "word"}}}]}]}]);
        vault.redact_plugins(&mut dump);
        assert_eq!(
            dump,
            json!([{"services": [{"name": "word", "plugins": [{"name": "word", "config":
                {"x": ["[redacted]", "[redacted]", "shallow"], "y": {"pin": "[redacted]", "z": "[redacted]"}}}]}]}])
        );
    }

    #[test]
    fn what_sounds_like_a_secret_is_hidden_in_a_free_form() {
        let mut config = json!({
            "client_secret": ["a", "{vault://env/x}"], "redis": {"password": "b", "port": 1},
            "minute": 5, "token_endpoint": "c", "policy": "local", "api-key": "", "secret_v1": true,
        });
        hide_named("config", &mut config);
        assert_eq!(
            config,
            json!({
                "client_secret": ["[redacted]", "{vault://env/x}"],
                "redis": {"password": "[redacted]", "port": 1}, "minute": 5,
                "token_endpoint": "c", "policy": "local", "api-key": "", "secret_v1": true,
            })
        );
        let mut value = json!("x");
        hide_named("config.redis.password", &mut value);
        assert_eq!(value, "[redacted]");
    }

    #[test]
    fn fields_are_hidden_that_the_collection_of_the_kind_keeps_secret() {
        let mut key = json!({"kind": "KongKey", "spec": {
            "kid": "k", "jwk": "hidden", "pem": {"public_key": "p", "private_key": "hidden"},
        }});
        redact(&mut key);
        let mut token = json!({"kind": "KonnectAPIAuthConfiguration", "spec": {"token": "hidden"}});
        redact(&mut token);
        let mut issuer =
            json!({"kind": "KongCredentialJWT", "spec": {"key": "shown", "secret": "hidden"}});
        redact(&mut issuer);
        assert_eq!(
            key["spec"]["pem"],
            json!({"public_key": "p", "private_key": REDACTED})
        );
        assert_eq!(key["spec"]["jwk"], REDACTED);
        assert_eq!(token["spec"]["token"], REDACTED);
        assert_eq!(issuer["spec"], json!({"key": "shown", "secret": REDACTED}));
    }

    #[test]
    fn sentences_lose_the_values_in_whatever_form() {
        let object = json!({"kind": "Secret", "data": {"a": "line one\nline two", "b": "ab"}});
        let secrets = Secrets::of(&object);
        assert_eq!(
            secrets.scrub("bad: \"line one\\nline two\" (line one\nline two), \"ab\", about"),
            "bad: \"[redacted]\" ([redacted]), \"[redacted]\", about"
        );
    }
}
