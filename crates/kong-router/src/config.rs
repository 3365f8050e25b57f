//! A declarative configuration of Kong, as decK and Kong itself read it.
//!
//! The document is kept whole, with everything that nobody here knows. Beside it lies a flat list of what is
//! declared in it, nested or not, with its id, its place in the document and the entities that it refers to. The
//! types of single entities are those of `kong-model`; [`Declared::typed`] reads one. Nothing is refused here that
//! can be read at all: what Kong would say about it is for [`crate::validate`].

mod migrate;
mod read;

use std::collections::BTreeMap;
use std::fmt;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::identity;
use crate::rules::schema::{self, Collection};

pub(crate) use read::named;

/// A declarative configuration.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    document: Map<String, Value>,
    entities: Vec<Declared>,
}

/// Why a text is no declarative configuration.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// It is neither JSON nor YAML.
    #[error("the configuration is neither JSON nor YAML: {0}")]
    Syntax(String),
    /// It is something else than an object.
    #[error("the configuration is no object with collections such as \"services\"")]
    NoObject,
}

/// One entity in a configuration.
#[derive(Clone, Debug, PartialEq)]
pub struct Declared {
    /// The name of its collection: `routes`.
    pub collection: &'static str,
    /// Where it stands: `services[0].routes[1]`.
    pub place: String,
    /// Its members, without the entities nested in it.
    pub fields: Map<String, Value>,
    /// The entity that it is nested in, by its number in [`Config::entities`].
    pub parent: Option<usize>,
    /// What it refers to, by the name of the member. A reference to nothing is `None`.
    pub links: BTreeMap<&'static str, Option<usize>>,
}

/// An entity whose members have other types than Kong's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place} cannot be read: {reason}")]
pub struct Untyped {
    /// Where it stands.
    pub place: String,
    /// What was expected.
    pub reason: String,
}

impl Config {
    /// Reads JSON or YAML.
    pub fn read(text: &str) -> Result<Self, Unreadable> {
        let json = text.trim_start().starts_with('{');
        let value = if json {
            serde_json::from_str(text).map_err(|error| Unreadable::Syntax(error.to_string()))?
        } else {
            serde_yaml::from_str(text).map_err(|error| Unreadable::Syntax(error.to_string()))?
        };
        match value {
            Value::Object(document) => Ok(Self::new(document)),
            _ => Err(Unreadable::NoObject),
        }
    }

    /// Takes a document that has been read already.
    pub fn new(document: Map<String, Value>) -> Self {
        let mut entities = read::flatten(&document);
        if migrate::is_old(&document) {
            entities.iter_mut().for_each(migrate::paths);
        }
        Self { document, entities }
    }

    /// The document as it was read.
    pub fn document(&self) -> &Map<String, Value> {
        &self.document
    }

    /// Everything that is declared; what is nested follows what it is nested in.
    pub fn entities(&self) -> &[Declared] {
        &self.entities
    }

    /// What is declared of one collection, with its number in [`Config::entities`].
    pub fn of<'a>(
        &'a self,
        collection: &'a str,
    ) -> impl Iterator<Item = (usize, &'a Declared)> + 'a {
        self.entities
            .iter()
            .enumerate()
            .filter(move |(_, entity)| entity.collection == collection)
    }
}

impl Declared {
    pub(crate) fn schema(&self) -> &'static Collection {
        schema::collection(self.collection).expect("collections come from the table")
    }

    /// What it is called among its like: its name, for a consumer its user name.
    pub fn name(&self) -> Option<&str> {
        let key = self.schema().key.as_deref()?;
        self.fields.get(key)?.as_str()
    }

    /// Its id: that in the configuration, else the one that follows from its name. Without either Kong makes up a
    /// new one each time.
    pub fn id(&self) -> Option<Uuid> {
        match self.fields.get("id").and_then(Value::as_str) {
            Some(id) => Uuid::parse_str(id).ok(),
            None => Some(identity::of_entity(self.collection, self.name()?)),
        }
    }

    /// What to call it when speaking of it: its name, else its id, else its place.
    pub fn label(&self) -> &str {
        self.name()
            .or_else(|| self.fields.get("id").and_then(Value::as_str))
            .unwrap_or(&self.place)
    }

    /// The number of the entity that a member refers to.
    pub fn link(&self, member: &str) -> Option<usize> {
        self.links.get(member).copied().flatten()
    }

    /// The entity as a type of `kong-model`. References are left out: [`Declared::link`] has them.
    pub fn typed<E: DeserializeOwned>(&self) -> Result<E, Untyped> {
        let mut fields = self.fields.clone();
        for member in self.schema().references() {
            fields.remove(member.0);
        }
        serde_json::from_value(Value::Object(fields)).map_err(|error| Untyped {
            place: self.place.clone(),
            reason: error.to_string(),
        })
    }
}

