//! The traits in place of which others put doubles in their tests.

use std::sync::Arc;

use futures::TryStreamExt as _;
use kong_model::entity::{ControlPlane, Service};
use kong_model::{
    Body, Collection, Cursor, Entity as _, Failure, Filter, RemoteId, Reply, Site, Stored,
};
use konnect_sdk::{
    ControlPlanes, Error, Execute, Identity, MockControlPlanes, MockCoreEntities, MockExecute,
    MockIdentity, Page, Within,
};

use crate::server::{PLANE, list, server_url, token};

fn stored(id: &str) -> Stored<Body> {
    let service = Service {
        host: "h".to_owned(),
        ..Service::default()
    };
    Stored {
        id: id.into(),
        entity: service.body(),
    }
}

#[tokio::test]
async fn a_double_stands_for_what_control_planes_hold() {
    let mut entities = MockCoreEntities::new();
    let home = || Site::of_control_plane(Collection::Services, PLANE.into());
    entities
        .expect_entities()
        .withf(move |site, filter, cursor| (site, filter, cursor) == (&home(), &Filter::All, &None))
        .times(1)
        .returning(|_, _, _| {
            Ok(Page {
                items: vec![stored("a")],
                next: Some(Cursor::Offset("more".to_owned())),
            })
        });
    entities
        .expect_entities()
        .withf(|_, _, cursor| cursor == &Some(Cursor::Offset("more".to_owned())))
        .times(1)
        .returning(|_, _, _| {
            Ok(Page {
                items: vec![stored("b")],
                next: None,
            })
        });
    entities
        .expect_delete_entity()
        .returning(|_, _| Err(Error::Unauthorized));
    let within = Within::new(&entities, PLANE);
    let services = within.list::<Service>(Filter::All);
    let ids: Vec<RemoteId> = services
        .map_ok(|stored| stored.id)
        .try_collect()
        .await
        .unwrap();
    assert_eq!(ids, ["a".into(), "b".into()]);
    assert_eq!(
        within.delete::<Service>(&"a".into()).await,
        Err(Error::Unauthorized)
    );
}

#[tokio::test]
async fn every_trait_can_be_held_as_an_object() {
    let mut planes = MockControlPlanes::new();
    planes.expect_create_control_plane().returning(|plane| {
        Ok(Stored {
            id: "cp".into(),
            entity: plane.clone(),
        })
    });
    let planes: Arc<dyn ControlPlanes> = Arc::new(planes);
    let created = planes.create_control_plane(&ControlPlane::default()).await;
    assert_eq!(created.unwrap().id, "cp".into());

    let mut identity = MockIdentity::new();
    identity
        .expect_organisation()
        .returning(|| Err(Error::Unauthorized));
    let identity: Arc<dyn Identity> = Arc::new(identity);
    assert_eq!(identity.organisation().await, Err(Error::Unauthorized));

    let mut execute = MockExecute::new();
    execute
        .expect_execute()
        .times(1)
        .returning(|_, _, _| Ok(Reply::Done));
    let execute: Arc<dyn Execute> = Arc::new(execute);
    let reply: Result<Reply, Failure> = execute.execute(&server_url(), &token(), &list()).await;
    assert_eq!(reply, Ok(Reply::Done));
}
