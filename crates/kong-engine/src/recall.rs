//! What objects have in Konnect by their statuses.
//!
//! After a start, and when we take over, nothing but the statuses says what is where, and an object may
//! have something in Konnect that its spec no longer asks for: its reference was changed, or is bad now.
//! So the first judgement of an object begins with what its status says of its entity. Until that is
//! done the object is *unplaced*: its control plane waits for it, and its finalizer stays.

use std::collections::BTreeSet;

use uuid::Uuid;

use kong_crds::Kind;
use kong_model::{Collection, Naming, RemoteId, Site};
use kong_resolve::{Claim, Dep, Few, Frame, Intent, Key, Map, Verdict, identity};

use crate::engine::Engine;
use crate::entities::{Entity, IdSource, refile};
use crate::input::Mono;
use crate::objects::Record;

/// Where statuses say that things are.
#[derive(Clone, Debug, Default)]
pub(crate) struct Recorded {
    /// The control planes of the objects that have yet to be recalled.
    unplaced: Map<Key, RemoteId>,
    by_plane: Map<RemoteId, Few<Key>>,
    /// The ids of control planes in the statuses of their objects.
    planes: Map<Key, RemoteId>,
    by_id: Map<RemoteId, Few<Key>>,
    /// Ids that objects of control planes have been seen to lose.
    gone: BTreeSet<RemoteId>,
}

impl Recorded {
    fn unplace(&mut self, key: &Key, plane: Option<RemoteId>) {
        file(&mut self.unplaced, &mut self.by_plane, key, plane);
    }

    fn note_plane(&mut self, key: &Key, id: Option<RemoteId>) {
        if let Some(id) = &id {
            self.gone.remove(id);
        }
        let before = self
            .planes
            .get(key)
            .filter(|before| Some(*before) != id.as_ref());
        self.gone.extend(before.cloned());
        file(&mut self.planes, &mut self.by_id, key, id);
    }

    /// Whether an object has yet to be recalled, from a control plane of which nothing was ever heard.
    fn is_somewhere_unheard_of(&self, key: &Key) -> bool {
        let plane = self.unplaced.get(key);
        plane.is_some_and(|plane| !self.by_id.contains_key(plane) && !self.gone.contains(plane))
    }

    /// Whether something in this control plane has yet to be recalled.
    pub(crate) fn is_awaited(&self, plane: &RemoteId) -> bool {
        self.by_plane.contains_key(plane)
    }

    /// Those in this control plane that have yet to be recalled.
    pub(crate) fn awaited(&self, plane: &RemoteId) -> BTreeSet<Key> {
        self.by_plane
            .get(plane)
            .into_iter()
            .flatten()
            .cloned()
            .collect()
    }

    /// Whether an object has yet to be recalled, from a control plane that has an object.
    pub(crate) fn may_be_somewhere(&self, key: &Key) -> bool {
        self.unplaced
            .get(key)
            .is_some_and(|plane| self.by_id.contains_key(plane))
    }
}

/// Files a key under an id, and no longer under the one before.
fn file(
    ids: &mut Map<Key, RemoteId>,
    index: &mut Map<RemoteId, Few<Key>>,
    key: &Key,
    id: Option<RemoteId>,
) {
    let old = ids.remove(key);
    refile(index, key, old.iter(), id.iter());
    if let Some(id) = id {
        ids.insert(key.clone(), id);
    }
}

