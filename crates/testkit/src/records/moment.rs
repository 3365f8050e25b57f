//! What there is after a step: the same words for Kong's operator and for us. Names are in their common
//! form throughout. Depends on the model for normal forms; start with [`Moment`].

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde_json::Value;

use kong_model::{Collection, Normal};

use super::entity::{Entities, place, uid};
use super::names::{neutral, neutral_value, without_ids};
use super::record::{After, is_plain};

/// Parts of a status that Konnect words, and its look-alikes otherwise: that they are there is all that can be
/// compared.
pub(crate) const WORDS_OF_KONNECT: [&str; 2] = [
    "konnectEndpoints.controlPlane",
    "konnectEndpoints.telemetry",
];

/// An object: kind, namespace, name.
pub type ObjectName = (String, String, String);

/// What there is after a step, and what was done in it.
#[derive(Clone, Debug, Default)]
pub struct Moment {
    /// Whether all had come to rest.
    pub settled: bool,
    /// Parts of the step that were refused.
    pub rejected: Vec<Rejection>,
    /// All objects but grants.
    pub objects: BTreeMap<ObjectName, Seen>,
    /// Requests that asked Konnect for a change, each once.
    pub writes: Vec<Write>,
    /// What Konnect holds; records do not say.
    pub held: BTreeMap<(Collection, String), Normal>,
    /// Entities about which no two recordings agree.
    pub varying: BTreeSet<(Collection, String)>,
}

/// A part of a step that was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    /// Of what object: `KIND/NAMESPACE/NAME`.
    pub object: String,
    /// Code and message.
    pub answer: String,
}

/// An object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Its finalizers, sorted.
    pub finalizers: Vec<String>,
    /// Whether it is being deleted.
    pub deleting: bool,
    /// Its conditions by type.
    pub conditions: BTreeMap<String, Condition>,
    /// The rest of its status: path and value of every leaf.
    pub status: BTreeMap<String, String>,
    /// Whether the operator made it.
    pub made: bool,
    /// Whether recordings disagree about it.
    pub varies: bool,
}

/// What a condition says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// `True`, `False` or `Unknown`.
    pub status: String,
    /// One word.
    pub reason: String,
    /// The sentence for people.
    pub message: String,
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} \"{}\"", self.status, self.reason, self.message)
    }
}

/// A request that asked for a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Write {
    /// The collection.
    pub collection: Collection,
    /// The entity.
    pub entity: String,
    /// The object that it is made from, if the body says so.
    pub owner: Option<String>,
    /// What it is to be; `None` is a deletion.
    pub body: Option<Normal>,
}

impl Moment {
    /// What a record says.
    pub(crate) fn recorded(after: &After, entities: &mut Entities) -> Self {
        let mut moment = Self {
            settled: after.settled,
            ..Self::default()
        };
        moment.rejected = after.rejected.iter().map(Rejection::recorded).collect();
        for object in &after.objects {
            let object = neutral_value(object);
            if !is_plain(object["kind"].as_str().unwrap_or_default()) {
                let seen = Seen::recorded(&object);
                moment.objects.insert(name_of(&object, &object), seen);
            }
        }
        for request in &after.konnect {
            let (method, path) = (text(request, "method"), neutral(&text(request, "path")));
            let body = request
                .get("body")
                .filter(|body| !body.is_null())
                .map(neutral_value);
            let (Some(place), true) = (place(&path), method != "GET") else {
                continue;
            };
            let entity = entities.key(&place, body.as_ref());
            if request["varies"] == true {
                moment.varying.insert((place.collection, entity));
            } else {
                moment.note(place.collection, entity, body.as_ref());
            }
        }
        moment
    }

    /// What is otherwise here than there, a line each: refusals, objects, what Konnect holds. Requests are not
    /// compared, because how many it takes depends on who is faster.
    pub fn apart(&self, here: &str, other: &Self, there: &str) -> Vec<String> {
        let (ours, theirs) = (self.facts(), other.facts());
        let only = |place: &str, facts: &BTreeSet<String>, others: &BTreeSet<String>| {
            let only = facts.difference(others);
            only.map(|fact| format!("only {place}: {fact}"))
                .collect::<Vec<_>>()
        };
        let mut lines = only(here, &ours, &theirs);
        lines.extend(only(there, &theirs, &ours));
        lines
    }

