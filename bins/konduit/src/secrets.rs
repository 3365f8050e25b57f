//! What must never be printed, and how it is kept out.
//!
//! Objects are redacted by a table of fields, sentences of others by looking for the values themselves.
//! Start with [`redact`] and [`Secrets`].

use kong_model::sealed::REDACTED;
use serde_json::Value;

/// Fields with secrets, by kind. A field whose value is an object hides all its members.
const FIELDS: &[(&str, &[&str])] = &[
    ("Secret", &["/data", "/stringData"]),
    ("KonnectAPIAuthConfiguration", &["/spec/token"]),
    ("KongCertificate", &["/spec/key", "/spec/key_alt"]),
];

/// Where kubectl keeps a copy of the whole object.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// Shorter values are only taken for the secret where they stand in quotes.
const SHORT: usize = 6;

/// Puts a mark in place of everything that is secret in an object.
pub(crate) fn redact(object: &mut Value) {
    for field in fields_of(object) {
        if let Some(value) = object.pointer_mut(field) {
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

fn fields_of(object: &Value) -> &'static [&'static str] {
    let kind = object["kind"].as_str().unwrap_or_default();
    FIELDS
        .iter()
        .find(|(known, _)| *known == kind)
        .map_or(&[], |(_, fields)| fields)
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

/// The secret values of one object.
#[derive(Default)]
pub(crate) struct Secrets(Vec<String>);

impl Secrets {
    /// Those of an object.
    pub(crate) fn of(object: &Value) -> Self {
        let mut values = Vec::new();
        for field in fields_of(object) {
            if let Some(value) = object.pointer(field) {
                collect(value, &mut values);
            }
        }
        // A value that holds another one goes first.
        values.sort_by_key(|value| std::cmp::Reverse(value.len()));
        Self(values)
    }

    /// A sentence without them.
    pub(crate) fn scrub(&self, sentence: &str) -> String {
        let mut sentence = sentence.to_owned();
        for value in &self.0 {
            // Refusals quote values as JSON does.
            let quoted = Value::from(value.as_str()).to_string();
            sentence = sentence.replace(&quoted, &format!("\"{REDACTED}\""));
            if value.len() >= SHORT {
                sentence = sentence.replace(value.as_str(), REDACTED);
                sentence = sentence.replace(quoted.trim_matches('"'), REDACTED);
            }
        }
        sentence
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

#[cfg(test)]
mod tests {
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
    fn sentences_lose_the_values_in_whatever_form() {
        let object = json!({"kind": "Secret", "data": {"a": "line one\nline two", "b": "ab"}});
        let secrets = Secrets::of(&object);
        assert_eq!(
            secrets.scrub("bad: \"line one\\nline two\" (line one\nline two), \"ab\", about"),
            "bad: \"[redacted]\" ([redacted]), \"[redacted]\", about"
        );
    }
}
