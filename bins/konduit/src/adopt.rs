//! `konduit adopt`: what a live control plane holds, as the manifests that take it over.
//!
//! The manifests that exist give the credentials and say what is taken over already. What each entity is as a
//! manifest says `inverse`; here are names, the control plane, secrets, and what cannot be had. Start with
//! [`adopt`].

mod fill;
mod members;
mod names;
mod taking;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;
use std::rc::Rc;

use anyhow::{Result, bail};
use clap::{Args, ValueEnum, ValueHint};
use kong_driver::ReplicaId;
use kong_model::{Collection, RemoteId, Shape, Site};
use kong_resolve::{Access, Key};
use serde_json::{Value, json};

use self::taking::Taking;
use crate::output::{self, Language};
use crate::plan::play::{Extent, Manifests, Played, settle};
use crate::remote::{Reading, Remote};
use crate::session::{self, Outcome, problems};
use crate::table;

/// Print the manifests that take over a control plane.
#[derive(Args, Debug)]
pub(crate) struct Adopt {
    /// The id of the control plane in Konnect.
    #[arg(long, value_name = "ID")]
    control_plane: String,
    /// The manifests that exist: files, folders, pipes, or - for standard input. Among them is the
    /// KonnectAPIAuthConfiguration whose token opens the control plane.
    #[arg(short = 'f', long = "filename", value_name = "PATH", value_hint = ValueHint::AnyPath)]
    paths: Vec<PathBuf>,
    /// The namespace of manifests that name none.
    #[arg(short, long, default_value = "default", value_parser = crate::cli::namespace)]
    namespace: String,
    /// Print secrets, too, as far as Konnect gives them; otherwise they have to be filled in.
    #[arg(long)]
    with_secrets: bool,
    /// What to print.
    #[arg(short, long, value_enum, value_name = "FORMAT", default_value = "yaml")]
    output: Format,
    #[command(flatten)]
    remote: Remote,
}

/// The language of the manifests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Documents with --- between them.
    Yaml,
    /// A v1 List.
    Json,
}

/// Lists of Konnect's control planes that may hold something: those that the table of collections lacks are not
/// looked at, and that is said.
const LISTS: [&str; 19] = [
    "acls",
    "basic-auths",
    "ca_certificates",
    "certificates",
    "consumer_groups",
    "consumers",
    "custom-plugins",
    "hmac-auths",
    "jwts",
    "key-auths",
    "key-sets",
    "keys",
    "partials",
    "plugins",
    "routes",
    "services",
    "snis",
    "upstreams",
    "vaults",
];

/// The type of control planes that hold nothing of their own.
const GROUP: &str = "CLUSTER_TYPE_CONTROL_PLANE_GROUP";

/// Prints the manifests.
pub(crate) fn adopt(options: &Adopt, out: &mut dyn Write, err: &mut dyn Write) -> Result<Outcome> {
    if options.paths.is_empty() {
        bail!(
            "no manifests given: name those that exist with -f, with the KonnectAPIAuthConfiguration whose token \
             opens the control plane among them"
        );
    }
    let token = options.remote.token()?;
    let manifests = Manifests::read(options.paths.clone(), &options.namespace, token.as_deref())?;
    let reading = Rc::new(RefCell::new(options.remote.reading()?));
    let played = settle(&manifests, Extent::Part, &reading);
    let mut reading = reading.borrow_mut();
    let Some(found) = find(options, &played, &mut reading) else {
        let rows = table::rows(&played.driver.cluster);
        let mut findings = manifests.folder.findings();
        findings.extend(problems::of(&rows, &manifests.folder, &played.driver));
        session::tell(err, &findings)?;
        bail!(
            "no KonnectAPIAuthConfiguration among the manifests opens an organisation with the control plane \"{}\" in \
             its region; correct the id, spec.serverURL or the token",
            options.control_plane
        );
    };
    if found.plane["config"]["cluster_type"] == GROUP {
        bail!(
            "the control plane \"{}\" is a group, which holds nothing of its own; adopt its members",
            options.control_plane
        );
    }
    let mut taking = Taking {
        manifests: &manifests,
        inverse: &manifests.inverse,
        secrets: options.with_secrets,
        documents: Vec::new(),
        findings: Vec::new(),
    };
    let home = taking.home(&found, &played);
    taking.everything(&found, &home, &played, &mut reading);
    match options.output {
        Format::Yaml => output::manifests_with(out, &taking.documents, |it| taking.said_of(it))?,
        Format::Json => {
            let list = json!({"apiVersion": "v1", "kind": "List", "items": taking.documents});
            output::document(out, Language::Json, &list)?;
        }
    }
    out.flush()?;
    session::tell(err, &taking.findings)?;
    let known: Vec<&str> = Collection::all().map(Collection::name).collect();
    let unseen: Vec<&str> = LISTS
        .into_iter()
        .filter(|name| !known.contains(name))
        .collect();
    if !unseen.is_empty() {
        writeln!(
            err,
            "not looked at, since no kind for them is served: {}",
            unseen.join(", ")
        )?;
    }
    let apart = |at: &Collection| {
        let looked_at = taking.takes(*at) || at.shape() == Shape::Membership;
        at.is_in_control_plane() && !looked_at && !at.is_listed_by_parent()
    };
    let mut apart: Vec<&str> = Collection::all()
        .filter(apart)
        .map(Collection::name)
        .collect();
    apart.sort_unstable();
    writeln!(err, "not taken over from here: {}", apart.join(", "))?;
    if taking.documents.is_empty() && taking.findings.is_empty() {
        writeln!(err, "everything in the control plane has a manifest")?;
    }
    Ok(if taking.findings.is_empty() {
        Outcome::Well
    } else {
        Outcome::Findings
    })
}

/// The control plane, and what opens it.
struct Found {
    configuration: Key,
    access: Access,
    id: RemoteId,
    plane: Value,
}

fn find(options: &Adopt, played: &Played, reading: &mut Reading) -> Option<Found> {
    let engine = played.driver.engine(ReplicaId(0))?;
    let accesses: BTreeMap<&Key, &Access> = engine.accesses().collect();
    let planes = Site::of_organisation(Collection::ControlPlanes);
    accesses.into_iter().find_map(|(configuration, access)| {
        let planes = reading.list(access, &planes).ok()?;
        let plane = planes
            .items
            .iter()
            .find(|it| it["id"] == *options.control_plane)?;
        Some(Found {
            configuration: configuration.clone(),
            access: access.clone(),
            id: RemoteId::from(&options.control_plane),
            plane: plane.clone(),
        })
    })
}
