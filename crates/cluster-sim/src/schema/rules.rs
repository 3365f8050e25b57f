//! The CEL rules of a schema (`x-kubernetes-validations`).
//!
//! The interpreter and the Kubernetes function library come from kube-cel; which rules run, with which
//! old value, under which names and with which message is decided here, after
//! `k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel/validation.go`. kube-cel's own walk is not
//! used: it writes `_` in field names as `__`, so that a rule never finds `cluster_type`, it matches
//! old items of lists by position, and it reports again what an update has not touched.
//! May depend on the schema tree, field errors and kube-cel. Start reading at [`check`].

use std::{collections::HashMap, sync::Arc};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use chrono::DateTime;
use kube_cel::{
    KubeCelExt as _,
    cel::{
        self, Context, ExecutionError, Program,
        common::ast::Expr,
        objects::{Key, Map},
        parser::Expression,
    },
};
use serde_json::Value;

use super::{Additional, Format, Node, SchemaProblem, Type, correlate, format};
use crate::field::{FieldError, FieldErrorKind, Path};

thread_local! {
    /// The functions of CEL and Kubernetes. A context cannot be shared between threads, and filling
    /// one costs more than evaluating a rule.
    static FUNCTIONS: Context<'static> = Context::default().with_all();
}

/// A compiled rule.
#[derive(Debug)]
pub(super) struct Rule {
    source: String,
    program: Program,
    message: Option<String>,
    message_program: Option<Program>,
    kind: FieldErrorKind,
    /// Member of the value that the error is about; the value itself if there is none.
    field: Option<String>,
    transition: bool,
    optional_old: bool,
}

impl Rule {
    pub(super) fn compile(rule: &Value, path: &Path<'_>) -> Result<Self, SchemaProblem> {
        let text = |name| {
            rule.get(name)
                .and_then(Value::as_str)
                .map(|text: &str| text.trim())
        };
        let source = text("rule").ok_or_else(|| SchemaProblem::Malformed {
            field: path.bracketed(),
            keyword: "x-kubernetes-validations",
        })?;
        let compile = |source: &str| {
            Program::compile(source).map_err(|error| SchemaProblem::Rule {
                field: path.bracketed(),
                rule: source.to_owned(),
                why: error.to_string(),
            })
        };
        let program = compile(source)?;
        let message_program = text("messageExpression").map(compile).transpose()?;
        let kind = match text("reason") {
            Some("FieldValueRequired") => FieldErrorKind::Required,
            Some("FieldValueForbidden") => FieldErrorKind::Forbidden,
            Some("FieldValueDuplicate") => FieldErrorKind::Duplicate,
            Some(_) | None => FieldErrorKind::Invalid,
        };
        Ok(Self {
            transition: program.references().has_variable("oldSelf"),
            optional_old: rule
                .get("optionalOldSelf")
                .and_then(Value::as_bool)
                .unwrap_or(false),
            field: text("fieldPath").map(|path| {
                path.trim_start_matches('.')
                    .replace("['", ".")
                    .replace("']", "")
            }),
            message: text("message")
                .filter(|message| !message.is_empty())
                .map(str::to_owned),
            source: source.to_owned(),
            program,
            message_program,
            kind,
        })
    }

    pub(super) const fn is_transition(&self) -> bool {
        self.transition
    }

    /// How the rule is called when it could not be evaluated.
    fn title(&self) -> &str {
        self.message.as_deref().unwrap_or(&self.source)
    }

    fn detail(&self, context: &Context<'_>) -> String {
        if let Some(program) = &self.message_program
            && let Ok(cel::Value::String(message)) = program.execute(context)
        {
            let message = message.trim();
            // The server falls back to the fixed message for text that would spoil its errors.
            if !message.is_empty() && !message.contains('\n') {
                return message.to_owned();
            }
        }
        self.message
            .clone()
            .unwrap_or_else(|| format!("failed rule: {}", self.source))
    }
}

/// Evaluates the rules of an object, parents first.
pub(super) fn check(
    root: &Node,
    object: &Value,
    old: Option<&Value>,
    errors: &mut Vec<FieldError>,
) {
    FUNCTIONS.with(|functions| {
        let walk = Walk { functions };
        walk.check(root, object, old, old == Some(object), &Path::Root, errors);
    });
}

struct Walk<'a> {
    functions: &'a Context<'static>,
}

