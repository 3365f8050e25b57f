//! All lists and what they had, as values: which were read to the end, what was left over, what is none of ours.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value;
use uuid::Uuid;

use kong_model::{Collection, Cursor, Filter, RemoteId, UniqueKey};
use kong_resolve::Key;
use kong_translation::Problem;

use crate::entities::Realm;
use crate::input::{Mono, OpId};

/// By what they refer to, what refers to it and that in words.
pub(super) type Referrers = BTreeMap<RemoteId, BTreeMap<RemoteId, String>>;

/// What one list covers.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Scope {
    /// With whose token.
    pub configuration: Key,
    /// In which control plane; `None` for the organisation.
    pub control_plane: Option<RemoteId>,
    /// What is listed.
    pub at: Collection,
    /// Below which parent, where each has a list of its own.
    pub parent: Option<RemoteId>,
    /// Which of it.
    pub filter: Filter,
}

impl Scope {
    /// The list that has the parent, where each has a list of its own.
    pub(crate) fn above(&self) -> Option<Self> {
        self.parent.as_ref()?;
        Some(Self {
            at: self.at.parent()?.to,
            parent: None,
            ..self.clone()
        })
    }
}

/// Something in Konnect that is none of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Foreign {
    pub(crate) id: RemoteId,
    /// What it is, and what can be done about it.
    pub(crate) words: String,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Listing {
    /// Whether it has been read to the end in this term.
    pub(super) complete: bool,
    pub(super) running: Option<Run>,
    pub(super) queued: bool,
    pub(super) failures: u32,
    /// Why it cannot be read, where nobody else says so.
    pub(super) trouble: Option<Problem>,
    /// When it is to be read next.
    pub(super) due: Option<Mono>,
    /// Everything that it had, if it tells who is in what.
    pub(super) roll: BTreeSet<RemoteId>,
    /// What it had, although nobody of ours wanted it then.
    pub(super) leftover: BTreeSet<RemoteId>,
    /// What keeps which entities from being deleted without being ours, in words: Konnect refuses that.
    pub(super) referrers: Referrers,
    /// What we have deleted since it was last read: a page that is on its way may have it still.
    pub(super) removed: BTreeMap<RemoteId, OpId>,
}

/// A list that is being read.
#[derive(Clone, Debug, Default)]
pub(crate) struct Run {
    pub(super) began: Option<OpId>,
    pub(super) cursor: Option<Cursor>,
    pub(crate) seen: BTreeSet<RemoteId>,
    /// The states that are told of what was seen, for those who wait for one.
    pub(crate) states: BTreeMap<RemoteId, Arc<str>>,
    /// What carries the tags of an object of ours under an id that we do not know.
    pub(super) strays: Vec<Stray>,
    pub(super) foreign: BTreeMap<UniqueKey, Foreign>,
    /// What is none of ours.
    pub(super) strangers: BTreeSet<RemoteId>,
    pub(super) referrers: Referrers,
    /// What nothing tells the owner of.
    pub(super) unnamed: Vec<(RemoteId, Value)>,
    /// Pages of a list that is one entity.
    pub(super) parts: Vec<Value>,
}

#[derive(Clone, Debug)]
pub(super) struct Stray {
    pub(super) id: RemoteId,
    pub(super) owner: Key,
    /// Which of the entities of the owner it is, if its tags say so; else it may be the one that the
    /// owner stands for.
    pub(super) part: Option<Uuid>,
    /// Whether it is on behalf of its owner that it exists, though it is made from another object.
    pub(super) main: bool,
    pub(super) item: Value,
}

/// All lists.
#[derive(Clone, Debug, Default)]
pub(crate) struct Listings {
    pub(super) lists: BTreeMap<Scope, Listing>,
    pub(super) foreign: BTreeMap<(Realm, UniqueKey), (Scope, Foreign)>,
    /// Control planes that we have just created, and until when that holds: nothing is in them yet.
    pub(super) virgin: BTreeMap<RemoteId, Mono>,
}

impl Listings {
    /// Whether a list has been read to the end.
    pub(crate) fn is_read(&self, scope: &Scope) -> bool {
        self.lists.get(scope).is_some_and(|list| list.complete)
    }

