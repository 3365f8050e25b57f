//! Kong's rules for the entities of a declarative configuration: what it accepts, and what it refuses.
//!
//! [`validate`] is the whole of it. Kong has a schema for each collection and an interpreter for schemas; so has
//! this module, and the schemas are data. What a schema cannot say is written out: formats of texts in `formats`,
//! what several members have to be together in `custom`, what entities have to be together in `whole`.

mod certificate;
mod custom;
mod finding;
mod formats;
mod hosts;
mod interpreter;
pub(crate) mod schema;
mod whole;

use serde_json::{Map, Value};

use crate::{Config, Declared, Flavor};

pub use certificate::{Certified, check_authority, check_pair, check_public_key};
pub use finding::{Finding, Problem};
pub(crate) use hosts::{Host, host_and_port};
use interpreter::{Judgement, filled};

/// What a configuration is for. It decides what may be in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dialect {
    /// The flavour of the router.
    pub flavor: Flavor,
    /// The edition of the gateway.
    pub edition: Edition,
    /// Who reads the file.
    pub reader: Reader,
    /// The time in seconds since 1970, for certificates of authorities that have expired. Without it none has.
    pub now: Option<i64>,
}

impl Default for Dialect {
    /// The open-source gateway, with the flavour that it has by default, reading the file itself.
    fn default() -> Self {
        Self {
            flavor: Flavor::TraditionalCompatible,
            edition: Edition::OpenSource,
            reader: Reader::Kong,
            now: None,
        }
    }
}

/// An edition of the gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edition {
    /// What it does not have is refused.
    OpenSource,
    /// What is not in the tables may be one of its own things, and passes.
    Enterprise,
}

/// Who reads a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    /// The gateway, at its start or as the body of a request.
    Kong,
    /// decK, which has members of its own and resolves references by name.
    Deck,
}

/// Top-level members that only decK knows.
const OF_DECK: &[&str] = &["_info", "_konnect", "_plugin_configs", "_workspace"];

/// Everything that Kong would refuse in a configuration. It accepts one in which nothing is found.
pub fn validate(config: &Config, dialect: Dialect) -> Vec<Finding> {
    let mut findings = Vec::new();
    top(config, dialect, &mut findings);
    for entity in config.entities() {
        entity_alone(entity, config, dialect, &mut findings);
    }
    whole::check(config, &mut findings);
    findings
}

/// The members of the file besides its collections.
fn top(config: &Config, dialect: Dialect, findings: &mut Vec<Finding>) {
    let document = config.document();
    let mut tell = |field: &str, problem| findings.push(Finding::of_file(field, problem));
    match document.get("_format_version") {
        None | Some(Value::Null) => tell("_format_version", Problem::Required),
        Some(Value::String(version)) if ["1.1", "2.1", "3.0"].contains(&version.as_str()) => {}
        Some(Value::String(_)) => {
            let versions = ["1.1", "2.1", "3.0"].map(Value::from).to_vec();
            tell("_format_version", Problem::OneOf(versions));
        }
        Some(_) => tell("_format_version", Problem::Type("a text")),
    }
    for (member, value) in document {
        match (member.as_str(), value) {
            ("_format_version", _)
            | ("_comment", Value::String(_) | Value::Null)
            | ("_transform", Value::Bool(_))
            | ("_ignore", Value::Array(_) | Value::Null) => {}
            ("_comment", _) => tell(member, Problem::Type("a text")),
            ("_transform", _) => tell(member, Problem::Type("a boolean")),
            ("_ignore", _) => tell(member, Problem::Type("a list")),
            (deck, _) if OF_DECK.contains(&deck) && dialect.reader == Reader::Deck => {}
            (collection, value) if schema::collection(collection).is_some() => {
                elements(collection, value, &mut tell);
            }
            _ if dialect.edition == Edition::Enterprise => {}
            _ => tell(member, Problem::Unknown),
        }
    }
}

/// What has been passed over when entities were collected: lists that are none, and entities that are none.
fn elements(place: &str, value: &Value, tell: &mut impl FnMut(&str, Problem)) {
    match value {
        Value::Null => {}
        // To Lua an empty object is an empty list.
        Value::Object(members) if members.is_empty() => {}
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                if !item.is_object() {
                    tell(&format!("{place}[{index}]"), Problem::Type("an object"));
                }
            }
        }
        _ => tell(place, Problem::Type("a list")),
    }
}

/// One entity by its own schema.
fn entity_alone(entity: &Declared, config: &Config, dialect: Dialect, findings: &mut Vec<Finding>) {
    let schema = entity.schema();
    let mut fields = entity.fields.clone();
    let mut judgement = Judgement::new(dialect);
    for (child, _) in schema::children(entity.collection) {
        // A list of entities is gone from here; what is left under its name is something else.
        if let Some(value) = fields.remove(child) {
            elements(child, &value, &mut |field, problem| {
                judgement.tell(field, problem);
            });
        }
    }
    if let Some(value) = nested_lists(config, entity) {
        for (child, value) in value {
            elements(&child, &value, &mut |field, problem| {
                judgement.tell(field, problem);
            });
        }
    }
    for (member, shorthand) in &schema.shorthands {
        if let Some(value) = fields.remove(member) {
            judgement.value(shorthand, &value, member);
        }
    }
    for (member, to) in schema.references() {
        whole::reference(entity, member, to, dialect, &mut judgement);
        fields.remove(member);
    }
    judgement.members(&schema.fields, &fields, "");
    let mut whole = filled(&schema.fields, &fields);
    for (member, _) in schema.references() {
        if entity.links.contains_key(member) {
            whole.insert(member.to_owned(), Value::Bool(true));
        }
    }
    judgement.checks(&schema.checks, &whole, entity);
    findings.extend(judgement.into_findings(entity));
}

/// The lists that are nested in an entity, as they stand in the document.
fn nested_lists(config: &Config, entity: &Declared) -> Option<Map<String, Value>> {
    let mut value = None;
    for step in entity.place.split('.') {
        let (list, index) = step.strip_suffix(']')?.split_once('[')?;
        let list = match value {
            None => config.document().get(list)?,
            Some(value) => Value::get(value, list)?,
        };
        value = Some(list.get(index.parse::<usize>().ok()?)?);
    }
    let members = value?.as_object()?;
    let nested = schema::children(entity.collection)
        .filter_map(|(child, _)| Some((child.to_owned(), members.get(child)?.clone())))
        .filter(|(_, value)| value.is_array());
    Some(nested.collect())
}
