//! What performs calls to Konnect: the only place in the binary that knows how.
//!
//! A token goes to hosts of Konnect alone, or to those that the administrator names. Start with [`connect`].

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use http::{Request, Uri, header};
use konduit_runtime::Execute;
use kong_model::{Call, Failure, Host, Reply, Response, Sealed, ServerUrl};
use kube::{Client, Config, client::Body};
use rustls::pki_types::{CertificateDer, pem::PemObject as _};
use serde_json::Value;

/// The domains of Konnect, the second for Kong's own tests.
const KONNECT: [&str; 2] = ["konghq.com", "konghq.tech"];
/// What `KONG_CUSTOM_DOMAIN` stands in place of.
const REPLACED: &str = ".konghq.com";

/// What the administrator says of Konnect.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    /// Where every request goes, whatever server URLs say.
    pub(crate) url: Option<String>,
    /// Authorities to trust, in PEM.
    pub(crate) authorities: Option<PathBuf>,
    /// What stands in place of Konnect's domain.
    pub(crate) domain: Option<String>,
    /// Further domains that may have tokens.
    pub(crate) allowed: Vec<String>,
    /// How long a connection may take.
    pub(crate) patience: Duration,
}

/// A client of Konnect.
pub(crate) fn connect(target: &Target) -> Result<Arc<dyn Execute>> {
    let endpoint = target.url.as_deref().map(endpoint).transpose()?;
    let authorities = match &target.authorities {
        None => None,
        Some(file) => {
            let certificates: Result<Vec<_>, _> = CertificateDer::pem_file_iter(file)
                .and_then(Iterator::collect)
                .map(|ders: Vec<CertificateDer<'static>>| {
                    ders.iter().map(|der| der.to_vec()).collect()
                });
            Some(certificates.with_context(|| format!("cannot read \"{}\"", file.display()))?)
        }
    };
    Ok(Arc::new(Http {
        endpoint,
        authorities,
        domain: target.domain.clone(),
        allowed: target.allowed.clone(),
        patience: target.patience,
        clients: Mutex::default(),
    }))
}

/// An address that the administrator names. Plain http shows tokens to whoever is on the way.
fn endpoint(text: &str) -> Result<Uri> {
    let uri: Uri = text
        .parse()
        .with_context(|| format!("\"{text}\" is no URL"))?;
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
    let local = host == "localhost"
        || host
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback());
    match (uri.scheme_str(), local) {
        (Some("https"), _) | (Some("http"), true) => Ok(uri),
        (Some("http"), false) => bail!("\"{text}\" is plain http, which is for this machine only"),
        _ => bail!("\"{text}\" is no URL such as https://localhost:8443"),
    }
}

struct Http {
    endpoint: Option<Uri>,
    authorities: Option<Vec<Vec<u8>>>,
    domain: Option<String>,
    allowed: Vec<String>,
    patience: Duration,
    /// One a base URL: each holds its connections.
    clients: Mutex<HashMap<String, Client>>,
}

impl Http {
    /// The address of a server, if it may have the token.
    fn base(&self, server: &ServerUrl) -> Result<Uri, Failure> {
        if let Some(endpoint) = &self.endpoint {
            return Ok(endpoint.clone());
        }
        let text = server.to_string();
        let text = match &self.domain {
            Some(domain) => text.replacen(REPLACED, &format!(".{domain}"), 1),
            None => text,
        };
        let distrust = || Failure::Forbidden(format!("\"{text}\" is no server of Konnect"));
        let uri: Uri = text.parse().map_err(|_| distrust())?;
        let host = uri.host().ok_or_else(distrust)?;
        let below = |domain: &str| {
            host.strip_suffix(domain)
                .is_some_and(|rest| rest.ends_with('.'))
        };
        let named = self
            .domain
            .iter()
            .map(|domain| domain.split(':').next().unwrap_or(domain));
        let allowed = self.allowed.iter().map(String::as_str);
        if KONNECT.into_iter().chain(named).chain(allowed).any(below) {
            Ok(uri)
        } else {
            Err(distrust())
        }
    }

