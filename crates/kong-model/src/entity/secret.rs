//! How secrets look when an entity is written down: not at all. They are read as they come.

use serde::{Deserialize, Deserializer, Serializer};

use crate::sealed::{REDACTED, Sealed};

/// For a secret that has to be there.
pub(super) mod required {
    use super::{Deserialize, Deserializer, REDACTED, Sealed, Serializer};

    pub(crate) fn serialize<S: Serializer>(_: &Sealed, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(REDACTED)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Sealed, D::Error> {
        String::deserialize(deserializer).map(Sealed::new)
    }
}

/// For a secret that may be there.
pub(super) mod optional {
    use super::{Deserialize, Deserializer, REDACTED, Sealed, Serializer};

    #[expect(clippy::ref_option, reason = "serde hands the field over as it is")]
    pub(crate) fn serialize<S: Serializer>(
        secret: &Option<Sealed>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match secret {
            Some(_) => serializer.serialize_str(REDACTED),
            None => serializer.serialize_none(),
        }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Sealed>, D::Error> {
        Ok(Option::<String>::deserialize(deserializer)?.map(Sealed::new))
    }
}
