//! What entities have to be together: references lead somewhere, and what is unique is there once.

use std::collections::HashMap;

use serde_json::Value;

use super::finding::{Finding, Problem};
use super::interpreter::Judgement;
use super::{Dialect, Reader};
use crate::config::named;
use crate::{Config, Declared};

/// One reference of an entity.
pub(super) fn reference(
    entity: &Declared,
    member: &'static str,
    to: &'static str,
    dialect: Dialect,
    judgement: &mut Judgement,
) {
    let value = entity.fields.get(member).filter(|value| !value.is_null());
    match value {
        None => {
            let required = entity.schema().fields.get(member);
            let required = required.is_some_and(|field| field.required);
            if required && entity.link(member).is_none() {
                judgement.tell(member, Problem::Required);
            }
        }
        Some(Value::Object(members))
            if dialect.reader == Reader::Kong && !members.contains_key("id") =>
        {
            judgement.tell(&format!("{member}.id"), Problem::Required);
        }
        Some(value) => match named(value) {
            None => judgement.tell(member, Problem::Type("a reference")),
            Some(key) if entity.link(member).is_none() => {
                let key = key.to_owned();
                judgement.tell(member, Problem::Dangling { to, key });
            }
            Some(_) => {}
        },
    }
}

/// Everything that may be there only once.
pub(super) fn check(config: &Config, findings: &mut Vec<Finding>) {
    let mut seen: HashMap<(&str, Vec<String>, Vec<String>), usize> = HashMap::new();
    for (number, entity) in config.entities().iter().enumerate() {
        for (members, values) in keys(config, entity) {
            let field = match &members[..] {
                [member] => member.clone(),
                _ => String::new(),
            };
            let key = (entity.collection, members, values);
            match seen.get(&key) {
                Some(first) => {
                    let by = config.entities()[*first].place.clone();
                    findings.push(Finding::of(entity, &field, Problem::Taken { by }));
                }
                None => {
                    seen.insert(key, number);
                }
            }
        }
    }
}

/// What of an entity no other one may have: names of members, and their values.
fn keys(config: &Config, entity: &Declared) -> Vec<(Vec<String>, Vec<String>)> {
    let schema = entity.schema();
    let mut keys = Vec::new();
    let unique = schema.fields.iter().filter(|(_, field)| field.unique);
    for (member, _) in unique.chain(schema.fields.get_key_value("id")) {
        if let Some(Value::String(value)) = entity.fields.get(member) {
            keys.push((vec![member.clone()], vec![value.clone()]));
        }
    }
    for members in &schema.unique {
        let values: Vec<String> = members
            .iter()
            .map(|member| value(config, entity, member))
            .collect();
        if !values.is_empty() && !values[0].is_empty() {
            keys.push((members.clone(), values));
        }
    }
    keys
}

/// The value of a member as it is compared: what it refers to, or what it says.
fn value(config: &Config, entity: &Declared, member: &str) -> String {
    if let Some(link) = entity.links.get(member) {
        return match link {
            Some(number) => config.entities()[*number].place.clone(),
            None => entity
                .fields
                .get(member)
                .and_then(named)
                .unwrap_or("")
                .to_owned(),
        };
    }
    let value = entity.fields.get(member);
    value.and_then(named).unwrap_or_default().to_owned()
}
