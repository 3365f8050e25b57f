//! The client and the simulated Konnect over HTTP, with everything that goes between them held against the
//! vendor's OpenAPI document.

use std::sync::{Arc, Mutex};

use axum::http::HeaderValue;
use futures::TryStreamExt as _;
use kong_model::entity::{
    Certificate, ClusterType, ControlPlane, Members, Plugin, Route, Service, Target, Upstream,
};
use kong_model::{Collection, Entity, Filter, Host, Method, RemoteId, Request, Response, Stored};
use konnect_contract::{Breach, Contract, samples};
use konnect_sdk::{ControlPlanes as _, Error, Identity as _, Konnect, Within};
use konnect_sim::{Konnect as Simulated, Millis};
use serde_json::{Value, json};

use crate::server::{Asked, Server, TOKEN, answer};

/// A request as the simulator takes it.
fn read(asked: &Asked) -> Request {
    let methods = [
        Method::Get,
        Method::Post,
        Method::Put,
        Method::Patch,
        Method::Delete,
    ];
    let method = methods
        .into_iter()
        .find(|method| method.as_str() == asked.method.as_str())
        .unwrap();
    let query = url::form_urlencoded::parse(asked.uri.query().unwrap_or_default().as_bytes());
    let known = |name: &str| {
        let mut known = konnect_sim::PARAMETERS.iter();
        *known.find(|known| **known == name).unwrap()
    };
    Request {
        host: Host::Region,
        method,
        path: asked.uri.path().to_owned(),
        query: query
            .map(|(name, value)| (known(&name), value.into_owned()))
            .collect(),
        body: (!asked.body.is_empty()).then(|| asked.json()),
    }
}

/// A simulated Konnect over HTTP, and what was wrong with what went to it and came from it.
fn simulated() -> (Server, Arc<Mutex<Vec<String>>>) {
    let wrong = Arc::<Mutex<Vec<String>>>::default();
    let noted = Arc::clone(&wrong);
    let contract = Contract::of_the_vendor();
    let konnect = Mutex::new(Simulated::new(1));
    let server = Server::new(move |asked| {
        let request = read(asked);
        let token = asked
            .header("authorization")
            .and_then(|value| value.strip_prefix("Bearer "));
        let response =
            konnect
                .lock()
                .unwrap()
                .handle(Millis(0), token.unwrap_or_default(), &request);
        let mut breaches = contract.request(&request);
        breaches.extend(contract.answer(&request, &response));
        // Of core entities the document names hardly any error.
        breaches.retain(|breach| !matches!(breach, Breach::Status { status: 400.., .. }));
        let breaches = breaches
            .iter()
            .map(|breach| format!("{request:?}: {breach}"));
        noted.lock().unwrap().extend(breaches);
        written(&response)
    });
    (server, wrong)
}

fn written(response: &Response) -> axum::http::Response<axum::body::Body> {
    let body = match &response.body {
        Value::Null => String::new(),
        body => body.to_string(),
    };
    let mut written = answer(response.status, body);
    if let Some(seconds) = response.retry_after {
        written
            .headers_mut()
            .insert("retry-after", HeaderValue::from(seconds));
    }
    written
}

fn id(number: u8) -> RemoteId {
    format!("00000000-0000-4000-8000-{number:012}").into()
}

/// Puts, reads, lists and deletes an entity in every form that its schema allows, and leaves it there.
async fn tries<E: Entity + PartialEq + std::fmt::Debug>(
    plane: &Within<'_>,
    id: &RemoteId,
    put_right: impl Fn(&mut E),
) {
    let at = E::COLLECTION;
    for sample in samples(at.schema()) {
        let mut answer = sample.clone();
        answer["id"] = json!(id.as_str());
        let mut entity = Stored::<E>::read(answer).unwrap().entity;
        put_right(&mut entity);
        let put = plane.put(id, &entity).await;
        let put = put.unwrap_or_else(|error| panic!("{at}: {error}: {sample}"));
        assert_eq!(&put.id, id, "{at}");
        assert_eq!(plane.get::<E>(id).await.unwrap(), put, "{at}");
        let listed: Vec<Stored<E>> = plane.list(Filter::All).try_collect().await.unwrap();
        assert_eq!(listed, [put], "{at}");
        plane.delete::<E>(id).await.unwrap();
        assert_eq!(plane.get::<E>(id).await, Err(Error::NotFound), "{at}");
        let created = plane.create(&entity).await.unwrap();
        plane.delete::<E>(&created.id).await.unwrap();
        plane.put(id, &entity).await.unwrap();
    }
}

