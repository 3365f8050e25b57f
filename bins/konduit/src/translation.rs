//! Manifests as a world, and what is made of them: what `translate`, `lint -f` and `explain -f` have in common.
//!
//! Documents of kinds that no gateway is configured by are passed over, as a folder of manifests has many of them;
//! one that looks like one of ours and is not is said. Start with [`Source::translate`].

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::PathBuf;

use anyhow::Result;
use clap::{ArgAction, Args, ValueEnum, ValueHint};
use gateway_translation::{KongVersion, Settings, Translation, translate};
use kong_crds::{Kind, ReadError, Unreadable};
use kong_resolve::{Entry, Key, World};
use kong_router::Config;
use serde_json::Value;

use crate::admission::Admission;
use crate::deck::RouterFlavor;
use crate::findings::Finding;
use crate::manifests::{Manifest, Paths, Reader};
use crate::suggest::nearest;

/// Which manifests, and for which gateway.
#[derive(Args, Debug)]
pub(crate) struct Source {
    /// Files, folders (with everything below: *.yaml, *.yml, *.json, nothing hidden), pipes, or - for
    /// standard input.
    #[arg(short = 'f', long = "filename", value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub(crate) paths: Vec<PathBuf>,
    /// The namespace of manifests that name none.
    #[arg(short, long, default_value = "default", value_parser = crate::cli::namespace)]
    namespace: String,
    /// How the gateway routes.
    #[arg(long, value_enum, default_value = "traditional-compatible")]
    pub(crate) flavor: RouterFlavor,
    /// The version of the gateway, which decides what may be emitted.
    #[arg(long, value_name = "VERSION", default_value_t)]
    kong_version: KongVersion,
    /// The ingress class whose Ingresses and resources are taken.
    #[arg(long, value_name = "CLASS", default_value = "kong")]
    ingress_class: String,
    /// Whether rules of different HTTPRoutes with the same backends share a service; by default they do, and as
    /// Kong's controller does they do not.
    #[arg(long, value_name = "BOOL", action = ArgAction::Set)]
    combined_services: Option<bool>,
    /// Switch on a feature of Kong's controller; as it does each is off unless named, otherwise all are on that the
    /// version has.
    #[arg(long = "feature", value_enum, value_name = "NAME")]
    features: Vec<Feature>,
    /// Give what another translator gives where it is known to be wrong, and take objects as they lie in its cache.
    #[arg(long, value_enum, value_name = "TRANSLATOR")]
    compat: Option<Translator>,
    /// Translate routes whose Gateways are not among the manifests, as if those accepted them.
    #[arg(long)]
    all_routes: bool,
}

/// A feature, by the name that Kong's controller has for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Feature {
    /// Routes have expressions.
    #[value(name = "ExpressionRoutes")]
    ExpressionRoutes,
    /// Rules of different HTTPRoutes with the same backends share a service.
    #[value(name = "CombinedServicesFromDifferentHTTPRoutes")]
    CombinedServices,
    /// KongServiceFacades are backends of Ingresses.
    #[value(name = "KongServiceFacade")]
    ServiceFacades,
    /// Redirects are made by the plugin `redirect`.
    #[value(name = "SupportRedirectPlugin")]
    RedirectPlugin,
    /// The annotation konghq.com/rewrite is read.
    #[value(name = "RewriteURIs")]
    RewriteUris,
}

/// Another translator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Translator {
    /// Kong's own controller.
    Kong,
}

/// What became of manifests.
#[derive(Debug, Default)]
pub(crate) struct Translated {
    /// The objects.
    pub(crate) world: World,
    /// The configuration, and what is wrong with the objects.
    pub(crate) translation: Translation,
    /// What could not be read or is there twice.
    pub(crate) unread: Vec<Finding>,
    /// Whether there may be more than could be read.
    pub(crate) unreadable: bool,
    places: BTreeMap<Key, Manifest>,
}

impl Translated {
    /// Something is wrong with an object, at the place where that stands.
    pub(crate) fn finding(
        &self,
        object: &Key,
        field: &str,
        message: &str,
        remedy: &str,
    ) -> Finding {
        let finding = match self.places.get(object) {
            // With its namespace, which the manifest may leave to us.
            Some(manifest) => manifest.finding(field, message).about(object.to_string()),
            None => Finding {
                place: None,
                object: Some(object.to_string()),
                field: Some(field.to_owned()).filter(|field| !field.is_empty()),
                message: message.to_owned(),
                remedy: None,
            },
        };
        if remedy.is_empty() {
            finding
        } else {
            finding.remedy(remedy)
        }
    }

