//! What objects want to know of entities in Konnect that are none of ours, and name by their ids.
//!
//! That a judge reads a sight makes its list be read, and again every sync period for as long as somebody reads it.
//! What a list showed stands until another one shows something else, as what is believed of our own entities does.
//! Start with [`Engine::change_reads`]; lists come back in `lists_show`, or in `list_shows_nothing`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use kong_model::{Filter, RemoteId};
use kong_resolve::{Dep, Key, Sight, Spot};

use crate::engine::Engine;
use crate::listing::{Run, Scope, is_settled_before};

/// Which entities somebody wants to know of, by the list that shows them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sights(BTreeMap<Scope, BTreeSet<RemoteId>>);

impl Sights {
    /// Whether somebody wants to know of something that a list shows.
    pub(crate) fn need(&self, scope: &Scope) -> bool {
        self.0.contains_key(scope)
    }

    fn spots(&self, scope: &Scope) -> Vec<Spot> {
        let ids = self.0.get(scope).into_iter().flatten();
        ids.map(|id| Spot {
            configuration: scope.configuration.clone(),
            at: scope.at,
            id: id.clone(),
        })
        .collect()
    }
}

/// The list that shows an entity.
fn scope_of(spot: &Spot) -> Scope {
    Scope {
        configuration: spot.configuration.clone(),
        control_plane: None,
        at: spot.at,
        parent: None,
        filter: Filter::All,
    }
}

impl Engine {
    /// An object reads other things than it did. What nobody reads any more need not be looked at.
    pub(crate) fn change_reads<'d>(
        &mut self,
        key: &Key,
        new: impl IntoIterator<Item = &'d Dep>,
        old: impl IntoIterator<Item = &'d Dep>,
    ) {
        for dep in new {
            let readers = self.readers.entry(dep.clone()).or_default();
            readers.insert(key.clone());
            if let Dep::Sight(spot) = dep {
                self.look_for(spot);
            }
        }
        for dep in old {
            let Some(readers) = self.readers.get_mut(dep) else {
                continue;
            };
            readers.remove(key);
            if readers.is_empty() {
                self.readers.remove(dep);
                if let Dep::Sight(spot) = dep {
                    self.look_away(spot);
                }
            }
        }
    }

    /// Somebody wants to know of an entity.
    fn look_for(&mut self, spot: &Spot) {
        let scope = scope_of(spot);
        let ids = self.sights.0.entry(scope.clone()).or_default();
        if !ids.insert(spot.id.clone()) {
            return;
        }
        // It may have come since the list was read.
        self.read_anew(&scope);
        self.list_shows_nothing(&scope);
    }

    /// Nobody wants to know of an entity any more.
    fn look_away(&mut self, spot: &Spot) {
        self.world.set_sight(spot, Sight::Unseen);
        let scope = scope_of(spot);
        if let Some(ids) = self.sights.0.get_mut(&scope) {
            ids.remove(&spot.id);
            if ids.is_empty() {
                self.sights.0.remove(&scope);
                if self.entities.in_scope(&scope).is_empty() {
                    self.listings.forget(&scope);
                }
            }
        }
    }

    /// Somebody else may have written since, or taken away: everything is to be looked at again.
    pub(crate) fn forget_sights(&mut self) {
        let scopes: Vec<Scope> = self.sights.0.keys().cloned().collect();
        for scope in scopes {
            for spot in self.sights.spots(&scope) {
                self.set_sight(&spot, Sight::Unseen);
            }
            self.want_list(&scope);
        }
    }

    /// A list has been read to the end: what no page had is not there.
    pub(crate) fn list_shows(&mut self, scope: &Scope, run: &Run) {
        let mut again = false;
        for spot in self.sights.spots(scope) {
            // A list says nothing of an entity that was written after it began, also where that was for an object.
            let ours = self.entities.at(&spot.id).into_iter();
            let mut ours = ours.filter_map(|id| self.entities.get(id));
            if ours.any(|it| it.scope() == *scope && !is_settled_before(it, run)) {
                again = true;
                continue;
            }
            let sight = if run.seen.contains(&spot.id) {
                let state = run.states.get(&spot.id).cloned();
                Sight::There { state }
            } else {
                Sight::Missing
            };
            self.set_sight(&spot, sight);
        }
        if again {
            self.read_anew(scope);
        }
    }

    /// A list cannot be read. What was seen before still stands.
    pub(crate) fn list_shows_nothing(&mut self, scope: &Scope) {
        let Some(trouble) = self.listings.trouble(scope) else {
            return;
        };
        let unreadable = Sight::Unreadable {
            why: Arc::from(trouble.text.as_str()),
            passing: trouble.transient,
        };
        for spot in self.sights.spots(scope) {
            match self.world.sight(&spot) {
                Sight::Unseen | Sight::Unreadable { .. } => {
                    self.set_sight(&spot, unreadable.clone());
                }
                Sight::Missing | Sight::There { .. } => {}
            }
        }
    }

    fn set_sight(&mut self, spot: &Spot, sight: Sight) {
        if self.world.set_sight(spot, sight) {
            self.touch(&Dep::Sight(Box::new(spot.clone())));
        }
    }
}
