//! Values of annotations, and how they are read. No value is corrected: what Kong would refuse or take in
//! another way than it is meant is wrong here.

use std::{collections::BTreeMap, fmt, ops::RangeInclusive, str::FromStr};

use super::InvalidAnnotation;

/// Why a value makes no sense, and what would.
pub(super) struct Wrong {
    reason: String,
    remedy: String,
}

impl Wrong {
    fn new(reason: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            reason: reason.into(),
            remedy: remedy.into(),
        }
    }

    pub(super) fn of(self, annotation: &str, value: &str) -> InvalidAnnotation {
        InvalidAnnotation {
            annotation: annotation.to_owned(),
            value: value.to_owned(),
            reason: self.reason,
            remedy: self.remedy,
        }
    }
}

type Read<T> = Result<T, Wrong>;

#[expect(
    clippy::unnecessary_wraps,
    reason = "all values are read by the same type"
)]
pub(super) fn any_text(value: &str) -> Read<String> {
    Ok(value.to_owned())
}

/// The name of an object.
pub(super) fn name(value: &str) -> Read<String> {
    if value.is_empty() {
        return Err(Wrong::new(
            "it is empty",
            "write a name, or remove the annotation",
        ));
    }
    Ok(value.to_owned())
}

/// Items between commas, without the blanks around them. Empty ones do not count.
fn items(value: &str) -> impl Iterator<Item = &str> {
    value
        .split(',')
        .map(str::trim)
        .filter(|item| !item.is_empty())
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "all values are read by the same type"
)]
pub(super) fn list(value: &str) -> Read<Vec<String>> {
    Ok(items(value).map(str::to_owned).collect())
}

pub(super) fn flag(value: &str) -> Read<bool> {
    match value {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(Wrong::new(
            "it is neither true nor false",
            "write \"true\" or \"false\"",
        )),
    }
}

/// A flag that may be written in capitals.
pub(super) fn flag_in_any_case(value: &str) -> Read<bool> {
    flag(&value.to_ascii_lowercase())
}

/// Kong's bounds of a timeout in milliseconds.
const TIMEOUT: RangeInclusive<i64> = 1..=2_147_483_646;
/// Kong's bounds of the number of retries.
const RETRIES: RangeInclusive<i64> = 0..=32_767;
/// Kong's bounds of the length of a chain of certificates.
const TLS_VERIFY_DEPTH: RangeInclusive<i64> = 0..=64;

pub(super) fn milliseconds(value: &str) -> Read<i64> {
    number(value, TIMEOUT, " (milliseconds)")
}

pub(super) fn retries(value: &str) -> Read<i64> {
    number(value, RETRIES, "")
}

pub(super) fn tls_verify_depth(value: &str) -> Read<i64> {
    number(value, TLS_VERIFY_DEPTH, "")
}

fn number(value: &str, bounds: RangeInclusive<i64>, unit: &str) -> Read<i64> {
    let remedy = || {
        let (least, most) = (bounds.start(), bounds.end());
        format!("write a whole number from {least} to {most}{unit}")
    };
    let number =
        i64::from_str(value).map_err(|_| Wrong::new("it is not a whole number", remedy()))?;
    if !bounds.contains(&number) {
        return Err(Wrong::new("it is out of range", remedy()));
    }
    Ok(number)
}

pub(super) fn regex_priority(value: &str) -> Read<i64> {
    i64::from_str(value).map_err(|_| {
        Wrong::new(
            "it is not a whole number",
            "write a whole number, such as 10",
        )
    })
}

/// Status codes that Kong can answer plain HTTP with.
const REDIRECTS: [i64; 5] = [301, 302, 307, 308, 426];

pub(super) fn redirect_status(value: &str) -> Read<i64> {
    let code = i64::from_str(value).ok();
    code.filter(|code| REDIRECTS.contains(code)).ok_or_else(|| {
        Wrong::new(
            "it is not a status that Kong can redirect with",
            "write 301, 302, 307, 308 or 426",
        )
    })
}

