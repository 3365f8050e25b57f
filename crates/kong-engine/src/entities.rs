//! The entities that objects of ours stand for: what is wanted, what is believed, and the indexes by
//! which they find each other.

use std::collections::BTreeSet;
use std::hash::Hash;
use std::sync::Arc;

use serde_json::Value;
use uuid::Uuid;

use kong_model::{Body, Collection, Filter, Normal, OnDelete, RemoteId, Site, UniqueKey};
use kong_resolve::{Claim, Intent, Key, Map};
use kong_translation::{Presence, Problem, State};

use crate::input::{Mono, OpId};
use crate::listing::Scope;

/// What Konnect is believed to hold of an entity.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Belief {
    /// Nobody knows.
    Unknown,
    /// The status says that it is there as this generation wants it. Believed until a list says
    /// otherwise.
    Trusted(i64),
    /// It is not there.
    Absent,
    /// It is there.
    Held(Content),
}

/// The content of an entity that is there.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Content {
    /// What we sent, or what equals it.
    As(Arc<Body>),
    /// Something else.
    Other(Arc<Normal>),
    /// This, or what was there before: a change was sent and no good answer came.
    Unclear(Arc<Body>),
}

/// Where the id of an entity comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum IdSource {
    /// It follows from the identity of the entity, so nothing else can have it.
    Own,
    /// The user chose it, and may have chosen what belongs to somebody else.
    User,
    /// The status, Konnect's answer or our tags say so.
    Record,
    /// It is somebody else's entity, which is only read.
    Observed,
}

/// One entity.
#[derive(Clone, Debug)]
pub(crate) struct Entity {
    pub(crate) owner: Key,
    pub(crate) site: Site,
    pub(crate) configuration: Key,
    /// What is to become of it; `None` if nobody wants it any more.
    pub(crate) intent: Option<Intent>,
    pub(crate) generation: i64,
    pub(crate) main: bool,
    /// The id under which it is, or is to be.
    pub(crate) remote: Option<RemoteId>,
    /// Where that id comes from.
    pub(crate) source: IdSource,
    /// The id that the user chose.
    pub(crate) specified: Option<RemoteId>,
    pub(crate) belief: Belief,
    /// What else is at our id, in words.
    pub(crate) stranger: Option<String>,
    /// The normal form of Konnect's answer to our last write, where it differs from what we sent: a
    /// field that Konnect rewrites is no drift.
    pub(crate) echo: Option<Arc<Normal>>,
    /// What Konnect says of it beside what we wrote.
    pub(crate) facts: Option<Arc<Value>>,
    /// What it has that nothing else may have, as far as we know.
    pub(crate) holds: Vec<UniqueKey>,
    pub(crate) problem: Option<Problem>,
    pub(crate) failures: u32,
    pub(crate) not_before: Mono,
    /// When it is to be looked at again.
    pub(crate) alarm: Option<Mono>,
    pub(crate) in_flight: Option<Flight>,
    /// The last effect that wrote to it: lists that began earlier know less.
    pub(crate) touched: OpId,
    /// Whether what is to be written heals drift, which nobody waits for.
    pub(crate) healing: bool,
}

/// What is under way with an entity.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Flight {
    pub(crate) op: OpId,
    pub(crate) act: Act,
    pub(crate) sent: Option<Arc<Body>>,
}

/// A step with an entity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    /// Ask whose token it is.
    Probe,
    /// Create, or create again, under an id of our choice.
    Create,
    /// Change.
    Update,
    /// Give it a temporary name, so that another one can have its name.
    StepAside,
    /// Delete.
    Remove,
}

impl Entity {
    pub(crate) fn new(owner: &Key, claim: &Claim) -> Self {
        Self {
            owner: owner.clone(),
            specified: claim.specified.clone(),
            site: claim.site.clone(),
            configuration: claim.configuration.clone(),
            intent: Some(claim.intent.clone()),
            generation: claim.generation,
            main: claim.main,
            remote: None,
            source: IdSource::Own,
            belief: Belief::Unknown,
            stranger: None,
            echo: None,
            facts: None,
            holds: Vec::new(),
            problem: None,
            failures: 0,
            not_before: Mono::default(),
            alarm: None,
            in_flight: None,
            touched: OpId(0),
            healing: false,
        }
    }

