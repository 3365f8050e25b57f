//! What holds a value against a schema.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::finding::{Finding, Problem};
use super::schema::{Check, Custom, Field, Kind};
use super::{Dialect, Edition, custom, formats};
use crate::Declared;

/// What has been found in one entity so far.
#[derive(Debug)]
pub(super) struct Judgement {
    pub(super) dialect: Dialect,
    findings: Vec<(String, Problem)>,
}

impl Judgement {
    pub(super) fn new(dialect: Dialect) -> Self {
        Self {
            dialect,
            findings: Vec::new(),
        }
    }

    pub(super) fn tell(&mut self, field: &str, problem: Problem) {
        self.findings.push((field.to_owned(), problem));
    }

    pub(super) fn is_clean(&self) -> bool {
        self.findings.is_empty()
    }

    pub(super) fn into_findings(self, entity: &Declared) -> Vec<Finding> {
        let findings = self.findings.into_iter();
        findings
            .map(|(field, problem)| Finding::of(entity, &field, problem))
            .collect()
    }

    /// The members of a record.
    pub(super) fn members(
        &mut self,
        fields: &BTreeMap<String, Field>,
        members: &Map<String, Value>,
        place: &str,
    ) {
        let Dialect {
            flavor, edition, ..
        } = self.dialect;
        let exists = |field: &Field| {
            field.flavor.is_none_or(|only| only == flavor)
                && (!field.enterprise || edition == Edition::Enterprise)
        };
        for (member, value) in members {
            let place = below(place, member);
            match fields.get(member).filter(|field| exists(field)) {
                None => self.tell(&place, Problem::Unknown),
                Some(field) => self.value(field, value, &place),
            }
        }
        for (member, field) in fields {
            let missing = !members.contains_key(member) && field.default.is_none();
            if !missing || !exists(field) || field.kind == Kind::Foreign {
                continue;
            }
            let place = below(place, member);
            if field.required {
                self.tell(&place, Problem::Required);
            } else if let Some(inner) = &field.fields {
                // Kong fills in a record that is not there, and then what is required in it is missing.
                self.members(inner, &Map::new(), &place);
            }
        }
    }

