//! `konduit adopt`: what a live control plane holds, as the manifests that take it over.
//!
//! The manifests that exist give the credentials and say what is taken over already. What each entity is as a
//! manifest says `inverse`; here are names, the control plane, secrets, and what cannot be had. Start with
//! [`adopt`].

mod names;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;
use std::rc::Rc;

use anyhow::{Result, bail};
use clap::{Args, ValueEnum, ValueHint};
use kong_crds::Kind;
use kong_driver::ReplicaId;
use kong_model::sealed::REDACTED;
use kong_model::{Collection, RemoteId, Shape, Site};
use kong_resolve::{Access, Key};
use serde_json::{Value, json};

use self::names::Names;
use crate::findings::Finding;
use crate::inverse::{Defaults, Inverse, Object, Place, kong_kind};
use crate::output::{self, Language};
use crate::plan::play::{Extent, Manifests, Played, settle};
use crate::plan::show::singular;
use crate::remote::{Reading, Remote};
use crate::secrets;
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

/// Members that Konnect gives back as a hash: what they were cannot be compared, so they are written anew.
const HASHED: [(&str, &str); 1] = [("basic-auths", "password")];

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
    taking.everything(&found, &home, &mut reading);
    match options.output {
        Format::Yaml => output::manifests(out, &taking.documents)?,
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
            .into_iter()
            .find(|it| it["id"] == *options.control_plane)?;
        Some(Found {
            configuration: configuration.clone(),
            access: access.clone(),
            id: RemoteId::from(&options.control_plane),
            plane,
        })
    })
}

/// Manifests in the making.
struct Taking<'m> {
    manifests: &'m Manifests,
    inverse: &'m Inverse,
    /// Whether secrets are printed.
    secrets: bool,
    documents: Vec<Value>,
    findings: Vec<Finding>,
}

