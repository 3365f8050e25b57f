//! A structural schema, compiled once: everything a server needs to read, complete and check an object.
//!
//! One tree of [`Node`]s serves all passes, each in a module of its own: `decode` drops unknown fields
//! and fills in defaults, `structure` checks types and bounds, `lists` looks for duplicates, `rules`
//! evaluates the CEL rules. All of them follow the source of the API server 1.36
//! (`k8s.io/apiextensions-apiserver`), including what it does *not* report again about fields that an
//! update leaves alone ("ratcheting"). Depends on field errors and the CEL interpreter. Start reading
//! at [`Schema`].

mod correlate;
mod decode;
mod format;
mod lists;
mod rules;
mod structure;

use std::collections::BTreeMap;

use regex::Regex;
use serde_json::{Map, Value};

use self::{format::Format, rules::Rule};
use crate::field::{FieldError, Path};

/// The schema of one version of a kind.
#[derive(Debug)]
pub(crate) struct Schema {
    root: Node,
    has_rules: bool,
}

/// Which half of an object an update may have changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Half {
    Whole,
    Status,
}

impl Schema {
    /// Compiles `openAPIV3Schema`.
    pub(crate) fn compile(schema: &Value) -> Result<Self, SchemaProblem> {
        let root = Node::compile(schema, &Path::Root)?;
        Ok(Self {
            has_rules: root.rules_below,
            root,
        })
    }

    /// Fills in defaults and removes what the schema does not know, as on every read and write.
    /// Returns the paths of the removed fields.
    pub(crate) fn complete(&self, object: &mut Value) -> Vec<String> {
        decode::default(object, &self.root);
        decode::prune(object, &self.root)
    }

    /// Adds everything that is wrong with a new object to what is wrong with its metadata.
    pub(crate) fn check_new(&self, object: &Value, errors: &mut Vec<FieldError>) {
        structure::check(&self.root, object, None, "", errors);
        lists::check(&self.root, object, &Path::Root, errors);
        self.check_rules(object, None, errors);
    }

    /// Adds everything that is newly wrong with a changed object to what is wrong with its metadata.
    pub(crate) fn check_change(
        &self,
        half: Half,
        object: &Value,
        old: &Value,
        errors: &mut Vec<FieldError>,
    ) {
        match half {
            Half::Whole => structure::check(&self.root, object, Some(old), "", errors),
            Half::Status => {
                if let (Some(node), Some(status)) =
                    (self.root.properties.get("status"), object.get("status"))
                {
                    structure::check(node, status, old.get("status"), "status", errors);
                }
            }
        }
        let mut duplicates = Vec::new();
        lists::check(&self.root, object, &Path::Root, &mut duplicates);
        if !duplicates.is_empty() {
            let mut earlier = Vec::new();
            lists::check(&self.root, old, &Path::Root, &mut earlier);
            if earlier.is_empty() {
                errors.append(&mut duplicates);
            }
        }
        self.check_rules(object, Some(old), errors);
    }

    fn check_rules(&self, object: &Value, old: Option<&Value>, errors: &mut Vec<FieldError>) {
        if !self.has_rules {
            return;
        }
        if errors.iter().any(|error| error.kind.blocks_rules()) {
            errors.push(FieldError::invalid(
                Path::Root.bracketed(),
                Value::Null,
                "some validation rules were not checked because the object was invalid; correct \
                 the existing errors to complete validation",
            ));
            return;
        }
        rules::check(&self.root, object, old, errors);
    }
}

/// What makes a schema unusable.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SchemaProblem {
    /// A member has the wrong shape.
    #[error("\"{field}\": \"{keyword}\" is not what a schema may have there")]
    Malformed {
        /// Where in the object the schema applies.
        field: String,
        /// The member.
        keyword: &'static str,
    },
    /// A pattern does not compile.
    #[error("\"{field}\": pattern does not compile: {why}")]
    Pattern {
        /// Where in the object the schema applies.
        field: String,
        /// The compiler's complaint.
        why: String,
    },
    /// A CEL rule does not compile.
    #[error("\"{field}\": rule \"{rule}\" does not compile: {why}")]
    Rule {
        /// Where in the object the rule applies.
        field: String,
        /// The rule.
        rule: String,
        /// The compiler's complaint.
        why: String,
    },
}

/// The JSON types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Type {
    Object,
    Array,
    String,
    Integer,
    Number,
    Boolean,
}

