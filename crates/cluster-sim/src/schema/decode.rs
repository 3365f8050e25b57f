//! Reading an object: defaults are filled in, nulls that mean nothing and unknown fields are removed.
//!
//! May depend on the schema tree only. Start reading at [`default`], which runs first.

use std::fmt::Write as _;

use serde_json::Value;

use super::{Additional, Node};

/// Members of any object that is a resource; no schema needs to declare them.
const RESOURCE_FIELDS: [&str; 3] = ["apiVersion", "kind", "metadata"];

/// Fills in defaults. A null stands for "not set" where the schema does not allow null.
pub(super) fn default(value: &mut Value, node: &Node) {
    match value {
        Value::Object(object) => {
            for (name, property) in &node.properties {
                let Some(default) = &property.default else {
                    continue;
                };
                match object.get(name) {
                    Some(Value::Null) if !property.nullable => {}
                    None => {}
                    Some(_) => continue,
                }
                object.insert(name.clone(), default.clone());
            }
            object.retain(|name, member| {
                let Some(schema) = node.member(name) else {
                    return true;
                };
                if member.is_null() && !schema.nullable {
                    let Some(default) = &schema.default else {
                        return false;
                    };
                    *member = default.clone();
                }
                self::default(member, schema);
                true
            });
        }
        Value::Array(items) => {
            let Some(schema) = &node.items else { return };
            for item in items {
                if item.is_null()
                    && !schema.nullable
                    && let Some(default) = &schema.default
                {
                    *item = default.clone();
                }
                self::default(item, schema);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Removes what the schema of a resource does not know, and returns the paths of it in order.
pub(super) fn prune(object: &mut Value, root: &Node) -> Vec<String> {
    let mut pruner = Pruner {
        path: String::new(),
        unknown: Vec::new(),
    };
    pruner.prune(object, Some(root), true);
    pruner.unknown.sort();
    pruner.unknown
}

struct Pruner {
    path: String,
    unknown: Vec<String>,
}

impl Pruner {
    fn prune(&mut self, value: &mut Value, node: Option<&Node>, resource: bool) {
        let preserve = node.is_some_and(|node| node.preserve_unknown);
        let resource = resource || node.is_some_and(|node| node.embedded_resource);
        match value {
            Value::Object(object) => object.retain(|name, member| {
                if resource && RESOURCE_FIELDS.contains(&name.as_str()) {
                    return true;
                }
                let schema = match node {
                    None => None,
                    Some(node) => match (node.properties.get(name), &node.additional) {
                        (Some(property), _) => Some(Some(property)),
                        (None, Additional::Schema(schema)) => Some(Some(&**schema)),
                        (None, Additional::Anything) => Some(None),
                        (None, Additional::Undeclared) => None,
                    },
                };
                match schema {
                    Some(schema) => {
                        let length = self.step(name);
                        self.prune(member, schema, false);
                        self.path.truncate(length);
                        true
                    }
                    None if preserve => true,
                    None => {
                        let length = self.step(name);
                        self.unknown.push(self.path.clone());
                        self.path.truncate(length);
                        false
                    }
                }
            }),
            Value::Array(items) => {
                let schema = node.and_then(|node| node.items.as_deref());
                // Nothing is known below an untyped list that is to be preserved.
                if preserve && schema.is_none() {
                    return;
                }
                for (index, item) in items.iter_mut().enumerate() {
                    let length = self.path.len();
                    // Writing to a string does not fail.
                    let _ = write!(self.path, "[{index}]");
                    self.prune(item, schema, false);
                    self.path.truncate(length);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    /// Goes to a member; returns the length to truncate to on the way back.
    fn step(&mut self, name: &str) -> usize {
        let length = self.path.len();
        if length > 0 {
            self.path.push('.');
        }
        self.path.push_str(name);
        length
    }
}