    /// Everything that is wrong, sorted by place.
    pub(crate) fn findings(&self) -> Vec<Finding> {
        let problems = self.translation.problems.iter();
        let problems =
            problems.map(|it| self.finding(&it.object, &it.field, &it.message, &it.remedy));
        let mut findings: Vec<Finding> = self.unread.iter().cloned().chain(problems).collect();
        findings.sort();
        findings.dedup();
        findings
    }

    /// What each route comes from, by its name: the rules of objects, and the Gateways that those are of.
    pub(crate) fn origins(&self) -> BTreeMap<String, String> {
        let services = &self.translation.document.services;
        let routes = services.iter().flat_map(|service| &service.routes);
        routes
            .map(|route| {
                let from = route.from.iter().map(|from| {
                    let place = self.places.get(&from.object).map(|manifest| {
                        let field = from.rule.map(|rule| format!("spec.rules[{rule}]"));
                        manifest.place(&field.unwrap_or_default())
                    });
                    match place {
                        Some(place) => format!("{from} at {place}"),
                        None => from.to_string(),
                    }
                });
                (route.name().to_owned(), from.collect::<Vec<_>>().join(", "))
            })
            .collect()
    }

    /// The object that a route comes from; the first, where several have become one.
    pub(crate) fn route(&self, name: &str) -> Option<&Key> {
        let mut routes = self
            .translation
            .document
            .services
            .iter()
            .flat_map(|service| &service.routes);
        let route = routes.find(|route| route.name() == name)?;
        Some(&route.from.first()?.object)
    }

    /// Whether something could not be had, or not be read: what has no effect and costs nothing does not count.
    pub(crate) fn lacks_something(&self) -> bool {
        let mut problems = self.translation.problems.iter();
        !self.unread.is_empty() || problems.any(|problem| !problem.harmless)
    }

    /// The configuration, as the model of the gateway reads it.
    pub(crate) fn config(&self) -> Config {
        match self.translation.document.to_value() {
            Value::Object(document) => Config::new(document),
            _ => Config::new(serde_json::Map::new()),
        }
    }
}

impl Source {
    /// What the translation is told.
    pub(crate) fn settings(&self) -> Settings {
        let mut settings = match self.compat {
            Some(Translator::Kong) => Settings::as_kong(self.kong_version),
            None => Settings::right(self.kong_version),
        };
        settings.flavor = self.flavor.into();
        settings.ingress_class.clone_from(&self.ingress_class);
        settings.all_routes = self.all_routes;
        for feature in &self.features {
            match feature {
                Feature::ExpressionRoutes => settings.flavor = kong_router::Flavor::Expressions,
                Feature::CombinedServices => settings.combined_services = true,
                Feature::ServiceFacades => settings.features.service_facades = true,
                Feature::RedirectPlugin => settings.features.redirect_plugin = true,
                Feature::RewriteUris => settings.features.rewrite_uris = true,
            }
        }
        if let Some(combined) = self.combined_services {
            settings.combined_services = combined;
        }
        settings
    }

    /// Reads the manifests and translates them.
    pub(crate) fn translate(&self) -> Result<Translated> {
        let mut paths = Paths::new(self.paths.clone(), &mut io::stdin())?;
        let reading = Reader::default().read(&paths.look());
        let mut findings = reading.findings;
        let unreadable = !reading.broken.is_empty();
        let mut world = World::default();
        let mut places: BTreeMap<Key, Manifest> = BTreeMap::new();
        let mut known = Vec::with_capacity(reading.manifests.len());
        for manifest in reading.manifests {
            match self.known(manifest) {
                Ok(found) => known.extend(found),
                Err(finding) => findings.push(*finding),
            }
        }
        // As they lie in the cache of another translator they have been admitted.
        let admission = match self.compat {
            Some(Translator::Kong) => None,
            None => Some(Admission::of(known.iter().map(|(kind, _)| *kind))?),
        };
        let mut refused_parents: BTreeSet<Key> = BTreeSet::new();
        for (kind, manifest) in known {
            match take_in(kind, &manifest, admission.as_ref(), &mut world) {
                Ok(key) => {
                    refused_parents.remove(&key);
                    if let Some(before) = places.insert(key, manifest.clone()) {
                        findings.push(
                            manifest
                                .finding("metadata.name", "is there twice; this one counts")
                                .remedy(format!(
                                    "remove one; the other is at {}",
                                    before.place("")
                                )),
                        );
                    }
                }
                Err(refused) => {
                    findings.extend(refused);
                    refused_parents.extend(take_in_refused(kind, &manifest, &mut world));
                }
            }
        }
        let mut translation = translate(&world, &self.settings());
        // What is wrong with them has been said.
        let problems = &mut translation.problems;
        problems.retain(|problem| !refused_parents.contains(&problem.object));
        Ok(Translated {
            world,
            translation,
            unread: findings,
            unreadable,
            places,
        })
    }

