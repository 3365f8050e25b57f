//! What follows from a list: what is there, what is not, what is one too many, and what is none of ours.

use std::mem;
use std::sync::Arc;

use serde_json::{Value, json};
use uuid::Uuid;

use kong_model::{Body, Collection, Naming, Normal, OnDelete, RemoteId, Update, tags};
use kong_resolve::{Key, Uid};
use kong_translation::Drift;

use super::whose::{origin, words};
use super::{Foreign, Run, Scope, Stray};
use crate::adopting::Found;
use crate::engine::Engine;
use crate::entities::{Belief, Content, Entity, IdSource, Realm};

/// The member in which Konnect tells how far it is with an entity that takes its time.
const STATE: &str = "state";

impl Engine {
    /// One entity of a list.
    pub(super) fn listed(&mut self, scope: &Scope, run: &mut Run, item: Value) {
        let Some(id) = item["id"].as_str().map(RemoteId::from) else {
            return;
        };
        if self.listings.was_removed(scope, &id, run.began) || is_emptied(scope.at, &item) {
            return;
        }
        run.seen.insert(id.clone());
        if scope.at.facts().contains(&STATE)
            && let Some(state) = item[STATE].as_str()
        {
            run.states.insert(id.clone(), Arc::from(state));
        }
        let owner = owner_of(&item).map(Uid::from);
        let ours = owner.as_ref().and_then(|uid| self.by_uid.get(uid)).cloned();
        let ours = ours.or_else(|| self.owner_of_member(scope.at, &id));
        // What an object leaves behind is nobody's.
        let ours = ours.filter(|owner| !self.gives_up(owner));
        let (adopting, known) = self.known_at(scope, &id);
        for known in adopting {
            let entity = self.entities.get(known);
            if entity.is_some_and(|entity| is_settled_before(entity, run)) {
                self.offer(known, owner.as_ref(), &item);
            }
        }
        // By its tags it may be theirs already.
        let known = known.or_else(|| self.known_at(scope, &id).1);
        let entity = known.and_then(|known| self.entities.get(known));
        match (known, entity) {
            (Some(known), Some(entity)) => {
                if !is_settled_before(entity, run) {
                    return;
                }
                let observed = entity.source == IdSource::Observed;
                let untagged = owner.is_none() || self.is_former_self(entity, &item);
                let by_record = untagged && entity.source != IdSource::User;
                let by_tag = ours.as_ref() == Some(&entity.owner);
                let inherited = ours.as_ref().and_then(|owner| self.units.get(owner));
                let inherited = inherited.is_some_and(|unit| unit.verdict.heir == Some(known));
                if observed || by_record || by_tag || inherited {
                    self.believe(known, &item);
                } else {
                    self.meet_stranger(known, &id, &item);
                    note_unknown(scope, run, ours, id, item);
                }
            }
            // Somebody else's token sees it as well; the list with its own token is what counts.
            _ if self.is_known_elsewhere(scope, &id) => {}
            _ => note_unknown(scope, run, ours, id, item),
        }
    }

    /// The object of a member, also of one without tags.
    fn owner_of_member(&self, at: Collection, id: &RemoteId) -> Option<Key> {
        let of = at.members()?;
        let found = self.entities.at(id).into_iter();
        let mut found = found.filter_map(|id| self.entities.get(id));
        let member = found.find(|entity| {
            entity.site.at == of && matches!(entity.source, IdSource::Own | IdSource::Record)
        });
        member.map(|member| member.owner.clone())
    }

    /// The entities of ours of which one has this id by a list, those apart that are to take it over.
    fn known_at(&self, scope: &Scope, id: &RemoteId) -> (Vec<Uuid>, Option<Uuid>) {
        let is_here = |known: &Uuid| {
            let entity = self.entities.get(*known);
            entity.is_some_and(|entity| entity.scope() == *scope)
        };
        let adopts = |known: &Uuid| {
            let entity = self.entities.get(*known);
            entity.is_some_and(|entity| entity.taking().is_some())
        };
        let known = self.entities.at(id).into_iter().filter(is_here);
        let (adopting, known): (Vec<Uuid>, Vec<Uuid>) = known.partition(adopts);
        (adopting, known.first().copied())
    }

