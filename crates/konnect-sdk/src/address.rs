//! Which addresses are on the public internet. A token goes to no other, unless whoever runs the program
//! has said where to: a name that somebody else wrote may lead to a metadata service or to a neighbour.
//!
//! The ranges are those that IANA's special-purpose registries list as not globally reachable.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Whether an address can be reached from everywhere and belongs to somebody in particular.
pub(crate) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let shared = a == 100 && (64..128).contains(&b);
    let this_network = a == 0;
    let protocols = (a, b, c) == (192, 0, 0);
    let benchmarks = a == 198 && (b == 18 || b == 19);
    let reserved = a >= 240;
    !(address.is_loopback()
        || address.is_private()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_documentation()
        || shared
        || this_network
        || protocols
        || benchmarks
        || reserved)
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    // An IPv4 address in IPv6 clothes is judged by what is beneath.
    if let Some(embedded) = embedded(address) {
        return is_public_v4(embedded);
    }
    let segments = address.segments();
    // 2000::/3 is all that is given out.
    let unicast = segments[0] & 0xe000 == 0x2000;
    let documentation = segments[..2] == [0x2001, 0xdb8] || segments[0] == 0x3fff;
    // 2001::/23, of which 2001:4::/22 and others are for protocols, Teredo among them.
    let protocols = segments[0] == 0x2001 && segments[1] < 0x200;
    unicast && !documentation && !protocols
}

/// The IPv4 address in a mapped, translated (NAT64) or 6to4 address.
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let segments = address.segments();
    let from = |high: u16, low: u16| Ipv4Addr::from(u32::from(high) << 16 | u32::from(low));
    match segments {
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            Some(from(high, low))
        }
        [0x2002, high, low, ..] => Some(from(high, low)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_the_public_internet_are_public() {
        for (address, public) in [
            ("52.20.1.1", true),
            ("100.63.255.255", true),
            ("100.128.0.1", true),
            ("172.32.0.1", true),
            ("2600:1f18::1", true),
            ("64:ff9b::3414:101", true),
            ("2002:3414:101::1", true),
            ("127.0.0.1", false),
            ("10.0.0.1", false),
            ("172.16.0.1", false),
            ("192.168.1.1", false),
            ("169.254.169.254", false),
            ("100.64.0.1", false),
            ("0.0.0.0", false),
            ("192.0.0.8", false),
            ("198.18.0.1", false),
            ("203.0.113.1", false),
            ("224.0.0.1", false),
            ("240.0.0.1", false),
            ("255.255.255.255", false),
            ("::", false),
            ("::1", false),
            ("::ffff:127.0.0.1", false),
            ("::ffff:10.0.0.1", false),
            ("::7f00:1", false),
            ("64:ff9b::a9fe:a9fe", false),
            ("2002:a00:1::1", false),
            ("fe80::1", false),
            ("fc00::1", false),
            ("fd00:ec2::254", false),
            ("ff02::1", false),
            ("2001:db8::1", false),
            ("2001::1", false),
        ] {
            let parsed: IpAddr = address.parse().unwrap();
            assert_eq!(is_public(parsed), public, "{address}");
        }
    }
}
