//! Taking over what is there already (`spec.adopt`, konnect.md 3.5).
//!
//! Until that is done the entity of an object is not ours: it is looked for in the list of its collection,
//! and what is found there is kept as *found*. Then it is changed to what the object says (override), or
//! becomes ours as it is if it is so already (match). That it was taken over once is remembered by the
//! status: from then on it is an entity like any other. Start with [`Engine::adopt`].

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;
use uuid::Uuid;

use kong_crds::Kind;
use kong_crds::conditions::{
    CONSUMER_GROUP_REFS_VALID, FAILED_TO_ADOPT, FETCH_FAILED, NOT_MATCH, UID_CONFLICT,
};
use kong_model::{Body, Collection, Normal, RemoteId};
use kong_resolve::{Adoption, AdoptionMode, Key, Truth, Uid};
use kong_translation::{Attempt, Problem};

use crate::decide::Decision;
use crate::engine::Engine;
use crate::entities::{Act, Belief, Entity, IdSource};
use crate::listing::{Scope, members_of};
use crate::uniques::Contest;

/// The member that a consumer differs in, if it is in other groups than its object says.
const GROUPS: &str = "consumerGroups";

/// The entity that another one is to become.
#[derive(Clone, Debug)]
pub(crate) struct Taking {
    pub(crate) wanted: Adoption,
    /// Whether it has been taken over.
    pub(crate) done: bool,
    pub(crate) found: Found,
}

/// What the last list had under the id of an entity that is to be taken over.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Found {
    /// Nothing.
    Nothing,
    /// What nobody has.
    Free(Arc<Body>, Option<Arc<Value>>),
    /// What the object with this UID has, and more about that.
    Taken(Uid, String),
}

impl Taking {
    #[expect(
        clippy::unnecessary_box_returns,
        reason = "few entities have one, so all keep it boxed"
    )]
    pub(crate) fn new(wanted: Adoption) -> Box<Self> {
        Box::new(Self {
            wanted,
            done: false,
            found: Found::Nothing,
        })
    }

    /// It could not be looked for.
    pub(crate) fn not_fetched(&self, why: &str, transient: bool) -> Problem {
        let id = &self.wanted.id;
        let text = format!("failed to fetch Konnect entity (ID: {id}) for adoption: {why}");
        Problem {
            transient,
            ..failed(FETCH_FAILED, text)
        }
    }

    fn not_there(&self, entity: &Entity) -> Problem {
        let place = match (&entity.site.parent, &entity.site.control_plane) {
            (Some(parent), _) => format!(" of {parent}"),
            (None, Some(plane)) => format!(" of control plane {plane}"),
            (None, None) => String::new(),
        };
        let why = format!(
            "there is none among the {}{place}; make the object anew with the right id in \
             spec.adopt.konnect, or without spec.adopt",
            entity.site.at,
        );
        self.not_fetched(&why, false)
    }

    fn conflict(&self, uid: &Uid, more: &str) -> Problem {
        let id = &self.wanted.id;
        let text = format!(
            "Konnect entity (ID: {id}) is managed by another k8s object with UID {uid}; {more}"
        );
        failed(UID_CONFLICT, text)
    }

    fn differs(&self, members: &[String]) -> Problem {
        let (id, members) = (&self.wanted.id, members.join(", "));
        let text = format!(
            "Konnect entity (ID: {id}) does not match the spec of the object when adopting in match \
             mode: it differs in {members}; correct the spec, change the entity in Konnect, or set \
             spec.adopt.mode to override"
        );
        failed(NOT_MATCH, text)
    }
}

/// What cannot be changed, or cannot say whose it is then.
fn match_only(kind: Kind) -> Problem {
    let text = format!(
        "only match mode adoption is supported for {kind}, got mode: \"override\"; set \
             spec.adopt.mode to match"
    );
    failed(FAILED_TO_ADOPT, text)
}

/// Where the memberships of something are, and the list of what it can be in.
fn memberships(entity: &Entity) -> Option<(Collection, Scope)> {
    let mut at = Collection::all().filter(|at| at.members() == Some(entity.site.at));
    let at = at.next()?;
    let groups = Scope {
        at: at.parent()?.to,
        ..entity.scope()
    };
    Some((at, groups))
}

