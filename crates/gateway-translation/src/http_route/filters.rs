//! From the filters of a rule to plugins.

use gateway_types::{
    CORS, FilterType, PathMatchType, PathModifier, PathModifierType, RequestRedirect, RouteFilter,
    URLRewrite,
};
use kong_crds::annotations::PluginName;
use kong_model::entity::Plugin;
use serde_json::{Map, json};

use super::source::{Match, Rule};
use super::support::remedy_for;
use super::transformer::{Transformer, plugin};
use super::{Refusal, redirect};
use crate::context::Context;
use crate::predicates::quoted;

/// What the filters of a rule became.
#[derive(Debug, Default)]
pub(super) struct Filtered {
    pub(super) plugins: Vec<Plugin>,
    /// The paths that the route needs for them, in the traditional flavour.
    pub(super) paths: Option<Vec<String>>,
    pub(super) referred: Vec<PluginName>,
}

/// Whether one of the filters is a redirect.
pub(super) fn redirects(filters: &[RouteFilter]) -> bool {
    let is_redirect = |it: &RouteFilter| it.type_ == FilterType::RequestRedirect;
    filters.iter().any(is_redirect)
}

/// Whether one of the filters replaces the matched prefix on the way to the backend.
pub(super) fn replaces_prefix(filters: &[RouteFilter]) -> bool {
    filters
        .iter()
        .filter(|it| it.type_ == FilterType::URLRewrite)
        .filter_map(|it| it.url_rewrite.as_ref()?.path.as_ref())
        .any(|path| path.type_ == PathModifierType::ReplacePrefixMatch)
}

/// What filters become, for requests to a path. With a match they do what the Gateway API says; without one, what
/// Kong's controller makes of them.
pub(super) fn applied(
    context: &Context<'_, '_>,
    rule: &Rule<'_>,
    path: &str,
    right: Option<&Match<'_>>,
    tags: &[String],
) -> Result<Filtered, Refusal> {
    let mut filtered = Filtered::default();
    let (mut request, mut response) = (Transformer::default(), Transformer::default());
    for (index, filter) in rule.spec.filters.iter().enumerate() {
        let refuse = |message: String| {
            let field = format!("{}.filters[{index}]", rule.field());
            Refusal::new(field, message, remedy_for(&filter.type_))
        };
        match &filter.type_ {
            FilterType::RequestHeaderModifier => {
                if let Some(modifier) = &filter.request_header_modifier {
                    request.modify(modifier);
                }
            }
            FilterType::ResponseHeaderModifier => {
                if let Some(modifier) = &filter.response_header_modifier {
                    response.modify(modifier);
                }
            }
            FilterType::RequestRedirect => {
                let Some(asked) = &filter.request_redirect else {
                    continue;
                };
                match right {
                    Some(it) => filtered.plugins.push(
                        redirect::plugin_for(context, it, asked, tags)
                            .map_err(|message| refuse(message.to_owned()))?,
                    ),
                    None => {
                        kongs_redirect(context, asked, path, tags, &mut filtered, &mut response);
                    }
                }
            }
            FilterType::URLRewrite => {
                let rewrite = filter.url_rewrite.as_ref();
                let rewrite =
                    rewrite.ok_or_else(|| refuse("URLRewrite is not provided".to_owned()))?;
                if right.is_some_and(|it| !matches_a_prefix(it))
                    && replaces_prefix(&rule.spec.filters)
                {
                    return Err(refuse(
                        "ReplacePrefixMatch needs a match of type PathPrefix".to_owned(),
                    ));
                }
                let paths = rewritten(rewrite, path, right.is_some(), &mut request)
                    .map_err(|message| refuse(message.to_owned()))?;
                if !context.settings.expressions() {
                    filtered.paths = paths.or(filtered.paths);
                }
            }
            FilterType::ExtensionRef => {
                let Some(reference) = &filter.extension_ref else {
                    continue;
                };
                let is_plugin =
                    reference.group == "configuration.konghq.com" && reference.kind == "KongPlugin";
                if !is_plugin && right.is_none() {
                    let (group, kind) = (&reference.group, &reference.kind);
                    return Err(refuse(format!("plugin {group}/{kind} unsupported")));
                }
                filtered.referred.push(PluginName {
                    namespace: None,
                    name: reference.name.clone(),
                });
            }
            FilterType::CORS if right.is_some() => {
                if let Some(asked) = &filter.cors {
                    filtered.plugins.push(cors(asked, tags));
                }
            }
            other => return Err(refuse(format!("httpFilter {other} unsupported"))),
        }
    }
    filtered
        .plugins
        .extend(request.plugin("request-transformer", tags));
    filtered
        .plugins
        .extend(response.plugin("response-transformer", tags));
    Ok(filtered)
}

