//! Types, bounds, patterns, enumerations, required fields: what a schema says without CEL.
//!
//! Errors are named and worded as the server's OpenAPI validator does. A field that an update leaves
//! as it was is not checked again. May depend on the schema tree and field errors only. Start reading
//! at [`check`].

use std::cmp::Ordering;

use serde_json::{Number, Value};

use super::{Additional, Format, Node, Type, correlate};
use crate::field::{FieldError, FieldErrorKind, Path, decimal, quote};

/// Checks a value against a node. `prefix` is the field of the object that the value is in, for a
/// status that is checked alone: the server names such fields fully but words them relatively.
pub(super) fn check(
    node: &Node,
    value: &Value,
    old: Option<&Value>,
    prefix: &str,
    errors: &mut Vec<FieldError>,
) {
    Checker { prefix }.check(node, value, old, &Path::Root, errors);
}

struct Checker<'a> {
    prefix: &'a str,
}

impl Checker<'_> {
    fn check(
        &self,
        node: &Node,
        value: &Value,
        old: Option<&Value>,
        path: &Path<'_>,
        errors: &mut Vec<FieldError>,
    ) {
        if old == Some(value) {
            return;
        }
        self.check_type(node, value, path, errors);
        if value.is_null() {
            self.check_enumeration(node, value, path, errors);
            return;
        }
        self.check_branches(node, value, path, errors);
        match value {
            Value::String(text) => self.check_string(node, text, path, errors),
            Value::Number(number) => self.check_number(node, number, path, errors),
            Value::Array(items) => self.check_items(node, items, old, path, errors),
            Value::Object(_) | Value::Null | Value::Bool(_) => {}
        }
        self.check_enumeration(node, value, path, errors);
        if let Value::Object(object) = value {
            let bounds = &node.bounds;
            if let Some(minimum) = bounds.min_properties
                && (object.len() as u64) < minimum
            {
                let detail = format!("should have at least {minimum} properties");
                errors.push(self.invalid(path, Value::from(object.len()), &detail));
            }
            if let Some(maximum) = bounds.max_properties
                && object.len() as u64 > maximum
            {
                errors.push(FieldError::too_many(
                    self.field(path),
                    object.len(),
                    maximum,
                ));
            }
            if let Additional::Schema(schema) = &node.additional {
                for (name, member) in object {
                    if !node.properties.contains_key(name) {
                        let old = correlate::member(old, name);
                        self.check(schema, member, old, &path.key(name), errors);
                    }
                }
            }
            for (name, schema) in &node.properties {
                if let Some(member) = object.get(name) {
                    let old = correlate::member(old, name);
                    self.check(schema, member, old, &path.field(name), errors);
                }
            }
            for name in &node.required {
                if !object.contains_key(name) {
                    errors.push(FieldError::required(self.field(&path.field(name)), ""));
                }
            }
        }
    }

    /// The name of a field in the object.
    fn field(&self, path: &Path<'_>) -> String {
        let relative = path.dotted();
        match (self.prefix, relative.as_str()) {
            ("", "") => "<nil>".to_owned(),
            ("", _) => relative,
            (prefix, "") => prefix.to_owned(),
            (prefix, relative) => format!("{prefix}.{relative}"),
        }
    }

    fn invalid(&self, path: &Path<'_>, value: Value, what: &str) -> FieldError {
        FieldError::invalid(
            self.field(path),
            value,
            format!("{} in body {what}", path.dotted()),
        )
    }

    fn check_type(
        &self,
        node: &Node,
        value: &Value,
        path: &Path<'_>,
        errors: &mut Vec<FieldError>,
    ) {
        if node.types.is_empty() || (value.is_null() && node.nullable) {
            return;
        }
        let fits = node.types.iter().any(|wanted| match (wanted, value) {
            (Type::Object, Value::Object(_))
            | (Type::Array, Value::Array(_))
            | (Type::String, Value::String(_))
            | (Type::Boolean, Value::Bool(_))
            | (Type::Number, Value::Number(_)) => true,
            (Type::Integer, Value::Number(number)) => {
                number.as_f64().is_some_and(|number| number.fract() == 0.0)
            }
            _ => false,
        });
        if fits {
            return;
        }
        // With a format the server speaks of formats on both sides, except where text or a list meets
        // a format; those it leaves to the check of the format itself, which passes over lists.
        let (wanted, found) = match (node.format, value) {
            (Some(format), Value::String(_) | Value::Array(_)) if format.is_textual() => return,
            (Some(format), Value::Bool(_) | Value::Object(_)) => (format.word().to_owned(), ""),
            (Some(format), Value::Number(number)) => (
                format.word().to_owned(),
                if number.is_f64() { "float64" } else { "int64" },
            ),
            (_, value) => {
                let words: Vec<&str> = node.types.iter().map(|wanted| wanted.word()).collect();
                (words.join(","), word(value))
            }
        };
        let detail = format!(
            "{} in body must be of type {wanted}: {}",
            path.dotted(),
            quote(found)
        );
        errors.push(FieldError::type_invalid(self.field(path), found, detail));
    }

    /// `allOf`, `anyOf`, `oneOf`, `not`. Of several alternatives that all fail, the errors of the one
    /// with the fewest are shown.
    fn check_branches(
        &self,
        node: &Node,
        value: &Value,
        path: &Path<'_>,
        errors: &mut Vec<FieldError>,
    ) {
        let composite = |what: &str| {
            let detail = format!("{} {what}", quote(&path.dotted()));
            let field = if self.prefix.is_empty() {
                "<nil>"
            } else {
                self.prefix
            };
            FieldError::invalid(field.to_owned(), "", detail)
        };
        let failures = |branches: &[Node]| -> Vec<Vec<FieldError>> {
            branches
                .iter()
                .map(|branch| {
                    let mut found = Vec::new();
                    self.check(branch, value, None, path, &mut found);
                    found
                })
                .collect()
        };
        let fewest = |failures: Vec<Vec<FieldError>>| {
            failures
                .into_iter()
                .min_by_key(Vec::len)
                .unwrap_or_default()
        };
        if !node.any_of.is_empty() {
            let failures = failures(&node.any_of);
            if failures.iter().all(|branch| !branch.is_empty()) {
                errors.push(composite("must validate at least one schema (anyOf)"));
                errors.extend(fewest(failures));
            }
        }
        if !node.one_of.is_empty() {
            let failures = failures(&node.one_of);
            let valid = failures.iter().filter(|branch| branch.is_empty()).count();
            if valid == 0 {
                errors.push(composite(
                    "must validate one and only one schema (oneOf). Found none valid",
                ));
                errors.extend(fewest(failures));
            } else if valid > 1 {
                errors.push(composite(&format!(
                    "must validate one and only one schema (oneOf). Found {valid} valid alternatives"
                )));
            }
        }
        if !node.all_of.is_empty() {
            let failures = failures(&node.all_of);
            let valid = failures.iter().filter(|branch| branch.is_empty()).count();
            let total = failures.len();
            errors.extend(failures.into_iter().flatten());
            if valid < total {
                let scope = if valid == 0 { ". None validated" } else { "" };
                errors.push(composite(&format!(
                    "must validate all the schemas (allOf){scope}"
                )));
            }
        }
        if let Some(not) = &node.not {
            let mut found = Vec::new();
            self.check(not, value, None, path, &mut found);
            if found.is_empty() {
                errors.push(composite("must not validate the schema (not)"));
            }
        }
    }

    /// Only the first of the three faults is reported, as the server does.
    fn check_string(&self, node: &Node, text: &str, path: &Path<'_>, errors: &mut Vec<FieldError>) {
        let bounds = &node.bounds;
        let length = if bounds.min_length.is_some() || bounds.max_length.is_some() {
            text.chars().count() as u64
        } else {
            0
        };
        if let Some(maximum) = bounds.max_length.filter(|maximum| length > *maximum) {
            errors.push(FieldError::too_long(self.field(path), maximum));
        } else if let Some(minimum) = bounds.min_length.filter(|minimum| length < *minimum) {
            let detail = format!("should be at least {minimum} chars long");
            errors.push(self.invalid(path, Value::from(text), &detail));
        } else if let Some(pattern) = &node.pattern
            && !pattern.is_match(text)
        {
            let detail = format!("should match '{}'", pattern.as_str());
            errors.push(self.invalid(path, Value::from(text), &detail));
        }
        if let Some(format) = node.format
            && format.is_textual()
            && !format.admits(text)
        {
            let detail = format!("must be of type {}: {}", format.word(), quote(text));
            errors.push(FieldError {
                kind: FieldErrorKind::TypeInvalid,
                ..self.invalid(path, Value::from(text), &detail)
            });
        }
    }

    fn check_number(
        &self,
        node: &Node,
        number: &Number,
        path: &Path<'_>,
        errors: &mut Vec<FieldError>,
    ) {
        let bounds = &node.bounds;
        if node.types == [Type::Integer] {
            let (format, fits) = match node.format {
                Some(Format::Int32) => (
                    "with format int32",
                    number.as_i64().is_some_and(|n| i32::try_from(n).is_ok()),
                ),
                Some(Format::Int64) => ("with format int64", is_whole(number)),
                _ => ("(default format)", is_whole(number)),
            };
            if !fits {
                let place = path.dotted();
                errors.push(FieldError::invalid(
                    if self.prefix.is_empty() {
                        "<nil>"
                    } else {
                        self.prefix
                    }
                    .to_owned(),
                    "",
                    format!("Checked value must be of type integer {format} in {place}"),
                ));
            }
        }
        let value = || Value::Number(number.clone());
        if let Some(factor) = &bounds.multiple_of
            && !is_multiple(number, factor)
        {
            let detail = format!("should be a multiple of {}", decimal(factor));
            errors.push(self.invalid(path, value(), &detail));
        }
        if let Some(minimum) = &bounds.minimum {
            let order = compare(number, minimum);
            if order == Ordering::Less || (bounds.exclusive_minimum && order == Ordering::Equal) {
                let words = if bounds.exclusive_minimum {
                    "greater than"
                } else {
                    "greater than or equal to"
                };
                let detail = format!("should be {words} {}", decimal(minimum));
                errors.push(self.invalid(path, value(), &detail));
            }
        }
        if let Some(maximum) = &bounds.maximum {
            let order = compare(number, maximum);
            if order == Ordering::Greater || (bounds.exclusive_maximum && order == Ordering::Equal)
            {
                let words = if bounds.exclusive_maximum {
                    "less than"
                } else {
                    "less than or equal to"
                };
                let detail = format!("should be {words} {}", decimal(maximum));
                errors.push(self.invalid(path, value(), &detail));
            }
        }
    }

    fn check_items(
        &self,
        node: &Node,
        items: &[Value],
        old: Option<&Value>,
        path: &Path<'_>,
        errors: &mut Vec<FieldError>,
    ) {
        if let Some(schema) = &node.items {
            for (index, item) in items.iter().enumerate() {
                let old = correlate::item(node, old, item);
                self.check(schema, item, old, &path.index(index), errors);
            }
        }
        if let Some(minimum) = node
            .bounds
            .min_items
            .filter(|minimum| (items.len() as u64) < *minimum)
        {
            let detail = format!("should have at least {minimum} items");
            errors.push(self.invalid(path, Value::from(items.len()), &detail));
        }
        if let Some(maximum) = node
            .bounds
            .max_items
            .filter(|maximum| items.len() as u64 > *maximum)
        {
            errors.push(FieldError::too_many(self.field(path), items.len(), maximum));
        }
    }

    fn check_enumeration(
        &self,
        node: &Node,
        value: &Value,
        path: &Path<'_>,
        errors: &mut Vec<FieldError>,
    ) {
        if !node.enumeration.is_empty() && !node.enumeration.contains(value) {
            errors.push(FieldError::not_supported(
                self.field(path),
                value.clone(),
                &node.enumeration,
            ));
        }
    }
}

