//! What Konnect holds: lists, page by page, and what follows from them.
//!
//! A list says nothing of an entity that was written after it began. An entity that no page of a
//! complete list has is not there. What carries our tags and is wanted by nobody goes; what is neither
//! ours by record nor by tags is never touched, but its name is remembered, since we cannot have it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Value, json};
use uuid::Uuid;

use kong_model::{
    Body, Call, Collection, Cursor, Failure, Filter, Normal, RemoteId, Reply, Site, UniqueKey, tags,
};
use kong_resolve::{Access, Intent, Key, Output, Uid};

use crate::engine::{Engine, Wake};
use crate::entities::{Belief, Content, Entity, IdSource, Realm};
use crate::input::{Mono, OpId, Org, Outcome};
use crate::queue::{Class, Work};

/// Milliseconds before a list that failed is tried again, doubled with each failure.
const RETRY: u64 = 1_000;
/// The longest of these times.
const LONGEST_RETRY: u64 = 60_000;

/// What one list covers.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Scope {
    /// With whose token.
    pub configuration: Key,
    /// In which control plane; `None` for the organisation.
    pub control_plane: Option<RemoteId>,
    /// What is listed.
    pub at: Collection,
    /// Which of it.
    pub filter: Filter,
}

/// Something in Konnect that is none of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Foreign {
    pub(crate) id: RemoteId,
    /// What it is, and what can be done about it.
    pub(crate) words: String,
}

#[derive(Clone, Debug, Default)]
struct Listing {
    /// Whether it has been read to the end in this term.
    complete: bool,
    running: Option<Run>,
    queued: bool,
    failures: u32,
}

/// A list that is being read.
#[derive(Clone, Debug, Default)]
struct Run {
    began: Option<OpId>,
    cursor: Option<Cursor>,
    seen: BTreeSet<RemoteId>,
    /// What carries the tags of an object of ours under an id that we do not know.
    strays: Vec<Stray>,
    foreign: BTreeMap<UniqueKey, Foreign>,
    /// Pages of a list that is one entity.
    parts: Vec<Value>,
}

#[derive(Clone, Debug)]
struct Stray {
    id: RemoteId,
    owner: Key,
    /// Whether it may be the entity that the owner stands for.
    main: bool,
    item: Value,
}

/// All lists.
#[derive(Clone, Debug, Default)]
pub(crate) struct Listings {
    lists: BTreeMap<Scope, Listing>,
    foreign: BTreeMap<(Realm, UniqueKey), (Scope, Foreign)>,
    /// Control planes that we have just created, and until when that holds: nothing is in them yet.
    virgin: BTreeMap<RemoteId, Mono>,
}

impl Listings {
    /// Whether a list has been read to the end.
    fn is_read(&self, scope: &Scope) -> bool {
        self.lists.get(scope).is_some_and(|list| list.complete)
    }

    /// Somebody else may have written since.
    pub(crate) fn forget_all(&mut self) {
        for list in self.lists.values_mut() {
            *list = Listing {
                queued: list.queued,
                ..Listing::default()
            };
        }
        self.virgin.clear();
    }

    /// A control plane is gone.
    pub(crate) fn forget_plane(&mut self, plane: &RemoteId) {
        self.lists
            .retain(|scope, _| scope.control_plane.as_ref() != Some(plane));
        self.foreign
            .retain(|(realm, _), _| realm.0.as_ref() != Some(plane));
        self.virgin.remove(plane);
    }

    /// A control plane has just been created by us.
    pub(crate) fn plane_is_new(&mut self, plane: RemoteId, until: Mono) {
        self.virgin.insert(plane, until);
    }

    /// Who has something unique without being ours.
    pub(crate) fn foreign(&self, realm: &Realm, key: &UniqueKey) -> Option<&Foreign> {
        self.foreign
            .get(&(realm.clone(), key.clone()))
            .map(|(_, foreign)| foreign)
    }

