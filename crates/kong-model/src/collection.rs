//! The table of everything Konnect stores for us: paths, parents, defaults, what is secret, what is
//! unique, what a deletion takes along.
//!
//! The quirks of the API are rows here and nowhere else. A new kind of entity is a new variant and a
//! new row in `rows`. Sources: konnect.md 5.4, 5.5 and the vendor's OpenAPI document.

mod rows;
mod unique;

use std::fmt;
use std::sync::LazyLock;

use serde_json::{Map, Value};

use crate::api::Host;
use crate::body::Body;

pub use unique::UniqueKey;

use rows::{ROWS, Row};
use unique::Unique;

/// A collection of entities in Konnect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Collection {
    /// The organisation that a token belongs to: read, never written.
    Identity,
    /// Control planes and control plane groups.
    ControlPlanes,
    /// The members of a control plane group: one list a group.
    GroupMemberships,
    /// Certificates of data planes, by which a control plane knows them.
    DataPlaneCertificates,
    /// Stores of secrets that vaults take theirs from.
    ConfigStores,
    /// Networks that Konnect runs.
    Networks,
    /// How these networks reach others: one list a network.
    TransitGateways,
    /// Which data planes Konnect runs for a control plane, in which networks.
    DataPlaneGroupConfigurations,
    /// Certificates with their keys.
    Certificates,
    /// Certificates of authorities that are trusted.
    CaCertificates,
    /// Names for which a certificate is shown.
    Snis,
    /// Sets of keys.
    KeySets,
    /// Keys, as JWK or PEM.
    Keys,
    /// Where secrets are kept.
    Vaults,
    /// Consumers.
    Consumers,
    /// Groups of consumers.
    ConsumerGroups,
    /// Who is in which group of consumers.
    ConsumerGroupMembers,
    /// API keys of consumers.
    KeyAuths,
    /// User names and passwords of consumers.
    BasicAuths,
    /// Secrets with which consumers sign requests.
    HmacAuths,
    /// What the tokens of consumers are checked with.
    Jwts,
    /// Names of the access lists that consumers are on.
    Acls,
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
    /// `{data, meta: {page: {next}}}`, links to the next page.
    Linked,
    /// `{items}` of all, and `{item}` of one.
    Wrapped,
    /// One list of ids that belongs to its parent and goes with it.
    Membership,
}

/// How an entity comes to its id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Naming {
    /// It is created by `PUT` under an id of our choice.
    Ours,
    /// It has no id of its own: it is the membership of another entity in its parent, and has the id of that
    /// one. It is created by `POST` of a body that names the member.
    Member {
        /// Where members live.
        of: Collection,
        /// The member of the body that names it.
        field: &'static str,
    },
    /// It is created by `POST` under an id that the server chooses, and found again by a label.
    Labelled,
    /// Likewise, but nothing tells what it was made from: it is found by what no two may share.
    Keyed,
}

/// How an entity that exists is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Update {
    /// Never.
    No,
    /// `PUT` of the whole body, which also creates.
    Put,
    /// `PUT` of the whole body to the path of the list, which also creates. There is no deletion, but without
    /// what this member names nothing is left.
    Whole {
        /// The member.
        emptied: &'static str,
    },
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

/// A member of a body that holds the id of another entity, or a list of such ids.
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

/// Memberships as seen from a member: the lists of what it belongs to. We read and write them from the side of
/// the parent; others need not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OtherSide {
    /// The path of the list; here `{parent}` is the member.
    pub path: &'static str,
    /// The member of a body that names what to belong to.
    pub field: &'static str,
}