/// What is to be said of one that cannot be had.
fn failed(reason: &'static str, text: String) -> Problem {
    Problem {
        attempt: Attempt::Adopt(reason),
        text,
        transient: false,
    }
}

impl Entity {
    /// The entity that it is to become, until that is done.
    pub(crate) fn taking(&self) -> Option<&Taking> {
        self.adoption
            .as_deref()
            .filter(|_| self.source == IdSource::Adopt)
    }

    /// It has become the entity that it was to become.
    pub(crate) fn is_taken_over(&mut self) {
        if let Some(taking) = &mut self.adoption {
            taking.done = true;
            taking.found = Found::Nothing;
        }
    }

    /// Its object asks for another entity to be taken over than before, or for none any more.
    pub(crate) fn ask_for(&mut self, identity: Uuid, wanted: Option<&Adoption>) {
        match (&mut self.adoption, wanted) {
            (None, None) => {}
            (Some(taking), Some(wanted)) if taking.wanted.id == wanted.id => {
                taking.wanted.mode = wanted.mode;
            }
            (_, wanted) => {
                self.adoption = wanted.cloned().map(Taking::new);
                let has_one = self.is_present() || self.in_flight.is_some();
                if has_one || matches!(self.source, IdSource::Record | IdSource::Observed) {
                    let same = |taking: &Taking| self.remote.as_ref() == Some(&taking.wanted.id);
                    let done = self.adoption.as_deref().is_some_and(same);
                    // What it has it keeps; another one is not taken over beside it.
                    self.adoption = self.adoption.take().filter(|_| done);
                    self.is_taken_over();
                } else {
                    self.start_over(identity);
                    self.belief = Belief::Unknown;
                }
            }
        }
    }

    /// The members in which what Konnect holds is not what is wanted. Taking over in match mode writes
    /// nothing, so what does not have our tags yet need not have them.
    pub(crate) fn differences(&self, wanted: &Body, held: &Normal) -> Vec<String> {
        let wanted = Normal::of(self.site.at, wanted);
        let matches = |taking: &Taking| taking.wanted.mode == AdoptionMode::Match;
        let as_it_was = self.adoption.as_deref().is_some_and(matches);
        let differences = if as_it_was && !held.is_marked_as(&wanted) {
            wanted.differences_to_adopt(held)
        } else {
            wanted.differences(held)
        };
        differences.into_iter().map(|it| it.field).collect()
    }
}

impl Engine {
    /// The next step towards taking over what is there. Its list has been read.
    pub(crate) fn adopt(
        &self,
        id: Uuid,
        entity: &Entity,
        body: &Arc<Body>,
        taking: &Taking,
    ) -> Decision {
        let at = entity.site.at;
        let enforces = taking.wanted.mode == AdoptionMode::Override;
        if enforces && !at.carries_tags() && !taking.done {
            return Decision::Blocked(match_only(entity.owner.kind));
        }
        if let Some((uid, more)) = self.other_taker(id, entity) {
            return Decision::Blocked(taking.conflict(&uid, &more));
        }
        let act = match &taking.found {
            Found::Taken(uid, more) => return Decision::Blocked(taking.conflict(uid, more)),
            // It was ours, and is gone: it comes back as everything of ours does.
            Found::Nothing if taking.done => Act::Create,
            Found::Nothing => return Decision::Blocked(taking.not_there(entity)),
            Found::Free(_, _) if enforces => Act::Adopt,
            Found::Free(held, _) => {
                let mut members = entity.differences(body, &Normal::answered(at, held));
                match self.is_in_its_groups(entity) {
                    Ok(true) => {}
                    Ok(false) => members.push(GROUPS.to_owned()),
                    // Another difference is enough to know that it does not match.
                    Err(Decision::Wait) if !members.is_empty() => {}
                    Err(missing) => return missing,
                }
                if !members.is_empty() {
                    return Decision::Blocked(taking.differs(&members));
                }
                if self.is_stored(&entity.owner) {
                    return Decision::TakeOver;
                }
                return Decision::Wait;
            }
        };
        if !self.is_stored(&entity.owner) || self.needs_another(entity, body) {
            return Decision::Wait;
        }
        match self.contest(id, entity) {
            Contest::Free => {}
            // It has no name yet that another one could wait for.
            Contest::Wait | Contest::StepAside => return Decision::Wait,
            Contest::Lost(text) => {
                let text = format!("failed to adopt {}: {text}", entity.owner);
                return Decision::Blocked(failed(FAILED_TO_ADOPT, text));
            }
        }
        match self.when_allowed(entity, act) {
            Decision::Do(_) if !self.is_confirmed(&entity.owner) => Decision::Confirm,
            decision => decision,
        }
    }