    /// All that there is, a line each.
    fn facts(&self) -> BTreeSet<String> {
        let rejected = self.rejected.iter();
        let rejected = rejected.map(|it| format!("{} rejected: {}", it.object, it.answer));
        let objects = self.objects.iter().flat_map(|(name, seen)| {
            let (kind, namespace, name) = name;
            let facts = seen.facts().into_iter();
            facts.map(move |fact| format!("{kind} {namespace}/{name} {fact}"))
        });
        let held = self.held.iter();
        let held = held.map(|((collection, name), body)| format!("{collection} {name} {body:?}"));
        let mut counted: BTreeMap<String, usize> = BTreeMap::new();
        for fact in rejected.chain(objects).chain(held) {
            *counted.entry(without_ids(&fact)).or_default() += 1;
        }
        let counted = counted.into_iter();
        counted
            .map(|(fact, count)| match count {
                1 => fact,
                count => format!("{count} times {fact}"),
            })
            .collect()
    }

    /// Notes a request, unless it repeats one.
    pub(crate) fn note(&mut self, collection: Collection, entity: String, body: Option<&Value>) {
        let write = Write {
            collection,
            entity,
            owner: body.and_then(uid),
            body: body.map(|body| Normal::from((collection, body))),
        };
        if !self.writes.contains(&write) {
            self.writes.push(write);
        }
    }
}

impl Rejection {
    fn recorded(value: &Value) -> Self {
        let object = ["object", "path"]
            .iter()
            .find_map(|field| value[field].as_str());
        Self {
            object: neutral(object.unwrap_or_default()),
            answer: neutral(&text(value, "answer")),
        }
    }
}

impl Seen {
    fn recorded(object: &Value) -> Self {
        Self {
            finalizers: finalizers(&object["finalizers"]),
            deleting: object["deleting"] == true,
            conditions: conditions(&object["conditions"]),
            status: leaves(&object["status"]),
            made: object.get("createdByOperator").is_some(),
            varies: object["varies"] == true,
        }
    }

    /// All that is known of it, a line each.
    fn facts(&self) -> Vec<String> {
        let mut facts = vec![format!("has finalizers {}", self.finalizers.join(", "))];
        facts.extend(self.deleting.then(|| "is being deleted".to_owned()));
        let conditions = self.conditions.iter();
        facts.extend(conditions.map(|(name, condition)| format!("is {name} {condition}")));
        facts.extend(self.status.iter().map(|(path, value)| {
            let value = if WORDS_OF_KONNECT.contains(&&**path) {
                "there"
            } else {
                value
            };
            format!("has status {path} {value}")
        }));
        facts
    }

    /// An object as the API server has it, names in their common form.
    pub(crate) fn stored(object: &Value) -> Self {
        let mut status = object["status"].clone();
        if let Some(status) = status.as_object_mut() {
            status.remove("conditions");
        }
        Self {
            finalizers: finalizers(&object["metadata"]["finalizers"]),
            deleting: object["metadata"]["deletionTimestamp"].is_string(),
            conditions: conditions(&object["status"]["conditions"]),
            status: leaves(&status),
            made: false,
            varies: false,
        }
    }
}

/// The name of an object whose namespace and name stand in `meta`.
pub(crate) fn name_of(object: &Value, meta: &Value) -> ObjectName {
    (
        text(object, "kind"),
        text(meta, "namespace"),
        text(meta, "name"),
    )
}

fn text(value: &Value, field: &str) -> String {
    value[field].as_str().unwrap_or_default().to_owned()
}

fn finalizers(value: &Value) -> Vec<String> {
    let names = value
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str);
    let mut names: Vec<String> = names.map(str::to_owned).collect();
    names.sort();
    names
}

fn conditions(value: &Value) -> BTreeMap<String, Condition> {
    let conditions = value.as_array().into_iter().flatten().map(|condition| {
        let says = Condition {
            status: text(condition, "status"),
            reason: text(condition, "reason"),
            message: text(condition, "message"),
        };
        (text(condition, "type"), says)
    });
    conditions.collect()
}

fn leaves(value: &Value) -> BTreeMap<String, String> {
    fn walk(path: &str, value: &Value, into: &mut BTreeMap<String, String>) {
        let step = |name: &str| {
            if path.is_empty() {
                name.to_owned()
            } else {
                format!("{path}.{name}")
            }
        };
        match value {
            Value::Object(members) => {
                for (field, value) in members {
                    walk(&step(field), value, into);
                }
            }
            Value::Array(items) => {
                for (index, value) in items.iter().enumerate() {
                    walk(&step(&index.to_string()), value, into);
                }
            }
            Value::Null => {}
            Value::String(text) if text.is_empty() => {}
            Value::String(text) => {
                into.insert(path.to_owned(), text.clone());
            }
            Value::Bool(_) | Value::Number(_) => {
                into.insert(path.to_owned(), value.to_string());
            }
        }
    }
    let mut into = BTreeMap::new();
    walk("", value, &mut into);
    into
}
