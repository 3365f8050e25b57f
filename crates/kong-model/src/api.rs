//! The Konnect API as plain values: what is asked ([`Call`]), how it looks on the wire ([`Request`],
//! [`Response`]), and what the answer means ([`Reply`], [`Failure`]).
//!
//! A client sends what [`Call::request`] gives and hands the answer to [`Call::interpret`]; the simulator
//! answers the same requests. Nothing here performs I/O.

mod answer;
mod items;

pub use items::{Entities, Items};

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::body::Body;
use crate::collection::{Collection, Shape, Update};

/// The id of an entity in Konnect.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct RemoteId(Arc<str>);

impl RemoteId {
    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<T: AsRef<str>> From<T> for RemoteId {
    fn from(text: T) -> Self {
        Self(Arc::from(text.as_ref()))
    }
}

impl From<RemoteId> for String {
    fn from(id: RemoteId) -> Self {
        id.as_str().to_owned()
    }
}

impl fmt::Display for RemoteId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where entities are: a collection, in a control plane, below a parent.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Site {
    /// The collection.
    pub at: Collection,
    /// The control plane; `None` for what belongs to the organisation.
    pub control_plane: Option<RemoteId>,
    /// The parent in the path, for targets of upstreams.
    pub parent: Option<RemoteId>,
}

impl Site {
    /// Where what belongs to the organisation is.
    pub fn of_organisation(at: Collection) -> Self {
        Self {
            at,
            control_plane: None,
            parent: None,
        }
    }

    /// Where what belongs to a control plane is.
    pub fn of_control_plane(at: Collection, control_plane: RemoteId) -> Self {
        Self {
            control_plane: Some(control_plane),
            ..Self::of_organisation(at)
        }
    }
}

/// Which entities of a collection a list is to give.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Filter {
    /// All.
    All,
    /// The one with this id.
    Id(RemoteId),
    /// Those with this label, as `key:value`.
    Label(String),
}

/// Where the next page of a list begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cursor {
    /// An opaque text of the server.
    Offset(String),
    /// The number of the page, from 1.
    Number(u64),
}

/// One request about entities.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Call {
    /// Whose token is this?
    WhoAmI,
    /// One page of a list.
    List {
        /// What is listed; the parent counts only where each has a list of its own.
        site: Site,
        /// Which of them.
        filter: Filter,
        /// Where to begin; `None` is the first page.
        cursor: Option<Cursor>,
    },
    /// Reads an entity.
    Get {
        /// Where.
        site: Site,
        /// The id.
        id: RemoteId,
    },
    /// Creates or replaces an entity under an id of our choice.
    Put {
        /// Where.
        site: Site,
        /// The id.
        id: RemoteId,
        /// The whole body.
        body: Arc<Body>,
    },
    /// Creates an entity whose id the server chooses.
    Post {
        /// Where.
        site: Site,
        /// The whole body.
        body: Arc<Body>,
    },
    /// Changes an entity.
    Patch {
        /// Where.
        site: Site,
        /// The id.
        id: RemoteId,
        /// The whole body; what cannot be changed is left out.
        body: Arc<Body>,
    },
    /// Deletes an entity.
    Remove {
        /// Where.
        site: Site,
        /// The id.
        id: RemoteId,
    },
}

/// An HTTP method.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Method {
    /// Read.
    Get,
    /// Create.
    Post,
    /// Create or replace.
    Put,
    /// Change.
    Patch,
    /// Delete.
    Delete,
}

impl Method {
    /// The method as it stands in a request line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The host that a request goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Host {
    /// The region of the server URL.
    Region,
    /// The global region, where organisations live.
    Global,
}

/// A request as it goes over the wire, without credentials.
#[derive(Clone, PartialEq, Eq)]
pub struct Request {
    /// Region or global.
    pub host: Host,
    /// Method.
    pub method: Method,
    /// Path, without query; segments need no escaping.
    pub path: String,
    /// Query parameters, not yet escaped.
    pub query: Vec<(&'static str, String)>,
    /// JSON body, with secrets.
    pub body: Option<Value>,
}

/// An answer as it comes over the wire.
#[derive(Clone, PartialEq, Eq)]
pub struct Response {
    /// HTTP status.
    pub status: u16,
    /// `Retry-After` in seconds.
    pub retry_after: Option<u32>,
    /// JSON body; null where there is none.
    pub body: Value,
    /// The `data` of a page, where it is kept apart from the body.
    pub items: Option<Items>,
}

impl Response {
    /// An answer without `Retry-After`.
    pub fn new(status: u16, body: Value) -> Self {
        Self {
            status,
            retry_after: None,
            body,
            items: None,
        }
    }

