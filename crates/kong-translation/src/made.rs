//! Objects that Kong's operator made from others, found on take-over.
//!
//! Here what they stand for is a part of the object that they were made for. So the entity of such an object
//! becomes that part, under the id that it has, and the object has nothing left to do.

use kong_resolve::{Condition, Verdict};
use uuid::Uuid;

/// What an object is that Kong's operator made.
pub(crate) enum Made {
    /// The object that it was made for has what it stands for, as its own part.
    Needless(Box<Verdict>),
    /// That object wants it no more, or is gone: so says the condition.
    Unwanted(Condition),
}

impl Made {
    /// Not needed, since `heir` is what it stands for.
    pub(crate) fn needless(said: Condition, heir: Uuid) -> Self {
        Self::Needless(Box::new(Verdict {
            conditions: [said].into(),
            heir: Some(heir),
            ..Verdict::default()
        }))
    }
}