    /// Nothing is known of it: if it is created, then under the id that the user chose, else under that
    /// of its identity, unless the server chooses.
    pub(crate) fn start_over(&mut self, identity: Uuid) {
        let own = match self.site.at {
            // One list a control plane, under its id.
            Collection::GroupMemberships => self.site.control_plane.clone(),
            at => at
                .takes_our_id()
                .then(|| RemoteId::from(identity.to_string())),
        };
        self.source = if self.specified.is_some() {
            IdSource::User
        } else {
            IdSource::Own
        };
        self.remote = self.specified.clone().or(own);
    }

    /// The body that is wanted.
    pub(crate) fn wanted(&self) -> Option<&Arc<Body>> {
        match &self.intent {
            Some(Intent::Present(body)) => Some(body),
            Some(Intent::Keep | Intent::Absent | Intent::Observe(_) | Intent::Release(_))
            | None => None,
        }
    }

    /// Whether it is believed to be in Konnect.
    pub(crate) fn is_present(&self) -> bool {
        match self.belief {
            Belief::Trusted(_) | Belief::Held(_) => true,
            Belief::Unknown | Belief::Absent => false,
        }
    }

    /// Whether it may be in Konnect: it is believed to be, or nobody knows, or something is under way.
    pub(crate) fn is_possible(&self) -> bool {
        self.belief != Belief::Absent || self.in_flight.is_some()
    }

    /// Whether it is to go.
    pub(crate) fn is_leaving(&self) -> bool {
        matches!(
            self.intent,
            Some(Intent::Absent | Intent::Release(_)) | None
        )
    }

    /// Whether Konnect confirmed it in its present form.
    pub(crate) fn is_confirmed(&self) -> bool {
        match (&self.belief, &self.intent) {
            (Belief::Held(Content::As(held)), Some(Intent::Present(body))) => held == body,
            (Belief::Trusted(generation), Some(Intent::Present(_))) => {
                *generation == self.generation
            }
            (Belief::Trusted(_) | Belief::Held(_), Some(Intent::Observe(_))) => true,
            (Belief::Unknown | Belief::Absent, _)
            | (
                Belief::Trusted(_) | Belief::Held(Content::As(_)),
                Some(Intent::Keep | Intent::Absent | Intent::Release(_)) | None,
            )
            | (
                Belief::Held(Content::Other(_) | Content::Unclear(_)),
                Some(Intent::Present(_) | Intent::Keep | Intent::Absent | Intent::Release(_))
                | None,
            ) => false,
        }
    }

    /// Whether it may be there and nobody knows what it refers to.
    pub(crate) fn is_opaque(&self) -> bool {
        let known = match self.belief {
            Belief::Held(_) | Belief::Absent => true,
            Belief::Unknown | Belief::Trusted(_) => self.wanted().is_some(),
        };
        !known && !self.site.at.references().is_empty()
    }

    /// What the status of its object depends on.
    pub(crate) fn state(&self) -> State<'_> {
        State {
            at: self.site.at,
            main: self.main,
            intent: self.intent.as_ref(),
            id: self.remote.as_ref(),
            presence: match self.belief {
                Belief::Unknown => Presence::Unknown,
                Belief::Absent => Presence::Absent,
                Belief::Trusted(_) | Belief::Held(_) => Presence::Present,
            },
            under_way: self.in_flight.is_some(),
            confirmed: self.is_confirmed(),
            problem: self.problem.as_ref(),
            facts: self.facts.as_deref().unwrap_or(&Value::Null),
        }
    }

    /// The list that tells whether it is there.
    pub(crate) fn scope(&self) -> Scope {
        let filter = match (self.source, &self.remote, &self.site.control_plane) {
            (IdSource::Observed, Some(id), _) => Filter::Id(id.clone()),
            (_, _, Some(_)) => Filter::All,
            // Of an organisation's control planes only those made by operators concern us.
            (_, _, None) => Filter::Label("k8s-kind:KonnectGatewayControlPlane".to_owned()),
        };
        Scope {
            configuration: self.configuration.clone(),
            control_plane: self.site.control_plane.clone(),
            at: self.site.at,
            filter,
        }
    }

    /// The ids of the entities that it refers to, as wanted and as held.
    fn refers_to(&self) -> BTreeSet<RemoteId> {
        let mut ids: BTreeSet<RemoteId> = self.site.parent.iter().cloned().collect();
        for reference in self.site.at.references() {
            let wanted = self
                .wanted()
                .and_then(|body| body.reference(reference.field));
            let held = match &self.belief {
                Belief::Held(Content::As(body) | Content::Unclear(body)) => {
                    body.reference(reference.field)
                }
                Belief::Held(Content::Other(normal)) => normal.reference(reference.field),
                Belief::Unknown | Belief::Trusted(_) | Belief::Absent => None,
            };
            ids.extend(wanted.into_iter().chain(held).map(RemoteId::from));
        }
        ids
    }

    /// Whether Konnect deletes it along with another one: it lives below that, or refers to it as it is
    /// there now.
    pub(crate) fn goes_along_with(&self, remote: &RemoteId) -> bool {
        let below = self.site.parent.as_ref() == Some(remote);
        let mut references = self.site.at.references().iter();
        below
            || references.any(|reference| {
                reference.on_delete == OnDelete::Cascade
                    && self.held_reference(reference.field) == Some(remote.as_str())
            })
    }

    /// What a member refers to, as far as that is known of what is there.
    pub(crate) fn held_reference(&self, field: &str) -> Option<&str> {
        match &self.belief {
            Belief::Held(Content::As(body) | Content::Unclear(body)) => body.reference(field),
            Belief::Held(Content::Other(normal)) => normal.reference(field),
            Belief::Unknown | Belief::Trusted(_) => self.wanted()?.reference(field),
            Belief::Absent => None,
        }
    }

    /// What it claims that nothing else may have.
    pub(crate) fn claims(&self) -> Vec<UniqueKey> {
        let parent = self.site.parent.as_ref().map(RemoteId::as_str);
        self.wanted()
            .map(|body| self.site.at.uniques(body, parent))
            .unwrap_or_default()
    }
}

