//! The address of a Konnect region, as users write it and as requests need it.
//!
//! Rules: a leading `https://` is dropped, the first label is the region, the rest the base; the region
//! is `global` or two lower-case letters (konnect.md 5.1). `KONG_CUSTOM_DOMAIN` and test servers are
//! the business of the shell.

use std::fmt;

/// A parsed `spec.serverURL`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServerUrl {
    region: String,
    base: String,
}

/// Why a server URL cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ServerUrlError {
    /// The first label is no region.
    #[error(
        "failed to parse region from hostname: \"{0}\" does not begin with `global` or a region of two letters, as `us.api.konghq.com` does"
    )]
    Region(String),
    /// A scheme other than https.
    #[error("\"{0}\" does not use https")]
    Scheme(String),
}

impl ServerUrl {
    /// Parses `us.api.konghq.com` or `https://us.api.konghq.com`.
    pub fn parse(text: &str) -> Result<Self, ServerUrlError> {
        let host = text
            .strip_prefix("https://")
            .unwrap_or(text)
            .trim_end_matches('/');
        if host.contains("://") {
            return Err(ServerUrlError::Scheme(text.to_owned()));
        }
        let Some((region, base)) = host.split_once('.') else {
            return Err(ServerUrlError::Region(host.to_owned()));
        };
        let two_letters = region.len() == 2 && region.bytes().all(|b| b.is_ascii_lowercase());
        if (region == "global" || two_letters) && !base.is_empty() {
            Ok(Self {
                region: region.to_owned(),
                base: base.to_owned(),
            })
        } else {
            Err(ServerUrlError::Region(host.to_owned()))
        }
    }

    /// `us`, `eu`, `global`, ...
    pub fn region(&self) -> &str {
        &self.region
    }

    /// The host without the region: `api.konghq.com`.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// The same environment in its global region, where organisations and users live.
    #[must_use]
    pub fn global(&self) -> Self {
        Self {
            region: "global".to_owned(),
            base: self.base.clone(),
        }
    }
}

impl fmt::Display for ServerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "https://{}.{}", self.region, self.base)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_spellings_give_one_url() {
        for text in [
            "us.api.konghq.com",
            "https://us.api.konghq.com",
            "https://us.api.konghq.com/",
        ] {
            assert_eq!(
                ServerUrl::parse(text).unwrap().to_string(),
                "https://us.api.konghq.com"
            );
        }
    }

    #[test]
    fn a_host_without_a_region_is_refused() {
        for text in [
            "api.konghq.com",
            "localhost",
            "usa.api.konghq.com",
            "US.api.konghq.com",
            "us.",
            "",
        ] {
            assert!(ServerUrl::parse(text).is_err(), "{text}");
        }
        assert!(matches!(
            ServerUrl::parse("http://us.api.test"),
            Err(ServerUrlError::Scheme(_))
        ));
    }
}