    /// A page is on its way.
    pub(crate) fn page_started(&mut self, scope: &Scope, op: OpId) {
        if let Some(run) = self
            .lists
            .get_mut(scope)
            .and_then(|list| list.running.as_mut())
        {
            run.began.get_or_insert(op);
        }
    }
}

impl Engine {
    /// Whether it is known what is in a place: its list has been read, or we have just created the
    /// control plane. An id that the user chose may be in use all the same, so it takes the list.
    pub(crate) fn is_known(&self, entity: &Entity) -> bool {
        let scope = entity.scope();
        let plane = scope
            .control_plane
            .as_ref()
            .filter(|_| entity.source != IdSource::User);
        let until = plane.and_then(|plane| self.listings.virgin.get(plane));
        self.listings.is_read(&scope) || until.is_some_and(|until| self.now < *until)
    }

    /// A list has to be read before anything can be done.
    pub(crate) fn want_list(&mut self, scope: &Scope) {
        let list = self.listings.lists.entry(scope.clone()).or_default();
        if !list.complete && list.running.is_none() {
            self.line_up_list(scope, Class::FirstList);
        }
    }

    /// What was written to a place is listed there from now on, also where no list was needed before.
    pub(crate) fn keep_listed(&mut self, scope: &Scope) {
        if !self.listings.lists.contains_key(scope) {
            self.listings
                .lists
                .insert(scope.clone(), Listing::default());
            let due = self.now.after(self.settings.sync_period);
            self.wake_at(due, Wake::List(scope.clone()));
        }
    }

    /// What is known of a list can no longer be relied on.
    pub(crate) fn relist(&mut self, scope: &Scope) {
        if let Some(plane) = &scope.control_plane {
            self.listings.virgin.remove(plane);
        }
        let list = self.listings.lists.entry(scope.clone()).or_default();
        list.complete = false;
        list.running = None;
        self.line_up_list(scope, Class::FirstList);
    }

    fn line_up_list(&mut self, scope: &Scope, class: Class) {
        let able = self.access(&scope.configuration).is_some();
        let Some(list) = self.listings.lists.get_mut(scope) else {
            return;
        };
        if !able || list.queued {
            return;
        }
        list.queued = true;
        let namespace = Arc::from(scope.configuration.name.namespace());
        self.lane(&scope.configuration)
            .push(class, namespace, Work::List(scope.clone()));
    }

    /// A list is due again.
    pub(crate) fn list_is_due(&mut self, scope: &Scope) {
        let Some(list) = self.listings.lists.get(scope) else {
            return;
        };
        if self.entities.in_scope(scope).is_empty() {
            self.listings.lists.remove(scope);
            self.listings.foreign.retain(|_, (from, _)| from != scope);
            return;
        }
        let class = if list.complete {
            Class::Upkeep
        } else {
            Class::FirstList
        };
        if list.running.is_none() {
            self.line_up_list(scope, class);
        }
    }

    /// A token has changed, or what is known of it: what waited for it goes on.
    pub(crate) fn access_changed(&mut self, configuration: &Key) {
        let scopes: Vec<Scope> = self
            .listings
            .lists
            .keys()
            .filter(|scope| scope.configuration == *configuration)
            .cloned()
            .collect();
        for scope in scopes {
            self.unexamined.extend(self.entities.in_scope(&scope));
            self.list_is_due(&scope);
        }
        let waiting: Vec<Uuid> = self
            .entities
            .ids()
            .filter(|id| {
                self.entities
                    .get(*id)
                    .is_some_and(|entity| entity.configuration == *configuration)
            })
            .collect();
        self.unexamined.extend(waiting);
    }

    pub(crate) fn next_page(&mut self, scope: &Scope, org: &Org) -> Option<(Access, Call)> {
        let access = self.access(&scope.configuration).cloned();
        let org_now = self.org(&scope.configuration);
        let list = self.listings.lists.get_mut(scope)?;
        list.queued = false;
        let access = access?;
        if org_now != *org {
            self.list_is_due(scope);
            return None;
        }
        let run = list.running.get_or_insert_default();
        let call = Call::List {
            site: Site {
                at: scope.at,
                control_plane: scope.control_plane.clone(),
                parent: None,
            },
            filter: scope.filter.clone(),
            cursor: run.cursor.clone(),
        };
        Some((access, call))
    }

