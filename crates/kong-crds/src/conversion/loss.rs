//! What a conversion would lose, and where it is kept: an annotation that lists, by path, the value
//! that was there and the value that a plain way back would give instead.
//!
//! Keeping both is what makes edits safe: a value is put back only where the way back gives what it
//! gave when nobody had edited the document.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use crate::names::CONVERSION_DATA_ANNOTATION;

/// One difference between a document and what comes back of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Loss {
    /// Keys from the root of the document.
    path: Vec<String>,
    /// What was there; `None` if nothing was.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    was: Option<Value>,
    /// What a plain way back gives.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    becomes: Option<Value>,
}

/// The annotation's value.
#[derive(Serialize, Deserialize)]
struct Saved {
    /// The version that the losses were fields of.
    version: String,
    losses: Vec<Loss>,
}

/// Tells an explicit null from a field that is absent.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

/// Takes the losses of that version out of the document. An annotation that we cannot have written
/// for it is left where it is.
pub(super) fn take(document: &mut Value, version: &str) -> Vec<Loss> {
    match saved(document) {
        Some(saved) if saved.version == version => {
            clear(document);
            saved.losses
        }
        Some(_) | None => Vec::new(),
    }
}

/// Whether the document has losses of that version.
pub(super) fn is_saved(document: &Value, version: &str) -> bool {
    saved(document).is_some_and(|saved| saved.version == version)
}

fn saved(document: &Value) -> Option<Saved> {
    let annotations = document.pointer("/metadata/annotations")?;
    serde_json::from_str(annotations.get(CONVERSION_DATA_ANNOTATION)?.as_str()?).ok()
}

/// Removes the annotation, and with it annotations that are empty then.
fn clear(document: &mut Value) {
    let Some(meta) = document.get_mut("metadata").and_then(Value::as_object_mut) else {
        return;
    };
    if let Some(annotations) = meta.get_mut("annotations").and_then(Value::as_object_mut) {
        annotations.remove(CONVERSION_DATA_ANNOTATION);
        if annotations.is_empty() {
            meta.remove("annotations");
        }
    }
}

/// Writes the annotation. What stood in its place, or would go when it is taken out again, is kept in
/// it too.
pub(super) fn save(document: &mut Value, version: &str, mut losses: Vec<Loss>) {
    let mut cleared = document.clone();
    clear(&mut cleared);
    losses.extend(between(document, &cleared));
    // Values, strings and lists of them always have a JSON form.
    let Ok(text) = serde_json::to_string(&Saved {
        version: version.to_owned(),
        losses,
    }) else {
        return;
    };
    let mut at = document;
    for key in ["metadata", "annotations"] {
        let Some(object) = at.as_object_mut() else {
            return;
        };
        at = object.entry(key).or_insert_with(|| Map::new().into());
    }
    if let Some(annotations) = at.as_object_mut() {
        annotations.insert(CONVERSION_DATA_ANNOTATION.to_owned(), text.into());
    }
}

/// Puts values back wherever the document is as it would be without edits.
pub(super) fn restore(document: &mut Value, losses: Vec<Loss>) {
    for loss in losses {
        if get(document, &loss.path) == loss.becomes.as_ref() {
            set(document, &loss.path, loss.was);
        }
    }
}

/// The differences between a document and what came back of it. Lists are compared as a whole.
pub(super) fn between(was: &Value, becomes: &Value) -> Vec<Loss> {
    let mut losses = Vec::new();
    compare(&mut Vec::new(), Some(was), Some(becomes), &mut losses);
    losses
}

fn compare(
    path: &mut Vec<String>,
    was: Option<&Value>,
    becomes: Option<&Value>,
    losses: &mut Vec<Loss>,
) {
    if let (Some(Value::Object(was)), Some(Value::Object(becomes))) = (was, becomes) {
        let added = becomes.keys().filter(|key| !was.contains_key(*key));
        for key in was.keys().chain(added) {
            path.push(key.clone());
            compare(path, was.get(key), becomes.get(key), losses);
            path.pop();
        }
    } else if was != becomes {
        losses.push(Loss {
            path: path.clone(),
            was: was.cloned(),
            becomes: becomes.cloned(),
        });
    }
}

fn get<'a>(document: &'a Value, path: &[String]) -> Option<&'a Value> {
    path.iter()
        .try_fold(document, |value, key| value.as_object()?.get(key))
}

/// Sets or removes the value at a path. The way there was an object when the loss was noted; where it
/// no longer is, somebody removed it, and nothing is put back.
fn set(document: &mut Value, path: &[String], value: Option<Value>) {
    let Some((last, parents)) = path.split_last() else {
        return;
    };
    let parent = parents
        .iter()
        .try_fold(document, |value, key| value.as_object_mut()?.get_mut(key));
    let Some(object) = parent.and_then(Value::as_object_mut) else {
        return;
    };
    match value {
        Some(value) => object.insert(last.clone(), value),
        None => object.remove(last),
    };
}
