//! Which filters can be had, in the right way: what Kong has nothing for, and what would not reach a backend as it is
//! written, costs the rule.

use gateway_types::{FilterType, RouteFilter};

use super::Refusal;
use super::source::Rule;

/// Why a rule cannot be had as it is asked for.
pub(super) fn unsupported(rule: &Rule<'_>) -> Option<Refusal> {
    for (index, filter) in rule.spec.filters.iter().enumerate() {
        let field = format!("{}.filters[{index}]", rule.field());
        if let Some(refusal) = unsupported_filter(&field, filter) {
            return Some(refusal);
        }
    }
    let backends = rule.spec.backend_refs.iter().enumerate();
    for (index, backend) in backends {
        if let Some(filter) = backend.filters.first() {
            return Some(Refusal::new(
                format!("{}.backendRefs[{index}].filters", rule.field()),
                format!(
                    "httpFilter {} unsupported for a single backend",
                    filter.type_
                ),
                "move it to the filters of the rule, or make two rules",
            ));
        }
    }
    None
}

fn unsupported_filter(field: &str, filter: &RouteFilter) -> Option<Refusal> {
    let name = &filter.type_;
    let refused = |member: &str, message: String, remedy: &str| {
        Some(Refusal::new(format!("{field}{member}"), message, remedy))
    };
    let missing = |member: &str| {
        let message = format!("{name} is not provided");
        refused(
            &format!(".{member}"),
            message,
            "say what the filter is to do",
        )
    };
    match name {
        FilterType::RequestHeaderModifier => match &filter.request_header_modifier {
            None => missing("requestHeaderModifier"),
            Some(modifier) => {
                let values = modifier.set.iter().chain(&modifier.add);
                let bad = values.into_iter().any(|header| !is_plain(&header.value));
                refused(
                    ".requestHeaderModifier",
                    "a value with \"$(\" or a control character would not reach the backend as it is".to_owned(),
                    "take it out",
                )
                .filter(|_| bad)
            }
        },
        FilterType::ResponseHeaderModifier => match &filter.response_header_modifier {
            None => missing("responseHeaderModifier"),
            Some(modifier) => {
                let mut values = modifier.set.iter().chain(&modifier.add);
                let bad = values.any(|header| header.value.chars().any(char::is_control));
                refused(
                    ".responseHeaderModifier",
                    "a value has a control character".to_owned(),
                    "take it out",
                )
                .filter(|_| bad)
            }
        },
        FilterType::RequestRedirect => match &filter.request_redirect {
            None => missing("requestRedirect"),
            Some(redirect) => {
                let path = redirect.path.as_ref();
                let prefix = path.and_then(|path| path.replace_prefix_match.as_ref());
                let full = path.and_then(|path| path.replace_full_path.as_ref());
                let mut values = prefix.into_iter().chain(full).chain(&redirect.hostname);
                let bad = values.any(|value| value.chars().any(char::is_control));
                refused(
                    ".requestRedirect",
                    "a location has no control characters".to_owned(),
                    "take it out",
                )
                .filter(|_| bad)
            }
        },
        FilterType::URLRewrite => match &filter.url_rewrite {
            None => missing("urlRewrite"),
            Some(rewrite) => {
                let path = rewrite.path.as_ref();
                let replacement = path.and_then(|path| {
                    let prefix = path.replace_prefix_match.as_ref();
                    path.replace_full_path.as_ref().or(prefix)
                });
                let mut values = replacement.into_iter().chain(&rewrite.hostname);
                let bad = values.any(|value| !is_plain(value));
                refused(
                    ".urlRewrite",
                    "\"$(\" or a control character would not reach the backend as it is".to_owned(),
                    "take it out",
                )
                .filter(|_| bad)
            }
        },
        FilterType::CORS => match &filter.cors {
            None => missing("cors"),
            Some(_) => None,
        },
        FilterType::ExtensionRef => {
            let reference = filter.extension_ref.as_ref();
            let is_plugin = reference.is_some_and(|it| {
                it.group == "configuration.konghq.com"
                    && matches!(&*it.kind, "KongPlugin" | "KongClusterPlugin")
            });
            let (group, kind) = reference.map_or(("", ""), |it| (&it.group, &it.kind));
            refused(
                ".extensionRef",
                format!("plugin {group}/{kind} unsupported"),
                "refer to a KongPlugin of group configuration.konghq.com",
            )
            .filter(|_| !is_plugin)
        }
        FilterType::RequestMirror | FilterType::ExternalAuth | FilterType::Other(_) => refused(
            ".type",
            format!("httpFilter {name} unsupported"),
            remedy_for(name),
        ),
    }
}

/// What to do about a filter that cannot be had.
pub(super) fn remedy_for(filter: &FilterType) -> &'static str {
    match filter {
        FilterType::RequestMirror => "Kong sends requests to one place only; mirror them elsewhere",
        FilterType::ExternalAuth => "refer to a KongPlugin for authentication by an ExtensionRef",
        _ => "remove it, or refer to a KongPlugin by an ExtensionRef",
    }
}

/// Whether a text can be put into what `request-transformer` takes for a template without becoming code.
fn is_plain(text: &str) -> bool {
    !text.contains("$(") && !text.chars().any(char::is_control)
}
