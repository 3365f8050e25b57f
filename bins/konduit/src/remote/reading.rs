//! What Konnect holds, as far as somebody wanted to know: each list is read once, to the end, and nothing is ever
//! written.
//!
//! A simulated Konnect can stand in front: what it is asked about is read and planted there first, so that it
//! answers as the real one would, and takes the writes that the real one does not see. Start with
//! [`Reading::hear`].

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use konduit_runtime::Execute;
use kong_model::{
    Call, Collection, Cursor, Failure, Filter, Naming, RemoteId, Reply, Sealed, ServerUrl, Shape,
    Site,
};
use kong_resolve::Access;
use konnect_sim::Konnect;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

/// How long to wait before a request that failed is sent again; after the last it has failed.
const PAUSES: [Duration; 3] = [
    Duration::from_millis(300),
    Duration::from_secs(1),
    Duration::from_secs(3),
];
/// The longest that a server is waited for that asks for that.
const LONGEST_PAUSE: u32 = 60;

/// What one list is of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Shelf {
    organisation: String,
    server: ServerUrl,
    control_plane: Option<RemoteId>,
    /// For lists that there are one of for each parent.
    parent: Option<RemoteId>,
    at: Collection,
}

/// What a list has.
#[derive(Debug, Default)]
pub(crate) struct Listed {
    /// The entities.
    pub(crate) items: Vec<Value>,
    ids: BTreeSet<String>,
}

impl Listed {
    fn new(items: Vec<Value>) -> Self {
        let ids = items.iter().filter_map(|it| it["id"].as_str());
        Self {
            ids: ids.map(str::to_owned).collect(),
            items,
        }
    }

    /// Whether it has an entity.
    pub(crate) fn has(&self, id: &str) -> bool {
        self.ids.contains(id)
    }
}

/// An entity that Konnect holds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Holding<'r> {
    /// The control plane that it is in.
    pub(crate) control_plane: Option<&'r RemoteId>,
    /// Where it is.
    pub(crate) at: Collection,
    /// Under which id.
    pub(crate) id: &'r str,
    /// The entity.
    pub(crate) entity: &'r Value,
}

/// One Konnect, and what is known of it.
pub(crate) struct Reading {
    konnect: Arc<dyn Execute>,
    runtime: Runtime,
    organisations: BTreeMap<(ServerUrl, Sealed), Result<Value, Failure>>,
    lists: BTreeMap<Shelf, Result<Arc<Listed>, Failure>>,
    /// What the simulated Konnect has been told.
    planted: BTreeSet<Shelf>,
    requests: u64,
}

