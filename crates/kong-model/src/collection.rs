//! The table of everything Konnect stores for us: paths, parents, defaults, what is secret, what is
//! unique, what a deletion takes along.
//!
//! The quirks of the API are rows here and nowhere else. A new kind of entity is a new variant and a
//! new row in `rows`. Sources: konnect.md 5.4, 5.5 and the vendor's OpenAPI document.

mod rows;

use std::fmt;
use std::sync::{Arc, LazyLock};

use serde_json::{Map, Value};

use crate::body::Body;

use rows::{NAME, ROWS, Row, Unique};

/// A collection of entities in Konnect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Collection {
    /// The organisation that a token belongs to: read, never written.
    Identity,
    /// Control planes and control plane groups.
    ControlPlanes,
    /// The members of a control plane group: one list a group.
    GroupMemberships,
    /// Certificates with their keys.
    Certificates,
    /// Upstreams.
    Upstreams,
    /// Services.
    Services,
    /// Routes.
    Routes,
    /// Targets of upstreams.
    Targets,
    /// Plugins, in whatever scope.
    Plugins,
}

/// How answers and lists of a collection look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// `GET` of one object, nothing else.
    Identity,
    /// `{data, meta: {page: {number, size, total}}}`, numbered pages.
    Numbered,
    /// `{data, offset}`, cursors; `PUT` is an upsert under an id of our choice.
    Core,
    /// One list of ids that belongs to its parent and goes with it.
    Membership,
}

/// How an entity that exists is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Update {
    /// Never.
    No,
    /// `PUT` of the whole body, which also creates.
    Put,
    /// `PATCH` of the body without the named fields; created by `POST`.
    Patch {
        /// Fields that only a creation takes.
        without: &'static [&'static str],
    },
}

/// What Konnect does with an entity when the one it refers to is deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnDelete {
    /// It goes too.
    Cascade,
    /// The deletion is refused while it is there.
    Restrict,
}

/// A member of a body that holds the id of another entity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reference {
    /// The member: `service` for `service: {id}`.
    pub field: &'static str,
    /// Where the other entity lives.
    pub to: Collection,
    /// What happens when the other one is deleted.
    pub on_delete: OnDelete,
}

/// The parent in the path of an entity, besides the control plane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parent {
    /// Where the parent lives.
    pub to: Collection,
    /// The member of answers that holds its id.
    pub field: &'static str,
}

/// Another spelling of a member, which answers never have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shorthand {
    /// This member is a URL that stands for `protocol`, `host`, `port` and `path`.
    Url(&'static str),
    /// This member is an address; Kong adds the port where it names none.
    Address {
        /// The member.
        field: &'static str,
        /// The port.
        port: u16,
    },
}

/// Members of requests that answers keep one level down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Below {
    /// The member of answers that holds them: `config`.
    pub member: &'static str,
    /// The members of requests.
    pub fields: &'static [&'static str],
}

static DEFAULTS: LazyLock<Vec<Map<String, Value>>> = LazyLock::new(|| {
    ROWS.iter()
        .map(|row| serde_json::from_str(row.defaults).expect("the defaults of a row are JSON"))
        .collect()
});

static SCHEMAS: LazyLock<Vec<Value>> = LazyLock::new(|| {
    ROWS.iter()
        .map(|row| serde_json::from_str(row.schema).expect("the schema of a row is JSON"))
        .collect()
});

impl Collection {
    /// Every collection, parents before children.
    pub fn all() -> impl Iterator<Item = Self> {
        ROWS.iter().map(|row| row.collection)
    }