#[tokio::test]
async fn what_the_client_asks_and_is_answered_is_what_the_vendor_says() {
    let (server, wrong) = simulated();
    let konnect = server.konnect();
    let organisation = konnect.organisation().await.unwrap();
    assert!(organisation.entity.name.is_some());

    let mut home = None;
    for (index, sample) in samples(ControlPlane::COLLECTION.schema())
        .into_iter()
        .enumerate()
    {
        let mut answer = sample.clone();
        answer["id"] = json!("x");
        let mut plane = Stored::<ControlPlane>::read(answer).unwrap().entity;
        plane.name = format!("plane {index}");
        let created = konnect.create_control_plane(&plane).await.unwrap();
        let endpoints = created.entity.endpoints.as_ref().unwrap();
        assert!(endpoints.control_plane_endpoint.is_some());
        let updated = konnect
            .update_control_plane(&created.id, &plane)
            .await
            .unwrap();
        assert_eq!(updated.id, created.id);
        assert_eq!(konnect.control_plane(&created.id).await.unwrap(), updated);
        if home.is_some() {
            konnect.delete_control_plane(&created.id).await.unwrap();
        } else {
            home = Some(created.id);
        }
    }
    let home = home.unwrap();
    let listed: Vec<_> = konnect
        .list_control_planes(Filter::All)
        .try_collect()
        .await
        .unwrap();
    assert_eq!(listed.len(), 1);

    group(&konnect, &home).await;

    let plane = konnect.within(&home);
    tries::<Certificate>(&plane, &id(1), |_| {}).await;
    tries::<Upstream>(&plane, &id(2), |upstream| {
        upstream.client_certificate = upstream.client_certificate.take().map(|_| id(1).into());
    })
    .await;
    tries::<Service>(&plane, &id(3), |service| {
        // Nothing writes an authority that it could name.
        service.ca_certificates = None;
        service.client_certificate = service.client_certificate.take().map(|_| id(1).into());
    })
    .await;
    tries::<Route>(&plane, &id(4), |route| {
        route.service = route.service.take().map(|_| id(3).into());
    })
    .await;
    tries::<Target>(&plane.below(id(2)), &id(5), |target| {
        target.upstream = None;
    })
    .await;
    tries::<Plugin>(&plane, &id(6), |plugin| {
        plugin.service = plugin.service.take().map(|_| id(3).into());
        plugin.route = plugin.route.take().map(|_| id(4).into());
        // Nothing writes those that it could be for.
        plugin.consumer = None;
        plugin.consumer_group = None;
    })
    .await;
    let wrong = wrong.lock().unwrap();
    assert!(wrong.is_empty(), "{wrong:#?}");
    let log = server.log();
    assert!(log.len() > 1000);
    for at in TYPED {
        let listed = log
            .iter()
            .any(|asked| asked.method == "GET" && is_at(asked.uri.path(), at.list_path()));
        assert!(listed, "nobody has listed {at}");
        let written = log.iter().any(|asked| {
            asked.method != "GET" && asked.uri.path().contains(&format!("/{}", at.name()))
        });
        assert!(
            written || at == Collection::Identity,
            "nobody has written {at}"
        );
    }
}

/// The collections of which there are types. What is asked of the others is held to the vendor's document by
/// konnect-contract.
const TYPED: [Collection; 9] = [
    Collection::Identity,
    Collection::ControlPlanes,
    Collection::GroupMemberships,
    Collection::Certificates,
    Collection::Upstreams,
    Collection::Services,
    Collection::Routes,
    Collection::Targets,
    Collection::Plugins,
];

/// Whether a path is one that a template stands for.
fn is_at(path: &str, template: &str) -> bool {
    let (path, template) = (path.split('/'), template.split('/'));
    path.clone().count() == template.clone().count()
        && path
            .zip(template)
            .all(|(part, wanted)| wanted.starts_with('{') || part == wanted)
}

async fn group(konnect: &Konnect, member: &RemoteId) {
    let group = ControlPlane {
        name: "group".to_owned(),
        cluster_type: Some(ClusterType::Group),
        ..ControlPlane::default()
    };
    let group = konnect.create_control_plane(&group).await.unwrap().id;
    let members = || {
        konnect
            .list_group_members(group.clone())
            .try_collect::<Vec<_>>()
    };
    assert_eq!(members().await, Ok(Vec::new()));
    konnect
        .set_group_members(&group, std::slice::from_ref(member))
        .await
        .unwrap();
    assert_eq!(members().await, Ok(vec![member.clone()]));
    konnect.set_group_members(&group, &[]).await.unwrap();
    assert_eq!(members().await, Ok(Vec::new()));
    konnect.delete_control_plane(&group).await.unwrap();
}

#[tokio::test]
async fn what_konnect_refuses_is_told_as_it_is() {
    let (server, wrong) = simulated();
    let konnect = server.konnect();
    let plane = ControlPlane {
        name: "home".to_owned(),
        ..ControlPlane::default()
    };
    let home = konnect.create_control_plane(&plane).await.unwrap().id;
    let twice = konnect.create_control_plane(&plane).await;
    assert!(matches!(twice, Err(Error::Conflict { .. })), "{twice:?}");
    let within = konnect.within(&home);
    let route = Route {
        paths: Some(vec!["/".to_owned()]),
        service: Some(id(9).into()),
        ..Route::default()
    };
    let dangling = within.put(&id(1), &route).await;
    assert!(
        matches!(dangling, Err(Error::Reference { .. })),
        "{dangling:?}"
    );
    let plugin = Plugin {
        name: String::new(),
        config: Some(Members::default()),
        ..Plugin::default()
    };
    let Err(Error::Invalid { fields, .. }) = within.put(&id(1), &plugin).await else {
        panic!("a plugin without a name");
    };
    assert_eq!(fields[0].field, "name");
    // This one is wrong on purpose, and the document says so, too.
    let wrong = wrong.lock().unwrap().clone();
    assert!(
        matches!(&wrong[..], [text] if text.contains("body/name")),
        "{wrong:?}"
    );
    let stranger = Konnect::new(server.client(), crate::server::server_url(), "kpat_bad");
    assert_eq!(stranger.organisation().await, Err(Error::Unauthorized));
    assert!(
        server
            .log()
            .iter()
            .any(|asked| asked.header("authorization") == Some(&*format!("Bearer {TOKEN}")))
    );
}