/// The schema's spelling of each type.
const TYPES: [(&str, Type); 6] = [
    ("object", Type::Object),
    ("array", Type::Array),
    ("string", Type::String),
    ("integer", Type::Integer),
    ("number", Type::Number),
    ("boolean", Type::Boolean),
];

impl Type {
    fn word(self) -> &'static str {
        TYPES
            .iter()
            .find(|(_, known)| *known == self)
            .map_or("", |(word, _)| word)
    }
}

/// How the items of a list relate to each other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum ListType {
    #[default]
    Atomic,
    Set,
    /// Items are told apart by these fields.
    Map(Vec<String>),
}

/// What is allowed for keys that are not declared.
#[derive(Debug)]
enum Additional {
    /// No schema of theirs: unknown fields.
    Undeclared,
    /// Anything, but nothing below it is known.
    Anything,
    /// Values of this schema.
    Schema(Box<Node>),
}

/// A compiled node of the schema.
#[derive(Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "they are the flags of the schema language"
)]
struct Node {
    types: Vec<Type>,
    nullable: bool,
    format: Option<Format>,
    properties: BTreeMap<String, Self>,
    additional: Additional,
    required: Vec<String>,
    items: Option<Box<Self>>,
    list_type: ListType,
    enumeration: Vec<Value>,
    pattern: Option<Regex>,
    bounds: Bounds,
    default: Option<Value>,
    preserve_unknown: bool,
    embedded_resource: bool,
    all_of: Vec<Self>,
    any_of: Vec<Self>,
    one_of: Vec<Self>,
    not: Option<Box<Self>>,
    rules: Vec<Rule>,
    /// Here or further down.
    rules_below: bool,
    /// Rules that compare with the old value, here or further down.
    transitions_below: bool,
}

/// Limits of numbers, strings, lists and maps.
#[derive(Debug, Default)]
struct Bounds {
    minimum: Option<serde_json::Number>,
    maximum: Option<serde_json::Number>,
    exclusive_minimum: bool,
    exclusive_maximum: bool,
    multiple_of: Option<serde_json::Number>,
    min_length: Option<u64>,
    max_length: Option<u64>,
    min_items: Option<u64>,
    max_items: Option<u64>,
    min_properties: Option<u64>,
    max_properties: Option<u64>,
}

impl Node {
    fn compile(schema: &Value, path: &Path<'_>) -> Result<Self, SchemaProblem> {
        let malformed = |keyword| SchemaProblem::Malformed {
            field: path.bracketed(),
            keyword,
        };
        let members = schema.as_object().ok_or_else(|| malformed("schema"))?;
        let flag = |keyword| {
            members
                .get(keyword)
                .and_then(Value::as_bool)
                .unwrap_or(false)
        };
        let int_or_string = flag("x-kubernetes-int-or-string");
        let types = if int_or_string {
            vec![Type::Integer, Type::String]
        } else {
            match members.get("type") {
                None => Vec::new(),
                Some(word) => vec![
                    TYPES
                        .iter()
                        .find(|(known, _)| word.as_str() == Some(known))
                        .map(|(_, found)| *found)
                        .ok_or_else(|| malformed("type"))?,
                ],
            }
        };
        let mut properties = BTreeMap::new();
        for (name, property) in object(members, "properties", &malformed)? {
            properties.insert(name.clone(), Self::compile(property, &path.field(name))?);
        }
        let additional = match members.get("additionalProperties") {
            None | Some(Value::Bool(false)) => Additional::Undeclared,
            Some(Value::Bool(true)) => Additional::Anything,
            Some(schema) => Additional::Schema(Box::new(Self::compile(schema, &path.key("*"))?)),
        };
        let items = match members.get("items") {
            None => None,
            Some(schema) => Some(Box::new(Self::compile(schema, &path.index(0))?)),
        };
        let branches = |keyword| -> Result<Vec<Self>, SchemaProblem> {
            array(members, keyword, &malformed)?
                .iter()
                .map(|branch| Self::compile(branch, path))
                .collect()
        };
        let not = match members.get("not") {
            None => None,
            Some(schema) => Some(Box::new(Self::compile(schema, path)?)),
        };
        let list_type = match members
            .get("x-kubernetes-list-type")
            .and_then(Value::as_str)
        {
            Some("set") => ListType::Set,
            Some("map") => {
                ListType::Map(strings(members, "x-kubernetes-list-map-keys", &malformed)?)
            }
            _ => ListType::Atomic,
        };
        let pattern = match members.get("pattern").and_then(Value::as_str) {
            None => None,
            Some(pattern) => Some(Regex::new(pattern).map_err(|error| SchemaProblem::Pattern {
                field: path.bracketed(),
                why: error.to_string(),
            })?),
        };
        let rules = array(members, "x-kubernetes-validations", &malformed)?
            .iter()
            .map(|rule| Rule::compile(rule, path))
            .collect::<Result<Vec<_>, _>>()?;
        let mut node = Self {
            types,
            nullable: flag("nullable"),
            format: members
                .get("format")
                .and_then(Value::as_str)
                .and_then(Format::known),
            properties,
            additional,
            required: strings(members, "required", &malformed)?,
            items,
            list_type,
            enumeration: array(members, "enum", &malformed)?.to_vec(),
            pattern,
            bounds: Bounds::compile(members),
            default: members
                .get("default")
                .filter(|value| !value.is_null())
                .cloned(),
            preserve_unknown: flag("x-kubernetes-preserve-unknown-fields"),
            embedded_resource: flag("x-kubernetes-embedded-resource"),
            all_of: branches("allOf")?,
            any_of: branches("anyOf")?,
            one_of: branches("oneOf")?,
            not,
            rules,
            rules_below: false,
            transitions_below: false,
        };
        node.rules_below = !node.rules.is_empty() || node.below().any(|below| below.rules_below);
        node.transitions_below = node.rules.iter().any(Rule::is_transition)
            || node.below().any(|below| below.transitions_below);
        Ok(node)
    }

