//! What a play changed in Konnect, entity by entity: what was there before beside what was written.
//!
//! Only what makes the engine write counts as a difference, and nothing secret is in it. Start with
//! [`Changes::of`].

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use kong_model::sealed::REDACTED;
use kong_model::{Body, Call, Collection, Method, Node, Normal, Origin, RemoteId, Shape};
use serde_json::Value;

use super::play::Played;
use crate::inverse::{ids, origin};
use crate::remote::Reading;
use crate::secrets;

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

/// One member that differs.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Member {
    /// Where: `healthchecks.active.timeout`.
    pub(crate) path: String,
    /// What it was; `None` is absent.
    pub(crate) from: Option<Value>,
    /// What it is to be.
    pub(crate) to: Option<Value>,
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
                let key = (it.control_plane.cloned(), it.at, it.id.to_owned());
                (key, it.entity)
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
            let key = (site.control_plane.clone(), site.at, write.id.to_string());
            match body {
                Some(body) => {
                    removed.remove(&key);
                    bodies.insert(key, body);
                }
                None => {
                    bodies.remove(&key);
                    removed.insert(key);
                }
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

/// What the copy holds in the end.
fn after(played: &Played, before: &BTreeMap<Key, &Value>) -> BTreeMap<Key, Value> {
    let konnect = &played.driver.konnect;
    let planes = konnect.entities(Collection::ControlPlanes, None);
    let planes: BTreeSet<RemoteId> = planes.map(|(id, _)| RemoteId::from(id)).collect();
    let mut after = BTreeMap::new();
    for at in Collection::all() {
        match at.shape() {
            Shape::Identity => {}
            Shape::Numbered if at == Collection::ControlPlanes => {
                let entities = konnect.entities(at, None);
                after.extend(entities.map(|(id, it)| ((None, at, id.to_owned()), it.clone())));
            }
            Shape::Numbered | Shape::Core | Shape::Membership => {
                for plane in &planes {
                    let entities = konnect.entities(at, Some(plane.as_str()));
                    let plane = Some(plane.clone());
                    after.extend(
                        entities.map(|(id, it)| ((plane.clone(), at, id.to_owned()), it.clone())),
                    );
                }
            }
        }
    }
    // What belongs to the organisation alone is not looked up by control plane.
    for (key, entity) in before {
        if key.0.is_none() && key.1 != Collection::ControlPlanes {
            after
                .entry(key.clone())
                .or_insert_with(|| Value::clone(entity));
        }
    }
    after
}

impl<'w> Worlds<'w> {
    fn new(before: BTreeMap<Key, &'w Value>, played: &Played) -> Self {
        let after = after(played, &before);
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
        let members = match held {
            Some(held) => self.differences(at, body, held),
            None => self.members(at, body),
        };
        let mut members: Vec<Member> = members.into_iter().map(|it| hide(at, it)).collect();
        members.dedup();
        Change {
            action: if held.is_some() {
                Action::Change
            } else {
                Action::Create
            },
            at,
            id: held.is_some().then(|| key.2.clone()),
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

    /// Where what is wanted is not what is held.
    fn differences(&self, at: Collection, body: &Body, held: &Value) -> Vec<Member> {
        let held_body = Body::from_wire(at, held);
        let differences = Normal::of(at, body).differences(&Normal::of(at, &held_body));
        let mut members = Vec::new();
        for it in differences {
            let open = at.open().contains(&it.field.as_str());
            if at.sets().contains(&it.field.as_str()) {
                sets(
                    &it.field,
                    it.held.as_ref(),
                    it.wanted.as_ref(),
                    &mut members,
                );
            } else if self.refers(at, &it.field) {
                let title = |node: Option<&Node>| node.map(|node| self.title(at, &it.field, node));
                members.push(Member {
                    from: title(it.held.as_ref()),
                    to: title(it.wanted.as_ref()),
                    path: it.field,
                });
            } else {
                descend(
                    &it.field,
                    it.held.as_ref(),
                    it.wanted.as_ref(),
                    open,
                    &mut members,
                );
            }
        }
        members
    }

    /// Everything that is said of a new entity.
    fn members(&self, at: Collection, body: &Body) -> Vec<Member> {
        let mut members = Vec::new();
        for (field, node) in body.members() {
            let shown = node.redacted();
            let default = at.defaults().get(field);
            if default == Some(&shown) || field == "id" {
                continue;
            }
            if self.refers(at, field) {
                let to = Some(self.title(at, field, node));
                members.push(Member {
                    path: field.to_owned(),
                    from: None,
                    to,
                });
            } else if matches!(field, "tags" | "labels") {
                members.extend(users(field, &shown));
            } else {
                descend(field, None, Some(node), false, &mut members);
            }
        }
        members
    }

    fn refers(&self, at: Collection, field: &str) -> bool {
        at.references().iter().any(|it| it.field == field)
    }

    /// What a reference leads to, by name where there is one.
    fn title(&self, at: Collection, field: &str, node: &Node) -> Value {
        let shown = node.redacted();
        let to = at
            .references()
            .iter()
            .find(|it| it.field == field)
            .map(|it| it.to);
        let title = |id: &str| {
            let called = to.map(|to| self.called(to, id));
            Value::from(called.unwrap_or_else(|| id.to_owned()))
        };
        match (&shown, &ids(&shown)[..]) {
            (Value::Array(_), ids) => ids.iter().map(|id| title(id)).collect(),
            (_, [id]) => title(id),
            (_, _) => shown,
        }
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

/// What an entity is called: by its name, or by what it is known by.
fn name(at: Collection, entity: &Value) -> Option<String> {
    const NAMES: [&str; 7] = [
        "name",
        "username",
        "custom_id",
        "target",
        "kid",
        "group",
        "prefix",
    ];
    let mut names = NAMES.iter().filter(|field| !at.secrets().contains(field));
    let name = names.find_map(|field| entity[*field].as_str())?;
    (!name.is_empty()).then(|| name.to_owned())
}

/// The tags or labels of the user: what says where an entity is from stands in its title.
fn users(field: &str, value: &Value) -> Option<Member> {
    let to = match value {
        Value::Array(items) => {
            let own = |it: &&Value| it.as_str().is_some_and(Origin::is_own);
            Value::Array(items.iter().filter(|it| !own(it)).cloned().collect())
        }
        Value::Object(members) => {
            let own = |name: &str| Origin::is_own(&format!("{name}:"));
            let theirs = members.iter().filter(|(name, _)| !own(name));
            Value::Object(
                theirs
                    .map(|(name, it)| (name.clone(), it.clone()))
                    .collect(),
            )
        }
        other => other.clone(),
    };
    let empty = to.as_array().is_some_and(Vec::is_empty)
        || to.as_object().is_some_and(serde_json::Map::is_empty);
    (!empty).then(|| Member {
        path: field.to_owned(),
        from: None,
        to: Some(to),
    })
}

/// What a list without order loses and gains.
fn sets(field: &str, held: Option<&Node>, wanted: Option<&Node>, members: &mut Vec<Member>) {
    let items = |node: Option<&Node>| match node.map(Node::redacted) {
        Some(Value::Array(items)) => items,
        Some(other) => vec![other],
        None => Vec::new(),
    };
    let (held, wanted) = (items(held), items(wanted));
    let lost = held
        .iter()
        .filter(|it| !wanted.contains(it))
        .map(|it| (Some(it.clone()), None));
    let gained = wanted
        .iter()
        .filter(|it| !held.contains(it))
        .map(|it| (None, Some(it.clone())));
    members.extend(lost.chain(gained).map(|(from, to)| Member {
        path: format!("{field}[]"),
        from,
        to,
    }));
}

/// Follows maps down to what differs. Of an open member only what is wanted counts.
fn descend(
    path: &str,
    held: Option<&Node>,
    wanted: Option<&Node>,
    open: bool,
    members: &mut Vec<Member>,
) {
    let (held_map, wanted_map) = (map(held), map(wanted));
    if (held_map.is_some() || held.is_none()) && (wanted_map.is_some() || wanted.is_none()) {
        let names = |map: Option<&BTreeMap<Arc<str>, Node>>| {
            map.into_iter()
                .flat_map(BTreeMap::keys)
                .cloned()
                .collect::<BTreeSet<_>>()
        };
        let mut all = names(wanted_map);
        if !open || wanted.is_none() {
            all.extend(names(held_map));
        }
        for name in all {
            let at = |map: Option<&'_ BTreeMap<Arc<str>, Node>>| {
                map.and_then(|map| map.get(&name)).cloned()
            };
            let (held, wanted) = (at(held_map), at(wanted_map));
            descend(
                &format!("{path}.{name}"),
                held.as_ref(),
                wanted.as_ref(),
                open,
                members,
            );
        }
        return;
    }
    if held == wanted {
        return;
    }
    // What is read does not say which of its texts are secret; what is wanted does.
    let secret = wanted.is_some_and(is_secret) || held.is_some_and(is_secret);
    if let (Some(Node::Secret(wanted)), Some(Node::Text(held))) = (wanted, held)
        && **held == *wanted.reveal()
    {
        return;
    }
    let show = |node: &Node| {
        if secret {
            Value::from(REDACTED)
        } else {
            node.redacted()
        }
    };
    members.push(Member {
        path: path.to_owned(),
        from: held.map(show),
        to: wanted.map(show),
    });
}

fn map(node: Option<&Node>) -> Option<&BTreeMap<Arc<str>, Node>> {
    match node {
        Some(Node::Map(members)) => Some(members),
        Some(Node::Bool(_) | Node::Number(_) | Node::Text(_) | Node::Secret(_) | Node::List(_))
        | None => None,
    }
}

fn is_secret(node: &Node) -> bool {
    match node {
        Node::Secret(_) => true,
        Node::List(items) => items.iter().any(is_secret),
        Node::Map(members) => members.values().any(is_secret),
        Node::Bool(_) | Node::Number(_) | Node::Text(_) => false,
    }
}

/// In a configuration whose schema is not known here, what sounds like a secret is taken for one: what Konnect holds
/// may be out of a Secret that nobody knows any more.
fn hide(at: Collection, mut member: Member) -> Member {
    let free = at.open().iter().any(|open| {
        member
            .path
            .strip_prefix(open)
            .is_some_and(|rest| rest.starts_with('.'))
    });
    if free {
        for value in [&mut member.from, &mut member.to].into_iter().flatten() {
            secrets::hide_named(&member.path, value);
        }
    }
    member
}