    /// Whether what is to be taken over is in the groups that its object names, and in no other, whosever
    /// that is. Of what is in no groups it is true.
    ///
    /// # Errors
    ///
    /// What has to be done to know.
    fn is_in_its_groups(&self, entity: &Entity) -> Result<bool, Decision> {
        let (Some((at, groups)), Some(remote)) = (memberships(entity), &entity.remote) else {
            return Ok(true);
        };
        let unit = self.units.get(&entity.owner);
        let mut said = unit.into_iter().flat_map(|it| it.verdict.conditions.iter());
        if said.any(|it| it.kind == CONSUMER_GROUP_REFS_VALID && it.truth != Truth::True) {
            // It is not known yet which groups these are; that condition says so.
            return Err(Decision::Wait);
        }
        let own = unit.into_iter().flat_map(|unit| unit.entities.iter());
        let own = own.filter_map(|id| self.entities.get(*id));
        let wanted: BTreeSet<&RemoteId> = own
            .filter(|part| part.site.at == at && !part.is_leaving())
            .filter_map(|part| part.site.parent.as_ref())
            .collect();
        if !self.listings.is_read(&groups) {
            return Err(Decision::NeedsList(groups));
        }
        let made_since = self.entities.in_scope(&groups).into_iter();
        let made_since = made_since.filter_map(|id| self.entities.get(id));
        let made_since = made_since.filter(|group| group.is_present());
        let made_since = made_since.filter_map(|group| group.remote.as_ref());
        let there: BTreeSet<&RemoteId> = self.listings.roll(&groups).chain(made_since).collect();
        let mut found = BTreeSet::new();
        for group in there {
            let members = Scope {
                at,
                parent: Some(group.clone()),
                ..entity.scope()
            };
            if !self.listings.is_read(&members) {
                return Err(Decision::NeedsList(members));
            }
            if self.listings.roll(&members).any(|member| member == remote) {
                found.insert(group);
            }
        }
        Ok(found == wanted)
    }

    /// Who wants to know who is in one group wants to know it of all: these lists need not wait for each other.
    pub(crate) fn want_its_siblings(&mut self, members: &Scope) {
        let Some(groups) = members.above().filter(|_| members.at.members().is_some()) else {
            return;
        };
        let groups: Vec<RemoteId> = self.listings.roll(&groups).cloned().collect();
        for group in groups {
            let sibling = Scope {
                parent: Some(group),
                ..members.clone()
            };
            self.want_list(&sibling);
        }
    }

    /// The lists that have been read and tell in which groups something is that is to be taken over as it is:
    /// somebody may have put it there since.
    pub(crate) fn lists_of_groups(&self, entity: &Entity) -> Vec<Scope> {
        let matches = |taking: &Taking| taking.wanted.mode == AdoptionMode::Match;
        let memberships = memberships(entity).filter(|_| entity.taking().is_some_and(matches));
        let Some((at, groups)) = memberships else {
            return Vec::new();
        };
        let members = self.listings.below(&groups, at);
        let lists = members
            .chain([&groups])
            .filter(|it| self.listings.knows(it));
        lists.cloned().collect()
    }

    /// A list that tells who is in what was read, or could not be: what is to be taken over may have waited
    /// to know in which groups it is.
    pub(crate) fn examine_joining(&mut self, scope: &Scope) {
        let memberships = if scope.at.members().is_some() {
            Some(scope.at)
        } else {
            members_of(scope.at)
        };
        let Some(at) = memberships.and_then(Collection::members) else {
            return;
        };
        let joining = Scope {
            at,
            parent: None,
            ..scope.clone()
        };
        let waits = |id: &Uuid| {
            self.entities
                .get(*id)
                .is_some_and(|it| it.taking().is_some())
        };
        let waiting: Vec<Uuid> = self
            .entities
            .in_scope(&joining)
            .into_iter()
            .filter(waits)
            .collect();
        self.unexamined.extend(waiting);
    }