/// The type of a value, as the schema spells it.
fn word(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => Type::Boolean.word(),
        Value::Number(number) if number.is_f64() => Type::Number.word(),
        Value::Number(_) => Type::Integer.word(),
        Value::String(_) => Type::String.word(),
        Value::Array(_) => Type::Array.word(),
        Value::Object(_) => Type::Object.word(),
    }
}

fn is_whole(number: &Number) -> bool {
    number
        .as_f64()
        .is_some_and(|number| number.fract() == 0.0 && number.abs() < 9.3e18)
}

/// Whole numbers are compared exactly, all others as floats.
fn compare(left: &Number, right: &Number) -> Ordering {
    if let (Some(left), Some(right)) = (left.as_i64(), right.as_i64()) {
        return left.cmp(&right);
    }
    left.as_f64()
        .partial_cmp(&right.as_f64())
        .unwrap_or(Ordering::Equal)
}

fn is_multiple(number: &Number, factor: &Number) -> bool {
    match (number.as_i64(), factor.as_i64()) {
        (Some(number), Some(factor)) if factor > 0 => number % factor == 0,
        _ => match (number.as_f64(), factor.as_f64()) {
            (Some(number), Some(factor)) if factor > 0.0 => (number / factor).fract() == 0.0,
            _ => true,
        },
    }
}
