//! Schemas that derives cannot say, each the same for every field that has it.

use schemars::{Schema, SchemaGenerator, json_schema};
use serde_json::{Value, json};

use super::rules;
use crate::conditions;

/// An API group, or none.
pub(crate) const GROUP_PATTERN: &str =
    r"^$|^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$";
/// The name of a kind.
pub(crate) const KIND_PATTERN: &str = "^[a-zA-Z]([-a-zA-Z0-9]*[a-zA-Z0-9])?$";
/// A namespace, or none.
pub(crate) const NAMESPACE_PATTERN: &str = "^$|^[a-z0-9]([-a-z0-9]*[a-z0-9])?$";

/// Tags of an entity.
pub(crate) fn tags(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "array",
        "items": {"type": "string"},
        "maxItems": 20,
        "x-kubernetes-validations": [rules::tags()],
    })
}

/// An object with whatever fields: nothing below it is pruned.
pub(crate) fn free_form(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "x-kubernetes-preserve-unknown-fields": true,
    })
}

/// A value of whatever type: nothing below it is pruned.
pub(crate) fn anything(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"x-kubernetes-preserve-unknown-fields": true})
}

/// Status codes of HTTP.
pub(crate) fn http_statuses(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "array",
        "items": {"type": "integer", "minimum": 100, "maximum": 599},
    })
}

/// What an entity's status is before anybody has looked at the object.
pub(crate) fn pending_status() -> Value {
    json!({"conditions": pending(conditions::PROGRAMMED)})
}

/// What an extension's status is before anybody has looked at the object.
pub(crate) fn not_ready_status() -> Value {
    json!({"conditions": pending(conditions::READY)})
}

/// Conditions of an entity, whose status has a default as a whole.
pub(crate) fn entity_conditions(_: &mut SchemaGenerator) -> Schema {
    let mut schema = condition_list();
    schema.insert("minItems".to_owned(), 1.into());
    schema
}

/// Conditions of a kind whose status has a default as a whole and may be without any.
pub(crate) fn conditions(_: &mut SchemaGenerator) -> Schema {
    condition_list()
}

/// Conditions of a kind whose status may be empty.
pub(crate) fn programmed_conditions(_: &mut SchemaGenerator) -> Schema {
    let mut schema = condition_list();
    schema.insert("default".to_owned(), pending(conditions::PROGRAMMED));
    schema
}

/// Conditions of credentials.
pub(crate) fn auth_conditions(_: &mut SchemaGenerator) -> Schema {
    let mut schema = condition_list();
    schema.insert("minItems".to_owned(), 1.into());
    schema.insert("default".to_owned(), pending(conditions::VALID));
    schema
}

/// How a policy stands with each of its ancestors, as the Gateway API defines it.
pub(crate) fn ancestors(generator: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "array",
        "maxItems": 16,
        "x-kubernetes-list-type": "atomic",
        "items": {
            "type": "object",
            "required": ["ancestorRef", "conditions", "controllerName"],
            "properties": {
                "ancestorRef": {
                    "description": "What the policy takes effect on.",
                    "type": "object",
                    "required": ["name"],
                    "properties": {
                        "group": {
                            "description": "Group of the ancestor.",
                            "type": "string",
                            "default": "gateway.networking.k8s.io",
                            "maxLength": 253,
                            "pattern": GROUP_PATTERN,
                        },
                        "kind": {
                            "description": "Kind of the ancestor.",
                            "type": "string",
                            "default": "Gateway",
                            "minLength": 1,
                            "maxLength": 63,
                            "pattern": KIND_PATTERN,
                        },
                        "name": {
                            "description": "Name of the ancestor.",
                            "type": "string",
                            "minLength": 1,
                            "maxLength": 253,
                        },
                        "namespace": {
                            "description": "Namespace of the ancestor.",
                            "type": "string",
                            "minLength": 1,
                            "maxLength": 63,
                            "pattern": "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$",
                        },
                        "port": {
                            "description": "The one port that is meant.",
                            "type": "integer",
                            "format": "int32",
                            "minimum": 1,
                            "maximum": 65535,
                        },
                        "sectionName": {
                            "description": "The one section that is meant.",
                            "type": "string",
                            "minLength": 1,
                            "maxLength": 253,
                            "pattern": "^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$",
                        },
                    },
                },
                "conditions": entity_conditions(generator),
                "controllerName": {
                    "description": "Who says so.",
                    "type": "string",
                    "minLength": 1,
                    "maxLength": 253,
                    "pattern": "^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\\/\
                                [A-Za-z0-9\\/\\-._~%!$&'()*+,;=:]+$",
                },
            },
        },
    })
}

/// Adds a field to those that are required.
pub(crate) fn require(field: &'static str) -> impl FnMut(&mut Schema) {
    move |schema| {
        let required = schema
            .ensure_object()
            .entry("required")
            .or_insert_with(|| json!([]));
        if let Some(required) = required.as_array_mut() {
            required.push(field.into());
        }
    }
}

fn pending(condition: &str) -> Value {
    json!([{
        "type": condition,
        "status": "Unknown",
        "reason": conditions::PENDING,
        "message": "Waiting for controller",
        "lastTransitionTime": "1970-01-01T00:00:00Z",
    }])
}

/// The list of conditions as controller-gen writes it: bounded, keyed by type.
fn condition_list() -> Schema {
    json_schema!({
        "type": "array",
        "maxItems": conditions::LIMIT,
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["type"],
        "items": {
            "type": "object",
            "required": ["lastTransitionTime", "message", "reason", "status", "type"],
            "properties": {
                "lastTransitionTime": {
                    "description": "When the status last changed.",
                    "type": "string",
                    "format": "date-time",
                },
                "message": {
                    "description": "What is so, why, and what to do about it.",
                    "type": "string",
                    "maxLength": 32768,
                },
                "observedGeneration": {
                    "description": "The generation of the object that this is about.",
                    "type": "integer",
                    "format": "int64",
                    "minimum": 0,
                },
                "reason": {
                    "description": "The cause of the status, in one word.",
                    "type": "string",
                    "minLength": 1,
                    "maxLength": 1024,
                    "pattern": "^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$",
                },
                "status": {
                    "description": "Whether the condition holds.",
                    "type": "string",
                    "enum": ["True", "False", "Unknown"],
                },
                "type": {
                    "description": "What the condition is about.",
                    "type": "string",
                    "maxLength": 316,
                    "pattern": "^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?\
                                (([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])$",
                },
            },
        },
    })
}
