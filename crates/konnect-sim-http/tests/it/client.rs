//! A client for tests: short ways to ask a server, and whole answers.

use std::time::Duration;

use konnect_sim::Konnect;
use konnect_sim_http::{Server, Settings};
use reqwest::header::HeaderMap;
use reqwest::{Client, ClientBuilder, Method};
use rustls::crypto::ring::default_provider;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use serde_json::{Value, json};

pub(crate) const TOKEN: &str = "kpat_test";

/// Far longer than anything takes, even on a machine with much else to do.
const PATIENCE: Duration = Duration::from_secs(60);

/// Which HTTP is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Http {
    One,
    Two,
}

/// An answer as it came.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) version: reqwest::Version,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }
}

/// A server and who asks it.
#[derive(Clone, Debug)]
pub(crate) struct Asks {
    client: Client,
    url: String,
    token: Option<String>,
    host: Option<&'static str>,
}

/// A server with these settings.
pub(crate) async fn start(settings: Settings) -> Server {
    Server::start(settings).await.unwrap()
}

/// A server that accepts this token alone.
pub(crate) async fn start_for(token: &str) -> Server {
    let mut konnect = Konnect::new(1);
    konnect.close_to_strangers();
    konnect.register_token(token, "default");
    start(Settings {
        konnect,
        ..Settings::default()
    })
    .await
}

/// A client that trusts one authority, or none.
pub(crate) fn builder(authority: Option<&str>, http: Http) -> ClientBuilder {
    let mut roots = RootCertStore::empty();
    if let Some(pem) = authority {
        roots
            .add(CertificateDer::from_pem_slice(pem.as_bytes()).unwrap())
            .unwrap();
    }
    let mut config = ClientConfig::builder_with_provider(default_provider().into())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = match http {
        Http::One => vec![b"http/1.1".to_vec()],
        Http::Two => vec![b"h2".to_vec(), b"http/1.1".to_vec()],
    };
    let builder = Client::builder()
        .tls_backend_preconfigured(config)
        .timeout(PATIENCE)
        .no_proxy();
    match (http, authority) {
        (Http::One, _) => builder.http1_only(),
        (Http::Two, None) => builder.http2_prior_knowledge(),
        (Http::Two, Some(_)) => builder,
    }
}

impl Asks {
    pub(crate) fn of(server: &Server, http: Http) -> Self {
        let authority = server.tls().map(konnect_sim_http::Tls::authority);
        Self::with(builder(authority, http).build().unwrap(), server.url())
    }

    pub(crate) fn with(client: Client, url: String) -> Self {
        Self {
            client,
            url,
            token: Some(TOKEN.to_owned()),
            host: None,
        }
    }

    pub(crate) fn token(&self, token: Option<&str>) -> Self {
        Self {
            token: token.map(str::to_owned),
            ..self.clone()
        }
    }

    pub(crate) fn host(&self, host: &'static str) -> Self {
        Self {
            host: Some(host),
            ..self.clone()
        }
    }

    pub(crate) fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let mut request = self.client.request(method, format!("{}{path}", self.url));
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        if let Some(host) = self.host {
            request = request.header("host", host);
        }
        request
    }

    /// The answer, or the error of the connection.
    pub(crate) async fn try_ask(
        &self,
        method: &str,
        path: &str,
        body: impl Into<reqwest::Body>,
    ) -> Result<Answer, reqwest::Error> {
        let response = self.request(method, path).body(body).send().await?;
        Ok(Answer {
            status: response.status().as_u16(),
            version: response.version(),
            headers: response.headers().clone(),
            text: response.text().await?,
        })
    }

    pub(crate) async fn ask(
        &self,
        method: &str,
        path: &str,
        body: impl Into<reqwest::Body>,
    ) -> Answer {
        self.try_ask(method, path, body)
            .await
            .unwrap_or_else(|error| panic!("{method} {path}: {error:?}"))
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, "").await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.ask("POST", path, body.to_string()).await
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> Answer {
        self.ask("PUT", path, body.to_string()).await
    }

    /// Creates a control plane; gives its path.
    pub(crate) async fn control_plane(&self, name: &str) -> String {
        let answer = self
            .post("/v2/control-planes", &json!({ "name": name }))
            .await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        let id = answer.json()["id"].as_str().unwrap().to_owned();
        format!("/v2/control-planes/{id}")
    }
}

/// An id that is easy to read: `id(7)`.
pub(crate) fn id(number: usize) -> String {
    format!("00000000-0000-4000-8000-{number:012}")
}
