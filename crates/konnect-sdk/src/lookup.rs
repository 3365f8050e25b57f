//! From names to addresses, with a guard: a host that is allowed by its name may still lead to an address
//! that no token should go to. What the guard lets through is what is connected to, so that a name cannot
//! mean something else a moment later.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use async_trait::async_trait;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::address::is_public;
use crate::trust::{Distrust, Reach, Trust};

/// Finds the addresses of a host.
#[async_trait]
pub trait Lookup: Send + Sync + 'static {
    /// Every address of `host`.
    async fn lookup(&self, host: &str) -> io::Result<Vec<IpAddr>>;
}

/// The resolver of the machine, which is not asked for names below `localhost`: they are this machine (RFC 6761,
/// section 6.3), and not every resolver knows that.
#[derive(Debug)]
pub(crate) struct System;

#[async_trait]
impl Lookup for System {
    async fn lookup(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        if is_below_localhost(host) {
            return Ok(vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]);
        }
        let addresses = tokio::net::lookup_host((host, 0)).await?;
        Ok(addresses.map(|address| address.ip()).collect())
    }
}

fn is_below_localhost(host: &str) -> bool {
    let host = host.trim_end_matches('.');
    host.rsplit_once('.')
        .is_some_and(|(_, last)| last.eq_ignore_ascii_case("localhost"))
}

/// Lets names through only to addresses that they may have.
pub(crate) struct Guard {
    pub(crate) trust: Arc<Trust>,
    pub(crate) lookup: Arc<dyn Lookup>,
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let (trust, lookup) = (Arc::clone(&self.trust), Arc::clone(&self.lookup));
        Box::pin(async move {
            let name = name.as_str();
            let addresses = lookup.lookup(name).await?;
            let reach = trust.reach(name);
            // One bad address is enough: who answers with it is not who we take them for.
            if !addresses.iter().all(|address| reach.covers(*address)) {
                return Err(Distrust::Address(name.to_owned()).into());
            }
            let addresses = addresses
                .into_iter()
                .map(|address| SocketAddr::new(address, 0));
            Ok(Box::new(addresses) as Addrs)
        })
    }
}

impl Reach {
    fn covers(self, address: IpAddr) -> bool {
        match self {
            Self::Public => is_public(address),
            Self::Loopback => address.is_loopback(),
            Self::Anywhere => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_below_localhost_are_this_machine_and_no_others_are() {
        for (host, is_local) in [
            ("us.api.localhost", true),
            ("us.api.LocalHost.", true),
            // The machine has its own word on this one.
            ("localhost", false),
            ("us.notlocalhost", false),
            ("us.localhost.test", false),
        ] {
            assert_eq!(is_below_localhost(host), is_local, "{host}");
        }
    }
}
