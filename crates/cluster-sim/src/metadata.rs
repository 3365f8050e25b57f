//! The metadata of objects: what may be in it, what names and labels may look like, and what an update
//! may not change.
//!
//! Follows `k8s.io/apimachinery/pkg/api/validation`. May depend on field errors and refusals. Start
//! reading at [`decode`].

mod names;

use std::fmt;

use serde_json::{Map, Value};

use crate::field::{FieldError, quote};

/// The text of a metadata field; empty if it is not there.
pub(crate) fn text<'a>(object: &'a Value, field: &str) -> &'a str {
    object["metadata"][field].as_str().unwrap_or_default()
}

/// The metadata of a stored object, which always has one.
pub(crate) fn of_mut(object: &mut Value) -> &mut Map<String, Value> {
    let metadata = &mut object["metadata"];
    if !metadata.is_object() {
        *metadata = Value::Object(Map::new());
    }
    metadata
        .as_object_mut()
        .expect("it has just been made an object")
}

/// The finalizers of an object.
pub(crate) fn finalizers(object: &Value) -> impl Iterator<Item = &str> {
    object["metadata"]["finalizers"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
}

/// Whether the object waits for its finalizers.
pub(crate) fn is_deleting(object: &Value) -> bool {
    !text(object, "deletionTimestamp").is_empty()
}

/// The version an object is in or was read in. Zero if it says none.
pub(crate) fn version(object: &Value) -> Result<u64, String> {
    match text(object, "resourceVersion") {
        "" => Ok(0),
        version => version.parse().map_err(|_| {
            format!(
                "strconv.ParseUint: parsing {}: invalid syntax",
                quote(version)
            )
        }),
    }
}

/// The Go type of each field, for errors; and what JSON it is read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    Text,
    Integer,
    TextMap,
    TextList,
    OwnerList,
    Flag,
}

/// The fields of the metadata that are kept.
const FIELDS: [(&str, Shape); 13] = [
    ("name", Shape::Text),
    ("generateName", Shape::Text),
    ("namespace", Shape::Text),
    ("uid", Shape::Text),
    ("resourceVersion", Shape::Text),
    ("generation", Shape::Integer),
    ("creationTimestamp", Shape::Text),
    ("deletionTimestamp", Shape::Text),
    ("deletionGracePeriodSeconds", Shape::Integer),
    ("labels", Shape::TextMap),
    ("annotations", Shape::TextMap),
    ("ownerReferences", Shape::OwnerList),
    ("finalizers", Shape::TextList),
];

/// Fields of a real server that this one accepts and forgets.
const FORGOTTEN: [&str; 2] = ["managedFields", "selfLink"];

/// The fields of an owner reference.
const OWNER_FIELDS: [(&str, Shape); 6] = [
    ("apiVersion", Shape::Text),
    ("kind", Shape::Text),
    ("name", Shape::Text),
    ("uid", Shape::Text),
    ("controller", Shape::Flag),
    ("blockOwnerDeletion", Shape::Flag),
];

/// Brings the metadata of a document into its canonical form: unknown and empty fields are removed.
/// Returns the paths of the unknown ones, or the complaint about a field of the wrong type.
///
/// `place` is how complaints call the metadata: Go's name of the structure it is read into.
pub(crate) fn decode(document: &mut Value, place: &str) -> Result<Vec<String>, String> {
    let mut unknown = Vec::new();
    match &document["metadata"] {
        Value::Object(_) | Value::Null => {}
        other => return Err(mismatch(other, "Go value", "v1.ObjectMeta")),
    }
    let metadata = of_mut(document);
    let mut failure = None;
    metadata.retain(|name, value| {
        let Some((_, shape)) = FIELDS.iter().find(|(field, _)| field == name) else {
            if !FORGOTTEN.contains(&name.as_str()) {
                unknown.push(format!("metadata.{name}"));
            }
            return false;
        };
        match read(
            *shape,
            &format_args!("Go struct field {place}.{name}"),
            value,
        ) {
            Err(error) => {
                failure.get_or_insert(error);
                true
            }
            Ok(()) => !is_empty(value),
        }
    });
    failure.map_or(Ok(unknown), Err)
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

fn read(shape: Shape, field: &fmt::Arguments<'_>, value: &mut Value) -> Result<(), String> {
    match (shape, value) {
        (_, Value::Null) | (Shape::Text, Value::String(_)) | (Shape::Flag, Value::Bool(_)) => {
            Ok(())
        }
        (Shape::Integer, Value::Number(number)) if number.is_i64() => Ok(()),
        (Shape::TextMap, Value::Object(members)) => {
            for member in members.values_mut() {
                read(Shape::Text, field, member)?;
                if member.is_null() {
                    *member = Value::from("");
                }
            }
            Ok(())
        }
        (Shape::TextList, Value::Array(items)) => items
            .iter_mut()
            .try_for_each(|item| read(Shape::Text, field, item)),
        (Shape::OwnerList, Value::Array(items)) => {
            for item in items {
                let Value::Object(members) = item else {
                    return Err(mismatch(item, field, "v1.OwnerReference"));
                };
                members.retain(|name, _| OWNER_FIELDS.iter().any(|(known, _)| known == name));
                for (name, shape) in OWNER_FIELDS {
                    if let Some(member) = members.get_mut(name) {
                        read(shape, field, member)?;
                    }
                }
                members.retain(|_, member| !member.is_null());
            }
            Ok(())
        }
        (_, value) => Err(mismatch(
            value,
            field,
            match shape {
                Shape::Text => "string",
                Shape::Integer => "int64",
                Shape::TextMap => "map[string]string",
                Shape::TextList => "[]string",
                Shape::OwnerList => "[]v1.OwnerReference",
                Shape::Flag => "bool",
            },
        )),
    }
}

/// Go's complaint about JSON of the wrong type.
pub(crate) fn mismatch(value: &Value, place: impl fmt::Display, wanted: &str) -> String {
    let found = match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    format!("json: cannot unmarshal {found} into {place} of type {wanted}")
}

/// What is wrong with the metadata of a new object, once it has a name.
pub(crate) fn check_new(object: &Value, namespaced: bool) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let invalid = |field: &str, value: &str, why: String| {
        FieldError::invalid(format!("metadata.{field}"), value, why)
    };
    let prefix = text(object, "generateName");
    if !prefix.is_empty() {
        // The server judges a prefix as if the generated part did not end it.
        let judged = prefix
            .strip_suffix('-')
            .map_or_else(|| prefix.to_owned(), |p| format!("{p}a"));
        errors.extend(names::subdomain(&judged).map(|why| invalid("generateName", prefix, why)));
    }
    match text(object, "name") {
        "" => errors.push(FieldError::required(
            "metadata.name".to_owned(),
            "name or generateName is required",
        )),
        name => errors.extend(names::subdomain(name).map(|why| invalid("name", name, why))),
    }
    match (namespaced, text(object, "namespace")) {
        (true, "") => errors.push(FieldError::required("metadata.namespace".to_owned(), "")),
        (true, namespace) => {
            errors.extend(names::label(namespace).map(|why| invalid("namespace", namespace, why)));
        }
        (false, "") => {}
        (false, _) => errors.push(FieldError::forbidden(
            "metadata.namespace".to_owned(),
            "not allowed on this type",
        )),
    }
    check_contents(object, &mut errors);
    errors.extend(finalizers(object).flat_map(|finalizer| {
        names::qualified(finalizer)
            .into_iter()
            .map(move |why| invalid("finalizers", finalizer, why))
    }));
    errors
}

