//! Formats of texts that a pattern cannot say, by the names that the tables use.

use std::net::IpAddr;

use regex::Regex;
use serde_json::Value;
use uuid::Uuid;

use super::certificate;
use super::finding::Problem;
use super::hosts::{Host, NoHost, host_and_port, is_number};
use crate::target;

type Outcome = Result<(), Problem>;
type Format = (&'static str, fn(&str) -> Outcome);

fn wrong<T>(reason: impl Into<String>, remedy: impl Into<String>) -> Result<T, Problem> {
    Err(Problem::Look {
        reason: reason.into(),
        remedy: remedy.into(),
    })
}

/// All formats.
const FORMATS: &[Format] = &[
    ("ca_certificate", certificate::authority),
    ("certificate", certificate::certificate),
    ("cookie_name", cookie_name),
    ("file_name", file_name),
    ("header_name", header_name),
    ("header_pair", header_pair),
    ("header_rename", header_rename),
    ("host", host),
    ("host_with_port", host_with_port),
    ("ip", ip),
    ("ip_or_network", ip_or_network),
    ("json", json),
    ("key", certificate::key),
    ("name", name),
    ("origin", origin),
    ("path", path),
    ("public_key", certificate::public_key),
    ("redirect_uri", redirect_uri),
    ("regex", regex),
    ("route_host", route_host),
    ("router_path", router_path),
    ("sni", sni),
    ("tag", tag),
    ("target", target_address),
    ("upstream_name", upstream_name),
    ("url", url),
    ("uuid", uuid),
    ("wildcard_host", wildcard_host),
];

/// Holds a text against a format.
pub(super) fn check(format: &str, text: &str) -> Outcome {
    let found = FORMATS.iter().find(|(name, _)| *name == format);
    let (_, check) = found.expect("the tables name formats that there are");
    check(text)
}

const A_HOST: &str = "write a host name or an address";

fn host(text: &str) -> Outcome {
    match host_and_port(text) {
        Ok((_, None)) => Ok(()),
        Ok((_, Some(_))) | Err(NoHost::Port) => wrong("must not have a port", "remove the port"),
        Err(NoHost::Look) => wrong(format!("invalid value \"{text}\""), A_HOST),
    }
}

fn host_with_port(text: &str) -> Outcome {
    match host_and_port(text) {
        Ok(_) => Ok(()),
        Err(NoHost::Port) => wrong("invalid port number", "choose a port from 0 to 65535"),
        Err(NoHost::Look) => wrong(format!("invalid host name \"{text}\""), A_HOST),
    }
}

fn sni(text: &str) -> Outcome {
    match host_and_port(text) {
        Ok((Host::Address(_), _)) => wrong("must not be an address", "write a host name"),
        Ok((Host::Name(_), None)) => Ok(()),
        Ok((Host::Name(_), Some(_))) | Err(NoHost::Port) => {
            wrong("must not have a port", "remove the port")
        }
        Err(NoHost::Look) => wrong(format!("invalid value \"{text}\""), "write a host name"),
    }
}

fn wildcard_host(text: &str) -> Outcome {
    let wildcards = text.matches('*').count();
    if wildcards == 0 {
        return sni(text);
    }
    let remedy = "let it begin or end with one \"*\"";
    if !text.starts_with('*') && !text.ends_with('*') {
        return wrong(
            "its wildcard is neither its first nor its last character",
            remedy,
        );
    }
    if wildcards > 1 {
        return wrong("has more than one wildcard", remedy);
    }
    sni(&text.replace('*', "wildcard"))
}

fn route_host(text: &str) -> Outcome {
    let wildcards = text.matches('*').count();
    if wildcards > 1 {
        return wrong("has more than one wildcard", "leave one \"*\"");
    }
    let placed = text.starts_with("*.") || text.ends_with(".*");
    if wildcards == 1 && !placed {
        return wrong(
            "its wildcard is neither its first nor its last label",
            "let it begin with \"*.\" or end with \".*\"",
        );
    }
    host_with_port(&text.replace('*', "abc"))
}

fn upstream_name(text: &str) -> Outcome {
    match host_and_port(text) {
        Ok((Host::Name(_), None)) => Ok(()),
        Ok((Host::Address(_), _)) => wrong("must not be an address", "write a host name"),
        Ok((_, Some(_))) | Err(NoHost::Port) => wrong("must not have a port", "remove the port"),
        Err(NoHost::Look) => wrong(format!("invalid name \"{text}\""), "write a host name"),
    }
}

fn target_address(text: &str) -> Outcome {
    match host_and_port(text) {
        Ok(_) => Ok(()),
        Err(NoHost::Port | NoHost::Look) => {
            wrong(format!("invalid target \"{text}\""), "write host:port")
        }
    }
}

fn ip(text: &str) -> Outcome {
    match text.parse::<IpAddr>() {
        Ok(_) => Ok(()),
        Err(_) => wrong(format!("\"{text}\" is no address"), "write an address"),
    }
}

fn ip_or_network(text: &str) -> Outcome {
    let valid = match text.split_once('/') {
        None => text.parse::<IpAddr>().is_ok(),
        Some((address, prefix)) => {
            let longest = match address.parse::<IpAddr>() {
                Ok(IpAddr::V4(_)) => Some(32),
                Ok(IpAddr::V6(_)) => Some(128),
                Err(_) => None,
            };
            let plain = is_number(prefix) && (prefix == "0" || !prefix.starts_with('0'));
            let prefix = prefix.parse::<u32>().ok().filter(|_| plain);
            longest
                .zip(prefix)
                .is_some_and(|(longest, prefix)| prefix <= longest)
        }
    };
    if valid {
        return Ok(());
    }
    wrong(
        format!("\"{text}\" is neither an address nor a network"),
        "write an address, or a network such as 10.0.0.0/8",
    )
}

fn uuid(text: &str) -> Outcome {
    if text.len() == 36 && Uuid::parse_str(text).is_ok() {
        return Ok(());
    }
    wrong("no valid UUID", "write a UUID, or leave it out")
}

fn name(text: &str) -> Outcome {
    let allowed = |character: char| {
        !character.is_ascii() || character.is_ascii_alphanumeric() || ".-_~".contains(character)
    };
    if text.chars().all(allowed) {
        return Ok(());
    }
    wrong(
        format!("invalid value \"{text}\""),
        "use letters, digits, \".\", \"-\", \"_\" and \"~\"",
    )
}

fn tag(text: &str) -> Outcome {
    let allowed = |character: char| {
        !character.is_ascii() || (matches!(character, ' '..='~') && !",/".contains(character))
    };
    if text.chars().all(allowed) {
        return Ok(());
    }
    wrong(
        format!("invalid tag \"{text}\""),
        "use printable characters, but neither \",\" nor \"/\"",
    )
}

/// Whether all of a path is what RFC 3986 lets be there.
fn is_plain_path(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b".-_~/%:@!$&'()*+,;=".contains(&byte);
    text.starts_with('/') && text.bytes().all(allowed)
}

/// The first percent sign that begins no encoded character.
fn bad_percent(text: &str) -> Option<&str> {
    let mut rest = text;
    while let Some(at) = rest.find('%') {
        let after = &rest.as_bytes()[at + 1..];
        if after.len() < 2 || !after[..2].iter().all(u8::is_ascii_hexdigit) {
            return Some(&rest[at..]);
        }
        rest = &rest[at + 3..];
    }
    None
}

fn path(text: &str) -> Outcome {
    if !is_plain_path(text) {
        return wrong(
            format!("invalid path \"{text}\""),
            "encode what RFC 3986 does not let be in a path",
        );
    }
    match bad_percent(text) {
        None => Ok(()),
        Some(at) => wrong(
            format!("\"{at}\" begins no encoded character"),
            "write two hexadecimal digits after each \"%\"",
        ),
    }
}

fn router_path(text: &str) -> Outcome {
    if is_plain_path(text) {
        path(text)?;
    }
    if let Some(pattern) = text.strip_prefix('~') {
        return regex(pattern);
    }
    let normal = target::normalise(text.as_bytes());
    if normal == text.as_bytes() {
        return Ok(());
    }
    let normal = String::from_utf8_lossy(&normal);
    wrong(
        "not normalised, so that no request matches it",
        format!("write \"{normal}\""),
    )
}

/// Patterns of PCRE. What only PCRE has is let through here.
fn regex(text: &str) -> Outcome {
    let error = match Regex::new(text) {
        Ok(_) => return Ok(()),
        Err(error) => error.to_string(),
    };
    let only_pcre = ["look-around", "backreferences"];
    if only_pcre.iter().any(|feature| error.contains(feature)) {
        return Ok(());
    }
    wrong(
        format!("\"{text}\" is no valid pattern"),
        "correct the pattern",
    )
}

fn origin(text: &str) -> Outcome {
    if text == "*" { Ok(()) } else { regex(text) }
}

fn header_name(text: &str) -> Outcome {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    if text.bytes().all(allowed) {
        return Ok(());
    }
    wrong(
        format!("bad header name \"{text}\""),
        "use letters, digits, \"-\" and \"_\"",
    )
}

fn header_pair(text: &str) -> Outcome {
    let name = text.split(':').next().unwrap_or_default();
    header_name(name)
}

fn header_rename(text: &str) -> Outcome {
    let (name, new) = text.split_once(':').unwrap_or((text, ""));
    header_name(name)?;
    if new.is_empty() {
        return wrong("has no new name", "write \"old:new\"");
    }
    header_name(new)
}

fn cookie_name(text: &str) -> Outcome {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if text.bytes().all(allowed) {
        return Ok(());
    }
    wrong(
        format!("bad name of a cookie \"{text}\""),
        "use letters, digits, \"-\" and \"_\"",
    )
}

fn file_name(text: &str) -> Outcome {
    if text.contains(['*', '&', '%', '\\', '`']) {
        return wrong("no valid name of a file", "write the path of a file");
    }
    Ok(())
}

/// Scheme and host of a URL, as LuaSocket takes it apart.
fn scheme_and_host(text: &str) -> (Option<&str>, Option<&str>) {
    let text = text.split('#').next().unwrap_or_default();
    let (scheme, rest) = match text.split_once(':') {
        Some((scheme, rest))
            if scheme.starts_with(|first: char| first.is_ascii_alphanumeric())
                && scheme
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte)) =>
        {
            (Some(scheme), rest)
        }
        _ => (None, text),
    };
    let authority = rest
        .strip_prefix("//")
        .and_then(|rest| rest.split('/').next());
    let host = authority.filter(|authority| !authority.is_empty());
    (scheme, host)
}