    /// The nodes whose rules are reached through this one.
    fn below(&self) -> impl Iterator<Item = &Self> {
        let additional = match &self.additional {
            Additional::Schema(node) => Some(&**node),
            Additional::Undeclared | Additional::Anything => None,
        };
        self.properties
            .values()
            .chain(additional)
            .chain(self.items.as_deref())
            .chain(&self.all_of)
    }

    /// The schema of a member of this object, if it is known.
    fn member(&self, name: &str) -> Option<&Self> {
        self.properties.get(name).or(match &self.additional {
            Additional::Schema(node) => Some(&**node),
            Additional::Undeclared | Additional::Anything => None,
        })
    }

    /// Declared properties are fields; everything else in an object is a map entry.
    fn step<'a>(&self, path: &'a Path<'a>, name: &'a str) -> Path<'a> {
        if self.properties.contains_key(name) {
            path.field(name)
        } else {
            path.key(name)
        }
    }
}

impl Bounds {
    fn compile(members: &Map<String, Value>) -> Self {
        let number = |keyword| {
            members
                .get(keyword)
                .and_then(Value::as_number)
                .map(ToOwned::to_owned)
        };
        let count = |keyword| members.get(keyword).and_then(Value::as_u64);
        let flag = |keyword| {
            members
                .get(keyword)
                .and_then(Value::as_bool)
                .unwrap_or(false)
        };
        Self {
            minimum: number("minimum"),
            maximum: number("maximum"),
            exclusive_minimum: flag("exclusiveMinimum"),
            exclusive_maximum: flag("exclusiveMaximum"),
            multiple_of: number("multipleOf"),
            min_length: count("minLength"),
            max_length: count("maxLength"),
            min_items: count("minItems"),
            max_items: count("maxItems"),
            min_properties: count("minProperties"),
            max_properties: count("maxProperties"),
        }
    }
}

type Malformed<'a> = dyn Fn(&'static str) -> SchemaProblem + 'a;

fn array<'a>(
    members: &'a Map<String, Value>,
    keyword: &'static str,
    malformed: &Malformed<'_>,
) -> Result<&'a [Value], SchemaProblem> {
    match members.get(keyword) {
        None => Ok(&[]),
        Some(Value::Array(items)) => Ok(items),
        Some(_) => Err(malformed(keyword)),
    }
}

fn object<'a>(
    members: &'a Map<String, Value>,
    keyword: &'static str,
    malformed: &Malformed<'_>,
) -> Result<impl Iterator<Item = (&'a String, &'a Value)> + use<'a>, SchemaProblem> {
    match members.get(keyword) {
        None => Ok(None.into_iter().flatten()),
        Some(Value::Object(object)) => Ok(Some(object).into_iter().flatten()),
        Some(_) => Err(malformed(keyword)),
    }
}

fn strings(
    members: &Map<String, Value>,
    keyword: &'static str,
    malformed: &Malformed<'_>,
) -> Result<Vec<String>, SchemaProblem> {
    array(members, keyword, malformed)?
        .iter()
        .map(|item| {
            item.as_str()
                .map(str::to_owned)
                .ok_or_else(|| malformed(keyword))
        })
        .collect()
}
