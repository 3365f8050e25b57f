//! Who belongs to what: the members of control plane groups, which are one list, and memberships that are
//! made and ended one by one.

use std::collections::BTreeSet;
use std::sync::Arc;

use kong_model::{Collection, Method, Request, Response};
use serde_json::{Value, json};

use crate::check::violations;
use crate::list;
use crate::place::{Place, Way};
use crate::refusal::Refusal;
use crate::serve::{Desk, Whole, accepted};
use crate::store::{Key, Scope};

/// Under which id a membership is kept.
fn key(parent: &str, member: &str) -> Arc<str> {
    format!("{parent}/{member}").into()
}

/// The two sides of a membership: where a path begins, and what it leads to.
struct Sides {
    /// Whether the path begins at the member.
    from_member: bool,
    /// Where what the path begins at lives, and which member of answers and memberships has it.
    here: (Collection, &'static str),
    /// The same of what it leads to.
    there: (Collection, &'static str),
    /// The member of a body that names what it leads to.
    named: &'static str,
}

impl Sides {
    fn of(place: &Place<'_>, of: Collection, field: &'static str) -> Option<Self> {
        let parent = place.collection.parent()?;
        let (above, member) = ((parent.to, parent.field), (of, field));
        Some(match place.way {
            Way::Items | Way::Flat => Self {
                from_member: false,
                here: above,
                there: member,
                named: field,
            },
            Way::Member => Self {
                from_member: true,
                here: member,
                there: above,
                named: place.collection.other_side()?.field,
            },
        })
    }

    /// The membership between the two of them.
    fn key(&self, place: &Place<'_>, here: &str, there: &str) -> Key {
        let id = if self.from_member {
            key(there, here)
        } else {
            key(here, there)
        };
        (place.collection, id)
    }

    /// What a body names.
    fn named<'b>(&self, body: Option<&'b Value>) -> Result<&'b str, Refusal> {
        let body = body.unwrap_or(&Value::Null);
        let schema = json!({
            "type": "object", "additionalProperties": false,
            "properties": {self.named: {"type": "string", "minLength": 1}}, "required": [self.named],
        });
        let found = violations(&schema, body);
        if found.is_empty() {
            Ok(body[self.named].as_str().unwrap_or_default())
        } else {
            Err(Refusal::Invalid(found))
        }
    }
}

impl Desk<'_> {
    /// Serves a request about the memberships of the entity in the path.
    pub(crate) fn member(
        &mut self,
        place: &Place<'_>,
        request: &Request,
        of: Collection,
        field: &'static str,
    ) -> Result<Response, Refusal> {
        let sides = Sides::of(place, of, field).ok_or(Refusal::NotFound)?;
        let here = place.parent.ok_or(Refusal::NotFound)?;
        let at = (sides.here.0, Arc::from(here));
        match (request.method, place.id) {
            (Method::Get, None) => {
                let scope = self.scope(place)?;
                let memberships = scope.referring(&at, place.collection);
                let others = memberships.filter_map(|(_, value)| {
                    let id = value[sides.there.1]["id"].as_str()?;
                    scope.entry(sides.there.0, id)
                });
                let body = list::page(sides.there.0, &request.path, &request.query, others)?;
                Ok(Response::new(200, body))
            }
            (Method::Post, None) => {
                let wanted = sides.named(request.body.as_ref())?;
                let others = Place {
                    collection: sides.there.0,
                    parent: None,
                    ..*place
                };
                let dangling = || Refusal::Dangling {
                    field: sides.named.to_owned(),
                };
                let other = self.find(&others, wanted).ok_or_else(dangling)?;
                let there = other["id"].as_str().unwrap_or_default();
                let key = sides.key(place, here, there);
                let scope = self.scope(place)?;
                if scope.get(key.0, &key.1).is_some() {
                    return Err(Refusal::TakenId);
                }
                let own = scope.get(at.0, here).ok_or(Refusal::NotFound)?;
                let answer = json!({ sides.here.1: &**own, sides.there.0.name(): [&*other] });
                let membership =
                    json!({ sides.here.1: {"id": here}, sides.there.1: {"id": there} });
                self.scope_mut(place)?.put(key, membership);
                Ok(Response::new(201, answer))
            }
            (Method::Delete, Some(there)) => {
                let key = sides.key(place, here, there);
                self.scope_mut(place)?.remove(&key);
                Ok(Response::new(204, Value::Null))
            }
            (Method::Delete, None) => {
                let scope = self.scope_mut(place)?;
                let memberships = scope.referring(&at, place.collection);
                let ids: Vec<Arc<str>> = memberships.map(|(id, _)| Arc::clone(id)).collect();
                for id in ids {
                    scope.remove(&(place.collection, id));
                }
                Ok(Response::new(204, Value::Null))
            }
            (Method::Get | Method::Post | Method::Put | Method::Patch, _) => Err(Refusal::Method),
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