    /// Whether an entity of this list is one of ours that another configuration opens: several may open
    /// the same organisation.
    fn is_known_elsewhere(&self, scope: &Scope, id: &RemoteId) -> bool {
        let mut known = self.entities.at(id).into_iter();
        known.any(|known| {
            self.entities.get(known).is_some_and(|entity| {
                let listed = entity.scope();
                listed.at == scope.at
                    && listed.control_plane == scope.control_plane
                    && listed.parent == scope.parent
                    && matches!(entity.source, IdSource::Own | IdSource::Record)
            })
        })
    }

    /// An entity is there, with this content.
    pub(crate) fn believe(&mut self, id: Uuid, item: &Value) {
        let Some(at) = self.entities.get(id).map(|entity| entity.site.at) else {
            return;
        };
        if let Some(entity) = self.entities.get_mut(id) {
            entity.is_taken_over();
        }
        self.hold(id, &Body::from_wire(at, item), facts(at, item));
    }

    /// The same, of a body.
    pub(crate) fn hold(&mut self, id: Uuid, body: &Body, facts: Option<Arc<Value>>) {
        let Some(entity) = self.entities.get_mut(id) else {
            return;
        };
        let confirmed = entity.is_confirmed();
        let sent = matches!(entity.belief, Belief::Held(Content::As(_)));
        let appeared = !entity.is_present();
        let at = entity.site.at;
        let held = Normal::answered(at, body);
        let parent = entity.site.parent.as_ref().map(RemoteId::as_str);
        let holds = at.uniques(body, parent);
        if *holds != *entity.holds {
            entity.holds = holds.into();
        }
        entity.facts = facts;
        entity.stranger = None;
        if entity.source != IdSource::Observed {
            entity.source = IdSource::Record;
        }
        let agreed = entity.recognise(&held).cloned();
        let drift = match (&agreed, entity.wanted()) {
            (None, Some(wanted)) if confirmed && !entity.is_behind(wanted, &held) => {
                Some(Drift::Changed(entity.differences(wanted, &held)))
            }
            (_, _) => None,
        };
        entity.belief = Belief::Held(match agreed {
            Some(body) => {
                if entity.echo.is_none() {
                    entity.note_echo(&body, held);
                }
                Content::As(body)
            }
            None => Content::Other(Arc::new(held)),
        });
        match drift {
            Some(drift) => self.note_drift(id, drift),
            None => entity.drift = None,
        }
        let Some(entity) = self.entities.get_mut(id) else {
            return;
        };
        if entity.is_confirmed() {
            entity.problem = None;
            entity.failures = 0;
            entity.not_before = self.now;
        }
        entity.healing = confirmed && sent && !entity.is_confirmed();
        if entity.healing {
            self.stats.drift += 1;
        }
        if appeared {
            self.entity_appeared(id);
        }
        self.entity_changed(id);
    }

    /// Something else is at the id that we would use.
    fn meet_stranger(&mut self, known: Uuid, id: &RemoteId, item: &Value) {
        let words = words(id, item);
        if let Some(entity) = self.entities.get_mut(known) {
            entity.stranger = Some(format!(
                "the entity with ID {id} in Konnect is not managed by this object: {words}"
            ));
            entity.belief = Belief::Absent;
        }
        self.entity_changed(known);
    }

