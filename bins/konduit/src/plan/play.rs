//! Manifests, played through against a copy of Konnect.
//!
//! The engine itself plans: the manifests are its cluster, a simulated Konnect stands in front of the real one, and
//! every write stays there and is noted. Who an object is, its tags in Konnect tell; so it is played until nothing
//! more is learned. Start with [`Manifests::read`] and [`settle`].

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::rc::Rc;

use anyhow::Result;
use cluster_sim::{Cluster, ObjectId, ResourceId};
use kong_crds::Kind;
use kong_driver::{Driver, ReplicaId, Sent, Step};
use kong_engine::{Action, Engine, Mono, Outcome};
use kong_model::{Call, Naming, RemoteId, Reply};
use konnect_sim::Konnect;
use serde_json::Value;

use super::ghosts::{self, Ghosts};
use super::identity::{self, Identities};
use crate::catalogue::Catalogue;
use crate::findings::Finding;
use crate::folder::{Folder, is_cluster_wide};
use crate::inverse::Inverse;
use crate::manifests::{Paths, Reader};
use crate::remote::{Reading, use_token};
use crate::session;

/// The seed of the ids that the copy chooses: another one than servers have, whose ids must not be met.
const SEED: u64 = u64::from_be_bytes(*b"a plan.\0");
/// Milliseconds after which no more is waited for.
const LIMIT: u64 = 180_000;
/// So often it is played at most: control planes, what is in them, and what has no manifest are learned one after
/// the other.
const ROUNDS: usize = 8;

/// Manifests as a cluster would have them.
pub(crate) struct Manifests {
    /// What they say, and what is wrong with them.
    pub(crate) folder: Folder,
    /// The objects that were let in.
    pub(crate) cluster: Cluster,
    /// How fields of kinds are declared.
    pub(crate) inverse: Inverse,
    /// What documents that were read out of a cluster say of their objects there.
    pub(crate) given: BTreeMap<ObjectId, Value>,
}

/// A write that the copy took.
pub(crate) struct Write {
    /// What was written.
    pub(crate) call: Call,
    /// Under which id.
    pub(crate) id: RemoteId,
}

/// How it came out.
pub(crate) struct Played {
    /// The objects, the engine and the copy of Konnect.
    pub(crate) driver: Driver<Engine>,
    /// What was written, in order.
    pub(crate) writes: Vec<Write>,
    /// The objects without a manifest that were deleted.
    pub(crate) ghosts: Ghosts,
    /// What cannot be known, and why.
    pub(crate) findings: Vec<Finding>,
    /// What may be meant otherwise.
    pub(crate) notes: Vec<String>,
}

/// Whether the manifests are all that is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extent {
    /// What has no manifest goes.
    Whole,
    /// It stays.
    Part,
}

impl Manifests {
    /// Reads manifests, and lets them into a cluster.
    pub(crate) fn read(paths: Vec<PathBuf>, namespace: &str, token: Option<&str>) -> Result<Self> {
        let mut paths = Paths::new(paths, &mut io::stdin())?;
        let snapshot = paths.look();
        let mut reading = Reader::default().read(&snapshot);
        reading.findings.extend(snapshot.findings.iter().cloned());
        if reading.manifests.is_empty() && reading.findings.is_empty() {
            return Err(session::nothing(&snapshot));
        }
        if let Some(token) = token {
            use_token(&mut reading.manifests, token);
        }
        let definitions = kong_crds::crd_documents();
        let cluster = session::cluster(&definitions)?;
        let mut given = BTreeMap::new();
        for manifest in &reading.manifests {
            let mut document = manifest.document.clone();
            let is_cluster_wide = is_cluster_wide(&document);
            if let Some(metadata) = document["metadata"].as_object_mut()
                && !is_cluster_wide
            {
                metadata
                    .entry("namespace")
                    .or_insert_with(|| namespace.into());
            }
            if let Some(id) = cluster.id_of(&document) {
                given.entry(id).or_insert(document);
            }
        }
        let inverse = Inverse::new(&definitions);
        let mut folder = Folder::new(namespace.to_owned(), Catalogue::new(definitions));
        folder.look(&cluster, reading);
        let mut driver = session::driver(cluster, Konnect::new(SEED));
        folder.act(&mut driver);
        Ok(Self {
            folder,
            cluster: driver.cluster,
            inverse,
            given,
        })
    }

    /// The objects of a kind.
    pub(crate) fn objects(cluster: &Cluster, kind: Kind) -> impl Iterator<Item = &Value> {
        let resource = ResourceId::new(kind.group(), kind.plural());
        cluster.list(&resource, None).map(|object| &**object)
    }

