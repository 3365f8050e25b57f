//! What can be said about a client before it is made.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use reqwest::redirect::Policy;
use url::{Host, Url};

use crate::client::{Client, Inner};
use crate::lookup::{Guard, Lookup, System};
use crate::tls;
use crate::trust::Trust;

/// How long an answer may take, as with Kong's operator.
const TIMEOUT: Duration = Duration::from_secs(10);
/// How long a connection may take: less, so that a host that is not there is told from one that is slow.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// A connection is kept for two periods of a minute in which nothing but lists is asked.
const IDLE: Duration = Duration::from_secs(120);
/// A silent connection is asked whether it lives, and given up after some silence more.
const KEEP_ALIVE: Duration = Duration::from_secs(30);
const KEEP_ALIVE_TIMEOUT: Duration = Duration::from_secs(15);
/// A page of a thousand certificates with their keys has about ten megabytes.
const RESPONSE_LIMIT: usize = 32 * 1024 * 1024;

/// Why a client cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The endpoint is no address of a server.
    #[error("the endpoint \"{0}\" is not an address such as \"https://localhost:8443\"")]
    Endpoint(String),
    /// Plain http would show the token to whoever is on the way.
    #[error("the endpoint \"{0}\" is neither https nor on this machine")]
    PlainHttp(String),
    /// A domain that is none.
    #[error("\"{0}\" is not a domain such as \"konghq.com\"")]
    Domain(String),
    /// Certificates that cannot be used.
    #[error("the certificates of authorities cannot be used: {0}")]
    Certificates(String),
    /// TLS cannot be set up.
    #[error("TLS cannot be set up")]
    Tls(#[source] rustls::Error),
    /// The HTTP library refuses, for instance a user agent that is no header.
    #[error("the client cannot be set up")]
    Http(#[source] reqwest::Error),
}

/// Makes a [`Client`].
#[must_use]
#[derive(Clone)]
pub struct ClientBuilder {
    user_agent: String,
    timeout: Duration,
    connect_timeout: Duration,
    response_limit: usize,
    roots: Vec<Vec<u8>>,
    endpoint: Option<Url>,
    custom_domain: Option<String>,
    suffixes: Vec<String>,
    proxies: bool,
    lookup: Arc<dyn Lookup>,
}

impl Default for ClientBuilder {
    fn default() -> Self {
        Self {
            user_agent: concat!("konnect-sdk/", env!("CARGO_PKG_VERSION")).to_owned(),
            timeout: TIMEOUT,
            connect_timeout: CONNECT_TIMEOUT,
            response_limit: RESPONSE_LIMIT,
            roots: Vec::new(),
            endpoint: None,
            custom_domain: None,
            suffixes: Vec::new(),
            proxies: false,
            lookup: Arc::new(System),
        }
    }
}

impl ClientBuilder {
    /// What the client calls itself.
    pub fn user_agent(self, user_agent: impl Into<String>) -> Self {
        Self {
            user_agent: user_agent.into(),
            ..self
        }
    }

    /// How long a request may take, from the first byte of the connection to the last of the answer;
    /// 10 seconds unless said otherwise.
    pub fn timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// How long a connection may take to be there; 5 seconds unless said otherwise.
    pub fn connect_timeout(self, connect_timeout: Duration) -> Self {
        Self {
            connect_timeout,
            ..self
        }
    }

    /// How many bytes of an answer are read before it is given up; 32 MiB unless said otherwise.
    pub fn response_limit(self, response_limit: usize) -> Self {
        Self {
            response_limit,
            ..self
        }
    }

    /// Trusts the authorities in a PEM bundle besides those of the machine.
    pub fn root_certificates_pem(mut self, pem: &[u8]) -> Self {
        self.roots.push(pem.to_vec());
        self
    }

    /// Sends every request here, whatever server URLs say, the global region included. It counts as
    /// allowed, wherever it is. Plain http is for this machine only.
    pub fn endpoint(self, endpoint: Url) -> Self {
        Self {
            endpoint: Some(endpoint),
            ..self
        }
    }

    /// Puts a domain, which may have a port, in place of `konghq.com` in server URLs, as Kong's programs do
    /// with the environment variable `KONG_CUSTOM_DOMAIN`. Hosts in it count as allowed, wherever they are.
    pub fn custom_domain(self, domain: impl Into<String>) -> Self {
        Self {
            custom_domain: Some(domain.into()),
            ..self
        }
    }

    /// Lets tokens go to hosts in this domain, too, as long as their addresses are public.
    pub fn allow_host_suffix(mut self, domain: impl Into<String>) -> Self {
        self.suffixes.push(domain.into());
        self
    }

    /// Uses the proxies that `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY` name; without this they are not looked
    /// at. Behind a proxy it is the proxy that turns names into addresses, so only names are checked. What
    /// goes to a plain http endpoint is never proxied.
    pub fn proxies_from_environment(self) -> Self {
        Self {
            proxies: true,
            ..self
        }
    }

    /// Looks names up with this and not with the resolver of the machine. Addresses are checked all the
    /// same.
    pub fn lookup(self, lookup: Arc<dyn Lookup>) -> Self {
        Self { lookup, ..self }
    }

    /// The client.
    pub fn build(self) -> Result<Client, BuildError> {
        let plain = self
            .endpoint
            .as_ref()
            .map(check_endpoint)
            .transpose()?
            .is_some_and(|scheme| scheme == Scheme::Plain);
        let proxied = self.proxies && !plain;
        let trust = Arc::new(Trust {
            endpoint: self.endpoint,
            custom_domain: self.custom_domain.map(custom_domain).transpose()?,
            suffixes: self
                .suffixes
                .into_iter()
                .map(domain)
                .collect::<Result<_, _>>()?,
            proxies: if proxied { proxies() } else { Vec::new() },
        });
        let tls = if plain {
            tls::unused()?
        } else {
            tls::trusting(&self.roots)?
        };
        let guard = Guard {
            trust: Arc::clone(&trust),
            lookup: self.lookup,
        };
        let http = reqwest::Client::builder()
            .user_agent(self.user_agent)
            .timeout(self.timeout)
            .connect_timeout(self.connect_timeout)
            .pool_idle_timeout(IDLE)
            .tcp_keepalive(KEEP_ALIVE)
            .http2_keep_alive_interval(KEEP_ALIVE)
            .http2_keep_alive_timeout(KEEP_ALIVE_TIMEOUT)
            .http2_keep_alive_while_idle(true)
            .redirect(Policy::none())
            .referer(false)
            .retry(reqwest::retry::never())
            .dns_resolver(Arc::new(guard))
            .tls_backend_preconfigured(tls);
        let http = if proxied { http } else { http.no_proxy() };
        Ok(Client::new(Inner {
            http: http.build().map_err(BuildError::Http)?,
            trust,
            response_limit: self.response_limit,
            timeout: self.timeout,
        }))
    }
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("user_agent", &self.user_agent)
            .field("endpoint", &self.endpoint.as_ref().map(Url::as_str))
            .finish_non_exhaustive()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scheme {
    Plain,
    Secure,
}

fn check_endpoint(url: &Url) -> Result<Scheme, BuildError> {
    // Without credentials: they would stand in messages.
    let bare = || {
        let mut url = url.clone();
        let _ = url.set_password(None);
        url.to_string()
    };
    let loopback = match url.host() {
        Some(Host::Domain(name)) => name.trim_end_matches('.') == "localhost",
        Some(Host::Ipv4(address)) => IpAddr::from(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::from(address).is_loopback(),
        None => return Err(BuildError::Endpoint(bare())),
    };
    if !url.username().is_empty()
        || url.password().is_some()
        || url.query().is_some()
        || url.fragment().is_some()
    {
        return Err(BuildError::Endpoint(bare()));
    }
    match (url.scheme(), loopback) {
        ("https", _) => Ok(Scheme::Secure),
        ("http", true) => Ok(Scheme::Plain),
        ("http", false) => Err(BuildError::PlainHttp(bare())),
        _ => Err(BuildError::Endpoint(bare())),
    }
}

/// A domain as it is compared, without a dot in front.
fn domain(text: String) -> Result<String, BuildError> {
    match Host::parse(text.trim_start_matches('.')) {
        Ok(Host::Domain(name)) => Ok(name),
        Ok(Host::Ipv4(_) | Host::Ipv6(_)) | Err(_) => Err(BuildError::Domain(text)),
    }
}

/// A domain with or without a port.
fn custom_domain(text: String) -> Result<String, BuildError> {
    let Some((name, port)) = text.rsplit_once(':') else {
        return domain(text);
    };
    match (domain(name.to_owned()), port.parse::<u16>()) {
        (Ok(name), Ok(port)) => Ok(format!("{name}:{port}")),
        _ => Err(BuildError::Domain(text)),
    }
}

/// The hosts of the proxies in the environment, which the HTTP library reads by itself.
fn proxies() -> Vec<String> {
    ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"]
        .iter()
        .filter_map(|name| std::env::var(name).ok())
        .filter_map(|text| {
            let url = Url::parse(&text).or_else(|_| Url::parse(&format!("http://{text}")));
            Some(url.ok()?.host_str()?.to_owned())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(url: &str) -> Result<Client, BuildError> {
        Client::builder().endpoint(Url::parse(url).unwrap()).build()
    }

    #[test]
    fn plain_http_is_for_this_machine_only() {
        for url in [
            "http://127.0.0.1:8080",
            "http://[::1]:8080",
            "http://localhost/",
        ] {
            assert!(endpoint(url).is_ok(), "{url}");
        }
        for url in [
            "http://sim.test",
            "http://10.0.0.1",
            "http://127.0.0.1.sim.test",
        ] {
            assert!(
                matches!(endpoint(url), Err(BuildError::PlainHttp(_))),
                "{url}"
            );
        }
        for url in [
            "ftp://localhost",
            "https://u:canary@localhost",
            "https://localhost/?q",
            "data:x",
        ] {
            let error = endpoint(url).unwrap_err();
            assert!(matches!(error, BuildError::Endpoint(_)), "{url}");
            assert!(!error.to_string().contains("canary"), "{error}");
        }
    }

    #[test]
    fn what_is_no_domain_cannot_be_allowed() {
        for text in ["", ".", "10.0.0.1", "a b", "a/b", "a:1"] {
            let built = Client::builder().allow_host_suffix(text).build();
            assert!(matches!(built, Err(BuildError::Domain(_))), "{text}");
        }
        for text in ["", "internal.test:", "internal.test:99999", "10.0.0.1:80"] {
            let built = Client::builder().custom_domain(text).build();
            assert!(matches!(built, Err(BuildError::Domain(_))), "{text}");
        }
    }

    #[test]
    fn certificates_that_are_none_are_refused() {
        let garbage = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        for pem in ["", "no certificate", garbage] {
            let built = Client::builder()
                .root_certificates_pem(pem.as_bytes())
                .build();
            assert!(matches!(built, Err(BuildError::Certificates(_))), "{pem}");
        }
    }
}
