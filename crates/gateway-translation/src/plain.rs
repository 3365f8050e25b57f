//! Entities of which it is sure at a glance that Kong takes them.
//!
//! What Kong takes is for the rules of `kong-router` to say. To hold an entity against them takes far longer than to
//! make it, though, and nearly all are as plain as can be: letters, digits, and nothing set that could be wrong. Whatever is
//! not that plain is as good as unknown here. Nothing in here may be called plain that the rules refuse.

use kong_model::entity::{Algorithm, Members, Protocol, Route, Service, Upstream};
use kong_router::expression::{Expression, NumberField, Predicate, TextTest};

/// Longer texts are looked at by the rules.
const LONGEST: usize = 512;
/// What the answer to plain HTTP may be where TLS is wanted.
const REDIRECTS: [u16; 5] = [301, 302, 307, 308, 426];
/// The greatest number of tries that Kong knows.
const MOST_RETRIES: u16 = 32_767;
/// The longest time that Kong waits, in milliseconds.
const LONGEST_TIME: u32 = 2_147_483_646;
/// What stands in a pattern for itself behind a backslash.
const ESCAPED: &[u8] = b".-~+*?()[]{}|^$#&\\";

fn is_all(text: &str, allowed: impl Fn(u8) -> bool) -> bool {
    !text.is_empty() && text.len() <= LONGEST && text.bytes().all(allowed)
}

fn is_letter_or(byte: u8, others: &[u8]) -> bool {
    byte.is_ascii_alphanumeric() || others.contains(&byte)
}

fn is_name(text: &str) -> bool {
    is_all(text, |byte| is_letter_or(byte, b".-_~"))
}

fn are_tags(tags: Option<&Vec<String>>) -> bool {
    let is_tag = |tag: &String| is_all(tag, |byte| is_letter_or(byte, b"-_.:~ "));
    tags.into_iter().flatten().all(is_tag)
}

fn is_host(text: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty()
            && !label.ends_with('-')
            && label.bytes().all(|byte| is_letter_or(byte, b"-_"))
    };
    // Without a letter it may be an address.
    text.len() <= LONGEST
        && text.split('.').all(is_label)
        && text.bytes().any(|byte| byte.is_ascii_alphabetic())
}

fn is_host_of_route(text: &str) -> bool {
    is_host(text.strip_prefix("*.").unwrap_or(text))
}

fn is_path(text: &str) -> bool {
    // No path has empty segments, as a pattern neither.
    if text.contains("//") {
        return false;
    }
    match text.strip_prefix('~') {
        Some(pattern) => pattern.starts_with('/') && is_pattern(pattern),
        None => text.starts_with('/') && is_all(text, |byte| is_letter_or(byte, b"/-_")),
    }
}

/// Whether a pattern describes a text, to its end or not.
fn is_pattern(pattern: &str) -> bool {
    let mut bytes = pattern.strip_suffix('$').unwrap_or(pattern).bytes();
    while let Some(byte) = bytes.next() {
        let is_plain = match byte {
            b'\\' => bytes
                .next()
                .is_some_and(|escaped| ESCAPED.contains(&escaped)),
            byte => is_letter_or(byte, b"/-_"),
        };
        if !is_plain {
            return false;
        }
    }
    pattern.len() <= LONGEST
}

fn is_header(name: &str, values: &[String]) -> bool {
    let is_value = |value: &String| is_all(value, |byte| is_letter_or(byte, b".-_/"));
    is_all(name, |byte| is_letter_or(byte, b"-"))
        && !name.eq_ignore_ascii_case("host")
        && !values.is_empty()
        && values.iter().all(is_value)
}

fn are(list: Option<&Vec<String>>, is: fn(&str) -> bool) -> bool {
    list.is_none_or(|list| !list.is_empty() && list.iter().all(|it| is(it)))
}

