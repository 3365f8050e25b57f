//! Everything that control planes hold: services, routes, upstreams, targets, certificates, plugins and
//! whatever else the table of collections has.
//!
//! [`CoreEntities`] knows no kinds, so that it can be held as a trait object and need not grow with the
//! table. [`Within`] is the same with types.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use futures::Stream;
use kong_model::{Body, Call, Cursor, Entity, Filter, RemoteId, Site, Stored};

use crate::error::Error;
use crate::konnect::Konnect;
use crate::paging::{self, Page};

/// Entities of control planes.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait CoreEntities: Send + Sync {
    /// Creates or replaces an entity under an id of the caller's choice, which makes it safe to repeat.
    async fn put_entity(
        &self,
        site: &Site,
        id: &RemoteId,
        body: Arc<Body>,
    ) -> Result<Stored<Body>, Error>;

    /// Creates an entity whose id Konnect chooses.
    async fn create_entity(&self, site: &Site, body: Arc<Body>) -> Result<Stored<Body>, Error>;

    /// Reads an entity.
    async fn entity(&self, site: &Site, id: &RemoteId) -> Result<Stored<Body>, Error>;

    /// Deletes an entity. One that is not there is deleted.
    async fn delete_entity(&self, site: &Site, id: &RemoteId) -> Result<(), Error>;

    /// A page of the entities of a collection in a control plane, whatever their parents; `None` is the
    /// first.
    async fn entities(
        &self,
        site: &Site,
        filter: Filter,
        cursor: Option<Cursor>,
    ) -> Result<Page<Stored<Body>>, Error>;
}

#[async_trait]
impl CoreEntities for Konnect {
    async fn put_entity(
        &self,
        site: &Site,
        id: &RemoteId,
        body: Arc<Body>,
    ) -> Result<Stored<Body>, Error> {
        let (at, site, id) = (site.at, site.clone(), id.clone());
        let answer = self.entity_of(&Call::Put { site, id, body }).await?;
        Ok(Stored::of(at, answer)?)
    }

    async fn create_entity(&self, site: &Site, body: Arc<Body>) -> Result<Stored<Body>, Error> {
        let (at, site) = (site.at, site.clone());
        let answer = self.entity_of(&Call::Post { site, body }).await?;
        Ok(Stored::of(at, answer)?)
    }

    async fn entity(&self, site: &Site, id: &RemoteId) -> Result<Stored<Body>, Error> {
        let (at, site, id) = (site.at, site.clone(), id.clone());
        let answer = self.entity_of(&Call::Get { site, id }).await?;
        Ok(Stored::of(at, answer)?)
    }

    async fn delete_entity(&self, site: &Site, id: &RemoteId) -> Result<(), Error> {
        let (site, id) = (site.clone(), id.clone());
        self.ask(&Call::Remove { site, id }).await?;
        Ok(())
    }

    async fn entities(
        &self,
        site: &Site,
        filter: Filter,
        cursor: Option<Cursor>,
    ) -> Result<Page<Stored<Body>>, Error> {
        let page = self.page_of(site.clone(), filter, cursor).await?;
        page.map(|item| Ok(Stored::of(site.at, item)?))
    }
}

/// The entities of one control plane, by their types.
#[derive(Clone)]
pub struct Within<'k> {
    entities: &'k dyn CoreEntities,
    control_plane: RemoteId,
    parent: Option<RemoteId>,
}

impl<'k> Within<'k> {
    /// The entities of a control plane.
    pub fn new(entities: &'k dyn CoreEntities, control_plane: impl Into<RemoteId>) -> Self {
        Self {
            entities,
            control_plane: control_plane.into(),
            parent: None,
        }
    }

    /// Those below an upstream: its targets are written here.
    #[must_use]
    pub fn below(&self, parent: impl Into<RemoteId>) -> Self {
        Self {
            parent: Some(parent.into()),
            ..self.clone()
        }
    }

    fn site<E: Entity>(&self) -> Site {
        Site {
            at: E::COLLECTION,
            control_plane: Some(self.control_plane.clone()),
            parent: self.parent.clone(),
        }
    }

    /// Creates or replaces an entity under an id of the caller's choice, which makes it safe to repeat.
    pub async fn put<E: Entity>(&self, id: &RemoteId, entity: &E) -> Result<Stored<E>, Error> {
        let (site, body) = (self.site::<E>(), Arc::new(entity.body()));
        let stored = self.entities.put_entity(&site, id, body).await?;
        Ok(stored.typed()?)
    }

    /// Creates an entity whose id Konnect chooses.
    pub async fn create<E: Entity>(&self, entity: &E) -> Result<Stored<E>, Error> {
        let (site, body) = (self.site::<E>(), Arc::new(entity.body()));
        let stored = self.entities.create_entity(&site, body).await?;
        Ok(stored.typed()?)
    }

    /// Reads an entity.
    pub async fn get<E: Entity>(&self, id: &RemoteId) -> Result<Stored<E>, Error> {
        let stored = self.entities.entity(&self.site::<E>(), id).await?;
        Ok(stored.typed()?)
    }

    /// Deletes an entity. One that is not there is deleted.
    pub async fn delete<E: Entity>(&self, id: &RemoteId) -> Result<(), Error> {
        self.entities.delete_entity(&self.site::<E>(), id).await
    }

    /// All entities of a type, page by page as they are taken. After an error nothing follows.
    pub fn list<E: Entity>(
        &self,
        filter: Filter,
    ) -> impl Stream<Item = Result<Stored<E>, Error>> + Send + use<'k, E> {
        let (entities, site) = (self.entities, self.site::<E>());
        paging::items(move |cursor| {
            let (site, filter) = (site.clone(), filter.clone());
            async move {
                let page = entities.entities(&site, filter, cursor).await?;
                page.map(|item| Ok(item.typed()?))
            }
        })
    }
}

impl fmt::Debug for Within<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Within")
            .field("control_plane", &self.control_plane)
            .field("parent", &self.parent)
            .finish_non_exhaustive()
    }
}
