//! Who belongs to what: the members of control plane groups, which are one list, and memberships that are
//! made and ended one by one.

use std::collections::BTreeSet;
use std::sync::Arc;

use kong_model::{Collection, Method, Naming, Request, Response, Site};
use serde_json::{Value, json};

use crate::list;
use crate::place::Place;
use crate::refusal::Refusal;
use crate::serve::{Desk, Whole, accepted};
use crate::store::{Key, Scope};

/// Under which id a membership is kept.
fn key(parent: &str, member: &str) -> Arc<str> {
    format!("{parent}/{member}").into()
}

/// A membership as it is kept, of an entity that a list of its parent shows; `None` in other collections.
pub(crate) fn planted(site: &Site, id: &str, entity: &Value) -> Option<(Arc<str>, Value)> {
    let Naming::Member { field, .. } = site.at.naming() else {
        return None;
    };
    let (parent, group) = (site.at.parent()?, site.parent.as_ref()?.as_str());
    let member = entity[field].as_str().unwrap_or(id);
    let membership = json!({ parent.field: {"id": group}, field: {"id": member} });
    Some((key(group, member), membership))
}

impl Desk<'_> {
    /// Serves a request about the membership of an entity in the parent of the path.
    pub(crate) fn member(
        &mut self,
        place: &Place<'_>,
        request: &Request,
        of: Collection,
        field: &'static str,
    ) -> Result<Response, Refusal> {
        let (Some(parent), Some(group)) = (place.collection.parent(), place.parent) else {
            return Err(Refusal::NotFound);
        };
        let key = |member: &str| -> Key { (place.collection, key(group, member)) };
        match (request.method, place.id) {
            (Method::Get, None) => {
                let scope = self.scope(place)?;
                let group = (parent.to, Arc::from(group));
                let memberships = scope.referring(&group, place.collection);
                let members = memberships.filter_map(|(_, value)| {
                    let id = value[field]["id"].as_str()?;
                    scope.entry(of, id)
                });
                let body = list::page(of, &request.path, &request.query, members)?;
                Ok(Response::new(200, body))
            }
            (Method::Post, None) => {
                let body = accepted(place, request.body.as_ref(), &[], Whole::Yes)?;
                let wanted = body[field].as_str().unwrap_or_default();
                let members = Place {
                    collection: of,
                    parent: None,
                    ..*place
                };
                let dangling = || Refusal::Dangling {
                    field: field.to_owned(),
                };
                let member = self.find(&members, wanted).ok_or_else(dangling)?;
                let id = member["id"].as_str().unwrap_or_default();
                let scope = self.scope(place)?;
                if scope.get(place.collection, &key(id).1).is_some() {
                    return Err(Refusal::TakenId);
                }
                let above = scope.get(parent.to, group).ok_or(Refusal::NotFound)?;
                let answer = json!({ parent.field: &**above, of.name(): [&*member] });
                let membership = json!({ parent.field: {"id": group}, field: {"id": id} });
                self.scope_mut(place)?.put(key(id), membership);
                Ok(Response::new(201, answer))
            }
            (Method::Delete, Some(member)) => {
                self.scope_mut(place)?.remove(&key(member));
                Ok(Response::new(204, Value::Null))
            }
            (Method::Get | Method::Post | Method::Put | Method::Patch | Method::Delete, _) => {
                Err(Refusal::Method)
            }
        }
    }

    fn scope_mut(&mut self, place: &Place<'_>) -> Result<&mut Scope, Refusal> {
        let scope = self.store.scope_mut(place.control_plane);
        scope.ok_or(Refusal::NotFound)
    }

    pub(crate) fn membership(
        &mut self,
        place: &Place<'_>,
        request: &Request,
    ) -> Result<Response, Refusal> {
        let group = place.control_plane.ok_or(Refusal::NotFound)?;
        if !self.store.is_group(group) {
            return Err(Refusal::Group);
        }
        let held = self.store.members(group);
        let members = match (request.method, place.id) {
            (Method::Get, None) => {
                let scope = self.store.scope(None).ok_or(Refusal::NotFound)?;
                let items = held.iter().filter_map(|id| {
                    let (id, value) = (id, scope.get(Collection::ControlPlanes, id)?);
                    Some((id, value))
                });
                let body = list::page(place.collection, &request.path, &request.query, items)?;
                return Ok(Response::new(200, body));
            }
            (Method::Put, None) => self.named_members(place, request)?,
            (Method::Post, Some("add")) => &held | &self.named_members(place, request)?,
            (Method::Post, Some("remove")) => &held - &self.named_members(place, request)?,
            (Method::Get, Some(_))
            | (Method::Post | Method::Put | Method::Patch | Method::Delete, _) => {
                return Err(Refusal::Method);
            }
        };
        self.store.set_members(group, &members);
        Ok(Response::new(204, Value::Null))
    }

    fn named_members(
        &self,
        place: &Place<'_>,
        request: &Request,
    ) -> Result<BTreeSet<Arc<str>>, Refusal> {
        let body = accepted(place, request.body.as_ref(), &[], Whole::Yes)?;
        let own = self.store.scope(None).ok_or(Refusal::NotFound)?;
        let mut members = BTreeSet::new();
        for (index, member) in body["members"].as_array().into_iter().flatten().enumerate() {
            let id = member["id"].as_str().unwrap_or_default();
            if own.get(Collection::ControlPlanes, id).is_none() {
                let field = format!("members[{index}].id");
                return Err(Refusal::Dangling { field });
            }
            if self.store.is_group(id) {
                return Err(Refusal::Group);
            }
            members.insert(Arc::from(id));
        }
        Ok(members)
    }
}
