//! Which host a request goes to, and whether that host may have the token.
//!
//! Server URLs come from users; what else is here comes from whoever runs the program, whose word counts:
//! an endpoint for everything, a domain in place of Konnect's, more domains.

use kong_model::{Host, ServerUrl};
use url::{Host as UrlHost, Url};

/// The domains of Konnect, of which the second is its test environment.
const KONNECT: [&str; 2] = ["konghq.com", "konghq.tech"];

/// The domain in whose place `KONG_CUSTOM_DOMAIN` stands.
const REPLACED: &str = ".konghq.com";

/// Why a token is kept back.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Distrust {
    #[error("\"{0}\" is not the address of a server, as \"https://us.api.konghq.com\" is")]
    Unreadable(String),
    #[error("\"{host}\" is not below one of the allowed domains, which are {allowed}")]
    Host { host: String, allowed: String },
    #[error("\"{0}\" leads to an address that is not on the public internet")]
    Address(String),
    #[error("\"{host}\" redirects to {to}, and redirects are not followed")]
    Redirect { host: String, to: String },
}

/// Which names may lead to which addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Addresses of the public internet.
    Public,
    /// This machine, since nothing protects what is sent.
    Loopback,
    /// Any.
    Anywhere,
}

/// What whoever runs the program has said about hosts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trust {
    /// Where every request goes, whatever server URLs say.
    pub(crate) endpoint: Option<Url>,
    /// What stands in place of Konnect's domain: `internal.example` or `internal.example:8443`.
    pub(crate) custom_domain: Option<String>,
    /// Further domains.
    pub(crate) suffixes: Vec<String>,
    /// Hosts of proxies.
    pub(crate) proxies: Vec<String>,
}

impl Trust {
    /// The URL in front of the path of a request, if its host may have the token.
    pub(crate) fn base(&self, server: &ServerUrl, host: Host) -> Result<Url, Distrust> {
        if let Some(endpoint) = &self.endpoint {
            return Ok(endpoint.clone());
        }
        // Whatever is wrong is said of what the user wrote.
        let own = self.place(&server.to_string())?;
        match host {
            Host::Region => Ok(own),
            Host::Global => self.place(&server.global().to_string()),
        }
    }

    /// The URL of a server, if it may have the token.
    fn place(&self, text: &str) -> Result<Url, Distrust> {
        let unreadable = || Distrust::Unreadable(text.to_owned());
        let url = Url::parse(text).map_err(|_| unreadable())?;
        let plain = url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none();
        let Some(UrlHost::Domain(name)) = url.host().filter(|_| plain) else {
            return Err(unreadable());
        };
        if let (Some(domain), Some(stem)) = (&self.custom_domain, name.strip_suffix(REPLACED)) {
            let replaced = format!("https://{stem}.{domain}{}", url.path());
            return Url::parse(&replaced).map_err(|_| unreadable());
        }
        let of_konnect = KONNECT.iter().any(|domain| is_below(name, domain));
        let added = || self.suffixes.iter().any(|domain| is_below(name, domain));
        if self.is_custom(name, url.port()) || of_konnect || added() {
            return Ok(url);
        }
        let allowed: Vec<&str> = KONNECT
            .into_iter()
            .chain(self.suffixes.iter().map(String::as_str))
            .collect();
        Err(Distrust::Host {
            host: name.to_owned(),
            allowed: allowed.join(", "),
        })
    }

    /// What addresses a name may have.
    pub(crate) fn reach(&self, name: &str) -> Reach {
        let is_host = |url: &Url| url.host_str().is_some_and(|host| is_same(host, name));
        match &self.endpoint {
            Some(endpoint) if is_host(endpoint) && endpoint.scheme() == "http" => {
                return Reach::Loopback;
            }
            Some(endpoint) if is_host(endpoint) => return Reach::Anywhere,
            Some(_) | None => {}
        }
        let custom = self.custom_domain.as_deref().map(without_port);
        if custom.is_some_and(|domain| is_below(name, domain))
            || self.proxies.iter().any(|proxy| is_same(proxy, name))
        {
            return Reach::Anywhere;
        }
        Reach::Public
    }

    fn is_custom(&self, name: &str, port: Option<u16>) -> bool {
        let Some(domain) = &self.custom_domain else {
            return false;
        };
        let authority = match port {
            Some(port) => format!("{name}:{port}"),
            None => name.to_owned(),
        };
        is_below(&authority, domain)
    }
}