/// Whether the path of a match is a prefix, which it is by default.
pub(super) fn matches_a_prefix(it: &Match<'_>) -> bool {
    let path = it.spec.path.as_ref();
    let kind = path.and_then(|path| path.type_.as_ref());
    matches!(kind, None | Some(PathMatchType::PathPrefix))
}

/// A redirect as Kong's controller makes it, in one of two ways.
fn kongs_redirect(
    context: &Context<'_, '_>,
    asked: &RequestRedirect,
    path: &str,
    tags: &[String],
    filtered: &mut Filtered,
    response: &mut Transformer,
) {
    let mut config = Map::new();
    config.insert("status_code".to_owned(), json!(asked.status_code));
    let whole = asked.path.as_ref().and_then(|path| match path.type_ {
        PathModifierType::ReplaceFullPath => path.replace_full_path.as_deref(),
        _ => None,
    });
    if context.settings.features.redirect_plugin {
        let location = redirect::kongs_location(asked, whole.unwrap_or("/"));
        config.insert("location".to_owned(), json!(location));
        config.insert("keep_incoming_path".to_owned(), json!(whole.is_none()));
        filtered.plugins.push(plugin("redirect", config, tags));
    } else {
        let location = redirect::kongs_location(asked, whole.unwrap_or(path));
        response.add("Location", &location);
        filtered
            .plugins
            .push(plugin("request-termination", config, tags));
    }
}

/// Has the path and the host of requests rewritten. Gives the paths that the route needs for that, in the
/// traditional flavour.
fn rewritten(
    rewrite: &URLRewrite,
    path: &str,
    right: bool,
    request: &mut Transformer,
) -> Result<Option<Vec<String>>, &'static str> {
    if rewrite.path.is_none() && rewrite.hostname.is_none() {
        return Err("URLRewrite missing Path and Hostname");
    }
    let mut paths = None;
    if let Some(modifier) = &rewrite.path {
        match &modifier.type_ {
            PathModifierType::ReplaceFullPath => {
                let full = modifier.replace_full_path.as_deref();
                let full = full.ok_or("URLRewrite missing ReplaceFullPath")?;
                // A path without its slash would be answered with 500.
                let slash = if right && !full.starts_with('/') {
                    "/"
                } else {
                    ""
                };
                request.replace_path(format!("{slash}{full}"));
            }
            PathModifierType::ReplacePrefixMatch => {
                let prefix = normal(path);
                request.replace_path(in_place_of_prefix(modifier, prefix, right));
                let escaped = if right {
                    quoted(prefix)
                } else {
                    prefix.to_owned()
                };
                paths = Some(vec![
                    format!("~{escaped}$"),
                    match prefix {
                        "/" => "~/(.*)".to_owned(),
                        _ => format!("~{escaped}(/.*)"),
                    },
                ]);
            }
            PathModifierType::Other(_) => return Err("unsupported path type for URLRewrite"),
        }
    }
    if let Some(hostname) = &rewrite.hostname {
        request.set("host", hostname);
    }
    Ok(paths)
}

