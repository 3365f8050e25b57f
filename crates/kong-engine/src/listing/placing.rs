//! What a list has beside what we know: whose it is, and what is to become of it.
//!
//! An entity with our tags under an id that we do not know is one that we thought lost, or one too many. Of an
//! entity without tags only what no two may share tells whose it is. Start with [`Engine::place_strays`].

use uuid::Uuid;

use kong_model::{Body, RemoteId, Site, UniqueKey};
use kong_resolve::{Claim, Intent, Key, Output, identity};

use super::inventory::{is_settled_before, realm_of};
use super::{Run, Scope, Stray};
use crate::engine::Engine;
use crate::entities::{Entity, IdSource};

impl Engine {
    /// What carries the tags of an object of ours under an id that we do not know: it is the entity
    /// that we thought lost, or one too many.
    pub(super) fn place_strays(&mut self, scope: &Scope, run: &mut Run) {
        let mut leftover = std::mem::take(&mut run.strangers);
        run.strays.sort_by(|one, two| one.id.cmp(&two.id));
        for stray in std::mem::take(&mut run.strays) {
            if let Some(id) = self.sought(scope, &stray, run) {
                if let Some(entity) = self.entities.get_mut(id) {
                    entity.remote = Some(stray.id.clone());
                }
                self.entities.reindex(id);
                self.believe(id, &stray.item);
            } else if self.is_lost(scope, &stray) {
                self.recall_listed(scope, stray);
            } else if let Some(intent) = self.surplus(scope, &stray, run) {
                self.adopt_surplus(scope, stray, intent);
            } else {
                leftover.insert(stray.id);
            }
        }
        if let Some(list) = self.listings.lists.get_mut(scope) {
            list.leftover = leftover;
            list.referrers = std::mem::take(&mut run.referrers);
        }
    }

    /// What nothing tells the owner of is found by what no two may share. It is ours if its object says that it
    /// was about to have one; if not, it is somebody else's, which may be used all the same if there is
    /// nothing to it but that.
    pub(super) fn place_unnamed(&mut self, scope: &Scope, run: &mut Run) {
        for (remote, item) in std::mem::take(&mut run.unnamed) {
            let body = Body::from_wire(scope.at, &item);
            let parent = scope.parent.as_ref().map(RemoteId::as_str);
            let keys = scope.at.uniques(&body, parent);
            let Some((id, owner)) = self.unplaced_with(scope, &keys, run) else {
                continue;
            };
            let record = self.records.get(&owner);
            let made = record.is_none_or(|record| record.is_finalized());
            if !made && !scope.at.can_be_shared() {
                continue;
            }
            if let Some(entity) = self.entities.get_mut(id) {
                entity.remote = Some(remote);
                entity.source = if made {
                    IdSource::Record
                } else {
                    IdSource::Observed
                };
            }
            self.entities.reindex(id);
            self.believe(id, &item);
            for key in keys {
                run.foreign.remove(&key);
            }
        }
    }

    /// An entity of ours with one of these keys that nobody knows the place of, and its object.
    fn unplaced_with(&self, scope: &Scope, keys: &[UniqueKey], run: &Run) -> Option<(Uuid, Key)> {
        let realm = realm_of(scope);
        let rivals = |key| self.entities.rivals(&realm, key);
        let mut found = keys.iter().flat_map(rivals).filter(|(_, entity)| {
            let remote = entity.remote.as_ref();
            // Where it was by its status it is no longer, if it is nowhere in the list.
            let is_lost = remote.is_none_or(|remote| !run.seen.contains(remote));
            is_lost && !entity.beaten && is_settled_before(entity, run)
        });
        found.next().map(|(id, entity)| (id, entity.owner.clone()))
    }

    /// The entity that is not where we thought it was, if it is this one: that which the object stands
    /// for, a part of it, or what is to become the entity of another object.
    fn sought(&self, scope: &Scope, stray: &Stray, run: &Run) -> Option<Uuid> {
        let unit = self.units.get(&stray.owner)?;
        let mut candidates = unit.entities.iter().copied().filter(|id| {
            let main = self.entities.get(*id).is_some_and(|entity| entity.main);
            stray.part == Some(*id) || (stray.main && main)
        });
        let heir = unit.verdict.heir.filter(|_| stray.main);
        let is_missing = |id: &Uuid| {
            self.entities.get(*id).is_some_and(|entity| {
                entity.scope() == *scope
                    && is_settled_before(entity, run)
                    && entity
                        .remote
                        .as_ref()
                        .is_none_or(|remote| !run.seen.contains(remote))
            })
        };
        candidates
            .find(is_missing)
            .or_else(|| heir.filter(is_missing))
    }

