//! A string that does not show itself.
//!
//! Wire types hold tokens and private keys in it, so that a `{:?}` of a whole object, in a log or a
//! failed assertion, gives nothing away. It serialises as it is: it is a guard against accidents,
//! not a vault.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, de::Error as _};

/// A string whose `Debug` is `[redacted]`.
#[derive(Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SecretString(String);

impl SecretString {
    /// The secret itself. Whatever is done with it must not end in a log or a message.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether there is nothing to hide.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<String> for SecretString {
    fn from(value: String) -> Self {
        Self(value)
    }
}

impl From<&str> for SecretString {
    fn from(value: &str) -> Self {
        Self(value.to_owned())
    }
}

impl fmt::Debug for SecretString {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("[redacted]")
    }
}

impl<'de> Deserialize<'de> for SecretString {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // The ready-made error quotes the value that it did not expect.
        String::deserialize(deserializer)
            .map(Self)
            .map_err(|_| D::Error::custom("expected a string"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_hides_the_value() {
        assert_eq!(
            format!("{:?}", SecretString::from("spat_abc")),
            "[redacted]"
        );
    }

    #[test]
    fn a_value_of_another_type_is_refused_without_quoting_it() {
        let error = serde_json::from_str::<SecretString>("4711").unwrap_err();
        assert!(error.to_string().starts_with("expected a string"));
        assert!(!error.to_string().contains("4711"));
    }

    #[test]
    fn it_is_a_plain_string_on_the_wire() {
        let secret: SecretString = serde_json::from_str("\"kpat_1\"").unwrap();
        assert_eq!(secret.expose(), "kpat_1");
        assert_eq!(serde_json::to_string(&secret).unwrap(), "\"kpat_1\"");
    }
}
