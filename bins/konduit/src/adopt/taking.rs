//! Entities as manifests, one after the other.
//!
//! Start with [`Taking::everything`].

use kong_crds::Kind;
use kong_model::{Collection, Shape, Site};
use serde_json::{Value, json};

use super::Found;
use super::names::{Names, nameless, place};
use crate::findings::Finding;
use crate::inverse::{Defaults, Inverse, Object, Place, ids, kong_kind, name};
use crate::plan::play::{Manifests, Played};
use crate::plan::show::singular;
use crate::remote::Reading;

/// Manifests in the making.
pub(super) struct Taking<'m> {
    pub(super) manifests: &'m Manifests,
    pub(super) inverse: &'m Inverse,
    /// Whether secrets are printed.
    pub(super) secrets: bool,
    pub(super) documents: Vec<Value>,
    pub(super) findings: Vec<Finding>,
}

impl Taking<'_> {
    /// The object of the control plane; a mirror of it, if there is none.
    pub(super) fn home(&mut self, found: &Found, played: &Played) -> Place {
        let kind = Kind::KonnectGatewayControlPlane;
        let known = Manifests::objects(&played.driver.cluster, kind);
        let mut known = known.filter(|object| object["status"]["id"] == found.id.as_str());
        if let Some(object) = known.next() {
            return place(object);
        }
        let namespace = found.configuration.name.namespace().to_owned();
        let mut names = Names::of(self.manifests, &played.driver.cluster, &namespace);
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
    pub(super) fn everything(
        &mut self,
        found: &Found,
        home: &Place,
        played: &Played,
        reading: &mut Reading,
    ) {
        let mut names = Names::of(self.manifests, &played.driver.cluster, &home.namespace);
        let collections = Collection::all().filter(|at| self.takes(*at));
        let collections: Vec<Collection> = collections.collect();
        for at in collections {
            let site = Site::of_control_plane(at, found.id.clone());
            let list = match reading.list(&found.access, &site) {
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
            let mut list: Vec<&Value> = list.items.iter().collect();
            list.sort_by_key(|entity| entity["id"].as_str().unwrap_or_default());
            for entity in list {
                self.entity(at, entity, home, &mut names);
            }
        }
        self.memberships(found, &names, reading);
        self.permit(home, &mut names);
    }

    /// Whether what is in a collection of the control plane is looked at, each list for itself.
    pub(super) fn takes(&self, at: Collection) -> bool {
        let adoptable = kong_kind(at).is_some_and(|kind| self.inverse.can_adopt(kind));
        let below = at.list_path().contains("{cp}") && !at.is_listed_by_parent();
        below && (at.shape() == Shape::Core || adoptable)
    }

    /// Whether objects may have something that carries no tags, and nobody can tell from the manifests: the
    /// certificates that an operator makes for extensions.
    fn may_be_made(&self, at: Collection) -> bool {
        let made = |extension: &Value| {
            let secret = &extension["spec"]["clientAuth"]["certificateSecret"];
            secret["provisioning"] != "Manual"
        };
        let kind = Kind::KonnectExtension;
        at == Collection::DataPlaneCertificates
            && Manifests::objects(&self.manifests.cluster, kind).any(made)
    }

    /// Lets objects without a namespace refer to the control plane, if there are any and nothing does so yet.
    fn permit(&mut self, home: &Place, names: &mut Names) {
        let plane = Kind::KonnectGatewayControlPlane;
        let kinds = Kind::served().filter(|kind| !kind.namespaced());
        for kind in kinds {
            let refers = |it: &Value| {
                it["kind"] == kind.as_str() && it["spec"]["controlPlaneRef"].is_object()
            };
            if !self.documents.iter().any(refers) {
                continue;
            }
            let has = |grant: &Value, side: &str, holds: &dyn Fn(&Value) -> bool| {
                let rows = grant["spec"][side].as_array();
                rows.is_some_and(|rows| rows.iter().any(holds))
            };
            let permits = |grant: &Value| {
                let from = |row: &Value| row["kind"] == kind.as_str() && row["namespace"] == "";
                let to = |row: &Value| {
                    row["kind"] == plane.as_str()
                        && (row["name"].is_null() || row["name"] == *home.name)
                };
                grant["metadata"]["namespace"] == *home.namespace
                    && has(grant, "from", &from)
                    && has(grant, "to", &to)
            };
            let mut grants = Manifests::objects(&self.manifests.cluster, Kind::KongReferenceGrant);
            if grants.any(permits) {
                continue;
            }
            let grant = Kind::KongReferenceGrant;
            let name = format!("{}-in-{}", kind.plural(), home.name);
            let name = names.give(grant, Some(&name), &home.name).name;
            let document = json!({
                "apiVersion": grant.api_version(), "kind": grant.as_str(),
                "metadata": {"name": name, "namespace": home.namespace},
                "spec": {
                    "from": [{"group": kind.group(), "kind": kind.as_str(), "namespace": ""}],
                    "to": [{"group": plane.group(), "kind": plane.as_str(), "name": home.name}],
                },
            });
            self.documents.push(document);
        }
    }

    fn entity(&mut self, at: Collection, entity: &Value, home: &Place, names: &mut Names) {
        let id = entity["id"].as_str().unwrap_or_default();
        let name = name(at, entity);
        let title = match &name {
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
        if self.may_be_made(at) {
            let message = "a KonnectExtension among the manifests may have made it";
            return self.complain(
                &title,
                message,
                "it is left out; make a KongDataPlaneClientCertificate for it by hand, if it is none of the extension's",
            );
        }
        let called = called(kind, at, entity, name.as_deref(), names);
        let place = names.give(kind, called.as_deref(), id);
        let plugin = (kind == Kind::KongPluginBinding).then(|| {
            self.inverse
                .plugin(entity, &names.sibling(Kind::KongPlugin, &place))
        });
        let made = self.object(kind, entity, &place, home, names);
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
        document["spec"]["adopt"] =
            json!({"from": "konnect", "mode": "match", "konnect": {"id": id}});
        if let Some(plugin) = plugin {
            document["spec"]["pluginRef"]["name"] = plugin.document["metadata"]["name"].clone();
            let mut plugin = plugin.document;
            self.hide_config(&mut plugin, "config");
            self.documents.push(plugin);
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
        entity: &Value,
        place: &Place,
        home: &Place,
        names: &Names,
    ) -> Object {
        let look = |at: Collection, id: &str| names.place(at, id);
        let make = |defaults| {
            self.inverse
                .object(kind, entity, place, home, &look, defaults)
        };
        let short = make(Defaults::LeftOut);
        if self.manifests.cluster.admit(&short.document).is_ok() {
            short
        } else {
            make(Defaults::Written)
        }
    }

    pub(super) fn complain(&mut self, object: &str, message: &str, remedy: &str) {
        self.findings.push(Finding {
            place: None,
            object: Some(object.to_owned()),
            field: None,
            message: message.to_owned(),
            remedy: Some(remedy.to_owned()),
        });
    }
}

/// What the object of an entity is to be called. What is a name only beside a parent or a target is called after
/// that, too.
fn called(
    kind: Kind,
    at: Collection,
    entity: &Value,
    name: Option<&str>,
    names: &Names,
) -> Option<String> {
    if let Some(given) = entity["instance_name"].as_str() {
        return Some(given.to_owned());
    }
    if at.name_field().is_some() && name.is_some() {
        return name.map(str::to_owned);
    }
    let references = at.references().iter().map(|it| (it.field, it.to));
    let references = references.filter(|_| kind == Kind::KongPluginBinding);
    let parent = at.parent().map(|parent| (parent.field, parent.to));
    let others = references
        .chain(parent)
        .flat_map(|(field, to)| ids(&entity[field]).into_iter().map(move |id| (to, id)));
    let others: Vec<String> = others
        .filter_map(|(to, id)| Some(names.place(to, id)?.name))
        .collect();
    let id = entity["id"].as_str().unwrap_or_default();
    let own = match name {
        Some(name) => name.to_owned(),
        None if others.is_empty() => return None,
        None => nameless(kind, id),
    };
    Some(if kind == Kind::KongPluginBinding {
        format!("{own} {}", others.join(" "))
    } else {
        format!("{} {own}", others.join(" "))
    })
}
