//! Kong's schemas, read from tables: what each collection, each plugin and each vault may hold.
//!
//! The tables are `data/*.json`. A field says what it is (`type`) and what else it has to be; `use` takes over
//! everything that another one says, from `data/types.json`. [`Field`] lists the words.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::Regex;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use crate::Flavor;

/// A collection of entities.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Collection {
    #[serde(skip)]
    name: String,
    /// The member that names an entity among its like.
    #[serde(default)]
    pub(crate) key: Option<String>,
    pub(crate) fields: BTreeMap<String, Field>,
    #[serde(default)]
    pub(crate) checks: Vec<Check>,
    /// Combinations of members that no two entities may share.
    #[serde(default)]
    pub(crate) unique: Vec<Vec<String>>,
    /// Members that stand for others, and are not kept.
    #[serde(default)]
    pub(crate) shorthands: BTreeMap<String, Field>,
}

impl Collection {
    pub(crate) fn name(&'static self) -> &'static str {
        &self.name
    }

    /// Members that refer to entities, and to those of which collection.
    pub(crate) fn references(&'static self) -> impl Iterator<Item = (&'static str, &'static str)> {
        self.fields.iter().filter_map(|(member, field)| {
            let to = field.reference.as_deref()?;
            Some((member.as_str(), to))
        })
    }
}

/// A plugin.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Plugin {
    /// The higher, the earlier it runs.
    pub(crate) priority: i64,
    /// What `config` may hold. Nothing if that is not in the table: then anything goes.
    #[serde(default)]
    pub(crate) config: Option<Field>,
    /// Checks of the whole entity.
    #[serde(default)]
    pub(crate) checks: Vec<Check>,
    #[serde(default)]
    pub(crate) protocols: Protocols,
    /// Scopes that it does not take.
    #[serde(default)]
    pub(crate) without: Vec<String>,
}

/// Which protocols a plugin can serve.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Protocols {
    #[default]
    Http,
    HttpAndStream,
}

/// What a value has to be. What is not said does not matter.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a word of the tables"
)]
pub(crate) struct Field {
    #[serde(rename = "type")]
    pub(crate) kind: Kind,
    pub(crate) required: bool,
    /// It may be missing, but it must not be null.
    pub(crate) never_null: bool,
    pub(crate) default: Option<Value>,
    pub(crate) one_of: Option<Vec<Value>>,
    pub(crate) not_one_of: Option<Vec<Value>>,
    /// Both ends included.
    pub(crate) between: Option<(f64, f64)>,
    pub(crate) above: Option<f64>,
    /// Texts have at least one character unless this says otherwise.
    pub(crate) shortest: Option<usize>,
    pub(crate) longest: Option<usize>,
    pub(crate) starts_with: Option<String>,
    #[serde(deserialize_with = "pattern")]
    pub(crate) matches: Option<Regex>,
    pub(crate) never: Vec<Never>,
    /// One of the checks of `formats`.
    pub(crate) format: Option<String>,
    /// It must not be there at all.
    pub(crate) absent: bool,
    /// A list has this somewhere.
    pub(crate) contains: Option<Value>,
    pub(crate) elements: Option<Box<Self>>,
    pub(crate) keys: Option<Box<Self>>,
    pub(crate) values: Option<Box<Self>>,
    pub(crate) fields: Option<BTreeMap<String, Self>>,
    /// Whether a record may have members besides, of which the table knows nothing.
    pub(crate) open: bool,
    /// Members of a record that stand for others.
    pub(crate) shorthands: BTreeMap<String, Self>,
    pub(crate) checks: Vec<Check>,
    /// The collection that a `foreign` value refers to.
    pub(crate) reference: Option<String>,
    /// A value in a vault may stand for it.
    pub(crate) referenceable: bool,
    pub(crate) unique: bool,
    /// Sets of values of which a list may have one only.
    pub(crate) exclusive: Vec<Vec<String>>,
    /// The only flavour that has it.
    pub(crate) flavor: Option<Flavor>,
    /// Whether open-source Kong does not have it.
    pub(crate) enterprise: bool,
}

/// A pattern that a text must not have, and why.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Never {
    #[serde(deserialize_with = "pattern")]
    pub(crate) pattern: Option<Regex>,
    pub(crate) message: String,
}

/// What a value is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    #[default]
    Any,
    Text,
    Integer,
    Number,
    Boolean,
    List,
    Map,
    Record,
    /// A reference to another entity.
    Foreign,
}

