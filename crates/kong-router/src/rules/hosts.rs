//! Hosts and their ports, taken apart the way in which Kong does it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A host as Kong takes it apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Host {
    /// An address.
    Address(IpAddr),
    /// A name.
    Name(String),
}

/// Why a text is no host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoHost {
    /// The port is above 65535.
    Port,
    /// Everything else.
    Look,
}

/// Takes a host and its port apart, the way in which Kong does: what has two colons is an address of version 6,
/// what has only digits and points is one of version 4, and everything else is a name.
pub(crate) fn host_and_port(text: &str) -> Result<(Host, Option<u16>), NoHost> {
    let colons = text.matches(':').count();
    if colons > 1 {
        return version_6(text);
    }
    let (name, port) = match text.rsplit_once(':') {
        Some((name, digits)) if is_number(digits) => {
            (name, Some(digits.parse().map_err(|_| NoHost::Port)?))
        }
        _ => (text, None),
    };
    let bare = text.replace(':', "");
    if !bare.is_empty()
        && bare
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'.')
    {
        let address: Ipv4Addr = without_leading_zeros(name)
            .parse()
            .map_err(|_| NoHost::Look)?;
        return Ok((Host::Address(address.into()), port));
    }
    if is_host_name(name) {
        Ok((Host::Name(name.to_owned()), port))
    } else {
        Err(NoHost::Look)
    }
}

fn version_6(text: &str) -> Result<(Host, Option<u16>), NoHost> {
    let (address, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, "")) => (address, None),
        Some((address, port)) => {
            let digits = port.strip_prefix(':').ok_or(NoHost::Look)?;
            if !is_number(digits) {
                return Err(NoHost::Look);
            }
            (address, Some(digits.parse().map_err(|_| NoHost::Port)?))
        }
        None => (text, None),
    };
    let address: Ipv6Addr = address.parse().map_err(|_| NoHost::Look)?;
    Ok((Host::Address(address.into()), port))
}

fn without_leading_zeros(address: &str) -> String {
    let part = |part: &str| match part.trim_start_matches('0') {
        "" if !part.is_empty() && part.len() <= 3 => "0".to_owned(),
        rest if part.len() <= 3 => rest.to_owned(),
        _ => part.to_owned(),
    };
    address.split('.').map(part).collect::<Vec<_>>().join(".")
}

pub(super) fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_host_name(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    if name.is_empty() || !name.bytes().all(allowed) {
        return false;
    }
    let labels: Vec<&str> = name.split('.').collect();
    let last = labels.len() - 1;
    labels
        .iter()
        .enumerate()
        .all(|(index, label)| !label.ends_with('-') && (!label.is_empty() || index == last))
}
