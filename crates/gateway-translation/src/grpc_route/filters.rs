//! What the filters of a rule do: plugins on its routes.

use gateway_types::{FilterType, GRPCRouteRule, HeaderModifier, LocalObjectReference, RouteFilter};
use kong_crds::Kind;
use kong_crds::annotations::PluginName;
use kong_model::entity::Plugin;
use kong_resolve::Key;
use serde_json::{Map, Value, json};

use crate::context::Context;

/// What filters do.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Effects {
    /// Plugins that they become.
    pub(super) plugins: Vec<Plugin>,
    /// Plugins that they refer to.
    pub(super) referred: Vec<PluginName>,
}

/// How the plugin that changes requests marks code in values.
const CODE: &str = "$(";

/// What the filters of a rule do; `None`, and a problem, if one of them cannot be: calls must not go on without it.
pub(super) fn effects(
    context: &Context<'_, '_>,
    object: &Key,
    rule: usize,
    spec: &GRPCRouteRule,
) -> Option<Effects> {
    for (number, backend) in spec.backend_refs.iter().enumerate() {
        if let Some(filter) = backend.filters.first() {
            context.leave_out(
                object,
                format!("spec.rules[{rule}].backendRefs[{number}].filters"),
                format!(
                    "grpcFilter {} unsupported for a single backend; the rule is left out",
                    filter.type_
                ),
                "move it to the filters of the rule, or make two rules",
            );
            return None;
        }
    }
    if spec.session_persistence.is_some() {
        context.drop_field(
            object,
            format!("spec.rules[{rule}].sessionPersistence"),
            "sessions are kept by the upstream in Kong; the rule works without it",
            "use a KongUpstreamPolicy with stickySessions",
        );
    }
    let filters = &spec.filters;
    let (mut requests, mut answers) = (Changes::default(), Changes::default());
    let mut effects = Effects::default();
    for (number, filter) in filters.iter().enumerate() {
        let done = match (&filter.type_, filter) {
            (
                FilterType::RequestHeaderModifier,
                RouteFilter {
                    request_header_modifier: Some(modifier),
                    ..
                },
            ) => without_code(modifier).map(|()| requests.add(modifier)),
            (
                FilterType::ResponseHeaderModifier,
                RouteFilter {
                    response_header_modifier: Some(modifier),
                    ..
                },
            ) => {
                answers.add(modifier);
                Ok(())
            }
            (
                FilterType::ExtensionRef,
                RouteFilter {
                    extension_ref: Some(reference),
                    ..
                },
            ) => plugin_name(reference).map(|name| effects.referred.push(name)),
            (kind, _) => Err(format!("grpcFilter {kind} unsupported")),
        };
        if let Err(reason) = done {
            context.leave_out(
                object,
                format!("spec.rules[{rule}].filters[{number}]"),
                format!("{reason}; the rule is left out"),
                "take the filter away",
            );
            return None;
        }
    }
    effects
        .plugins
        .extend(requests.plugin("request-transformer"));
    effects
        .plugins
        .extend(answers.plugin("response-transformer"));
    Some(effects)
}

/// Whether no value would be run as code; an error says which would.
fn without_code(modifier: &HeaderModifier) -> Result<(), String> {
    let mut headers = modifier.set.iter().chain(&modifier.add);
    match headers.find(|header| header.value.contains(CODE)) {
        Some(header) => Err(format!(
            "the value of header {} has \"{CODE}\" in it, which the plugin that sets it would run as code",
            header.name
        )),
        None => Ok(()),
    }
}

/// The plugin that an ExtensionRef refers to.
fn plugin_name(reference: &LocalObjectReference) -> Result<PluginName, String> {
    let kinds = [Kind::KongPlugin, Kind::KongClusterPlugin];
    let is_plugin = kinds
        .iter()
        .any(|kind| reference.group == kind.group() && reference.kind == kind.as_str());
    if !is_plugin {
        return Err(format!(
            "{} {} of group \"{}\" is no plugin",
            reference.kind, reference.name, reference.group
        ));
    }
    Ok(PluginName {
        namespace: None,
        name: reference.name.clone(),
    })
}

/// Changes of headers, in the words of the plugins that make them.
#[derive(Debug, Default)]
struct Changes {
    replace: Vec<String>,
    add: Vec<String>,
    append: Vec<String>,
    remove: Vec<String>,
}

impl Changes {
    fn add(&mut self, modifier: &HeaderModifier) {
        for header in &modifier.set {
            let change = format!("{}:{}", header.name, header.value);
            // Replacing does nothing where there is none, and adding nothing where there is one.
            self.replace.push(change.clone());
            self.add.push(change);
        }
        let added = modifier.add.iter();
        self.append
            .extend(added.map(|header| format!("{}:{}", header.name, header.value)));
        self.remove.extend(modifier.remove.iter().cloned());
    }

    fn plugin(self, name: &str) -> Option<Plugin> {
        let lists = [
            ("replace", self.replace),
            ("add", self.add),
            ("append", self.append),
            ("remove", self.remove),
        ];
        let config: Map<String, Value> = lists
            .into_iter()
            .filter(|(_, headers)| !headers.is_empty())
            .map(|(change, headers)| (change.to_owned(), json!({"headers": headers})))
            .collect();
        (!config.is_empty()).then(|| Plugin {
            name: name.to_owned(),
            config: serde_json::from_value(Value::Object(config)).ok(),
            ..Plugin::default()
        })
    }
}
