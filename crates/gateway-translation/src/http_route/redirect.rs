//! Redirects: where they lead.
//!
//! Kong's plugin `redirect` has a fixed location. That is enough where scheme, host and port are known; elsewhere a
//! few lines of Lua put the location together from the request. Texts of users get into them as literals in which
//! every byte that could mean anything is written as a number.

use std::fmt::Write as _;

use gateway_types::{PathModifierType, RequestRedirect};
use kong_model::entity::{Plugin, Protocol};
use serde_json::{Map, json};

use super::filters::{matches_a_prefix, normal};
use super::matching::normalised;
use super::source::Match;
use super::transformer::plugin;
use crate::context::Context;

/// The status of a redirect that asks for none.
const STATUS: i64 = 302;
/// Those that there are.
const STATUSES: [i64; 5] = [301, 302, 303, 307, 308];

/// The location that Kong's controller gives. It knows scheme and port only where there is a host.
pub(super) fn kongs_location(asked: &RequestRedirect, path: &str) -> String {
    let Some(host) = &asked.hostname else {
        return path.to_owned();
    };
    let scheme = asked.scheme.as_deref().unwrap_or("http");
    let port = asked
        .port
        .map(|port| format!(":{port}"))
        .unwrap_or_default();
    let joined = cleaned(&format!("{host}{port}/{path}"));
    match scheme {
        "" => joined,
        scheme => format!("{scheme}://{joined}"),
    }
}

/// A path without empty and dot segments and without a slash at its end.
fn cleaned(path: &str) -> String {
    let mut segments: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                segments.pop();
            }
            other => segments.push(other),
        }
    }
    segments.join("/")
}

/// What becomes of the path.
enum Target {
    /// It stays.
    Kept,
    /// It is this.
    Whole(String),
    /// It has this in place of that prefix.
    Prefix { prefix: String, replacement: String },
}

/// The plugin that redirects what a match matches, as the Gateway API says.
pub(super) fn plugin_for(
    context: &Context<'_, '_>,
    it: &Match<'_>,
    asked: &RequestRedirect,
    tags: &[String],
) -> Result<Plugin, &'static str> {
    let status = asked.status_code.unwrap_or(STATUS);
    if !STATUSES.contains(&status) {
        return Err("statusCode is none of a redirect: use 301, 302, 303, 307 or 308");
    }
    if let Some(scheme) = &asked.scheme
        && !matches!(&**scheme, "http" | "https")
    {
        return Err("scheme is neither http nor https");
    }
    let target = target(it, asked)?;
    let known = known_scheme(it, asked);
    let fixed = match (&target, known, &asked.hostname) {
        (Target::Prefix { .. }, ..) => None,
        (kept_or_whole, Some(scheme), Some(host)) => {
            let location = format!("{scheme}://{host}{}", port(scheme, asked.port));
            // Without a port and a scheme the port is that of the listener.
            let known_port = asked.port.is_some() || asked.scheme.is_some();
            known_port.then(|| match kept_or_whole {
                Target::Whole(path) => format!("{location}{path}"),
                _ => location,
            })
        }
        _ => None,
    };
    let by_plugin = context.settings.features.redirect_plugin;
    let mut config = Map::new();
    if let Some(location) = fixed.filter(|location| by_plugin && is_url(location)) {
        config.insert("status_code".to_owned(), json!(status));
        config.insert("location".to_owned(), json!(location));
        let keeps = matches!(target, Target::Kept);
        config.insert("keep_incoming_path".to_owned(), json!(keeps));
        return Ok(plugin("redirect", config, tags));
    }
    let program = program(asked, &target, status);
    config.insert("access".to_owned(), json!([program]));
    Ok(plugin("pre-function", config, tags))
}

