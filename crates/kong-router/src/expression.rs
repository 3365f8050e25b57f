//! Expressions of Kong's router as a tree: fields, tests and values, each with its type.
//!
//! A tree cannot be ill-formed: a field has tests of its own kind only, a pattern compiles, a name of a header
//! is one that the language has. [`print`] turns a tree into text, and nothing else in the house writes
//! expressions. Values go in as they are, whatever they hold; escaping is the printer's business alone.

mod field;
mod print;
#[cfg(test)]
mod properties;

use std::net::IpAddr;

use regex::Regex;

pub use field::{AddressField, HeaderName, NumberField, QueryName, TextField, Unnameable};
pub use print::Style;

/// What a request has to be like.
#[derive(Clone, Debug, PartialEq)]
pub enum Expression {
    /// All of these hold.
    All(Operands),
    /// At least one of these holds.
    Any(Operands),
    /// This does not hold.
    Not(Box<Self>),
    /// A field passes a test.
    Test(Predicate),
}

/// One expression or more.
#[derive(Clone, Debug, PartialEq)]
pub struct Operands(Vec<Expression>);

impl Operands {
    /// The expressions, in the order in which they are printed.
    pub fn iter(&self) -> std::slice::Iter<'_, Expression> {
        self.0.iter()
    }
}

impl<'a> IntoIterator for &'a Operands {
    type Item = &'a Expression;
    type IntoIter = std::slice::Iter<'a, Expression>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl Expression {
    /// All of these; nothing if there is none, for the language has no word for what always holds.
    pub fn all(operands: impl IntoIterator<Item = Self>) -> Option<Self> {
        let operands: Vec<Self> = operands.into_iter().collect();
        (!operands.is_empty()).then_some(Self::All(Operands(operands)))
    }

    /// One of these; nothing if there is none, for the language has no word for what never holds.
    pub fn any(operands: impl IntoIterator<Item = Self>) -> Option<Self> {
        let operands: Vec<Self> = operands.into_iter().collect();
        (!operands.is_empty()).then_some(Self::Any(Operands(operands)))
    }

    /// The opposite.
    #[must_use]
    pub fn negated(self) -> Self {
        Self::Not(Box::new(self))
    }

    /// A test of a text.
    pub fn text(subject: impl Into<Text>, test: TextTest) -> Self {
        Self::Test(Predicate::Text(subject.into(), test))
    }

    /// A test of a number.
    pub fn number(field: NumberField, test: NumberTest, value: u32) -> Self {
        Self::Test(Predicate::Number(field, test, value))
    }

    /// A test of an address.
    pub fn address(field: AddressField, test: AddressTest) -> Self {
        Self::Test(Predicate::Address(field, test))
    }
}

/// A field with a test that it has to pass.
#[derive(Clone, Debug, PartialEq)]
pub enum Predicate {
    /// Of a text.
    Text(Text, TextTest),
    /// Of a number.
    Number(NumberField, NumberTest, u32),
    /// Of an address.
    Address(AddressField, AddressTest),
}

/// A text to test, and how it is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// The field.
    pub field: TextField,
    /// Whether it is turned into lower case first.
    pub lower: bool,
    /// Whether one of several values is enough; otherwise all must pass.
    pub any: bool,
}

impl From<TextField> for Text {
    fn from(field: TextField) -> Self {
        Self {
            field,
            lower: false,
            any: false,
        }
    }
}

impl Text {
    /// The same in lower case.
    #[must_use]
    pub fn in_lower_case(mut self) -> Self {
        self.lower = true;
        self
    }

    /// The same, where one of several values is enough.
    #[must_use]
    pub fn any_value(mut self) -> Self {
        self.any = true;
        self
    }
}

/// A test of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TextTest {
    /// It is this.
    Equals(String),
    /// It is not this.
    Differs(String),
    /// It begins with this.
    StartsWith(String),
    /// It ends with this.
    EndsWith(String),
    /// It has this somewhere.
    Contains(String),
    /// It has something that this describes.
    Matches(Pattern),
}

/// A test of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NumberTest {
    /// It is the value.
    Equals,
    /// It is another one.
    Differs,
    /// It is more.
    Above,
    /// It is the value or more.
    AtLeast,
    /// It is less.
    Below,
    /// It is the value or less.
    AtMost,
}

/// A test of an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddressTest {
    /// It is this.
    Equals(IpAddr),
    /// It is not this.
    Differs(IpAddr),
    /// It is in this network.
    Within(Network),
    /// It is not in this network.
    Outside(Network),
}

/// A regular expression that Kong can compile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern(String);

/// A text that is no regular expression.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{pattern}\" is no regular expression of Kong's router: {reason}")]
pub struct BadPattern {
    /// The text.
    pub pattern: String,
    /// What is wrong with it.
    pub reason: String,
}

impl Pattern {
    /// Takes a text if it compiles.
    pub fn new(pattern: impl Into<String>) -> Result<Self, BadPattern> {
        let pattern = pattern.into();
        match Regex::new(&pattern) {
            Ok(_) => Ok(Self(pattern)),
            Err(error) => Err(BadPattern {
                pattern,
                reason: error.to_string(),
            }),
        }
    }

    /// The pattern that describes this text and no other, from its first to its last character.
    pub fn exactly(text: &str) -> Self {
        Self(format!("^{}$", regex::escape(text)))
    }

    /// The pattern as it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A network: an address whose last bits count for nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    prefix: u8,
}

impl Network {
    /// The network of an address; nothing if the prefix is longer than the address.
    pub fn of(address: IpAddr, prefix: u8) -> Option<Self> {
        let address = match address {
            IpAddr::V4(four) if prefix <= 32 => {
                let mask = u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0);
                IpAddr::V4((u32::from(four) & mask).into())
            }
            IpAddr::V6(six) if prefix <= 128 => {
                let mask = u128::MAX.checked_shl(128 - u32::from(prefix)).unwrap_or(0);
                IpAddr::V6((u128::from(six) & mask).into())
            }
            IpAddr::V4(_) | IpAddr::V6(_) => return None,
        };
        Some(Self { address, prefix })
    }

    /// Whether a text names the network by its first address; networks of version 4 may be named by any.
    pub(crate) fn begins_as(&self, text: &str) -> bool {
        let address = text
            .split('/')
            .next()
            .and_then(|address| address.parse().ok());
        self.address.is_ipv4() || address == Some(self.address)
    }

    /// Reads `10.0.0.0/8`.
    pub fn read(text: &str) -> Option<Self> {
        let (address, prefix) = text.split_once('/')?;
        Self::of(address.parse().ok()?, prefix.parse().ok()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bits_of_a_network_behind_its_prefix_are_dropped() {
        let network = Network::read("10.1.2.3/8").unwrap();
        assert_eq!(network, Network::read("10.0.0.0/8").unwrap());
        assert_eq!(Network::read("10.0.0.0/33"), None);
        assert_eq!(
            Network::read("1.2.3.4/0"),
            Network::of("0.0.0.0".parse().unwrap(), 0)
        );
    }

    #[test]
    fn nothing_is_said_by_no_operands() {
        assert_eq!(Expression::all([]), None);
        assert_eq!(Expression::any([]), None);
    }

    #[test]
    fn a_pattern_that_kong_cannot_compile_is_refused() {
        let error = Pattern::new("^/a(?=b)").unwrap_err();
        assert_eq!(error.pattern, "^/a(?=b)");
    }
}