    /// Whether a list had an entity that nobody wanted when it was read.
    pub(crate) fn had(&self, scope: &Scope, id: &RemoteId) -> bool {
        self.lists
            .get(scope)
            .is_some_and(|list| list.leftover.contains(id))
    }

    /// Everything that a list had which tells who is in what.
    pub(crate) fn roll(&self, scope: &Scope) -> impl Iterator<Item = &RemoteId> {
        self.lists
            .get(scope)
            .into_iter()
            .flat_map(|list| &list.roll)
    }

    /// The lists of this collection that are each below something of another list.
    pub(crate) fn below<'a>(
        &'a self,
        above: &'a Scope,
        at: Collection,
    ) -> impl Iterator<Item = &'a Scope> {
        let lists = self.lists.keys().filter(move |scope| scope.at == at);
        lists.filter(|scope| scope.above().as_ref() == Some(above))
    }

    /// Whether a list is read from time to time.
    pub(crate) fn has(&self, scope: &Scope) -> bool {
        self.lists.contains_key(scope)
    }

    /// Whether a list has been read, or is being read.
    pub(crate) fn knows(&self, scope: &Scope) -> bool {
        let list = self.lists.get(scope);
        list.is_some_and(|list| list.complete || list.running.is_some())
    }

    /// What keeps an entity of this scope from being deleted without being ours, by id and in words.
    pub(crate) fn referrers(
        &self,
        scope: &Scope,
        id: &RemoteId,
    ) -> impl Iterator<Item = (&RemoteId, &str)> {
        let lists = Collection::all().filter(|at| at.restrains(scope.at));
        let lists = lists.filter_map(|at| {
            self.lists.get(&Scope {
                at,
                ..scope.clone()
            })
        });
        lists
            .filter_map(|list| list.referrers.get(id))
            .flatten()
            .map(|(id, words)| (id, &**words))
    }

    /// An entity was deleted by us, which referred to these. A list may take it for somebody else's.
    pub(crate) fn is_removed(&mut self, scope: &Scope, id: &RemoteId, op: OpId, to: &[RemoteId]) {
        let Some(list) = self.lists.get_mut(scope) else {
            return;
        };
        list.removed.insert(id.clone(), op);
        for to in to {
            if let Some(referrers) = list.referrers.get_mut(to) {
                referrers.remove(id);
            }
        }
    }

    /// Whether we have deleted an entity since a list began.
    pub(super) fn was_removed(&self, scope: &Scope, id: &RemoteId, began: Option<OpId>) -> bool {
        let removed = self.lists.get(scope).and_then(|list| list.removed.get(id));
        removed.is_some_and(|removed| began.is_none_or(|began| began <= *removed))
    }

    /// Whether a list had an entity that was taken for somebody else's.
    pub(crate) fn has_foreign(&self, id: &RemoteId) -> bool {
        self.foreign.values().any(|(_, foreign)| foreign.id == *id)
    }

    /// An entity has become one of ours.
    pub(crate) fn is_no_longer_foreign(&mut self, id: &RemoteId) {
        self.foreign.retain(|_, (_, foreign)| foreign.id != *id);
    }

    /// Whether a list is to be read at this time, and at no other.
    pub(crate) fn is_due_at(&self, scope: &Scope, time: Mono) -> bool {
        self.lists
            .get(scope)
            .is_some_and(|list| list.due == Some(time))
    }

    /// Whether a list is being tried again.
    pub(crate) fn has_failed(&self, scope: &Scope) -> bool {
        self.lists.get(scope).is_some_and(|list| list.failures > 0)
    }

    /// Why a list cannot be read.
    pub(crate) fn trouble(&self, scope: &Scope) -> Option<&Problem> {
        self.lists.get(scope)?.trouble.as_ref()
    }

    /// Nobody needs a list any more.
    pub(crate) fn forget(&mut self, scope: &Scope) {
        self.lists.remove(scope);
        self.foreign.retain(|_, (from, _)| from != scope);
    }

    /// Somebody else may have written since.
    pub(crate) fn forget_all(&mut self) {
        for list in self.lists.values_mut() {
            *list = Listing {
                queued: list.queued,
                due: list.due,
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