/// A path of requests to a backend.
pub(super) fn path(value: &str) -> Read<String> {
    if !value.starts_with('/') {
        return Err(Wrong::new(
            "it does not begin with a slash",
            format!("write \"/{value}\""),
        ));
    }
    Ok(value.to_owned())
}

/// How a marker of regular expressions begins: paths of an Ingress begin so.
pub(super) fn regex_prefix(value: &str) -> Read<String> {
    if !value.starts_with('/') {
        return Err(Wrong::new(
            "no path of an Ingress begins with it",
            "write a prefix that begins with a slash, such as \"/~\"",
        ));
    }
    Ok(value.to_owned())
}

pub(super) fn separator(value: &str) -> Read<String> {
    if value.is_empty() {
        return Err(Wrong::new(
            "it is empty",
            "write what stands between values, or remove the annotation for commas",
        ));
    }
    Ok(value.to_owned())
}

/// A protocol of a service or a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Protocol {
    /// HTTP.
    Http,
    /// HTTP over TLS.
    Https,
    /// gRPC.
    Grpc,
    /// gRPC over TLS.
    Grpcs,
    /// WebSocket.
    Ws,
    /// WebSocket over TLS.
    Wss,
    /// TLS that ends at the gateway, whatever is in it.
    Tls,
    /// TCP.
    Tcp,
    /// TLS that ends at the backend.
    TlsPassthrough,
}

impl Protocol {
    /// Every protocol.
    pub const ALL: [Self; 9] = [
        Self::Http,
        Self::Https,
        Self::Grpc,
        Self::Grpcs,
        Self::Ws,
        Self::Wss,
        Self::Tls,
        Self::Tcp,
        Self::TlsPassthrough,
    ];

    /// The protocol in Kong's words.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
            Self::Grpc => "grpc",
            Self::Grpcs => "grpcs",
            Self::Ws => "ws",
            Self::Wss => "wss",
            Self::Tls => "tls",
            Self::Tcp => "tcp",
            Self::TlsPassthrough => "tls_passthrough",
        }
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

pub(super) fn protocol(value: &str) -> Read<Protocol> {
    let known = Protocol::ALL.iter().find(|it| it.as_str() == value);
    known.copied().ok_or_else(|| {
        Wrong::new(
            format!("\"{value}\" is not a protocol of services and routes"),
            format!(
                "write one of {}",
                Protocol::ALL.map(Protocol::as_str).join(", ")
            ),
        )
    })
}

pub(super) fn protocols(value: &str) -> Read<Vec<Protocol>> {
    items(value).map(protocol).collect()
}

pub(super) fn methods(value: &str) -> Read<Vec<String>> {
    items(value)
        .map(|method| {
            if method.bytes().all(|byte| byte.is_ascii_alphabetic()) {
                return Ok(method.to_ascii_uppercase());
            }
            Err(Wrong::new(
                format!("\"{method}\" is not a method: it has more than letters"),
                "write methods such as GET, separated by commas",
            ))
        })
        .collect()
}

/// Hosts, possibly with a wildcard at one end.
pub(super) fn hosts(value: &str) -> Read<Vec<String>> {
    items(value)
        .map(|host| {
            let plain = host
                .strip_prefix("*.")
                .or_else(|| host.strip_suffix(".*"))
                .unwrap_or(host);
            if is_host(plain) {
                return Ok(host.to_owned());
            }
            Err(Wrong::new(
                format!("\"{host}\" is not a host name"),
                "write names such as shop.example.com or *.example.com, separated by commas",
            ))
        })
        .collect()
}

/// A host, possibly with a port.
pub(super) fn host_header(value: &str) -> Read<String> {
    let (host, port) = match value.rsplit_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (value, None),
    };
    let port_is_well = port.is_none_or(|port| u16::from_str(port).is_ok_and(|port| port != 0));
    if is_host(host) && port_is_well {
        return Ok(value.to_owned());
    }
    Err(Wrong::new(
        "it is not a host name",
        "write a name such as shop.example.com, with a port if need be",
    ))
}

/// Labels between dots, each of letters, digits, hyphens and underscores, as Kong accepts them.
fn is_host(text: &str) -> bool {
    text.split('.').all(|label| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    })
}

