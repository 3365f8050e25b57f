//! What is wrong with a configuration, and what would be right.

use std::fmt;

use serde::Serialize;
use serde_json::Value;

use crate::Declared;

/// Something that Kong refuses.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// What is refused: `routes "shop"`, or `the file`.
    pub entity: String,
    /// Where it is: `services[0].routes[1].paths[0]`.
    pub field: String,
    /// What is wrong with it.
    pub problem: Problem,
}

impl Finding {
    pub(super) fn of_file(field: &str, problem: Problem) -> Self {
        Self {
            entity: "the file".to_owned(),
            field: field.to_owned(),
            problem,
        }
    }

    /// `field` is a path inside of the entity; empty for the whole of it.
    pub(super) fn of(entity: &Declared, field: &str, problem: Problem) -> Self {
        let place = &entity.place;
        Self {
            entity: format!("{} \"{}\"", entity.collection, entity.label()),
            field: match field {
                "" => place.clone(),
                field => format!("{place}.{field}"),
            },
            problem,
        }
    }

    /// What is wrong, in words.
    pub fn reason(&self) -> String {
        self.problem.to_string()
    }

    /// What would be right.
    pub fn remedy(&self) -> String {
        self.problem.remedy()
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (problem, remedy) = (&self.problem, self.remedy());
        write!(f, "{}: {problem}; {remedy} ({})", self.entity, self.field)
    }
}

impl Serialize for Finding {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct as _;
        let mut fields = serializer.serialize_struct("Finding", 4)?;
        fields.serialize_field("entity", &self.entity)?;
        fields.serialize_field("field", &self.field)?;
        fields.serialize_field("reason", &self.reason())?;
        fields.serialize_field("remedy", &self.remedy())?;
        fields.end()
    }
}

/// In which way something is wrong.
#[derive(Clone, Debug, PartialEq)]
pub enum Problem {
    /// It is missing, or null.
    Required,
    /// There is no such member.
    Unknown,
    /// It is there and must not be.
    Forbidden(String),
    /// It is not what this names.
    Type(&'static str),
    /// It is none of these.
    OneOf(Vec<Value>),
    /// It is one of these.
    NoneOf(Vec<Value>),
    /// It is not from the first to the second.
    Between(f64, f64),
    /// It is not above this.
    Above(f64),
    /// It has less characters or elements than this.
    TooShort(usize),
    /// It has more characters or elements than this.
    TooLong(usize),
    /// It does not begin with this.
    Beginning(String),
    /// It does not look as it has to.
    Look {
        /// What is wrong.
        reason: String,
        /// What would be right.
        remedy: String,
    },
    /// It has not this element.
    Lacks(Value),
    /// It has elements of more than one of these sets.
    Exclusive(Vec<Vec<String>>),
    /// None of these is there.
    NoneThere(Vec<String>),
    /// Not exactly one of these is there.
    NotOneThere(Vec<String>),
    /// More than one of these is there.
    SeveralThere(Vec<String>),
    /// Some of these are there and some are not.
    NotTogether(Vec<String>),
    /// Two of these are the same.
    Same(Vec<String>),
    /// It refers to nothing.
    Dangling {
        /// To an entity of which collection.
        to: &'static str,
        /// By what.
        key: String,
    },
    /// Another entity has the same.
    Taken {
        /// Where the other one is.
        by: String,
    },
    /// Kong's router does not take the expression that comes out.
    Expression(String),
}

impl Problem {
    /// What would be right.
    pub fn remedy(&self) -> String {
        match self {
            Self::Required => "give it a value".into(),
            Self::Unknown => "remove it, or correct its name".into(),
            Self::Forbidden(_) | Self::TooLong(0) => "remove it".into(),
            Self::Type(kind) => format!("write {kind}"),
            Self::OneOf(values) => format!("write one of {}", listed(values)),
            Self::NoneOf(_) => "choose another value".into(),
            Self::Between(least, most) => format!("choose a number from {least} to {most}"),
            Self::Above(limit) => format!("choose a number above {limit}"),
            Self::TooShort(least) => format!("give it at least {least}"),
            Self::TooLong(most) => format!("give it at most {most}"),
            Self::Beginning(beginning) => format!("let it begin with \"{beginning}\""),
            Self::Look { remedy, .. } => remedy.clone(),
            Self::Lacks(value) => format!("add {value}"),
            Self::Exclusive(_) => "make several entities of it".into(),
            Self::NoneThere(members) => format!("set one of {}", quoted(members)),
            Self::NotOneThere(members) => format!("set exactly one of {}", quoted(members)),
            Self::SeveralThere(members) => format!("set at most one of {}", quoted(members)),
            Self::NotTogether(members) => format!("set all of {} or none", quoted(members)),
            Self::Same(members) => format!("give {} different values", quoted(members)),
            Self::Dangling { to, .. } => format!("refer to one of the {to} by its id or name"),
            Self::Taken { .. } => "choose another value, or remove one of the two".into(),
            Self::Expression(_) => "write what the router can read".into(),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Required => f.write_str("required, and missing"),
            Self::Unknown => f.write_str("unknown"),
            Self::Forbidden(reason) | Self::Look { reason, .. } => f.write_str(reason),
            Self::Type(kind) => write!(f, "not {kind}"),
            Self::OneOf(values) => write!(f, "none of {}", listed(values)),
            Self::NoneOf(values) => write!(f, "must not be one of {}", listed(values)),
            Self::Between(least, most) => write!(f, "not from {least} to {most}"),
            Self::Above(limit) => write!(f, "not above {limit}"),
            Self::TooShort(least) => write!(f, "shorter than {least}"),
            Self::TooLong(0) => f.write_str("must be empty"),
            Self::TooLong(most) => write!(f, "longer than {most}"),
            Self::Beginning(beginning) => write!(f, "does not begin with \"{beginning}\""),
            Self::Lacks(value) => write!(f, "lacks {value}"),
            Self::Exclusive(sets) => {
                let sets: Vec<String> = sets
                    .iter()
                    .map(|set| format!("({})", quoted(set)))
                    .collect();
                write!(f, "has values of more than one of {}", sets.join(", "))
            }
            Self::NoneThere(members) => write!(f, "has none of {}", quoted(members)),
            Self::NotOneThere(members) => write!(f, "has not exactly one of {}", quoted(members)),
            Self::SeveralThere(members) => write!(f, "has several of {}", quoted(members)),
            Self::NotTogether(members) => write!(f, "has some of {}, not all", quoted(members)),
            Self::Same(members) => write!(f, "{} are the same", quoted(members)),
            Self::Dangling { to, key } => write!(f, "there is no \"{key}\" among the {to}"),
            Self::Taken { by } => write!(f, "{by} has the same"),
            Self::Expression(reason) => write!(f, "the router refuses it: {reason}"),
        }
    }
}

fn listed(values: &[Value]) -> String {
    let values: Vec<String> = values.iter().map(Value::to_string).collect();
    values.join(", ")
}

fn quoted(members: &[String]) -> String {
    let members: Vec<String> = members
        .iter()
        .map(|member| format!("\"{member}\""))
        .collect();
    members.join(", ")
}
