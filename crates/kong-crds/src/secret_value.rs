//! A JSON value that does not show itself, for fields whose members nobody knows beforehand: one of them may be a
//! password. What holds for a [`SecretString`](crate::SecretString) holds here.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A value whose `Debug` is `[redacted]`.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SecretValue(Value);

impl SecretValue {
    /// The secret itself. Whatever is done with it must not end in a log or a message.
    pub fn expose(&self) -> &Value {
        &self.0
    }
}

impl From<Value> for SecretValue {
    fn from(value: Value) -> Self {
        Self(value)
    }
}

impl fmt::Debug for SecretValue {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("[redacted]")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn debug_hides_the_value_and_its_members() {
        let value = SecretValue::from(json!({"token": "hvs.abc"}));
        assert_eq!(format!("{value:?}"), "[redacted]");
        assert_eq!(json!(value), json!({"token": "hvs.abc"}));
    }
}