/// The name of a plugin in the annotation of another object.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PluginName {
    /// Its namespace; without one, that of the object, or none for a KongClusterPlugin. Another one
    /// needs a ReferenceGrant.
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
}

pub(super) fn plugins(value: &str) -> Read<Vec<PluginName>> {
    items(value)
        .map(|item| {
            let (namespace, name) = match item.split_once(':') {
                Some((namespace, name)) => (Some(namespace.trim()), name.trim()),
                None => (None, item),
            };
            if namespace == Some("") || name.is_empty() || name.contains(':') {
                return Err(Wrong::new(
                    format!("\"{item}\" names no plugin"),
                    "write names, or namespace:name for a plugin elsewhere, separated by commas",
                ));
            }
            Ok(PluginName {
                namespace: namespace.map(str::to_owned),
                name: name.to_owned(),
            })
        })
        .collect()
}

/// How the path of a service and that of a request become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PathHandling {
    /// With exactly one slash between them.
    V0,
    /// As they are, one behind the other.
    V1,
}

impl PathHandling {
    /// The value in Kong's words.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::V0 => "v0",
            Self::V1 => "v1",
        }
    }
}

pub(super) fn path_handling(value: &str) -> Read<PathHandling> {
    match value {
        "v0" => Ok(PathHandling::V0),
        "v1" => Ok(PathHandling::V1),
        _ => Err(Wrong::new(
            "there is no such way to handle paths",
            "write v0 or v1",
        )),
    }
}

/// A path with captures of the matched one in it: `/items/$1`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rewrite(pub Vec<RewritePart>);

/// A piece of a [`Rewrite`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RewritePart {
    /// Text as it is. It never holds `$(`, which a plugin would run as code.
    Text(String),
    /// What the group of that number has matched.
    Capture(u32),
}

pub(super) fn rewrite(value: &str) -> Read<Rewrite> {
    const REMEDY: &str =
        "write $1 for the first group of the path's expression, and \\$ for a dollar sign";
    let unexpected = |found: Option<(usize, char)>| {
        let reason = match found {
            Some((at, found)) => format!("unexpected {found} at pos {at}"),
            None => "unexpected end of string".to_owned(),
        };
        Wrong::new(reason, REMEDY)
    };
    if !value.starts_with('/') {
        return Err(Wrong::new(
            "it does not begin with a slash, so requests would have no path",
            "write a path such as /items/$1",
        ));
    }
    let mut parts = Vec::new();
    let mut text = String::new();
    let mut rest = value.chars().enumerate().peekable();
    while let Some((_, character)) = rest.next() {
        match character {
            '\\' => match rest.next() {
                Some((_, '$')) => text.push('$'),
                other => return Err(unexpected(other)),
            },
            '$' => {
                let mut digits = String::new();
                while let Some((_, digit)) = rest.next_if(|(_, it)| it.is_ascii_digit()) {
                    digits.push(digit);
                }
                if digits.is_empty() {
                    return Err(unexpected(rest.next()));
                }
                let capture = u32::from_str(&digits)
                    .map_err(|_| Wrong::new(format!("there is no group {digits}"), REMEDY))?;
                parts.push(RewritePart::Text(std::mem::take(&mut text)));
                parts.push(RewritePart::Capture(capture));
            }
            other => text.push(other),
        }
        if text.ends_with("$(") {
            return Err(Wrong::new(
                "\"$(\" would be run as code by the plugin that rewrites",
                "take it out",
            ));
        }
    }
    parts.push(RewritePart::Text(text));
    parts.retain(|part| *part != RewritePart::Text(String::new()));
    Ok(Rewrite(parts))
}

/// Labels and their values, `key=value`, separated by commas.
pub(super) fn labels(value: &str) -> Read<BTreeMap<String, String>> {
    items(value)
        .map(|item| match item.split_once('=') {
            Some((key, value)) if !key.trim().is_empty() => {
                Ok((key.trim().to_owned(), value.trim().to_owned()))
            }
            Some(_) | None => Err(Wrong::new(
                format!("\"{item}\" is not a label with a value"),
                "write labels as key=value, separated by commas",
            )),
        })
        .collect()
}