fn is_expression(expression: &Expression) -> bool {
    match expression {
        Expression::All(operands) | Expression::Any(operands) => operands.iter().all(is_expression),
        Expression::Not(inner) => is_expression(inner),
        Expression::Test(Predicate::Text(_, test)) => match test {
            TextTest::Equals(it)
            | TextTest::Differs(it)
            | TextTest::StartsWith(it)
            | TextTest::EndsWith(it)
            | TextTest::Contains(it) => is_all(it, |byte| is_letter_or(byte, b"./-_")),
            TextTest::Matches(_) => false,
        },
        Expression::Test(Predicate::Number(field, ..)) => *field == NumberField::DestinationPort,
        Expression::Test(Predicate::Address(..)) => false,
    }
}

fn is_empty(members: &Members) -> bool {
    members.0.is_empty()
}

/// Whether it is sure that Kong takes a route of HTTP, its plugins aside. An expression is for a gateway that has them.
pub(crate) fn route(route: &Route, expression: Option<&Expression>) -> bool {
    let Route {
        name,
        service,
        protocols,
        methods,
        hosts,
        paths,
        headers,
        snis,
        sources,
        destinations,
        https_redirect_status_code,
        regex_priority,
        strip_path: _,
        path_handling: _,
        preserve_host: _,
        request_buffering: _,
        response_buffering: _,
        tags,
        others,
    } = route;
    let is_http = |protocol: &Protocol| matches!(protocol, Protocol::Http | Protocol::Https);
    let protocols = protocols.as_deref();
    let without = service.is_none() && sources.is_none() && destinations.is_none();
    let common = without
        && name.as_deref().is_some_and(is_name)
        && protocols.is_none_or(|all| !all.is_empty() && all.iter().all(is_http))
        && https_redirect_status_code.is_none_or(|status| REDIRECTS.contains(&status))
        && are_tags(tags.as_ref())
        && is_empty(others);
    let nothing = methods.is_none()
        && hosts.is_none()
        && paths.is_none()
        && headers.is_none()
        && snis.is_none();
    // Names of TLS are for routes that have TLS.
    let has_tls = protocols.is_some_and(|all| all.contains(&Protocol::Https));
    match expression {
        Some(expression) => {
            common && nothing && regex_priority.is_none() && is_expression(expression)
        }
        None => {
            common
                && (hosts.is_some() || paths.is_some())
                && are(hosts.as_ref(), is_host_of_route)
                && are(snis.as_ref(), is_host)
                && (snis.is_none() || has_tls)
                && are(paths.as_ref(), is_path)
                && are(methods.as_ref(), |method| {
                    is_all(method, |byte| byte.is_ascii_uppercase())
                })
                && headers
                    .iter()
                    .flatten()
                    .all(|(name, values)| is_header(name, values))
                && headers.as_ref().is_none_or(|headers| !headers.is_empty())
        }
    }
}

/// Whether it is sure that Kong takes a service.
pub(crate) fn service(service: &Service) -> bool {
    let Service {
        host,
        name,
        protocol,
        port: _,
        path,
        url,
        retries,
        connect_timeout,
        read_timeout,
        write_timeout,
        enabled: _,
        tls_verify,
        tls_verify_depth,
        tls_sans,
        client_certificate,
        ca_certificates,
        tags,
        others,
    } = service;
    let times = [connect_timeout, read_timeout, write_timeout];
    let in_time = |time: &u32| (1..=LONGEST_TIME).contains(time);
    is_host(host)
        && name.as_deref().is_some_and(is_name)
        && matches!(
            protocol,
            Some(
                Protocol::Http | Protocol::Https | Protocol::Grpc | Protocol::Grpcs | Protocol::Tcp
            )
        )
        && path.is_none()
        && url.is_none()
        && retries.is_none_or(|retries| retries <= MOST_RETRIES)
        && times.into_iter().flatten().all(in_time)
        && tls_verify.is_none()
        && tls_verify_depth.is_none()
        && tls_sans.is_none()
        && client_certificate.is_none()
        && ca_certificates.is_none()
        && are_tags(tags.as_ref())
        && is_empty(others)
}