/// Where the status of an object says that its entity is, and under which id. With the finalizer it may be
/// in the control plane of the status also without an id there, which somebody may have wiped: then it is
/// where its identity says.
fn recorded_place(key: &Key, record: &Record) -> Option<(Site, Option<RemoteId>)> {
    let frame = kong_translation::frame(key.kind)?;
    let at = kong_translation::collection(key.kind)?;
    let status = record.status.read();
    let ids = match frame {
        Frame::Account => return None,
        Frame::Native => &status,
        Frame::Konnect | Frame::Extension => &status["konnect"],
    };
    let id = |name: &str| {
        // Config stores have the id of their control plane one level deeper.
        let value = &ids[name];
        let text = value.as_str().or_else(|| value["id"].as_str())?;
        (!text.is_empty()).then(|| RemoteId::from(text))
    };
    let control_plane = if at.is_in_control_plane() {
        Some(id("controlPlaneID")?)
    } else {
        None
    };
    let parent = match at.parent() {
        Some(parent) => Some(id(&format!("{}ID", parent.field))?),
        None => None,
    };
    let site = Site {
        at,
        control_plane,
        parent,
    };
    let id = kong_translation::recorded_id(frame, &status);
    let may_be_there =
        site.control_plane.is_some() && at.naming() == Naming::Ours && record.is_finalized();
    (id.is_some() || may_be_there).then_some((site, id))
}

impl Engine {
    /// Where the status of an object says that its entity is.
    pub(crate) fn recorded_site(&self, key: &Key) -> Option<Site> {
        let record = self.records.get(key)?;
        let (site, id) = recorded_place(key, record)?;
        id.map(|_| site)
    }

    /// The status of an object is news.
    pub(crate) fn note_record(&mut self, key: &Key) {
        let Some(record) = self.records.get(key) else {
            self.recorded.unplace(key, None);
            self.recorded.note_plane(key, None);
            return;
        };
        let place = recorded_place(key, record);
        if key.kind == Kind::KonnectGatewayControlPlane {
            let id = place.as_ref().and_then(|(_, id)| id.clone());
            self.recorded.note_plane(key, id);
        }
        let known = place.is_none() || self.has_main_entity(key);
        if let Some(unit) = self.units.get_mut(key)
            && !known
            && unit.verdict.heir.is_none()
        {
            // Somebody else has written what we never knew.
            unit.recalled = false;
            self.dirty.insert(key.clone());
        }
        if !self.units.get(key).is_some_and(|unit| unit.recalled) {
            let home = place.and_then(|(site, _)| site.control_plane);
            self.recorded.unplace(key, home);
        }
    }

    /// Somebody else may have written since: objects without an entity that we know are recalled once
    /// more.
    pub(crate) fn recall_again(&mut self, key: &Key) {
        let known = self.has_main_entity(key);
        if let Some(unit) = self.units.get_mut(key).filter(|_| !known) {
            unit.recalled = false;
            self.dirty.insert(key.clone());
            self.note_record(key);
        }
    }

    /// What belonged to objects that went while somebody else was in office was seen to by them.
    pub(crate) fn forget_ownerless(&mut self) {
        let ownerless = |id: &Uuid| {
            let entity = self.entities.get(*id);
            entity.is_some_and(|entity| !self.units.contains_key(&entity.owner))
        };
        let ids: Vec<Uuid> = self.entities.ids().filter(ownerless).collect();
        for id in ids {
            self.forget_entity(id);
        }
    }

    /// Whether something may have been made in a control plane whose id is not known: it may have been
    /// created without anybody having written that down.
    pub(crate) fn may_hold_something(&self, home: &Key) -> bool {
        let Some(record) = self.records.get(home) else {
            return false;
        };
        if record.confirmed != self.term() {
            // Somebody else may have been there, and the watch may be late.
            return true;
        }
        let main = self.main_entity(home);
        record.is_finalized()
            && main.is_none_or(|entity| entity.remote.is_none() && entity.is_possible())
    }

    /// Until when the finalizer of an object stays, because the object of the control plane that its status
    /// names may exist: the watches of two kinds are not equally late.
    pub(crate) fn may_be_heard_of_until(&self, key: &Key) -> Option<Mono> {
        let until = self.in_charge_since.after(self.settings.patience);
        (until > self.now && self.recorded.is_somewhere_unheard_of(key)).then_some(until)
    }

