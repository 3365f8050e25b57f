//! What Konnect holds: lists, page by page, and what follows from them.
//!
//! A list says nothing of an entity that was written after it began. An entity that no page of a
//! complete list has is not there. What carries our tags and is wanted by nobody goes; what is neither
//! ours by record nor by tags is never touched, but its name is remembered, since we cannot have it.
//! Here is when and how lists are read; what is kept of them is in `lists`, what follows from them in `inventory`,
//! and whose it is that nobody knew in `placing`.

mod inventory;
mod lists;
mod placing;
mod whose;

use std::sync::Arc;

use uuid::Uuid;

use kong_model::{Call, Collection, Cursor, Failure, Items, RemoteId, Reply, Site};
use kong_resolve::{Access, Intent, Key};
use kong_translation::{Attempt, Problem};

use crate::engine::{Engine, Wake};
use crate::entities::{Belief, Entity, IdSource};
use crate::input::{Mono, OpId, Org, Outcome};
use crate::outcomes::remedy;
use crate::queue::{Class, Work};

pub(crate) use inventory::{facts, is_settled_before, members_of};
pub use lists::Scope;
use lists::{Foreign, Listing, Stray};
pub(crate) use lists::{Listings, Run};
pub(crate) use whose::named;

/// Milliseconds before a list that failed is tried again, doubled with each failure.
const RETRY: u64 = 1_000;
/// The longest of these times.
const LONGEST_RETRY: u64 = 60_000;

impl Engine {
    /// Whether it is known what is in a place: its list has been read, or we have just created the
    /// control plane. An id that the user chose may be in use all the same, so it takes the list.
    pub(crate) fn is_known(&self, entity: &Entity) -> bool {
        let scope = entity.scope();
        if matches!(entity.source, IdSource::User | IdSource::Adopt) {
            self.listings.is_read(&scope)
        } else {
            self.is_listed(&scope)
        }
    }

    /// Whether it is known what a list would give.
    pub(crate) fn is_listed(&self, scope: &Scope) -> bool {
        let plane = scope.control_plane.as_ref();
        let until = plane.and_then(|plane| self.listings.virgin.get(plane));
        self.listings.is_read(scope) || until.is_some_and(|until| self.now < *until)
    }

    /// Whether the control plane and the parent of a list may be there.
    fn is_somewhere(&self, scope: &Scope) -> bool {
        let plane = scope.control_plane.as_ref();
        let above = scope.parent.as_ref().zip(scope.above());
        let has = |parent: &RemoteId, above: &Scope| {
            let mut found = self.entities.at(parent).into_iter();
            found.any(|id| {
                let entity = self.entities.get(id);
                entity.is_some_and(|entity| entity.site.at == above.at && entity.is_possible())
            })
        };
        plane.is_none_or(|plane| self.plane_exists(plane))
            && above.is_none_or(|(parent, above)| has(parent, &above))
    }

    /// Whether the parent of a list is gone: nothing is there to be listed, nor to be deleted.
    pub(crate) fn is_known_to_be_nowhere(&self, scope: &Scope) -> bool {
        let above = scope.above();
        above.is_some_and(|above| self.listings.is_read(&above)) && !self.is_somewhere(scope)
    }

    /// A list is to be read at this time, and at no other.
    fn set_list_alarm(&mut self, scope: &Scope, time: Mono) {
        let Some(list) = self.listings.lists.get_mut(scope) else {
            return;
        };
        if let Some(old) = list.due.replace(time) {
            self.timers.remove(&(old, Wake::List(scope.clone())));
        }
        self.wake_at(time, Wake::List(scope.clone()));
    }

    /// A list has to be read before anything can be done.
    pub(crate) fn want_list(&mut self, scope: &Scope) {
        if !self.listings.is_read(scope) {
            self.read_anew(scope);
        }
    }

    /// What a list had may be out of date; what is known by it holds meanwhile.
    pub(crate) fn read_anew(&mut self, scope: &Scope) {
        let list = self.listings.lists.entry(scope.clone()).or_default();
        let pauses = list.failures > 0 && list.due.is_some_and(|due| due > self.now);
        if list.running.is_none() && !pauses {
            self.line_up_list(scope, Class::FirstList);
        }
    }

    /// What was written to a place is listed there from now on, also where no list was needed before.
    pub(crate) fn keep_listed(&mut self, scope: &Scope) {
        if !self.listings.lists.contains_key(scope) {
            self.listings
                .lists
                .insert(scope.clone(), Listing::default());
            let due = self.now.after(self.settings.sync_period);
            self.set_list_alarm(scope, due);
        }
    }

