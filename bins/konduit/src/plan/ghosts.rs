//! Objects that have something in Konnect and no manifest any more.
//!
//! A folder is taken for all that is wanted in the control planes that it makes: an object that it lacks has been
//! deleted, or will be. Such objects are made again from their entities, as they are while they are being deleted, so
//! that the engine takes down what they have in its own order. Control planes themselves never count as missing:
//! others may have made them. Start with [`find`].

use std::collections::{BTreeMap, BTreeSet};

use cluster_sim::ObjectId;
use kong_crds::Kind;
use kong_crds::names::KONNECT_CLEANUP_FINALIZER;
use kong_driver::{Driver, ReplicaId};
use kong_engine::Engine;
use kong_model::{Collection, Failure, RemoteId, Shape, Site};
use kong_resolve::Access;
use konnect_sim::Konnect;
use serde_json::{Value, json};

use super::identity::{stands_for, status};
use super::play::Manifests;
use crate::findings::Finding;
use crate::inverse::{Defaults, Place, kong_kind, origin};
use crate::remote::{Reading, is_listed_by_parent};

/// When they were deleted; nobody asks.
const DELETED: &str = "2020-01-01T00:00:00Z";

/// Objects without a manifest, by name.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Ghosts(BTreeMap<ObjectId, Value>);

impl Ghosts {
    /// The objects.
    pub(super) fn documents(&self) -> impl Iterator<Item = &Value> {
        self.0.values()
    }

    /// Whether an object is one of them and has nothing in Konnect any more.
    pub(crate) fn is_over(&self, object: &ObjectId, konnect: &Konnect) -> bool {
        self.0.get(object).is_some_and(|document| {
            let status = &document["status"]["konnect"];
            let kind = Kind::served().find(|kind| *kind.as_str() == document["kind"]);
            let at = kind.and_then(kong_translation::collection);
            at.is_some_and(|at| {
                let mut held = konnect.entities(at, status["controlPlaneID"].as_str());
                !held.any(|(id, _)| status["id"] == id)
            })
        })
    }

    /// Whether there is one with this UID.
    pub(crate) fn has(&self, uid: &str) -> bool {
        self.0.values().any(|it| it["metadata"]["uid"] == uid)
    }
}

/// A control plane whose contents are those of the manifests.
struct Home {
    id: RemoteId,
    place: Place,
    access: Access,
}

/// Looks for them in every control plane that the manifests make; and what cannot be said.
pub(super) fn find(
    manifests: &Manifests,
    driver: &Driver<Engine>,
    reading: &mut Reading,
) -> (Ghosts, Vec<Finding>) {
    let mut findings = Vec::new();
    let homes = homes(driver, reading);
    for home in &homes {
        let inside = |at: &Collection| at.shape() == Shape::Core && !is_listed_by_parent(*at);
        for at in Collection::all().filter(inside) {
            let site = Site::of_control_plane(at, home.id.clone());
            if let Err(failure) = reading.list(&home.access, &site) {
                findings.push(unlisted(home, at, &failure));
            }
        }
    }
    let places = places(reading);
    let mut ghosts = Ghosts::default();
    let mut strangers = BTreeSet::new();
    for holding in reading.holdings() {
        let home = homes
            .iter()
            .find(|home| holding.control_plane == Some(&home.id));
        let (Some(home), Some(origin)) = (home, origin(holding.entity)) else {
            continue;
        };
        // What an object has beside its own entity goes with it.
        if origin.owner.is_some() {
            continue;
        }
        let kind = Kind::from_api(&origin.group, &origin.kind)
            .filter(|kind| stands_for(*kind, holding.at));
        let place = Place {
            namespace: origin.namespace.unwrap_or_default(),
            name: origin.name,
        };
        let Some(kind) = kind else {
            strangers.insert(format!(
                "{} {}/{}",
                origin.kind, place.namespace, place.name
            ));
            continue;
        };
        let names = |at: Collection, id: &str| places.get(&(at, id.to_owned())).cloned();
        let made = manifests.inverse.object(
            kind,
            holding.entity,
            &place,
            &home.place,
            &names,
            Defaults::LeftOut,
        );
        let mut document = made.document;
        let Some(id) = manifests.cluster.id_of(&document) else {
            continue;
        };
        // An object that was refused is not missing.
        if manifests.cluster.get(&id).is_some() || manifests.folder.manifest(&id).is_some() {
            continue;
        }
        let meta = &mut document["metadata"];
        meta["uid"] = Value::from(origin.uid);
        meta["generation"] = Value::from(origin.generation.max(1));
        meta["finalizers"] = json!([KONNECT_CLEANUP_FINALIZER]);
        meta["creationTimestamp"] = Value::from(DELETED);
        meta["deletionTimestamp"] = Value::from(DELETED);
        document["status"] = status(&holding);
        ghosts.0.insert(id, document);
    }
    findings.extend(strangers.into_iter().map(|object| Finding {
        place: None,
        object: Some(object),
        field: None,
        message: "it has no manifest, and its kind is not served here".to_owned(),
        remedy: Some("what it has in Konnect stays as it is in this plan".to_owned()),
    }));
    (ghosts, findings)
}

/// The control planes that the manifests make, and that are there.
fn homes(driver: &Driver<Engine>, reading: &mut Reading) -> Vec<Home> {
    let accesses: BTreeMap<_, _> = driver
        .engine(ReplicaId(0))
        .map(|engine| {
            engine
                .accesses()
                .map(|(key, access)| (key.clone(), access.clone()))
                .collect()
        })
        .unwrap_or_default();
    let mut homes = Vec::new();
    for object in Manifests::objects(&driver.cluster, Kind::KonnectGatewayControlPlane) {
        let group = object["spec"]["createControlPlaneRequest"]["cluster_type"] == GROUP;
        let mirror = object["spec"]["source"] == "Mirror";
        let leaving = !object["metadata"]["deletionTimestamp"].is_null();
        let Some(id) = object["status"]["id"]
            .as_str()
            .filter(|_| !group && !mirror && !leaving)
        else {
            continue;
        };
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let planes = Site::of_organisation(Collection::ControlPlanes);
        let access = accesses.values().find(|access| {
            let planes = reading.list(access, &planes);
            planes.is_ok_and(|planes| planes.has(id))
        });
        homes.extend(access.map(|access| Home {
            id: RemoteId::from(id),
            place: Place {
                namespace: text(&object["metadata"]["namespace"]),
                name: text(&object["metadata"]["name"]),
            },
            access: access.clone(),
        }));
    }
    homes
}

/// The type of control planes that hold nothing of their own.
const GROUP: &str = "CLUSTER_TYPE_CONTROL_PLANE_GROUP";

/// The objects that entities stand for.
fn places(reading: &Reading) -> BTreeMap<(Collection, String), Place> {
    let known = reading.holdings().filter_map(|holding| {
        let origin = origin(holding.entity)?;
        let kind = kong_kind(holding.at)?;
        (origin.kind == kind.as_str()).then(|| {
            let place = Place {
                namespace: origin.namespace.unwrap_or_default(),
                name: origin.name,
            };
            ((holding.at, holding.id.to_owned()), place)
        })
    });
    known.collect()
}

fn unlisted(home: &Home, at: Collection, failure: &Failure) -> Finding {
    let Place { namespace, name } = &home.place;
    Finding {
        place: None,
        object: Some(format!(
            "{} {namespace}/{name}",
            Kind::KonnectGatewayControlPlane
        )),
        field: None,
        message: format!("the {at} in it cannot be listed: {failure}"),
        remedy: Some("what of them has no manifest is not in this plan".to_owned()),
    }
}
