//! What a play changed in Konnect, entity by entity: what was there before beside what was written.
//!
//! Only what makes the engine write counts as a difference, and nothing secret is in it. Start with
//! [`Changes::of`].

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use kong_model::{Body, Call, Collection, Method, Origin, RemoteId, Shape, Update};
use serde_json::Value;

use super::members::{self, Member};
use super::play::Played;
use crate::inverse::{name, origin};
use crate::remote::Reading;

/// What becomes of an entity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Action {
    /// It goes.
    Delete,
    /// It becomes another.
    Change,
    /// It comes.
    Create,
}

/// What becomes of one entity.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    pub(crate) action: Action,
    pub(crate) at: Collection,
    /// Its id, if it has one yet.
    pub(crate) id: Option<String>,
    /// What it is called, before if it goes and after otherwise.
    pub(crate) name: Option<String>,
    /// The name of its control plane; `None` if it is one.
    pub(crate) plane: Option<String>,
    /// The object that it is from.
    pub(crate) object: Option<Origin>,
    /// Why it goes.
    pub(crate) why: Option<&'static str>,
    pub(crate) members: Vec<Member>,
}

/// All of them: deletions first, children before parents, then parents before children.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    pub(crate) list: Vec<Change>,
    /// The requests that would be sent, in order. `{new}` is an id that is not known yet.
    pub(crate) requests: Vec<(Method, String)>,
}

/// Why something goes whose object has no manifest.
pub(crate) const MISSING: &str = "it is not among the manifests";
/// Why something goes that nobody deletes.
const ALONG: &str = "it goes along with what it belongs to";

/// What stands in a path for an id that is not known yet.
const NEW: &str = "{new}";
/// The members that say of which control plane something beside it is, and of which region.
const PLANE: &str = "control_plane_id";
const REGION: &str = "control_plane_geo";

/// An entity: its control plane, its collection, its id.
type Key = (Option<RemoteId>, Collection, String);

/// Everything that is or will be there.
struct Worlds<'w> {
    before: BTreeMap<Key, &'w Value>,
    after: BTreeMap<Key, Value>,
    /// What entities are called, in the end if they are still there.
    names: BTreeMap<(Collection, String), String>,
    /// Ids that Konnect, or the cluster, has yet to choose.
    unknown: BTreeSet<String>,
}

impl Changes {
    /// What was changed.
    pub(crate) fn of(played: &Played, reading: &Reading) -> Self {
        let before: BTreeMap<Key, &Value> = reading
            .holdings()
            .map(|it| {
                let id = lasting_id(it.at, it.id, it.entity);
                ((it.control_plane.cloned(), it.at, id), it.entity)
            })
            .collect();
        let worlds = Worlds::new(before, played);
        let mut bodies: BTreeMap<Key, &Arc<Body>> = BTreeMap::new();
        let mut removed = BTreeSet::new();
        for write in &played.writes {
            let (site, body) = match &write.call {
                Call::Put { site, body, .. }
                | Call::Post { site, body }
                | Call::Patch { site, body, .. } => (site, Some(body)),
                Call::Remove { site, .. } => (site, None),
                Call::WhoAmI | Call::List { .. } | Call::Get { .. } => continue,
            };
            let wanted = body.map(|body| body.redacted()).unwrap_or_default();
            let id = lasting_id(site.at, write.id.as_str(), &wanted);
            let key = (site.control_plane.clone(), site.at, id);
            if let Some(body) = body {
                removed.remove(&key);
                bodies.insert(key, body);
            } else {
                bodies.remove(&key);
                removed.insert(key);
            }
        }
        let mut list: Vec<Change> = worlds
            .before
            .iter()
            .filter(|(key, _)| !worlds.after.contains_key(key))
            .map(|(key, entity)| worlds.deleted(key, entity, removed.contains(key), played))
            .collect();
        list.extend(bodies.iter().map(|(key, body)| worlds.written(key, body)));
        list.sort_by_key(|change| {
            let rank = change.at as usize;
            let rank = if change.action == Action::Delete {
                usize::MAX - rank
            } else {
                rank
            };
            (
                change.action,
                rank,
                change.plane.clone(),
                change.name.clone(),
                change.id.clone(),
            )
        });
        let requests = played.writes.iter().map(|write| {
            let request = write.call.request();
            (request.method, worlds.path(&request.path))
        });
        Self {
            requests: requests.collect(),
            list,
        }
    }