    pub(crate) fn list_done(&mut self, scope: &Scope, op: OpId, outcome: Outcome) {
        // A list that was forgotten or begun anew meanwhile has no use for an old page.
        let current = self
            .listings
            .lists
            .get(scope)
            .and_then(|list| list.running.as_ref())
            .is_some_and(|run| run.began.is_some_and(|began| began <= op));
        match outcome {
            Outcome::Konnect(Ok(Reply::Page { items, next })) if current => {
                self.page(scope, items, next);
            }
            Outcome::Konnect(Ok(_)) => {}
            Outcome::Konnect(Err(failure)) => self.list_failed(scope, &failure),
            Outcome::NotSent | Outcome::Stored(_) | Outcome::NotStored(_) => {
                self.line_up_list(scope, Class::FirstList);
            }
        }
    }

    fn list_failed(&mut self, scope: &Scope, failure: &Failure) {
        let Some(list) = self.listings.lists.get_mut(scope) else {
            return;
        };
        list.running = None;
        list.failures += 1;
        let failures = list.failures;
        match failure {
            Failure::Unauthorized => self.doubt_token(&scope.configuration),
            Failure::NotFound => {
                if let Some(plane) = scope.control_plane.clone() {
                    self.doubt_plane(&plane);
                }
            }
            Failure::RateLimited { .. } => {
                self.line_up_list(scope, Class::FirstList);
                return;
            }
            Failure::Conflict(_)
            | Failure::Reference(_)
            | Failure::Invalid(_)
            | Failure::Forbidden(_)
            | Failure::Server(_)
            | Failure::Transport(_) => {}
        }
        let wait = RETRY
            .saturating_mul(1 << failures.min(10))
            .min(LONGEST_RETRY);
        self.wake_at(self.now.after(wait), Wake::List(scope.clone()));
    }

    fn page(&mut self, scope: &Scope, items: Vec<Value>, next: Option<Cursor>) {
        let Some(mut run) = self
            .listings
            .lists
            .get_mut(scope)
            .and_then(|list| list.running.take())
        else {
            return;
        };
        if scope.at == Collection::GroupMemberships {
            run.parts.extend(items);
        } else {
            for item in items {
                self.listed(scope, &mut run, item);
            }
        }
        if next.is_some() {
            run.cursor = next;
            if let Some(list) = self.listings.lists.get_mut(scope) {
                list.running = Some(run);
            }
            self.line_up_list(scope, Class::FirstList);
        } else {
            self.complete(scope, run);
        }
    }

    /// One entity of a list.
    fn listed(&mut self, scope: &Scope, run: &mut Run, item: Value) {
        let Some(id) = item["id"].as_str().map(RemoteId::from) else {
            return;
        };
        run.seen.insert(id.clone());
        let owner = owner_of(&item).map(Uid::from);
        let ours = owner.as_ref().and_then(|uid| self.by_uid.get(uid)).cloned();
        let known = self.entities.at(&id).into_iter().find(|known| {
            self.entities
                .get(*known)
                .is_some_and(|entity| entity.scope() == *scope)
        });
        let entity = known.and_then(|known| self.entities.get(known));
        match (known, entity) {
            (Some(known), Some(entity)) => {
                if !is_settled_before(entity, run) {
                    return;
                }
                let observed = matches!(entity.intent, Some(Intent::Observe(_)));
                let by_record = owner.is_none() && entity.source != IdSource::User;
                let by_tag = ours.as_ref() == Some(&entity.owner);
                if observed || by_record || by_tag {
                    self.believe(known, &item);
                } else {
                    self.meet_stranger(known, &id, &item, run);
                }
            }
            _ => match ours {
                Some(owner) => {
                    let main = !item_tags(&item)
                        .iter()
                        .any(|tag| tag.starts_with(tags::OWNER));
                    run.strays.push(Stray {
                        id,
                        owner,
                        main,
                        item,
                    });
                }
                None => note_foreign(scope, run, &id, &item),
            },
        }
    }

