//! TLS, HTTP/2, and authorities of one's own.

use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use async_trait::async_trait;
use axum::http::Version;
use axum_server::tls_rustls::RustlsConfig;
use kong_model::{Call, Failure, ServerUrl};
use konnect_sdk::{Client, Execute as _, Lookup};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

use crate::server::{Asked, answer, list, listen, router, server_url, token};

/// Every host is this machine.
struct Home;

#[async_trait]
impl Lookup for Home {
    async fn lookup(&self, _: &str) -> io::Result<Vec<IpAddr>> {
        Ok(vec![Ipv4Addr::LOCALHOST.into()])
    }
}

struct Secure {
    port: u16,
    /// The authority, as PEM.
    authority: String,
    log: Arc<std::sync::Mutex<Vec<Asked>>>,
}

/// A server with a certificate for these names, and these protocols.
fn serve(names: &[&str], protocols: &[&[u8]]) -> Secure {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(names)
        .unwrap()
        .signed_by(&key, &issuer)
        .unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
    let (listener, address) = listen();
    let (router, log) = router(|_| answer(200, r#"{"id": "o", "data": []}"#));
    let tls = RustlsConfig::from_config(Arc::new(config));
    let server = axum_server::from_tcp_rustls(listener, tls).unwrap();
    tokio::spawn(server.serve(router.into_make_service()));
    Secure {
        port: address.port(),
        authority: issuer.pem(),
        log,
    }
}

fn endpoint(server: &Secure) -> url::Url {
    url::Url::parse(&format!("https://localhost:{}", server.port)).unwrap()
}

/// A client that trusts this authority alone.
fn trusting(authority: &str, server: &Secure) -> Client {
    Client::builder()
        .endpoint(endpoint(server))
        .root_certificates_pem(authority.as_bytes())
        .build()
        .unwrap()
}

async fn is_refused_by_one_that_trusts(authority: &str, server: &Secure) {
    let client = trusting(authority, server);
    let reply = client.execute(&server_url(), &token(), &list()).await;
    assert!(matches!(reply, Err(Failure::Transport(_))), "{reply:?}");
    assert!(server.log.lock().unwrap().is_empty());
}

#[tokio::test]
async fn http_2_is_spoken_where_the_server_has_it() {
    for (protocols, version) in [
        (&[&b"h2"[..], b"http/1.1"][..], Version::HTTP_2),
        (&[&b"http/1.1"[..]][..], Version::HTTP_11),
    ] {
        let server = serve(&["localhost"], protocols);
        let client = trusting(&server.authority, &server);
        for _ in 0..2 {
            let reply = client.execute(&server_url(), &token(), &list()).await;
            assert!(reply.is_ok(), "{reply:?}");
        }
        let log = server.log.lock().unwrap();
        assert_eq!(log.len(), 2);
        assert!(log.iter().all(|asked| asked.version == version), "{log:?}");
    }
}

#[tokio::test]
async fn who_is_certified_by_nobody_we_know_gets_no_token() {
    let server = serve(&["localhost"], &[b"h2"]);
    let stranger = Client::builder().endpoint(endpoint(&server)).build();
    // A machine without any authorities trusts nobody either.
    if let Ok(stranger) = stranger {
        let reply = stranger.execute(&server_url(), &token(), &list()).await;
        let Err(Failure::Transport(text)) = reply else {
            panic!("{reply:?}");
        };
        assert!(
            text.contains("cannot be reached: invalid peer certificate"),
            "{text}"
        );
    }
    let other = serve(&["localhost"], &[b"h2"]);
    is_refused_by_one_that_trusts(&other.authority, &server).await;
}

#[tokio::test]
async fn a_certificate_for_another_name_gets_no_token() {
    let server = serve(&["other.test"], &[b"h2"]);
    is_refused_by_one_that_trusts(&server.authority, &server).await;
}

#[tokio::test]
async fn a_custom_domain_may_be_at_home_and_has_its_own_global_region() {
    let names = ["us.api.internal.test", "global.api.internal.test"];
    let server = serve(&names, &[b"h2"]);
    let client = Client::builder()
        .custom_domain(format!("internal.test:{}", server.port))
        .lookup(Arc::new(Home))
        .root_certificates_pem(server.authority.as_bytes())
        .build()
        .unwrap();
    let url = ServerUrl::parse("us.api.konghq.com").unwrap();
    for call in [list(), Call::WhoAmI] {
        let reply = client.execute(&url, &token(), &call).await;
        assert!(reply.is_ok(), "{reply:?}");
    }
    let hosts: Vec<String> = server
        .log
        .lock()
        .unwrap()
        .iter()
        .map(|asked| asked.uri.host().unwrap_or_default().to_owned())
        .collect();
    assert_eq!(hosts, names);
    // Konnect's test environment is not where the domain stands, so it is held to what all are.
    let url = ServerUrl::parse("us.api.konghq.tech").unwrap();
    let reply = client.execute(&url, &token(), &list()).await;
    assert!(matches!(reply, Err(Failure::Untrusted(_))), "{reply:?}");
}
