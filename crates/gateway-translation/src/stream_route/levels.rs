//! Which of several stream routes is tried first, where one is for a name and another for a wildcard that covers it.
//!
//! An expression has a priority for that. Without one Kong counts what a route asks of the client's address: a single
//! address for more than a port, and a port for more than a network. So a route that has to be tried before others asks
//! for any address there is, in a way that counts for as much as it needs.

use kong_model::entity::Address;

/// The highest level that there is.
pub(super) const HIGHEST: usize = 4;
/// Networks that every address is in.
const EVERYWHERE: [&str; 2] = ["0.0.0.0/0", "::/0"];
/// An address that counts, besides all others.
const SOMEBODY: &str = "127.0.0.1";
/// A port that counts, besides all others.
const SOME_PORT: u16 = 1;

/// Sources that hold for every client, and count for a level; none for the lowest.
pub(super) fn sources(level: usize) -> Option<Vec<Address>> {
    if level == 0 {
        return None;
    }
    let level = level.min(HIGHEST);
    let network = |ip: &str| Address {
        ip: Some(ip.to_owned()),
        port: None,
    };
    let mut sources: Vec<Address> = EVERYWHERE.into_iter().map(network).collect();
    if level.is_multiple_of(2) {
        sources.push(Address {
            ip: None,
            port: Some(SOME_PORT),
        });
    }
    if level > 2 {
        sources.push(network(SOMEBODY));
    }
    Some(sources)
}

#[cfg(test)]
mod tests {
    use kong_router::{EndTraits, stream_priority};

    use super::*;

    #[test]
    fn each_level_counts_for_more_than_the_one_below() {
        let priority = |level| {
            let sources = sources(level).unwrap_or_default();
            let ip = |it: &Address| it.ip.clone().unwrap_or_default();
            let traits = EndTraits {
                address: sources
                    .iter()
                    .any(|it| it.ip.is_some() && !ip(it).contains('/')),
                port: sources.iter().any(|it| it.port.is_some()),
                network: sources.iter().any(|it| ip(it).contains('/')),
            };
            let port = EndTraits {
                port: true,
                ..EndTraits::default()
            };
            stream_priority(true, traits, port).interpreted
        };
        for level in 0..HIGHEST {
            assert!(priority(level) < priority(level + 1), "{level}");
        }
        assert_eq!(sources(HIGHEST), sources(HIGHEST + 1));
    }
}
