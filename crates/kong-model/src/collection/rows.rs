//! The rows of the table, one a collection. What most core entities have in common is [`CORE`]; a row says
//! what is particular to it.

mod certificates;
mod cloud;
mod consumers;
mod organisation;
mod traffic;

use crate::api::Host;

use super::{
    Below, Collection, Naming, OnDelete, OtherSide, Parent, Reference, Shape, Shorthand, Unique,
    Update,
};

pub(super) struct Row {
    pub(super) collection: Collection,
    pub(super) name: &'static str,
    /// Its name in declarative configuration, if that is not `name` with underscores.
    pub(super) deck: Option<&'static str>,
    pub(super) shape: Shape,
    /// Where it is asked for.
    pub(super) host: Host,
    /// Path of the list; `{cp}` and `{parent}` are filled in.
    pub(super) list: &'static str,
    /// Path under which entities are written, without the id.
    pub(super) items: &'static str,
    /// Whether entities can be written under the path of the list, too.
    pub(super) written_at_list: bool,
    /// Memberships as seen from a member.
    pub(super) other_side: Option<OtherSide>,
    pub(super) naming: Naming,
    pub(super) update: Update,
    /// What a deletion says beside the id.
    pub(super) removal: &'static [(&'static str, &'static str)],
    pub(super) parent: Option<Parent>,
    pub(super) references: &'static [Reference],
    /// Paths of members whose text is never shown.
    pub(super) secrets: &'static [&'static str],
    /// Members that answers hold as a hash.
    pub(super) hashed: &'static [&'static str],
    pub(super) uniques: &'static [Unique],
    /// Lists whose order means nothing.
    pub(super) sets: &'static [&'static str],
    /// Members of which only what we send is compared: Konnect fills in the rest by a schema that we
    /// do not have.
    pub(super) open: &'static [&'static str],
    /// Members for which Konnect chooses a value when we send none.
    pub(super) chosen: &'static [&'static str],
    /// All members that we know, with the value that absence means.
    pub(super) defaults: &'static str,
    /// What requests may hold, in JSON Schema: the vendor's OpenAPI document without its prose.
    pub(super) schema: &'static str,
    pub(super) shorthands: &'static [Shorthand],
    pub(super) below: Option<Below>,
    /// A member of answers that holds what requests have in the other.
    pub(super) echoed: Option<(&'static str, &'static str)>,
    /// The query parameter that keeps a list to one control plane, where the path does not.
    pub(super) narrowed: Option<&'static str>,
    /// Members that only answers have, as they are at first.
    pub(super) made: &'static str,
    /// Members of answers that say when an entity was made and changed.
    pub(super) stamps: &'static [&'static str],
    /// Members of answers that statuses tell of.
    pub(super) facts: &'static [&'static str],
    /// The largest page that the API gives.
    pub(super) page: u32,
}

/// Konnect's core entity lists give at most a thousand entities a page.
const CORE_PAGE: u32 = 1000;

/// What rows do not say.
const CORE: Row = Row {
    collection: Collection::Identity,
    name: "",
    deck: None,
    shape: Shape::Core,
    host: Host::Region,
    list: "",
    items: "",
    written_at_list: false,
    other_side: None,
    naming: Naming::Ours,
    update: Update::Put,
    removal: &[],
    parent: None,
    references: &[],
    secrets: &[],
    hashed: &[],
    uniques: &[],
    sets: &["tags"],
    open: &[],
    chosen: &[],
    defaults: "{}",
    schema: "{}",
    shorthands: &[],
    below: None,
    echoed: None,
    narrowed: None,
    made: "{}",
    stamps: &["created_at", "updated_at"],
    facts: &[],
    page: CORE_PAGE,
};

pub(super) static ROWS: [Row; 27] = [
    organisation::IDENTITY,
    organisation::CONTROL_PLANES,
    organisation::GROUP_MEMBERSHIPS,
    organisation::DATA_PLANE_CERTIFICATES,
    organisation::CONFIG_STORES,
    cloud::NETWORKS,
    cloud::TRANSIT_GATEWAYS,
    cloud::DATA_PLANE_GROUP_CONFIGURATIONS,
    certificates::CERTIFICATES,
    certificates::CA_CERTIFICATES,
    certificates::SNIS,
    certificates::KEY_SETS,
    certificates::KEYS,
    certificates::VAULTS,
    consumers::CONSUMERS,
    consumers::CONSUMER_GROUPS,
    consumers::CONSUMER_GROUP_MEMBERS,
    consumers::KEY_AUTHS,
    consumers::BASIC_AUTHS,
    consumers::HMAC_AUTHS,
    consumers::JWTS,
    consumers::ACLS,
    traffic::UPSTREAMS,
    traffic::SERVICES,
    traffic::ROUTES,
    traffic::TARGETS,
    traffic::PLUGINS,
];