/// Whether it is sure that Kong takes an upstream.
pub(crate) fn upstream(upstream: &Upstream) -> bool {
    let rest = Upstream {
        name: String::new(),
        tags: None,
        ..upstream.clone()
    };
    let plain = Upstream {
        algorithm: Some(Algorithm::RoundRobin),
        ..Upstream::default()
    };
    rest == plain && is_host(&upstream.name) && are_tags(upstream.tags.as_ref())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use kong_router::{Config, Dialect, validate};
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::document::members;

    fn refused(collection: &str, entity: &impl serde::Serialize) -> Vec<String> {
        let document = json!({"_format_version": "3.0", collection: [members(entity)]});
        let document = document.as_object().cloned().unwrap_or_default();
        let findings = validate(&Config::new(document), Dialect::default()).into_iter();
        findings.map(|finding| finding.to_string()).collect()
    }

    proptest! {
        #[test]
        fn what_is_plain_is_taken(
            name in "[-a0_.~ /]{0,3}",
            host in "(\\*\\.)?[-a0_.:*]{0,6}",
            path in "~?/[-aA0_.~/$^*()\\\\%]{0,6}",
            method in "[A-Za]{1,3}",
            header in "[-a0_hosHOST]{1,4}",
            value in "[-a0_.~*/ ]{0,4}",
            tag in "[-a0_.,:~/ ]{0,4}",
            sni in "(\\*\\.)?[-a0_.:]{0,6}",
            with_tls in any::<bool>(),
            which in 0..8_usize,
        ) {
            // One of them at a time: all together are hardly ever plain.
            let or = |nth: usize, text: &String, plain: &str| {
                if nth == which { text.clone() } else { plain.to_owned() }
            };
            let headers = BTreeMap::from([(or(4, &header, "x"), vec![or(5, &value, "v")])]);
            let of_route = Route {
                name: Some(or(0, &name, "n")),
                hosts: Some(vec![or(1, &host, "h.test")]),
                paths: Some(vec![or(2, &path, "/p")]),
                methods: Some(vec![or(3, &method, "GET")]),
                headers: Some(headers),
                tags: Some(vec![or(6, &tag, "t")]),
                snis: (which == 7).then(|| vec![sni.clone()]),
                protocols: with_tls.then(|| vec![Protocol::Http, Protocol::Https]),
                ..Route::default()
            };
            if route(&of_route, None) {
                prop_assert_eq!(refused("routes", &of_route), Vec::<String>::new());
            }
            let of_service = Service {
                name: Some(or(0, &name, "n")),
                host: or(1, &host, "h.test"),
                protocol: Some(Protocol::Http),
                tags: Some(vec![or(6, &tag, "t")]),
                ..Service::default()
            };
            if service(&of_service) {
                prop_assert_eq!(refused("services", &of_service), Vec::<String>::new());
            }
            let of_host = Upstream {
                name: host,
                algorithm: Some(Algorithm::RoundRobin),
                ..Upstream::default()
            };
            if upstream(&of_host) {
                prop_assert_eq!(refused("upstreams", &of_host), Vec::<String>::new());
            }
        }
    }

    #[test]
    fn what_could_mean_something_is_not_plain() {
        for path in ["~/a$", "~/a\\.b/", "/a/b", "/", "~/a\\~\\\\"] {
            assert!(is_path(path), "{path}");
        }
        for path in [
            "~/a(", "~/a\\", "~/a\\d", "~/a//b", "/a//b", "/a%2f", "/../a", "~a", "", "~/a$b",
        ] {
            assert!(!is_path(path), "{path}");
        }
        for host in ["a.example.com", "*.example.com", "a_b", "1a.2"] {
            assert!(is_host_of_route(host), "{host}");
        }
        for host in [
            "10.0.0.1", "a..b", "*", "a.", "a-", "a:80", "*.*.a", "a b", "",
        ] {
            assert!(!is_host_of_route(host), "{host}");
        }
        assert!(is_header("x-a", &["1".to_owned()]));
        assert!(!is_header("x-a", &["~*a".to_owned()]));
        assert!(!is_header("Host", &["a".to_owned()]));
    }
}
