//! The priority that Kong gives a route without one, bit by bit.
//!
//! Kong means to build a number of 64 bits, in this order: how many attributes a route has, whether its
//! hosts have no wildcards, how many headers, whether its paths are patterns, `regex_priority`, how long its
//! path is. But a number that Lua shifts has 32 bits, so three of the parts land in the lower half, and one above
//! the other: the number of attributes at bit 29, the number of headers at bit 20, `regex_priority` at bit 19.
//! What reaches bit 31 is negative, and how that becomes 64 bits is up to LuaJIT: its interpreter gives one
//! number, and code that it has compiled gives another. Both are kept here.

use std::cmp::Ordering;

/// Hosts without wildcards.
const PLAIN_HOSTS: u64 = 1 << 60;
/// Paths that are patterns.
const PATTERN: u64 = 1 << 51;
/// Where the number of attributes lands: 61 was meant.
const ATTRIBUTES_SHIFT: u32 = 61 % 32;
/// Where the number of headers lands: 52 was meant.
const HEADERS_SHIFT: u32 = 52 % 32;
/// Where `regex_priority` lands, as meant.
const PATTERN_PRIORITY_SHIFT: u32 = 19;
/// More headers than this count as this many.
const MOST_HEADERS: u32 = 255;
/// The bits for the length of a path.
const LENGTH: u32 = 0x7_FFFF;
/// What the interpreter makes of a negative number: what the processor gives for a number out of range.
const OUT_OF_RANGE: u64 = 1 << 63;

/// Stream routes with names of TLS, or with both sources and destinations.
const STREAM_FIRST: u64 = 1 << 61;
const STREAM_ADDRESS: u64 = 1 << 3;
const STREAM_PORT: u64 = 1 << 2;
const STREAM_NETWORK: u64 = 1;
const SOURCE_SHIFT: u32 = 4;

/// Expressions in configurations come before derived ones.
const EXPRESSION: u64 = 0xFF << 56;

/// A priority, which for some routes is one of two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Priority {
    /// As the interpreter computes it, which is how it begins.
    pub interpreted: u64,
    /// As compiled code computes it.
    pub compiled: u64,
}

impl Priority {
    /// One that does not change.
    pub const fn fixed(value: u64) -> Self {
        Self {
            interpreted: value,
            compiled: value,
        }
    }

    /// That of an expression in a configuration.
    pub const fn of_expression(priority: u64) -> Self {
        Self::fixed(EXPRESSION | priority)
    }

    /// Whether it is one of two.
    pub const fn is_unstable(self) -> bool {
        self.interpreted != self.compiled
    }

    pub(crate) fn lowest(self) -> u64 {
        self.interpreted.min(self.compiled)
    }

    pub(crate) fn highest(self) -> u64 {
        self.interpreted.max(self.compiled)
    }

    /// By what came out first.
    pub(crate) fn order(self, other: Self) -> Ordering {
        self.interpreted.cmp(&other.interpreted)
    }
}

/// What of a route of HTTP counts for its priority.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HttpTraits {
    /// How many of methods, hosts, headers, SNIs and paths it has.
    pub attributes: u32,
    /// Whether it has a list of hosts in which there is no wildcard.
    pub plain_hosts: bool,
    /// How many headers it names.
    pub headers: u32,
    /// Whether its paths are patterns, and then its `regex_priority`.
    pub pattern: Option<i64>,
    /// The length of its paths in bytes, unless they are patterns.
    pub length: u32,
}

impl HttpTraits {
    /// The priority.
    pub fn priority(self) -> Priority {
        let halves = [
            shifted(self.attributes, ATTRIBUTES_SHIFT),
            shifted(self.headers.min(MOST_HEADERS), HEADERS_SHIFT),
            shifted(low(self.pattern.unwrap_or(0)), PATTERN_PRIORITY_SHIFT),
            (self.length & LENGTH).cast_signed(),
        ];
        let mut wide = 0;
        if self.plain_hosts {
            wide |= PLAIN_HOSTS;
        }
        if self.pattern.is_some() {
            wide |= PATTERN;
        }
        if wide == 0 {
            // All of it happens in 32 bits, and the result is widened.
            let narrow = halves.into_iter().fold(0, |all, half| all | half);
            return Priority {
                interpreted: interpreted(narrow),
                compiled: compiled(narrow),
            };
        }
        // One part is wide, so each of the others is widened first.
        Priority {
            interpreted: halves.into_iter().map(interpreted).fold(wide, |a, b| a | b),
            compiled: halves.into_iter().map(compiled).fold(wide, |a, b| a | b),
        }
    }
}

