//! Entities that an object has beside the one that it stands for: the plugins of a service, the
//! credentials and the groups of a consumer.
//!
//! A part that cannot be had costs itself: what is wrong with it is said, and what the object itself stands
//! for is written all the same.

use kong_model::{Collection, RemoteId, Site};
use kong_resolve::{Claim, Condition, Home, Intent, Key};
use uuid::Uuid;

use crate::case::Case;

/// An entity that an object has beside its own.
pub(crate) struct Part {
    /// Which of the entities of the object it is.
    pub(crate) identity: Uuid,
    /// Its collection.
    pub(crate) at: Collection,
    /// The entity that it lives below, for collections that have one.
    pub(crate) parent: Option<RemoteId>,
    /// The id that it has to have, if there is one.
    pub(crate) specified: Option<RemoteId>,
    /// What is to become of it.
    pub(crate) intent: Intent,
    /// The object that its content is from: a KongPlugin, a Secret.
    pub(crate) content: Option<Key>,
}

impl Part {
    /// The claim on it; `None` if it cannot be said where it is.
    pub(crate) fn into_claim(self, case: &Case<'_, '_>, home: &Home) -> Option<Claim> {
        if self.at.parent().is_some() && self.parent.is_none() {
            return None;
        }
        let control_plane = if self.at.is_in_control_plane() {
            Some(home.id.clone()?)
        } else {
            None
        };
        Some(Claim {
            identity: self.identity,
            site: Site {
                at: self.at,
                control_plane,
                parent: self.parent,
            },
            configuration: home.credentials.configuration.clone(),
            intent: self.intent,
            specified: self.specified,
            adopt: None,
            known_by: Vec::new(),
            generation: case.meta.generation,
            main: false,
            content: self.content,
        })
    }
}

/// The parts of an object, and what is to be said of them.
#[derive(Default)]
pub(crate) struct Parts {
    /// The parts.
    pub(crate) parts: Vec<Part>,
    /// What is right or wrong with them.
    pub(crate) said: Vec<Condition>,
}

impl Parts {
    /// Takes up further parts.
    pub(crate) fn append(&mut self, more: Self) {
        self.parts.extend(more.parts);
        self.said.extend(more.said);
    }
}