/// Another spelling of a member, which answers do not have, or of no meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shorthand {
    /// This member is a URL that stands for `protocol`, `host`, `port` and `path`.
    Url(&'static str),
    /// This member is a PEM: line ends say nothing.
    Pem(&'static str),
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

    /// The name in declarative configuration: `keyauth_credentials`.
    pub fn deck_name(self) -> String {
        let own = self.row().deck.map(str::to_owned);
        own.unwrap_or_else(|| self.name().replace('-', "_"))
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
        self.row().naming == Naming::Ours
    }

    /// Where it is asked for.
    pub fn host(self) -> Host {
        self.row().host
    }

    /// What a deletion says beside the id, as query parameters.
    pub fn removal(self) -> &'static [(&'static str, &'static str)] {
        self.row().removal
    }

    /// The members that only answers have, as they are at first, in JSON.
    pub fn made(self) -> &'static str {
        self.row().made
    }

    /// Whether an entity never changes and is nothing but what no two may share: who wants one that is there
    /// can have that.
    pub fn can_be_shared(self) -> bool {
        self.naming() == Naming::Keyed && self.update() == Update::No && self.defaults().len() == 1
    }

    /// Whether the server chooses ids: what was lost sight of is looked for.
    pub fn is_named_by_server(self) -> bool {
        matches!(self.naming(), Naming::Labelled | Naming::Keyed)
    }

    /// How an entity comes to its id.
    pub fn naming(self) -> Naming {
        self.row().naming
    }

    /// Where the entities live whose memberships these are.
    pub fn members(self) -> Option<Self> {
        match self.naming() {
            Naming::Member { of, .. } => Some(of),
            Naming::Ours | Naming::Labelled | Naming::Keyed => None,
        }
    }

    /// Whether each parent has a list of its own; else one list has the children of all.
    pub fn is_listed_by_parent(self) -> bool {
        self.list_path().contains("{parent}")
    }

    /// Whether each of its entities is of one control plane.
    pub fn is_in_control_plane(self) -> bool {
        self.list_path().contains("{cp}") || self.row().narrowed.is_some()
    }

    /// Whether an entity of this collection refers to one of the other, lives below it, or is its membership.
    pub fn depends_on(self, other: Self) -> bool {
        let mut references = self.references().iter();
        references.any(|it| it.to == other)
            || self.parent().is_some_and(|parent| parent.to == other)
            || self.members() == Some(other)
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

    /// The members whose text is never shown, and what of others is not: `pem.private_key`.
    pub fn secrets(self) -> &'static [&'static str] {
        self.row().secrets
    }

    /// The members that answers hold as a hash: what was sent cannot be read from them.
    pub fn hashed(self) -> &'static [&'static str] {
        self.row().hashed
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
    /// `anyOf`, `properties`, `additionalProperties`, `default`, `writeOnly` and `format` (`uuid`, `label`).
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

    /// A member of answers, and the member of requests whose content it has.
    pub fn echoed(self) -> Option<(&'static str, &'static str)> {
        self.row().echoed
    }

    /// The query parameter that keeps a list to one control plane, where the path does not.
    pub fn narrowed(self) -> Option<&'static str> {
        self.row().narrowed
    }

    /// The members of answers that say when an entity was made and changed.
    pub fn stamps(self) -> &'static [&'static str] {
        self.row().stamps
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

    /// Whether entities can be written under the path of the list, too, where the body names the parent.
    pub fn is_written_at_list(self) -> bool {
        self.row().written_at_list
    }

    /// How memberships are seen from a member.
    pub fn other_side(self) -> Option<OtherSide> {
        self.row().other_side
    }

    /// The member that an entity is known by, if that is a unique name.
    pub fn name_field(self) -> Option<&'static str> {
        self.row().uniques.iter().find_map(Unique::name)
    }

    /// What of `body` no other entity of the same control plane (or organisation) may have. `parent`
    /// is the id of the parent in the path.
    pub fn uniques(self, body: &Body, parent: Option<&str>) -> Vec<UniqueKey> {
        let uniques = self.row().uniques.iter();
        uniques
            .filter_map(|unique| UniqueKey::of(self, unique, body, parent))
            .collect()
    }
}

impl fmt::Display for Collection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
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
            let named = [row.secrets, row.hashed, row.sets, row.open, row.chosen].concat();
            let named = named.into_iter().map(|path| path.split('.').next());
            let references = row.references.iter().map(|it| it.field.split('.').next());
            for member in named.chain(references).flatten() {
                let known = row.collection.defaults().contains_key(member);
                assert!(known, "{} {member}", row.name);
            }
            let mut others = row.references.iter().map(|reference| reference.to);
            assert!(others.all(|other| (other as usize) < index), "{}", row.name);
        }
    }

    #[test]
    fn what_we_know_of_a_collection_agrees_with_its_schema() {
        for collection in Collection::all().filter(|at| at.shape() != Shape::Identity) {
            let schema = collection.schema();
            let alternatives = schema["anyOf"].as_array().into_iter().flatten();
            let schemas: Vec<&Value> = [schema].into_iter().chain(alternatives).collect();
            for (field, default) in collection.defaults() {
                let mut properties = schemas.iter().map(|schema| &schema["properties"][field]);
                let property = properties.find(|property| property.is_object());
                let property = property.unwrap_or_else(|| panic!("{collection} {field}"));
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
}
