//! Lists that are sets or maps hold no item twice.
//!
//! May depend on the schema tree and field errors only. Start reading at [`check`].

use serde_json::{Map, Value};

use super::{ListType, Node};
use crate::field::{FieldError, Path};

/// Reports the first repetition of every item that occurs more than once.
pub(super) fn check(node: &Node, value: &Value, path: &Path<'_>, errors: &mut Vec<FieldError>) {
    match value {
        Value::Object(object) => {
            for (name, member) in object {
                if let Some(schema) = node.member(name) {
                    check(schema, member, &node.step(path, name), errors);
                }
            }
        }
        Value::Array(items) => {
            match &node.list_type {
                ListType::Atomic => {}
                ListType::Set => repeated(items.iter().cloned(), path, errors),
                ListType::Map(keys) => {
                    for (index, item) in items.iter().enumerate() {
                        if !item.is_object() && !item.is_null() {
                            errors.push(FieldError::invalid(
                                path.index(index).bracketed(),
                                item.clone(),
                                "must be an object for an array of list-type map",
                            ));
                            return;
                        }
                    }
                    let identity = |item: &Value| -> Value {
                        let fields = keys.iter().filter_map(|key| {
                            item.get(key).map(|value| (key.clone(), value.clone()))
                        });
                        Value::Object(fields.collect::<Map<_, _>>())
                    };
                    repeated(items.iter().map(identity), path, errors);
                }
            }
            if let Some(schema) = &node.items {
                for (index, item) in items.iter().enumerate() {
                    check(schema, item, &path.index(index), errors);
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn repeated(items: impl Iterator<Item = Value>, path: &Path<'_>, errors: &mut Vec<FieldError>) {
    let mut seen: Vec<(Value, u32)> = Vec::new();
    for (index, item) in items.enumerate() {
        if let Some((_, times)) = seen.iter_mut().find(|(known, _)| *known == item) {
            *times += 1;
            if *times == 2 {
                errors.push(FieldError::duplicate(path.index(index).bracketed(), item));
            }
        } else {
            seen.push((item, 1));
        }
    }
}