    /// What is known of a list can no longer be relied on.
    pub(crate) fn relist(&mut self, scope: &Scope) {
        if let Some(plane) = &scope.control_plane {
            self.listings.virgin.remove(plane);
        }
        let list = self.listings.lists.entry(scope.clone()).or_default();
        list.complete = false;
        list.running = None;
        self.line_up_list(scope, Class::FirstList);
    }

    fn line_up_list(&mut self, scope: &Scope, class: Class) {
        let able = self.access(&scope.configuration).is_some();
        let Some(list) = self.listings.lists.get_mut(scope) else {
            return;
        };
        if !able || list.queued {
            return;
        }
        list.queued = true;
        let namespace = Arc::from(scope.configuration.name.namespace());
        self.lane(&scope.configuration)
            .push(class, namespace, Work::List(scope.clone()));
    }

    /// A list is due again.
    pub(crate) fn list_is_due(&mut self, scope: &Scope) {
        let Some(list) = self.listings.lists.get(scope) else {
            return;
        };
        if !self.is_somewhere(scope) {
            // It is gone, or not known yet; who needs the list asks for it then.
            self.listings.lists.remove(scope);
            return;
        }
        let needed = self.sights.need(scope) || !self.entities.in_scope(scope).is_empty();
        if list.complete && !needed {
            self.listings.forget(scope);
            return;
        }
        let class = if list.complete {
            Class::Upkeep
        } else {
            Class::FirstList
        };
        if list.running.is_none() {
            self.line_up_list(scope, class);
        }
    }

    /// A token has changed, or what is known of it: what waited for it goes on.
    pub(crate) fn access_changed(&mut self, configuration: &Key) {
        let scopes: Vec<Scope> = self
            .listings
            .lists
            .keys()
            .filter(|scope| scope.configuration == *configuration)
            .cloned()
            .collect();
        for scope in scopes {
            self.unexamined.extend(self.entities.in_scope(&scope));
            self.list_is_due(&scope);
        }
        let waiting: Vec<Uuid> = self
            .entities
            .ids()
            .filter(|id| {
                self.entities
                    .get(*id)
                    .is_some_and(|entity| entity.configuration == *configuration)
            })
            .collect();
        self.unexamined.extend(waiting);
    }

    pub(crate) fn next_page(&mut self, scope: &Scope, org: &Org) -> Option<(Access, Call)> {
        let access = self.access(&scope.configuration).cloned();
        let org_now = self.org(&scope.configuration);
        let list = self.listings.lists.get_mut(scope)?;
        list.queued = false;
        let access = access?;
        if org_now != *org {
            self.list_is_due(scope);
            return None;
        }
        let run = list.running.get_or_insert_default();
        let call = Call::List {
            site: Site {
                at: scope.at,
                control_plane: scope.control_plane.clone(),
                parent: scope.parent.clone(),
            },
            filter: scope.filter.clone(),
            cursor: run.cursor.clone(),
        };
        Some((access, call))
    }

    pub(crate) fn list_done(&mut self, scope: &Scope, op: OpId, outcome: Outcome) {
        // A list that was forgotten or begun anew meanwhile has no use for an old page.
        let current = self
            .listings
            .lists
            .get(scope)
            .and_then(|list| list.running.as_ref())
            .is_some_and(|run| run.began.is_some_and(|began| began <= op));
        match outcome {
            Outcome::Konnect(Ok(Reply::Page { items, next })) if current => {
                self.page(scope, items, next);
            }
            Outcome::Konnect(Ok(_)) => {}
            Outcome::Konnect(Err(failure)) => self.list_failed(scope, &failure),
            Outcome::NotSent | Outcome::Stored(_) | Outcome::NotStored(_) => {
                self.line_up_list(scope, Class::FirstList);
            }
        }
    }

    /// An entity cannot be written because a list cannot be read: its object says why, unless it says that all is
    /// well with it, which nobody has contradicted.
    pub(crate) fn waits_for_list(&mut self, id: Uuid, scope: &Scope) {
        let list = self.listings.lists.get(scope);
        let (Some(trouble), Some(entity)) = (
            list.and_then(|list| list.trouble.clone()),
            self.entities.get(id),
        ) else {
            return;
        };
        if entity.is_confirmed() || entity.intent == Some(Intent::Keep) {
            return;
        }
        let problem = match (trouble.attempt, entity.taking()) {
            (_, Some(taking)) if !entity.is_leaving() => {
                taking.not_fetched(&trouble.text, trouble.transient)
            }
            (Attempt::Read, _) if entity.is_leaving() => Problem {
                attempt: Attempt::Delete,
                ..trouble
            },
            (_, _) => trouble,
        };
        self.set_problem(id, Some(problem));
    }