    fn client(&self, base: Uri) -> Result<Client, Failure> {
        // Clients are whole whoever panicked.
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = clients.get(&base.to_string()) {
            return Ok(client.clone());
        }
        let name = base.to_string();
        let mut config = Config::new(base);
        config.connect_timeout = Some(self.patience);
        config.root_cert.clone_from(&self.authorities);
        // One attempt: the engine knows when to try again.
        config.default_retry = false;
        let client = Client::try_from(config).map_err(|error| transport(&error))?;
        clients.insert(name, client.clone());
        Ok(client)
    }
}

/// The request as it goes over the wire.
fn wire(request: &kong_model::Request, token: &Sealed) -> Result<Request<Body>, Failure> {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(&request.query);
    let target = format!("{}?{}", request.path, query.finish());
    let body = request
        .body
        .as_ref()
        .map(ToString::to_string)
        .unwrap_or_default();
    Request::builder()
        .method(request.method.as_str())
        .uri(target.trim_end_matches('?'))
        .header(header::AUTHORIZATION, format!("Bearer {}", token.reveal()))
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(body.into_bytes()))
        .map_err(|_| Failure::Transport("the request cannot be made".to_owned()))
}

fn transport(error: &dyn std::error::Error) -> Failure {
    Failure::Transport(error.to_string())
}

#[async_trait::async_trait]
impl Execute for Http {
    async fn execute(
        &self,
        server: &ServerUrl,
        token: &Sealed,
        call: &Call,
    ) -> Result<Reply, Failure> {
        let request = call.request();
        let base = match request.host {
            Host::Region => self.base(server)?,
            Host::Global => self.base(&server.global())?,
        };
        let built = wire(&request, token)?;
        let answer = self
            .client(base)?
            .send(built)
            .await
            .map_err(|error| transport(&error))?;
        let (parts, body) = answer.into_parts();
        let retry_after = parts
            .headers
            .get(header::RETRY_AFTER)
            .and_then(|value| value.to_str().ok()?.parse().ok());
        let bytes = body
            .collect_bytes()
            .await
            .map_err(|error| transport(&error))?;
        let status = parts.status.as_u16();
        let body = if bytes.is_empty() {
            Value::Null
        } else {
            match serde_json::from_slice(&bytes) {
                Ok(body) => body,
                // A refusal may be the page of a proxy.
                Err(_) if status >= 300 => Value::Null,
                Err(_) => return Err(Failure::Transport("the answer is no JSON".to_owned())),
            }
        };
        call.interpret(Response {
            status,
            retry_after,
            body,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn http(domain: Option<&str>, allowed: &[&str]) -> Http {
        Http {
            endpoint: None,
            authorities: None,
            domain: domain.map(str::to_owned),
            allowed: allowed.iter().map(|&domain| domain.to_owned()).collect(),
            patience: Duration::from_secs(1),
            clients: Mutex::default(),
        }
    }

    fn base(http: &Http, server: &str) -> Option<String> {
        let server = ServerUrl::parse(server).unwrap();
        http.base(&server).ok().map(|uri| uri.to_string())
    }

    #[test]
    fn tokens_go_to_konnect_and_to_whom_the_administrator_names() {
        let konnect = http(None, &[]);
        let at = "https://us.api.konghq.com/".to_owned();
        assert_eq!(base(&konnect, "us.api.konghq.com"), Some(at));
        for stranger in [
            "us.api.example.com",
            "us.evilkonghq.com",
            "us.api.konghq.com.evil.test",
        ] {
            assert_eq!(base(&konnect, stranger), None, "{stranger}");
        }
        let at = "https://us.api.example.com/".to_owned();
        assert_eq!(
            base(&http(None, &["example.com"]), "us.api.example.com"),
            Some(at)
        );
    }

    #[test]
    fn a_custom_domain_stands_in_place_of_konnects_port_included() {
        let custom = http(Some("internal.test:8443"), &[]);
        let at = "https://us.api.internal.test:8443/".to_owned();
        assert_eq!(base(&custom, "us.api.konghq.com"), Some(at));
    }

    #[test]
    fn plain_http_is_for_this_machine() {
        assert!(endpoint("http://127.0.0.1:8080").is_ok());
        assert!(endpoint("http://[::1]:8080").is_ok());
        assert!(endpoint("https://konnect.example.com").is_ok());
        for wrong in [
            "http://konnect.example.com",
            "ftp://localhost",
            "localhost:80",
            "?",
        ] {
            assert!(endpoint(wrong).is_err(), "{wrong}");
        }
    }
}