    /// Plays it through once.
    fn play(
        &self,
        identities: &Identities,
        ghosts: &Ghosts,
        reading: &Rc<RefCell<Reading>>,
    ) -> (Driver<Engine>, Vec<Write>) {
        let mut cluster = self.cluster.clone();
        let known = self.cluster.resources().cloned().collect::<Vec<_>>();
        for object in known.iter().flat_map(|it| self.cluster.list(it, None)) {
            let id = self.cluster.id_of(object);
            let Some(id) = id else { continue };
            let object = identities.applied(Value::clone(object), &id, self.given.get(&id));
            cluster
                .transplant(object)
                .expect("an object of the cluster has a kind and a name");
        }
        for ghost in ghosts.documents() {
            // One whose metadata cannot be read stays where it is.
            let _ = cluster.transplant(ghost.clone());
        }
        let mut konnect = Konnect::new(SEED);
        reading.borrow_mut().plant_all(&mut konnect);
        let mut driver = session::driver(cluster, konnect);
        let source = Rc::clone(reading);
        driver.set_source(move |konnect, access, call| {
            source.borrow_mut().hear(konnect, access, call)
        });
        let mut writes = Vec::new();
        run(&mut driver, &mut writes);
        (driver, writes)
    }
}

/// Plays manifests through until it is known who everybody is.
pub(crate) fn settle(
    manifests: &Manifests,
    extent: Extent,
    reading: &Rc<RefCell<Reading>>,
) -> Played {
    let (mut identities, mut ghosts) = (Identities::default(), Ghosts::default());
    let mut round = 0;
    loop {
        round += 1;
        let (driver, writes) = manifests.play(&identities, &ghosts, reading);
        let engine = driver.engine(ReplicaId(0));
        let learned = identity::learn(manifests, &reading.borrow(), engine, &identities);
        let (mut findings, notes) = (learned.findings, learned.notes);
        let settled = learned.identities == identities;
        let found = if settled && extent == Extent::Whole && !manifests.folder.is_incomplete() {
            let (found, unclear) = ghosts::find(manifests, &driver, &mut reading.borrow_mut());
            findings.extend(unclear);
            found
        } else {
            ghosts.clone()
        };
        // What was listed to find them may tell more of who is who.
        let engine = driver.engine(ReplicaId(0));
        let learned = identity::learn(manifests, &reading.borrow(), engine, &identities);
        let learned = learned.identities;
        let settled = settled && found == ghosts && learned == identities;
        if settled || round == ROUNDS {
            return Played {
                driver,
                writes,
                ghosts,
                findings,
                notes,
            };
        }
        (identities, ghosts) = (learned, found);
    }
}

/// Runs until all is quiet and every list has been read anew.
fn run(driver: &mut Driver<Engine>, writes: &mut Vec<Write>) {
    let limit = Mono(LIMIT);
    quiet(driver, writes, limit);
    let lists = driver
        .now()
        .mono
        .after(session::settings().sync_period + 1_000);
    while let Some(step) = driver.step(lists.min(limit)) {
        writes.extend(written(step));
    }
    quiet(driver, writes, limit);
}

fn quiet(driver: &mut Driver<Engine>, writes: &mut Vec<Write>, limit: Mono) {
    loop {
        if let Some(step) = driver.step_now() {
            writes.extend(written(step));
        } else if driver.is_quiet() {
            return;
        } else {
            match driver.step(limit) {
                Some(step) => writes.extend(written(step)),
                None => return,
            }
        }
    }
}

/// The write that was done in a step.
fn written(step: Step) -> Option<Write> {
    let Step::Sent(sent) = step else { return None };
    let Sent {
        action: Action::Konnect { call, .. },
        outcome: Outcome::Konnect(Ok(reply)),
        ..
    } = *sent
    else {
        return None;
    };
    let id = match (&call, &reply) {
        (Call::Put { id, .. } | Call::Patch { id, .. } | Call::Remove { id, .. }, _) => id.clone(),
        (Call::Post { site, body, .. }, Reply::Entity(entity)) => match site.at.naming() {
            // The id of a membership is that of the member.
            Naming::Member { field, .. } => RemoteId::from(body.reference(field)?),
            Naming::Ours | Naming::Labelled | Naming::Keyed => {
                RemoteId::from(entity["id"].as_str()?)
            }
        },
        (
            Call::Post { .. } | Call::WhoAmI | Call::List { .. } | Call::Get { .. },
            Reply::Entity(_) | Reply::Page { .. } | Reply::Done,
        ) => return None,
    };
    Some(Write { call, id })
}
