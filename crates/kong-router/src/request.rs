//! What comes to a gateway: a request of HTTP, or a connection or datagram.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

use serde::{Deserialize, Deserializer, Serialize};
use url::Url;

/// Something that a gateway has to route.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Request {
    /// A connection or a datagram.
    Stream(StreamRequest),
    /// A request of HTTP/1.1.
    Http(HttpRequest),
}

/// A request of HTTP/1.1.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct HttpRequest {
    /// Its method.
    #[serde(default = "get")]
    pub method: String,
    /// With or without TLS.
    #[serde(default)]
    pub scheme: Scheme,
    /// Its `Host` header as it is sent, with a port or without.
    pub host: String,
    /// The port that the client came to; that of the scheme unless it is given.
    #[serde(default)]
    pub port: Option<u16>,
    /// Path and query as they are sent.
    pub path: String,
    /// Its other headers in the order of their names; each may be there several times.
    #[serde(default, deserialize_with = "values")]
    pub headers: Vec<(String, String)>,
    /// The name that TLS asked for.
    #[serde(default)]
    pub sni: Option<String>,
    /// The address that the client came from; the loopback unless it is given.
    #[serde(default)]
    pub client: Option<IpAddr>,
}

/// With or without TLS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scheme {
    /// Without.
    #[default]
    Http,
    /// With.
    Https,
}

impl Scheme {
    /// As expressions have it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    /// The port that clients come to.
    pub fn port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

/// A connection or a datagram.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct StreamRequest {
    /// What it is.
    pub stream: Transport,
    /// The port that the client came to.
    pub port: u16,
    /// The name that TLS asked for.
    #[serde(default)]
    pub sni: Option<String>,
    /// The address that the client came from; the loopback unless it is given.
    #[serde(default)]
    pub client: Option<IpAddr>,
}

/// What a connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    /// Plain bytes to a listener without TLS.
    Tcp,
    /// A TLS handshake with a listener for TLS.
    Tls,
    /// A datagram.
    Udp,
}

/// Where clients come from if nothing is said.
pub(crate) const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// Why something is no request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoRequest {
    /// The URL cannot be read.
    #[error("\"{url}\" is no URL: {reason}")]
    Url {
        /// The URL.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The URL is neither of HTTP nor of a stream.
    #[error("\"{0}\" is none of http, https, tcp, tls and udp")]
    Scheme(String),
    /// A stream has a port.
    #[error("\"{0}\" names no port")]
    Port(String),
    /// A header has a name and a value.
    #[error("\"{0}\" is no header: write \"name: value\"")]
    Header(String),
}

impl Request {
    /// A request from what somebody types: a method, a URL and headers. `tcp://host:9000`, `tls` and `udp` are
    /// streams. A `host` header goes before the host of the URL, as it does for clients of HTTP.
    pub fn typed(method: &str, url: &str, headers: &[String]) -> Result<Self, NoRequest> {
        let parsed = Url::parse(url).map_err(|error| NoRequest::Url {
            url: url.to_owned(),
            reason: error.to_string(),
        })?;
        let scheme = match parsed.scheme() {
            "http" => Scheme::Http,
            "https" => Scheme::Https,
            other => return stream(other, url, &parsed),
        };
        let mut host = authority(url).to_owned();
        let mut sni = parsed.host_str().map(str::to_owned);
        let mut rest = Vec::new();
        for header in headers {
            let (name, value) = header
                .split_once(':')
                .filter(|(name, _)| !name.trim().is_empty())
                .ok_or_else(|| NoRequest::Header(header.clone()))?;
            let (name, value) = (name.trim().to_owned(), value.trim().to_owned());
            if name.eq_ignore_ascii_case("host") {
                host = value;
            } else {
                rest.push((name, value));
            }
        }
        if scheme == Scheme::Http {
            sni = None;
        }
        Ok(Self::Http(HttpRequest {
            method: method.to_owned(),
            scheme,
            host,
            port: Some(parsed.port().unwrap_or_else(|| scheme.port())),
            path: target(url).to_owned(),
            headers: rest,
            sni,
            client: None,
        }))
    }
}

fn stream(scheme: &str, url: &str, parsed: &Url) -> Result<Request, NoRequest> {
    let stream = match scheme {
        "tcp" => Transport::Tcp,
        "tls" => Transport::Tls,
        "udp" => Transport::Udp,
        other => return Err(NoRequest::Scheme(other.to_owned())),
    };
    let named = parsed.host_str().filter(|_| stream == Transport::Tls);
    Ok(Request::Stream(StreamRequest {
        stream,
        port: parsed
            .port()
            .ok_or_else(|| NoRequest::Port(url.to_owned()))?,
        sni: named.map(str::to_owned),
        client: None,
    }))
}

/// Host and port as they are written, for the case of a host matters to Kong.
fn authority(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let rest = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    rest.rsplit_once('@').map_or(rest, |(_, host)| host)
}

/// Path and query as they are written, for the dots and percent signs in them matter, too.
fn target(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let rest = rest.split('#').next().unwrap_or(rest);
    rest.find('/').map_or("/", |at| &rest[at..])
}

fn get() -> String {
    "GET".to_owned()
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Values {
    One(String),
    Several(Vec<String>),
}

fn values<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<(String, String)>, D::Error> {
    let headers = BTreeMap::<String, Values>::deserialize(deserializer)?;
    let mut flat = Vec::new();
    for (name, values) in headers {
        match values {
            Values::One(value) => flat.push((name, value)),
            Values::Several(values) => {
                flat.extend(values.into_iter().map(|value| (name.clone(), value)));
            }
        }
    }
    Ok(flat)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typed_url_keeps_its_case_its_dots_and_its_escapes() {
        let url = "https://API.Test:8443/a/../%41?q=%20";
        let Request::Http(request) = Request::typed("PUT", url, &[]).unwrap() else {
            panic!("a request of HTTP");
        };
        assert_eq!(
            (request.host.as_str(), request.port),
            ("API.Test:8443", Some(8443))
        );
        assert_eq!(request.path, "/a/../%41?q=%20");
        assert_eq!(request.sni.as_deref(), Some("api.test"));
    }

    #[test]
    fn a_host_header_goes_before_the_host_of_the_url() {
        let headers = ["Host: shop.test".to_owned(), "x-a:1".to_owned()];
        let Request::Http(request) = Request::typed("GET", "http://10.0.0.1", &headers).unwrap()
        else {
            panic!("a request of HTTP");
        };
        assert_eq!(
            (request.host.as_str(), request.path.as_str()),
            ("shop.test", "/")
        );
        assert_eq!(request.headers, [("x-a".to_owned(), "1".to_owned())]);
    }

    #[test]
    fn streams_are_urls_with_a_port() {
        let request = Request::typed("GET", "tls://one.test:9443", &[]).unwrap();
        let expected = StreamRequest {
            stream: Transport::Tls,
            port: 9443,
            sni: Some("one.test".into()),
            client: None,
        };
        assert_eq!(request, Request::Stream(expected));
        let error = Request::typed("GET", "tcp://one.test", &[]).unwrap_err();
        assert_eq!(error, NoRequest::Port("tcp://one.test".into()));
    }

    #[test]
    fn a_header_may_be_sent_several_times() {
        let text = r#"{"host": "h", "path": "/", "headers": {"x-a": ["1", "2"], "x-b": "3"}}"#;
        let Request::Http(request) = serde_json::from_str(text).unwrap() else {
            panic!("a request of HTTP");
        };
        assert_eq!(request.headers.len(), 3);
        assert_eq!(request.method, "GET");
    }
}
