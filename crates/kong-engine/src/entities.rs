//! The entities that objects of ours stand for: what is wanted and what is believed. All of them, and how
//! they find each other, are in `index`.

mod index;

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;
use uuid::Uuid;

use kong_model::{
    Body, Collection, Filter, Naming, Node, Normal, OnDelete, RemoteId, Site, UniqueKey,
};
use kong_resolve::{Claim, DriftPolicy, Intent, Key};
use kong_translation::{Drift, Presence, Problem, State};

use crate::adopting::Taking;
use crate::input::{Mono, OpId};
use crate::listing::Scope;

pub(crate) use index::{Entities, refile};

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
    /// The user asks to take over what has it, and that has not been done.
    Adopt,
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
    /// The object that its content is from, if not its owner.
    pub(crate) content: Option<Key>,
    /// The id under which it is, or is to be.
    pub(crate) remote: Option<RemoteId>,
    /// Where that id comes from.
    pub(crate) source: IdSource,
    /// The id that the user chose.
    pub(crate) specified: Option<RemoteId>,
    /// The entity that it is to become, or has become.
    pub(crate) adoption: Option<Box<Taking>>,
    pub(crate) belief: Belief,
    /// Whether Konnect refused what was sent last because another one has what it is to have.
    pub(crate) beaten: bool,
    /// What else is at our id, in words.
    pub(crate) stranger: Option<String>,
    /// What Konnect made of our last write, where that is not what we sent.
    pub(crate) echo: Option<Echo>,
    /// What Konnect says of it beside what we wrote.
    pub(crate) facts: Option<Arc<Value>>,
    /// What it has that nothing else may have, as far as we know.
    pub(crate) holds: Box<[UniqueKey]>,
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
    /// How it is other than it was left.
    pub(crate) drift: Option<Box<Drift>>,
    /// What is done about that.
    pub(crate) policy: DriftPolicy,
}