    /// An entity is there, with this content.
    fn believe(&mut self, id: Uuid, item: &Value) {
        let drift = self.entities.get(id).is_some_and(|entity| {
            matches!(entity.belief, Belief::Held(Content::As(_))) && entity.is_confirmed()
        });
        let Some(entity) = self.entities.get_mut(id) else {
            return;
        };
        let at = entity.site.at;
        let body = Body::from_wire(at, item);
        let held = Normal::of(at, &body);
        let parent = entity.site.parent.as_ref().map(RemoteId::as_str);
        entity.holds = at.uniques(&body, parent);
        entity.facts = Some(facts(at, item))
            .filter(|facts| !facts.is_null())
            .map(Arc::new);
        entity.stranger = None;
        entity.source = IdSource::Record;
        let agreed = entity.wanted().filter(|wanted| {
            entity.echo.as_deref() == Some(&held)
                || Normal::of(at, wanted).differences(&held).is_empty()
        });
        entity.belief = Belief::Held(match agreed {
            Some(wanted) => Content::As(Arc::clone(wanted)),
            None => Content::Other(Arc::new(held)),
        });
        if entity.is_confirmed() {
            entity.problem = None;
            entity.failures = 0;
            entity.not_before = self.now;
        }
        entity.healing = drift && !entity.is_confirmed();
        if entity.healing {
            self.stats.drift += 1;
        }
        self.entity_changed(id);
    }

    /// Something else is at the id that we would use.
    fn meet_stranger(&mut self, known: Uuid, id: &RemoteId, item: &Value, run: &mut Run) {
        let words = words(id, item);
        if let Some(entity) = self.entities.get_mut(known) {
            entity.stranger = Some(format!(
                "the entity with ID {id} in Konnect is not managed by this object: {words}"
            ));
            entity.belief = Belief::Absent;
            let scope = entity.scope();
            note_foreign(&scope, run, id, item);
        }
        self.entity_changed(known);
    }

    /// A list has been read to the end.
    fn complete(&mut self, scope: &Scope, mut run: Run) {
        if scope.at == Collection::GroupMemberships {
            self.members_listed(scope, &run);
        } else {
            self.place_strays(scope, &mut run);
            self.find_missing(scope, &run);
        }
        self.listings.foreign.retain(|_, (from, _)| from != scope);
        let realm: Realm = match &scope.control_plane {
            Some(plane) => (Some(plane.clone()), None),
            None => (None, Some(scope.configuration.clone())),
        };
        for (key, foreign) in run.foreign {
            self.listings
                .foreign
                .insert((realm.clone(), key), (scope.clone(), foreign));
        }
        if let Some(list) = self.listings.lists.get_mut(scope) {
            list.complete = true;
            list.failures = 0;
        }
        self.unexamined.extend(self.entities.in_scope(scope));
        let due = self.now.after(self.settings.sync_period);
        self.wake_at(due, Wake::List(scope.clone()));
    }

    /// What carries the tags of an object of ours under an id that we do not know: it is the entity
    /// that we thought lost, or one too many.
    fn place_strays(&mut self, scope: &Scope, run: &mut Run) {
        run.strays.sort_by(|one, two| one.id.cmp(&two.id));
        for stray in std::mem::take(&mut run.strays) {
            let unit = self.units.get(&stray.owner);
            let missing = unit
                .into_iter()
                .flat_map(|unit| &unit.entities)
                .copied()
                .find(|id| {
                    self.entities.get(*id).is_some_and(|entity| {
                        stray.main
                            && entity.main
                            && entity.scope() == *scope
                            && is_settled_before(entity, run)
                            && entity
                                .remote
                                .as_ref()
                                .is_none_or(|remote| !run.seen.contains(remote))
                    })
                });
            if let Some(id) = missing {
                if let Some(entity) = self.entities.get_mut(id) {
                    entity.remote = Some(stray.id.clone());
                }
                self.entities.reindex(id);
                self.believe(id, &stray.item);
            } else if self.is_surplus(scope, &stray, run) {
                self.adopt_surplus(scope, stray);
            }
        }
    }

