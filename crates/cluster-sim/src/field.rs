//! Field errors: what is wrong with one field of an object, in the words of a Kubernetes API server.
//!
//! A path is a chain of borrowed steps, so that checking a good object writes no text at all; it is
//! rendered only when there is something to complain about. The two renderings differ on purpose, as
//! the server's do: structural validation joins map keys with a dot, everything else uses brackets.
//! Depends on nothing but JSON. Start reading at [`FieldError`].

use std::fmt::{self, Write as _};

use serde_json::Value;

/// One thing that is wrong with one field.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct FieldError {
    pub(crate) kind: FieldErrorKind,
    /// Rendered path; `<nil>` for the object itself.
    pub(crate) field: String,
    /// The offending value, if the server prints it.
    pub(crate) value: Option<Value>,
    pub(crate) detail: String,
}

/// The server's classes of field errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FieldErrorKind {
    Required,
    Duplicate,
    Invalid,
    TypeInvalid,
    NotSupported,
    Forbidden,
    TooLong,
    TooMany,
}

impl FieldErrorKind {
    /// The `reason` of the cause in a Status.
    pub(crate) const fn reason(self) -> &'static str {
        match self {
            Self::Required => "FieldValueRequired",
            Self::Duplicate => "FieldValueDuplicate",
            Self::Invalid => "FieldValueInvalid",
            Self::TypeInvalid => "FieldValueTypeInvalid",
            Self::NotSupported => "FieldValueNotSupported",
            Self::Forbidden => "FieldValueForbidden",
            Self::TooLong => "FieldValueTooLong",
            Self::TooMany => "FieldValueTooMany",
        }
    }

    const fn words(self) -> &'static str {
        match self {
            Self::Required => "Required value",
            Self::Duplicate => "Duplicate value",
            Self::Invalid | Self::TypeInvalid => "Invalid value",
            Self::NotSupported => "Unsupported value",
            Self::Forbidden => "Forbidden",
            Self::TooLong => "Too long",
            Self::TooMany => "Too many",
        }
    }

    /// CEL rules are not evaluated on an object with such an error: they could not rely on its shape.
    pub(crate) const fn blocks_rules(self) -> bool {
        match self {
            Self::NotSupported
            | Self::Required
            | Self::TooLong
            | Self::TooMany
            | Self::TypeInvalid => true,
            Self::Duplicate | Self::Invalid | Self::Forbidden => false,
        }
    }
}

impl FieldError {
    pub(crate) fn required(field: String, detail: impl Into<String>) -> Self {
        Self {
            kind: FieldErrorKind::Required,
            field,
            value: None,
            detail: detail.into(),
        }
    }

    pub(crate) fn forbidden(field: String, detail: impl Into<String>) -> Self {
        Self {
            kind: FieldErrorKind::Forbidden,
            field,
            value: None,
            detail: detail.into(),
        }
    }

    pub(crate) fn invalid(
        field: String,
        value: impl Into<Value>,
        detail: impl Into<String>,
    ) -> Self {
        Self {
            kind: FieldErrorKind::Invalid,
            field,
            value: Some(value.into()),
            detail: detail.into(),
        }
    }

    pub(crate) fn type_invalid(
        field: String,
        value: impl Into<Value>,
        detail: impl Into<String>,
    ) -> Self {
        Self {
            kind: FieldErrorKind::TypeInvalid,
            ..Self::invalid(field, value, detail)
        }
    }

    pub(crate) fn duplicate(field: String, value: Value) -> Self {
        Self {
            kind: FieldErrorKind::Duplicate,
            ..Self::invalid(field, value, "")
        }
    }

    pub(crate) fn too_long(field: String, maximum: u64) -> Self {
        let unit = if maximum == 1 { "byte" } else { "bytes" };
        Self {
            kind: FieldErrorKind::TooLong,
            field,
            value: None,
            detail: format!("may not be more than {maximum} {unit}"),
        }
    }

    pub(crate) fn too_many(field: String, found: usize, maximum: u64) -> Self {
        let unit = if maximum == 1 { "item" } else { "items" };
        Self {
            kind: FieldErrorKind::TooMany,
            field,
            value: Some(Value::from(found)),
            detail: format!("must have at most {maximum} {unit}"),
        }
    }

    pub(crate) fn not_supported(field: String, value: Value, supported: &[Value]) -> Self {
        let listed: Vec<String> = supported
            .iter()
            .map(|one| {
                quote(
                    one.as_str()
                        .map_or_else(|| one.to_string(), str::to_owned)
                        .as_str(),
                )
            })
            .collect();
        Self {
            kind: FieldErrorKind::NotSupported,
            field,
            value: Some(value),
            detail: format!("supported values: {}", listed.join(", ")),
        }
    }