/// How Konnect holds something that we sent: a field that it rewrites is no drift.
#[derive(Clone, Debug)]
pub(crate) struct Echo {
    sent: Arc<Body>,
    answered: Arc<Normal>,
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
    /// Make what is there already its own.
    Adopt,
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
            adoption: claim.adopt.clone().map(Taking::new),
            site: claim.site.clone(),
            configuration: claim.configuration.clone(),
            intent: Some(claim.intent.clone()),
            generation: claim.generation,
            main: claim.main,
            content: claim.content.clone(),
            remote: None,
            source: IdSource::Own,
            belief: Belief::Unknown,
            beaten: false,
            stranger: None,
            echo: None,
            facts: None,
            holds: Box::default(),
            problem: None,
            failures: 0,
            not_before: Mono::default(),
            alarm: None,
            in_flight: None,
            touched: OpId(0),
            healing: false,
            drift: None,
            policy: DriftPolicy::default(),
        }
    }

    /// Nothing is known of it: it is to be the entity that the user asks to take over. If it is
    /// created, then under the id that the user chose, else under that of its identity, unless the
    /// server chooses.
    pub(crate) fn start_over(&mut self, identity: Uuid) {
        if let Some(taking) = &self.adoption {
            self.remote = Some(taking.wanted.id.clone());
            self.source = IdSource::Adopt;
            return;
        }
        let own = match (self.site.at, self.site.at.naming()) {
            // One list a control plane, under its id.
            (Collection::GroupMemberships, _) => self.site.control_plane.clone(),
            (_, Naming::Ours) => Some(RemoteId::from(identity.to_string())),
            (_, Naming::Member { .. } | Naming::Labelled | Naming::Keyed) => None,
        };
        // The id of a membership is that of the member, and no choice.
        self.source = if self.specified.is_some() && self.site.at.members().is_none() {
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

    /// Notes how Konnect holds something of ours, where nothing but that tells it from something else.
    pub(crate) fn note_echo(&mut self, sent: &Arc<Body>, answered: Normal) {
        let at = self.site.at;
        let rewritten = !Normal::of(at, sent).differences(&answered).is_empty();
        self.echo = (rewritten || !at.hashed().is_empty()).then(|| Echo {
            sent: Arc::clone(sent),
            answered: Arc::new(answered),
        });
    }

    /// What of ours is held, if it is something of ours: what we sent last, or what is wanted.
    pub(crate) fn recognise(&self, held: &Normal) -> Option<&Arc<Body>> {
        match &self.echo {
            Some(echo) if *echo.answered == *held => Some(&echo.sent),
            // Somebody has written since: what is hashed is no longer what we sent.
            Some(echo) if !echo.answered.same_hashes(held) => None,
            Some(_) | None => {
                let wanted = self.wanted();
                wanted.filter(|wanted| self.differences(wanted, held).is_empty())
            }
        }
    }

    /// What says that nothing of it is to be left: what tells it from others, and an empty list.
    pub(crate) fn without(&self, emptied: &str) -> Option<Body> {
        let Belief::Held(content) = &self.belief else {
            return None;
        };
        let mut body = Body::default();
        for field in self.site.at.defaults().keys() {
            let node = match content {
                Content::As(sent) | Content::Unclear(sent) => sent.get(field),
                Content::Other(held) => held.get(field),
            };
            if let Some(node) = node {
                body.set(field, node.clone());
            }
        }
        body.set(emptied, Node::List(Vec::new()));
        Some(body)
    }

    /// Whether it is a membership of which nobody knows yet whose it is, so that nothing can be known of it.
    pub(crate) fn is_nobodys(&self) -> bool {
        self.site.at.members().is_some() && self.remote.is_none() && self.in_flight.is_none()
    }

    /// Whether it is wanted, and is there without having been made by us: it is not ours to delete.
    pub(crate) fn is_shared(&self) -> bool {
        self.source == IdSource::Observed && self.site.at.can_be_shared()
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

    /// Whether Konnect confirmed it in its present form. What has drifted since and is left so was
    /// confirmed, too.
    pub(crate) fn is_confirmed(&self) -> bool {
        if self.is_left() {
            return true;
        }
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

    /// Whether nothing but its identity, or its user, says where it is to be, and nobody has looked there.
    fn is_guessed(&self) -> bool {
        let chosen = match self.source {
            IdSource::Own | IdSource::User | IdSource::Adopt => true,
            IdSource::Record | IdSource::Observed => false,
        };
        chosen && self.belief == Belief::Unknown
    }

    /// What the status of its object depends on.
    pub(crate) fn state(&self) -> State<'_> {
        State {
            at: self.site.at,
            main: self.main,
            intent: self.intent.as_ref(),
            // What it asks for is not its own before it has it: nothing is to refer to that.
            id: self
                .remote
                .as_ref()
                .filter(|_| self.taking().is_none_or(|it| it.done)),
            presence: match self.belief {
                _ if self.is_left() => Presence::Present,
                Belief::Unknown => Presence::Unknown,
                Belief::Absent => Presence::Absent,
                Belief::Trusted(_) | Belief::Held(_) => Presence::Present,
            },
            under_way: self.in_flight.is_some(),
            confirmed: self.is_confirmed(),
            problem: self.problem.as_ref(),
            adopted: self.adoption.as_ref().is_some_and(|it| it.done),
            drift: self.drift.as_deref().filter(|_| self.is_left()),
            unseen: matches!(self.belief, Belief::Trusted(_)),
            guessed: self.is_guessed(),
            facts: self.facts.as_deref().unwrap_or(&Value::Null),
        }
    }

    /// The ids of what it refers to, as it is held.
    pub(crate) fn references(&self) -> Vec<RemoteId> {
        let mut ids = Vec::new();
        for reference in self.site.at.references() {
            self.visit_held(reference.field, &mut |id| ids.push(RemoteId::from(id)));
        }
        ids
    }

    /// Whether it goes with this other one, if that goes.
    pub(crate) fn falls_with(&self, other: &Self) -> bool {
        let remote = other.remote.as_ref();
        let remote = remote.filter(|_| other.is_possible() && other.stranger.is_none());
        remote.is_some_and(|remote| self.goes_along_with(other.site.at, remote))
    }

    /// The list that tells whether it is there.
    pub(crate) fn scope(&self) -> Scope {
        let at = self.site.at;
        let filter = match (self.source, &self.remote, at) {
            (IdSource::Observed, Some(id), Collection::ControlPlanes) => Filter::Id(id.clone()),
            // Of an organisation's control planes only those made by operators concern us.
            (_, _, Collection::ControlPlanes) => {
                Filter::Label("k8s-kind:KonnectGatewayControlPlane".to_owned())
            }
            _ => Filter::All,
        };
        let parent = self.site.parent.clone();
        Scope {
            configuration: self.configuration.clone(),
            control_plane: self.site.control_plane.clone(),
            at,
            parent: parent.filter(|_| at.is_listed_by_parent()),
            filter,
        }
    }

    /// The ids of the entities that it refers to, as wanted and as held.
    fn refers_to(&self) -> BTreeSet<RemoteId> {
        let member = self
            .remote
            .iter()
            .filter(|_| self.site.at.members().is_some());
        let mut ids: BTreeSet<RemoteId> = self.site.parent.iter().chain(member).cloned().collect();
        for reference in self.site.at.references() {
            let wanted = self.wanted().into_iter();
            let wanted = wanted.flat_map(|body| body.references(reference.field));
            ids.extend(wanted.map(RemoteId::from));
            self.visit_held(reference.field, &mut |id| {
                ids.insert(RemoteId::from(id));
            });
        }
        ids
    }

    /// Visits the ids that a member refers to in what is there.
    fn visit_held(&self, field: &str, visit: &mut impl FnMut(&str)) {
        match &self.belief {
            Belief::Held(Content::As(body) | Content::Unclear(body)) => {
                body.references(field).for_each(visit);
            }
            Belief::Held(Content::Other(normal)) => normal.references(field).for_each(visit),
            Belief::Unknown | Belief::Trusted(_) | Belief::Absent => {}
        }
    }

    /// Whether Konnect deletes it along with another one: it lives below that, is its membership, or refers
    /// to it as it is there now.
    pub(crate) fn goes_along_with(&self, at: Collection, remote: &RemoteId) -> bool {
        let member = self.site.at.members() == Some(at) && self.remote.as_ref() == Some(remote);
        let below = self.site.parent.as_ref() == Some(remote);
        member || below || self.holds_reference(remote, OnDelete::Cascade)
    }

    /// Whether a member of this kind refers to another entity, as far as it is known of what is there.
    pub(crate) fn holds_reference(&self, remote: &RemoteId, on_delete: OnDelete) -> bool {
        let references = self.site.at.references().iter();
        let mut fields = references
            .filter(|reference| reference.on_delete == on_delete)
            .map(|reference| reference.field);
        fields.any(|field| {
            let mut found = false;
            let mut compare = |id: &str| found |= id == remote.as_str();
            match (&self.belief, self.wanted()) {
                // Nobody looked yet: it is as wanted, if it is there.
                (Belief::Unknown | Belief::Trusted(_), Some(body)) => {
                    body.references(field).for_each(compare);
                }
                _ => self.visit_held(field, &mut compare),
            }
            found
        })
    }

    /// What it claims that nothing else may have.
    pub(crate) fn claims(&self) -> Vec<UniqueKey> {
        let parent = self.site.parent.as_ref().map(RemoteId::as_str);
        self.wanted()
            .map(|body| self.site.at.uniques(body, parent))
            .unwrap_or_default()
    }
}

impl Entity {
    /// What it claims and does not have yet.
    pub(crate) fn missing(&self) -> impl Iterator<Item = UniqueKey> {
        let claims = self.claims().into_iter();
        claims.filter(|key| !self.holds.contains(key))
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