    fn row(self) -> &'static Row {
        &ROWS[self as usize]
    }

    /// The name in paths and logs: `services`.
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// What its answers look like.
    pub fn shape(self) -> Shape {
        self.row().shape
    }

    /// How an entity is changed.
    pub fn update(self) -> Update {
        self.row().update
    }

    /// Whether an entity is created under an id of our choice. What is not is created by `POST`, and
    /// only after a look-up.
    pub fn takes_our_id(self) -> bool {
        matches!(self.shape(), Shape::Core | Shape::Membership)
    }

    /// The parent in the path, besides the control plane.
    pub fn parent(self) -> Option<Parent> {
        self.row().parent
    }

    /// The members that refer to other entities.
    pub fn references(self) -> &'static [Reference] {
        self.row().references
    }

    /// Whether an entity of this collection can keep one of the other from being deleted.
    pub fn restrains(self, other: Self) -> bool {
        let mut references = self.references().iter();
        references.any(|it| it.to == other && it.on_delete == OnDelete::Restrict)
    }

    /// Whether its entities carry tags, which say whose they are.
    pub fn carries_tags(self) -> bool {
        self.defaults().contains_key("tags")
    }

    /// The members whose text is never shown.
    pub fn secrets(self) -> &'static [&'static str] {
        self.row().secrets
    }

    /// The members that are lists without order.
    pub fn sets(self) -> &'static [&'static str] {
        self.row().sets
    }

    /// The members of which only what we send is compared.
    pub fn open(self) -> &'static [&'static str] {
        self.row().open
    }

    /// The members for which Konnect chooses a value when we send none.
    pub fn chosen(self) -> &'static [&'static str] {
        self.row().chosen
    }

    /// All members that we know with the value that absence means; null is no value.
    pub fn defaults(self) -> &'static Map<String, Value> {
        &DEFAULTS[self as usize]
    }

    /// What the body of a request may hold: a JSON Schema of `type`, `nullable`, `enum`, `minimum`,
    /// `maximum`, `minLength`, `maxLength`, `minItems`, `maxItems`, `maxProperties`, `required`, `items`,
    /// `properties`, `additionalProperties`, `default`, `writeOnly` and `format` (`uuid`, `label`).
    pub fn schema(self) -> &'static Value {
        &SCHEMAS[self as usize]
    }

    /// The members that are other spellings.
    pub fn shorthands(self) -> &'static [Shorthand] {
        self.row().shorthands
    }

    /// The members that answers keep one level down.
    pub fn below(self) -> Option<Below> {
        self.row().below
    }

    /// The members of answers that statuses tell of.
    pub fn facts(self) -> &'static [&'static str] {
        self.row().facts
    }

    /// The largest page that its list gives.
    pub fn page(self) -> u32 {
        self.row().page
    }

    /// The path of the list.
    pub fn list_path(self) -> &'static str {
        self.row().list
    }

    /// The path under which entities are written.
    pub fn items_path(self) -> &'static str {
        self.row().items
    }

    /// The member that carries a unique name and can be changed to a temporary one, so that two
    /// entities can swap names. Where there is none a swap deletes one of the two first.
    pub fn name_field(self) -> Option<&'static str> {
        self.row().uniques.contains(&NAME).then_some("name")
    }

    /// What of `body` no other entity of the same control plane (or organisation) may have. `parent`
    /// is the id of the parent in the path.
    pub fn uniques(self, body: &Body, parent: Option<&str>) -> Vec<UniqueKey> {
        let key = |unique: &Unique| {
            let mut parts = Vec::new();
            for (index, field) in unique.fields.iter().enumerate() {
                match body.text(field).or_else(|| body.reference(field)) {
                    Some(value) => parts.push(format!("{field} \"{value}\"")),
                    None if index > 0 && unique.unset_counts => {}
                    None => return None,
                }
            }
            if let (Some(parent), Some(id)) = (self.parent(), parent) {
                parts.push(format!("{} \"{id}\"", parent.field));
            }
            Some(UniqueKey {
                collection: self,
                fields: unique.fields,
                text: Arc::from(parts.join(", ")),
            })
        };
        self.row().uniques.iter().filter_map(key).collect()
    }
}

impl fmt::Display for Collection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What no two entities of a collection may share, in words: `name "shop"`. Clones share the words.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UniqueKey {
    collection: Collection,
    fields: &'static [&'static str],
    text: Arc<str>,
}

impl UniqueKey {
    /// The collection in which it is unique.
    pub fn collection(&self) -> Collection {
        self.collection
    }

    /// The members that count, set or not.
    pub fn fields(&self) -> &'static [&'static str] {
        self.fields
    }
}

impl fmt::Display for UniqueKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_collection_has_its_own_row() {
        for (index, row) in ROWS.iter().enumerate() {
            assert_eq!(row.collection as usize, index, "{}", row.name);
            assert_eq!(row.collection.defaults().len(), DEFAULTS[index].len());
            let known = |field: &&&str| !row.collection.defaults().contains_key(**field);
            let named = [row.secrets, row.sets, row.open, row.chosen];
            let unknown: Vec<_> = named
                .iter()
                .flat_map(|list| list.iter())
                .filter(known)
                .collect();
            assert!(unknown.is_empty(), "{}: {unknown:?}", row.name);
        }
    }

    #[test]
    fn what_we_know_of_a_collection_agrees_with_its_schema() {
        for collection in Collection::all().filter(|at| at.shape() != Shape::Identity) {
            let properties = &collection.schema()["properties"];
            for (field, default) in collection.defaults() {
                let property = &properties[field];
                assert!(property.is_object(), "{collection} {field}");
                if !default.is_null() && !default.is_object() {
                    assert_eq!(&property["default"], default, "{collection} {field}");
                }
                let silent = default.is_null() && !collection.chosen().contains(&field.as_str());
                // Empty and absent are one in the normal form.
                let empty = |value: &Value| value.is_null() || *value == json!({});
                assert!(
                    !silent || empty(&property["default"]),
                    "{collection} {field} has a default"
                );
            }
        }
    }

    #[test]
    fn a_plugin_is_unique_in_its_scope_also_where_it_has_none() {
        let uniques = |value| {
            let body = Body::from_wire(Collection::Plugins, &value);
            Collection::Plugins.uniques(&body, None)
        };
        let global = uniques(json!({"name": "cors"}));
        let scoped = uniques(json!({"name": "cors", "service": {"id": "s"}}));
        assert_eq!(global.len(), 1);
        assert_ne!(global, scoped);
        assert_eq!(scoped[0].to_string(), r#"name "cors", service "s""#);
    }

    #[test]
    fn an_entity_without_a_name_claims_none() {
        let body = Body::from_wire(Collection::Services, &json!({"host": "h"}));
        assert_eq!(Collection::Services.uniques(&body, None), []);
    }

    #[test]
    fn a_target_is_unique_in_its_upstream() {
        let body = Body::from_wire(Collection::Targets, &json!({"target": "a:1"}));
        let of = |upstream| Collection::Targets.uniques(&body, Some(upstream));
        assert_ne!(of("u"), of("v"));
    }
}