    /// What is to become of an entity with the tags of an object of ours that the object does not want: it
    /// goes, or it is kept until the object can be judged. Only while nothing is under way with what the
    /// object wants: the answer to a creation may be late, and then the list knows the entity before we do.
    fn surplus(&self, scope: &Scope, stray: &Stray, run: &Run) -> Option<Intent> {
        let unit = self.units.get(&stray.owner)?;
        let mut own = unit
            .entities
            .iter()
            .filter_map(|id| self.entities.get(*id))
            .filter(|entity| {
                entity.site.control_plane == scope.control_plane
                    && entity.configuration == scope.configuration
            })
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
        // What is below something of somebody else is not ours, whoever it is: a consumer of ours in a group.
        (lives_here && settled && self.is_somewhere(scope)).then(|| match unit.verdict.output {
            Output::Want(_) => Intent::Absent,
            Output::KeepLastGood => Intent::Keep,
        })
    }

    /// Whether an entity is the one that its object stands for, though nobody knew that it exists: the
    /// status was not written, or was wiped, and the object asks for nothing now. It has our finalizer,
    /// so it did before.
    fn is_lost(&self, scope: &Scope, stray: &Stray) -> bool {
        let record = self.records.get(&stray.owner);
        let finalized = record.is_some_and(|record| record.is_finalized());
        let at = kong_translation::collection(stray.owner.kind);
        let asks = self.units.get(&stray.owner);
        let inherited = asks.is_some_and(|unit| unit.verdict.heir.is_some());
        let main = stray.main && stray.part.is_none() && at == Some(scope.at);
        finalized && main && !inherited && !self.has_main_entity(&stray.owner)
    }

    fn recall_listed(&mut self, scope: &Scope, stray: Stray) {
        let Some(entry) = self.world.entry(&stray.owner) else {
            return;
        };
        let claim = Claim {
            intent: Intent::Keep,
            generation: entry.meta.generation,
            main: true,
            ..found(scope, &stray, identity(&entry.meta.uid))
        };
        self.dirty.insert(stray.owner.clone());
        self.take_up(&claim, stray);
    }

    fn adopt_surplus(&mut self, scope: &Scope, stray: Stray, intent: Intent) {
        // What is kept may be wanted again, by this name.
        let known = stray
            .part
            .filter(|part| intent == Intent::Keep && self.entities.get(*part).is_none());
        let mut place = stray.id.to_string();
        // A member has the same id in each of its groups.
        place.extend(scope.parent.iter().map(|parent| format!(" in {parent}")));
        let identity = Uuid::new_v5(&Uuid::NAMESPACE_OID, place.as_bytes());
        let claim = Claim {
            intent,
            ..found(scope, &stray, known.unwrap_or(identity))
        };
        self.take_up(&claim, stray);
    }

    /// What a list has is an entity of its owner from now on.
    fn take_up(&mut self, claim: &Claim, stray: Stray) {
        let mut entity = Entity::new(&stray.owner, claim);
        entity.remote = Some(stray.id);
        entity.source = IdSource::Record;
        self.entities.insert(claim.identity, entity);
        if let Some(unit) = self.units.get_mut(&stray.owner) {
            unit.entities.insert(claim.identity);
        }
        self.believe(claim.identity, &stray.item);
    }
}

/// The claim to an entity that a list has and nobody asks for.
fn found(scope: &Scope, stray: &Stray, identity: Uuid) -> Claim {
    let told = scope
        .at
        .parent()
        .and_then(|parent| stray.item[parent.field]["id"].as_str());
    let parent = scope.parent.clone().or_else(|| told.map(RemoteId::from));
    Claim {
        identity,
        site: Site {
            at: scope.at,
            control_plane: scope.control_plane.clone(),
            parent,
        },
        configuration: scope.configuration.clone(),
        intent: Intent::Absent,
        specified: None,
        adopt: None,
        known_by: Vec::new(),
        generation: 0,
        main: false,
        content: None,
    }
}
