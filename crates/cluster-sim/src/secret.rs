//! The core Secret, which has no schema: its form and its rules are code here.
//!
//! May depend on field errors. Start reading at [`decode`].

use base64::{DecodeError, Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Map, Value, json};

use crate::{
    field::{FieldError, Path},
    metadata::mismatch,
};

/// The members of a Secret that are kept.
const MEMBERS: [&str; 6] = [
    "apiVersion",
    "kind",
    "metadata",
    "data",
    "immutable",
    "type",
];

/// The type of a Secret that says none.
const DEFAULT_TYPE: &str = "Opaque";

/// Largest content, keys not counted, as in the server.
const CONTENT_BYTES: usize = 1024 * 1024;

/// Keys that a type demands.
const REQUIRED_KEYS: [(&str, &[&str]); 2] = [
    ("kubernetes.io/tls", &["tls.crt", "tls.key"]),
    ("kubernetes.io/ssh-auth", &["ssh-privatekey"]),
];

/// Brings a Secret into its stored form: `stringData` goes into `data`, unknown members go away.
/// Returns the names of those, or the complaint about one that cannot be read.
pub(crate) fn decode(document: &mut Value) -> Result<Vec<String>, String> {
    let Some(members) = document.as_object_mut() else {
        return Ok(Vec::new());
    };
    let mut data = texts(members.remove("data"), "data", "[]uint8")?;
    for value in data.values() {
        let text = value.as_str().unwrap_or_default();
        STANDARD
            .decode(text)
            .map_err(|error| illegal_base64(&error))?;
    }
    let plain = texts(members.remove("stringData"), "stringData", "string")?;
    data.extend(plain.into_iter().map(|(key, value)| {
        (
            key,
            Value::from(STANDARD.encode(value.as_str().unwrap_or_default())),
        )
    }));
    if !data.is_empty() {
        members.insert("data".to_owned(), Value::Object(data));
    }
    for (name, wanted) in [("type", "v1.SecretType"), ("immutable", "bool")] {
        match (name, members.get(name)) {
            (_, None) | ("type", Some(Value::String(_))) | ("immutable", Some(Value::Bool(_))) => {}
            (_, Some(Value::Null)) => {
                members.remove(name);
            }
            (_, Some(other)) => {
                let place = format!("Go struct field Secret.{name}");
                return Err(mismatch(other, place, wanted));
            }
        }
    }
    let mut unknown = Vec::new();
    members.retain(|name, _| {
        let known = MEMBERS.contains(&name.as_str());
        if !known {
            unknown.push(name.clone());
        }
        known
    });
    Ok(unknown)
}

fn texts(member: Option<Value>, name: &str, wanted: &str) -> Result<Map<String, Value>, String> {
    let place = format!("Go struct field Secret.{name}");
    match member {
        None | Some(Value::Null) => Ok(Map::new()),
        Some(Value::Object(mut members)) => {
            for member in members.values_mut() {
                match member {
                    Value::String(_) => {}
                    Value::Null => *member = Value::from(""),
                    other => return Err(mismatch(other, place, wanted)),
                }
            }
            Ok(members)
        }
        Some(other) => Err(mismatch(&other, place, &format!("map[string]{wanted}"))),
    }
}

fn illegal_base64(error: &DecodeError) -> String {
    let offset = match error {
        DecodeError::InvalidByte(offset, _) | DecodeError::InvalidLastSymbol(offset, _) => *offset,
        DecodeError::InvalidLength(length) => length.saturating_sub(length % 4),
        DecodeError::InvalidPadding => 0,
    };
    format!("illegal base64 data at input byte {offset}")
}

/// Fills in the type. A replacement that leaves it out does not mean the old one, as in a real server.
pub(crate) fn default(secret: &mut Value) {
    if secret["type"].as_str().unwrap_or_default().is_empty() {
        secret["type"] = Value::from(DEFAULT_TYPE);
    }
}

/// What is wrong with a Secret, apart from its metadata.
pub(crate) fn check(secret: &Value, old: Option<&Value>) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if let Some(old) = old {
        check_change(secret, old, &mut errors);
    }
    let data = Path::Root;
    let data = data.field("data");
    let mut size = 0;
    for (key, value) in secret["data"].as_object().into_iter().flatten() {
        let is_key = !key.is_empty()
            && key.len() <= 253
            && key
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte));
        if !is_key {
            errors.push(FieldError::invalid(
                data.key(key).bracketed(),
                key.as_str(),
                "a valid config key must consist of alphanumeric characters, '-', '_' or '.' \
                 (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is \
                 '[-._a-zA-Z0-9]+')",
            ));
        }
        size += value.as_str().map_or(0, str::len) / 4 * 3;
    }
    if size > CONTENT_BYTES {
        errors.push(FieldError::too_long(
            "data".to_owned(),
            CONTENT_BYTES as u64,
        ));
    }
    for (kind, keys) in REQUIRED_KEYS {
        if secret["type"] == *kind {
            let missing = keys
                .iter()
                .filter(|key| secret["data"].get(**key).is_none());
            errors.extend(missing.map(|key| FieldError::required(data.key(key).bracketed(), "")));
        }
    }
    errors
}

fn check_change(secret: &Value, old: &Value, errors: &mut Vec<FieldError>) {
    if secret["type"] != old["type"] {
        errors.push(FieldError::invalid(
            "type".to_owned(),
            secret["type"].clone(),
            "field is immutable",
        ));
    }
    if old["immutable"] == json!(true) {
        for (field, changed) in [
            ("immutable", secret["immutable"] != json!(true)),
            ("data", secret["data"] != old["data"]),
        ] {
            if changed {
                errors.push(FieldError::forbidden(
                    field.to_owned(),
                    "field is immutable when `immutable` is set",
                ));
            }
        }
    }
}