    /// A list could be read, or need not be: nobody waits for it any more.
    fn list_is_no_trouble(&mut self, scope: &Scope) {
        let list = self.listings.lists.get_mut(scope);
        let Some(trouble) = list.and_then(|list| list.trouble.take()) else {
            return;
        };
        for id in self.entities.in_scope(scope) {
            let problem = self.entities.get(id).and_then(|it| it.problem.as_ref());
            if problem.is_some_and(|problem| problem.text.ends_with(&trouble.text)) {
                self.set_problem(id, None);
            }
        }
    }

    fn list_failed(&mut self, scope: &Scope, failure: &Failure) {
        self.list_is_no_trouble(scope);
        let Some(list) = self.listings.lists.get_mut(scope) else {
            return;
        };
        list.running = None;
        list.failures += 1;
        let failures = list.failures;
        match failure {
            Failure::Unauthorized => self.doubt_token(&scope.configuration),
            Failure::NotFound => match (scope.above(), &scope.control_plane) {
                (Some(above), _) => self.relist(&above),
                (None, Some(plane)) => self.doubt_plane(&plane.clone()),
                (None, None) => {}
            },
            Failure::RateLimited { .. } => {
                self.line_up_list(scope, Class::FirstList);
                return;
            }
            Failure::Conflict(_)
            | Failure::Reference(_)
            | Failure::Invalid(_)
            | Failure::Untrusted(_)
            | Failure::Forbidden(_) => list.trouble = Some(trouble(failure, Attempt::Read, false)),
            Failure::Server(_) => list.trouble = Some(trouble(failure, Attempt::Read, true)),
            Failure::Transport(_) => list.trouble = Some(trouble(failure, Attempt::Reach, true)),
        }
        let wait = RETRY
            .saturating_mul(1 << failures.min(10))
            .min(LONGEST_RETRY);
        self.set_list_alarm(scope, self.now.after(wait));
        self.unexamined.extend(self.entities.in_scope(scope));
        self.examine_joining(scope);
        self.list_shows_nothing(scope);
    }

    fn page(&mut self, scope: &Scope, items: Items, next: Option<Cursor>) {
        let Some(mut run) = self
            .listings
            .lists
            .get_mut(scope)
            .and_then(|list| list.running.take())
        else {
            return;
        };
        for item in items {
            match item {
                Ok(part) if scope.at == Collection::GroupMemberships => run.parts.push(part),
                Ok(item) => self.listed(scope, &mut run, item),
                Err(failure) => return self.list_failed(scope, &failure),
            }
        }
        if next.is_some() {
            run.cursor = next;
            if let Some(list) = self.listings.lists.get_mut(scope) {
                list.running = Some(run);
            }
            self.line_up_list(scope, Class::FirstList);
        } else {
            self.complete(scope, run);
        }
    }

    /// Whether a control plane is still there has to be found out.
    pub(crate) fn doubt_plane(&mut self, plane: &RemoteId) {
        let scopes: Vec<Scope> = self
            .entities
            .at(plane)
            .into_iter()
            .filter_map(|id| self.entities.get(id))
            .filter(|entity| entity.site.at == Collection::ControlPlanes)
            .map(Entity::scope)
            .collect();
        for scope in scopes {
            if self
                .listings
                .lists
                .get(&scope)
                .is_some_and(|list| list.running.is_none())
            {
                self.line_up_list(&scope, Class::FirstList);
            }
        }
    }

    /// Whether a token is still good has to be found out.
    pub(crate) fn doubt_token(&mut self, configuration: &Key) {
        let ids: Vec<Uuid> = self
            .units
            .get(configuration)
            .into_iter()
            .flat_map(|unit| unit.entities.iter().copied())
            .collect();
        for id in ids {
            let now: Mono = self.now;
            if let Some(entity) = self.entities.get_mut(id)
                && entity.site.at == Collection::Identity
                && entity.in_flight.is_none()
                && entity.is_confirmed()
            {
                entity.belief = Belief::Unknown;
                entity.not_before = now;
                self.entity_changed(id);
            }
        }
    }
}

/// Why a list cannot be read, for whoever waits for it.
fn trouble(failure: &Failure, attempt: Attempt, transient: bool) -> Problem {
    Problem {
        attempt,
        text: format!("{failure}{}", remedy(failure)),
        transient,
    }
}
