//! Control planes, and groups of them.

use async_trait::async_trait;
use kong_model::entity::{ControlPlane, GroupMembers, Link};
use kong_model::{Call, Collection, Cursor, Entity as _, Filter, RemoteId, Site, Stored};

use crate::error::Error;
use crate::konnect::Konnect;
use crate::paging::Page;

/// Control planes of an organisation.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait ControlPlanes: Send + Sync {
    /// Creates a control plane. Konnect chooses its id, so an answer that is lost leaves one behind: look
    /// for it by name or label before trying again.
    async fn create_control_plane(
        &self,
        plane: &ControlPlane,
    ) -> Result<Stored<ControlPlane>, Error>;

    /// Reads a control plane.
    async fn control_plane(&self, id: &RemoteId) -> Result<Stored<ControlPlane>, Error>;

    /// Changes a control plane. What is chosen once is not sent.
    async fn update_control_plane(
        &self,
        id: &RemoteId,
        plane: &ControlPlane,
    ) -> Result<Stored<ControlPlane>, Error>;

    /// Deletes a control plane with everything in it. One that is not there is deleted.
    async fn delete_control_plane(&self, id: &RemoteId) -> Result<(), Error>;

    /// A page of control planes; `None` is the first.
    async fn control_planes(
        &self,
        filter: Filter,
        cursor: Option<Cursor>,
    ) -> Result<Page<Stored<ControlPlane>>, Error>;

    /// A page of the members of a group; `None` is the first.
    async fn group_members(
        &self,
        group: &RemoteId,
        cursor: Option<Cursor>,
    ) -> Result<Page<RemoteId>, Error>;

    /// Makes these the members of a group, and no others.
    async fn set_group_members(&self, group: &RemoteId, members: &[RemoteId]) -> Result<(), Error>;
}

fn planes() -> Site {
    Site::of_organisation(Collection::ControlPlanes)
}

fn members_of(group: &RemoteId) -> Site {
    Site::of_control_plane(Collection::GroupMemberships, group.clone())
}

#[async_trait]
impl ControlPlanes for Konnect {
    async fn create_control_plane(
        &self,
        plane: &ControlPlane,
    ) -> Result<Stored<ControlPlane>, Error> {
        let (site, body) = (planes(), plane.body().into());
        let answer = self.entity_of(&Call::Post { site, body }).await?;
        Ok(Stored::read(answer)?)
    }

    async fn control_plane(&self, id: &RemoteId) -> Result<Stored<ControlPlane>, Error> {
        let (site, id) = (planes(), id.clone());
        Ok(Stored::read(
            self.entity_of(&Call::Get { site, id }).await?,
        )?)
    }

    async fn update_control_plane(
        &self,
        id: &RemoteId,
        plane: &ControlPlane,
    ) -> Result<Stored<ControlPlane>, Error> {
        let (site, id, body) = (planes(), id.clone(), plane.body().into());
        let answer = self.entity_of(&Call::Patch { site, id, body }).await?;
        Ok(Stored::read(answer)?)
    }

    async fn delete_control_plane(&self, id: &RemoteId) -> Result<(), Error> {
        let (site, id) = (planes(), id.clone());
        self.ask(&Call::Remove { site, id }).await?;
        Ok(())
    }

    async fn control_planes(
        &self,
        filter: Filter,
        cursor: Option<Cursor>,
    ) -> Result<Page<Stored<ControlPlane>>, Error> {
        let page = self.page_of(planes(), filter, cursor).await?;
        page.map(|item| Ok(Stored::read(item)?))
    }

    async fn group_members(
        &self,
        group: &RemoteId,
        cursor: Option<Cursor>,
    ) -> Result<Page<RemoteId>, Error> {
        let page = self
            .page_of(members_of(group), Filter::All, cursor)
            .await?
            .map(|part| GroupMembers::read(&part).map_err(Error::from))?;
        let members = page.items.into_iter().flat_map(|part| part.members);
        Ok(Page {
            items: members.map(|member| member.id).collect(),
            next: page.next,
        })
    }

    async fn set_group_members(&self, group: &RemoteId, members: &[RemoteId]) -> Result<(), Error> {
        let members = members.iter().map(|id| Link { id: id.clone() }).collect();
        let (site, id) = (members_of(group), group.clone());
        let body = GroupMembers { members }.body().into();
        self.ask(&Call::Put { site, id, body }).await?;
        Ok(())
    }
}
