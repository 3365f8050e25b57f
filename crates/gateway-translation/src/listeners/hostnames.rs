//! Hostnames of routes and of listeners, and where they meet.

use kong_crds::annotations::route::HOST_ALIASES;

use super::Claim;
use crate::context::Context;

/// The hostnames of a route that are some; the others are told.
pub(super) fn valid(context: &Context<'_, '_>, claim: Claim<'_>) -> Vec<String> {
    let mut valid = Vec::new();
    for (number, hostname) in claim.hostnames.iter().enumerate() {
        match HOST_ALIASES.parse(hostname) {
            // A comma would make two of one, and nothing none.
            Ok(read) if read == [hostname.as_str()] => valid.push(hostname.clone()),
            Ok(_) | Err(_) => context.say(
                claim.route,
                format!("spec.hostnames[{number}]"),
                format!("\"{hostname}\" is not a host name; it is left out"),
                "write a name such as shop.example.com or *.example.com",
            ),
        }
    }
    valid
}

/// The more specific of two hostnames that meet; `None` if they do not. A wildcard stands for one label or more.
pub(crate) fn meet<'h>(one: &'h str, other: &'h str) -> Option<&'h str> {
    if one.eq_ignore_ascii_case(other) || covers(other, one) {
        Some(one)
    } else if covers(one, other) {
        Some(other)
    } else {
        None
    }
}

/// Whether a wildcard covers a hostname, which may be a wildcard itself.
fn covers(wildcard: &str, host: &str) -> bool {
    let Some(suffix) = wildcard.strip_prefix('*') else {
        return false;
    };
    let host = host.strip_prefix('*').unwrap_or(host);
    suffix.starts_with('.')
        && host.len() > suffix.len()
        && host.is_char_boundary(host.len() - suffix.len())
        && host[host.len() - suffix.len()..].eq_ignore_ascii_case(suffix)
}

/// The hostnames of a route that a listener takes. Those of a listener are the route's if it has none; `None` if the
/// two never meet.
pub(crate) fn of_listener(route: &[String], listener: Option<&str>) -> Option<Vec<String>> {
    let listener = listener.filter(|hostname| !hostname.is_empty());
    match (route, listener) {
        (route, None) => Some(route.to_vec()),
        ([], Some(listener)) => Some(vec![listener.to_owned()]),
        (route, Some(listener)) => {
            let met: Vec<String> = route
                .iter()
                .filter_map(|hostname| meet(hostname, listener))
                .map(str::to_owned)
                .collect();
            (!met.is_empty()).then_some(met)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_more_specific_hostname_is_where_two_meet() {
        for (one, other, expected) in [
            ("a.example.com", "a.example.com", Some("a.example.com")),
            ("*.example.com", "a.b.example.com", Some("a.b.example.com")),
            ("*.b.example.com", "*.example.com", Some("*.b.example.com")),
            ("*.example.com", "example.com", None),
            ("*.example.com", "notexample.com", None),
            ("*.a.com", "*.b.com", None),
            ("*", "a.com", None),
        ] {
            assert_eq!(meet(one, other), expected, "{one} {other}");
            assert_eq!(meet(other, one), expected, "{other} {one}");
        }
    }

    #[test]
    fn a_route_without_hostnames_has_those_of_the_listener() {
        assert_eq!(of_listener(&[], Some("*.a")), Some(vec!["*.a".to_owned()]));
        assert_eq!(of_listener(&[], None), Some(Vec::new()));
        assert_eq!(of_listener(&["b".to_owned()], Some("*.a")), None);
    }
}