/// Where something unique is unique: in a control plane, or in the organisation of a token.
pub(crate) type Realm = (Option<RemoteId>, Option<Key>);

impl Entity {
    pub(crate) fn realm(&self) -> Realm {
        match &self.site.control_plane {
            Some(id) => (Some(id.clone()), None),
            None => (None, Some(self.configuration.clone())),
        }
    }
}

/// The keys under which an entity is indexed.
#[derive(Clone, Debug, Default)]
struct Filed {
    remote: Option<RemoteId>,
    plane: Option<RemoteId>,
    scope: Option<Scope>,
    refers_to: Box<[RemoteId]>,
    uniques: Box<[(Realm, UniqueKey)]>,
    opaque: Option<RemoteId>,
}

/// All entities, with their indexes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Entities {
    all: Map<Uuid, Entity>,
    filed: Map<Uuid, Filed>,
    by_remote: Map<RemoteId, BTreeSet<Uuid>>,
    by_plane: Map<RemoteId, BTreeSet<Uuid>>,
    by_scope: Map<Scope, BTreeSet<Uuid>>,
    dependents: Map<RemoteId, BTreeSet<Uuid>>,
    by_unique: Map<(Realm, UniqueKey), BTreeSet<Uuid>>,
    /// Those in a control plane that may refer to anything.
    opaque: Map<RemoteId, BTreeSet<Uuid>>,
    /// Control planes in which there are none of these any more.
    cleared: BTreeSet<RemoteId>,
}

impl Entities {
    pub(crate) fn get(&self, id: Uuid) -> Option<&Entity> {
        self.all.get(&id)
    }

    /// For changes that touch no index; follow up with [`reindex`](Self::reindex) if one may be
    /// touched.
    pub(crate) fn get_mut(&mut self, id: Uuid) -> Option<&mut Entity> {
        self.all.get_mut(&id)
    }