    /// Another object that has the same entity already, or that asked for it earlier.
    fn other_taker(&self, id: Uuid, entity: &Entity) -> Option<(Uid, String)> {
        let remote = entity.remote.as_ref()?;
        let others = self.entities.at(remote).into_iter();
        let others = others.filter(|other| *other != id);
        let mut others = others.filter_map(|other| self.entities.get(other));
        let other = others.find(|other| {
            let same = other.site == entity.site && other.owner != entity.owner;
            same && match other.taking() {
                Some(taking) if !taking.done => {
                    !other.is_leaving() && self.age(&other.owner) < self.age(&entity.owner)
                }
                Some(_) | None => other.is_possible(),
            }
        })?;
        let uid = self.world.entry(&other.owner)?.meta.uid.clone();
        let owner = &other.owner;
        Some((
            uid,
            format!("that is {owner}; delete one of the two objects"),
        ))
    }

    /// A list has an entity that is to be taken over. `owner` is the UID in its tags.
    pub(crate) fn offer(&mut self, id: Uuid, owner: Option<&Uid>, item: &Value) {
        let Some(entity) = self.entities.get(id) else {
            return;
        };
        let at = entity.site.at;
        let parent = at
            .parent()
            .map(|it| RemoteId::from(item[it.field]["id"].as_str().unwrap_or_default()));
        let elsewhere = parent.is_some() && parent != entity.site.parent;
        let own = owner.is_some_and(|uid| self.by_uid.get(uid) == Some(&entity.owner));
        let free = owner.is_none() || self.is_former_self(entity, item);
        let done = entity.adoption.as_ref().is_some_and(|it| it.done);
        if !elsewhere && (own || (done && free)) {
            return self.believe(id, item);
        }
        let found = match owner {
            _ if elsewhere => Found::Nothing,
            Some(uid) if !free => Found::Taken(uid.clone(), self.whose(uid, item)),
            Some(_) | None => Found::Free(
                Arc::new(Body::from_wire(at, item)),
                crate::listing::facts(at, item),
            ),
        };
        self.set_found(id, found);
    }

    /// What a list has of an entity that is to be taken over, or that it has nothing.
    pub(crate) fn set_found(&mut self, id: Uuid, found: Found) {
        if let Some(entity) = self.entities.get_mut(id)
            && let Some(taking) = &mut entity.adoption
        {
            taking.found = found;
            entity.belief = Belief::Absent;
            self.entity_changed(id);
        }
    }

    /// Whether an entity that an object asks for is that of an object of the same name that is gone: it
    /// was kept, or the object comes from a backup.
    pub(crate) fn is_former_self(&self, entity: &Entity, item: &Value) -> bool {
        let asked = entity.adoption.as_deref();
        let asked = asked.is_some_and(|it| Some(&it.wanted.id) == entity.remote.as_ref());
        let named = crate::listing::named(item);
        asked
            && named
                .is_some_and(|(key, uid)| key == entity.owner && !self.by_uid.contains_key(&uid))
    }

    /// Who has an entity by its tags, and what can be done about it.
    fn whose(&self, uid: &Uid, item: &Value) -> String {
        let named = |key: &Key| match self.by_uid.get(uid) {
            Some(_) => format!("that is {key}; let only one object have it"),
            None => format!(
                "that was {key} and is not here; if it is gone, call this object so, or take the tag \
                 k8s-uid away from the entity"
            ),
        };
        match (self.by_uid.get(uid), crate::listing::named(item)) {
            (Some(key), _) => named(key),
            (None, Some((key, _))) => named(&key),
            (None, None) => "if that is gone, take the tag k8s-uid away from the entity".to_owned(),
        }
    }

    /// What is there becomes ours as it is.
    pub(crate) fn take_over(&mut self, id: Uuid) {
        let Some(entity) = self.entities.get_mut(id) else {
            return;
        };
        let found = entity.adoption.as_deref().map(|it| it.found.clone());
        let Some(Found::Free(held, facts)) = found else {
            return;
        };
        entity.is_taken_over();
        entity.source = IdSource::Record;
        entity.problem = None;
        entity.failures = 0;
        if let Some(remote) = entity.remote.clone() {
            self.listings.is_no_longer_foreign(&remote);
        }
        self.hold(id, &held, facts);
    }
}
