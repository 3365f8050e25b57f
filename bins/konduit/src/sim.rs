//! `konduit sim`: the simulated Konnect as a server, until somebody ends it.
//!
//! Everything but the words is in `konnect_sim_http`. Start with [`serve`].

use std::io::{ErrorKind, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, anyhow};
use konnect_sim::Konnect;
use konnect_sim_http::{Bodies, Origin, Server, Settings, StartError, Tls};
use tokio::sync::mpsc;

use crate::cli::Sim;

/// The organisation of tokens that are given.
const ORGANISATION: &str = "default";

/// What `Retry-After` says: the limit counts in seconds.
const RETRY_AFTER: u32 = 1;

/// Serves until Ctrl-C or a termination.
pub(crate) fn serve(options: &Sim, err: &mut dyn Write) -> Result<()> {
    let tls = match &options.tls_dir {
        Some(folder) => Some(Tls::kept_in(folder, &options.hosts)?),
        None => None,
    };
    let (end, mut ended) = mpsc::channel(1);
    ctrlc::set_handler(move || {
        // Once is enough: if there is no room for another, the first is still to be read.
        let _ = end.try_send(());
    })
    .context("cannot wait for Ctrl-C")?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start threads")?;
    runtime.block_on(async {
        let server = Server::start(Settings {
            listen: options.listen,
            tls,
            konnect: konnect(options),
            latency: Duration::from_millis(options.latency.into()),
            bodies: Bodies::Forgotten,
        })
        .await
        .map_err(not_started)?;
        greet(err, options, &server)?;
        ended.recv().await;
        server.stop().await;
        Ok(())
    })
}

/// The simulator as it is asked for.
fn konnect(options: &Sim) -> Konnect {
    // Konnect gives no id twice: whoever remembers one of an earlier run must not find something else.
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let mut konnect = Konnect::new(u64::try_from(now.as_nanos()).unwrap_or_default());
    if !options.tokens.is_empty() {
        konnect.close_to_strangers();
    }
    for token in &options.tokens {
        konnect.register_token(token, ORGANISATION);
    }
    if let Some(rate) = options.rate {
        konnect.limit(rate.get(), rate.get(), RETRY_AFTER);
    }
    konnect
}

fn not_started(error: StartError) -> anyhow::Error {
    let StartError::Listen { address, source } = &error;
    let hint = match source.kind() {
        ErrorKind::AddrInUse => "something else listens there; choose another with --listen",
        ErrorKind::AddrNotAvailable => {
            "this machine does not have it; choose another with --listen"
        }
        ErrorKind::PermissionDenied => {
            "ports below 1024 are for administrators; choose another with --listen"
        }
        _ => return anyhow!(error),
    };
    anyhow!("cannot listen on {address}: {hint}")
}

/// Says where it is, and how to use it.
fn greet(err: &mut dyn Write, options: &Sim, server: &Server) -> Result<()> {
    let (address, url) = (server.address(), server.url());
    if let Some(warning) = warning(address) {
        writeln!(err, "{warning}")?;
    }
    let mut authority = String::new();
    if let (Some(tls), Some(folder)) = (server.tls(), &options.tls_dir) {
        let made = match tls.origin() {
            Origin::Made => "new certificate",
            Origin::Found => "certificate",
        };
        let root = folder.join("ca.crt");
        writeln!(
            err,
            "{made} for {}; clients have to trust \"{}\"",
            tls.names().join(", "),
            root.display()
        )?;
        authority = format!("--cacert {} ", word(&root));
    }
    let (token, tokens) = match options.tokens.first() {
        Some(_) => ("TOKEN", "the given tokens are accepted and no others"),
        None => (
            "kpat_any",
            "every token is accepted that does not begin with kpat_bad",
        ),
    };
    writeln!(err, "{tokens}; for example:")?;
    let header = format!("-H 'Authorization: Bearer {token}'");
    writeln!(err, "  curl {authority}{header} {url}/v3/organizations/me")?;
    let named = options.hosts.iter().find(|host| !host.starts_with("*."));
    if let (Some(host), Some((_, to))) = (named, url.split_once("://")) {
        writeln!(
            err,
            "  curl {authority}--connect-to {host}:443:{to} {header} https://{host}/v3/organizations/me"
        )?;
    }
    writeln!(err, "  curl -N {authority}'{url}/sim/log?follow'")?;
    writeln!(err, "listening on {url}; Ctrl-C ends it")?;
    Ok(())
}

/// What to know of an address that is not of this machine alone.
fn warning(address: SocketAddr) -> Option<String> {
    (!address.ip().is_loopback()).then(|| {
        format!(
            "warning: {address} can be reached from other machines, which may then read and change what is \
             simulated"
        )
    })
}

/// A path as one word of a shell.
fn word(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "/._-+:".contains(letter);
    if text.chars().all(plain) {
        text
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_opens_it_to_other_machines_is_warned() {
        for (address, warned) in [
            ("127.0.0.1:8080", false),
            ("127.9.9.9:8080", false),
            ("[::1]:8080", false),
            ("0.0.0.0:8080", true),
            ("[::]:8080", true),
            ("192.0.2.1:8080", true),
        ] {
            let warning = warning(address.parse().unwrap());
            assert_eq!(warning.is_some(), warned, "{warning:?}");
        }
    }

    #[test]
    fn a_path_can_be_pasted_into_a_shell() {
        for (path, expected) in [
            ("sim-tls/ca.crt", "sim-tls/ca.crt"),
            ("my files/ca.crt", "'my files/ca.crt'"),
            ("it's", r"'it'\''s'"),
        ] {
            assert_eq!(word(Path::new(path)), expected);
        }
    }
}