/// What is wrong with the metadata of a changed object.
pub(crate) fn check_change(object: &Value, old: &Value) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if is_deleting(old) {
        let mut added: Vec<String> = finalizers(object)
            .filter(|finalizer| finalizers(old).all(|kept| kept != *finalizer))
            .map(quote)
            .collect();
        added.sort();
        added.dedup();
        if !added.is_empty() {
            errors.push(FieldError::forbidden(
                "metadata.finalizers".to_owned(),
                format!(
                    "no new finalizers can be added if the object is being deleted, found new \
                     finalizers []string{{{}}}",
                    added.join(", ")
                ),
            ));
        }
    }
    for field in [
        "name",
        "namespace",
        "uid",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
    ] {
        let (new, old) = (&object["metadata"][field], &old["metadata"][field]);
        if new != old {
            errors.push(FieldError::invalid(
                format!("metadata.{field}"),
                new.clone(),
                "field is immutable",
            ));
        }
    }
    check_contents(object, &mut errors);
    errors.extend(finalizers(object).flat_map(|finalizer| {
        names::qualified(finalizer)
            .into_iter()
            .map(move |why| FieldError::invalid("metadata.finalizers".to_owned(), finalizer, why))
    }));
    errors
}

/// Annotations may not be larger than this together, as in the server.
const ANNOTATION_BYTES: usize = 256 * 1024;

/// Labels, annotations and owner references.
fn check_contents(object: &Value, errors: &mut Vec<FieldError>) {
    let metadata = &object["metadata"];
    let members = |field: &str| {
        metadata[field]
            .as_object()
            .into_iter()
            .flatten()
            .map(|(key, value)| (key.as_str(), value.as_str().unwrap_or_default()))
    };
    for (key, value) in members("labels") {
        let errors_of_key = names::qualified(key).into_iter().map(|why| (key, why));
        let errors_of_value = names::label_value(value)
            .into_iter()
            .map(|why| (value, why));
        errors.extend(
            errors_of_key
                .chain(errors_of_value)
                .map(|(text, why)| FieldError::invalid("metadata.labels".to_owned(), text, why)),
        );
    }
    let mut size = 0;
    for (key, value) in members("annotations") {
        size += key.len() + value.len();
        // Upper case is allowed in the prefix of an annotation, and only there.
        errors.extend(
            names::qualified(&key.to_lowercase())
                .into_iter()
                .map(|why| FieldError::invalid("metadata.annotations".to_owned(), key, why)),
        );
    }
    if size > ANNOTATION_BYTES {
        errors.push(FieldError::too_long(
            "metadata.annotations".to_owned(),
            ANNOTATION_BYTES as u64,
        ));
    }
    let mut controller: Option<String> = None;
    for owner in metadata["ownerReferences"].as_array().into_iter().flatten() {
        for (field, complaint) in [
            ("apiVersion", "version must not be empty"),
            ("kind", "must not be empty"),
            ("name", "must not be empty"),
            ("uid", "must not be empty"),
        ] {
            if owner[field].as_str().unwrap_or_default().is_empty() {
                let field = format!("metadata.ownerReferences.{field}");
                errors.push(FieldError::invalid(field, "", complaint));
            }
        }
        if owner["controller"].as_bool() == Some(true) {
            let name = |field: &str| owner[field].as_str().unwrap_or_default().to_owned();
            let this = format!("{}/{}", name("kind"), name("name"));
            match &controller {
                None => controller = Some(this),
                Some(first) => errors.push(FieldError::invalid(
                    "metadata.ownerReferences".to_owned(),
                    metadata["ownerReferences"].clone(),
                    format!(
                        "Only one reference can have Controller set to true. Found \"true\" in \
                         references for {first} and {this}"
                    ),
                )),
            }
        }
    }
}