impl Walk<'_> {
    /// `unchanged`: the value, or something it is in, is equal to its old value. Only comparisons
    /// with the old value can then say anything new.
    fn check(
        &self,
        node: &Node,
        value: &Value,
        old: Option<&Value>,
        unchanged: bool,
        path: &Path<'_>,
        errors: &mut Vec<FieldError>,
    ) {
        if value.is_null() || !node.rules_below || (unchanged && !node.transitions_below) {
            return;
        }
        self.evaluate(node, node, value, old, unchanged, path, errors);
        for branch in &node.all_of {
            self.evaluate(branch, node, value, old, unchanged, path, errors);
        }
        match value {
            Value::Object(object) => {
                for (name, member) in object {
                    if let Some(schema) = node.member(name).filter(|schema| schema.rules_below) {
                        let old = correlate::member(old, name);
                        let unchanged = unchanged || old == Some(member);
                        let path = node.step(path, name);
                        self.check(schema, member, old, unchanged, &path, errors);
                    }
                }
            }
            Value::Array(items) => {
                let Some(schema) = &node.items else { return };
                for (index, item) in items.iter().enumerate() {
                    let old = correlate::item(node, old, item);
                    let unchanged = unchanged || old == Some(item);
                    self.check(schema, item, old, unchanged, &path.index(index), errors);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    /// Evaluates the rules that `holder` has for a value of the shape `node`.
    #[expect(clippy::too_many_arguments, reason = "the state of one step of a walk")]
    fn evaluate(
        &self,
        holder: &Node,
        node: &Node,
        value: &Value,
        old: Option<&Value>,
        unchanged: bool,
        path: &Path<'_>,
        errors: &mut Vec<FieldError>,
    ) {
        let old = old.filter(|old| !old.is_null());
        let due = |rule: &&Rule| {
            if rule.transition {
                old.is_some() || rule.optional_old
            } else {
                !unchanged
            }
        };
        if !holder.rules.iter().any(|rule| due(&rule)) {
            return;
        }
        let resource = matches!(path, Path::Root) || node.embedded_resource;
        let mut context = self.functions.new_inner_scope();
        context.add_variable_from_value("self", to_cel(value, node, resource));
        let needs_old = holder.rules.iter().any(Rule::is_transition);
        if let Some(old) = old.filter(|_| needs_old) {
            context.add_variable_from_value("oldSelf", to_cel(old, node, resource));
        }
        for rule in holder.rules.iter().filter(due) {
            let outcome = if rule.optional_old {
                let mut scope = context.new_inner_scope();
                let maybe = if old.is_some() {
                    "optional.of(oldSelf)"
                } else {
                    "optional.none()"
                };
                let maybe = Program::compile(maybe).map(|program| program.execute(&context));
                if let Ok(Ok(maybe)) = maybe {
                    scope.add_variable_from_value("oldSelf", maybe);
                }
                rule.program.execute(&scope)
            } else {
                rule.program.execute(&context)
            };
            match outcome {
                Ok(cel::Value::Bool(true)) => {}
                Ok(_) => errors.push(FieldError {
                    kind: rule.kind,
                    field: match (&rule.field, path) {
                        (None, _) => path.bracketed(),
                        (Some(field), Path::Root) => field.clone(),
                        (Some(field), _) => format!("{}.{field}", path.bracketed()),
                    },
                    value: match (rule.kind, value) {
                        (FieldErrorKind::Required | FieldErrorKind::Forbidden, _)
                        | (_, Value::Object(_) | Value::Array(_)) => None,
                        (_, scalar) => Some(scalar.clone()),
                    },
                    detail: if rule.kind == FieldErrorKind::Duplicate {
                        String::new()
                    } else {
                        rule.detail(&context)
                    },
                }),
                Err(error) => errors.push(FieldError::invalid(
                    path.bracketed(),
                    node.types.first().map_or("", |kind| kind.word()),
                    format!(
                        "{} evaluating rule: {}",
                        complaint(&error, rule.program.expression(), &context),
                        rule.title()
                    ),
                )),
            }
        }
    }
}

/// The interpreter's complaint in the words of the server's interpreter, where they are known.
fn complaint(error: &ExecutionError, rule: &Expression, context: &Context<'_>) -> String {
    match error {
        // All the interpreter says of a function whose argument failed.
        ExecutionError::MissingArgumentOrTarget => match failed_argument(rule, context) {
            Some((cause, argument)) => complaint(&cause, argument, context),
            None => error.to_string(),
        },
        ExecutionError::NoSuchKey(key) => format!("no such key: {key}"),
        ExecutionError::DivisionByZero(_) => "division by zero".to_owned(),
        ExecutionError::RemainderByZero(_) => "modulus by zero".to_owned(),
        ExecutionError::NoSuchOverload => "no such overload".to_owned(),
        other => other.to_string(),
    }
}

/// Finds the argument of a function that could not be evaluated, innermost first.
fn failed_argument<'r>(
    rule: &'r Expression,
    context: &Context<'_>,
) -> Option<(ExecutionError, &'r Expression)> {
    let Expr::Call(call) = &rule.expr else {
        return None;
    };
    let mut arguments = call.target.as_deref().into_iter().chain(&call.args);
    arguments.find_map(|argument| {
        failed_argument(argument, context).or_else(|| {
            context
                .resolve(argument)
                .err()
                .map(|error| (error, argument))
        })
    })
}

/// A JSON value as rules see it: fields under identifiers that CEL can read, strings with a format
/// as what they stand for, and of the metadata of a resource only its names.
fn to_cel(value: &Value, node: &Node, resource: bool) -> cel::Value {
    match value {
        Value::Object(object) => {
            let is_map = !matches!(node.additional, Additional::Undeclared);
            let mut map = HashMap::with_capacity(object.len());
            for (name, member) in object {
                let converted = if resource && name == "metadata" {
                    names(member)
                } else {
                    match node.member(name) {
                        Some(schema) => to_cel(member, schema, schema.embedded_resource),
                        None => plain(member),
                    }
                };
                let key = if is_map {
                    name.clone()
                } else {
                    identifier(name)
                };
                map.insert(Key::String(Arc::new(key)), converted);
            }
            cel::Value::Map(Map { map: Arc::new(map) })
        }
        Value::Array(items) => cel::Value::List(Arc::new(match &node.items {
            Some(schema) => items
                .iter()
                .map(|item| to_cel(item, schema, schema.embedded_resource))
                .collect(),
            None => items.iter().map(plain).collect(),
        })),
        Value::String(text) => formatted(text, node.format).unwrap_or_else(|| plain(value)),
        // A whole number in a field of floats is a float to CEL.
        Value::Number(number) if node.types == [Type::Number] => {
            cel::Value::Float(number.as_f64().unwrap_or(f64::NAN))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => plain(value),
    }
}

/// The part of the metadata that rules may read.
fn names(metadata: &Value) -> cel::Value {
    let map = ["name", "generateName"].into_iter().filter_map(|name| {
        Some((
            Key::String(Arc::new(name.to_owned())),
            plain(metadata.get(name)?),
        ))
    });
    cel::Value::Map(Map {
        map: Arc::new(map.collect()),
    })
}

fn formatted(text: &str, format: Option<Format>) -> Option<cel::Value> {
    match format? {
        Format::DateTime => DateTime::parse_from_rfc3339(text)
            .ok()
            .map(cel::Value::Timestamp),
        Format::Date => {
            let midnight = format!("{text}T00:00:00Z");
            DateTime::parse_from_rfc3339(&midnight)
                .ok()
                .map(cel::Value::Timestamp)
        }
        Format::Duration => format::duration(text).map(cel::Value::Duration),
        Format::Byte => STANDARD
            .decode(text)
            .ok()
            .map(|bytes| cel::Value::Bytes(Arc::new(bytes))),
        Format::Int32
        | Format::Int64
        | Format::Uuid
        | Format::Ipv4
        | Format::Ipv6
        | Format::Cidr => None,
    }
}

/// A JSON value without a schema.
fn plain(value: &Value) -> cel::Value {
    match value {
        Value::Null => cel::Value::Null,
        Value::Bool(flag) => cel::Value::Bool(*flag),
        Value::Number(number) => number.as_i64().map_or_else(
            || cel::Value::Float(number.as_f64().unwrap_or(f64::NAN)),
            cel::Value::Int,
        ),
        Value::String(text) => cel::Value::String(Arc::new(text.clone())),
        Value::Array(items) => cel::Value::List(Arc::new(items.iter().map(plain).collect())),
        Value::Object(object) => {
            let map = object
                .iter()
                .map(|(name, member)| (Key::String(Arc::new(name.clone())), plain(member)));
            cel::Value::Map(Map {
                map: Arc::new(map.collect()),
            })
        }
    }
}

/// Words of the CEL grammar, which cannot be field names.
const RESERVED: [&str; 21] = [
    "true",
    "false",
    "null",
    "in",
    "as",
    "break",
    "const",
    "continue",
    "else",
    "for",
    "function",
    "if",
    "import",
    "let",
    "loop",
    "package",
    "namespace",
    "return",
    "var",
    "void",
    "while",
];

/// A field name as rules write it, after `k8s.io/apiserver/pkg/cel/escaping.go`.
fn identifier(name: &str) -> String {
    if RESERVED.contains(&name) {
        return format!("__{name}__");
    }
    if !name.contains(['.', '-', '/']) && !name.contains("__") {
        return name.to_owned();
    }
    name.replace("__", "\u{0}")
        .replace('.', "__dot__")
        .replace('-', "__dash__")
        .replace('/', "__slash__")
        .replace('\u{0}', "__underscores__")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_name_is_escaped_only_where_cel_could_not_read_it() {
        let table = [
            ("cluster_type", "cluster_type"),
            ("a__b", "a__underscores__b"),
            ("a-b.c/d", "a__dash__b__dot__c__slash__d"),
            ("namespace", "__namespace__"),
            ("namespaced", "namespaced"),
        ];
        for (name, expected) in table {
            assert_eq!(identifier(name), expected);
        }
    }
}
