//! Ports that are free now. Somebody else may take one before a server does, so a start is tried again when that
//! happens.

use std::net::{Ipv4Addr, TcpListener};

use crate::Error;

/// As many ports as asked for, all different.
pub fn free<const N: usize>() -> Result<[u16; N], Error> {
    let mut ports = [0; N];
    // Held until all are known, or the system might give out the same one twice.
    let mut held = Vec::with_capacity(N);
    for port in &mut ports {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(Error::Port)?;
        *port = listener.local_addr().map_err(Error::Port)?.port();
        held.push(listener);
    }
    Ok(ports)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_port_is_given_out_twice() {
        let mut ports = free::<16>().unwrap().to_vec();
        ports.sort_unstable();
        ports.dedup();
        assert_eq!(ports.len(), 16);
        assert!(!ports.contains(&0));
    }
}