    /// Whether an entity with the tags of an object of ours is one that the object does not want. Only
    /// while nothing is under way with what it wants: the answer to a creation may be late, and then
    /// the list knows the entity before we do.
    fn is_surplus(&self, scope: &Scope, stray: &Stray, run: &Run) -> bool {
        let Some(unit) = self.units.get(&stray.owner) else {
            return false;
        };
        let mut own = unit
            .entities
            .iter()
            .filter_map(|id| self.entities.get(*id))
            .filter(|entity| entity.site.control_plane == scope.control_plane)
            .peekable();
        // An object that is to have no entity here has nothing to lose here either: somebody who
        // copied the tags by hand keeps what is theirs.
        let lives_here = own.peek().is_some();
        let settled = own.all(|entity| {
            let found = !stray.main
                || !entity.main
                || entity
                    .remote
                    .as_ref()
                    .is_some_and(|remote| run.seen.contains(remote));
            is_settled_before(entity, run) && found
        });
        matches!(unit.verdict.output, Output::Want(_)) && lives_here && settled
    }

    fn adopt_surplus(&mut self, scope: &Scope, stray: Stray) {
        let identity = Uuid::new_v5(&Uuid::NAMESPACE_OID, stray.id.as_str().as_bytes());
        let parent = scope
            .at
            .parent()
            .and_then(|parent| stray.item[parent.field]["id"].as_str());
        let claim = kong_resolve::Claim {
            identity,
            site: Site {
                at: scope.at,
                control_plane: scope.control_plane.clone(),
                parent: parent.map(RemoteId::from),
            },
            configuration: scope.configuration.clone(),
            intent: Intent::Absent,
            specified: None,
            generation: 0,
            main: false,
        };
        let mut entity = Entity::new(&stray.owner, &claim);
        entity.remote = Some(stray.id);
        entity.source = IdSource::Record;
        self.entities.insert(identity, entity);
        if let Some(unit) = self.units.get_mut(&stray.owner) {
            unit.entities.insert(identity);
        }
        self.believe(identity, &stray.item);
    }

    /// What no page had is not there.
    fn find_missing(&mut self, scope: &Scope, run: &Run) {
        for id in self.entities.in_scope(scope) {
            let Some(entity) = self.entities.get(id) else {
                continue;
            };
            let seen = entity
                .remote
                .as_ref()
                .is_some_and(|remote| run.seen.contains(remote));
            if seen || !is_settled_before(entity, run) {
                continue;
            }
            if entity.belief == Belief::Absent {
                // Whoever was at our id is there no longer.
                if entity.stranger.is_some()
                    && let Some(entity) = self.entities.get_mut(id)
                {
                    entity.stranger = None;
                    self.entity_changed(id);
                }
                continue;
            }
            let (was_there, plane) = (entity.is_present(), scope.at == Collection::ControlPlanes);
            let remote = entity.remote.clone();
            if was_there && !entity.is_leaving() {
                self.stats.drift += 1;
            }
            if let Some(entity) = self.entities.get_mut(id) {
                entity.healing = was_there;
                if plane && !matches!(entity.intent, Some(Intent::Observe(_))) {
                    // The server chooses ids of control planes: the next one has another.
                    entity.remote = None;
                    entity.facts = None;
                }
            }
            self.vanish(id);
            if let (true, Some(remote)) = (plane, remote) {
                self.plane_is_gone(&remote);
            }
        }
    }

