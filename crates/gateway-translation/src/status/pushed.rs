//! What a gateway said of the configuration, put into the statuses that wait for it.

use kong_resolve::Key;
use serde_json::Value;

use super::conditions::{self, Condition, PROGRAMMED};
use crate::Translation;

/// A condition `Programmed` that is up to a gateway.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Awaiting {
    /// The object.
    pub object: Key,
    /// Where in its status the conditions are, as a JSON pointer: `/parents/0/conditions`.
    pub conditions: String,
    /// The generation that was translated.
    pub generation: i64,
    words: Words,
}

/// In which words it is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Words {
    /// Those of routes.
    Route,
    /// Those of Gateways and listeners.
    Gateway,
    /// Those of policies.
    Policy,
    /// Those of Kong's own kinds.
    Kong,
}

/// What a gateway said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Push<'p> {
    /// It has taken the configuration.
    Taken,
    /// It has not, and why.
    Refused(&'p str),
}

impl Awaiting {
    pub(super) fn new(
        object: &Key,
        conditions: impl Into<String>,
        generation: i64,
        words: Words,
    ) -> Self {
        Self {
            object: object.clone(),
            conditions: conditions.into(),
            generation,
            words,
        }
    }

    fn condition(&self, push: Push<'_>) -> Condition {
        let (taken, refused) = match self.words {
            Words::Route => ("ConfiguredInGateway", "TranslationError"),
            Words::Gateway | Words::Policy => (PROGRAMMED, "Pending"),
            Words::Kong => (PROGRAMMED, "Invalid"),
        };
        match push {
            Push::Taken if self.words == Words::Kong => Condition::holds(
                PROGRAMMED,
                taken,
                "Object was successfully configured in Kong.",
            ),
            Push::Taken => Condition::holds(PROGRAMMED, taken, ""),
            Push::Refused(why) if self.words == Words::Kong => Condition::fails(
                PROGRAMMED,
                refused,
                format!(
                    "Object failed to be configured in Kong - see its attached Events for more information. {why}"
                ),
            ),
            Push::Refused(why) => Condition::fails(PROGRAMMED, refused, why),
        }
    }
}

impl Translation {
    /// Tells all statuses that wait for it what a gateway said of the configuration. What is not in the configuration
    /// does not wait.
    pub fn record(&mut self, push: Push<'_>) {
        for awaiting in &self.awaiting {
            let Some(status) = self.statuses.get_mut(&awaiting.object) else {
                continue;
            };
            let Some(place) = status.pointer_mut(&awaiting.conditions) else {
                continue;
            };
            let said = [awaiting.condition(push)];
            let merged = conditions::merged(Some(place), &said, &[PROGRAMMED], awaiting.generation);
            *place = Value::Array(merged);
        }
    }
}
