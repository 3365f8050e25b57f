//! What performs calls to Konnect: a client as the administrator wants it. Start with [`connect`].

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use konduit_runtime::Execute;
use konnect_sdk::Client;
use url::Url;

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
    /// How long a request may take.
    pub(crate) patience: Duration,
}

/// A client of Konnect.
pub(crate) fn connect(target: &Target) -> Result<Arc<dyn Execute>> {
    let mut builder = Client::builder()
        .user_agent(super::AGENT)
        .timeout(target.patience);
    if let Some(text) = &target.url {
        let endpoint: Url = text
            .parse()
            .with_context(|| format!("\"{text}\" is no URL"))?;
        builder = builder.endpoint(endpoint);
    }
    if let Some(file) = &target.authorities {
        let pem =
            std::fs::read(file).with_context(|| format!("cannot read \"{}\"", file.display()))?;
        builder = builder.root_certificates_pem(&pem);
    }
    if let Some(domain) = &target.domain {
        builder = builder.custom_domain(domain);
    }
    for domain in &target.allowed {
        builder = builder.allow_host_suffix(domain);
    }
    let client = builder.build().context("Konnect cannot be talked to")?;
    Ok(Arc::new(client))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(url: &str) -> Target {
        Target {
            url: Some(url.to_owned()),
            authorities: None,
            domain: None,
            allowed: Vec::new(),
            patience: Duration::from_secs(1),
        }
    }

    #[test]
    fn plain_http_is_for_this_machine() {
        assert!(connect(&target("http://127.0.0.1:8080")).is_ok());
        assert!(connect(&target("http://[::1]:8080")).is_ok());
        for wrong in ["http://konnect.example.com", "ftp://localhost", "konnect"] {
            assert!(connect(&target(wrong)).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_file_of_authorities_that_is_not_there_is_named() {
        let missing = Target {
            authorities: Some(PathBuf::from("/nowhere/ca.crt")),
            ..target("https://localhost:8443")
        };
        let error = connect(&missing).err().map(|error| format!("{error:#}"));
        assert!(error.is_some_and(|it| it.contains("/nowhere/ca.crt")));
    }
}