/// What several members have to be together.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Check {
    /// One of these is there and not empty.
    AtLeastOne(Vec<String>),
    /// Exactly one of these is there and not empty.
    ExactlyOne(Vec<String>),
    /// Not more than one of these is there.
    AtMostOne(Vec<String>),
    /// All of these are there, or none.
    Together(Vec<String>),
    /// No two of these are the same.
    Distinct(Vec<String>),
    /// If one is like this, another is like that.
    If {
        member: String,
        is: Box<Field>,
        then: String,
        must: Box<Field>,
        #[serde(default)]
        message: Option<String>,
    },
    /// If one is like this, one of the others is there.
    IfOneOf {
        member: String,
        is: Box<Field>,
        of: Vec<String>,
        message: String,
    },
    /// One of the checks that are written out in `custom`.
    Custom(Custom),
}

/// A check that no table can say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Custom {
    /// A certificate is for its key.
    CertificatePair,
    /// The limits in `config` grow with their periods.
    LimitsInOrder,
    /// One of the flows of OAuth 2 is enabled.
    Oauth2Flow,
    /// Limits grow with their periods.
    PeriodsInOrder,
    /// A plugin is one that there is, and its configuration is right.
    Plugin,
    /// The router takes the expression of a route.
    RouteExpression,
    /// What an answer is made of goes together.
    Termination,
    /// The certificate of an authority has not expired.
    Unexpired,
    /// A vault is one that there is, and its configuration is right.
    Vault,
}

fn pattern<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Regex>, D::Error> {
    let text = String::deserialize(deserializer)?;
    Regex::new(&text)
        .map(Some)
        .map_err(serde::de::Error::custom)
}

type Collections = BTreeMap<String, Collection>;

static TYPES: LazyLock<Map<String, Value>> =
    LazyLock::new(|| table(include_str!("../../data/types.json")));
static COLLECTIONS: LazyLock<Collections> = LazyLock::new(|| {
    let mut collections: Collections = typed(include_str!("../../data/collections.json"));
    for (name, collection) in &mut collections {
        collection.name.clone_from(name);
    }
    collections
});
static PLUGINS: LazyLock<BTreeMap<String, Plugin>> = LazyLock::new(|| {
    let mut plugins: BTreeMap<String, Plugin> = typed(include_str!("../../data/plugins.json"));
    plugins.extend(typed::<BTreeMap<String, Plugin>>(include_str!(
        "../../data/plugins-more.json"
    )));
    plugins
});
static VAULTS: LazyLock<BTreeMap<String, Field>> =
    LazyLock::new(|| typed(include_str!("../../data/vaults.json")));

fn table(text: &str) -> Map<String, Value> {
    serde_json::from_str(text).expect("the tables of this crate are JSON objects")
}

fn typed<T: serde::de::DeserializeOwned>(text: &str) -> T {
    let mut value = Value::Object(table(text));
    resolve(&mut value);
    serde_json::from_value(value).expect("the tables of this crate are well-formed")
}

/// Puts in everywhere what `use` names; what is said beside it goes before.
fn resolve(value: &mut Value) {
    match value {
        Value::Object(members) => {
            while let Some(Value::String(name)) = members.get("use").cloned() {
                members.remove("use");
                let base = TYPES.get(&name).and_then(Value::as_object);
                let base = base.expect("a table uses types that there are");
                for (member, value) in base {
                    members.entry(member).or_insert_with(|| value.clone());
                }
            }
            members.values_mut().for_each(resolve);
        }
        Value::Array(items) => items.iter_mut().for_each(resolve),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// All collections, by name.
pub(crate) fn collections() -> &'static Collections {
    &COLLECTIONS
}

/// One collection.
pub(crate) fn collection(name: &str) -> Option<&'static Collection> {
    COLLECTIONS.get(name)
}

/// Collections whose entities may be nested in those of this one, and by which member they refer to it.
pub(crate) fn children(parent: &'static str) -> impl Iterator<Item = (&'static str, &'static str)> {
    COLLECTIONS.iter().filter_map(move |(name, collection)| {
        let mut references = collection.references();
        let (member, _) = references.find(|(_, to)| *to == parent)?;
        Some((name.as_str(), member))
    })
}

/// One plugin.
pub(crate) fn plugin(name: &str) -> Option<&'static Plugin> {
    PLUGINS.get(name)
}

/// What the configuration of a vault may hold, for the vaults of this edition.
pub(crate) fn vault(name: &str) -> Option<&'static Field> {
    VAULTS.get(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_can_be_read() {
        assert!(collection("services").is_some());
        assert!(plugin("key-auth").is_some());
        assert!(vault("env").is_some());
    }

    #[test]
    fn references_lead_to_collections_that_there_are() {
        for (name, row) in collections() {
            for (member, to) in row.references() {
                assert!(collection(to).is_some(), "{name}.{member}");
            }
        }
    }

    #[test]
    fn entities_nest_where_they_refer_to() {
        let in_routes: Vec<_> = children("routes").map(|(child, _)| child).collect();
        assert_eq!(in_routes, ["filter_chains", "plugins"]);
    }
}