    /// A list has been read to the end.
    pub(super) fn complete(&mut self, scope: &Scope, mut run: Run) {
        if scope.at == Collection::GroupMemberships {
            self.members_listed(scope, &run);
        } else {
            self.place_strays(scope, &mut run);
            self.place_unnamed(scope, &mut run);
            self.find_missing(scope, &run);
        }
        self.listings.foreign.retain(|_, (from, _)| from != scope);
        let realm = realm_of(scope);
        for (key, foreign) in mem::take(&mut run.foreign) {
            self.listings
                .foreign
                .insert((realm.clone(), key), (scope.clone(), foreign));
        }
        self.list_is_no_trouble(scope);
        let tells_members = scope.at.members().is_some() || members_of(scope.at).is_some();
        if let Some(list) = self.listings.lists.get_mut(scope) {
            if tells_members {
                list.roll.clone_from(&run.seen);
            }
            list.complete = true;
            list.failures = 0;
            // No page that has these is on its way any more.
            list.removed
                .retain(|_, removed| run.began.is_none_or(|began| began <= *removed));
        }
        self.unexamined.extend(self.entities.in_scope(scope));
        self.examine_joining(scope);
        // What is to be deleted may have waited to know what refers to it.
        match &scope.control_plane {
            Some(plane) => self.examine_leaving(plane),
            None => self.examine_leaving_beside(scope.at),
        }
        self.look_for_parts(scope);
        let due = self.now.after(self.settings.sync_period);
        self.set_list_alarm(scope, due);
        self.list_shows(scope, &run);
    }

    /// Objects may have parts elsewhere that they wanted when nobody was there to see that they do no
    /// more: plugins that an annotation named. That takes one look.
    fn look_for_parts(&mut self, scope: &Scope) {
        let holds_parts = |at: &Collection| {
            at.parent().is_none()
                && at.references().iter().any(|reference| {
                    reference.to == scope.at && reference.on_delete == OnDelete::Cascade
                })
        };
        for at in Collection::all().filter(holds_parts) {
            let parts = Scope {
                at,
                ..scope.clone()
            };
            self.want_list(&parts);
        }
        self.look_for_members(scope);
    }