impl Taking<'_> {
    /// The object of the control plane; a mirror of it, if there is none.
    fn home(&mut self, found: &Found, played: &Played) -> Place {
        let kind = Kind::KonnectGatewayControlPlane;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let known = Manifests::objects(&played.driver.cluster, kind);
        let mut known = known.filter(|object| object["status"]["id"] == found.id.as_str());
        if let Some(object) = known.next() {
            return Place {
                namespace: text(&object["metadata"]["namespace"]),
                name: text(&object["metadata"]["name"]),
            };
        }
        let namespace = found.configuration.name.namespace().to_owned();
        let mut names = Names::of(self.manifests, &namespace);
        let place = names.give(kind, found.plane["name"].as_str(), found.id.as_str());
        self.documents.push(json!({
            "apiVersion": kind.api_version(), "kind": kind.as_str(),
            "metadata": {"name": place.name, "namespace": namespace},
            "spec": {
                "source": "Mirror",
                "mirror": {"konnect": {"id": found.id.as_str()}},
                "konnect": {"authRef": {"name": &*found.configuration.name.name}},
            },
        }));
        place
    }

    /// Everything in the control plane, parents first.
    fn everything(&mut self, found: &Found, home: &Place, reading: &mut Reading) {
        let mut names = Names::of(self.manifests, &home.namespace);
        let inside =
            |at: &Collection| at.shape() == Shape::Core && !at.list_path().contains("{parent}");
        for at in Collection::all().filter(inside) {
            let site = Site::of_control_plane(at, found.id.clone());
            let mut list = match reading.list(&found.access, &site) {
                Ok(list) => list,
                Err(failure) => {
                    self.complain(
                        at.name(),
                        &format!("cannot be listed: {failure}"),
                        "they are left out",
                    );
                    continue;
                }
            };
            list.sort_by_key(|entity| entity["id"].as_str().unwrap_or_default().to_owned());
            for entity in &list {
                self.entity(at, entity, home, &mut names);
            }
        }
    }

    fn entity(&mut self, at: Collection, entity: &Value, home: &Place, names: &mut Names) {
        let id = entity["id"].as_str().unwrap_or_default();
        let name = [
            "name",
            "username",
            "custom_id",
            "target",
            "kid",
            "group",
            "prefix",
        ];
        let mut name = name.iter().filter(|field| !at.secrets().contains(field));
        let name = name.find_map(|field| entity[*field].as_str());
        let title = match name {
            Some(name) => format!("{} \"{name}\" ({id})", singular(at)),
            None => format!("{} {id}", singular(at)),
        };
        if names.has_manifest(at, entity) {
            return;
        }
        if let Some(origin) = names.managed(at, entity) {
            let message = format!(
                "is managed by {} {}/{} with UID {}, of which there is no manifest here",
                origin.kind,
                origin.namespace.as_deref().unwrap_or_default(),
                origin.name,
                origin.uid
            );
            return self.complain(
                &title,
                &message,
                "bring the manifest along, or remove its tags first",
            );
        }
        let Some(kind) = kong_kind(at).filter(|kind| self.inverse.can_adopt(*kind)) else {
            return self.complain(
                &title,
                "there is no kind that takes it over",
                "it is left out",
            );
        };
        let place = names.give(kind, entity["instance_name"].as_str().or(name), id);
        let plugin = (kind == Kind::KongPluginBinding).then(|| {
            self.inverse
                .plugin(entity, &names.sibling(Kind::KongPlugin, &place))
        });
        let made = self.object(kind, at, entity, &place, home, names);
        let lost = made
            .lost
            .iter()
            .chain(plugin.iter().flat_map(|it| &it.lost));
        let lost: Vec<&str> = lost.map(String::as_str).collect();
        if !lost.is_empty() {
            let message = format!(
                "{kind} has no field for {}, which would be lost",
                lost.join(", ")
            );
            return self.complain(
                &title,
                &message,
                "it is left out; set that to its default first, or keep it out of Kubernetes",
            );
        }
        if !made.dangling.is_empty() {
            let message = format!("its {} is not taken over", made.dangling.join(", "));
            return self.complain(&title, &message, "it is left out");
        }
        names.take(at, id, &place);
        let mut document = made.document;
        let hashed = HASHED
            .iter()
            .filter(|(name, _)| *name == at.name())
            .map(|(_, member)| *member);
        let hashed: Vec<&str> = hashed.collect();
        let mode = if hashed.is_empty() {
            "match"
        } else {
            "override"
        };
        document["spec"]["adopt"] = json!({"from": "konnect", "mode": mode, "konnect": {"id": id}});
        if let Some(plugin) = plugin {
            document["spec"]["pluginRef"]["name"] = plugin.document["metadata"]["name"].clone();
            let mut plugin = plugin.document;
            self.hide_config(&mut plugin, "config");
            self.documents.push(plugin);
        }
        for member in hashed {
            if let Some(spec) = document["spec"].as_object_mut() {
                spec.remove(member);
            }
            self.fill_in(
                &document,
                &format!("spec.{member}"),
                "Konnect gives back a hash of it alone",
            );
        }
        self.hide(at, &mut document);
        for field in at.open() {
            self.hide_config(&mut document, &format!("spec.{field}"));
        }
        self.documents.push(document);
    }

    /// The manifest of an entity: as short as the rules of the kind allow.
    fn object(
        &self,
        kind: Kind,
        at: Collection,
        entity: &Value,
        place: &Place,
        home: &Place,
        names: &Names,
    ) -> Object {
        let look = |at: Collection, id: &str| names.place(at, id);
        let make = |defaults| {
            self.inverse
                .object(kind, at, entity, place, home, &look, defaults)
        };
        let short = make(Defaults::LeftOut);
        if self.manifests.cluster.admit(&short.document).is_ok() {
            short
        } else {
            make(Defaults::Written)
        }
    }

    /// Takes out what is secret, and says what has to be filled in.
    fn hide(&mut self, at: Collection, document: &mut Value) {
        for member in at.secrets() {
            let field = format!("spec.{member}");
            let value = &mut document["spec"][*member];
            if value.is_null() {
                if let Some(spec) = document["spec"].as_object_mut() {
                    spec.remove(*member);
                }
            } else if !self.secrets {
                mark(value);
                self.fill_in(
                    document,
                    &field,
                    "it is secret and not printed; see --with-secrets",
                );
            }
        }
        let admitted = self.manifests.cluster.admit(document);
        if let Err(status) = admitted {
            let secrets = secrets::Secrets::of(document);
            let message = secrets.scrub(&status.to_string());
            self.findings.push(Finding {
                place: None,
                object: Some(title(document)),
                field: None,
                message: format!("an API server would refuse it: {message}"),
                remedy: Some("fill in what Konnect does not say".to_owned()),
            });
        }
    }

    /// The same for a configuration whose schema is not known here.
    fn hide_config(&mut self, document: &mut Value, field: &str) {
        if self.secrets {
            return;
        }
        let pointer = format!("/{}", field.replace('.', "/"));
        let Some(config) = document.pointer_mut(&pointer) else {
            return;
        };
        let before = config.clone();
        secrets::hide_named("", config);
        if *config != before {
            self.fill_in(
                document,
                field,
                "what sounds secret in it is not printed; see --with-secrets",
            );
        }
    }

    fn fill_in(&mut self, document: &Value, field: &str, message: &str) {
        self.findings.push(Finding {
            place: None,
            object: Some(title(document)),
            field: Some(field.to_owned()),
            message: message.to_owned(),
            remedy: Some("fill it in before you apply the manifest".to_owned()),
        });
    }

    fn complain(&mut self, object: &str, message: &str, remedy: &str) {
        self.findings.push(Finding {
            place: None,
            object: Some(object.to_owned()),
            field: None,
            message: message.to_owned(),
            remedy: Some(remedy.to_owned()),
        });
    }
}

fn title(document: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let meta = &document["metadata"];
    format!(
        "{} {}/{}",
        text(&document["kind"]),
        text(&meta["namespace"]),
        text(&meta["name"])
    )
}

/// Puts a mark in place of every text.
fn mark(value: &mut Value) {
    match value {
        Value::String(text) if text.starts_with("{vault:") => {}
        Value::String(_) | Value::Number(_) => *value = Value::from(REDACTED),
        Value::Array(items) => items.iter_mut().for_each(mark),
        Value::Object(members) => members.values_mut().for_each(mark),
        Value::Null | Value::Bool(_) => {}
    }
}