fn target(it: &Match<'_>, asked: &RequestRedirect) -> Result<Target, &'static str> {
    let Some(path) = &asked.path else {
        return Ok(Target::Kept);
    };
    match path.type_ {
        PathModifierType::ReplaceFullPath => {
            let path = path.replace_full_path.as_deref().unwrap_or("/");
            let slash = if path.starts_with('/') { "" } else { "/" };
            Ok(Target::Whole(format!("{slash}{path}")))
        }
        PathModifierType::ReplacePrefixMatch => {
            let matched = it.spec.path.as_ref();
            if !matches_a_prefix(it) {
                return Err("ReplacePrefixMatch needs a match of type PathPrefix");
            }
            let prefix = matched
                .and_then(|path| path.value.as_deref())
                .unwrap_or("/");
            let replacement = path.replace_prefix_match.as_deref().unwrap_or("/");
            let slash = if replacement.starts_with('/') || replacement.is_empty() {
                ""
            } else {
                "/"
            };
            Ok(Target::Prefix {
                prefix: normal(&normalised(prefix)).trim_end_matches('/').to_owned(),
                replacement: format!("{slash}{}", replacement.trim_end_matches('/')),
            })
        }
        PathModifierType::Other(_) => {
            Err("path.type is neither ReplaceFullPath nor ReplacePrefixMatch")
        }
    }
}

/// The scheme of the location, if it is always the same.
fn known_scheme(it: &Match<'_>, asked: &RequestRedirect) -> Option<&'static str> {
    match (asked.scheme.as_deref(), it.rule.source.protocols.as_slice()) {
        (Some("https"), _) | (None, [Protocol::Https]) => Some("https"),
        (Some("http"), _) | (None, [Protocol::Http]) => Some("http"),
        _ => None,
    }
}

/// A port as part of a location; nothing if it is what the scheme has anyway.
fn port(scheme: &str, port: Option<i64>) -> String {
    match (scheme, port) {
        (_, None) | ("http", Some(80)) | ("https", Some(443)) => String::new(),
        (_, Some(port)) => format!(":{port}"),
    }
}

/// Whether Kong takes a text for a location.
fn is_url(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// The lines that answer with a redirect.
fn program(asked: &RequestRedirect, target: &Target, status: i64) -> String {
    let scheme = match &asked.scheme {
        Some(scheme) => literal(scheme),
        None => "kong.request.get_forwarded_scheme()".to_owned(),
    };
    let host = match &asked.hostname {
        Some(host) => literal(host),
        None => "kong.request.get_forwarded_host()".to_owned(),
    };
    let port = match (asked.port, &asked.scheme) {
        (Some(port), _) => port.to_string(),
        (None, Some(_)) => "nil".to_owned(),
        (None, None) => "kong.request.get_forwarded_port()".to_owned(),
    };
    let path = match target {
        Target::Kept => "kong.request.get_raw_path()".to_owned(),
        Target::Whole(path) => literal(path),
        Target::Prefix {
            prefix,
            replacement,
        } => format!(
            "{} .. string.sub(kong.request.get_path(), {})",
            literal(replacement),
            prefix.len() + 1
        ),
    };
    // What the path had to be decoded for is encoded again.
    let encoded = match target {
        Target::Prefix { .. } => {
            "path = string.gsub(path, \"[^%w%-%._~!$&'()*+,;=:@/%%]\", function(byte)\n  \
             return string.format(\"%%%02X\", string.byte(byte))\nend)\n"
        }
        Target::Kept | Target::Whole(_) => "",
    };
    let query = match target {
        Target::Whole(_) => "",
        Target::Kept | Target::Prefix { .. } => {
            "local query = kong.request.get_raw_query()\n\
             if query ~= \"\" then path = path .. \"?\" .. query end\n"
        }
    };
    format!(
        "local scheme, host, port = {scheme}, {host}, {port}\n\
         if (scheme == \"http\" and port == 80) or (scheme == \"https\" and port == 443) then port = nil end\n\
         local path = {path}\n\
         if path == \"\" then path = \"/\" end\n\
         {encoded}{query}\
         if port then host = host .. \":\" .. port end\n\
         return kong.response.exit({status}, nil, {{ Location = scheme .. \"://\" .. host .. path }})"
    )
}

/// A text as a literal of Lua: whatever is not a letter, a digit or harmless is written as a number.
pub(super) fn literal(text: &str) -> String {
    let mut literal = String::from("\"");
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' | b'~' => {
                literal.push(char::from(byte));
            }
            other => write!(literal, "\\{other:03}").expect("strings take everything"),
        }
    }
    literal.push('"');
    literal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kongs_locations_are_cleaned() {
        let asked = RequestRedirect {
            hostname: Some("a.example".to_owned()),
            port: Some(8443),
            scheme: Some("https".to_owned()),
            ..RequestRedirect::default()
        };
        assert_eq!(kongs_location(&asked, "/"), "https://a.example:8443");
        assert_eq!(
            kongs_location(&asked, "/a//./b/"),
            "https://a.example:8443/a/b"
        );
        assert_eq!(kongs_location(&RequestRedirect::default(), "/a/"), "/a/");
    }

    #[test]
    fn no_text_gets_out_of_its_literal() {
        assert_eq!(literal("/a-b"), "\"/a-b\"");
        assert_eq!(literal("\"]]\n\\"), "\"\\034\\093\\093\\010\\092\"");
        assert_eq!(literal("é"), "\"\\195\\169\"");
    }
}
