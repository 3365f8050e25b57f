//! Annotations of Ingresses and of routes of the Gateway API.

use std::{borrow::Borrow, collections::BTreeMap};

use super::{Annotation, InvalidAnnotation, PathHandling, Protocol, Rewrite, values};

/// Whether the matched path is taken out of requests. By default not.
pub const STRIP_PATH: Annotation<bool> =
    Annotation::new("konghq.com/strip-path", values::flag_in_any_case);
/// Whether the Host header of requests is kept. By default so.
pub const PRESERVE_HOST: Annotation<bool> =
    Annotation::new("konghq.com/preserve-host", values::flag);
/// Protocols of the route. By default those of the listener.
pub const PROTOCOLS: Annotation<Vec<Protocol>> =
    Annotation::new("konghq.com/protocols", values::protocols);
/// Status of the answer to plain HTTP where the protocols leave it out. By default 426.
pub const HTTPS_REDIRECT_STATUS_CODE: Annotation<i64> = Annotation::new(
    "konghq.com/https-redirect-status-code",
    values::redirect_status,
);
/// Whether plain HTTP is redirected.
pub const FORCE_SSL_REDIRECT: Annotation<bool> =
    Annotation::new("ingress.kubernetes.io/force-ssl-redirect", values::flag);
/// Which of several matching expressions wins: that with the greater number.
pub const REGEX_PRIORITY: Annotation<i64> =
    Annotation::new("konghq.com/regex-priority", values::regex_priority);
/// Methods that the route is for, in capitals.
pub const METHODS: Annotation<Vec<String>> = Annotation::new("konghq.com/methods", values::methods);
/// Server names that the route is for; an empty value takes away those that it would have.
pub const SNIS: Annotation<Vec<String>> = Annotation::new("konghq.com/snis", values::hosts);
/// Further hosts that the route is for.
pub const HOST_ALIASES: Annotation<Vec<String>> =
    Annotation::new("konghq.com/host-aliases", values::hosts);
/// What stands between the values of a header. By default a comma.
pub const HEADERS_SEPARATOR: Annotation<String> =
    Annotation::new("konghq.com/headers-separator", values::separator);
/// Whether requests are read whole before they are sent on.
pub const REQUEST_BUFFERING: Annotation<bool> =
    Annotation::new("konghq.com/request-buffering", values::flag);
/// Whether answers are read whole before they are sent on.
pub const RESPONSE_BUFFERING: Annotation<bool> =
    Annotation::new("konghq.com/response-buffering", values::flag);
/// How the path of the service and that of the request become one. By default [`PathHandling::V0`].
pub const PATH_HANDLING: Annotation<PathHandling> =
    Annotation::new("konghq.com/path-handling", values::path_handling);
/// How paths of an Ingress begin that are regular expressions. By default `/~`.
pub const REGEX_PREFIX: Annotation<String> =
    Annotation::new("konghq.com/regex-prefix", values::regex_prefix);
/// What the path of requests becomes.
pub const REWRITE: Annotation<Rewrite> = Annotation::new("konghq.com/rewrite", values::rewrite);

/// How the names of annotations begin that name a header behind it.
pub const HEADERS_PREFIX: &str = "konghq.com/headers.";

/// Headers that requests have to have: each with values of which one is enough.
pub fn headers<K, V>(
    annotations: &BTreeMap<K, V>,
) -> Result<BTreeMap<String, Vec<String>>, InvalidAnnotation>
where
    K: Borrow<str> + Ord,
    V: AsRef<str>,
{
    let separator = HEADERS_SEPARATOR.of(annotations)?;
    let separator = separator.as_deref().unwrap_or(",");
    let headers = annotations.iter().filter_map(|(name, value)| {
        let header = name.borrow().strip_prefix(HEADERS_PREFIX)?;
        Some((name.borrow(), header, value.as_ref()))
    });
    headers
        .map(|(annotation, header, value)| {
            let values: Vec<String> = value
                .split(separator)
                .map(str::trim)
                .filter(|value| !value.is_empty())
                .map(str::to_owned)
                .collect();
            if values.is_empty() {
                return Err(InvalidAnnotation {
                    annotation: annotation.to_owned(),
                    value: value.to_owned(),
                    reason: "it has no value of the header".to_owned(),
                    remedy: "write a value, or remove the annotation".to_owned(),
                });
            }
            Ok((header.to_owned(), values))
        })
        .collect()
}
