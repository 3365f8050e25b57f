//! What happens in a row, as data.

use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// One thing that somebody does.
#[derive(Clone, Debug)]
pub enum Deed {
    /// Somebody applies this: what is there is changed, what is not is created.
    Apply(Value),
    /// Anything else.
    Other(Other),
}

/// What is no manifest.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum Other {
    /// Somebody deletes an object: its kind, and what its name is if it is none that is usual.
    Delete(Value),
    /// An object that the API server would not take today is there from earlier.
    Plant(Value),
    /// Konnect no longer accepts a token.
    Revoke(String),
    /// Konnect accepts a token again.
    Accept(String),
    /// A token may not do anything at these paths of Konnect.
    Forbid(String, String),
    /// A token may do everything.
    Permit(String),
    /// Somebody else creates an entity in Konnect: in the control plane `cp`, unless the collection is in none.
    Konnect(Entity),
    /// Time passes: milliseconds.
    Wait(u64),
}

/// An entity that somebody else made.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entity {
    /// The collection, by the end of its path.
    pub at: String,
    /// Its id.
    pub id: String,
    /// Its members.
    pub body: Value,
}

impl<'de> Deserialize<'de> for Deed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        if value.get("kind").is_some() {
            return Ok(Self::Apply(value));
        }
        let other = serde_json::from_value(value).map_err(serde::de::Error::custom)?;
        Ok(Self::Other(other))
    }
}
