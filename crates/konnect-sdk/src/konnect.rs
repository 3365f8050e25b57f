//! Konnect as one organisation sees it: a client, a server and a token.

use std::fmt;

use futures::Stream;
use kong_model::entity::ControlPlane;
use kong_model::{Call, Cursor, Filter, RemoteId, Reply, Sealed, ServerUrl, Site, Stored};
use serde_json::Value;

use crate::client::Client;
use crate::control_planes::ControlPlanes as _;
use crate::core_entities::Within;
use crate::error::Error;
use crate::paging::{self, Page};

/// Konnect, with a token of an organisation, in a region.
///
/// What it can do is in the traits [`ControlPlanes`](crate::ControlPlanes),
/// [`CoreEntities`](crate::CoreEntities) and [`Identity`](crate::Identity), each of which can be held as a
/// trait object. Each method makes one attempt.
#[derive(Clone)]
pub struct Konnect {
    client: Client,
    server: ServerUrl,
    token: Sealed,
}

impl Konnect {
    /// Konnect at `server` with `token`.
    pub fn new(client: Client, server: ServerUrl, token: impl Into<String>) -> Self {
        Self {
            client,
            server,
            token: Sealed::new(token),
        }
    }

    /// The entities of a control plane, by their types.
    pub fn within(&self, control_plane: &RemoteId) -> Within<'_> {
        Within::new(self, control_plane.clone())
    }

    /// All control planes that pass a filter, page by page as they are taken.
    pub fn list_control_planes(
        &self,
        filter: Filter,
    ) -> impl Stream<Item = Result<Stored<ControlPlane>, Error>> + Send {
        paging::items(move |cursor| self.control_planes(filter.clone(), cursor))
    }

    /// All members of a group, page by page as they are taken.
    pub fn list_group_members(
        &self,
        group: RemoteId,
    ) -> impl Stream<Item = Result<RemoteId, Error>> + Send {
        paging::items(move |cursor| {
            let group = group.clone();
            async move { self.group_members(&group, cursor).await }
        })
    }

    pub(crate) async fn ask(&self, call: &Call) -> Result<Reply, Error> {
        let response = self
            .client
            .exchange(&self.server, &self.token, call)
            .await
            .map_err(|failure| Error::new(failure, Vec::new()))?;
        let fields = response.problems();
        call.interpret(response)
            .map_err(|failure| Error::new(failure, fields))
    }

    /// The entity that a call is answered with.
    pub(crate) async fn entity_of(&self, call: &Call) -> Result<Value, Error> {
        match self.ask(call).await? {
            Reply::Entity(answer) => Ok(answer),
            // Reading it will say what is missing.
            Reply::Page { .. } | Reply::Done => Ok(Value::Null),
        }
    }

    pub(crate) async fn page_of(
        &self,
        site: Site,
        filter: Filter,
        cursor: Option<Cursor>,
    ) -> Result<Page<Value>, Error> {
        let call = Call::List {
            site,
            filter,
            cursor,
        };
        match self.ask(&call).await? {
            Reply::Page { items, next } => Ok(Page {
                items: items
                    .into_values()
                    .map_err(|failure| Error::new(failure, Vec::new()))?,
                next,
            }),
            Reply::Entity(answer) => Ok(Page {
                items: vec![answer],
                next: None,
            }),
            Reply::Done => Ok(Page {
                items: Vec::new(),
                next: None,
            }),
        }
    }
}

impl fmt::Debug for Konnect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Konnect")
            .field("client", &self.client)
            .field("server", &self.server)
            .finish_non_exhaustive()
    }
}
