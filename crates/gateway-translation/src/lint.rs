//! What is wrong with manifests, or will not be as their author may think: what the translation could not do, what
//! Kong would refuse of what it gave, routes that no request takes, and objects that nothing uses.
//!
//! The translation tells what it met; here is what can only be seen of the whole. Start with [`lint`].

mod certificates;
mod limits;
mod unused;

use std::collections::{BTreeMap, BTreeSet};

use kong_crds::Kind;
use kong_crds::annotations::INGRESS_CLASS;
use kong_crds::annotations::service::OVERRIDE;
use kong_model::entity::Plugin;
use kong_resolve::{Key, View, World};
use kong_router::{Config, Dialect, Edition, Reader, Router, Warning, validate};
use serde_json::Value;

use crate::Translation;
use crate::context::{Context, key};
use crate::settings::Settings;

/// How bad something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// It is good to know, and nothing in the manifests can change it.
    Info,
    /// It works, and not as it seems.
    Warning,
    /// Something is refused, left out or lost.
    Error,
}

/// What is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// The translation could not do what an object asks for.
    Translation,
    /// A field has no effect.
    Ignored,
    /// Kong refuses what an object becomes.
    Refused,
    /// No request ever takes a route.
    Shadowed,
    /// Which of several routes takes a request is not sure.
    Ambiguous,
    /// A certificate is not one that clients take.
    Certificate,
    /// Nothing uses an object.
    Unused,
    /// A service has nowhere to send requests.
    NoEndpoints,
    /// There is a newer way to say it.
    Deprecated,
    /// The router does something else than the Gateway API says.
    Limit,
    /// What clients have to heed, whatever the manifests say.
    Clients,
}

impl Rule {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Translation,
        Self::Ignored,
        Self::Refused,
        Self::Shadowed,
        Self::Ambiguous,
        Self::Certificate,
        Self::Unused,
        Self::NoEndpoints,
        Self::Deprecated,
        Self::Limit,
        Self::Clients,
    ];

    /// What a warning of the model of the router is about.
    pub fn of(warning: &Warning) -> Self {
        match warning {
            Warning::Shadowed { .. } => Self::Shadowed,
            Warning::Unstable { .. }
            | Warning::Tie { .. }
            | Warning::ProtocolForgotten { .. }
            | Warning::Mixed { .. } => Self::Ambiguous,
            Warning::Unroutable { .. } => Self::Refused,
        }
    }

    /// Its name, for programs.
    pub fn id(self) -> &'static str {
        match self {
            Self::Translation => "not-translated",
            Self::Ignored => "ignored",
            Self::Refused => "refused-by-kong",
            Self::Shadowed => "shadowed-route",
            Self::Ambiguous => "ambiguous-route",
            Self::Certificate => "certificate",
            Self::Unused => "unused-object",
            Self::NoEndpoints => "no-endpoints",
            Self::Deprecated => "deprecated",
            Self::Limit => "limit-of-router",
            Self::Clients => "limit-for-clients",
        }
    }

    /// What it is about.
    pub fn description(self) -> &'static str {
        match self {
            Self::Translation => "What an object asks for cannot be had, or is refused.",
            Self::Ignored => "A field or an annotation has no effect.",
            Self::Refused => "Kong refuses what an object becomes.",
            Self::Shadowed => "No request ever takes a route, since another one goes before it.",
            Self::Ambiguous => "Which of several routes takes a request is not sure.",
            Self::Certificate => "Clients do not take a certificate for the host it is shown for.",
            Self::Unused => "Nothing refers to an object, or only what is not in use itself.",
            Self::NoEndpoints => "A service has no endpoints, so requests to it fail.",
            Self::Deprecated => "There is a newer way to say it.",
            Self::Limit => "Kong's router does something else than the Gateway API says.",
            Self::Clients => {
                "Kong's router expects something of clients, whatever the manifests say."
            }
        }
    }

    /// How bad it is.
    pub fn level(self) -> Level {
        match self {
            Self::Translation | Self::Refused => Level::Error,
            Self::Ignored
            | Self::Shadowed
            | Self::Ambiguous
            | Self::Certificate
            | Self::Unused
            | Self::NoEndpoints
            | Self::Deprecated
            | Self::Limit => Level::Warning,
            Self::Clients => Level::Info,
        }
    }
}

/// Something that was found.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Lint {
    /// The object; `None` where what Kong says cannot be traced to one.
    pub object: Option<Key>,
    /// The field, as kubectl prints it; empty for the object as a whole.
    pub field: String,
    /// What was looked for.
    pub rule: Rule,
    /// What is wrong.
    pub message: String,
    /// What to do about it; empty where the message says so.
    pub remedy: String,
}

/// Looks at everything: objects, and what became of them. `now` is in seconds of Unix time, to tell what has run out.
pub fn lint(
    world: &World,
    settings: &Settings,
    translation: &Translation,
    now: Option<i64>,
) -> Vec<Lint> {
    let view = View::new(world);
    let context = Context::new(&view, settings);
    let mut found: Vec<Lint> = translation
        .problems
        .iter()
        .map(|problem| Lint {
            object: Some(problem.object.clone()),
            field: problem.field.clone(),
            rule: if problem.harmless {
                Rule::Ignored
            } else {
                Rule::Translation
            },
            message: problem.message.clone(),
            remedy: problem.remedy.clone(),
        })
        .collect();
    of_document(translation, settings, now, &mut found);
    without_endpoints(translation, &mut found);
    certificates::judge(&context, now, &mut found);
    unused::find(&context, translation, &mut found);
    deprecated(&context, &mut found);
    limits::find(&context, translation, &mut found);
    found.sort();
    found.dedup();
    found
}