/// Whether a name is that of a domain or of something in it.
fn is_below(name: &str, domain: &str) -> bool {
    let name = name.trim_end_matches('.');
    name.len() > domain.len()
        && name.is_char_boundary(name.len() - domain.len())
        && name[name.len() - domain.len()..].eq_ignore_ascii_case(domain)
        && name[..name.len() - domain.len()].ends_with('.')
        || name.eq_ignore_ascii_case(domain)
}

fn is_same(one: &str, other: &str) -> bool {
    one.trim_end_matches('.')
        .eq_ignore_ascii_case(other.trim_end_matches('.'))
}

fn without_port(authority: &str) -> &str {
    authority
        .rsplit_once(':')
        .map_or(authority, |(host, _)| host)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn goes_to(trust: &Trust, server: &str) -> Result<String, Distrust> {
        let server = ServerUrl::parse(server).unwrap();
        trust.base(&server, Host::Region).map(String::from)
    }

    #[test]
    fn the_hosts_of_konnect_get_the_token() {
        let trust = Trust::default();
        for (server, url) in [
            ("us.api.konghq.com", "https://us.api.konghq.com/"),
            ("https://eu.api.konghq.tech", "https://eu.api.konghq.tech/"),
            ("us.API.KongHQ.com.", "https://us.api.konghq.com./"),
            (
                "us.api.konghq.com/behind",
                "https://us.api.konghq.com/behind",
            ),
        ] {
            assert_eq!(goes_to(&trust, server).unwrap(), url);
        }
    }

    #[test]
    fn organisations_are_asked_for_in_the_global_region() {
        let server = ServerUrl::parse("eu.api.konghq.tech").unwrap();
        let url = Trust::default().base(&server, Host::Global).unwrap();
        assert_eq!(url.as_str(), "https://global.api.konghq.tech/");
        let server = ServerUrl::parse("eu.evil.test").unwrap();
        let refused = Trust::default().base(&server, Host::Global).unwrap_err();
        assert!(
            refused.to_string().contains("\"eu.evil.test\""),
            "{refused}"
        );
    }

    #[test]
    fn no_other_host_gets_the_token_however_it_is_spelled() {
        let trust = Trust {
            suffixes: vec!["corp.test".to_owned()],
            ..Trust::default()
        };
        for server in [
            "us.evil.test",
            "us.evil.test#.konghq.com",
            "us.evil.test/.konghq.com",
            "us.evil.test?.konghq.com",
            "us.evil.test\\.konghq.com",
            "us.api.konghq.com@evil.test",
            "us.x:y@api.konghq.com",
            "us.evilkonghq.com",
            "us.konghq.com.evil.test",
            "us.localhost",
            "us.evilcorp.test",
            "us.127.0.0.1",
            "us.api.konghq.com:99999",
        ] {
            assert!(goes_to(&trust, server).is_err(), "{server}");
        }
        assert!(goes_to(&trust, "us.corp.test").is_ok());
        let refused = goes_to(&trust, "us.evil.test").unwrap_err().to_string();
        assert_eq!(
            refused,
            "\"us.evil.test\" is not below one of the allowed domains, which are \
             konghq.com, konghq.tech, corp.test"
        );
    }

    #[test]
    fn a_custom_domain_stands_in_place_of_konnects() {
        let trust = Trust {
            custom_domain: Some("internal.test:8443".to_owned()),
            ..Trust::default()
        };
        for (server, url) in [
            ("us.api.konghq.com", "https://us.api.internal.test:8443/"),
            (
                "us.api.internal.test:8443",
                "https://us.api.internal.test:8443/",
            ),
            ("us.api.konghq.tech", "https://us.api.konghq.tech/"),
        ] {
            assert_eq!(goes_to(&trust, server).unwrap(), url);
        }
        // Another port is another server.
        assert!(goes_to(&trust, "us.api.internal.test").is_err());
        assert_eq!(trust.reach("us.api.internal.test"), Reach::Anywhere);
        assert_eq!(trust.reach("us.api.konghq.tech"), Reach::Public);
    }

    #[test]
    fn an_endpoint_takes_everything() {
        let trust = Trust {
            endpoint: Some(Url::parse("http://localhost:8080/").unwrap()),
            ..Trust::default()
        };
        assert_eq!(
            goes_to(&trust, "us.evil.test").unwrap(),
            "http://localhost:8080/"
        );
        assert_eq!(trust.reach("localhost"), Reach::Loopback);
        let trust = Trust {
            endpoint: Some(Url::parse("https://sim.test/").unwrap()),
            ..Trust::default()
        };
        assert_eq!(trust.reach("sim.test"), Reach::Anywhere);
        assert_eq!(trust.reach("us.api.konghq.com"), Reach::Public);
    }
}
