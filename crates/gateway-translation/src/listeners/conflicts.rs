//! Which listeners of one port cannot be had together.
//!
//! A port of the gateway speaks one protocol; UDP has ports of its own. On one port listeners are told apart by their
//! hostnames, where the protocol has such; TLS may end at the gateway for some and go through for others.

use gateway_types::{Listener, Protocol, TLSMode};

/// Why a listener cannot be had beside another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Conflict {
    /// They speak differently on one port.
    Protocol,
    /// Nothing tells them apart.
    Hostname,
}

impl Conflict {
    /// The reason in conditions.
    pub(crate) fn reason(self) -> &'static str {
        match self {
            Self::Protocol => "ProtocolConflict",
            Self::Hostname => "HostnameConflict",
        }
    }

    /// What is wrong with a listener that has it.
    pub(crate) fn message(self, listener: &Listener) -> String {
        let Listener { port, protocol, .. } = listener;
        match self {
            Self::Protocol => {
                format!("another listener speaks something else than {protocol} on port {port}")
            }
            Self::Hostname => match hostname(listener) {
                Some(hostname) => {
                    format!("another listener has port {port} and hostname {hostname}, too")
                }
                None => format!("another listener has port {port} without a hostname, too"),
            },
        }
    }

    /// What to do about it.
    pub(crate) fn remedy(self) -> &'static str {
        match self {
            Self::Protocol => "give one of them another port",
            Self::Hostname => "give one of them another hostname or port, or merge them",
        }
    }
}

/// Whether two listeners are in conflict, and why.
pub(crate) fn between(one: &Listener, other: &Listener) -> Option<Conflict> {
    let (udp, other_udp) = (is_udp(one), is_udp(other));
    if one.port != other.port || udp != other_udp {
        return None;
    }
    // Kong looks at the name that TLS asks for before it decides where TLS ends.
    let ends_alike = one.protocol == Protocol::TLS || is_passthrough(one) == is_passthrough(other);
    if one.protocol != other.protocol || !ends_alike {
        return Some(Conflict::Protocol);
    }
    let same = match (hostname(one), hostname(other)) {
        (None, None) => true,
        (Some(one), Some(other)) => one.eq_ignore_ascii_case(other),
        (None, Some(_)) | (Some(_), None) => false,
    };
    same.then_some(Conflict::Hostname)
}

fn is_udp(listener: &Listener) -> bool {
    listener.protocol == Protocol::UDP
}

fn is_passthrough(listener: &Listener) -> bool {
    let mode = listener.tls.as_ref().and_then(|tls| tls.mode.as_ref());
    mode == Some(&TLSMode::Passthrough)
}

/// The hostname of a listener whose protocol has hostnames.
fn hostname(listener: &Listener) -> Option<&str> {
    let hostname = listener.hostname.as_deref();
    hostname.filter(|it| !it.is_empty() && super::accepted::has_hostnames(listener))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listener(text: &str) -> Listener {
        serde_yaml::from_str(&format!("{{name: it, {text}}}")).unwrap()
    }

    #[test]
    fn listeners_are_told_apart_by_port_and_hostname() {
        use Conflict::{Hostname, Protocol};
        for (one, other, expected) in [
            (
                "protocol: HTTP, port: 80, hostname: a.b",
                "protocol: HTTPS, port: 443, hostname: a.b",
                None,
            ),
            (
                "protocol: HTTP, port: 80",
                "protocol: HTTP, port: 80",
                Some(Hostname),
            ),
            (
                "protocol: HTTP, port: 80",
                "protocol: HTTP, port: 80, hostname: ''",
                Some(Hostname),
            ),
            (
                "protocol: HTTP, port: 80",
                "protocol: HTTP, port: 80, hostname: a.b",
                None,
            ),
            (
                "protocol: HTTP, port: 80, hostname: A.b",
                "protocol: HTTP, port: 80, hostname: a.B",
                Some(Hostname),
            ),
            (
                "protocol: HTTP, port: 80",
                "protocol: HTTPS, port: 80, hostname: a.b",
                Some(Protocol),
            ),
            (
                "protocol: HTTPS, port: 80, hostname: c.b",
                "protocol: TLS, port: 80, hostname: a.b",
                Some(Protocol),
            ),
            ("protocol: TCP, port: 53", "protocol: UDP, port: 53", None),
            (
                "protocol: TCP, port: 53",
                "protocol: TCP, port: 53, hostname: a.b",
                Some(Hostname),
            ),
            (
                "protocol: TLS, port: 9, hostname: a.b",
                "protocol: TLS, port: 9, hostname: b.b",
                None,
            ),
            (
                "protocol: TLS, port: 9, hostname: a.b, tls: {mode: Passthrough}",
                "protocol: TLS, port: 9, hostname: b.b, tls: {mode: Terminate}",
                None,
            ),
            (
                "protocol: TLS, port: 9, hostname: a.b, tls: {mode: Passthrough}",
                "protocol: TLS, port: 9, hostname: a.b, tls: {mode: Terminate}",
                Some(Hostname),
            ),
            (
                "protocol: HTTPS, port: 9, hostname: a.b, tls: {mode: Passthrough}",
                "protocol: HTTPS, port: 9, hostname: b.b, tls: {mode: Terminate}",
                Some(Protocol),
            ),
        ] {
            let (left, right) = (listener(one), listener(other));
            assert_eq!(between(&left, &right), expected, "{one} | {other}");
            assert_eq!(between(&right, &left), expected, "{other} | {one}");
        }
    }
}