/// What of one end of a stream route counts for its priority.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EndTraits {
    /// Whether one is a single address.
    pub address: bool,
    /// Whether one has a port.
    pub port: bool,
    /// Whether one is a network.
    pub network: bool,
}

impl EndTraits {
    fn is_there(self) -> bool {
        self.address || self.port || self.network
    }

    fn bits(self) -> u64 {
        let bit = |there: bool, bit| if there { bit } else { 0 };
        bit(self.address, STREAM_ADDRESS)
            | bit(self.port, STREAM_PORT)
            | bit(self.network, STREAM_NETWORK)
    }
}

/// The priority of a stream route.
pub fn of_stream(snis: bool, sources: EndTraits, destinations: EndTraits) -> Priority {
    let first = snis || (sources.is_there() && destinations.is_there());
    let first = if first { STREAM_FIRST } else { 0 };
    Priority::fixed(first | sources.bits() << SOURCE_SHIFT | destinations.bits())
}

/// The lower half, which is what Lua's bit operations take of a number.
fn low(number: i64) -> u32 {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "what is above is what Lua drops"
    )]
    let low = number.cast_unsigned() as u32;
    low
}

fn shifted(number: u32, by: u32) -> i32 {
    (number << by).cast_signed()
}

fn interpreted(half: i32) -> u64 {
    u64::try_from(half).unwrap_or(OUT_OF_RANGE)
}

fn compiled(half: i32) -> u64 {
    i64::from(half).cast_unsigned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_alone_beats_prefix_method_and_header() {
        let pattern = HttpTraits {
            attributes: 1,
            pattern: Some(0),
            ..HttpTraits::default()
        };
        let three = HttpTraits {
            attributes: 3,
            headers: 2,
            length: 40,
            ..HttpTraits::default()
        };
        assert!(pattern.priority().interpreted > three.priority().interpreted);
    }

    #[test]
    fn a_regex_priority_above_1023_collides_with_the_number_of_attributes() {
        let with = |priority| {
            let traits = HttpTraits {
                attributes: 1,
                pattern: Some(priority),
                ..HttpTraits::default()
            };
            traits.priority()
        };
        assert!(with(512).interpreted > with(1024).interpreted);
        assert_eq!(with(8192), with(0));
        assert!(with(4096).is_unstable());
        assert!(with(-1).is_unstable());
        assert!(!with(1023).is_unstable());
    }

    #[test]
    fn four_attributes_overflow_in_one_of_two_ways() {
        let traits = HttpTraits {
            attributes: 4,
            headers: 1,
            length: 4,
            ..HttpTraits::default()
        };
        let expected = Priority {
            interpreted: 0x8000_0000_0000_0000,
            compiled: 0xFFFF_FFFF_8010_0004,
        };
        assert_eq!(traits.priority(), expected);
        let plain = HttpTraits {
            plain_hosts: true,
            ..traits
        };
        let expected = Priority {
            interpreted: 0x9000_0000_0010_0004,
            compiled: 0xFFFF_FFFF_8010_0004,
        };
        assert_eq!(plain.priority(), expected);
    }

    #[test]
    fn an_address_counts_more_than_a_port_and_a_port_more_than_a_network() {
        let end = |address, port, network| EndTraits {
            address,
            port,
            network,
        };
        let only = |end| of_stream(false, EndTraits::default(), end).interpreted;
        assert!(only(end(true, false, false)) > only(end(false, true, true)));
        assert!(only(end(false, true, false)) > only(end(false, false, true)));
        let none = EndTraits::default();
        assert!(of_stream(true, none, none).interpreted > only(end(true, true, true)));
    }
}
