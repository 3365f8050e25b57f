//! What is done about entities that somebody else changed or deleted, where that is not to mend them
//! (annotation `konduit/drift`).
//!
//! Drift is what a list shows of an entity that Konnect had confirmed: whatever the object itself asks for
//! since is an edit, and written. An entity that is left as it was found counts as confirmed, so that its
//! object says what it said before. Start with [`Engine::note_drift`].

use uuid::Uuid;

use kong_model::{Body, Normal, RemoteId};
use kong_resolve::{DriftPolicy, Intent};
use kong_translation::Drift;

use crate::engine::Engine;
use crate::entities::{Belief, Entity};

impl Entity {
    /// Whether it has drifted and is to be left so.
    pub(crate) fn is_left(&self) -> bool {
        self.drift.is_some()
            && self.policy != DriftPolicy::Enforce
            && matches!(self.intent, Some(Intent::Present(_)))
    }

    /// Whether what is held was made from an older content than what is wanted, by their tags: an edit of
    /// that is on its way, and nobody else has changed anything. The content is that of another object,
    /// of which the status of its owner tells nothing.
    pub(crate) fn is_behind(&self, wanted: &Body, held: &Normal) -> bool {
        let wanted = Normal::of(self.site.at, wanted);
        self.content.is_some() && held.generation() != wanted.generation()
    }

    /// Whether it is to be left as it is not, for nobody is to create it again.
    fn is_left_gone(&self) -> bool {
        self.is_left() && self.belief == Belief::Absent
    }
}

impl Engine {
    /// An entity that Konnect had confirmed is otherwise than it was left.
    pub(crate) fn note_drift(&mut self, id: Uuid, drift: Drift) {
        let Some(entity) = self.entities.get_mut(id) else {
            return;
        };
        if entity.drift.as_deref() != Some(&drift) {
            entity.drift = Some(Box::new(drift));
            if entity.is_left() && entity.policy == DriftPolicy::Warn {
                self.stats.drift_left += 1;
            }
        }
    }

    /// An entity is gone, though nobody here wanted that.
    pub(crate) fn note_loss(&mut self, id: Uuid) {
        let confirmed = self.entities.get(id).is_some_and(|entity| {
            entity.is_confirmed() && entity.wanted().is_some() && entity.in_flight.is_none()
        });
        if confirmed {
            self.note_drift(id, Drift::Gone);
        }
    }

    /// What an entity cannot be without, if that is gone and is left so: why it cannot be written.
    pub(crate) fn gone_below(&self, entity: &Entity, body: &Body) -> Option<String> {
        let plane = entity.site.control_plane.as_ref();
        let parent = entity.site.parent.as_ref();
        let references = entity.site.at.references().iter();
        let references = references.filter_map(|it| body.reference(it.field).map(RemoteId::from));
        let below = plane.into_iter().chain(parent).cloned().chain(references);
        let gone = |id: RemoteId| {
            let found = self.entities.at(&id).into_iter();
            let mut found = found.filter_map(|other| self.entities.get(other));
            found.find(|other| other.is_left_gone())
        };
        let gone = below.into_iter().find_map(gone)?;
        Some(format!(
            "{} is gone from Konnect and stays so by the annotation {}; edit it, or set the annotation to \
             enforce, to have it again",
            gone.owner,
            kong_crds::names::DRIFT_ANNOTATION,
        ))
    }
}