    /// One value.
    pub(super) fn value(&mut self, field: &Field, value: &Value, place: &str) {
        if value.is_null() {
            if field.required || field.never_null {
                self.tell(place, Problem::Required);
            }
            return;
        }
        if field.absent {
            self.tell(place, Problem::Forbidden("must not be set".into()));
            return;
        }
        if field.referenceable && is_reference(value) {
            return;
        }
        if let Some(problem) = kind(field.kind, value) {
            self.tell(place, problem);
            return;
        }
        if let Some(problem) = simple(field, value) {
            self.tell(place, problem);
            return;
        }
        match value {
            Value::Array(items) => {
                if let Some(element) = &field.elements {
                    for (index, item) in items.iter().enumerate() {
                        let place = format!("{place}[{index}]");
                        if item.is_null() {
                            self.tell(&place, Problem::Required);
                        } else {
                            self.value(element, item, &place);
                        }
                    }
                }
            }
            Value::Object(members) => self.object(field, members, place),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    fn object(&mut self, field: &Field, members: &Map<String, Value>, place: &str) {
        if let Some(fields) = &field.fields {
            let mut members = members.clone();
            for (member, shorthand) in &field.shorthands {
                if let Some(value) = members.remove(member) {
                    self.value(shorthand, &value, &below(place, member));
                }
            }
            if field.open {
                members.retain(|member, _| fields.contains_key(member));
            }
            let before = self.findings.len();
            self.members(fields, &members, place);
            if self.findings.len() == before {
                let members = filled(fields, &members);
                for check in &field.checks {
                    self.check(check, &members, place, None);
                }
            }
            return;
        }
        for (member, value) in members {
            let place = below(place, member);
            if let Some(key) = &field.keys {
                self.value(key, &Value::from(member.as_str()), &place);
            }
            if let Some(field) = &field.values {
                self.value(field, value, &place);
            }
        }
    }

    /// What members of an entity have to be together.
    pub(super) fn checks(
        &mut self,
        checks: &[Check],
        members: &Map<String, Value>,
        entity: &Declared,
    ) {
        // What is in parts of its own is looked at in any case; the rest only where each member is right.
        let clean = self.is_clean();
        for check in checks {
            let own = matches!(check, Check::Custom(Custom::Plugin | Custom::Vault));
            if clean || own {
                self.check(check, members, "", Some(entity));
            }
        }
    }

    fn check(
        &mut self,
        check: &Check,
        members: &Map<String, Value>,
        place: &str,
        entity: Option<&Declared>,
    ) {
        let there = |names: &[String]| {
            let there = names.iter().filter(|name| is_there(find(members, name)));
            there.count()
        };
        match check {
            Check::AtLeastOne(names) => {
                if there(names) == 0 {
                    self.tell(place, Problem::NoneThere(names.clone()));
                }
            }
            Check::ExactlyOne(names) => {
                if there(names) != 1 {
                    self.tell(place, Problem::NotOneThere(names.clone()));
                }
            }
            Check::AtMostOne(names) => {
                if there(names) > 1 {
                    self.tell(place, Problem::SeveralThere(names.clone()));
                }
            }
            Check::Together(names) => {
                if ![0, names.len()].contains(&there(names)) {
                    self.tell(place, Problem::NotTogether(names.clone()));
                }
            }
            Check::Distinct(names) => {
                let mut values: Vec<&Value> = names
                    .iter()
                    .filter_map(|name| find(members, name))
                    .collect();
                values.retain(|value| is_there(Some(value)));
                let same =
                    |value: &&&Value| values.iter().filter(|other| other == value).count() > 1;
                if values.iter().find(same).is_some() {
                    self.tell(place, Problem::Same(names.clone()));
                }
            }
            Check::If {
                member,
                is,
                then,
                must,
                message,
            } => {
                if fits(is, find(members, member)) {
                    let value = find(members, then).unwrap_or(&Value::Null);
                    let mut inner = Self::new(self.dialect);
                    inner.value(must, value, &below(place, then));
                    for (field, problem) in inner.findings {
                        self.tell(&field, said(problem, message.as_deref()));
                    }
                }
            }
            Check::IfOneOf {
                member,
                is,
                of,
                message,
            } => {
                if fits(is, find(members, member)) && there(of) == 0 {
                    self.tell(
                        place,
                        Problem::Look {
                            reason: message.clone(),
                            remedy: "add one of them".into(),
                        },
                    );
                }
            }
            Check::Custom(check) => custom::check(*check, members, place, entity, self),
        }
    }
}

/// A problem with the reason that the table gives.
fn said(problem: Problem, message: Option<&str>) -> Problem {
    match message {
        None => problem,
        Some(message) => Problem::Look {
            reason: message.to_owned(),
            remedy: problem.remedy(),
        },
    }
}

/// Whether a value is what a condition asks for. What is not there is nothing that a condition asks for.
fn fits(field: &Field, value: Option<&Value>) -> bool {
    let Some(value) = value.filter(|value| !value.is_null()) else {
        return false;
    };
    let elements = field.elements.as_ref().is_none_or(|element| {
        value
            .as_array()
            .is_some_and(|items| items.iter().all(|item| simple(element, item).is_none()))
    });
    elements && simple(field, value).is_none()
}

/// What is wrong with a value by itself, without what is in it.
fn simple(field: &Field, value: &Value) -> Option<Problem> {
    if let Some(values) = &field.one_of
        && !values.contains(value)
    {
        return Some(Problem::OneOf(values.clone()));
    }
    if let Some(values) = &field.not_one_of
        && values.contains(value)
    {
        return Some(Problem::NoneOf(values.clone()));
    }
    if let Some(number) = value.as_f64() {
        if let Some((least, most)) = field.between
            && !(least..=most).contains(&number)
        {
            return Some(Problem::Between(least, most));
        }
        if let Some(limit) = field.above
            && number <= limit
        {
            return Some(Problem::Above(limit));
        }
    }
    if let Some(problem) = length(field, value) {
        return Some(problem);
    }
    if let Some(items) = value.as_array() {
        if let Some(item) = &field.contains
            && !items.contains(item)
        {
            return Some(Problem::Lacks(item.clone()));
        }
        if sets_of(&field.exclusive, items) > 1 {
            return Some(Problem::Exclusive(field.exclusive.clone()));
        }
    }
    value.as_str().and_then(|text| self::text(field, text))
}

fn length(field: &Field, value: &Value) -> Option<Problem> {
    let (length, least) = match value {
        Value::String(text) => (text.len(), field.shortest.unwrap_or(1)),
        Value::Array(items) => (items.len(), field.shortest.unwrap_or(0)),
        Value::Object(members) => (members.len(), field.shortest.unwrap_or(0)),
        Value::Null | Value::Bool(_) | Value::Number(_) => return None,
    };
    if length < least {
        return Some(Problem::TooShort(least));
    }
    let most = field.longest?;
    (length > most).then_some(Problem::TooLong(most))
}

fn text(field: &Field, text: &str) -> Option<Problem> {
    if text.is_empty() {
        return None;
    }
    if let Some(beginning) = &field.starts_with
        && !text.starts_with(beginning)
    {
        return Some(Problem::Beginning(beginning.clone()));
    }
    if let Some(pattern) = &field.matches
        && !pattern.is_match(text)
    {
        return Some(Problem::Look {
            reason: format!("invalid value \"{text}\""),
            remedy: format!("write what matches {pattern}"),
        });
    }
    for never in &field.never {
        let pattern = never.pattern.as_ref()?;
        if pattern.is_match(text) {
            return Some(Problem::Look {
                reason: never.message.clone(),
                remedy: "write it otherwise".into(),
            });
        }
    }
    let format = field.format.as_deref()?;
    formats::check(format, text).err()
}

fn sets_of(sets: &[Vec<String>], items: &[Value]) -> usize {
    let has = |set: &&Vec<String>| {
        let item = |item: &Value| {
            item.as_str()
                .is_some_and(|item| set.iter().any(|one| one == item))
        };
        items.iter().any(item)
    };
    sets.iter().filter(has).count()
}

fn kind(kind: Kind, value: &Value) -> Option<Problem> {
    let (right, name) = match kind {
        Kind::Any | Kind::Foreign => return None,
        Kind::Text => (value.is_string(), "a text"),
        Kind::Integer => {
            let whole = value.as_f64().is_some_and(|number| number.fract() == 0.0);
            (whole, "an integer")
        }
        Kind::Number => (value.is_number(), "a number"),
        Kind::Boolean => (value.is_boolean(), "a boolean"),
        Kind::List => {
            // An empty object and an empty list are one thing to Lua.
            let empty = value.as_object().is_some_and(Map::is_empty);
            (value.is_array() || empty, "a list")
        }
        Kind::Map | Kind::Record => {
            let empty = value.as_array().is_some_and(Vec::is_empty);
            (value.is_object() || empty, "an object")
        }
    };
    (!right).then_some(Problem::Type(name))
}

/// Whether a value is kept in a vault.
fn is_reference(value: &Value) -> bool {
    value
        .as_str()
        .is_some_and(|text| text.starts_with("{vault://") && text.ends_with('}'))
}

/// Members with what Kong puts in for those that are missing.
pub(super) fn filled(
    fields: &BTreeMap<String, Field>,
    members: &Map<String, Value>,
) -> Map<String, Value> {
    let mut members = members.clone();
    for (name, field) in fields {
        if let Some(default) = &field.default {
            members
                .entry(name.clone())
                .or_insert_with(|| default.clone());
        }
        if let Some(inner) = &field.fields {
            let value = members
                .entry(name.clone())
                .or_insert_with(|| Map::new().into());
            if let Value::Object(inside) = value {
                *inside = filled(inner, inside);
            }
        }
    }
    members
}

/// The value at a path of members.
pub(super) fn find<'a>(members: &'a Map<String, Value>, path: &str) -> Option<&'a Value> {
    let mut steps = path.split('.');
    let first = members.get(steps.next()?)?;
    steps.try_fold(first, |value, step| value.get(step))
}

/// Whether there is something that is not empty.
pub(super) fn is_there(value: Option<&Value>) -> bool {
    match value {
        None | Some(Value::Null) => false,
        Some(Value::String(text)) => !text.is_empty(),
        Some(Value::Array(items)) => !items.is_empty(),
        Some(Value::Object(members)) => !members.is_empty(),
        Some(Value::Bool(_) | Value::Number(_)) => true,
    }
}

pub(super) fn below(place: &str, member: &str) -> String {
    if place.is_empty() {
        member.to_owned()
    } else {
        format!("{place}.{member}")
    }
}
