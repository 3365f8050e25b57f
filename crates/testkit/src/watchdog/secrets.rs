//! Which values must not be readable anywhere: all that stand in a secret field of what users have applied.
//!
//! Nobody has to declare a canary: whatever a story applies is searched for secret values by where they stand, which is
//! in the data of a Secret, and in a spec below a member that some collection of Konnect keeps secret. They are
//! searched for as they are, line by line, and as a Secret holds them. Depends on the table of collections only.

use std::collections::BTreeSet;

use k8s_openapi::ByteString;
use kong_crds::Kind;
use serde_json::Value;

use crate::examples::SHORTEST_SECRET;

/// Keys of Secrets whose values are no secret: certificates, names, and what sort of thing it is.
const PUBLIC: [&str; 8] = [
    "tls.crt",
    "ca.crt",
    "kongCredType",
    "username",
    "algorithm",
    "rsa_public_key",
    "group",
    "id",
];

/// Secret values.
#[derive(Clone, Debug, Default)]
pub struct Secrets {
    texts: BTreeSet<String>,
    /// What is searched for.
    needles: BTreeSet<String>,
}

impl Secrets {
    /// Those of one manifest.
    pub fn of(document: &Value) -> Self {
        let mut secrets = Self::default();
        if let Some(kind) = document["kind"].as_str().and_then(|kind| kind.parse().ok()) {
            secrets.learn(kind, document);
        }
        secrets
    }

    /// The values.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.texts.iter().map(String::as_str)
    }

    /// Learns those of an object of a kind, or of a patch of one.
    pub fn learn(&mut self, kind: Kind, document: &Value) {
        if kind == Kind::Secret {
            for part in ["data", "stringData"] {
                for (key, value) in document[part].as_object().into_iter().flatten() {
                    if let (Some(text), false) = (value.as_str(), PUBLIC.contains(&key.as_str())) {
                        self.add(text);
                    }
                }
            }
        } else {
            let at = kong_translation::collection(kind);
            for path in at.map(kong_model::Collection::secrets).unwrap_or_default() {
                let place = path
                    .split('.')
                    .fold(&document["spec"], |at, member| &at[member]);
                self.walk(place);
            }
        }
    }

    /// Learns every text in a value.
    fn walk(&mut self, value: &Value) {
        match value {
            // What a vault of Kong gives is not here.
            Value::String(text) if !text.starts_with("{vault://") => self.add(text),
            Value::Array(items) => items.iter().for_each(|item| self.walk(item)),
            Value::Object(members) => members.values().for_each(|value| self.walk(value)),
            Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn add(&mut self, text: &str) {
        if !self.texts.insert(text.to_owned()) {
            return;
        }
        let coded = serde_json::to_value(ByteString(text.as_bytes().to_vec()));
        let coded = coded.ok().and_then(|it| it.as_str().map(str::to_owned));
        let mut forms: Vec<String> = coded.into_iter().collect();
        // The configuration of a plugin.
        if let Ok(config @ Value::Object(_)) = serde_yaml::from_str::<Value>(text) {
            leaves(&config, &mut forms);
        }
        if text.contains("-----BEGIN ") {
            let lines = text.lines().filter(|line| !line.starts_with("-----"));
            forms.extend(lines.map(|line| line.trim().to_owned()));
        } else {
            forms.push(text.trim().to_owned());
        }
        forms.retain(|form| form.len() >= SHORTEST_SECRET);
        self.needles.extend(forms);
    }

    /// The secret that a text holds, by where it stands there.
    pub fn found_in(&self, text: &str) -> Option<usize> {
        self.needles.iter().find_map(|needle| text.find(needle))
    }
}

/// Every text in a value.
fn leaves(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) => found.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| leaves(item, found)),
        Value::Object(members) => members.values().for_each(|value| leaves(value, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn texts(document: &Value) -> Vec<String> {
        Secrets::of(document).texts().map(str::to_owned).collect()
    }

    #[test]
    fn secrets_are_known_by_where_they_stand() {
        let auth = json!({"kind": "KonnectAPIAuthConfiguration", "spec": {
            "token": "kpat_one", "serverURL": "us.api.konghq.com",
            "secretRef": {"name": "n", "token": "no token"},
        }});
        assert_eq!(texts(&auth), ["kpat_one"]);
        let certificate = json!({"kind": "KongCertificate", "spec": {
            "cert": "public", "key": "private", "key_alt": "{vault://v/k}",
        }});
        assert_eq!(texts(&certificate), ["private"]);
        let key = json!({"kind": "KongKey", "spec": {
            "kid": "public", "pem": {"public_key": "public", "private_key": "private"},
        }});
        assert_eq!(texts(&key), ["private"]);
        let issuer = json!({"kind": "KongCredentialJWT", "spec": {"key": "public"}});
        assert_eq!(texts(&issuer), [""; 0]);
        let secret =
            json!({"kind": "Secret", "stringData": {"tls.crt": "public", "tls.key": "private"}});
        assert_eq!(texts(&secret), ["private"]);
    }

    #[test]
    fn a_secret_is_found_in_each_of_its_forms() {
        let key = "-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49AgEGCCqGSM49\n-----END PRIVATE KEY-----\n";
        let document = json!({"kind": "Secret", "stringData": {
            "tls.key": key, "token": "open-sesame", "config": r#"{"redis": {"password": "peppermint"}}"#,
        }});
        let secrets = Secrets::of(&document);
        for text in [
            "the token open-sesame is refused",
            "b3Blbi1zZXNhbWU=",
            r#"{"password": "peppermint"}"#,
            "\\nMIGHAgEAMBMGByqGSM49AgEGCCqGSM49\\n",
        ] {
            assert!(secrets.found_in(text).is_some(), "{text}");
        }
        assert_eq!(
            secrets.found_in("-----BEGIN PRIVATE KEY----- redis password"),
            None
        );
    }
}