impl fmt::Display for Declared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => write!(f, "{} \"{name}\"", self.place),
            None => f.write_str(&self.place),
        }
    }
}

#[cfg(test)]
mod tests {
    use kong_model::entity::{Route, Service};

    use super::*;

    const FLAT_AND_NESTED: &str = r#"
_format_version: "3.0"
_info: {select_tags: [team]}
services:
- name: shop
  url: https://shop.test/base
  new_member: kept
  routes:
  - name: nested
    paths: [/a]
    plugins:
    - name: cors
routes:
- name: flat
  service: {name: shop}
  paths: [/b]
- name: lost
  service: nobody
  paths: [/c]
"#;

    #[test]
    fn nested_and_flat_entities_are_found_alike() {
        let config = Config::read(FLAT_AND_NESTED).unwrap();
        let routes: Vec<_> = config.of("routes").map(|(_, route)| route).collect();
        let (shop, _) = config.of("services").next().unwrap();
        let found: Vec<_> = routes
            .iter()
            .map(|route| {
                (
                    route.name().unwrap(),
                    route.place.as_str(),
                    route.link("service"),
                )
            })
            .collect();
        assert_eq!(
            found,
            [
                ("flat", "routes[0]", Some(shop)),
                ("lost", "routes[1]", None),
                ("nested", "services[0].routes[0]", Some(shop)),
            ]
        );
        assert_eq!(routes[1].links["service"], None);
        let (_, plugin) = config.of("plugins").next().unwrap();
        assert_eq!(plugin.place, "services[0].routes[0].plugins[0]");
        assert_eq!(
            config.entities()[plugin.link("route").unwrap()].label(),
            "nested"
        );
    }

    #[test]
    fn what_nobody_knows_is_kept() {
        let config = Config::read(FLAT_AND_NESTED).unwrap();
        assert_eq!(config.document()["_info"]["select_tags"][0], "team");
        let (_, service) = config.of("services").next().unwrap();
        let service: Service = service.typed().unwrap();
        assert_eq!(service.others.0["new_member"], "kept");
    }

    #[test]
    fn the_url_of_a_service_stands_for_four_members() {
        let config = Config::read(FLAT_AND_NESTED).unwrap();
        let (_, service) = config.of("services").next().unwrap();
        let service: Service = service.typed().unwrap();
        assert_eq!(
            (service.host.as_str(), service.port),
            ("shop.test", Some(443))
        );
        assert_eq!(service.path.as_deref(), Some("/base"));
    }

    #[test]
    fn an_old_format_still_knows_patterns_by_their_look() {
        let text = r#"{"_format_version": "2.1", "routes": [{"name": "r", "paths": ["/a", "/b\\d+", "~/c"]}]}"#;
        let config = Config::read(text).unwrap();
        let route: Route = config.entities()[0].typed().unwrap();
        assert_eq!(route.paths.unwrap(), ["/a", "~/b\\d+", "~/c"]);
        let new = Config::read(&text.replace("2.1", "3.0")).unwrap();
        let route: Route = new.entities()[0].typed().unwrap();
        assert_eq!(route.paths.unwrap(), ["/a", "/b\\d+", "~/c"]);
    }

    #[test]
    fn what_is_no_object_is_refused() {
        assert!(matches!(Config::read("- a"), Err(Unreadable::NoObject)));
        assert!(matches!(Config::read("{"), Err(Unreadable::Syntax(_))));
    }

    #[test]
    fn a_member_of_another_type_is_named_with_its_place() {
        let config = Config::read(r#"{"routes": [{"name": "r", "paths": "/"}]}"#).unwrap();
        let error = config.entities()[0].typed::<Route>().unwrap_err();
        assert_eq!(error.place, "routes[0]");
    }
}