fn url(text: &str) -> Outcome {
    let remedy = "write a whole URL, with scheme and host";
    match scheme_and_host(text) {
        (_, None) => wrong("has no host", remedy),
        (None, _) => wrong("has no scheme", remedy),
        (Some(_), Some(_)) => Ok(()),
    }
}

fn redirect_uri(text: &str) -> Outcome {
    if text.contains('#') {
        return wrong("must not have a fragment", "remove what follows \"#\"");
    }
    url(text)
}

fn json(text: &str) -> Outcome {
    match serde_json::from_str::<Value>(text) {
        Ok(Value::Object(_)) => Ok(()),
        Ok(_) | Err(_) => wrong("no JSON object", "write a JSON object"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn takes(format: &str, good: &[&str], bad: &[&str]) {
        for text in good {
            assert_eq!(check(format, text), Ok(()), "{format}: {text}");
        }
        for text in bad {
            assert!(check(format, text).is_err(), "{format}: {text}");
        }
    }

    #[test]
    fn hosts_are_names_or_addresses_without_ports() {
        takes(
            "host",
            &[
                "a.test",
                "a_b",
                "10.0.0.1",
                "010.0.0.1",
                "::1",
                "fqdn.test.",
                "1a.2",
            ],
            &[
                "a b",
                "a.test:80",
                "a.test:99999",
                "300.1.1.1",
                "1.2.3",
                "a..b",
                "a-.b",
                "[::1]:80",
            ],
        );
    }

    #[test]
    fn hosts_of_routes_have_one_wildcard_at_one_end() {
        takes(
            "route_host",
            &["*.a.test", "a.*", "a.test:8080", "*.a.test:8443"],
            &["*", "*.a.*", "a*.test", "*a.test", "a b", "a.test:99999"],
        );
        takes(
            "wildcard_host",
            &["*.a.test", "a.*", "*", "*a.test"],
            &["*.a.*", "a.*.b", "10.0.0.1", "a b"],
        );
    }

    #[test]
    fn paths_of_routes_are_normalised_or_patterns() {
        takes(
            "router_path",
            &[
                "/",
                "/a b",
                "/a%2Fb",
                "/a(b)",
                "/a\\d",
                "~/a(?<x>\\d+)$",
                "~/a(?=b)",
            ],
            &["/a%20b", "/a/../b", "/a%2fb", "/a%", "~/a("],
        );
        takes("path", &["/a%20b", "/a;b=c"], &["/a b", "/a%2", "/a?b"]);
    }

    #[test]
    fn networks_have_prefixes_that_fit() {
        takes(
            "ip_or_network",
            &["10.0.0.0/8", "::1", "fd00::/8", "1.2.3.4/32"],
            &[
                "10.0.0.0/33",
                "fd00::/129",
                "a.test",
                "1.2.3.4/",
                "1.2.3.4/08",
            ],
        );
    }

    #[test]
    fn urls_have_a_scheme_and_a_host() {
        takes(
            "url",
            &["http://b.test/", "https://b"],
            &["/x", "//b.test/", "http:///x"],
        );
    }

    #[test]
    fn targets_are_hosts_with_or_without_ports() {
        takes(
            "target",
            &["10.0.0.1:80", "h.test", "[::1]:80", "::1", "h_t.test:80"],
            &["h.test:99999", "a b", "a:b:c"],
        );
    }
}
