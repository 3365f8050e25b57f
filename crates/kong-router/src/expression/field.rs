//! The fields that an expression can ask for, and the names in some of them.

use std::fmt;

/// A field that holds a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TextField {
    /// The protocol: `http`, `https`, `tcp`, `tls` or `udp`.
    Protocol,
    /// The name that TLS asked for.
    Sni,
    /// The method.
    Method,
    /// The host, without its port.
    Host,
    /// The path, normalised, without the query.
    Path,
    /// One part of the path, counted from 0.
    Segment(u16),
    /// A row of parts of the path, both ends included; the first is below the last.
    Segments(u16, u16),
    /// The values of a header.
    Header(HeaderName),
    /// The values of a query parameter.
    Query(QueryName),
}

/// A field that holds a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NumberField {
    /// The port that the client came from.
    SourcePort,
    /// The port that the client came to.
    DestinationPort,
    /// How many parts the path has.
    SegmentCount,
}

/// A field that holds an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddressField {
    /// The address that the client came from.
    Source,
    /// The address that the client came to.
    Destination,
}

/// A name that the language has no way to write.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" cannot be named in an expression: only letters, digits and \"_\" can")]
pub struct Unnameable(pub String);

/// The name of a header, as expressions have it: in lower case, with `_` for `-`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct HeaderName(String);

impl HeaderName {
    /// Takes a name if the language has it.
    pub fn new(name: &str) -> Result<Self, Unnameable> {
        let normal = name.to_ascii_lowercase().replace('-', "_");
        if is_word(&normal) {
            Ok(Self(normal))
        } else {
            Err(Unnameable(name.to_owned()))
        }
    }
}

/// The name of a query parameter; its case counts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct QueryName(String);

impl QueryName {
    /// Takes a name if the language has it.
    pub fn new(name: &str) -> Result<Self, Unnameable> {
        if is_word(name) {
            Ok(Self(name.to_owned()))
        } else {
            Err(Unnameable(name.to_owned()))
        }
    }
}

/// A point would begin another level, of which the schema knows nothing.
fn is_word(name: &str) -> bool {
    let part = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    !name.is_empty() && name.bytes().all(part)
}

impl fmt::Display for TextField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Protocol => f.write_str("net.protocol"),
            Self::Sni => f.write_str("tls.sni"),
            Self::Method => f.write_str("http.method"),
            Self::Host => f.write_str("http.host"),
            Self::Path => f.write_str("http.path"),
            Self::Segment(index) => write!(f, "http.path.segments.{index}"),
            Self::Segments(first, last) => write!(f, "http.path.segments.{first}_{last}"),
            Self::Header(name) => write!(f, "http.headers.{}", name.0),
            Self::Query(name) => write!(f, "http.queries.{}", name.0),
        }
    }
}

impl fmt::Display for NumberField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SourcePort => "net.src.port",
            Self::DestinationPort => "net.dst.port",
            Self::SegmentCount => "http.path.segments.len",
        })
    }
}

impl fmt::Display for AddressField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Source => "net.src.ip",
            Self::Destination => "net.dst.ip",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_header_is_written_as_kong_writes_it() {
        let name = HeaderName::new("X-Tenant_Id").unwrap();
        assert_eq!(
            TextField::Header(name).to_string(),
            "http.headers.x_tenant_id"
        );
    }

    #[test]
    fn names_outside_of_the_language_are_refused() {
        for name in ["", "x.y", "x y", "a\") || (http.path ^= \"/", "é"] {
            assert!(HeaderName::new(name).is_err(), "{name}");
            assert!(QueryName::new(name).is_err(), "{name}");
        }
        assert!(QueryName::new("a-b").is_err());
    }
}