    /// Members may be in groups of ours that nobody wants there any more, whatever was known of them.
    fn look_for_members(&mut self, scope: &Scope) {
        if let Some(at) = members_of(scope.at) {
            for id in self.entities.in_scope(scope) {
                // One that goes ends its memberships, and what is below it cannot be listed any more.
                let stays = |group: &&Entity| group.is_present() && !group.is_leaving();
                let group = self.entities.get(id).filter(stays);
                if let Some(group) = group.and_then(|group| group.remote.clone()) {
                    let members = Scope {
                        at,
                        parent: Some(group),
                        ..scope.clone()
                    };
                    self.want_list(&members);
                }
            }
        }
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
            if entity.taking().is_some_and(|it| it.found != Found::Nothing) {
                self.set_found(id, Found::Nothing);
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
            let (at, remote) = (entity.site.at, entity.remote.clone());
            self.note_loss(id);
            let Some(entity) = self.entities.get_mut(id) else {
                continue;
            };
            let left = entity.is_left();
            if was_there && !left && !entity.is_leaving() {
                self.stats.drift += 1;
            }
            if !left {
                entity.healing = was_there;
                let ours = entity.source != IdSource::Observed || entity.is_shared();
                // What is to be taken over is waited for, and nothing is made in its place.
                let awaited = entity.taking().is_some_and(|taking| !taking.done);
                if at.is_named_by_server() && ours && !awaited {
                    // The server chooses the id: the next one has another.
                    entity.remote = None;
                    entity.source = IdSource::Own;
                    entity.facts = None;
                }
            }
            self.vanish(id);
            let Some(remote) = remote else { continue };
            if plane {
                for inside in self.entities.in_plane(&remote) {
                    self.note_loss(inside);
                }
                self.plane_is_gone(&remote);
            }
            let below = self.entities.dependents(at, &remote);
            let gone = below.filter(|(_, below)| {
                // There is no list any more that would say so.
                let unlisted = below.scope().parent.as_ref() == Some(&remote);
                // Its object cannot say where it is while what it was below is gone, so nobody asks for it.
                let unasked = !below.main && below.in_flight.is_none();
                unlisted || unasked && below.site.parent.as_ref() == Some(&remote)
            });
            let gone: Vec<Uuid> = gone.map(|(id, _)| id).collect();
            for id in gone {
                self.vanish(id);
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
}

/// The collection that tells who is in something of another collection, each with a list of its own.
pub(crate) fn members_of(groups: Collection) -> Option<Collection> {
    let below = |at: &Collection| at.parent().is_some_and(|parent| parent.to == groups);
    Collection::all().find(|at| below(at) && at.members().is_some())
}

/// Whether nothing is left of what cannot be deleted.
fn is_emptied(at: Collection, item: &Value) -> bool {
    match at.update() {
        Update::Whole { emptied } => item[emptied].as_array().is_some_and(Vec::is_empty),
        Update::No | Update::Put | Update::Patch { .. } => false,
    }
}

/// Where what a list has is unique.
pub(super) fn realm_of(scope: &Scope) -> Realm {
    match &scope.control_plane {
        Some(plane) => (Some(plane.clone()), None),
        None => (None, Some(scope.configuration.clone())),
    }
}

/// Whether nothing was written to an entity since a list began.
pub(crate) fn is_settled_before(entity: &Entity, run: &Run) -> bool {
    entity.in_flight.is_none() && run.began.is_some_and(|began| entity.touched < began)
}

/// What Konnect says of an entity beside what we wrote, as far as statuses need it.
pub(crate) fn facts(at: Collection, answer: &Value) -> Option<Arc<Value>> {
    let told = |member: &&str| ((*member).to_owned(), answer[*member].clone());
    let facts: serde_json::Map<String, Value> = at.facts().iter().map(told).collect();
    (!facts.is_empty()).then(|| Arc::new(Value::Object(facts)))
}

/// Tags, or labels as tags.
pub(super) fn item_tags(item: &Value) -> Vec<String> {
    let tags = item["tags"].as_array().into_iter().flatten();
    let labels = item["labels"].as_object().into_iter().flatten();
    tags.filter_map(|tag| tag.as_str().map(str::to_owned))
        .chain(labels.filter_map(|(key, value)| Some(format!("{key}:{}", value.as_str()?))))
        .collect()
}

pub(super) fn owner_of(item: &Value) -> Option<String> {
    let tags = item_tags(item);
    tags::owner(&tags.iter().map(String::as_str)).map(str::to_owned)
}

/// What none of our entities is: it may be an object's all the same, or it is nobody's.
fn note_unknown(scope: &Scope, run: &mut Run, owner: Option<Key>, id: RemoteId, item: Value) {
    let Some(owner) = owner else {
        note_foreign(scope, run, &id, &item);
        if scope.at.naming() == Naming::Keyed {
            run.unnamed.push((id, item));
        }
        return;
    };
    let tags = item_tags(&item);
    let part = tags::part(&tags.iter().map(String::as_str));
    run.strays.push(Stray {
        id,
        owner,
        part: part.and_then(|part| Uuid::parse_str(part).ok()),
        main: !tags.iter().any(|tag| tag.starts_with(tags::OWNER)),
        item,
    });
}

fn note_foreign(scope: &Scope, run: &mut Run, id: &RemoteId, item: &Value) {
    run.strangers.insert(id.clone());
    for reference in scope.at.references() {
        if reference.on_delete == OnDelete::Restrict
            && let Some(target) = item[reference.field]["id"].as_str()
        {
            let words = format!(
                "the entity with ID {id} in {}, which {}",
                scope.at,
                origin(item)
            );
            let referrers = run.referrers.entry(RemoteId::from(target)).or_default();
            referrers.insert(id.clone(), words);
        }
    }
    let body = Body::from_wire(scope.at, item);
    let told = scope
        .at
        .parent()
        .and_then(|parent| item[parent.field]["id"].as_str());
    let parent = scope.parent.as_ref().map(RemoteId::as_str).or(told);
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