impl Reading {
    pub(super) fn new(konnect: Arc<dyn Execute>) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .context("requests cannot be sent")?;
        Ok(Self {
            konnect,
            runtime,
            organisations: BTreeMap::new(),
            lists: BTreeMap::new(),
            planted: BTreeSet::new(),
            requests: 0,
        })
    }

    /// How many requests were sent.
    pub(crate) fn requests(&self) -> u64 {
        self.requests
    }

    /// Tells a new simulated Konnect everything that is known.
    pub(crate) fn plant_all(&mut self, konnect: &mut Konnect) {
        self.planted.clear();
        let mut accesses = Vec::new();
        for ((server, token), organisation) in &self.organisations {
            if let Ok(organisation) = organisation {
                let id = organisation["id"].as_str().unwrap_or_default();
                konnect.register_token(token.reveal(), id);
                accesses.push((id, server, token));
            }
        }
        // Control planes come before what is in them.
        for (shelf, list) in &self.lists {
            let access = accesses
                .iter()
                .find(|(id, server, _)| *id == shelf.organisation && **server == shelf.server);
            let (Some((_, server, token)), Ok(list)) = (access, list) else {
                continue;
            };
            let site = Site {
                at: shelf.at,
                control_plane: shelf.control_plane.clone(),
                parent: shelf.parent.clone(),
            };
            for entity in &list.items {
                konnect.plant(token.reveal(), server.region(), &site, entity.clone());
            }
            self.planted.insert(shelf.clone());
        }
    }

    /// A call that the simulated Konnect is about to serve: what it has to know for that is read and planted there.
    /// The answer, where it is not for the simulated one to give.
    pub(crate) fn hear(
        &mut self,
        konnect: &mut Konnect,
        access: &Access,
        call: &Call,
    ) -> Option<Result<Reply, Failure>> {
        let organisation = match self.organisation(access) {
            Ok(organisation) => organisation,
            Err(failure) => return Some(Err(failure)),
        };
        let id = organisation["id"].as_str().unwrap_or_default();
        konnect.register_token(access.token.reveal(), id);
        let site = match call {
            Call::WhoAmI => return Some(Ok(Reply::Entity(organisation))),
            Call::List { site, .. }
            | Call::Get { site, .. }
            | Call::Put { site, .. }
            | Call::Post { site, .. }
            | Call::Patch { site, .. }
            | Call::Remove { site, .. } => site,
        };
        let around = [
            site.control_plane
                .as_ref()
                .map(|plane| (Site::of_organisation(Collection::ControlPlanes), plane)),
            site.parent
                .as_ref()
                .zip(site.at.parent())
                .map(|(id, parent)| {
                    (
                        Site {
                            at: parent.to,
                            parent: None,
                            ..site.clone()
                        },
                        id,
                    )
                }),
        ];
        for (place, id) in around.into_iter().flatten() {
            match self.plant(konnect, access, &place) {
                // What was made here is not there.
                Ok(()) if !self.has(access, &place, id) => return None,
                Ok(()) => {}
                Err(failure) => return Some(Err(failure)),
            }
        }
        if call.is_write() {
            // Whether a reference leads somewhere is for the simulated one to say. A list that cannot be read leaves
            // that open.
            let references = site.at.references().iter().map(|reference| reference.to);
            for to in references.filter(|to| !to.is_listed_by_parent()) {
                let _ = self.plant(
                    konnect,
                    access,
                    &Site {
                        at: to,
                        parent: None,
                        control_plane: site
                            .control_plane
                            .clone()
                            .filter(|_| to.is_in_control_plane()),
                    },
                );
            }
        }
        let list = Site {
            parent: site
                .parent
                .clone()
                .filter(|_| site.at.is_listed_by_parent()),
            ..site.clone()
        };
        self.plant(konnect, access, &list).err().map(Err)
    }

    /// Everything that is known to be there.
    pub(crate) fn holdings(&self) -> impl Iterator<Item = Holding<'_>> {
        self.lists.iter().flat_map(|(shelf, list)| {
            let items = list.iter().flat_map(|list| &list.items);
            items.filter_map(|entity| {
                let id = match shelf.at.shape() {
                    Shape::Membership => shelf.control_plane.as_ref()?.as_str(),
                    Shape::Identity
                    | Shape::Numbered
                    | Shape::Core
                    | Shape::Linked
                    | Shape::Wrapped => entity["id"].as_str()?,
                };
                Some(Holding {
                    control_plane: shelf.control_plane.as_ref(),
                    at: shelf.at,
                    id,
                    entity,
                })
            })
        })
    }

    /// The organisation that an access opens.
    fn organisation(&mut self, access: &Access) -> Result<Value, Failure> {
        let key = (access.server.clone(), access.token.clone());
        if let Some(known) = self.organisations.get(&key) {
            return known.clone();
        }
        let answer = self.ask(access, &Call::WhoAmI).map(|reply| match reply {
            Reply::Entity(organisation) => organisation,
            Reply::Page { .. } | Reply::Done => Value::Null,
        });
        self.organisations.insert(key, answer.clone());
        answer
    }

    fn shelf(&mut self, access: &Access, site: &Site) -> Result<Shelf, Failure> {
        let organisation = self.organisation(access)?;
        Ok(Shelf {
            organisation: organisation["id"].as_str().unwrap_or_default().to_owned(),
            server: access.server.clone(),
            control_plane: site.control_plane.clone(),
            parent: site.parent.clone(),
            at: site.at,
        })
    }

    /// Whether a list has an entity.
    fn has(&mut self, access: &Access, site: &Site, id: &RemoteId) -> bool {
        let list = self.list(access, site);
        list.is_ok_and(|list| list.has(id.as_str()))
    }

    /// What a list has, read if it was not yet.
    pub(crate) fn list(&mut self, access: &Access, site: &Site) -> Result<Arc<Listed>, Failure> {
        let key = self.shelf(access, site)?;
        if let Some(known) = self.lists.get(&key) {
            return known.clone();
        }
        let list = self.read(access, site);
        let list = list.map(|items| Arc::new(Listed::new(items)));
        self.lists.insert(key, list.clone());
        list
    }

    /// Tells the simulated Konnect what a list has, once.
    fn plant(
        &mut self,
        konnect: &mut Konnect,
        access: &Access,
        site: &Site,
    ) -> Result<(), Failure> {
        let key = self.shelf(access, site)?;
        if self.planted.contains(&key) {
            return Ok(());
        }
        let list = self.list(access, site)?;
        self.planted.insert(key);
        for entity in &list.items {
            let (token, region) = (access.token.reveal(), access.server.region());
            konnect.plant(token, region, site, entity.clone());
        }
        Ok(())
    }

    fn read(&mut self, access: &Access, site: &Site) -> Result<Vec<Value>, Failure> {
        let mut all = Vec::new();
        let mut cursor: Option<Cursor> = None;
        loop {
            let call = Call::List {
                site: site.clone(),
                filter: Filter::All,
                cursor,
            };
            let (items, next) = match self.ask(access, &call)? {
                Reply::Page { items, next } => (items, next),
                Reply::Entity(_) | Reply::Done => return Ok(all),
            };
            all.extend(items.into_values()?);
            if next.is_none() {
                break;
            }
            cursor = next;
        }
        if site.at.shape() == Shape::Membership {
            // All pages are parts of one entity.
            let members = all.iter().filter_map(|part| part["members"].as_array());
            let ids = members.flatten().map(|member| json!({"id": member["id"]}));
            return Ok(vec![json!({ "members": ids.collect::<Vec<_>>() })]);
        }
        if let (Naming::Member { field, .. }, Some(parent)) = (site.at.naming(), site.at.parent()) {
            // The list shows the members, and what is there are the memberships.
            let group = site
                .parent
                .as_ref()
                .map(RemoteId::as_str)
                .unwrap_or_default();
            let membership = |member: &Value| {
                let id = member["id"].as_str().unwrap_or_default();
                json!({"id": format!("{group}/{id}"), parent.field: {"id": group}, field: {"id": id}})
            };
            return Ok(all.iter().map(membership).collect());
        }
        Ok(all)
    }

    /// One question; again where the failure may pass.
    fn ask(&mut self, access: &Access, call: &Call) -> Result<Reply, Failure> {
        debug_assert!(
            !call.is_write(),
            "nothing is written to a Konnect that is read"
        );
        let mut pauses = PAUSES.iter();
        loop {
            self.requests += 1;
            let asked = self.konnect.execute(&access.server, &access.token, call);
            let failure = match self.runtime.block_on(asked) {
                Ok(reply) => return Ok(reply),
                Err(failure) => failure,
            };
            let pause = match (&failure, pauses.next()) {
                (Failure::RateLimited { after: Some(after) }, Some(_)) => {
                    Duration::from_secs(u64::from(*after.min(&LONGEST_PAUSE)))
                }
                (
                    Failure::RateLimited { after: None }
                    | Failure::Server(_)
                    | Failure::Transport(_),
                    Some(pause),
                ) => *pause,
                _ => return Err(failure),
            };
            std::thread::sleep(pause);
        }
    }
}