    /// The kind of an object, and the object with its namespace; `None` if it is none of those that gateways are
    /// configured by.
    fn known(&self, mut manifest: Manifest) -> Result<Option<(Kind, Manifest)>, Box<Finding>> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let document = &mut manifest.document;
        let (version, kind) = (text(&document["apiVersion"]), text(&document["kind"]));
        let group = version.split_once('/').map_or("", |(group, _)| group);
        let Some(known) = Kind::from_api(group, &kind) else {
            return match misspelt(group, &kind) {
                Some(remedy) => Err(Box::new(
                    manifest
                        .finding("kind", format!("\"{kind}\" of \"{version}\" is not known"))
                        .remedy(remedy),
                )),
                None => Ok(None),
            };
        };
        if known.namespaced()
            && let Some(metadata) = document["metadata"].as_object_mut()
            && metadata.get("namespace").is_none_or(Value::is_null)
        {
            metadata.insert("namespace".to_owned(), Value::from(self.namespace.as_str()));
        }
        Ok(Some((known, manifest)))
    }
}

/// Takes an object in, as the API server would store it.
fn take_in(
    kind: Kind,
    manifest: &Manifest,
    admission: Option<&Admission>,
    world: &mut World,
) -> Result<Key, Vec<Finding>> {
    let document = match admission {
        Some(admission) => admission.admit(manifest)?,
        None => manifest.document.clone(),
    };
    let observed = kong_crds::read_manifest(document).map_err(|error| {
        let field = match &error {
            ReadError::Anonymous { field, .. } | ReadError::Untyped(field) => field,
            ReadError::UnknownKind { .. } | ReadError::UnknownVersion(_) => "apiVersion",
            ReadError::Metadata { .. } => "metadata",
        };
        let finding = manifest.finding(field, error.to_string());
        let remedy = match &error {
            ReadError::UnknownVersion(_) | ReadError::UnknownKind { .. } => {
                format!("write {}", kind.api_version())
            }
            ReadError::Anonymous { .. } | ReadError::Untyped(_) | ReadError::Metadata { .. } => {
                "correct the field".to_owned()
            }
        };
        vec![finding.remedy(remedy)]
    })?;
    let key = Key::of(&observed).ok_or_else(|| {
        let finding = manifest.finding("metadata.name", "is missing");
        vec![finding.remedy("add it")]
    })?;
    world.insert(key.clone(), Entry::of(observed));
    Ok(key)
}

/// Takes in that there is a parent of routes, though it was refused, so that they are not told that there is none. One
/// that was taken in before stays.
fn take_in_refused(kind: Kind, manifest: &Manifest, world: &mut World) -> Option<Key> {
    if !matches!(kind, Kind::Gateway | Kind::ListenerSet) {
        return None;
    }
    let mut observed = kong_crds::read_manifest(manifest.document.clone()).ok()?;
    let key = Key::of(&observed).filter(|key| world.entry(key).is_none())?;
    observed.parts = Err(Unreadable {
        path: String::new(),
        reason: "it is refused".to_owned(),
    });
    world.insert(key.clone(), Entry::of(observed));
    Some(key)
}

/// What to write in place of a kind that is none of ours but looks like one.
fn misspelt(group: &str, kind: &str) -> Option<String> {
    let of_group = || Kind::ALL.iter().filter(|known| known.group() == group);
    let near = nearest(kind, of_group().map(|known| known.as_str()))?;
    // Core kinds are many, and none of ours.
    (!group.is_empty()).then(|| format!("did you mean \"{near}\"?"))
}