/// A prefix without its trailing slash.
pub(super) fn normal(path: &str) -> &str {
    match path {
        "" | "/" => "/",
        path => path.strip_suffix('/').unwrap_or(path),
    }
}

/// The template of the path that has something else in place of the prefix. What was behind the prefix is the
/// first capture, with its slash unless the prefix is one.
fn in_place_of_prefix(modifier: &PathModifier, prefix: &str, right: bool) -> String {
    let Some(replacement) = modifier.replace_prefix_match.as_deref() else {
        return "/".to_owned();
    };
    let replacement = replacement.strip_suffix('/').unwrap_or(replacement);
    let replacement = if right && !replacement.is_empty() && !replacement.starts_with('/') {
        format!("/{replacement}")
    } else {
        replacement.to_owned()
    };
    match (replacement.is_empty(), prefix == "/") {
        (true, true) => r#"$(uri_captures[1] == nil and "/" or "/" .. uri_captures[1])"#.to_owned(),
        (true, false) => r#"$(uri_captures[1] == nil and "/" or uri_captures[1])"#.to_owned(),
        (false, true) => {
            format!(r#"{replacement}$(uri_captures[1] == nil and "" or "/" .. uri_captures[1])"#)
        }
        (false, false) => format!("{replacement}$(uri_captures[1])"),
    }
}

/// Seconds that a preflight answer may be kept where nothing is said.
const MAX_AGE: i64 = 5;

/// An expression for no origin.
const NO_ORIGIN: &str = "^$";
/// What every origin may do in any case, and all that it may where nothing is said.
const SAFE_METHODS: [&str; 3] = ["GET", "HEAD", "POST"];
const SAFE_HEADERS: [&str; 5] = [
    "Accept",
    "Accept-Language",
    "Content-Language",
    "Content-Type",
    "Range",
];

/// The plugin `cors`. Where everything is allowed, the plugin's own defaults say so; where nothing is said, nothing is
/// allowed that is not safe.
fn cors(asked: &CORS, tags: &[String]) -> Plugin {
    let all = |values: &[String]| values.iter().any(|value| value == "*");
    let or = |values: &[String], none: &[&str]| match values {
        [] => json!(none),
        values => json!(values),
    };
    let mut config = Map::new();
    let origins: Vec<String> = asked.allow_origins.iter().map(|it| origin(it)).collect();
    config.insert("origins".to_owned(), or(&origins, &[NO_ORIGIN]));
    if !all(&asked.allow_methods) {
        config.insert(
            "methods".to_owned(),
            or(&asked.allow_methods, &SAFE_METHODS),
        );
    }
    if !all(&asked.allow_headers) {
        config.insert(
            "headers".to_owned(),
            or(&asked.allow_headers, &SAFE_HEADERS),
        );
    }
    let credentials = asked.allow_credentials.unwrap_or(false);
    // To clients with credentials a wildcard is the name of a header.
    let exposed = asked.expose_headers.iter();
    let exposed: Vec<&String> = exposed.filter(|it| !credentials || *it != "*").collect();
    if !exposed.is_empty() {
        config.insert("exposed_headers".to_owned(), json!(exposed));
    }
    config.insert(
        "max_age".to_owned(),
        json!(asked.max_age.unwrap_or(MAX_AGE)),
    );
    config.insert("credentials".to_owned(), json!(credentials));
    plugin("cors", config, tags)
}

/// Whether one of the filters answers requests by which browsers ask what they may.
pub(super) fn answers_preflights(filters: &[RouteFilter]) -> bool {
    filters.iter().any(|it| it.type_ == FilterType::CORS)
}

/// An origin; one with a wildcard becomes the expression that the plugin takes for such.
fn origin(origin: &str) -> String {
    match origin.split_once('*') {
        None | Some(("", "")) => origin.to_owned(),
        Some((before, after)) => {
            format!("^{}[^/]+{}$", quoted(before), quoted(after))
        }
    }
}
