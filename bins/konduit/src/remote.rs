//! A real Konnect, or one that is served: which, and with whose token. What `plan` and `adopt` have in common.
//!
//! Start with [`Remote`]; `reading` asks and remembers.

mod reading;

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use clap::{ArgAction, Args, ValueHint};
use serde_json::{Value, json};

pub(crate) use self::reading::{Holding, Reading, is_listed_by_parent};
use crate::manifests::Manifest;
use crate::run::konnect::{Target, connect};

/// How long one request may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// How tokens begin.
const TOKENS: [&str; 2] = ["kpat_", "spat_"];

/// Which Konnect is asked.
#[derive(Args, Debug)]
#[command(next_help_heading = "Konnect")]
pub(crate) struct Remote {
    /// Send every request here, whatever spec.serverURL says; plain http only to this machine.
    #[arg(long, value_name = "URL")]
    konnect_url: Option<String>,
    /// Use the token in this file in place of those of the manifests.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    token_file: Option<PathBuf>,
    /// Trust these authorities, in PEM.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    konnect_ca_file: Option<PathBuf>,
    /// A domain besides konghq.com that tokens may go to.
    #[arg(long = "konnect-allowed-domain", value_name = "DOMAIN", action = ArgAction::Append)]
    #[arg(value_delimiter = ',')]
    allowed_domains: Vec<String>,
    /// What stands in place of konghq.com.
    #[arg(
        long,
        value_name = "DOMAIN",
        env = "KONG_CUSTOM_DOMAIN",
        hide_env_values = true
    )]
    kong_custom_domain: Option<String>,
}

impl Remote {
    /// The Konnect that is meant; nothing is asked yet.
    pub(crate) fn reading(&self) -> Result<Reading> {
        let konnect = connect(&Target {
            url: self.konnect_url.clone(),
            authorities: self.konnect_ca_file.clone(),
            domain: self.kong_custom_domain.clone(),
            allowed: self.allowed_domains.clone(),
            patience: PATIENCE,
        })?;
        Reading::new(konnect)
    }

    /// The token that is given, if one is.
    pub(crate) fn token(&self) -> Result<Option<String>> {
        let Some(file) = &self.token_file else {
            return Ok(None);
        };
        let text = fs::read_to_string(file)
            .with_context(|| format!("cannot read \"{}\"", file.display()))?;
        let token = text.trim();
        if token.is_empty() {
            bail!(
                "there is no token in \"{}\"; put a token of Konnect there, and nothing else",
                file.display()
            );
        }
        if !TOKENS.iter().any(|prefix| token.starts_with(prefix)) {
            bail!(
                "what stands in \"{}\" is no token of Konnect: tokens begin with {}",
                file.display(),
                TOKENS.join(" or ")
            );
        }
        Ok(Some(token.to_owned()))
    }
}

/// The credentials of the manifests with another token: whatever Secret had it need not be there.
pub(crate) fn use_token(manifests: &mut [Manifest], token: &str) {
    for manifest in manifests {
        if manifest.document["kind"] != "KonnectAPIAuthConfiguration" {
            continue;
        }
        if let Some(spec) = manifest.document["spec"].as_object_mut() {
            spec.remove("secretRef");
            spec.insert("type".to_owned(), json!("token"));
            spec.insert("token".to_owned(), Value::from(token));
        }
    }
}
