//! Entities that change hands: what one object had becomes an entity of another one, under the same id.
//!
//! That is how what Kong's operator made through objects of its own is taken over (DESIGN.md 3): the
//! verdict on such an object names its heir. Here is what the object does meanwhile, which is to wait, and
//! what tells it that it need not wait any longer. How the heir finds the entity is in
//! `listing::inventory`.

use std::collections::BTreeSet;

use uuid::Uuid;

use kong_resolve::Key;
use kong_translation::State;

use crate::engine::Engine;
use crate::entities::Belief;
use crate::judging::Unit;

impl Engine {
    /// Who takes over what an object has. What it had itself until now is given up, but not deleted:
    /// its list tells the heir where it is.
    pub(crate) fn set_heir(&mut self, key: &Key, heir: Option<Uuid>) {
        let unit = self.units.get(key);
        let old = unit.and_then(|unit| unit.verdict.heir);
        let own = unit.map(|unit| unit.entities.clone()).unwrap_or_default();
        self.change_heir(key, old, heir);
        if heir.is_some() {
            for id in own {
                if let Some(scope) = self.entities.get(id).map(crate::entities::Entity::scope) {
                    self.forget_entity(id);
                    self.relist(&scope);
                }
            }
        }
    }

    pub(crate) fn change_heir(&mut self, key: &Key, old: Option<Uuid>, new: Option<Uuid>) {
        if old == new {
            return;
        }
        if let Some(old) = old
            && let Some(ancestors) = self.heirs.get_mut(&old)
        {
            ancestors.remove(key);
            if ancestors.is_empty() {
                self.heirs.remove(&old);
            }
        }
        if let Some(new) = new {
            self.heirs.entry(new).or_default().insert(key.clone());
        }
    }

    /// What is said of an object whose heir this entity is may be something else now.
    pub(crate) fn tell_ancestors(&mut self, heir: Uuid) {
        let ancestors: &BTreeSet<Key> = match self.heirs.get(&heir) {
            Some(ancestors) => ancestors,
            None => return,
        };
        self.stale.extend(ancestors.iter().cloned());
    }

    /// Whether an heir has nothing left to take over: it is in Konnect as wanted, or wanted gone and
    /// gone. That it is believed to be there because a status says so is not enough.
    pub(crate) fn has_taken_over(&self, heir: Uuid) -> bool {
        self.entities.get(heir).is_some_and(|entity| {
            let held = matches!(entity.belief, Belief::Held(_)) && entity.is_confirmed();
            held || (entity.is_leaving() && !entity.is_possible())
        })
    }

    /// The heir among the entities that the status of an object speaks of. What is wrong with it is
    /// said of the object that wants it.
    pub(crate) fn state_of_heir(&self, unit: &Unit) -> Option<State<'_>> {
        let heir = self.entities.get(unit.verdict.heir?)?;
        Some(State {
            main: false,
            problem: None,
            ..heir.state()
        })
    }
}