    /// The error without its field, as the causes of a Status carry it.
    pub(crate) fn body(&self) -> String {
        let mut text = self.kind.words().to_owned();
        if let Some(value) = &self.value {
            text.push_str(": ");
            match value {
                Value::String(string) => text.push_str(&quote(string)),
                Value::Number(number) => text.push_str(&decimal(number)),
                other => text.push_str(&json(other)),
            }
        }
        if !self.detail.is_empty() {
            text.push_str(": ");
            text.push_str(&self.detail);
        }
        text
    }
}

impl fmt::Display for FieldError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.field, self.body())
    }
}

/// Where in an object we are.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Path<'a> {
    Root,
    /// A declared property.
    Field(&'a Self, &'a str),
    /// An entry of a map, whose keys are data.
    Key(&'a Self, &'a str),
    Index(&'a Self, usize),
}

impl<'a> Path<'a> {
    pub(crate) const fn field(&'a self, name: &'a str) -> Self {
        Self::Field(self, name)
    }

    pub(crate) const fn key(&'a self, key: &'a str) -> Self {
        Self::Key(self, key)
    }

    pub(crate) const fn index(&'a self, index: usize) -> Self {
        Self::Index(self, index)
    }

    /// `spec.labels[key]`, and `<nil>` for the root: how fields are named in errors.
    pub(crate) fn bracketed(&self) -> String {
        let mut text = String::new();
        self.write(&mut text, true);
        if text.is_empty() {
            "<nil>".to_owned()
        } else {
            text
        }
    }

    /// `spec.labels.key`, and nothing for the root: how structural validation names them.
    pub(crate) fn dotted(&self) -> String {
        let mut text = String::new();
        self.write(&mut text, false);
        text
    }

    fn write(&self, text: &mut String, brackets: bool) {
        let (parent, name, bracketed) = match self {
            Self::Root => return,
            Self::Index(parent, index) => {
                parent.write(text, brackets);
                // Writing to a string does not fail.
                let _ = write!(text, "[{index}]");
                return;
            }
            Self::Field(parent, name) => (parent, name, false),
            Self::Key(parent, name) => (parent, name, brackets),
        };
        parent.write(text, brackets);
        if bracketed {
            let _ = write!(text, "[{name}]");
        } else {
            if !text.is_empty() {
                text.push('.');
            }
            text.push_str(name);
        }
    }
}

/// A string as Go's `%q` prints it.
pub(crate) fn quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for character in text.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            '\u{7}' => quoted.push_str("\\a"),
            '\u{8}' => quoted.push_str("\\b"),
            '\u{b}' => quoted.push_str("\\v"),
            '\u{c}' => quoted.push_str("\\f"),
            control if control.is_ascii_control() => {
                let _ = write!(quoted, "\\x{:02x}", u32::from(control));
            }
            control if control.is_control() => {
                let _ = write!(quoted, "\\u{:04x}", u32::from(control));
            }
            plain => quoted.push(plain),
        }
    }
    quoted.push('"');
    quoted
}

/// A number as Go's `%v` prints it: whole floats have no fraction.
pub(crate) fn decimal(number: &serde_json::Number) -> String {
    let text = number.to_string();
    text.strip_suffix(".0")
        .map_or_else(|| text.clone(), str::to_owned)
}

/// JSON as Go writes it: the characters that matter in HTML are escaped.
fn json(value: &Value) -> String {
    value
        .to_string()
        .replace('<', "\\u003c")
        .replace('>', "\\u003e")
        .replace('&', "\\u0026")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_path_prints_map_keys_in_brackets_except_for_structural_validation() {
        let root = Path::Root;
        let spec = root.field("spec");
        let labels = spec.field("labels");
        let key = labels.key("a/b");
        let item = key.index(3);
        assert_eq!(item.bracketed(), "spec.labels[a/b][3]");
        assert_eq!(item.dotted(), "spec.labels.a/b[3]");
        assert_eq!(Path::Root.bracketed(), "<nil>");
        assert_eq!(Path::Root.dotted(), "");
    }

    #[test]
    fn a_value_prints_as_go_would() {
        let error = |value| FieldError::invalid("spec.x".into(), value, "no").to_string();
        assert_eq!(
            error(json!("a\"b\n")),
            r#"spec.x: Invalid value: "a\"b\n": no"#
        );
        assert_eq!(error(json!(2.0)), "spec.x: Invalid value: 2: no");
        assert_eq!(error(json!(null)), "spec.x: Invalid value: null: no");
        assert_eq!(
            error(json!({"a": "<"})),
            r#"spec.x: Invalid value: {"a":"\u003c"}: no"#
        );
    }
}