    fn members_listed(&mut self, scope: &Scope, run: &Run) {
        let members: Vec<Value> = run
            .parts
            .iter()
            .flat_map(|part| part["members"].as_array().into_iter().flatten())
            .map(|member| json!({"id": member["id"]}))
            .collect();
        let item = json!({ "members": members });
        for id in self.entities.in_scope(scope) {
            if self
                .entities
                .get(id)
                .is_some_and(|entity| is_settled_before(entity, run))
            {
                self.believe(id, &item);
            }
        }
    }

    /// Whether a control plane is still there has to be found out.
    pub(crate) fn doubt_plane(&mut self, plane: &RemoteId) {
        let scopes: Vec<Scope> = self
            .entities
            .at(plane)
            .into_iter()
            .filter_map(|id| self.entities.get(id))
            .filter(|entity| entity.site.at == Collection::ControlPlanes)
            .map(Entity::scope)
            .collect();
        for scope in scopes {
            if self
                .listings
                .lists
                .get(&scope)
                .is_some_and(|list| list.running.is_none())
            {
                self.line_up_list(&scope, Class::FirstList);
            }
        }
    }

    /// Whether a token is still good has to be found out.
    pub(crate) fn doubt_token(&mut self, configuration: &Key) {
        let ids: Vec<Uuid> = self
            .units
            .get(configuration)
            .into_iter()
            .flat_map(|unit| unit.entities.iter().copied())
            .collect();
        for id in ids {
            let now: Mono = self.now;
            if let Some(entity) = self.entities.get_mut(id)
                && entity.site.at == Collection::Identity
                && entity.in_flight.is_none()
                && entity.is_confirmed()
            {
                entity.belief = Belief::Unknown;
                entity.not_before = now;
                self.entity_changed(id);
            }
        }
    }
}

/// Whether nothing was written to an entity since a list began.
fn is_settled_before(entity: &Entity, run: &Run) -> bool {
    entity.in_flight.is_none() && run.began.is_some_and(|began| entity.touched < began)
}

/// What Konnect says of an entity beside what we wrote, as far as statuses need it.
pub(crate) fn facts(at: Collection, answer: &Value) -> Value {
    let told = |member: &&str| ((*member).to_owned(), answer[*member].clone());
    Value::Object(at.facts().iter().map(told).collect())
}

/// Tags, or labels as tags.
fn item_tags(item: &Value) -> Vec<String> {
    let tags = item["tags"].as_array().into_iter().flatten();
    let labels = item["labels"].as_object().into_iter().flatten();
    tags.filter_map(|tag| tag.as_str().map(str::to_owned))
        .chain(labels.filter_map(|(key, value)| Some(format!("{key}:{}", value.as_str()?))))
        .collect()
}

fn owner_of(item: &Value) -> Option<String> {
    let tags = item_tags(item);
    tags::owner(&tags.iter().map(String::as_str)).map(str::to_owned)
}

fn note_foreign(scope: &Scope, run: &mut Run, id: &RemoteId, item: &Value) {
    let body = Body::from_wire(scope.at, item);
    let parent = scope
        .at
        .parent()
        .and_then(|parent| item[parent.field]["id"].as_str());
    for key in scope.at.uniques(&body, parent) {
        run.foreign.insert(
            key,
            Foreign {
                id: id.clone(),
                words: words(id, item),
            },
        );
    }
}

/// What a foreign entity is, and what can be done about it.
fn words(id: &RemoteId, item: &Value) -> String {
    let tags = item_tags(item);
    let value = |key: &str| {
        tags.iter()
            .find_map(|tag| tag.strip_prefix(key)?.strip_prefix(':'))
            .unwrap_or("?")
            .to_owned()
    };
    if owner_of(item).is_some() {
        format!(
            "the entity with ID {id}, which belongs to {} {}/{} with UID {}; if that object is gone and this one replaces it (a restored backup), delete the entity in Konnect or take it over with spec.adopt",
            value("k8s-kind"),
            value("k8s-namespace"),
            value("k8s-name"),
            value("k8s-uid"),
        )
    } else {
        format!(
            "the entity with ID {id}, which was not made from this cluster; delete it in Konnect, choose another name, or take it over with spec.adopt"
        )
    }
}
