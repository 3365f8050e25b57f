//! What a shell may ask beside what it has to do: for measurements, logs and plans, never for decisions.

use kong_model::{Collection, Naming, RemoteId};
use kong_resolve::Key;

use crate::engine::{Engine, Subject};
use crate::entities::Act;
use crate::input::{Lane, OpId};

/// What an effect that changes something in Konnect is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Purpose {
    /// The entity is not there, as far as we know.
    Create,
    /// It is there and is to be otherwise.
    Update,
    /// It is there and is to be one of ours.
    Adopt,
    /// It is to go.
    Delete,
}

impl Engine {
    /// What an effect in flight is for; `None` if it changes nothing in Konnect, or is not in flight.
    pub fn purpose(&self, op: OpId) -> Option<Purpose> {
        let (subject, _) = self.in_flight.get(&op)?;
        match subject {
            Subject::Entity(id) => match self.entities.get(*id)?.in_flight.as_ref()?.act {
                Act::Probe => None,
                Act::Create => Some(Purpose::Create),
                Act::Update | Act::StepAside => Some(Purpose::Update),
                Act::Adopt => Some(Purpose::Adopt),
                Act::Remove => Some(Purpose::Delete),
            },
            Subject::Object(_) | Subject::List(_) | Subject::Mint(_) => None,
        }
    }

    /// Objects without an entity, and what is in Konnect already with that which no two may share, where nothing
    /// but that tells what an entity was made from. It is their own, if somebody has lost the objects' records.
    pub fn namesakes(&self) -> impl Iterator<Item = (&Key, Collection, &RemoteId)> {
        let nameless = self.entities.ids().filter_map(|id| self.entities.get(id));
        let nameless = nameless.filter(|entity| {
            let keyed = entity.site.at.naming() == Naming::Keyed;
            keyed && entity.main && entity.taking().is_none() && !entity.is_present()
        });
        nameless.filter_map(|entity| {
            let realm = entity.realm();
            let mut claims = entity.claims().into_iter();
            let id = claims.find_map(|claim| Some(&self.listings.foreign(&realm, &claim)?.id))?;
            Some((&entity.owner, entity.site.at, id))
        })
    }

    /// How much waits for its turn in a lane.
    pub fn depth(&self, lane: &Lane) -> usize {
        match lane {
            Lane::Kube => self.kube_queue.len() + self.mints.depth(),
            Lane::Konnect(org) => self.lanes.get(org).map_or(0, crate::queue::Queue::len),
        }
    }
}