/// What Kong refuses of the document, and what its router makes of it.
fn of_document(
    translation: &Translation,
    settings: &Settings,
    now: Option<i64>,
    found: &mut Vec<Lint>,
) {
    let Value::Object(document) = translation.document.to_value() else {
        return;
    };
    let config = Config::new(document);
    let objects = objects_by_name(translation);
    let dialect = Dialect {
        flavor: settings.flavor,
        // What is not known passes: which edition the gateway is nobody has said.
        edition: Edition::Enterprise,
        reader: Reader::Kong,
        now,
    };
    let errors = validate(&config, dialect);
    for error in &errors {
        let name = error.entity.split('"').nth(1).unwrap_or_default();
        found.push(Lint {
            object: objects.get(name).cloned(),
            field: String::new(),
            rule: Rule::Refused,
            message: format!(
                "Kong refuses {}: {}: {}",
                error.entity,
                error.field,
                error.reason()
            ),
            remedy: error.remedy(),
        });
    }
    if !errors.is_empty() {
        // What Kong refuses it does not route.
        return;
    }
    for warning in Router::new(&config, settings.flavor).warnings() {
        let route = match &warning {
            Warning::Shadowed { route, .. }
            | Warning::Unstable { route, .. }
            | Warning::Tie { route, .. }
            | Warning::ProtocolForgotten { route, .. }
            | Warning::Mixed { route, .. } => Some(route),
            Warning::Unroutable { .. } => None,
        };
        found.push(Lint {
            object: route.and_then(|route| objects.get(route)).cloned(),
            field: String::new(),
            rule: Rule::of(&warning),
            message: warning.to_string(),
            remedy: String::new(),
        });
    }
}

/// The object that each service and route comes from.
fn objects_by_name(translation: &Translation) -> BTreeMap<String, Key> {
    let mut objects = BTreeMap::new();
    for service in &translation.document.services {
        if let Some(from) = service.from.first() {
            objects.insert(service.name().to_owned(), from.object.clone());
        }
        for route in &service.routes {
            if let Some(from) = route.from.first() {
                objects.insert(route.name().to_owned(), from.object.clone());
            }
        }
    }
    objects
}

/// The plugin that answers in place of a service.
const TERMINATION: &str = "request-termination";

/// Services whose upstreams have no target to send anything to.
fn without_endpoints(translation: &Translation, found: &mut Vec<Lint>) {
    let empty: BTreeSet<&str> = translation
        .document
        .upstreams
        .iter()
        .filter(|upstream| upstream.targets.iter().all(|it| it.weight == Some(0)))
        .map(|upstream| upstream.upstream.name.as_str())
        .collect();
    for service in &translation.document.services {
        // One that answers by itself needs no endpoints, nor does one whose routes all do.
        let answers = |plugins: &[Plugin]| plugins.iter().any(|it| it.name == TERMINATION);
        let mut routes = service.routes.iter();
        let answers = answers(&service.plugins)
            || (!service.routes.is_empty() && routes.all(|route| answers(&route.plugins)));
        if answers || !empty.contains(service.service.host.as_str()) {
            continue;
        }
        for from in &service.from {
            found.push(Lint {
                object: Some(from.object.clone()),
                field: from
                    .rule
                    .map(|rule| format!("spec.rules[{rule}]"))
                    .unwrap_or_default(),
                rule: Rule::NoEndpoints,
                message: format!(
                    "service {} has no endpoints that take requests: Kong answers 503",
                    service.name()
                ),
                remedy:
                    "see that the Service selects pods that are ready, or add its EndpointSlices"
                        .to_owned(),
            });
        }
    }
}

/// What there is a newer way to say for.
fn deprecated(context: &Context<'_, '_>, found: &mut Vec<Lint>) {
    let mut say = |object: Key, annotation: &str, message: &str, remedy: &str| {
        found.push(Lint {
            object: Some(object),
            field: format!("metadata.annotations[{annotation}]"),
            rule: Rule::Deprecated,
            message: message.to_owned(),
            remedy: remedy.to_owned(),
        });
    };
    for name in context.view.of_kind(Kind::Service) {
        let object = key(Kind::Service, name);
        let meta = context.view.meta(&object);
        if meta.is_some_and(|meta| meta.annotation(OVERRIDE.name()).is_some()) {
            say(
                object,
                OVERRIDE.name(),
                "KongIngress is gone, and so this annotation has no effect",
                "use the annotations of Services and a KongUpstreamPolicy",
            );
        }
    }
    for name in context.view.of_kind(Kind::Ingress) {
        let object = key(Kind::Ingress, name);
        let meta = context.view.meta(&object);
        if meta.is_some_and(|meta| meta.annotation(INGRESS_CLASS.name()).is_some()) {
            say(
                object,
                INGRESS_CLASS.name(),
                "the annotation is deprecated for Ingresses",
                "write spec.ingressClassName",
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_has_a_name_of_its_own() {
        let names: BTreeSet<&str> = Rule::ALL.iter().map(|rule| rule.id()).collect();
        assert_eq!(names.len(), Rule::ALL.len());
    }
}
