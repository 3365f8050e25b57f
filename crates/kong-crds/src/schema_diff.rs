//! Semantic comparison of custom resource definitions: what would make an API server, kubectl or a
//! user's manifest behave differently. Descriptions and order do not.
//!
//! Both sides are brought into a normal form in which lists that are sets are keyed by their members,
//! and then compared node by node. Start with [`compare`].

mod normal;

use std::{collections::BTreeMap, fmt};

use serde_json::Value;

/// What one definition says and the other does not.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// Name of the definition.
    pub definition: String,
    /// Path in the definition; members of sets stand in brackets.
    pub path: String,
    /// What ours says there; `None` if nothing.
    pub ours: Option<Value>,
    /// What theirs says there; `None` if nothing.
    pub theirs: Option<Value>,
}

impl fmt::Display for Difference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            definition,
            path,
            ours,
            theirs,
        } = self;
        write!(formatter, "{definition}: {path}: ours ")?;
        say(ours.as_ref(), formatter)?;
        formatter.write_str(", theirs ")?;
        say(theirs.as_ref(), formatter)
    }
}

fn say(side: Option<&Value>, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
    match side {
        Some(value) => write!(formatter, "{value}"),
        None => formatter.write_str("nothing"),
    }
}

/// The outcome of a comparison.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Comparison {
    /// Every difference, by definition and path. One of ours that is missing among theirs is one.
    pub differences: Vec<Difference>,
    /// How many of theirs we have nothing of.
    pub unserved: usize,
}

/// Compares our definitions with those of the same name among theirs.
pub fn compare(ours: &[Value], theirs: &[Value]) -> Comparison {
    let by_name = |definitions: &[Value]| -> BTreeMap<String, Value> {
        definitions
            .iter()
            .map(|it| (name_of(it).to_owned(), normal::definition(it)))
            .collect()
    };
    let (ours, theirs) = (by_name(ours), by_name(theirs));
    let mut differences = Vec::new();
    for (name, own) in &ours {
        let mut found = Vec::new();
        match theirs.get(name) {
            Some(other) => walk("$", Some(own), Some(other), &mut found),
            None => found.push(("$".to_owned(), Some("the definition".into()), None)),
        }
        differences.extend(found.into_iter().map(|(path, ours, theirs)| Difference {
            definition: name.clone(),
            path,
            ours,
            theirs,
        }));
    }
    let unserved = theirs
        .keys()
        .filter(|name| !ours.contains_key(*name))
        .count();
    Comparison {
        differences,
        unserved,
    }
}

fn name_of(definition: &Value) -> &str {
    definition["metadata"]["name"].as_str().unwrap_or_default()
}

/// A difference within one definition: path, ours, theirs.
type Found = (String, Option<Value>, Option<Value>);

fn walk(path: &str, ours: Option<&Value>, theirs: Option<&Value>, found: &mut Vec<Found>) {
    if let (Some(Value::Object(ours)), Some(Value::Object(theirs))) = (ours, theirs) {
        let added = theirs.keys().filter(|key| !ours.contains_key(*key));
        for key in ours.keys().chain(added) {
            // Members of sets bring their brackets along.
            let dot = if key.starts_with('[') { "" } else { "." };
            walk(
                &format!("{path}{dot}{key}"),
                ours.get(key),
                theirs.get(key),
                found,
            );
        }
    } else if ours != theirs {
        found.push((path.to_owned(), ours.cloned(), theirs.cloned()));
    }
}

#[cfg(test)]
mod tests;