    /// A page of a list, of which only what is around the entities is read.
    ///
    /// # Errors
    ///
    /// The text, if there is no list in it.
    pub fn page(status: u16, text: String) -> Result<Self, String> {
        let (items, body) = Items::of_page(text)?;
        let items = Some(items);
        Ok(Self {
            items,
            ..Self::new(status, body)
        })
    }
}

/// One field that Konnect does not accept, in its words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldProblem {
    /// Path of the field; empty where the problem is that of the whole body.
    pub field: String,
    /// What is wrong with it; empty where Konnect names the field alone.
    pub reason: String,
}

/// What a successful answer says.
#[derive(Clone, PartialEq)]
pub enum Reply {
    /// The entity as it is now.
    Entity(Value),
    /// A page of a list, and where the next one begins.
    Page {
        /// The entities.
        items: Items,
        /// The next page.
        next: Option<Cursor>,
    },
    /// Done; nothing to read.
    Done,
}

/// Bodies may hold secrets: only what entity they are about is printed.
impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {:?}", self.method, self.path, self.query)
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?}", self.status, self.body["id"])
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Entity(entity) => write!(f, "Entity {}", entity["id"]),
            Self::Page { items, next } => write!(f, "Page of {}, next {next:?}", items.len()),
            Self::Done => f.write_str("Done"),
        }
    }
}

/// Why a call failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The entity, or something in its path, is not there.
    #[error("not found in Konnect")]
    NotFound,
    /// Something unique is taken.
    #[error("Konnect refuses it, since something unique is taken: {0}")]
    Conflict(String),
    /// A reference in the body leads nowhere, or something still refers to what is to be deleted.
    #[error("Konnect refuses it because of a reference: {0}")]
    Reference(String),
    /// The request is not acceptable, however often it is sent.
    #[error("Konnect refuses it: {0}")]
    Invalid(String),
    /// Too many requests.
    #[error("Konnect asks for fewer requests")]
    RateLimited {
        /// Seconds to wait, if the server said.
        after: Option<u32>,
    },
    /// The token is not accepted.
    #[error("Konnect does not accept the token")]
    Unauthorized,
    /// The token may not do this.
    #[error("the token is not allowed to do this: {0}")]
    Forbidden(String),
    /// The token was not handed to the server, or what the server answers is not for who has the token:
    /// nothing was done.
    #[error("the token is kept back: {0}")]
    Untrusted(String),
    /// The server failed.
    #[error("Konnect failed with status {0}")]
    Server(u16),
    /// No answer: what was sent may or may not have been done.
    #[error("no answer from Konnect: {0}")]
    Transport(String),
}

impl Call {
    /// The request that asks this.
    pub fn request(&self) -> Request {
        let at = match self {
            Self::WhoAmI => Collection::Identity,
            Self::List { site, .. }
            | Self::Get { site, .. }
            | Self::Put { site, .. }
            | Self::Post { site, .. }
            | Self::Patch { site, .. }
            | Self::Remove { site, .. } => site.at,
        };
        let request = |method, path, body| Request {
            host: at.host(),
            method,
            path,
            query: Vec::new(),
            body,
        };
        match self {
            Self::WhoAmI => request(Method::Get, at.list_path().to_owned(), None),
            Self::List {
                site,
                filter,
                cursor,
            } => {
                let path = fill(site.at.list_path(), site);
                let plane = site.control_plane.as_ref().map(RemoteId::to_string);
                let mut query = query(site.at, filter, cursor.as_ref());
                query.extend(site.at.narrowed().zip(plane));
                Request {
                    query,
                    ..request(Method::Get, path, None)
                }
            }
            Self::Get { site, id } => request(Method::Get, item(site, id), None),
            Self::Put { site, body, .. } if matches!(at.update(), Update::Whole { .. }) => {
                let path = fill(at.items_path(), site);
                request(Method::Put, path, Some(body.wire()))
            }
            Self::Put { site, id, body } => request(Method::Put, item(site, id), Some(body.wire())),
            Self::Post { site, body } => request(
                match at.update() {
                    Update::Whole { .. } => Method::Put,
                    Update::No | Update::Put | Update::Patch { .. } => Method::Post,
                },
                fill(site.at.items_path(), site),
                Some(body.wire()),
            ),
            Self::Patch { site, id, body } => {
                let mut wire = body.wire();
                if let (Update::Patch { without }, Some(members)) =
                    (site.at.update(), wire.as_object_mut())
                {
                    members.retain(|field, _| !without.contains(&field.as_str()));
                }
                request(Method::Patch, item(site, id), Some(wire))
            }
            Self::Remove { site, id } => {
                let removal = at.removal().iter();
                let query = removal.map(|(name, value)| (*name, (*value).to_owned()));
                Request {
                    query: query.collect(),
                    ..request(Method::Delete, item(site, id), None)
                }
            }
        }
    }