    pub(crate) fn ids(&self) -> impl Iterator<Item = Uuid> + '_ {
        self.all.keys().copied()
    }

    pub(crate) fn insert(&mut self, id: Uuid, entity: Entity) {
        self.all.insert(id, entity);
        self.reindex(id);
    }

    pub(crate) fn remove(&mut self, id: Uuid) -> Option<Entity> {
        let entity = self.all.remove(&id);
        self.reindex(id);
        entity
    }

    /// Those with this id in Konnect: one, or several in different collections.
    pub(crate) fn at(&self, remote: &RemoteId) -> BTreeSet<Uuid> {
        self.by_remote.get(remote).cloned().unwrap_or_default()
    }

    /// Those in a control plane.
    pub(crate) fn in_plane(&self, plane: &RemoteId) -> BTreeSet<Uuid> {
        self.by_plane.get(plane).cloned().unwrap_or_default()
    }

    /// Those that a list tells about.
    pub(crate) fn in_scope(&self, scope: &Scope) -> BTreeSet<Uuid> {
        self.by_scope.get(scope).cloned().unwrap_or_default()
    }

    /// Those that refer to an entity.
    pub(crate) fn dependents(&self, remote: &RemoteId) -> impl Iterator<Item = (Uuid, &Entity)> {
        let ids = self.dependents.get(remote).into_iter().flatten();
        ids.filter_map(|id| Some((*id, self.all.get(id)?)))
    }

    /// Those in a control plane of which nobody knows what they refer to.
    pub(crate) fn opaque(&self, plane: &RemoteId) -> impl Iterator<Item = &Entity> {
        let ids = self.opaque.get(plane).into_iter().flatten();
        ids.filter_map(|id| self.all.get(id))
    }

    /// A control plane in which there are none of these any more.
    pub(crate) fn pop_cleared(&mut self) -> Option<RemoteId> {
        self.cleared.pop_first()
    }

    /// Those that have or claim something unique.
    pub(crate) fn rivals(
        &self,
        realm: &Realm,
        key: &UniqueKey,
    ) -> impl Iterator<Item = (Uuid, &Entity)> {
        let ids = self
            .by_unique
            .get(&(realm.clone(), key.clone()))
            .into_iter()
            .flatten();
        ids.filter_map(|id| Some((*id, self.all.get(id)?)))
    }

    /// Whom a change of this entity may concern: those that want what it has or claims, and those that
    /// it refers to.
    pub(crate) fn neighbours(&self, id: Uuid) -> BTreeSet<Uuid> {
        let Some(filed) = self.filed.get(&id) else {
            return BTreeSet::new();
        };
        let rivals = filed
            .uniques
            .iter()
            .filter_map(|unique| self.by_unique.get(unique))
            .flatten();
        let parents = filed
            .refers_to
            .iter()
            .filter_map(|remote| self.by_remote.get(remote))
            .flatten();
        let plane = filed
            .plane
            .iter()
            .filter_map(|plane| self.by_remote.get(plane))
            .flatten();
        let mut ids: BTreeSet<Uuid> = rivals.chain(parents).chain(plane).copied().collect();
        ids.remove(&id);
        ids
    }

    /// Brings the indexes up to date after a change.
    pub(crate) fn reindex(&mut self, id: Uuid) {
        let new = self.all.get(&id).map(|entity| {
            let realm = entity.realm();
            let uniques = entity.holds.iter().cloned().chain(entity.claims());
            Filed {
                remote: entity.remote.clone(),
                plane: entity.site.control_plane.clone(),
                scope: Some(entity.scope()),
                refers_to: entity.refers_to().into_iter().collect(),
                uniques: uniques.map(|key| (realm.clone(), key)).collect(),
                opaque: entity
                    .site
                    .control_plane
                    .clone()
                    .filter(|_| entity.is_opaque()),
            }
        });
        let gone = new.is_none();
        let new = new.unwrap_or_default();
        let old = self.filed.remove(&id).unwrap_or_default();
        refile(
            &mut self.by_remote,
            id,
            old.remote.iter(),
            new.remote.iter(),
        );
        refile(&mut self.by_plane, id, old.plane.iter(), new.plane.iter());
        refile(&mut self.by_scope, id, old.scope.iter(), new.scope.iter());
        refile(
            &mut self.dependents,
            id,
            old.refers_to.iter(),
            new.refers_to.iter(),
        );
        refile(
            &mut self.by_unique,
            id,
            old.uniques.iter(),
            new.uniques.iter(),
        );
        refile(&mut self.opaque, id, old.opaque.iter(), new.opaque.iter());
        let left = old.opaque.filter(|_| new.opaque.is_none());
        let cleared = left.filter(|plane| !self.opaque.contains_key(plane));
        self.cleared.extend(cleared);
        if !gone {
            self.filed.insert(id, new);
        }
    }
}

/// Moves an entity from the old keys of an index to the new ones; keys that stay are not touched.
fn refile<'a, K: Eq + Hash + Clone + 'a>(
    index: &mut Map<K, BTreeSet<Uuid>>,
    id: Uuid,
    old: impl IntoIterator<Item = &'a K>,
    new: impl IntoIterator<Item = &'a K>,
) {
    let (old, new): (Vec<&K>, Vec<&K>) = (old.into_iter().collect(), new.into_iter().collect());
    for key in old.iter().filter(|key| !new.contains(key)) {
        if let Some(ids) = index.get_mut(*key) {
            ids.remove(&id);
            if ids.is_empty() {
                index.remove(*key);
            }
        }
    }
    for key in new.into_iter().filter(|key| !old.contains(key)) {
        index.entry(key.clone()).or_default().insert(id);
    }
}
