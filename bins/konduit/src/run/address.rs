//! Addresses to listen on, as Kong's operator writes them: `:8080` is every address of the machine, `0` is
//! none.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::str::FromStr;

/// Where to listen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Address {
    /// Nowhere.
    Off,
    /// On every address of the machine.
    Everywhere(u16),
    /// On this one.
    At(SocketAddr),
}

impl FromStr for Address {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong =
            || format!("\"{text}\" is no address: write 127.0.0.1:8080, :8080, or 0 for none");
        if text.is_empty() || text == "0" {
            return Ok(Self::Off);
        }
        match text.strip_prefix(':') {
            Some(port) => port.parse().map(Self::Everywhere).map_err(|_| wrong()),
            None => text.parse().map(Self::At).map_err(|_| wrong()),
        }
    }
}

impl Address {
    /// Listens there.
    pub(crate) fn listen(self) -> io::Result<Option<TcpListener>> {
        match self {
            Self::Off => Ok(None),
            Self::At(address) => TcpListener::bind(address).map(Some),
            // Of both families where there are both.
            Self::Everywhere(port) => TcpListener::bind((Ipv6Addr::UNSPECIFIED, port))
                .or_else(|_| TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)))
                .map(Some),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_go_reads_them() {
        assert_eq!(":8080".parse(), Ok(Address::Everywhere(8080)));
        assert_eq!("0".parse(), Ok(Address::Off));
        let here = SocketAddr::from((Ipv4Addr::LOCALHOST, 80));
        assert_eq!("127.0.0.1:80".parse(), Ok(Address::At(here)));
        for wrong in ["8080", "localhost", ":x", ":70000"] {
            assert!(wrong.parse::<Address>().is_err(), "{wrong}");
        }
    }
}