    /// An object is to go whose control plane has no id: whether the control plane is as we know it is
    /// asked first.
    pub(crate) fn confirm_home(&mut self, key: &Key) {
        let leaving = self.records.get(key).is_some_and(|record| record.deleting);
        let home = self
            .units
            .get(key)
            .and_then(|unit| unit.verdict.home.as_ref());
        let Some(home) = home.filter(|home| leaving && home.id.is_none()) else {
            return;
        };
        let (home, term) = (home.control_plane.clone(), self.term());
        if let Some(record) = self.records.get_mut(&home)
            && record.confirmed != term
            && home != *key
        {
            record.unsure = true;
            self.check(&home);
        }
    }

    /// The API server has confirmed that an object is as we know it.
    pub(crate) fn confirmed(&mut self, key: &Key) {
        let term = self.term();
        let Some(record) = self.records.get_mut(key) else {
            return;
        };
        if std::mem::replace(&mut record.confirmed, term) == term {
            return;
        }
        if key.kind == Kind::KonnectGatewayControlPlane {
            let inside = self.readers.get(&Dep::Standing(key.clone()));
            let leaving = |key: &&Key| self.records.get(*key).is_some_and(|it| it.deleting);
            let leaving = inside.into_iter().flatten().filter(leaving).cloned();
            self.dirty.extend(leaving.collect::<Vec<_>>());
        }
    }

    /// The entity that an object stands for, there or not.
    pub(crate) fn main_entity(&self, key: &Key) -> Option<&Entity> {
        let unit = self.units.get(key)?;
        let mut entities = unit.entities.iter().filter_map(|id| self.entities.get(*id));
        entities.find(|entity| entity.main)
    }

    /// Whether the entity that an object stands for is known, there or not.
    pub(crate) fn has_main_entity(&self, key: &Key) -> bool {
        self.main_entity(key).is_some()
    }

    /// Begins with what an object has in Konnect by its status, whatever its spec says now. What is to
    /// become of it is for the verdict to say; until then it is kept.
    fn recall(&mut self, key: &Key, verdict: &Verdict) {
        if self.units.get(key).is_none_or(|unit| unit.recalled) {
            return;
        }
        let place = self
            .records
            .get(key)
            .filter(|_| !self.has_main_entity(key))
            .and_then(|record| recorded_place(key, record));
        if let Some((site, _)) = place {
            let configuration = match &site.control_plane {
                Some(home) => {
                    let found = self.planes_at(home).next();
                    found.map(|plane| plane.configuration.clone())
                }
                None => verdict
                    .home
                    .as_ref()
                    .map(|home| home.credentials.configuration.clone()),
            };
            // Not before its control plane is known.
            let Some(configuration) = configuration else {
                return;
            };
            let Some(entry) = self.world.entry(key) else {
                return;
            };
            let claim = Claim {
                identity: identity(&entry.meta.uid),
                site,
                configuration,
                intent: Intent::Keep,
                specified: None,
                adopt: None,
                known_by: Vec::new(),
                generation: entry.meta.generation,
                main: true,
                content: None,
            };
            let mut entity = self.new_entity(key, &claim);
            if verdict.home.as_ref().is_some_and(|home| home.mirror)
                && entity.site.at == Collection::ControlPlanes
            {
                entity.source = IdSource::Observed;
            }
            self.take_in(claim.identity, entity);
            if let Some(unit) = self.units.get_mut(key) {
                unit.entities.insert(claim.identity);
            }
        }
        if let Some(unit) = self.units.get_mut(key) {
            unit.recalled = true;
        }
        self.recorded.unplace(key, None);
    }

    /// What an object had is taken over by another one, which finds it by itself. Once that ends, it is
    /// recalled.
    pub(crate) fn recall_unless_inherited(&mut self, key: &Key, verdict: &Verdict) {
        if let Some(unit) = self.units.get_mut(key) {
            if verdict.heir.is_some() {
                unit.recalled = true;
            } else if unit.verdict.heir.is_some() {
                unit.recalled = false;
            }
        }
        match verdict.heir {
            Some(_) => self.recorded.unplace(key, None),
            None => self.recall(key, verdict),
        }
    }
}
