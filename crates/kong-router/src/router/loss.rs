//! Why one of two routes that both hold goes before the other.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::derive::{Origin, Part};

/// Why a route lost, in terms of what the winner has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// It is from attributes, and the winner has an expression of its own.
    Derived,
    /// Its `priority` is lower.
    Priority,
    /// One of the two has a priority that overflows.
    Overflow,
    /// The hosts of the winner have no wildcards.
    PlainHosts,
    /// The path of the winner is a pattern.
    Pattern,
    /// The winner asks for more attributes.
    Attributes,
    /// The `regex_priority` of the winner is higher.
    PatternPriority,
    /// The winner asks for more headers.
    Headers,
    /// The path of the winner is longer.
    Length,
    /// The winner, a stream route, asks for more: SNIs, addresses or ports.
    Stream,
    /// All is the same, and the id of the winner is greater.
    Id,
}

/// Where the number of attributes begins.
const ATTRIBUTES: u32 = 29;
/// Where `regex_priority` begins, and one above it the number of headers.
const PATTERN_PRIORITY: u32 = 19;

impl Loss {
    /// Why the first goes before the second.
    pub(super) fn between(winner: &Part, loser: &Part) -> Self {
        if winner.origin != loser.origin {
            return Self::Derived;
        }
        if winner.priority == loser.priority {
            return Self::Id;
        }
        if winner.origin == Origin::Configured {
            return Self::Priority;
        }
        let (Some(more), Some(less)) = (winner.traits, loser.traits) else {
            return Self::Stream;
        };
        if winner.priority.is_unstable() || loser.priority.is_unstable() {
            return Self::Overflow;
        }
        if more.plain_hosts != less.plain_hosts {
            return Self::PlainHosts;
        }
        if more.pattern.is_some() != less.pattern.is_some() {
            return Self::Pattern;
        }
        let differing = winner.priority.interpreted ^ loser.priority.interpreted;
        let highest = differing.ilog2();
        let higher_pattern = more.pattern > less.pattern;
        if highest >= ATTRIBUTES && more.attributes != less.attributes {
            Self::Attributes
        } else if highest >= PATTERN_PRIORITY && higher_pattern {
            Self::PatternPriority
        } else if highest > PATTERN_PRIORITY {
            Self::Headers
        } else {
            Self::Length
        }
    }
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Derived => "the winner has an expression of its own",
            Self::Priority => "its priority is lower",
            Self::Overflow => "a priority overflows, so either of the two can win",
            Self::PlainHosts => "the hosts of the winner have no wildcards",
            Self::Pattern => "the path of the winner is a pattern",
            Self::Attributes => "the winner asks for more attributes",
            Self::PatternPriority => "the regex_priority of the winner is higher",
            Self::Headers => "the winner asks for more headers",
            Self::Length => "the path of the winner is longer",
            Self::Stream => "the winner asks for more of the connection",
            Self::Id => "all is the same, and the id of the winner is greater",
        })
    }
}

impl Serialize for Loss {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