    /// How many there are of a sort.
    pub(crate) fn count(&self, action: Action) -> usize {
        self.list.iter().filter(|it| it.action == action).count()
    }
}

/// What an entity is known by before and after it was written. What is replaced as a whole has another id then, and
/// is the only one of its control plane and region.
fn lasting_id(at: Collection, id: &str, entity: &Value) -> String {
    let id = match at.update() {
        Update::Whole { .. } => entity[REGION].as_str().unwrap_or_default(),
        Update::No | Update::Put | Update::Patch { .. } => id,
    };
    id.to_owned()
}

/// What the copy holds in the end.
fn after(played: &Played) -> BTreeMap<Key, Value> {
    let konnect = &played.driver.konnect;
    let planes = konnect.entities(Collection::ControlPlanes, None);
    let planes: BTreeSet<RemoteId> = planes.map(|(id, _)| RemoteId::from(id)).collect();
    let mut after = BTreeMap::new();
    for at in Collection::all() {
        if at.shape() == Shape::Identity {
            continue;
        }
        if !at.list_path().contains("{cp}") {
            let entities = konnect.entities(at, None);
            after.extend(entities.map(|(id, it)| {
                let plane = it[PLANE].as_str().filter(|_| at.is_in_control_plane());
                let plane = plane.map(RemoteId::from);
                ((plane, at, lasting_id(at, id, it)), it.clone())
            }));
            continue;
        }
        for plane in &planes {
            let entities = konnect.entities(at, Some(plane.as_str()));
            let plane = Some(plane.clone());
            after.extend(entities.map(|(id, it)| ((plane.clone(), at, id.to_owned()), it.clone())));
        }
    }
    after
}

impl<'w> Worlds<'w> {
    fn new(before: BTreeMap<Key, &'w Value>, played: &Played) -> Self {
        let after = after(played);
        let mut names = BTreeMap::new();
        let there = before.iter().map(|(key, entity)| (key, *entity));
        for (key, entity) in there.chain(&after) {
            if let Some(name) = name(key.1, entity) {
                names.insert((key.1, key.2.clone()), name);
            }
        }
        let new = after.keys().filter(|key| !before.contains_key(*key));
        Self {
            unknown: new.map(|key| key.2.clone()).collect(),
            names,
            before,
            after,
        }
    }

    fn deleted(&self, key: &Key, entity: &Value, removed: bool, played: &Played) -> Change {
        let object = origin(entity);
        let why = match &object {
            _ if !removed => ALONG,
            Some(origin) if played.ghosts.has(&origin.uid) => MISSING,
            Some(origin) if origin.owner.is_some() => "it is asked for no more",
            Some(_) | None => "its object is being deleted",
        };
        Change {
            action: Action::Delete,
            at: key.1,
            id: Some(key.2.clone()),
            name: name(key.1, entity),
            plane: self.plane(key),
            object,
            why: Some(why),
            members: Vec::new(),
        }
    }

    fn written(&self, key: &Key, body: &Body) -> Change {
        let at = key.1;
        let wanted = body.redacted();
        let held = self.before.get(key);
        let called = |at: Collection, id: &str| self.called(at, id);
        let members = match held {
            Some(held) => members::different(at, body, held, &called),
            None => members::all(at, body, &called),
        };
        Change {
            action: if held.is_some() {
                Action::Change
            } else {
                Action::Create
            },
            at,
            id: held.map(|held| held["id"].as_str().unwrap_or(&key.2).to_owned()),
            name: name(at, &wanted),
            plane: self.plane(key),
            object: origin(&wanted),
            why: None,
            members,
        }
    }

    /// The name of the control plane that an entity is in.
    fn plane(&self, key: &Key) -> Option<String> {
        let id = key.0.as_ref()?.to_string();
        Some(self.called(Collection::ControlPlanes, &id))
    }

    /// The name of an entity, or else its id.
    fn called(&self, at: Collection, id: &str) -> String {
        let name = self.names.get(&(at, id.to_owned()));
        name.map_or(id, String::as_str).to_owned()
    }

    /// A path without ids that are not known yet.
    fn path(&self, path: &str) -> String {
        let segments = path.split('/').map(|segment| {
            if self.unknown.contains(segment) {
                NEW
            } else {
                segment
            }
        });
        segments.collect::<Vec<_>>().join("/")
    }
}
