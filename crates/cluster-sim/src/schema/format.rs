//! Formats: constraints on a value that the schema only names.
//!
//! Those of the API server that can occur in a CRD of ours or may soon; a format unknown here is not
//! checked, as the server does not check formats unknown to it. May depend on nothing of the crate.
//! Start reading at [`Format`].

use std::net::{Ipv4Addr, Ipv6Addr};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use chrono::{DateTime, NaiveDate, TimeDelta};

/// A format that is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Int32,
    Int64,
    DateTime,
    Date,
    Duration,
    Byte,
    Uuid,
    Ipv4,
    Ipv6,
    Cidr,
}

/// The schema's spelling of each format.
const FORMATS: [(&str, Format); 10] = [
    ("int32", Format::Int32),
    ("int64", Format::Int64),
    ("date-time", Format::DateTime),
    ("date", Format::Date),
    ("duration", Format::Duration),
    ("byte", Format::Byte),
    ("uuid", Format::Uuid),
    ("ipv4", Format::Ipv4),
    ("ipv6", Format::Ipv6),
    ("cidr", Format::Cidr),
];

impl Format {
    pub(super) fn known(word: &str) -> Option<Self> {
        FORMATS
            .iter()
            .find(|(known, _)| *known == word)
            .map(|(_, format)| *format)
    }

    pub(super) fn word(self) -> &'static str {
        FORMATS
            .iter()
            .find(|(_, known)| *known == self)
            .map_or("", |(word, _)| word)
    }

    /// Whether it says something about strings, as opposed to numbers.
    pub(super) const fn is_textual(self) -> bool {
        !matches!(self, Self::Int32 | Self::Int64)
    }

    pub(super) fn admits(self, text: &str) -> bool {
        match self {
            Self::Int32 | Self::Int64 => true,
            Self::DateTime => DateTime::parse_from_rfc3339(text).is_ok(),
            Self::Date => NaiveDate::parse_from_str(text, "%Y-%m-%d").is_ok(),
            Self::Duration => duration(text).is_some(),
            Self::Byte => STANDARD.decode(text).is_ok(),
            Self::Uuid => uuid::Uuid::try_parse(text).is_ok(),
            Self::Ipv4 => text.parse::<Ipv4Addr>().is_ok(),
            Self::Ipv6 => text.parse::<Ipv6Addr>().is_ok(),
            Self::Cidr => is_cidr(text),
        }
    }
}

fn is_cidr(text: &str) -> bool {
    let Some((address, bits)) = text.split_once('/') else {
        return false;
    };
    let Ok(bits) = bits.parse::<u8>() else {
        return false;
    };
    (address.parse::<Ipv4Addr>().is_ok() && bits <= 32)
        || (address.parse::<Ipv6Addr>().is_ok() && bits <= 128)
}

/// Nanoseconds in each unit of a Go duration; longer names first where one begins with another.
const UNITS: [(&str, f64); 7] = [
    ("ms", 1e6),
    ("us", 1e3),
    ("µs", 1e3),
    ("ns", 1.0),
    ("h", 3.6e12),
    ("m", 6e10),
    ("s", 1e9),
];

/// Reads a duration as Go writes them: `1h30m`, `-1.5s`, `0`.
pub(super) fn duration(text: &str) -> Option<TimeDelta> {
    let (sign, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (-1.0, rest),
        None => (1.0, text),
    };
    if rest == "0" {
        return Some(TimeDelta::zero());
    }
    if rest.is_empty() {
        return None;
    }
    let mut nanoseconds = 0.0;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let amount: f64 = rest[..end].parse().ok()?;
        rest = &rest[end..];
        let (unit, size) = UNITS.iter().find(|(unit, _)| rest.starts_with(unit))?;
        rest = &rest[unit.len()..];
        nanoseconds += amount * size;
    }
    // Beyond the range of an i64 the server refuses; within it the cast only drops a fraction.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "checked against the range just before"
    )]
    (nanoseconds < 9.2e18).then(|| TimeDelta::nanoseconds((sign * nanoseconds) as i64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_admits_what_it_describes_and_nothing_else() {
        let table = [
            (Format::DateTime, "2026-01-02T03:04:05Z", "yesterday"),
            (Format::Date, "2026-01-02", "2026-13-02"),
            (Format::Duration, "1h30m", "5 minutes"),
            (Format::Byte, "aGk=", "a"),
            (Format::Uuid, "0b1b0be4-4d41-4d3c-9a45-6e6b0f3c1111", "0b1b"),
            (Format::Ipv4, "10.0.0.1", "10.0.0.256"),
            (Format::Ipv6, "::1", "10.0.0.1"),
            (Format::Cidr, "10.0.0.0/8", "10.0.0.0/33"),
        ];
        for (format, good, bad) in table {
            assert!(format.admits(good), "{format:?} refuses {good}");
            assert!(!format.admits(bad), "{format:?} admits {bad}");
        }
    }

    #[test]
    fn a_duration_adds_up_its_parts() {
        assert_eq!(duration("1h0.5s"), Some(TimeDelta::milliseconds(3_600_500)));
        assert_eq!(duration("-2ms"), Some(TimeDelta::milliseconds(-2)));
        assert_eq!(duration("1"), None);
        assert_eq!(duration(""), None);
    }
}
