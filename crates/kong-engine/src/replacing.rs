//! Entities that cannot be changed in Konnect and are wanted otherwise: another one takes the place of such an
//! entity, which goes once that is there.
//!
//! So it is with the certificate of data planes, whose Secret may hold another one at any time. What is left
//! behind is an entity of the same object that nobody asks for any more. Start with [`Engine::replace`].

use uuid::Uuid;

use kong_model::Update;

use crate::engine::Engine;
use crate::entities::{Belief, Entity};
use crate::input::OpId;

impl Entity {
    /// Whether one that is there, and not as wanted, makes room for one that is.
    pub(crate) fn is_replaced(&self) -> bool {
        let at = self.site.at;
        let fixed = at.update() == Update::No && at.members().is_none();
        let frame = kong_translation::frame(self.owner.kind);
        fixed
            && matches!(self.belief, Belief::Held(_))
            && self.main
            && frame.is_some_and(kong_resolve::Frame::replaces)
    }
}

impl Engine {
    /// What is there is left behind, and the object has yet to get what it wants: a list says whether that is
    /// there already.
    pub(crate) fn replace(&mut self, id: Uuid) {
        self.set_entity_alarm(id, None);
        let Some(old) = self.entities.remove(id) else {
            return;
        };
        let (owner, scope) = (old.owner.clone(), old.scope());
        let mut new = Entity {
            belief: Belief::Unknown,
            beaten: false,
            stranger: None,
            echo: None,
            facts: None,
            holds: Box::default(),
            problem: None,
            failures: 0,
            not_before: self.now,
            touched: OpId(0),
            ..old.clone()
        };
        new.start_over(id);
        let left = Entity {
            intent: None,
            main: false,
            problem: None,
            failures: 0,
            not_before: self.now,
            ..old
        };
        let remote = left.remote.iter().map(kong_model::RemoteId::as_str);
        let rest = Uuid::new_v5(&id, remote.collect::<String>().as_bytes());
        self.entities.insert(rest, left);
        self.entities.insert(id, new);
        if let Some(unit) = self.units.get_mut(&owner) {
            unit.entities.insert(rest);
        }
        self.unexamined.extend([id, rest]);
        self.relist(&scope);
    }

    /// Whether the entity that takes the place of this one is not there yet.
    pub(crate) fn is_still_needed(&self, entity: &Entity) -> bool {
        let frame = kong_translation::frame(entity.owner.kind);
        if entity.main || !frame.is_some_and(kong_resolve::Frame::replaces) {
            return false;
        }
        let main = self.main_entity(&entity.owner);
        main.is_some_and(|main| {
            main.site == entity.site && !main.is_leaving() && !main.is_present()
        })
    }

    /// What an entity takes the place of may go now.
    pub(crate) fn examine_replaced(&mut self, id: Uuid) {
        let Some(entity) = self.entities.get(id).filter(|entity| entity.main) else {
            return;
        };
        let frame = kong_translation::frame(entity.owner.kind);
        if frame.is_some_and(kong_resolve::Frame::replaces) {
            self.examine_all_of(&entity.owner.clone());
        }
    }
}