    /// Whether this changes something.
    pub fn is_write(&self) -> bool {
        match self {
            Self::WhoAmI | Self::List { .. } | Self::Get { .. } => false,
            Self::Put { .. } | Self::Post { .. } | Self::Patch { .. } | Self::Remove { .. } => true,
        }
    }
}

fn fill(template: &str, site: &Site) -> String {
    let id = |id: &Option<RemoteId>| id.as_ref().map_or("", RemoteId::as_str).to_owned();
    template
        .replace("{cp}", &id(&site.control_plane))
        .replace("{parent}", &id(&site.parent))
}

fn item(site: &Site, id: &RemoteId) -> String {
    let items = fill(site.at.items_path(), site);
    match site.at.shape() {
        Shape::Membership | Shape::Identity => items,
        Shape::Core | Shape::Numbered | Shape::Linked | Shape::Wrapped => format!("{items}/{id}"),
    }
}

fn query(at: Collection, filter: &Filter, cursor: Option<&Cursor>) -> Vec<(&'static str, String)> {
    let mut query = Vec::new();
    match (at.shape(), filter) {
        (_, Filter::All) => {}
        (Shape::Core, Filter::Label(label)) => query.push(("tags", label.clone())),
        (_, Filter::Label(label)) => query.push(("labels", label.clone())),
        (_, Filter::Id(id)) => query.push(("filter[id][eq]", id.to_string())),
    }
    match at.shape() {
        Shape::Core => query.push(("size", at.page().to_string())),
        Shape::Numbered | Shape::Linked | Shape::Membership => {
            query.push(("page[size]", at.page().to_string()));
        }
        Shape::Identity | Shape::Wrapped => {}
    }
    match (at.shape(), cursor) {
        (_, None) => {}
        (Shape::Membership | Shape::Linked, Some(Cursor::Offset(text))) => {
            query.push(("page[after]", text.clone()));
        }
        (_, Some(Cursor::Offset(text))) => query.push(("offset", text.clone())),
        (_, Some(Cursor::Number(number))) => query.push(("page[number]", number.to_string())),
    }
    query
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn site(at: Collection) -> Site {
        Site {
            at,
            control_plane: Some("cp".into()),
            parent: Some("up".into()),
        }
    }

    #[test]
    fn a_target_is_written_below_its_upstream_and_listed_by_control_plane() {
        let body = Arc::new(Body::from_wire(
            Collection::Targets,
            &json!({"target": "a:1"}),
        ));
        let put = Call::Put {
            site: site(Collection::Targets),
            id: "t".into(),
            body,
        }
        .request();
        assert_eq!(
            put.path,
            "/v2/control-planes/cp/core-entities/upstreams/up/targets/t"
        );
        let list = Call::List {
            site: site(Collection::Targets),
            filter: Filter::All,
            cursor: None,
        };
        assert_eq!(
            list.request().path,
            "/v2/control-planes/cp/core-entities/targets"
        );
        assert_eq!(list.request().query, [("size", "1000".to_owned())]);
    }

    #[test]
    fn a_patch_leaves_out_what_only_a_creation_takes() {
        let value = json!({"name": "n", "cluster_type": "CLUSTER_TYPE_CONTROL_PLANE"});
        let body = Arc::new(Body::from_wire(Collection::ControlPlanes, &value));
        let site = Site {
            at: Collection::ControlPlanes,
            control_plane: None,
            parent: None,
        };
        let patch = Call::Patch {
            site: site.clone(),
            id: "x".into(),
            body: Arc::clone(&body),
        };
        assert_eq!(patch.request().body, Some(json!({"name": "n"})));
        assert_eq!(Call::Post { site, body }.request().body, Some(value));
    }

    #[test]
    fn what_is_printed_of_requests_and_answers_holds_no_body() {
        let secret = json!({"id": "x", "key": "canary"});
        let body = Arc::new(Body::from_wire(Collection::Certificates, &secret));
        let put = Call::Put {
            site: site(Collection::Certificates),
            id: "x".into(),
            body,
        };
        let response = Response::new(200, secret);
        let printed = format!("{put:?} {:?} {response:?}", put.request());
        let reply = put.interpret(response);
        assert!(!format!("{printed} {reply:?}").contains("canary"));
    }
}
